//! What the checksums say of a run's files. `resume.bin` carries one of itself, one of the log that belongs
//! to it, and which run it is of; nothing of a run is believed that does not agree with it and with the
//! place where it was found.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::resume::{LARGEST_FILE, Resume, Unusable};
use crate::config::presentable;
use crate::experiments::{Experiment, parse_recorded};
use crate::study::event::{Event, Kind};
use crate::study::files::{Unreadable, read_own};
use crate::study::layout::{LOG, RESUME, SETTINGS, hex, misplaced, settings_digest};
use crate::study::plan::RunName;

/// A log of this size is none of ours: a run's has some two hundred lines.
pub const LARGEST_LOG: u64 = 64 << 20;
/// The largest settings file there can be.
pub const LARGEST_SETTINGS: u64 = 1 << 20;

/// What is proven of a run.
#[derive(Debug)]
pub struct Sealed {
    pub resume: Resume,
    /// The part of the log that belongs to it.
    pub log: String,
    /// The same as events, or those of them that were asked for.
    pub events: Vec<Event>,
}

/// Why nothing is.
#[derive(Debug)]
pub enum Doubt {
    /// There is no saved state.
    Nothing,
    /// The disk does not give what it has, which may be as good as ever; in words.
    Io(String),
    /// Another version wrote it, in this format.
    Newer(String),
    /// It is damaged; in words.
    Damaged(String),
    /// It is another run's, or something that no run has; in words.
    Foreign(String),
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => write!(f, "there is no {RESUME}"),
            Self::Newer(format) => write!(f, "was written by another version of metascope ({format})"),
            Self::Io(why) | Self::Damaged(why) | Self::Foreign(why) => f.write_str(why),
        }
    }
}

impl Sealed {
    /// Whether it says itself which run it is of. What an earlier version has written does not.
    pub fn is_verified(&self) -> bool {
        self.resume.header.identity.is_some()
    }

    /// Whether the run is done.
    pub fn is_finished(&self) -> bool {
        self.events.last().is_some_and(|event| matches!(event.kind, Kind::Finished { .. }))
    }
}

/// What is proven of a run of these settings in this folder, which another process may write.
pub fn read(folder: &Path, settings: &Experiment, seed: u64) -> Result<Sealed, Doubt> {
    read_lines(folder, settings, seed, |_| true)
}

/// The same, but of the log's events only those that say what the run has come to, and the last of all: the
/// others are most of it, and take the time.
pub fn read_outcome(folder: &Path, settings: &Experiment, seed: u64) -> Result<Sealed, Doubt> {
    read_lines(folder, settings, seed, Event::tells_outcome)
}

fn read_lines(
    folder: &Path,
    settings: &Experiment,
    seed: u64,
    wanted: fn(&str) -> bool,
) -> Result<Sealed, Doubt> {
    if let Some(why) = misplaced(folder, settings, seed) {
        return Err(Doubt::Foreign(why));
    }
    let mut bytes = read_resume(folder)?;
    loop {
        let found = compare(folder, &bytes, (settings, seed), wanted);
        if found.is_ok() {
            return found;
        }
        // Where the state was replaced meanwhile, the log may be one that belongs to the new one.
        let again = read_resume(folder)?;
        if again == bytes {
            return found;
        }
        bytes = again;
    }
}

fn read_resume(folder: &Path) -> Result<Vec<u8>, Doubt> {
    read_own(&folder.join(RESUME), LARGEST_FILE).map_err(|why| match why {
        Unreadable::Absent => Doubt::Nothing,
        other => doubt(RESUME, &other),
    })
}

/// What a state proves, against the files beside it.
fn compare(
    folder: &Path,
    bytes: &[u8],
    (settings, seed): (&Experiment, u64),
    wanted: fn(&str) -> bool,
) -> Result<Sealed, Doubt> {
    let resume = Resume::from_bytes(bytes, settings).map_err(|why| match why {
        Unusable::Damaged => Doubt::Damaged(format!("{RESUME} is damaged")),
        Unusable::Foreign => Doubt::Foreign(format!("{RESUME} is of a run with other settings")),
        Unusable::Newer(format) => Doubt::Newer(format),
    })?;
    match &resume.header.identity {
        Some(identity) if identity.seed != seed => {
            return Err(Doubt::Foreign(format!("{RESUME} is of seed {}", identity.seed)));
        }
        Some(_) => {}
        None => compare_settings(folder, settings, seed)?,
    }
    let (log, events) = sealed_log(folder, &resume, settings, wanted)?;
    let own = RunName::new(&settings.name, seed);
    if let Some(Event { run, .. }) = events.iter().find(|event| event.run != own) {
        let (name, seed) = (&run.experiment, run.seed.unwrap_or_default());
        return Err(Doubt::Foreign(format!("{LOG} is of {}, seed {seed}", presentable(name, 60))));
    }
    Ok(Sealed { resume, log, events })
}

/// The part of the log that belongs to a saved state, and the events of its wanted lines and of the last.
fn sealed_log(
    folder: &Path,
    resume: &Resume,
    settings: &Experiment,
    wanted: fn(&str) -> bool,
) -> Result<(String, Vec<Event>), Doubt> {
    let damaged = || Doubt::Damaged(format!("{LOG} is not the one that belongs to {RESUME}"));
    let mut log = read_own(&folder.join(LOG), LARGEST_LOG).map_err(|why| doubt(LOG, &why))?;
    let length = usize::try_from(resume.header.log_bytes).map_err(|_| damaged())?;
    if log.len() < length {
        return Err(damaged());
    }
    log.truncate(length);
    if hex(&Sha256::digest(&log)) != resume.header.log_sha256 {
        return Err(damaged());
    }
    let log = String::from_utf8(log).map_err(|_| damaged())?;
    let mut lines = log.lines();
    let last = lines.next_back();
    let lines = lines.filter(|line| wanted(line)).chain(last);
    let events = lines.map(|line| Event::read(line.as_bytes(), settings));
    let events = events.collect::<Option<Vec<Event>>>().ok_or_else(damaged)?;
    Ok((log, events))
}

fn doubt(file: &str, why: &Unreadable) -> Doubt {
    let words = format!("{file} {why}");
    match why {
        Unreadable::Absent => Doubt::Damaged(words),
        Unreadable::Foreign(_) => Doubt::Foreign(words),
        Unreadable::Io(_) => Doubt::Io(words),
    }
}

/// An earlier version's state does not say whose it is; the settings beside it do, if they are whole.
fn compare_settings(folder: &Path, settings: &Experiment, seed: u64) -> Result<(), Doubt> {
    let Ok(bytes) = read_own(&folder.join(SETTINGS), LARGEST_SETTINGS) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let Ok(study) = parse_recorded("run", Some(&folder.join(SETTINGS)), &text) else { return Ok(()) };
    let is_same =
        |found: &Experiment| found.seeds == [seed] && settings_digest(found) == settings_digest(settings);
    if study.experiments.iter().all(is_same) {
        return Ok(());
    }
    Err(Doubt::Foreign(format!("{SETTINGS} is of another run")))
}
