//! A run's folder: `<out>/<study>/<experiment>-<hash of its settings>/seed-<n>/`. It holds
//!
//! ```text
//! settings.toml            what the run was made with; an experiments file of its own
//! metrics.jsonl            what the run reported, one event a line; append-only while it runs
//! checkpoint.safetensors   the trained weights, once it is finished
//! resume.bin               everything needed to go on, replaced every few seconds
//! snapshots.bin            parameters of its past, for looking at
//! provenance.json          where and when it was made
//! ```
//!
//! `resume.bin` is the truth: it says which run it is of, and carries a checksum of itself, of the part of the
//! log that belongs to it and of the checkpoint. Settings and checkpoint that are damaged are made anew from it.
//! Where it is itself not to be believed, the run starts over, which gives the same bits. While something
//! cannot be written, training goes on: settings and log wait in memory, and every save tries again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::contents::{checkpoint_bytes, has_its_checkpoint, settings_text, version_of_settings};
use super::past::{Progress, what_counts};
use super::provenance::Provenance;
use super::resume::{self, Header, Identity, Resume};
use super::seal::{self, Doubt, LARGEST_SETTINGS, Sealed};
use super::tables;
use super::trail::Trail;
use super::trouble::{RecordError, Refusal, trouble};
use crate::config::presentable;
use crate::experiments::Experiment;
use crate::learner::State;
use crate::model::{Kernels, Weights};
use crate::study::claim::right::Claim;
use crate::study::event::Event;
use crate::study::files::{
    folder_of, make_folder, open_own, read_own, remove_leftovers, replace, replace_soon, replace_unnamed,
    sync_folder, where_known, write_own,
};
use crate::study::layout::{CHECKPOINT, LOG, RESUME, SETTINGS, SNAPSHOTS, hex, run_folder};
use crate::study::plan::Run;

/// The folder of one run, open for writing.
#[derive(Debug)]
pub struct Record {
    /// The right to write into the study's folder, and which of its locks the files below were opened under.
    claim: Arc<Claim>,
    locked: u64,
    folder: PathBuf,
    /// Which run it is.
    identity: Identity,
    /// The same as settings, whose tables are kept beside the runs.
    made_with: Arc<Experiment>,
    /// Whether the settings, and the names of the folders, are on the disk.
    settled: bool,
    /// Whether the names in the folder are, all but that of the state.
    named: bool,
    /// What the run is made with, as it stands (or should stand) in its file.
    settings: String,
    /// Everything the run has reported, as it stands (or should stand) in the log, and how much of it was written.
    log: String,
    written: usize,
    /// The log on disk; `None` after something could not be written, until a save succeeds.
    file: Option<File>,
    /// The past on disk; opened when there is something to write.
    snapshots: Option<File>,
    /// Where and when it is made, once something of it is.
    provenance: Provenance,
    /// Records of the past that are still to be written, by their place; those that follow one another are one.
    waiting: Vec<(u64, Vec<u8>)>,
}

/// A run's folder as it was found.
pub struct Opened {
    pub record: Record,
    /// What the run has reported before and still counts.
    pub past: Vec<Event>,
    pub next: Next,
    /// What could not be put right in the folder of a finished run.
    pub unsaved: Option<RecordError>,
    /// How many snapshots of its past are missing or damaged.
    pub missing: usize,
    /// Whether what it goes on from says itself which run it is of, as all does that this version writes.
    pub verified: bool,
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

impl Record {
    /// Opens the run's folder, making it if need be, and looks how far the run has come. What cannot be
    /// written is no reason not to train: every save tries again.
    pub fn open(claim: &Arc<Claim>, run: &Run, kernels: Kernels) -> Result<Opened, Refusal> {
        let folder = run_folder(claim.folder(), run);
        let mut record = Self {
            claim: claim.clone(),
            locked: 0,
            identity: Identity::new(&run.settings, run.seed),
            settings: String::new(),
            folder,
            made_with: run.settings.clone(),
            settled: false,
            named: false,
            log: String::new(),
            written: 0,
            file: None,
            snapshots: None,
            provenance: Provenance::default(),
            waiting: Vec::new(),
        };
        if record.hold().is_err() {
            // The folder cannot be had, or another process has it: nothing in it is looked at or touched.
            record.settings = settings_text(run, kernels.name(), &record.identity);
            return Ok(Opened {
                record,
                past: Vec::new(),
                next: Next::Start,
                unsaved: None,
                missing: 0,
                verified: true,
            });
        }
        if let Err(error) = make_folder(claim.folder(), &record.folder) {
            if is_link(&record.folder) {
                let why = "the folder is a link, and nothing is read or written through it".to_owned();
                return Err(Refusal::Useless { why, foreign: true });
            }
            if error.kind() == ErrorKind::NotADirectory {
                // Nor through one above it; that it cannot be written is said by the save.
                record.settings = settings_text(run, kernels.name(), &record.identity);
                let next = Next::Start;
                return Ok(Opened {
                    record,
                    past: Vec::new(),
                    next,
                    unsaved: None,
                    missing: 0,
                    verified: true,
                });
            }
        }
        remove_leftovers(&record.folder);
        match seal::read(&record.folder, &run.settings, run.seed) {
            Ok(sealed) => Ok(record.go_on(run, kernels, sealed)?),
            Err(Doubt::Nothing) => Ok(record.begin(run, kernels)),
            Err(Doubt::Damaged(why)) => Err(Refusal::Useless { why, foreign: false }),
            Err(Doubt::Foreign(why)) => Err(Refusal::Useless { why, foreign: true }),
            Err(Doubt::Io(why)) => Err(Refusal::Trouble(RecordError::new(format!(
                "{}: {why}; nothing there was changed, and the same command goes on from it once it can be read",
                record.folder.display()
            )))),
            Err(Doubt::Newer(format)) => Err(Refusal::Trouble(RecordError::new(format!(
                "{} was written by another version of metascope ({format}); use that version, \
                 another --out, or --fresh to start over",
                record.folder.display()
            )))),
        }
    }

    /// From the run's beginning.
    fn begin(mut self, run: &Run, kernels: Kernels) -> Opened {
        self.settings = settings_text(run, kernels.name(), &self.identity);
        // Of a run that starts over nothing is known, its past and its end least of all.
        for file in [SNAPSHOTS, CHECKPOINT] {
            let _ = fs::remove_file(self.folder.join(file));
        }
        // For those who look on. What cannot be written waits for the first save.
        let settled = if self.has_its_settings() { Ok(()) } else { self.write_settings(replace_soon) };
        let _ = settled.and_then(|()| self.rewrite_log());
        self.begin_provenance(kernels.name(), 0);
        Opened {
            record: self,
            past: Vec::new(),
            next: Next::Start,
            unsaved: None,
            missing: 0,
            verified: true,
        }
    }

    /// From what was saved.
    fn go_on(mut self, run: &Run, kernels: Kernels, sealed: Sealed) -> Result<Opened, RecordError> {
        let verified = sealed.is_verified();
        let Sealed { resume, log, events } = sealed;
        let (past, progress) = what_counts(events, &run.settings);
        let finished = progress == Progress::Done;
        let trail = Trail::new(&run.settings);
        // Those that are done may be ten thousand, and are not read whole.
        let is_looked_at = !finished || trail.is_doubtful(&self.folder);
        let missing = if is_looked_at { trail.missing(&self.folder, resume.header.step) } else { 0 };
        let Header { kernel, identity, .. } = &resume.header;
        // A test by other kernels would round differently too, but most machines have those of others.
        let by_its_own = Kernels::named(kernel).is_some();
        let is_ours = match progress {
            Progress::Done => true,
            Progress::Trained => by_its_own,
            Progress::Training => kernel == kernels.name(),
        };
        if !is_ours {
            let begun = presentable(kernel, 60);
            return Err(RecordError::new(format!(
                "{} was begun with the {begun} kernels and this process uses {}, which round differently; go on \
                 where those kernels exist (or set METASCOPE_KERNEL={begun}), or start over with --fresh",
                self.folder.display(),
                kernels.name()
            )));
        }
        // What was begun elsewhere stays what it was made with.
        match identity {
            Some(identity) => self.identity = identity.clone(),
            None => {
                self.identity.metascope = version_of_settings(&self.folder, kernel);
                self.identity.arithmetic = resume::first();
            }
        }
        self.settings = settings_text(run, kernel, &self.identity);
        self.log = log;
        let opened = self.reopen_log().map_err(|error| trouble(&self.folder.join(LOG), &error));
        let settled = if self.has_its_settings() { Ok(()) } else { self.write_settings(replace) };
        let settled = settled.map_err(|error| trouble(&self.folder.join(SETTINGS), &error));
        if !finished {
            self.begin_provenance(&resume.header.kernel.clone(), resume.header.step);
            // What could not be written waits for the next save.
            let next = Next::GoOn(Box::new(resume));
            return Ok(Opened { record: self, past, next, unsaved: None, missing, verified });
        }
        let Resume { header, state } = resume;
        let weights = state.weights;
        // The checkpoint follows from the state: one that was lost or damaged is made again.
        let is_there = has_its_checkpoint(&self.folder, run, &weights, &header);
        let path = self.checkpoint_path();
        let anew = || replace(&path, &checkpoint_bytes(run, &weights, &header.kernel));
        let checkpoint = if is_there { Ok(()) } else { anew().map_err(|error| trouble(&path, &error)) };
        let unsaved = opened.and(settled).and(checkpoint).err();
        Ok(Opened { record: self, past, next: Next::Nothing(weights), unsaved, missing, verified })
    }

    /// Writes down that this process takes the run up.
    fn begin_provenance(&mut self, kernel: &str, from_step: u64) {
        // Without a log there is no folder that is known to be the run's own.
        if self.file.is_some() {
            self.provenance = Provenance::taken_up(&self.folder, kernel, from_step);
            self.provenance.write(&self.folder);
        }
    }

    /// Makes sure of the right to write. After the lock had to be taken anew, what was open is elsewhere.
    fn hold(&mut self) -> io::Result<()> {
        let locked = self.claim.hold()?;
        if locked != self.locked {
            (self.file, self.snapshots) = (None, None);
            (self.settled, self.named) = (false, false);
            self.locked = locked;
        }
        Ok(())
    }

    /// Adds an event to the log. The file gets it with the next [`Record::write`].
    pub fn append(&mut self, event: &Event) {
        self.log.push_str(&event.to_json());
        self.log.push('\n');
    }

    /// Keeps a record of the run's past for its place. The file gets it with the next [`Record::write`].
    pub fn keep(&mut self, offset: u64, record: Vec<u8>) {
        match self.waiting.last_mut() {
            Some((at, before)) if *at + before.len() as u64 == offset => before.extend(record),
            _ => self.waiting.push((offset, record)),
        }
    }

    /// Writes what has come since the last time. If the disk will not take it, it waits for the next save.
    pub fn write(&mut self) {
        if self.written == self.log.len() && self.waiting.is_empty() {
            return;
        }
        if self.hold().is_err() {
            self.file = None;
        }
        self.write_log();
        // Without a log there is no folder that is known to be the run's own.
        if self.file.is_none() || self.write_waiting().is_err() {
            self.snapshots = None;
        }
    }

    fn write_log(&mut self) {
        if let Some(file) = &mut self.file {
            match file.write_all(&self.log.as_bytes()[self.written..]) {
                Ok(()) => self.written = self.log.len(),
                Err(_) => self.file = None,
            }
        }
    }

    fn write_past(&mut self, offset: u64, record: &[u8]) -> io::Result<()> {
        let path = self.folder.join(SNAPSHOTS);
        let file = match &mut self.snapshots {
            Some(file) => file,
            none => {
                let open = || write_own(&path, OpenOptions::new().write(true).create(true).truncate(false));
                // What is no file of ours makes room for one.
                let opened = open().or_else(|error| match error.kind() {
                    ErrorKind::Unsupported => fs::remove_file(&path).and_then(|()| open()),
                    _ => Err(error),
                });
                self.named = false;
                none.insert(opened?)
            }
        };
        file.write_all_at(record, offset)
    }

    /// Brings the log to the disk and then the state that belongs to it. If that fails, the log waits in
    /// memory and the next save tries again.
    pub fn save(&mut self, mut header: Header, state: State) -> Result<(), RecordError> {
        let claim = self.claim.clone();
        let _writing = claim.writing();
        self.make_folder()?;
        let folder = self.folder.clone();
        let mut past = self.write_waiting();
        self.write_log();
        self.settle()?;
        let log = folder.join(LOG);
        // A file that was deleted can still be written to, and is lost all the same.
        let synced = match &self.file {
            Some(file) if is_in_place(file, &log) => where_known(file.sync_data()),
            _ => {
                self.snapshots = None;
                self.rewrite_log()
            }
        };
        // What a disk has once failed to take it may forget without a word the next time.
        synced.inspect_err(|_| self.file = None).map_err(|error| trouble(&log, &error))?;
        // The past is only for looking at: what is needed to go on is kept without it. But it is on the disk before
        // the state that it leads up to.
        if let Some(file) = &self.snapshots {
            past = past.and(where_known(file.sync_data()));
        }
        if past.is_err() {
            self.snapshots = None;
        }
        header.log_bytes = self.log.len() as u64;
        header.log_sha256 = hex(&Sha256::digest(&self.log));
        header.identity = Some(self.identity.clone());
        if !self.named {
            // Before a state that counts on them.
            sync_folder(&folder).map_err(|error| trouble(&folder, &error))?;
            self.named = true;
        }
        let path = folder.join(RESUME);
        replace(&path, &Resume { header, state }.to_bytes()).map_err(|error| trouble(&path, &error))?;
        past.map_err(|error| trouble(&folder.join(SNAPSHOTS), &error))
    }

    /// Writes the records of the past that the disk did not take before.
    fn write_waiting(&mut self) -> io::Result<()> {
        while let Some((offset, record)) = self.waiting.pop() {
            self.write_past(offset, &record).inspect_err(|_| self.waiting.push((offset, record)))?;
        }
        Ok(())
    }

    /// Brings the settings and the names of the folders to the disk, once, or again after they went.
    fn settle(&mut self) -> Result<(), RecordError> {
        let settings = self.folder.join(SETTINGS);
        if self.settled && fs::symlink_metadata(&settings).is_ok() {
            return Ok(());
        }
        self.named = false;
        let written = match open_own(&settings) {
            // They were written for those who look on, and nobody has waited for the disk.
            Ok(file) if self.has_its_settings() => where_known(file.sync_all()),
            _ => self.write_settings(replace),
        };
        written.map_err(|error| trouble(&settings, &error))?;
        tables::keep(self.claim.folder(), &self.made_with)
            .map_err(|error| trouble(self.claim.folder(), &error))?;
        for folder in [folder_of(&self.folder), self.claim.folder()] {
            sync_folder(folder).map_err(|error| trouble(folder, &error))?;
        }
        self.claim.settle().map_err(|error| trouble(folder_of(self.claim.folder()), &error))?;
        self.settled = true;
        Ok(())
    }

    /// The run is done: writes the checkpoint, logs `finished`, and saves the final state. The error says
    /// what could not be written.
    pub fn finish(
        &mut self,
        run: &Run,
        finished: &Event,
        mut header: Header,
        state: State,
    ) -> Result<(), RecordError> {
        let claim = self.claim.clone();
        let _writing = claim.writing();
        self.make_folder()?;
        let checkpoint = checkpoint_bytes(run, &state.weights, &header.kernel);
        self.write_checkpoint(&checkpoint)?;
        header.checkpoint_sha256 = Some(hex(&Sha256::digest(checkpoint)));
        if !self.provenance.processes.is_empty() {
            self.provenance.end();
            self.provenance.write(&self.folder);
        }
        self.append(finished);
        self.save(header, state)
    }

    /// Whether another process that shares the study has the run now, so that nothing is written here any more.
    pub fn is_lost(&self) -> bool {
        self.claim.is_lost()
    }

    /// Where the checkpoint is or will be.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.folder.join(CHECKPOINT)
    }

    /// Brings the checkpoint to the disk, and its name with the next save.
    fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let path = self.checkpoint_path();
        self.named = false;
        replace_unnamed(&path, bytes).map_err(|error| trouble(&path, &error))
    }

    /// Makes sure that the run's folder is there, and of the right to write in it.
    fn make_folder(&mut self) -> Result<(), RecordError> {
        let made = self.hold().and_then(|()| make_folder(self.claim.folder(), &self.folder));
        made.map_err(|error| trouble(&self.folder, &error))
    }

    /// Whether the settings are there to the bit.
    fn has_its_settings(&self) -> bool {
        let found = read_own(&self.folder.join(SETTINGS), LARGEST_SETTINGS);
        found.is_ok_and(|found| found == self.settings.as_bytes())
    }

    fn write_settings(&self, write: impl Fn(&Path, &[u8]) -> io::Result<()>) -> io::Result<()> {
        write(&self.folder.join(SETTINGS), self.settings.as_bytes())
    }

    /// Writes the whole log anew and opens it for appending.
    fn rewrite_log(&mut self) -> io::Result<()> {
        self.file = None;
        // For an empty one nobody would have to wait for a disk.
        let write = if self.log.is_empty() { replace_soon } else { replace };
        write(&self.folder.join(LOG), self.log.as_bytes())?;
        self.reopen_log()
    }

    /// Opens the log for appending, cut to what is known of it.
    fn reopen_log(&mut self) -> io::Result<()> {
        let path = self.folder.join(LOG);
        let file = match write_own(&path, OpenOptions::new().append(true)) {
            // It has a second name, and this one shall be the run's own.
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                replace(&path, self.log.as_bytes())?;
                write_own(&path, OpenOptions::new().append(true))?
            }
            opened => opened?,
        };
        file.set_len(self.log.len() as u64)?;
        (self.file, self.written) = (Some(file), self.log.len());
        Ok(())
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Whether a file that is open is the one of this name.
fn is_in_place(file: &File, path: &Path) -> bool {
    let which = |found: fs::Metadata| (found.dev(), found.ino());
    let named = fs::symlink_metadata(path).map(which);
    named.is_ok_and(|named| file.metadata().map(which).is_ok_and(|open| open == named))
}
