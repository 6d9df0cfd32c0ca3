//! Run folders seen from outside: what other processes, here or on another machine, have written and go
//! on writing. Reads only, by looking again from time to time, which works on network file systems too.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::follow::Files;
use super::search::{NOT_THERE, Search};
use super::steered::{Looks, Steered};
use super::trail::Trail;
use crate::experiments::{Experiment, Published, Study, TestSettings};
use crate::model::Weights;
use crate::study::claim::holder::Holder;
use crate::study::claim::holders::{Hold, Holders};
use crate::study::event::{Event, Kind};
use crate::study::layout::run_folders;
use crate::study::plan::{Run, plan};
use crate::study::snapshot::Snapshot;

/// Files read before the caller gets its turn again: a thousand runs must not delay the first frame.
const FILES_AT_ONCE: usize = 25;
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
    holders: Holders,
    /// What a person has done with runs where they are trained.
    steered: RefCell<Looks>,
    events: RefCell<VecDeque<(usize, Event)>>,
    /// Where the next look begins, so that every run gets its turn.
    next: RefCell<[usize; 2]>,
}

/// Where runs are looked for.
struct Around {
    search: Search,
    /// What the last look has found: experiments by name, with what they are tested on and compared with,
    /// and folders.
    seen: (Vec<Asked>, Vec<PathBuf>),
    /// When to look again.
    due: Instant,
}

/// What of an experiment may change while its runs stay what they are.
type Asked = (String, Vec<TestSettings>, Vec<Published>);

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

impl Watcher {
    /// Watches these runs of a study that another process trains, and whatever that one makes of its plan.
    pub fn of(study_folder: &Path, study: &Study) -> Self {
        let runs = plan(study);
        let folders: Vec<_> = run_folders(study_folder, &runs).collect();
        Self::new(Search::planned(study_folder, study), study, runs, folders)
    }

    /// Watches every run found in these folders: one run's, an experiment's, a study's, or one that holds
    /// several studies. Runs with the same settings are one experiment.
    ///
    /// # Errors
    /// If a folder cannot be read, or none of them holds a run.
    pub fn open(folders: &[PathBuf]) -> anyhow::Result<(Study, Self)> {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        Self::find(folders)?.with_context(|| match &names[..] {
            [one] => format!("{one} holds no runs of metascope"),
            several => format!("none of {} holds runs of metascope", several.join(", ")),
        })
    }

    /// The same, or nothing where there are no runs yet.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn find(folders: &[PathBuf]) -> anyhow::Result<Option<(Study, Self)>> {
        for folder in folders {
            if !folder.exists() {
                bail!("{}: there is no such folder", folder.display());
            }
            if !folder.is_dir() {
                bail!("{} is no folder; name the one that holds the runs, such as runs", folder.display());
            }
        }
        let mut search = Search::all(folders);
        let Some((study, folders)) = search.look().context("the runs cannot be read")? else {
            return Ok(None);
        };
        let watcher = Self::new(search, &study, plan(&study), folders);
        Ok(Some((study, watcher)))
    }

    fn new(search: Search, study: &Study, runs: Vec<Run>, folders: Vec<PathBuf>) -> Self {
        let files = runs.iter().zip(&folders).map(|(run, folder)| follow(&search, run, folder)).collect();
        let around = Around { search, seen: (asked(study), folders.clone()), due: Instant::now() + SEARCH };
        Self {
            runs: RefCell::new(runs),
            files: RefCell::new(files),
            around: RefCell::new(around),
            holders: Holders::default(),
            steered: RefCell::default(),
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
        let seen = (asked(&study), folders.clone());
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
                files.push(follow(&around.search, run, &folder));
                runs.push(run.clone());
            } else {
                // What it told before it went is forgotten with it, and on other tests it tells other things.
                if !were[number] || runs[number].settings.tests != run.settings.tests {
                    files[number] = follow(&around.search, run, &folder);
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
        self.files.borrow_mut().iter_mut().map(Files::read_on).collect()
    }

    /// Why what a run's files say is not believed, if it is not.
    pub fn doubt(&self, run: usize) -> Option<String> {
        self.files.borrow()[run].doubt.clone()
    }

    /// Whether something was told of a run that nothing on disk proves.
    pub fn is_unverified(&self, run: usize) -> bool {
        self.files.borrow()[run].unverified
    }

    /// What looks like a run or a plan and could not be taken for one, and why.
    pub fn passed_over(&self) -> Vec<(PathBuf, String)> {
        self.around.borrow().search.passed_over().to_vec()
    }

    /// The same at the end, without planned runs that are still to come because somebody trains: another look is taken, since
    /// what the last one has passed over may have been in the making.
    pub fn never_shown(&self) -> Vec<(PathBuf, String)> {
        let mut passed_over = self.passed_over();
        if !passed_over.is_empty() && self.around.borrow_mut().search.look().is_ok() {
            passed_over = self.passed_over();
        }
        let is_over = self.trainer() == Hold::Free;
        passed_over.into_iter().filter(|(_, why)| is_over || why != NOT_THERE).collect()
    }

    /// Runs that were found twice: the folder that was left out, and the one that counts.
    pub fn twice(&self) -> Vec<(PathBuf, PathBuf)> {
        self.around.borrow().search.twice().to_vec()
    }

    /// A run's folder.
    pub fn folder(&self, run: usize) -> PathBuf {
        self.files.borrow()[run].folder.clone()
    }

    /// A run's settings, as its folder says them.
    pub fn settings(&self, run: usize) -> Arc<Experiment> {
        self.files.borrow()[run].settings()
    }

    /// The plan, as far as it can be seen.
    pub fn runs(&self) -> Vec<Run> {
        self.runs.borrow().clone()
    }

    /// The weights in a run's checkpoint, once it is trained.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or is not the one that the run has written; in words.
    pub fn trained(&self, run: usize) -> Result<Option<Weights>, String> {
        self.files.borrow()[run].trained()
    }

    /// The next event and the index of its run. Looks at a few logs if none is waiting, and at a few of the newest
    /// parameters where those say nothing.
    pub fn try_event(&self) -> Option<(usize, Event)> {
        if self.events.borrow().is_empty() {
            self.read_logs();
        }
        if self.events.borrow().is_empty() {
            self.look_at_steered();
        }
        let event = self.events.borrow_mut().pop_front();
        if event.is_none() {
            self.read_snapshots();
        }
        event
    }

    fn read_logs(&self) {
        let mut files = self.files.borrow_mut();
        self.take_turns(0, files.len(), |run| {
            let files = &mut files[run];
            let due = files.is_due(files.looked);
            if due {
                let events = files.read_log();
                self.events.borrow_mut().extend(events.into_iter().map(|event| (run, event)));
            }
            due
        });
    }

    /// Tells what a person has done with runs where they are trained, as what trains them would. After everything
    /// that their logs say, which they have said before.
    fn look_at_steered(&self) {
        let (mut steered, files) = (self.steered.borrow_mut(), self.files.borrow());
        if !steered.is_due() || files.iter().any(|files| files.present && files.looked.is_none()) {
            return;
        }
        let present = || files.iter().enumerate().filter(|(_, files)| files.present);
        self.holders.look(present().map(|(_, files)| files.folder.as_path()));
        for (run, how) in
            steered.look(present().map(|(run, files)| (run, files.folder.as_path())), &self.holders)
        {
            let step = files[run].step();
            let kind = match how {
                Some(Steered::Paused) => Kind::Paused { step },
                Some(Steered::Stopped) => Kind::Stopped { step },
                // What it tells next says the rest.
                None if files[run].ended => continue,
                None => Kind::Queued { step },
            };
            let event = Event { run: self.runs.borrow()[run].name(), kind };
            self.events.borrow_mut().push_back((run, event));
        }
    }

    fn read_snapshots(&self) {
        let mut files = self.files.borrow_mut();
        self.take_turns(1, files.len(), |run| {
            let files = &mut files[run];
            let due = files.is_due(files.snapshot_looked);
            if due {
                files.read_snapshot();
            }
            due
        });
    }

    /// The newest parameters of a run that were read.
    pub fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
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

    /// The process that trains what is watched, the first one where there are several studies; `None` if none
    /// does.
    pub fn trainer(&self) -> Hold {
        let files = self.files.borrow();
        let present = || files.iter().filter(|files| files.present).map(|files| files.folder.as_path());
        self.holders.look(present());
        present().map(|folder| self.holders.of(folder)).find(|hold| *hold != Hold::Free).unwrap_or_default()
    }

    /// Which process has claimed this run of a study that is shared.
    pub fn holder(&self, run: usize) -> Option<Holder> {
        self.holders.claimant(&self.files.borrow().get(run)?.folder)
    }

    /// Whether some process trains the study of this run.
    pub fn is_trained(&self, run: usize) -> bool {
        self.files.borrow().get(run).is_some_and(|files| self.holders.is_held(&files.folder))
    }

    /// Whether every run has finished or failed and everything has been told.
    pub fn is_over(&self) -> bool {
        self.events.borrow().is_empty() && {
            let steered = self.steered.borrow();
            let ended =
                |(run, files): (usize, &Files)| files.ended || !files.present || steered.is_stopped(run);
            self.files.borrow().iter().enumerate().all(ended)
        }
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

/// One run's files, read by the settings as its folder says them: the study may call it by another name.
fn follow(search: &Search, run: &Run, folder: &Path) -> Files {
    let settings = search.settings(folder).unwrap_or_else(|| run.settings.clone());
    Files::new(folder.to_owned(), settings, run.seed)
}

fn asked(study: &Study) -> Vec<Asked> {
    let asked = |one: &Experiment| (one.name.clone(), one.tests.clone(), one.published.clone());
    study.experiments.iter().map(asked).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::experiments::parse;
    use crate::study::layout::{SETTINGS, run_folder};
    use crate::study::{Session, SessionOptions, study_folder};

    fn names(study: &Study) -> Vec<String> {
        study.experiments.iter().map(|experiment| experiment.name.clone()).collect()
    }

    /// Trains to the end what the text says.
    fn train(out: &Path, text: &str) -> Study {
        let study = parse("test", None, &format!("{SHORT}{text}")).expect("a good file");
        let options = SessionOptions {
            jobs: 1,
            out: Some(out.to_owned()),
            study: "test".to_owned(),
            ..SessionOptions::default()
        };
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
        let (study, watcher) = Watcher::open(&[out.to_owned()]).expect("a run");
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

    #[test]
    fn what_was_in_the_making_at_the_last_look_is_looked_at_once_more_at_the_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path();
        let study = train(out, &format!("{ZEBRA}{AARDVARK}"));
        let settings = run_folder(&study_folder(out, "test"), &plan(&study)[0]).join(SETTINGS);
        let whole = fs::read(&settings).expect("it was trained");
        fs::write(&settings, "").expect("its own folder");
        let (_, watcher) = Watcher::open(&[out.to_owned()]).expect("two other runs");
        assert_eq!(watcher.passed_over().len(), 1);
        assert_eq!(watcher.never_shown().len(), 1, "it is still as it was");
        fs::write(&settings, whole).expect("its own folder");
        assert_eq!(watcher.never_shown(), []);
    }
}
