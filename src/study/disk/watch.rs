//! Run folders seen from outside: what other processes, here or on another machine, have written and go
//! on writing. Reads only, by looking again from time to time, which works on network file systems too.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};

use super::files::read_limited;
use super::resume::{LARGEST_FILE, Resume};
use super::search::Search;
use super::trail::Trail;
use crate::experiments::{Experiment, Study};
use crate::learner::read_checkpoint;
use crate::study::event::Event;
use crate::study::layout::{CHECKPOINT, LOG, RESUME, run_folder};
use crate::study::plan::{Run, plan};
use crate::study::snapshot::Snapshot;

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
/// Runs that were not there before are looked for this often, ...
const SEARCH: Duration = Duration::from_secs(2);
/// ... and, where looking takes long, no more than this share of the time.
const SHARE: u32 = 20;

/// Runs that other processes train.
pub struct Watcher {
    /// Every run there has been; their order is how everybody refers to them, so it only grows.
    runs: RefCell<Vec<Run>>,
    files: RefCell<Vec<Files>>,
    around: RefCell<Around>,
    events: RefCell<VecDeque<(usize, Event)>>,
    /// Where the next look begins, so that every run gets its turn.
    next: RefCell<[usize; 2]>,
}

/// Where runs are looked for.
struct Around {
    search: Search,
    /// What the last look has found: experiments by name, and folders.
    seen: (Vec<String>, Vec<PathBuf>),
    /// When to look again.
    due: Instant,
}

/// What others have made of a study that is looked on.
#[derive(Debug)]
pub struct Found {
    /// The experiments there are now.
    pub study: Study,
    /// Their runs.
    pub runs: Vec<Run>,
    /// The numbers they are known under.
    pub numbers: Vec<usize>,
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
    /// Whether the run is part of what is watched.
    present: bool,
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
            present: true,
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
        self.present && looked.is_none_or(|looked| looked.elapsed() >= interval)
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
            None => read_checkpoint(&self.folder.join(CHECKPOINT))
                .ok()
                .map(|checkpoint| (settings.total_steps(), checkpoint.weights)),
        };
        if let Some((step, weights)) = found {
            self.snapshot = Some(Arc::new(Snapshot { step, weights }));
        }
    }
}

impl Watcher {
    /// Watches these runs of a study that another process trains, and whatever that one makes of its plan.
    pub fn of(study_folder: &Path, study: &Study) -> Self {
        let runs = plan(study);
        let folders: Vec<_> = runs.iter().map(|run| run_folder(study_folder, run)).collect();
        Self::new(Search::planned(study_folder, study), study, runs, folders)
    }

    /// Watches every run found in a folder: one run's, an experiment's, a study's, or one that holds
    /// several studies.
    ///
    /// # Errors
    /// If the folder cannot be read or holds no run.
    pub fn open(folder: &Path) -> anyhow::Result<(Study, Self)> {
        if !folder.is_dir() {
            bail!("{} is no folder; name the one that holds the runs, such as runs", folder.display());
        }
        let mut search = Search::all(folder);
        let found = search.look().with_context(|| format!("{} cannot be read", folder.display()))?;
        let Some((study, folders)) = found else {
            bail!("{} holds no runs of metascope", folder.display());
        };
        let watcher = Self::new(search, &study, plan(&study), folders);
        Ok((study, watcher))
    }

    fn new(search: Search, study: &Study, runs: Vec<Run>, folders: Vec<PathBuf>) -> Self {
        let around = Around { search, seen: (names(study), folders.clone()), due: Instant::now() + SEARCH };
        Self {
            runs: RefCell::new(runs),
            files: RefCell::new(folders.into_iter().map(Files::new).collect()),
            around: RefCell::new(around),
            events: RefCell::default(),
            next: RefCell::new([0, 0]),
        }
    }

    /// Runs that came or went since the last look; `None` if none did, or it is too soon to look again.
    pub fn found(&self) -> Option<Found> {
        let began = Instant::now();
        if began < self.around.borrow().due {
            return None;
        }
        let found = self.look_around();
        self.around.borrow_mut().due = Instant::now() + SEARCH.max(began.elapsed() * SHARE);
        found
    }

    fn look_around(&self) -> Option<Found> {
        let mut around = self.around.borrow_mut();
        // A folder that cannot be read, or is empty for now, takes nothing from the screen.
        let (study, folders) = around.search.look().ok()??;
        let seen = (names(&study), folders.clone());
        if seen == around.seen {
            return None;
        }
        around.seen = seen;
        let (mut files, mut runs) = (self.files.borrow_mut(), self.runs.borrow_mut());
        let known = files.iter().enumerate().map(|(number, files)| (files.folder.clone(), number));
        let known: HashMap<PathBuf, usize> = known.collect();
        let were: Vec<bool> = files.iter_mut().map(|files| std::mem::take(&mut files.present)).collect();
        let planned = plan(&study);
        let mut numbers = Vec::new();
        for (run, folder) in planned.iter().zip(folders) {
            let number = known.get(&folder).copied().unwrap_or(files.len());
            if number == files.len() {
                files.push(Files::new(folder));
                runs.push(run.clone());
            } else {
                // What it told before it went is forgotten with it.
                if !were[number] {
                    files[number] = Files::new(folder);
                }
                files[number].present = true;
                runs[number] = run.clone();
            }
            numbers.push(number);
        }
        Some(Found { study, runs: planned, numbers })
    }

    /// Everything each run has told so far.
    pub fn read_all(&self) -> Vec<Vec<Event>> {
        let mut files = self.files.borrow_mut();
        files
            .iter_mut()
            .zip(self.runs.borrow().iter())
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
    pub fn runs(&self) -> Vec<Run> {
        self.runs.borrow().clone()
    }

    /// Where a run's checkpoint is, once it is trained.
    pub fn checkpoint_path(&self, run: usize) -> PathBuf {
        self.files.borrow()[run].folder.join(CHECKPOINT)
    }

    /// The next event and the index of its run. Looks at a few files if none is waiting.
    pub fn try_event(&self) -> Option<(usize, Event)> {
        if self.events.borrow().is_empty() {
            let (mut files, runs) = (self.files.borrow_mut(), self.runs.borrow());
            self.take_turns(0, files.len(), |run| {
                let files = &mut files[run];
                let due = files.is_due(files.looked);
                if due {
                    let events = files.read_log(&runs[run].settings);
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
            let (mut files, runs) = (self.files.borrow_mut(), self.runs.borrow());
            self.take_turns(1, files.len(), |run| {
                let files = &mut files[run];
                let due = files.is_due(files.snapshot_looked);
                if due {
                    files.read_snapshot(&runs[run].settings);
                }
                due
            });
        }
        self.files.borrow().get(run)?.snapshot.clone()
    }

    /// The parameters of a run at a landmark of its training, or at the last one before it that is on
    /// disk.
    pub fn past(&self, run: usize, landmark: usize) -> Option<Arc<Snapshot>> {
        let trail = Trail::new(&self.runs.borrow().get(run)?.settings);
        let files = self.files.borrow();
        let folder = &files.get(run)?.folder;
        trail.read(folder, landmark).map(Arc::new)
    }

    /// Whether every run has finished or failed and everything has been told.
    pub fn is_over(&self) -> bool {
        self.events.borrow().is_empty()
            && self.files.borrow().iter().all(|files| files.ended || !files.present)
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

fn names(study: &Study) -> Vec<String> {
    study.experiments.iter().map(|experiment| experiment.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;
    use crate::study::{Session, SessionOptions, study_folder};

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
    /// Trains to the end what the text says.
    fn train(out: &Path, text: &str) -> Study {
        let study = parse("test", None, &format!("{SHORT}{text}")).expect("a good file");
        let options =
            SessionOptions { jobs: 1, out: Some(out.to_owned()), study: "test".to_owned(), fresh: false };
        let session = Session::start(plan(&study), &options).expect("a writable folder");
        while !session.is_over() {
            std::thread::sleep(Duration::from_millis(1));
        }
        study
    }

    const SHORT: &str = "[defaults]\nouter_steps = 5\n[task]\ntrain_tasks = 4\n[model]\nhidden = 16\n\
        [evaluation]\ntest_tasks = 2\nsteps = 1\n";
    const ZEBRA: &str = "[[experiment]]\nname = \"zebra\"\nalgorithm = \"maml\"\nseeds = [1]\n";
    const AARDVARK: &str = "[[experiment]]\nname = \"aardvark\"\nalgorithm = \"reptile\"\nseeds = [7, 3]\n";

    /// Everything that is told of a run, as kinds of events.
    fn told(watcher: &Watcher, of: usize) -> usize {
        std::iter::from_fn(|| watcher.try_event()).filter(|(run, _)| *run == of).count()
    }

    #[test]
    fn runs_that_come_and_go_are_found_in_the_order_of_the_plan() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path();
        train(out, ZEBRA);
        let (study, watcher) = Watcher::open(out).expect("a run");
        assert_eq!(names(&study), ["zebra"]);
        let events = told(&watcher, 0);
        assert!(events > 3 && watcher.is_over());
        assert!(watcher.look_around().is_none(), "nothing has changed");
        // Of the same study, and not in the order of the alphabet.
        let both = train(out, &format!("{ZEBRA}{AARDVARK}"));
        let looks_on = Watcher::of(&study_folder(out, "test"), &study);
        for watcher in [&watcher, &looks_on] {
            let found = watcher.look_around().expect("two more");
            assert_eq!(names(&found.study), ["zebra", "aardvark"]);
            assert_eq!(found.numbers, [0, 1, 2]);
            assert_eq!(found.runs.iter().map(|run| run.seed).collect::<Vec<_>>(), [1, 7, 3]);
            assert!(!watcher.is_over());
            assert_eq!(told(watcher, 2), events);
            assert!(watcher.is_over());
        }
        // Other settings under the same name: the plan's own come first and keep the name.
        let again = train(out, &AARDVARK.replace("[7, 3]", "[7]\ninner_lr = 0.5"));
        let found = watcher.look_around().expect("one more");
        assert_eq!(found.numbers[0], 3);
        assert_eq!(found.study.experiments[0].name, "aardvark");
        assert_eq!(found.study.experiments.len(), 3);
        let found = looks_on.look_around().expect("another plan");
        assert_eq!((names(&found.study), found.numbers), (names(&again), vec![3]));
        // Gone and back again: told from the beginning.
        let gone = run_folder(&study_folder(out, "test"), &plan(&both)[1]);
        fs::rename(&gone, out.join("elsewhere.before-1")).expect("one file system");
        let found = watcher.look_around().expect("one less");
        assert!(!found.numbers.contains(&1));
        fs::rename(out.join("elsewhere.before-1"), &gone).expect("one file system");
        assert!(watcher.look_around().expect("one more").numbers.contains(&1));
        assert_eq!(told(&watcher, 1), events);
    }
}
