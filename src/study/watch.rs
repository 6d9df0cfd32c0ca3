//! Run folders seen from outside: what other processes, here or on another machine, have written and go
//! on writing. Reads only, by looking again from time to time, which works on network file systems too.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};

use super::folders::run_folder;
use super::record::{CHECKPOINT, LOG, RESUME, SETTINGS, read_limited};
use super::resume::{LARGEST_FILE, Resume};
use super::trail::Trail;
use super::{Event, Run, Snapshot, plan};
use crate::config::{Experiment, Study, parse};
use crate::model::Weights;

/// A log that may still grow is looked at this often, ...
const LOOK: Duration = Duration::from_millis(200);
/// ... and one of a run that has ended this often: somebody may start it over.
const LOOK_AT_ENDED: Duration = Duration::from_secs(5);
/// Files read before the caller gets its turn again: a thousand runs must not delay the first frame.
const FILES_AT_ONCE: usize = 25;
/// Bytes of a log taken at once.
const BYTES_AT_ONCE: u64 = 1 << 20;
/// Longest line of a log that is one of ours.
const LONGEST_LINE: usize = 1 << 20;
/// Folders below the one named in which runs are looked for: out, study, experiment, seed.
const DEPTH: usize = 4;
/// The largest settings file there can be.
const LARGEST_SETTINGS: u64 = 1 << 20;

/// Runs that other processes train.
pub struct Watcher {
    runs: Vec<Run>,
    files: RefCell<Vec<Files>>,
    events: RefCell<VecDeque<(usize, Event)>>,
    /// Where the next look begins, so that every run gets its turn.
    next: RefCell<[usize; 2]>,
}

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
        let events = lines.filter_map(|line| Event::read(line, settings)).collect();
        self.rest.drain(..whole);
        if self.rest.len() > LONGEST_LINE {
            self.rest.clear();
        }
        events
    }
}

/// What is known of one run's files.
struct Files {
    folder: PathBuf,
    /// Bytes of the log that have been taken, and who takes them.
    taken: u64,
    log: LogReader,
    ended: bool,
    looked: Option<Instant>,
    snapshot: Option<Arc<Snapshot>>,
    snapshot_time: Option<SystemTime>,
    snapshot_looked: Option<Instant>,
}

impl Files {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            taken: 0,
            log: LogReader::default(),
            ended: false,
            looked: None,
            snapshot: None,
            snapshot_time: None,
            snapshot_looked: None,
        }
    }

    fn is_due(&self, looked: Option<Instant>) -> bool {
        let interval = if self.ended { LOOK_AT_ENDED } else { LOOK };
        looked.is_none_or(|looked| looked.elapsed() >= interval)
    }

    /// The events that have been added to the log since the last look.
    fn read_log(&mut self, settings: &Experiment) -> Vec<Event> {
        self.looked = Some(Instant::now());
        let Ok(mut file) = File::open(self.folder.join(LOG)) else { return Vec::new() };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.taken {
            // Cut back: the run was started over or goes on from an earlier state. What it tells again
            // replaces what it told.
            (self.taken, self.ended) = (0, false);
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
        let events = self.log.take(&bytes, settings);
        if let Some(last) = events.last() {
            self.ended = matches!(last, Event::Finished { .. } | Event::Failed { .. });
        }
        events
    }

    /// The newest parameters on disk, if they are newer than those known.
    fn read_snapshot(&mut self, settings: &Experiment) {
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
            None => Weights::read(&self.folder.join(CHECKPOINT))
                .ok()
                .map(|weights| (settings.total_steps(), weights)),
        };
        if let Some((step, weights)) = found {
            self.snapshot = Some(Arc::new(Snapshot { step, weights }));
        }
    }
}

impl Watcher {
    /// Watches these runs of a study that another process trains.
    pub fn of(study_folder: &Path, runs: Vec<Run>) -> Self {
        let files = runs.iter().map(|run| Files::new(run_folder(study_folder, run))).collect();
        Self { runs, files: RefCell::new(files), events: RefCell::default(), next: RefCell::new([0, 0]) }
    }

    /// Watches every run found in a folder: one run's, an experiment's, a study's, or one that holds
    /// several studies.
    ///
    /// # Errors
    /// If the folder cannot be read or holds no run.
    pub fn open(folder: &Path) -> anyhow::Result<(Study, Self)> {
        let mut search = Search::default();
        if !folder.is_dir() {
            bail!("{} is no folder; name the one that holds the runs, such as runs", folder.display());
        }
        search.below(folder, DEPTH).with_context(|| format!("{} cannot be read", folder.display()))?;
        let found = search.found;
        if found.is_empty() {
            bail!("{} holds no runs of metascope", folder.display());
        }
        let mut experiments: Vec<Experiment> = Vec::new();
        let mut folders = Vec::new();
        for (parent, seeds) in found {
            let mut seeds: Vec<(Experiment, PathBuf)> = seeds;
            seeds.sort_by_key(|(settings, _)| settings.seeds.first().copied());
            let mut experiment = seeds[0].0.clone();
            experiment.seeds =
                seeds.iter().filter_map(|(settings, _)| settings.seeds.first().copied()).collect();
            if experiments.iter().any(|other| other.name == experiment.name) {
                // Other settings under the same name: told apart by the end of the folder's name.
                let hash =
                    parent.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let hash = hash.rsplit('-').next().unwrap_or_default();
                experiment.name = format!("{} {}", experiment.name, hash.get(..4).unwrap_or(hash));
            }
            folders.extend(seeds.into_iter().map(|(_, folder)| folder));
            experiments.push(experiment);
        }
        let name = folder.file_name().map_or("runs".into(), |name| name.to_string_lossy().into_owned());
        let study = Study { name, path: Some(folder.to_owned()), experiments };
        let runs = plan(&study);
        let files = RefCell::new(folders.into_iter().map(Files::new).collect());
        let watcher = Self { runs, files, events: RefCell::default(), next: RefCell::new([0, 0]) };
        Ok((study, watcher))
    }

    /// Everything each run has told so far.
    pub fn read_all(&self) -> Vec<Vec<Event>> {
        let mut files = self.files.borrow_mut();
        files
            .iter_mut()
            .zip(&self.runs)
            .map(|(files, run)| {
                let mut events = Vec::new();
                loop {
                    let before = files.taken;
                    events.extend(files.read_log(&run.settings));
                    if files.taken == before {
                        return events;
                    }
                }
            })
            .collect()
    }

    /// The plan, as far as it can be seen.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Where a run's checkpoint is, once it is trained.
    pub fn checkpoint_path(&self, run: usize) -> PathBuf {
        self.files.borrow()[run].folder.join(CHECKPOINT)
    }

    /// The next event and the index of its run. Looks at a few files if none is waiting.
    pub fn try_event(&self) -> Option<(usize, Event)> {
        if self.events.borrow().is_empty() {
            let mut files = self.files.borrow_mut();
            self.take_turns(0, files.len(), |run| {
                let files = &mut files[run];
                let due = files.is_due(files.looked);
                if due {
                    let events = files.read_log(&self.runs[run].settings);
                    self.events.borrow_mut().extend(events.into_iter().map(|event| (run, event)));
                }
                due
            });
        }
        self.events.borrow_mut().pop_front()
    }

    /// The newest parameters of a run that are on disk.
    pub fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        if run == 0 {
            // Asked for all runs in turn, frame after frame: once a frame, look at a few.
            let mut files = self.files.borrow_mut();
            self.take_turns(1, files.len(), |run| {
                let files = &mut files[run];
                let due = files.is_due(files.snapshot_looked);
                if due {
                    files.read_snapshot(&self.runs[run].settings);
                }
                due
            });
        }
        self.files.borrow().get(run)?.snapshot.clone()
    }

    /// The parameters of a run at a landmark of its training, or at the last one before it that is on
    /// disk.
    pub fn past(&self, run: usize, landmark: usize) -> Option<Arc<Snapshot>> {
        let trail = Trail::new(&self.runs.get(run)?.settings);
        let files = self.files.borrow();
        let folder = &files.get(run)?.folder;
        trail.read(folder, landmark).map(Arc::new)
    }

    /// Whether every run has finished or failed and everything has been told.
    pub fn is_over(&self) -> bool {
        self.events.borrow().is_empty() && self.files.borrow().iter().all(|files| files.ended)
    }

    /// Calls `look` for one run after another until a few of them had something to be looked at.
    fn take_turns(&self, what: usize, runs: usize, mut look: impl FnMut(usize) -> bool) {
        let mut next = self.next.borrow_mut();
        let mut looked = 0;
        for _ in 0..runs {
            next[what] = (next[what] + 1) % runs;
            looked += usize::from(look(next[what]));
            if looked == FILES_AT_ONCE {
                break;
            }
        }
    }
}

/// Looks for run folders.
#[derive(Default)]
struct Search {
    /// Runs by the folder of their experiment.
    found: BTreeMap<PathBuf, Vec<(Experiment, PathBuf)>>,
    /// Settings by their text without the line that names the seed: a thousand runs of five experiments
    /// are read five times.
    known: HashMap<String, Experiment>,
}

impl Search {
    fn below(&mut self, folder: &Path, depth: usize) -> std::io::Result<()> {
        if let Some(settings) = self.settings_of(folder) {
            let parent = folder.parent().unwrap_or(folder).to_owned();
            self.found.entry(parent).or_default().push((settings, folder.to_owned()));
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
            // Runs that were set aside are history.
            let aside = entry.file_name().to_string_lossy().contains(".before-");
            if !aside && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                // A folder that cannot be read hides its own runs, no others.
                let _ = self.below(&entry.path(), depth - 1);
            }
        }
        Ok(())
    }

    /// The settings of the run whose folder this is.
    fn settings_of(&mut self, folder: &Path) -> Option<Experiment> {
        let text = String::from_utf8(read_limited(&folder.join(SETTINGS), LARGEST_SETTINGS)?).ok()?;
        if !folder.join(LOG).exists() {
            return None;
        }
        let line = |line: &&str| line.starts_with("seeds = [");
        let seed = text.lines().find(line).and_then(|line| {
            let seed = line.strip_prefix("seeds = [")?.strip_suffix(']')?;
            seed.parse::<u64>().ok()
        });
        let rest: String = text.split_inclusive('\n').filter(|other| !line(other)).collect();
        if let (Some(seed), Some(known)) = (seed, self.known.get(&rest)) {
            return Some(Experiment { seeds: vec![seed], ..known.clone() });
        }
        let mut study = parse("run", None, &text).ok()?;
        let only = (study.experiments.len() == 1).then(|| study.experiments.remove(0))?;
        if seed.is_some_and(|seed| only.seeds == [seed]) {
            self.known.insert(rest, only.clone());
        }
        Some(only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
