//! One run's files, followed while another process writes them: what its log says anew, and the newest
//! parameters there are.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::resume::{LARGEST_FILE, Resume};
use super::seal::{self, Doubt, LARGEST_LOG};
use crate::experiments::Experiment;
use crate::learner::checkpoint_from_bytes;
use crate::model::{Answered, Weights};
use crate::study::event::{Event, Kind};
use crate::study::files::{Unreadable, open_own, read_own};
use crate::study::layout::{CHECKPOINT, LOG, RESUME, hex, run_folder};
use crate::study::plan::{Run, RunName};
use crate::study::snapshot::Snapshot;

/// A log that may still grow is looked at this often, ...
const LOOK: Duration = Duration::from_millis(200);
/// ... and one of a run that has ended this often: somebody may start it over.
const LOOK_AT_ENDED: Duration = Duration::from_secs(5);
/// Bytes of a log taken at once.
const BYTES_AT_ONCE: u64 = 1 << 20;
/// Longest line of a log that is one of ours.
const LONGEST_LINE: usize = 1 << 20;

/// Takes a log apart while it grows.
#[derive(Debug, Default)]
pub struct LogReader {
    /// The beginning of a line that is not whole yet.
    rest: Vec<u8>,
}

impl LogReader {
    /// The events of a run with these settings whose lines end within these bytes, which follow those
    /// taken before.
    pub fn take(&mut self, bytes: &[u8], settings: &Experiment) -> Vec<Event> {
        self.rest.extend(bytes);
        let whole = self.rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        // A line that is no event was not written by this program; the others still count.
        let lines = self.rest[..whole].split(|&byte| byte == b'\n');
        let events = lines.filter_map(|line| Event::read(line, settings));
        let events = events.filter(|event| event.counts_for(settings)).collect();
        self.rest.drain(..whole);
        if self.rest.len() > LONGEST_LINE {
            self.rest.clear();
        }
        events
    }
}

/// When a run's log was written to last, in seconds since 1970; 0 where nobody knows.
pub fn last_written(study_folder: &Path, run: &Run) -> u64 {
    seconds(fs::metadata(run_folder(study_folder, run).join(LOG)).and_then(|log| log.modified()).ok())
}

fn seconds(time: Option<SystemTime>) -> u64 {
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |time| time.as_secs())
}
/// Which state is on disk: it changes with every save.
type Stamp = (u64, u64, i64, i64);

/// What is known of one run's files.
pub struct Files {
    pub folder: PathBuf,
    /// The settings, as the folder says them.
    settings: Arc<Experiment>,
    seed: u64,
    /// Whether the run is part of what is watched.
    pub present: bool,
    /// Bytes of the log that have been taken, and who takes them.
    pub taken: u64,
    /// Whether what is read next was there before anybody looked.
    recorded: bool,
    log: LogReader,
    pub ended: bool,
    pub looked: Option<Instant>,
    /// What came of the run, while nothing proves it yet.
    held: Vec<Event>,
    /// How many of such events were told.
    told: usize,
    /// The state that the files were last compared with.
    compared: Option<Stamp>,
    /// Why the files are not believed.
    pub doubt: Option<String>,
    /// Whether something was told that its files cannot prove, as those of earlier versions cannot.
    pub unverified: bool,
    /// How far the run has come, to its log.
    step: u64,
    pub snapshot: Option<Arc<Snapshot>>,
    snapshot_stamp: Option<Stamp>,
    pub snapshot_looked: Option<Instant>,
}

impl Files {
    /// Of the run with these settings and this seed.
    pub fn new(folder: PathBuf, settings: Arc<Experiment>, seed: u64) -> Self {
        Self {
            folder,
            settings,
            seed,
            present: true,
            taken: 0,
            recorded: true,
            log: LogReader::default(),
            ended: false,
            looked: None,
            held: Vec::new(),
            told: 0,
            compared: None,
            doubt: None,
            unverified: false,
            step: 0,
            snapshot: None,
            snapshot_stamp: None,
            snapshot_looked: None,
        }
    }

    /// The settings, as the folder says them.
    pub fn settings(&self) -> Arc<Experiment> {
        self.settings.clone()
    }

    /// How far the run has come, to its log.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether it is time to look again, after the last look.
    pub fn is_due(&self, looked: Option<Instant>) -> bool {
        let interval = if self.ended { LOOK_AT_ENDED } else { LOOK };
        self.present && looked.is_none_or(|looked| looked.elapsed() >= interval)
    }

    /// The same until there is nothing more to read.
    pub fn read_on(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let before = self.taken;
            events.extend(self.read_log());
            if self.taken == before {
                return events;
            }
        }
    }

    /// The events that have been added to the log since the last look. What came of the run is told when the
    /// checksums prove it.
    pub fn read_log(&mut self) -> Vec<Event> {
        self.looked = Some(Instant::now());
        let mut events = match self.read_new() {
            Ok(events) => events,
            // It is not there yet, or not any more.
            Err(Unreadable::Absent) => return Vec::new(),
            Err(why) => return self.disbelieve(format!("{LOG} {why}")).into_iter().collect(),
        };
        self.held.extend(events.extract_if(.., |event| event.is_outcome()));
        match events.last().map(|event| &event.kind) {
            Some(Kind::Failed { .. }) => self.ended = true,
            Some(Kind::Progress { step, .. }) => (self.step, self.ended) = (*step, false),
            Some(_) => self.ended = false,
            None => {}
        }
        let stamp = self.stamp();
        if !self.held.is_empty() || stamp != self.compared {
            self.compared = stamp;
            self.compare(&mut events);
        }
        if std::mem::take(&mut self.recorded) && !events.is_empty() {
            let log = fs::symlink_metadata(self.folder.join(LOG));
            let at = seconds(log.and_then(|log| log.modified()).ok());
            let recorded = Kind::Recorded { at, events: events.len() };
            events.insert(0, Event { run: self.name(), kind: recorded });
        }
        events
    }

    /// The events in the part of the log that was not taken yet.
    fn read_new(&mut self) -> Result<Vec<Event>, Unreadable> {
        let mut file = open_own(&self.folder.join(LOG))?;
        let length = file.metadata()?.len();
        if length > LARGEST_LOG {
            return Err(Unreadable::Foreign(format!("is larger than {} MiB", LARGEST_LOG >> 20)));
        }
        if length < self.taken {
            // Cut back: the run was started over or goes on from an earlier state. What it tells again
            // replaces what it told.
            let snapshot = (self.snapshot.take(), self.snapshot_stamp, self.snapshot_looked);
            *self = Self::new(std::mem::take(&mut self.folder), self.settings.clone(), self.seed);
            (self.snapshot, self.snapshot_stamp, self.snapshot_looked) = snapshot;
            self.looked = Some(Instant::now());
        }
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(self.taken))?;
        file.take(BYTES_AT_ONCE).read_to_end(&mut bytes)?;
        self.taken += bytes.len() as u64;
        Ok(self.log.take(&bytes, &self.settings))
    }

    /// Compares the files with their checksums, and adds what can be told now.
    fn compare(&mut self, events: &mut Vec<Event>) {
        let is_finished =
            |events: &[Event]| events.last().is_some_and(|event| matches!(event.kind, Kind::Finished { .. }));
        match seal::read_outcome(&self.folder, &self.settings, self.seed) {
            Ok(sealed) => {
                self.doubt = None;
                if sealed.is_finished() {
                    self.unverified = !sealed.is_verified();
                    self.held.clear();
                    self.ended = true;
                    let counts = |event: &Event| event.is_outcome() && event.counts_for(&self.settings);
                    let before = events.len();
                    // A run that is tested on one more set has told of the others.
                    events.extend(sealed.events.into_iter().filter(counts).skip(self.told));
                    self.told += events.len() - before;
                }
            }
            // Nothing to compare with: either the state follows in a moment, or nobody has kept it.
            Err(Doubt::Nothing) => {
                if is_finished(&self.held) {
                    (self.unverified, self.ended) = (true, true);
                    events.append(&mut self.held);
                }
            }
            Err(why) => events.extend(self.disbelieve(why.to_string())),
        }
    }

    /// Nothing that the files say is told. The event that says so, once.
    fn disbelieve(&mut self, why: String) -> Option<Event> {
        self.held.clear();
        self.ended = true;
        if self.doubt.as_ref() == Some(&why) {
            return None;
        }
        self.doubt = Some(why.clone());
        let error = format!("its files are not believed: {why}; `metascope run` of the study makes good");
        Some(Event { run: self.name(), kind: Kind::Failed { step: self.step, error } })
    }

    /// The run as its events name it.
    fn name(&self) -> RunName {
        RunName::new(&self.settings.name, self.seed)
    }

    /// The weights in the checkpoint, if there is one; in words why they are not to be had.
    pub fn trained(&self) -> Result<Option<Weights>, String> {
        let path = self.folder.join(CHECKPOINT);
        let bytes = match read_own(&path, LARGEST_FILE) {
            Ok(bytes) => bytes,
            Err(Unreadable::Absent) => return Ok(None),
            Err(why) => return Err(format!("{} {why}", path.display())),
        };
        if self.settings.algorithm.reads_answers() {
            // What stands in the place of a network is in a file of its own, if it is still there.
            let answers = self.settings.answers.clone();
            let weights = |answers| Answered::weights(Some(answers), self.settings.model, self.seed);
            return Ok(answers.map(weights));
        }
        let checkpoint =
            checkpoint_from_bytes(&bytes).map_err(|error| format!("{} {error}", path.display()))?;
        let sealed = seal::read_outcome(&self.folder, &self.settings, self.seed).ok();
        let proof = sealed.and_then(|sealed| sealed.resume.header.checkpoint_sha256);
        if proof.is_some_and(|proof| proof != hex(&Sha256::digest(&bytes))) {
            return Err(format!("{} is not the one that this run has written", path.display()));
        }
        Ok(Some(checkpoint.weights))
    }

    fn stamp(&self) -> Option<Stamp> {
        let found = fs::symlink_metadata(self.folder.join(RESUME)).ok()?;
        Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
    }

    /// The newest parameters on disk, if they are newer than those known.
    pub fn read_snapshot(&mut self) {
        self.snapshot_looked = Some(Instant::now());
        let stamp = self.stamp();
        if stamp == self.snapshot_stamp && stamp.is_some() {
            return;
        }
        self.snapshot_stamp = stamp;
        let settings = &self.settings;
        let found = match read_own(&self.folder.join(RESUME), LARGEST_FILE) {
            Ok(bytes) => {
                let resume = Resume::from_bytes(&bytes, settings).ok();
                let is_its = |resume: &Resume| {
                    resume.header.identity.as_ref().is_none_or(|identity| identity.seed == self.seed)
                };
                resume.filter(is_its).map(|resume| (resume.header.step, resume.state.weights))
            }
            Err(Unreadable::Absent) => {
                let bytes = read_own(&self.folder.join(CHECKPOINT), LARGEST_FILE).ok();
                let checkpoint = bytes.and_then(|bytes| checkpoint_from_bytes(&bytes).ok());
                checkpoint.map(|checkpoint| (settings.total_steps(), checkpoint.weights))
            }
            Err(_) => None,
        };
        if let Some((step, weights)) = found {
            self.snapshot = Some(Arc::new(Snapshot { step, weights }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    #[test]
    fn a_log_of_empty_lines_takes_no_time() {
        let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";
        let settings = parse("x", None, text).expect("a good file").experiments.remove(0);
        let began = Instant::now();
        let mut reader = LogReader::default();
        for _ in 0..8 {
            assert!(reader.take(&vec![b'\n'; BYTES_AT_ONCE as usize], &settings).is_empty());
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let line = r#"{"event":"started","experiment":"A","seed":0,"total_steps":7}"#;
        let (one, other) = line.split_at(20);
        assert!(reader.take(one.as_bytes(), &settings).is_empty());
        assert!(reader.take(other.as_bytes(), &settings).is_empty());
        assert_eq!(reader.take(b"\n", &settings).iter().map(Event::to_json).collect::<Vec<_>>(), [line]);
    }
}
