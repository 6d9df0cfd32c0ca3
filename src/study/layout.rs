//! How everything that is kept is named: the folder of a study, in it one for each run, named after what
//! the run was made with so that other settings never meet, and the files in them. Names only; nothing
//! here looks at a disk, but for folders that earlier versions gave another name.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use unicode_normalization::char::is_combining_mark;

use super::plan::{Partition, Run};
use crate::config::as_seen;
use crate::experiments::{Experiment, resolved_toml};

/// The plan's name in a study's folder.
pub(super) const PLAN: &str = "plan.json";
/// The lock's name in a study's folder.
pub(super) const LOCK: &str = "lock.json";
/// How the name of the file begins that says which runs a person has made wait.
const STEERED: &str = "paused-";
/// How the name of the file begins that says who holds a study where nothing can be locked.
const HELD: &str = "held";
/// The name of a request to let go of a study, in the study's folder.
pub(super) const REQUEST: &str = "take-over.json";
/// Random characters in the name of a file that is being written.
pub(super) const RANDOM: usize = 12;
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
/// The name of what says where and when a run was made.
pub(super) const PROVENANCE: &str = "provenance.json";
/// How the name of a file ends that is being written, after a dot and what nobody can have foreseen.
pub(super) const TEMPORARY: &str = ".tmp";
/// How the name of a file begins that is being written for a person, before what nobody can have foreseen.
pub(super) const DRAFT: &str = ".metascope-";
/// How the name of a run's folder begins.
const SEED: &str = "seed-";
/// What the name of a run's folder goes on with after the run was moved out of the way.
const ASIDE: &str = ".before-";

/// Where a study's runs live.
pub fn study_folder(out: &Path, study: &str) -> PathBuf {
    placed(out, study, "")
}

/// The folder of an experiment's runs: its name and what it was made with.
pub(super) fn folder_name(settings: &Experiment) -> String {
    tame(&settings.name) + &ending(settings)
}

/// Where it is in a study's folder.
pub(super) fn experiment_folder(study_folder: &Path, settings: &Experiment) -> PathBuf {
    placed(study_folder, &settings.name, &ending(settings))
}

fn ending(settings: &Experiment) -> String {
    format!("-{}", settings_hash(settings))
}

/// The folder of a name, with this ending: the one that earlier versions called otherwise, where it is there.
fn placed(parent: &Path, name: &str, ending: &str) -> PathBuf {
    let now = parent.join(tame(name) + ending);
    let before = parent.join(tame_as_before(name) + ending);
    if before != now && before.is_dir() && !now.is_dir() { before } else { now }
}

/// Where a run lives. Other settings under the same name have another hash, so they never meet.
pub fn run_folder(study_folder: &Path, run: &Run) -> PathBuf {
    seed_folder(&experiment_folder(study_folder, &run.settings), run.seed)
}

/// Where runs live, one after another. What an experiment's folder is called takes a hash of its settings, and those that
/// share them are asked about together: the plan has ten thousand runs.
pub(super) fn run_folders<'a>(study_folder: &'a Path, runs: &'a [Run]) -> impl Iterator<Item = PathBuf> + 'a {
    let of_same_settings = runs.chunk_by(|one, next| Arc::ptr_eq(&one.settings, &next.settings));
    of_same_settings.flat_map(move |runs| {
        let folder = experiment_folder(study_folder, &runs[0].settings);
        runs.iter().map(move |run| seed_folder(&folder, run.seed))
    })
}

/// Where the run of a seed lives in its experiment's folder.
pub(super) fn seed_folder(experiment_folder: &Path, seed: u64) -> PathBuf {
    experiment_folder.join(format!("{SEED}{seed}"))
}

/// The file that says who has claimed a run of a study that several processes share. It lies beside the run's
/// folder, which may be moved out of the way.
pub(super) fn claim_of(run_folder: &Path) -> PathBuf {
    let mut name = run_folder.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(LOCK);
    run_folder.with_file_name(name)
}

/// The file that says who holds a study, or a part of it, where nothing can be locked.
pub(super) fn held_by(study_folder: &Path, part: Option<Partition>) -> PathBuf {
    study_folder.join(match part {
        None => format!("{HELD}.json"),
        Some(Partition { share, of }) => format!("{HELD}-{share}-of-{of}.json"),
    })
}

/// What a file of this name says who holds: a part of a study, or all of it; `None` if it says nothing of that.
pub(super) fn part_of_held(name: &str) -> Option<Option<Partition>> {
    let part = name.strip_prefix(HELD)?.strip_suffix(".json")?;
    if part.is_empty() {
        return Some(None);
    }
    let (share, of) = part.strip_prefix('-')?.split_once("-of-")?;
    format!("{share}/{of}").parse().ok().map(Some)
}

/// The file that says what a person has done with runs of a study, of the process of this word.
pub(super) fn steered_by(study_folder: &Path, word: &str) -> PathBuf {
    study_folder.join(format!("{STEERED}{word}.json"))
}

/// Whether a file of this name is one.
pub(super) fn is_steered(name: &str) -> bool {
    name.starts_with(STEERED) && name.ends_with(".json")
}

/// Whether a folder of this name is a run's.
pub(super) fn is_seed(name: &str) -> bool {
    name.strip_prefix(SEED).is_some_and(|seed| seed.parse::<u64>().is_ok())
}

/// Where a run's folder goes when the run starts over for the `nth` time.
pub(super) fn aside(run_folder: &Path, seed: u64, nth: u32) -> PathBuf {
    run_folder.with_file_name(format!("{SEED}{seed}{ASIDE}{nth}"))
}

/// Whether a folder of this name holds what was moved out of the way.
pub(super) fn is_aside(name: &str) -> bool {
    name.contains(ASIDE)
}

/// Whether a file of this name was being written by a process that did not come to its end, of this version
/// or an earlier one, which put its number there.
pub(super) fn is_leftover(name: &str) -> bool {
    let ours = [PLAN, LOCK, REQUEST, SETTINGS, LOG, CHECKPOINT, RESUME, SNAPSHOTS, PROVENANCE];
    let middle = |ours: &str| name.strip_prefix(ours)?.strip_prefix('.')?.strip_suffix(TEMPORARY);
    let mark = ours.into_iter().find_map(middle).unwrap_or_default();
    let is_random = mark.len() == RANDOM && mark.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_random || !mark.is_empty() && mark.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a file of this name is, or was, being written for a person.
pub(super) fn is_draft(name: &str) -> bool {
    let mark = name.strip_prefix(DRAFT).and_then(|rest| rest.strip_suffix(TEMPORARY)).unwrap_or_default();
    mark.len() == RANDOM && mark.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Why a folder of this path cannot hold this run, if its name says so. A folder that was given another kind of
/// name says nothing.
pub(super) fn misplaced(folder: &Path, settings: &Experiment, seed: u64) -> Option<String> {
    // A path such as `.` has its name in the working folder's.
    let folder = std::path::absolute(folder).ok()?;
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let named: Option<u64> =
        name(&folder).and_then(|name| name.strip_prefix(SEED).and_then(|seed| seed.parse().ok()));
    if let Some(named) = named.filter(|named| *named != seed) {
        return Some(format!("holds seed {seed}, in the place of seed {named}"));
    }
    let of_experiment = folder.parent().and_then(name)?;
    let hash = of_experiment.rsplit_once('-').map_or("", |(_, hash)| hash);
    let is_hash = hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = [folder_name(settings), tame_as_before(&settings.name) + &ending(settings)];
    let other = is_hash && !known.contains(&of_experiment);
    (named.is_some() && other).then(|| {
        let name = &settings.name;
        format!("holds {name:?} with other settings than its place is for")
    })
}

/// Hexadecimal digits of [`settings_digest`] that a folder's name has.
const HASH: usize = 12;

/// Changes with any setting but the seeds.
pub(super) fn settings_digest(settings: &Experiment) -> String {
    hex(&Sha256::digest(resolved_toml(settings, 0)))
}

/// The part of it that a folder's name has.
fn settings_hash(settings: &Experiment) -> String {
    settings_digest(settings)[..HASH].to_owned()
}

/// Bytes as lowercase hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A name as a folder that cannot be a path, hidden, or anything a shell minds; letters of any script are kept.
fn tame(name: &str) -> String {
    tamed(as_seen(name).chars(), |c| c.is_alphanumeric() || is_combining_mark(c))
}

/// The same as versions up to 0.1.0 had it, which knew the letters of English alone.
fn tame_as_before(name: &str) -> String {
    tamed(name.chars(), |c| c.is_ascii_alphanumeric())
}

fn tamed(name: impl Iterator<Item = char>, is_kept: fn(char) -> bool) -> String {
    let keep = |c: char| if is_kept(c) || "._-".contains(c) { c } else { '-' };
    let tamed: String = name.take(40).map(keep).collect();
    let tamed = tamed.trim_start_matches(['.', '-']).trim_end_matches(['.', '-']);
    if tamed.is_empty() { "unnamed".to_owned() } else { tamed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_many_runs_are_those_of_each() {
        let text = "[defaults]\nseeds = 3\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n\
            [[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\n";
        let mut runs =
            crate::study::plan::plan(&crate::experiments::parse("x", None, text).expect("a good file"));
        // Those of two experiments lie among each other, as in a part of a plan.
        runs.swap(1, 4);
        let (study, each) = (Path::new("runs/x"), |run: &Run| run_folder(Path::new("runs/x"), run));
        assert!(run_folders(study, &runs).eq(runs.iter().map(each)));
        assert_eq!(run_folders(study, &[]).count(), 0);
    }

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
            assert_eq!((tame(name), tame_as_before(name)), (folder.to_owned(), folder.to_owned()));
        }
        for (name, folder, before) in [
            ("学习", "学习", "unnamed"),
            ("Größe e\u{301}", "Größe-é", "Gr--e-e"),
            ("می\u{200c}خواهم", "میخواهم", "unnamed"),
            ("हिन्दी/..", "हिन्दी", "unnamed"),
            ("🔬", "unnamed", "unnamed"),
            ("\u{202e}abc", "abc", "abc"),
        ] {
            assert_eq!((tame(name), tame_as_before(name)), (folder.to_owned(), before.to_owned()));
        }
        // In bytes too it is no longer than a file system takes.
        assert!(tame(&"𠀀".repeat(60)).len() + 1 + HASH < 255);
    }

    #[test]
    fn who_holds_what_is_in_a_file_s_name() {
        let part = Partition { share: 3, of: 64 };
        for part in [None, Some(part)] {
            let path = held_by(Path::new("runs"), part);
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            assert_eq!(part_of_held(name), Some(part), "{name}");
        }
        for other in ["held-3-of-2.json", "held-0-of-2.json", "held.json.7.gone", "heldx.json", "lock.json"] {
            assert_eq!(part_of_held(other), None, "{other}");
        }
    }

    #[test]
    fn what_an_earlier_version_called_otherwise_is_found() {
        let out = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(study_folder(out.path(), "学习"), out.path().join("学习"));
        std::fs::create_dir(out.path().join("unnamed")).expect("made");
        assert_eq!(study_folder(out.path(), "学习"), out.path().join("unnamed"));
        // Where both are there, the new one is in use.
        std::fs::create_dir(out.path().join("学习")).expect("made");
        assert_eq!(study_folder(out.path(), "学习"), out.path().join("学习"));
    }
}
