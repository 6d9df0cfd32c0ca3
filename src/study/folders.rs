//! Where runs live: a folder for each in its study's, named after what it was made with, so that other
//! settings never meet; made before a run begins, and moved aside when it starts over.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::record::{CHECKPOINT, LOG, RESUME, RecordError, SETTINGS, settings_text, trouble};
use super::{Run, replace};
use crate::experiments::{Experiment, resolved_toml};
use crate::model;

/// Where a run lives. Other settings under the same name have another hash, so they never meet.
pub fn run_folder(study_folder: &Path, run: &Run) -> PathBuf {
    study_folder.join(folder_name(&run.settings)).join(format!("seed-{}", run.seed))
}

/// The folder of an experiment's runs: its name and what it was made with.
pub(super) fn folder_name(settings: &Experiment) -> String {
    format!("{}-{}", tame(&settings.name), settings_hash(settings))
}

/// Where a study's runs live.
pub fn study_folder(out: &Path, study: &str) -> PathBuf {
    out.join(tame(study))
}

/// The plan's name in a study's folder.
pub(super) const PLAN: &str = "plan.json";

/// An experiment as the plan in a study's folder names it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Planned {
    /// Its folder's name.
    pub folder: String,
    /// The seeds of its runs.
    pub seeds: Vec<u64>,
}

/// Writes down which runs are the study now, in its order, for whoever watches the folder.
fn write_plan(study_folder: &Path, runs: &[Run]) -> std::io::Result<()> {
    let mut plan: Vec<Planned> = Vec::new();
    let mut last = None;
    for run in runs {
        match plan.last_mut() {
            Some(planned) if last == Some(run.experiment) => planned.seeds.push(run.seed),
            _ => plan.push(Planned { folder: folder_name(&run.settings), seeds: vec![run.seed] }),
        }
        last = Some(run.experiment);
    }
    replace(&study_folder.join(PLAN), serde_json::to_string(&plan)?.as_bytes())
}

/// Gives every run that has none a folder with its settings and an empty log, so that whoever watches the
/// study's folder sees all of the plan and not only what has begun, and writes the plan down. The study's
/// lock is held; a worker that takes a run up at the same time puts its own files in the place of these.
pub(super) fn announce(study_folder: &Path, runs: &[Run]) {
    let kernel = model::Kernels::fastest().name();
    // First, so that a plan made while this one is announced is not overwritten by it.
    let _ = write_plan(study_folder, runs);
    for run in runs {
        let folder = run_folder(study_folder, run);
        let make = |file| OpenOptions::new().write(true).create_new(true).open(folder.join(file));
        // Only for those who look on: what cannot be written here is told by the run itself.
        let _ = fs::create_dir_all(&folder)
            .and_then(|()| make(LOG))
            .and_then(|_| make(SETTINGS)?.write_all(settings_text(run, kernel).as_bytes()));
    }
}

/// Moves a run's folder out of the way, keeping it under another name, if it holds anything to keep.
pub(super) fn set_aside(study_folder: &Path, run: &Run) -> Result<(), RecordError> {
    let folder = run_folder(study_folder, run);
    let is_begun = |file| fs::metadata(folder.join(file)).is_ok_and(|file| file.len() > 0);
    if ![LOG, RESUME, CHECKPOINT].into_iter().any(is_begun) {
        return Ok(());
    }
    let mut aside = 1;
    loop {
        let to = folder.with_file_name(format!("seed-{}.before-{aside}", run.seed));
        if !to.exists() {
            return fs::rename(&folder, &to).map_err(|error| trouble(&to, &error));
        }
        aside += 1;
    }
}

/// Twelve hexadecimal digits that change with any setting but the seeds.
fn settings_hash(settings: &Experiment) -> String {
    hex(&Sha256::digest(resolved_toml(settings, 0).as_bytes())[..6])
}

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
