//! A run's folder: `<out>/<study>/<experiment>-<hash of its settings>/seed-<n>/`. It holds
//!
//! ```text
//! settings.toml            what the run was made with; an experiments file of its own
//! metrics.jsonl            what the run reported, one event a line; append-only while it runs
//! checkpoint.safetensors   the trained weights, once it is finished
//! resume.bin               everything needed to go on, replaced every few seconds
//! snapshots.bin            parameters of its past, for looking at
//! ```
//!
//! `resume.bin` is the truth: it carries a checksum of itself and of the part of the log that belongs to
//! it. Whatever else is found damaged is made anew from it, or the run starts over, which gives the same
//! bits. While a disk is full, or the folder gone, training goes on: settings and log wait in memory, and
//! every save tries again.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::files::{read_limited, remove_leftovers, replace};
use super::past::{Progress, past, what_counts};
use super::resume::{Header, LARGEST_FILE, Resume, Unusable};
use crate::config::presentable;
use crate::experiments::{RECORDED, recorded_toml};
use crate::learner::{State, checkpoint_from_bytes, metadata};
use crate::model::{Kernels, Weights};
use crate::study::event::Event;
use crate::study::layout::{CHECKPOINT, LOG, RESUME, SETTINGS, SNAPSHOTS, hex, run_folder};
use crate::study::plan::Run;

/// The folder of one run, open for writing.
#[derive(Debug)]
pub struct Record {
    folder: PathBuf,
    /// What the run is made with, as it stands (or should stand) in its file.
    settings: String,
    /// Everything the run has reported, as it stands (or should stand) in the log.
    log: String,
    /// The log on disk; `None` after something could not be written, until a save succeeds.
    file: Option<File>,
    /// The past on disk; opened when there is something to write.
    snapshots: Option<File>,
    /// Records of the past that the disk did not take, by their place.
    waiting: Vec<(u64, Vec<u8>)>,
}

/// A run's folder as it was found.
pub struct Opened {
    pub record: Record,
    /// What the run has reported before and still counts.
    pub past: Vec<Event>,
    pub next: Next,
}

/// How a run goes on.
pub enum Next {
    /// From its beginning.
    Start,
    /// From where it was interrupted; that may be the end of its training, with a test set still to come.
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

/// What could not be done with a path, and what to do about it.
pub fn trouble(path: &Path, error: &io::Error) -> RecordError {
    let advice = if is_full(error) {
        "make room, and the same command goes on from what is saved"
    } else {
        "name another folder with --out, or keep nothing with --no-save"
    };
    RecordError(format!("{} cannot be written: {error}; {advice}", path.display()))
}

/// Whether it is no reason not to train: a full disk may have room again by the time of a save, and a
/// folder that somebody deletes while a study trains must not cost its results.
fn may_pass(error: &io::Error) -> bool {
    is_full(error) || error.kind() == ErrorKind::NotFound
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

impl Record {
    /// Opens the run's folder, making it if need be, and looks how far the run has come.
    pub fn open(study_folder: &Path, run: &Run, kernels: Kernels) -> Result<Opened, RecordError> {
        let folder = run_folder(study_folder, run);
        match fs::create_dir_all(&folder) {
            Err(error) if !may_pass(&error) => return Err(trouble(&folder, &error)),
            _ => {}
        }
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
        // What was begun elsewhere stays what it was made with.
        let kernel = found.as_ref().map_or(kernels.name(), |(_, resume)| &resume.header.kernel);
        let settings = settings_text(run, kernel);
        let mut record =
            Self { folder, settings, log: String::new(), file: None, snapshots: None, waiting: Vec::new() };
        let Some(((log, past), resume)) = found else {
            // Of a run that starts over nothing is known, its past least of all.
            let _ = fs::remove_file(record.folder.join(SNAPSHOTS));
            for (file, written) in [(SETTINGS, record.write_settings()), (LOG, record.rewrite_log())] {
                match written {
                    Err(error) if !may_pass(&error) => {
                        return Err(trouble(&record.folder.join(file), &error));
                    }
                    _ => {}
                }
            }
            return Ok(Opened { record, past: Vec::new(), next: Next::Start });
        };
        record.log = log;
        let (past, progress) = what_counts(past, &run.settings);
        let finished = progress == Progress::Done;
        // A test by other kernels would round differently too, but most machines have those of others.
        let by_its_own = Kernels::available().any(|kernels| kernels.name() == resume.header.kernel);
        let is_ours = match progress {
            Progress::Done => true,
            Progress::Trained => by_its_own,
            Progress::Training => resume.header.kernel == kernels.name(),
        };
        if !is_ours {
            let begun = presentable(&resume.header.kernel, 60);
            return Err(RecordError(format!(
                "{} was begun with the {begun} kernels and this process uses {}, which round differently; go on \
                 where those kernels exist (or set METASCOPE_KERNEL={begun}), or start over with --fresh",
                record.folder.display(),
                kernels.name()
            )));
        }
        record.reopen_log().map_err(|error| trouble(&record.folder.join(LOG), &error))?;
        if !record.has_its_settings() {
            let path = record.folder.join(SETTINGS);
            record.write_settings().map_err(|error| trouble(&path, &error))?;
        }
        if finished {
            let weights = resume.state.weights;
            // The checkpoint follows from the state: one that was lost or damaged is made again.
            if !record.has_its_checkpoint(run, &weights) {
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

    /// Writes a record of the run's past to its place. If the disk will not take it, it waits for the next
    /// save.
    pub fn keep(&mut self, offset: u64, record: Vec<u8>) {
        if self.write_past(offset, &record).is_err() {
            self.snapshots = None;
            self.waiting.push((offset, record));
        }
    }

    fn write_past(&mut self, offset: u64, record: &[u8]) -> io::Result<()> {
        let path = self.folder.join(SNAPSHOTS);
        let file = match &mut self.snapshots {
            Some(file) => file,
            none => none.insert(OpenOptions::new().write(true).create(true).truncate(false).open(path)?),
        };
        file.write_all_at(record, offset)
    }

    /// Brings the log to the disk and then the state that belongs to it. If that fails, the log waits in
    /// memory and the next save tries again.
    pub fn save(&mut self, mut header: Header, state: State) -> Result<(), RecordError> {
        fs::create_dir_all(&self.folder).map_err(|error| trouble(&self.folder, &error))?;
        let settings = self.folder.join(SETTINGS);
        if !settings.exists() {
            self.write_settings().map_err(|error| trouble(&settings, &error))?;
        }
        let log = self.folder.join(LOG);
        // A file that was deleted can still be written to, and is lost all the same.
        let synced = match &self.file {
            Some(file) if log.exists() => file.sync_data(),
            _ => {
                self.snapshots = None;
                self.rewrite_log()
            }
        };
        synced.map_err(|error| trouble(&log, &error))?;
        // The past is only for looking at: what is needed to go on is kept without it.
        let mut past = Ok(());
        while past.is_ok()
            && let Some((offset, record)) = self.waiting.pop()
        {
            past = self.write_past(offset, &record);
            if past.is_err() {
                self.waiting.push((offset, record));
            }
        }
        header.log_bytes = self.log.len() as u64;
        header.log_sha256 = hex(&Sha256::digest(&self.log));
        let path = self.folder.join(RESUME);
        replace(&path, &Resume { header, state }.to_bytes()).map_err(|error| trouble(&path, &error))?;
        past.map_err(|error| trouble(&self.folder.join(SNAPSHOTS), &error))
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
        fs::create_dir_all(&self.folder).map_err(|error| trouble(&self.folder, &error))?;
        self.write_checkpoint(run, &state.weights)?;
        self.append(finished);
        self.save(header, state)
    }

    /// Where the checkpoint is or will be.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.folder.join(CHECKPOINT)
    }

    fn write_checkpoint(&self, run: &Run, weights: &Weights) -> Result<(), RecordError> {
        let path = self.checkpoint_path();
        replace(&path, &checkpoint_bytes(run, weights)).map_err(|error| trouble(&path, &error))
    }

    /// Whether the checkpoint is there to the bit; that of another version has the same weights.
    fn has_its_checkpoint(&self, run: &Run, weights: &Weights) -> bool {
        let Some(found) = read_limited(&self.checkpoint_path(), LARGEST_FILE) else { return false };
        let ours = format!("\"metascope\":\"{}\"", env!("CARGO_PKG_VERSION"));
        let is_ours = found.windows(ours.len()).any(|part| part == ours.as_bytes());
        found == checkpoint_bytes(run, weights)
            || !is_ours
                && checkpoint_from_bytes(&found).is_ok_and(|found| found.weights.values == weights.values)
    }

    fn write_settings(&self) -> io::Result<()> {
        if fs::read(self.folder.join(SETTINGS)).is_ok_and(|found| found == self.settings.as_bytes()) {
            return Ok(());
        }
        replace(&self.folder.join(SETTINGS), self.settings.as_bytes())
    }

    /// Whether the settings are there and whole. Their first line names the version that wrote them, which
    /// may be another.
    fn has_its_settings(&self) -> bool {
        let found = fs::read_to_string(self.folder.join(SETTINGS)).unwrap_or_default();
        found.split_once('\n').map(|(_, rest)| rest) == self.settings.split_once('\n').map(|(_, rest)| rest)
    }

    /// Writes the whole log anew and opens it for appending.
    fn rewrite_log(&mut self) -> io::Result<()> {
        self.file = None;
        if self.log.is_empty() {
            // Nothing that a disk would have to be waited for.
            File::create(self.folder.join(LOG))?;
        } else {
            replace(&self.folder.join(LOG), self.log.as_bytes())?;
        }
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

/// A run's checkpoint.
fn checkpoint_bytes(run: &Run, weights: &Weights) -> Vec<u8> {
    let Run { settings, seed, .. } = run;
    let mut words = metadata(settings.algorithm, &settings.training);
    words.extend([
        ("experiment", settings.name.clone()),
        ("seed", seed.to_string()),
        ("step", settings.total_steps().to_string()),
        ("metascope", env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    weights.to_bytes(&words)
}

/// What a run is made with, as an experiments file.
pub fn settings_text(run: &Run, kernel: &str) -> String {
    format!(
        "{RECORDED} metascope {}, kernels {kernel}.\n{}",
        env!("CARGO_PKG_VERSION"),
        recorded_toml(&run.settings, run.seed)
    )
}
