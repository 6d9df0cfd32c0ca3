//! A run's folder: `<out>/<study>/<experiment>-<hash of its settings>/seed-<n>/`. It holds
//!
//! ```text
//! settings.toml            what the run was made with; an experiments file of its own
//! metrics.jsonl            what the run reported, one event a line; append-only while it runs
//! checkpoint.safetensors   the trained weights, once it is finished
//! resume.bin               everything needed to go on, replaced every few seconds
//! ```
//!
//! `resume.bin` is the truth: it carries a checksum of itself and of the part of the log that belongs to
//! it. Whatever else is found damaged is made anew from it, or the run starts over, which gives the same
//! bits. While a disk is full the log waits in memory.

use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::resume::{Header, LARGEST_FILE, Resume, Unusable};
use super::{Event, Run, replace};
use crate::config::{Experiment, presentable, resolved_toml};
use crate::learner::State;
use crate::model::{self, Weights};

/// The log's name in a run's folder.
pub const LOG: &str = "metrics.jsonl";
/// The checkpoint's name in a run's folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// The settings' name in a run's folder.
pub const SETTINGS: &str = "settings.toml";
/// The name of the file a run goes on from.
pub(super) const RESUME: &str = "resume.bin";
/// A log of this size is none of ours: a run's has some two hundred lines.
const LARGEST_LOG: u64 = 64 << 20;

/// The folder of one run, open for writing.
#[derive(Debug)]
pub(super) struct Record {
    folder: PathBuf,
    /// Everything the run has reported, as it stands (or should stand) in the log.
    log: String,
    /// The log on disk; `None` after something could not be written, until a save succeeds.
    file: Option<File>,
}

/// A run's folder as it was found.
pub(super) struct Opened {
    pub record: Record,
    /// What the run has reported before.
    pub past: Vec<Event>,
    pub next: Next,
}

/// How a run goes on.
pub(super) enum Next {
    /// From its beginning.
    Start,
    /// From where it was interrupted.
    GoOn(Box<Resume>),
    /// Not at all: it is finished, with these weights.
    Nothing(Weights),
}

/// Why a run's folder cannot be used, as a sentence for a person.
#[derive(Debug)]
pub struct RecordError(String);

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecordError {}

/// What could not be done with a path.
fn trouble(path: &Path, error: &io::Error) -> RecordError {
    RecordError(format!("{} cannot be written: {error}", path.display()))
}

impl Record {
    /// Opens the run's folder, making it if need be, and looks how far the run has come.
    pub fn open(study_folder: &Path, run: &Run, kernels: model::Path) -> Result<Opened, RecordError> {
        let folder = run_folder(study_folder, run);
        fs::create_dir_all(&folder).map_err(|error| trouble(&folder, &error))?;
        remove_leftovers(&folder);
        let resume = match read_limited(&folder.join(RESUME), LARGEST_FILE) {
            Some(bytes) => match Resume::from_bytes(&bytes, &run.settings) {
                Ok(resume) => Some(resume),
                Err(Unusable::Damaged) => None,
                Err(Unusable::Newer(format)) => {
                    return Err(RecordError(format!(
                        "{} was written by another version of metascope ({format}); use that version, \
                         another --out, or --fresh to start over",
                        folder.display()
                    )));
                }
            },
            None => None,
        };
        let found = resume.and_then(|resume| Some((past(&folder, &resume.header, &run.settings)?, resume)));
        let mut record = Self { folder, log: String::new(), file: None };
        let Some(((log, past), resume)) = found else {
            record.write_settings(run, kernels)?;
            record.rewrite_log().map_err(|error| trouble(&record.folder.join(LOG), &error))?;
            return Ok(Opened { record, past: Vec::new(), next: Next::Start });
        };
        record.log = log;
        let finished = matches!(past.last(), Some(Event::Finished { .. }));
        if !finished && resume.header.kernel != kernels.name() {
            let begun = presentable(&resume.header.kernel, 60);
            return Err(RecordError(format!(
                "{} was begun with the {begun} kernels and this process uses {}, which round differently; go on \
                 where those kernels exist (or set METASCOPE_KERNEL={begun}), or start over with --fresh",
                record.folder.display(),
                kernels.name()
            )));
        }
        record.reopen_log().map_err(|error| trouble(&record.folder.join(LOG), &error))?;
        if finished {
            let weights = resume.state.weights;
            // The checkpoint follows from the state: one that was lost or damaged is made again.
            if Weights::read(&record.folder.join(CHECKPOINT)).ok().as_ref() != Some(&weights) {
                record.write_checkpoint(run, &weights)?;
            }
            return Ok(Opened { record, past, next: Next::Nothing(weights) });
        }
        Ok(Opened { record, past, next: Next::GoOn(Box::new(resume)) })
    }

    /// Adds an event to the log. If the disk will not take it, it waits for the next save.
    pub fn append(&mut self, event: &Event) {
        let line = event.to_json() + "\n";
        self.log.push_str(&line);
        if let Some(file) = &mut self.file
            && file.write_all(line.as_bytes()).is_err()
        {
            self.file = None;
        }
    }

    /// Brings the log to the disk and then the state that belongs to it. If that fails, the log waits in
    /// memory and the next save tries again.
    pub fn save(&mut self, mut header: Header, state: State) -> Result<(), RecordError> {
        let log = self.folder.join(LOG);
        // A file that was deleted can still be written to, and is lost all the same.
        let synced = match &self.file {
            Some(file) if log.exists() => file.sync_data(),
            _ => fs::create_dir_all(&self.folder).and_then(|()| self.rewrite_log()),
        };
        synced.map_err(|error| trouble(&log, &error))?;
        header.log_bytes = self.log.len() as u64;
        header.log_sha256 = hex(&Sha256::digest(&self.log));
        let path = self.folder.join(RESUME);
        replace(&path, &Resume { header, state }.to_bytes()).map_err(|error| trouble(&path, &error))
    }

    /// The run is done: writes the checkpoint, logs `finished`, and saves the final state. The error says
    /// what could not be written.
    pub fn finish(
        &mut self,
        run: &Run,
        finished: &Event,
        header: Header,
        state: State,
    ) -> Result<(), RecordError> {
        if !self.folder.exists() {
            let made = fs::create_dir_all(&self.folder);
            made.map_err(|error| trouble(&self.folder, &error))?;
        }
        if !self.folder.join(SETTINGS).exists() {
            self.write_settings(run, model::Path::detect())?;
        }
        self.write_checkpoint(run, &state.weights)?;
        self.append(finished);
        self.save(header, state)
    }

    /// Where the checkpoint is or will be.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.folder.join(CHECKPOINT)
    }

    fn write_checkpoint(&self, run: &Run, weights: &Weights) -> Result<(), RecordError> {
        let metadata = [
            ("algorithm", run.settings.algorithm.name().to_owned()),
            ("experiment", run.settings.name.clone()),
            ("seed", run.seed.to_string()),
            ("step", run.settings.total_steps().to_string()),
            ("metascope", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let path = self.checkpoint_path();
        replace(&path, &weights.to_bytes(&metadata)).map_err(|error| trouble(&path, &error))
    }

    fn write_settings(&self, run: &Run, kernels: model::Path) -> Result<(), RecordError> {
        let path = self.folder.join(SETTINGS);
        let text = format!(
            "# What this run was made with: metascope {}, kernels {}.\n{}",
            env!("CARGO_PKG_VERSION"),
            kernels.name(),
            resolved_toml(&run.settings, run.seed)
        );
        replace(&path, text.as_bytes()).map_err(|error| trouble(&path, &error))
    }

    /// Writes the whole log anew and opens it for appending.
    fn rewrite_log(&mut self) -> io::Result<()> {
        self.file = None;
        replace(&self.folder.join(LOG), self.log.as_bytes())?;
        self.reopen_log()
    }

    /// Opens the log for appending, cut to what is known of it.
    fn reopen_log(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().append(true).open(self.folder.join(LOG))?;
        file.set_len(self.log.len() as u64)?;
        self.file = Some(file);
        Ok(())
    }
}

/// Removes what a killed process was just writing. The study's lock is held, so nobody else is.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "tmp") {
            // One that stays is in nobody's way.
            let _ = fs::remove_file(path);
        }
    }
}

/// The part of the log that belongs to a saved state, and its events; `None` if it is not there whole.
fn past(folder: &Path, header: &Header, settings: &Experiment) -> Option<(String, Vec<Event>)> {
    let mut log = read_limited(&folder.join(LOG), LARGEST_LOG)?;
    let length = usize::try_from(header.log_bytes).ok()?;
    if log.len() < length {
        return None;
    }
    log.truncate(length);
    if hex(&Sha256::digest(&log)) != header.log_sha256 {
        return None;
    }
    let log = String::from_utf8(log).ok()?;
    let events =
        log.lines().map(|line| Event::read(line.as_bytes(), settings)).collect::<Option<Vec<Event>>>()?;
    Some((log, events))
}

/// A file's bytes; `None` if it cannot be read or is larger than anything written here.
pub(super) fn read_limited(path: &Path, largest: u64) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= largest).then_some(bytes)
}

/// Where a run lives. Other settings under the same name have another hash, so they never meet.
pub fn run_folder(study_folder: &Path, run: &Run) -> PathBuf {
    let experiment = format!("{}-{}", tame(&run.settings.name), settings_hash(&run.settings));
    study_folder.join(experiment).join(format!("seed-{}", run.seed))
}

/// Where a study's runs live.
pub fn study_folder(out: &Path, study: &str) -> PathBuf {
    out.join(tame(study))
}

/// Moves a run's folder out of the way, keeping it under another name.
pub(super) fn set_aside(study_folder: &Path, run: &Run) -> Result<(), RecordError> {
    let folder = run_folder(study_folder, run);
    if !folder.exists() {
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

fn hex(bytes: &[u8]) -> String {
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
