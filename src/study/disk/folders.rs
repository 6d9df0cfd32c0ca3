//! The folders of a study and of its runs, made before a run begins, so that whoever looks on sees the whole
//! plan, opened, and moved aside when a run starts over.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::contents::settings_text;
use super::record::{Next, Opened, Record};
use super::resume::Identity;
use super::seal::LARGEST_SETTINGS;
use super::tables;
use super::trouble::{RecordError, Refusal, trouble};
use crate::experiments::resolved_toml;
use crate::model;
use crate::study::claim::lock::Refused;
use crate::study::claim::right::{Busy, Claim};
use crate::study::event::Kind;
use crate::study::files::{Unreadable, make_folder, move_folder, read_own, replace};
use crate::study::layout::{
    CHECKPOINT, LOG, PLAN, RESUME, SETTINGS, aside, experiment_folder, run_folder, run_folders,
};
use crate::study::plan::Run;

/// The largest plan: that of 10,000 experiments has less than one MiB.
const LARGEST_PLAN: u64 = 4 << 20;

/// An experiment as the plan in a study's folder names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its folder's name.
    pub folder: String,
    /// The seeds of its runs.
    pub seeds: Vec<u64>,
}

/// The plan that a study's folder has, where it can be read.
pub fn read_plan(study_folder: &Path) -> Result<Vec<Planned>, String> {
    match read_own(&study_folder.join(PLAN), LARGEST_PLAN) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| "is damaged".to_owned()),
        Err(Unreadable::Absent) => Ok(Vec::new()),
        Err(why) => Err(why.to_string()),
    }
}

/// Writes down which runs are the study now, in its order, for whoever watches the folder; where it is shared,
/// beside what others have planned. What is there already is not written again.
fn write_plan(study_folder: &Path, runs: &[Run], shared: bool) -> std::io::Result<()> {
    let known = read_plan(study_folder).unwrap_or_default();
    let mut plan: Vec<Planned> = Vec::new();
    let mut last = None;
    for run in runs {
        match plan.last_mut() {
            Some(planned) if last == Some(run.experiment) => planned.seeds.push(run.seed),
            _ => {
                let folder = experiment_folder(study_folder, &run.settings);
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                plan.push(Planned { folder: name, seeds: vec![run.seed] });
            }
        }
        last = Some(run.experiment);
    }
    if shared {
        let mine = std::mem::replace(&mut plan, known.clone());
        for Planned { folder, seeds } in mine {
            match plan.iter_mut().find(|planned| planned.folder == folder) {
                Some(planned) => {
                    let fresh = seeds.into_iter().filter(|seed| !planned.seeds.contains(seed));
                    let fresh: Vec<u64> = fresh.collect();
                    planned.seeds.extend(fresh);
                }
                None => plan.push(Planned { folder, seeds }),
            }
        }
    }
    if plan == known {
        return Ok(());
    }
    replace(&study_folder.join(PLAN), serde_json::to_string(&plan)?.as_bytes())
}

/// Gives every run that has none a folder with its settings and an empty log, so that whoever watches the
/// study's folder sees all of the plan and not only what has begun, tells those that have one which test sets
/// and figures they have now, and writes the plan down. A worker that takes a run up at the same time puts its
/// own files in the place of these. It ends early where this is so: what is not announced is told by the runs themselves.
pub fn announce(claim: &Claim, runs: &[Run], is_over: impl Fn() -> bool) {
    let kernel = model::Kernels::fastest().name();
    if claim.hold().is_err() {
        return;
    }
    let study_folder = claim.folder();
    // First, so that a plan made while this one is announced is not overwritten by it.
    let _ = write_plan(study_folder, runs, claim.is_shared());
    for (run, folder) in runs.iter().zip(run_folders(study_folder, runs)) {
        if is_over() {
            return;
        }
        let make = |file| OpenOptions::new().write(true).create_new(true).open(folder.join(file));
        let settings = || settings_text(run, kernel, &Identity::new(&run.settings, run.seed));
        // Only for those who look on: what cannot be written here is told by the run itself.
        if make_folder(study_folder, &folder).is_err() {
            continue;
        }
        // Settings that name a table can be read where it is kept.
        if tables::keep(study_folder, &run.settings).is_err() {
            continue;
        }
        if make(LOG).and_then(|_| make(SETTINGS)?.write_all(settings().as_bytes())).is_err() {
            let _ = renew_settings(&folder.join(SETTINGS), run, &settings());
        }
    }
}

/// The same for a study that processes are going to share, before the first of them begins.
///
/// # Errors
/// [`Busy`] if one process has it for itself, or if its folder cannot be written.
pub fn announce_study(study_folder: &Path, runs: &[Run]) -> anyhow::Result<()> {
    let what = || format!("{} cannot be written", study_folder.display());
    fs::create_dir_all(study_folder).with_context(what)?;
    let taken = match Claim::join(study_folder, None, false).with_context(what)? {
        // Nobody can share it, and for a moment this process has it alone.
        Err(Refused::NoLocks) => Claim::take(study_folder, false).with_context(what)?,
        taken => taken,
    };
    match taken {
        Ok((claim, _)) => announce(&claim, runs, || false),
        Err(why) => return Err(Busy { why, folder: study_folder.to_owned() }.into()),
    }
    Ok(())
}

/// Brings the settings of a run that was there before up to date, if what it was trained with is the same. Their
/// first line says what the run was begun with, and stays.
fn renew_settings(path: &Path, run: &Run, settings: &str) -> std::io::Result<()> {
    let found = read_own(path, LARGEST_SETTINGS).unwrap_or_default();
    let found = String::from_utf8(found).unwrap_or_default();
    match (found.split_once('\n'), settings.split_once('\n')) {
        (Some((begun, old)), Some((_, new)))
            if old != new && old.starts_with(&resolved_toml(&run.settings, run.seed)) =>
        {
            replace(path, format!("{begun}\n{new}").as_bytes())
        }
        _ => Ok(()),
    }
}

/// Opens a run's folder. What is in it and is not to be gone on from is put aside, and the run starts over;
/// what a person should know of it is to be reported.
pub fn open(
    claim: &Arc<Claim>,
    run: &Run,
    kernels: model::Kernels,
) -> Result<(Opened, Option<Kind>), RecordError> {
    let noted = |note: String, alarming: bool| Some(Kind::Noted { note, alarming });
    let (why, foreign) = match Record::open(claim, run, kernels) {
        Ok(opened) => {
            let mut words = Vec::new();
            if !opened.verified {
                words.push(
                    "unverified: its files are of an earlier version and do not say which run they are of"
                        .to_owned(),
                );
            }
            if opened.missing > 0 {
                words.push(format!(
                    "{} snapshots of its past are missing or damaged, which no result depends on; \
                     `metascope verify --repair` makes them again once it is done",
                    opened.missing
                ));
            }
            let is_first = run.settings.seeds.first() == Some(&run.seed);
            if matches!(opened.next, Next::Start) && is_first {
                words.extend(tables::changed(claim.folder(), run));
            }
            let note = (!words.is_empty()).then(|| words.join("; "));
            return Ok((opened, note.and_then(|note| noted(note, false))));
        }
        Err(Refusal::Trouble(error)) => return Err(error),
        Err(Refusal::Useless { why, foreign }) => (why, foreign),
    };
    let folder = run_folder(claim.folder(), run);
    let kept = move_aside(&folder, run)?;
    let name = kept.file_name().unwrap_or_default().to_string_lossy();
    let note = format!(
        "{} is not gone on from: {why}. What was there is kept as {name}, and the run starts over",
        folder.display()
    );
    match Record::open(claim, run, kernels) {
        Ok(opened) => Ok((opened, noted(note, foreign))),
        Err(Refusal::Trouble(error)) => Err(error),
        Err(Refusal::Useless { why, .. }) => Err(RecordError::new(format!("{}: {why}", folder.display()))),
    }
}

/// Gives a run back what was put aside last; what it has now is put aside in its stead. Nothing changes where
/// nothing was.
pub fn bring_back(claim: &Claim, run: &Run) -> Result<(), RecordError> {
    let folder = run_folder(claim.folder(), run);
    claim.hold().map_err(|error| trouble(&folder, &error))?;
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    let newest = (1..).take_while(|nth| is_there(&aside(&folder, run.seed, *nth))).last();
    let Some(from) = newest.map(|nth| aside(&folder, run.seed, nth)) else { return Ok(()) };
    if is_there(&folder) {
        move_aside(&folder, run)?;
    }
    move_folder(&from, &folder).map_err(|error| trouble(&from, &error))
}

/// Moves a run's folder out of the way, keeping it under another name, if it holds anything to keep.
pub fn set_aside(claim: &Claim, run: &Run) -> Result<(), RecordError> {
    let folder = run_folder(claim.folder(), run);
    claim.hold().map_err(|error| trouble(&folder, &error))?;
    let is_begun = |file| fs::symlink_metadata(folder.join(file)).is_ok_and(|file| file.len() > 0);
    if [LOG, RESUME, CHECKPOINT].into_iter().any(is_begun) {
        move_aside(&folder, run)?;
    }
    Ok(())
}

/// Moves a run's folder out of the way; where it is now.
fn move_aside(folder: &Path, run: &Run) -> Result<PathBuf, RecordError> {
    let free = |nth: &u32| fs::symlink_metadata(aside(folder, run.seed, *nth)).is_err();
    let nth = (1..).find(free).unwrap_or(u32::MAX);
    let to = aside(folder, run.seed, nth);
    move_folder(folder, &to).map_err(|error| trouble(&to, &error))?;
    Ok(to)
}
