//! The tables that a study's tasks are from, kept beside its runs: whoever looks at them later, or from elsewhere, or goes
//! on with them, has what they were trained on, whatever has become of the file.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::seal::LARGEST_SETTINGS;
use crate::config::presentable;
use crate::experiments::{Experiment, kept_as};
use crate::study::files::{read_own, replace};
use crate::study::layout::{SETTINGS, experiment_folder};
use crate::study::plan::Run;

/// Folders of earlier runs that are looked at.
const MOST_FOLDERS: usize = 1_000;

/// Tables that this process has found to be whole where they are kept.
static KNOWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Keeps the tables of an experiment in the study's folder, each under its digest; those that are there stay.
pub fn keep(study_folder: &Path, settings: &Experiment) -> io::Result<()> {
    for table in settings.every_test().filter_map(|test| test.task.family.table()) {
        let contents = table.contents();
        let path = study_folder.join(kept_as(&contents.sha256));
        let is_there = fs::symlink_metadata(&path)
            .is_ok_and(|file| file.is_file() && file.len() == contents.bytes.len() as u64);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if is_there && known.contains(&path) {
            continue;
        }
        // Once a process, byte by byte: what is kept may have been changed.
        let size = contents.bytes.len() as u64;
        if !is_there || read_own(&path, size).ok().as_ref() != Some(&contents.bytes) {
            replace(&path, &contents.bytes)?;
        }
        known.insert(path);
    }
    Ok(())
}

/// What is to be said where runs of the same name were made from other contents of the same file: a run that begins now is
/// another one.
pub fn changed(study_folder: &Path, run: &Run) -> Option<String> {
    let table = run.settings.task.family.table()?;
    let file = run.settings.task.own.named::<String>("file")?;
    let own = experiment_folder(study_folder, &run.settings);
    let name = own.file_name()?.to_str()?;
    // The folders of an experiment have the same name but for what they were made with.
    let (shared, _) = name.rsplit_once('-')?;
    let is_other = |folder: &&fs::DirEntry| {
        let other = folder.file_name();
        let other = other.to_str().and_then(|other| other.rsplit_once('-'));
        folder.path() != own && other.is_some_and(|(other, _)| other == shared)
    };
    let line = format!("file = {}", toml::Value::from(file.as_str()));
    let same = format!("sha256 = \"{}\"", table.contents().sha256);
    let is_of_other_contents = |folder: &fs::DirEntry| {
        let seeds = fs::read_dir(folder.path()).into_iter().flatten().filter_map(Result::ok);
        let mut settings = seeds.take(MOST_FOLDERS).filter_map(|seed| {
            String::from_utf8(read_own(&seed.path().join(SETTINGS), LARGEST_SETTINGS).ok()?).ok()
        });
        settings.next().is_some_and(|text| {
            let has = |wanted: &str| text.lines().any(|line| line == wanted);
            has(&line) && !has(&same)
        })
    };
    let folders = fs::read_dir(study_folder).ok()?.filter_map(Result::ok).take(MOST_FOLDERS);
    let other = folders.filter(|folder| is_other(&folder)).find(is_of_other_contents)?;
    Some(format!(
        "{} has changed since runs of {} were made: they stay in {}, and this one is trained on the file as it is now",
        presentable(&file, 60),
        presentable(&run.settings.name, 60),
        other.file_name().to_string_lossy()
    ))
}
