//! How everything that is kept is named: the folder of a study, in it one for each run, named after what
//! the run was made with so that other settings never meet, and the files in them. Names only; nothing
//! here looks at a disk.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::plan::Run;
use crate::experiments::{Experiment, resolved_toml};

/// The plan's name in a study's folder.
pub(super) const PLAN: &str = "plan.json";
/// The lock's name in a study's folder.
pub(super) const LOCK: &str = "lock.json";
/// The name of a request to let go of a study, in the study's folder.
pub(super) const REQUEST: &str = "take-over.json";
/// The settings' name in a run's folder.
pub(super) const SETTINGS: &str = "settings.toml";
/// The log's name in a run's folder.
pub(super) const LOG: &str = "metrics.jsonl";
/// The checkpoint's name in a run's folder.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";
/// The name of the file a run goes on from.
pub(super) const RESUME: &str = "resume.bin";
/// The name of the past in a run's folder.
pub(super) const SNAPSHOTS: &str = "snapshots.bin";
/// What the name of a run's folder goes on with after the run was moved out of the way.
const ASIDE: &str = ".before-";

/// Where a study's runs live.
pub fn study_folder(out: &Path, study: &str) -> PathBuf {
    out.join(tame(study))
}

/// The folder of an experiment's runs: its name and what it was made with.
pub(super) fn folder_name(settings: &Experiment) -> String {
    format!("{}-{}", tame(&settings.name), settings_hash(settings))
}

/// Where a run lives. Other settings under the same name have another hash, so they never meet.
pub(super) fn run_folder(study_folder: &Path, run: &Run) -> PathBuf {
    study_folder.join(folder_name(&run.settings)).join(format!("seed-{}", run.seed))
}

/// Where a run's folder goes when the run starts over for the `nth` time.
pub(super) fn aside(run_folder: &Path, seed: u64, nth: u32) -> PathBuf {
    run_folder.with_file_name(format!("seed-{seed}{ASIDE}{nth}"))
}

/// Whether a folder of this name holds what was moved out of the way.
pub(super) fn is_aside(name: &str) -> bool {
    name.contains(ASIDE)
}

/// Twelve hexadecimal digits that change with any setting but the seeds.
fn settings_hash(settings: &Experiment) -> String {
    hex(&Sha256::digest(resolved_toml(settings, 0).as_bytes())[..6])
}

/// Bytes as lowercase hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A name as a folder that cannot be a path, hidden, or anything a shell minds.
fn tame(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let tamed: String = name.chars().take(40).map(keep).collect();
    let tamed = tamed.trim_start_matches(['.', '-']).trim_end_matches(['.', '-']);
    if tamed.is_empty() { "unnamed".to_owned() } else { tamed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_escape() {
        for (name, folder) in [
            ("First-order MAML", "First-order-MAML"),
            ("../../etc/passwd", "etc-passwd"),
            ("..", "unnamed"),
            ("/", "unnamed"),
            (".hidden", "hidden"),
            ("k=3, a\u{2603}b", "k-3--a-b"),
        ] {
            assert_eq!(tame(name), folder);
        }
    }
}
