//! One run's files, followed while another process writes them: what its log says anew, and the newest
//! parameters there are.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::files::read_limited;
use super::resume::{LARGEST_FILE, Resume};
use crate::experiments::Experiment;
use crate::learner::read_checkpoint;
use crate::study::event::Event;
use crate::study::layout::{CHECKPOINT, LOG, RESUME, run_folder};
use crate::study::plan::Run;
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

/// What is known of one run's files.
pub struct Files {
    pub folder: PathBuf,
    /// Whether the run is part of what is watched.
    pub present: bool,
    /// Bytes of the log that have been taken, and who takes them.
    pub taken: u64,
    /// Whether what is read next was there before anybody looked.
    recorded: bool,
    log: LogReader,
    pub ended: bool,
    pub looked: Option<Instant>,
    pub snapshot: Option<Arc<Snapshot>>,
    snapshot_time: Option<SystemTime>,
    pub snapshot_looked: Option<Instant>,
}

impl Files {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            present: true,
            taken: 0,
            recorded: true,
            log: LogReader::default(),
            ended: false,
            looked: None,
            snapshot: None,
            snapshot_time: None,
            snapshot_looked: None,
        }
    }

    pub fn is_due(&self, looked: Option<Instant>) -> bool {
        let interval = if self.ended { LOOK_AT_ENDED } else { LOOK };
        self.present && looked.is_none_or(|looked| looked.elapsed() >= interval)
    }

    /// The events that have been added to the log since the last look.
    pub fn read_log(&mut self, settings: &Experiment) -> Vec<Event> {
        self.looked = Some(Instant::now());
        let Ok(mut file) = File::open(self.folder.join(LOG)) else { return Vec::new() };
        let metadata = file.metadata().ok();
        let length = metadata.as_ref().map_or(0, |metadata| metadata.len());
        if length < self.taken {
            // Cut back: the run was started over or goes on from an earlier state. What it tells again
            // replaces what it told.
            (self.taken, self.ended, self.recorded) = (0, false, true);
            self.log = LogReader::default();
        }
        let mut bytes = Vec::new();
        let read = file
            .seek(SeekFrom::Start(self.taken))
            .and_then(|_| file.take(BYTES_AT_ONCE).read_to_end(&mut bytes));
        if read.is_err() {
            return Vec::new();
        }
        self.taken += bytes.len() as u64;
        let mut events = self.log.take(&bytes, settings);
        if let Some(last) = events.last() {
            self.ended = matches!(last, Event::Finished { .. } | Event::Failed { .. });
        }
        if std::mem::take(&mut self.recorded) && !events.is_empty() {
            let at = seconds(metadata.and_then(|metadata| metadata.modified().ok()));
            events.insert(0, Event::Recorded { at, events: events.len() });
        }
        events
    }

    /// The newest parameters on disk, if they are newer than those known.
    pub fn read_snapshot(&mut self, settings: &Experiment) {
        self.snapshot_looked = Some(Instant::now());
        let path = self.folder.join(RESUME);
        let time = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
        if time.is_none() || time == self.snapshot_time {
            return;
        }
        self.snapshot_time = time;
        let resume =
            read_limited(&path, LARGEST_FILE).and_then(|bytes| Resume::from_bytes(&bytes, settings).ok());
        let found = match resume {
            Some(resume) => Some((resume.header.step, resume.state.weights)),
            None => read_checkpoint(&self.folder.join(CHECKPOINT))
                .ok()
                .map(|checkpoint| (settings.total_steps(), checkpoint.weights)),
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
