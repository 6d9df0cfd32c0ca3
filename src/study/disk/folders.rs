//! The folders of a study and of its runs, made before a run begins, so that whoever looks on sees the whole
//! plan, and moved aside when a run starts over.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files::replace;
use super::record::{RecordError, settings_text, trouble};
use crate::model;
use crate::study::layout::{CHECKPOINT, LOG, PLAN, RESUME, SETTINGS, aside, folder_name, run_folder};
use crate::study::plan::Run;

/// An experiment as the plan in a study's folder names it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
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
/// study's folder sees all of the plan and not only what has begun, tells those that have one which test sets
/// and figures they have now, and writes the plan down. The study's lock is held; a worker that takes a run up
/// at the same time puts its own files in the place of these.
pub fn announce(study_folder: &Path, runs: &[Run]) {
    let kernel = model::Kernels::fastest().name();
    // First, so that a plan made while this one is announced is not overwritten by it.
    let _ = write_plan(study_folder, runs);
    for run in runs {
        let folder = run_folder(study_folder, run);
        let settings = settings_text(run, kernel);
        let make = |file| OpenOptions::new().write(true).create_new(true).open(folder.join(file));
        // Only for those who look on: what cannot be written here is told by the run itself.
        let made = fs::create_dir_all(&folder)
            .and_then(|()| make(LOG))
            .and_then(|_| make(SETTINGS)?.write_all(settings.as_bytes()));
        if made.is_err() {
            let _ = renew_settings(&folder.join(SETTINGS), &settings);
        }
    }
}

/// Brings the settings of a run that was there before up to date. Their first line says what the run was
/// begun with, and stays.
fn renew_settings(path: &Path, settings: &str) -> std::io::Result<()> {
    let found = fs::read_to_string(path)?;
    match (found.split_once('\n'), settings.split_once('\n')) {
        (Some((begun, old)), Some((_, new))) if old != new => {
            replace(path, format!("{begun}\n{new}").as_bytes())
        }
        _ => Ok(()),
    }
}

/// Moves a run's folder out of the way, keeping it under another name, if it holds anything to keep.
pub fn set_aside(study_folder: &Path, run: &Run) -> Result<(), RecordError> {
    let folder = run_folder(study_folder, run);
    let is_begun = |file| fs::metadata(folder.join(file)).is_ok_and(|file| file.len() > 0);
    if ![LOG, RESUME, CHECKPOINT].into_iter().any(is_begun) {
        return Ok(());
    }
    put_aside(&folder, run.seed)
}

/// Moves a folder to the first name that is free for what is put aside.
fn put_aside(folder: &Path, seed: u64) -> Result<(), RecordError> {
    let mut nth = 1;
    loop {
        let to = aside(folder, seed, nth);
        if !to.exists() {
            return fs::rename(folder, &to).map_err(|error| trouble(&to, &error));
        }
        nth += 1;
    }
}

/// Gives a run back what was put aside last; what it has now is put aside in its stead. Nothing changes where
/// nothing was.
pub fn bring_back(study_folder: &Path, run: &Run) -> Result<(), RecordError> {
    let folder = run_folder(study_folder, run);
    let newest = (1..).take_while(|nth| aside(&folder, run.seed, *nth).exists()).last();
    let Some(from) = newest.map(|nth| aside(&folder, run.seed, nth)) else { return Ok(()) };
    if folder.exists() {
        put_aside(&folder, run.seed)?;
    }
    fs::rename(&from, &folder).map_err(|error| trouble(&from, &error))
}
