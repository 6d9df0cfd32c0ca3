//! What the workers of a session share: where every run stands, the jobs still to do, the test tasks,
//! and how results are told and summed up.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::control::Wish;
use super::record::Record;
use super::session::Slot;
use super::trail::Trail;
use super::work::{Conclusion, Exam, Going};
use super::{Event, Run};
use crate::config::{EvaluationSettings, TaskSettings};
use crate::eval::{Average, Curve, OverSeeds};
use crate::model::Path;
use crate::task::{TestTask, test_tasks};

/// What is needed to go on is kept this often: what a power cut may cost. `METASCOPE_SAVE_MS` in the
/// environment says otherwise.
const SAVE_INTERVAL: Duration = Duration::from_secs(3);

/// What the workers of a session share.
pub(super) struct Shared {
    /// Every run there has been; their order is how everybody refers to them, so it only grows.
    pub(super) entries: RwLock<Vec<Arc<Entry>>>,
    /// Where runs are kept; `None` keeps nothing.
    pub(super) folder: Option<PathBuf>,
    pub(super) board: Mutex<Board>,
    /// Signalled when there is a new job, or no more to come.
    pub(super) wake: Condvar,
    stopping: AtomicBool,
    /// Of how many landmarks one is kept in memory.
    pub(super) stride: AtomicUsize,
    pub(super) path: Path,
    pub(super) save_interval: Duration,
}

/// One run as the workers and the outside share it.
pub(super) struct Entry {
    pub(super) run: Run,
    pub(super) slot: Slot,
    pub(super) trail: Trail,
    /// Its past by landmark, where no file holds it.
    pub(super) kept: Mutex<BTreeMap<usize, Vec<u8>>>,
    /// What the worker that has it is asked to do.
    wish: AtomicU8,
}

impl Entry {
    pub(super) fn new(run: Run) -> Arc<Self> {
        let trail = Trail::new(&run.settings);
        let wish = AtomicU8::new(Wish::GoOn as u8);
        Arc::new(Self { run, slot: Slot::default(), trail, kept: Mutex::default(), wish })
    }

    /// Whether the worker should let go of the run after this step.
    pub(super) fn is_wanted_back(&self) -> bool {
        self.wish.load(Ordering::Relaxed) != Wish::GoOn as u8
    }

    pub(super) fn wish(&self, wish: Wish) {
        self.wish.store(wish as u8, Ordering::Relaxed);
    }

    /// Takes the wish back that it be dropped.
    pub(super) fn stay(&self) {
        let [from, to] = [Wish::Drop as u8, Wish::GoOn as u8];
        // Fails where that was not the wish, which is as well.
        let _ = self.wish.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn take_wish(&self) -> Wish {
        Wish::ALL[usize::from(self.wish.swap(Wish::GoOn as u8, Ordering::Relaxed))]
    }
}

/// How often what is needed to go on is kept.
fn save_interval() -> Duration {
    let asked = std::env::var("METASCOPE_SAVE_MS").ok().and_then(|text| text.parse().ok());
    asked.map_or(SAVE_INTERVAL, Duration::from_millis)
}

/// What the workers read and write together.
pub(super) struct Board {
    events: Sender<(usize, Event)>,
    pub(super) jobs: VecDeque<Job>,
    pub(super) stages: Vec<Stage>,
    /// Curves of the runs that have one.
    pub(super) curves: Vec<Option<Curve>>,
    /// Runs whose results are to be kept.
    conclusions: VecDeque<Conclusion>,
    /// Workers that may still have one.
    workers: usize,
    /// Test tasks by what they depend on; most studies have one entry.
    tests: Vec<(TaskSettings, EvaluationSettings, Arc<Vec<TestTask>>)>,
}

/// Where a run stands. What it would go on from is with it, unless that is on disk or it has not begun.
pub(super) enum Stage {
    Queued(Option<Box<Going>>),
    Working,
    Paused(Option<Box<Going>>),
    Stopped(Option<Box<Going>>),
    /// Done or failed.
    Over,
    /// No longer part of the study.
    Dropped,
}

pub(super) enum Job {
    Train(usize),
    Test(Arc<Exam>, Range<usize>),
}

/// What a worker is to do next.
pub(super) enum Work {
    Train(usize, Option<Box<Going>>),
    Test(Arc<Exam>, Range<usize>),
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while a lock was held has been reported as that run's failure; the data are plain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(runs: Vec<Run>, folder: Option<PathBuf>, events: Sender<(usize, Event)>) -> Self {
        let shared = Self {
            entries: RwLock::default(),
            folder,
            board: Mutex::new(Board {
                events,
                jobs: VecDeque::new(),
                stages: Vec::new(),
                curves: Vec::new(),
                conclusions: VecDeque::new(),
                workers: 0,
                tests: Vec::new(),
            }),
            wake: Condvar::new(),
            stopping: AtomicBool::new(false),
            stride: AtomicUsize::new(1),
            path: Path::detect(),
            save_interval: save_interval(),
        };
        shared.plan(runs);
        shared
    }

    /// A run's entry. `run` is one of those [`Shared::plan`] has given.
    pub(super) fn entry(&self, run: usize) -> Arc<Entry> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)[run].clone()
    }

    /// The entry of a run that somebody outside names.
    pub(super) fn find(&self, run: usize) -> Option<Arc<Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(run).cloned()
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _board = lock(&self.board);
        self.wake.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether every run is done, failed or stopped.
    pub(super) fn is_over(&self) -> bool {
        let board = lock(&self.board);
        board.stages.iter().all(|stage| matches!(stage, Stage::Over | Stage::Stopped(_) | Stage::Dropped))
    }

    /// Whether no run is being worked on or waits for a worker.
    pub(super) fn is_idle(&self) -> bool {
        let board = lock(&self.board);
        !board.stages.iter().any(|stage| matches!(stage, Stage::Queued(_) | Stage::Working))
    }

    /// The runs that wait for a worker, the next one first.
    pub(super) fn queue(&self) -> Vec<usize> {
        let board = lock(&self.board);
        let train = |job: &Job| match job {
            Job::Train(run) => Some(*run),
            Job::Test(..) => None,
        };
        board.jobs.iter().filter_map(train).collect()
    }

    /// The next job; `None` when there will be no more.
    pub(super) fn next_job(&self) -> Option<Work> {
        let mut board = lock(&self.board);
        loop {
            if self.is_stopping() {
                return None;
            }
            match board.jobs.pop_front() {
                Some(Job::Test(exam, share)) => return Some(Work::Test(exam, share)),
                Some(Job::Train(run)) => {
                    match std::mem::replace(&mut board.stages[run], Stage::Working) {
                        Stage::Queued(going) => return Some(Work::Train(run, going)),
                        // A job of a run that is not queued is stale.
                        other => board.stages[run] = other,
                    }
                }
                None => board = self.wake.wait(board).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Hands the shares of a run's test out, before any training: a run that is almost done should be.
    pub(super) fn hand_out(&self, exam: &Arc<Exam>, shares: Vec<Range<usize>>) {
        let mut board = lock(&self.board);
        for share in shares.into_iter().rev() {
            board.jobs.push_front(Job::Test(exam.clone(), share));
        }
        self.wake.notify_all();
    }

    /// Leaves the results of a run to whoever keeps them.
    pub(super) fn hand_over(&self, conclusion: Conclusion) {
        lock(&self.board).conclusions.push_back(conclusion);
        self.wake.notify_all();
    }

    /// The next results to keep; `None` when no worker is left to have any.
    pub(super) fn next_conclusion(&self) -> Option<Conclusion> {
        let mut board = lock(&self.board);
        loop {
            match board.conclusions.pop_front() {
                None if board.workers == 0 => return None,
                None => board = self.wake.wait(board).unwrap_or_else(PoisonError::into_inner),
                next => return next,
            }
        }
    }

    /// A worker is about to begin.
    pub(super) fn join(&self) {
        lock(&self.board).workers += 1;
    }

    /// A worker ends.
    pub(super) fn leave(&self) {
        lock(&self.board).workers -= 1;
        self.wake.notify_all();
    }

    /// Logs the event, where there is a log, and sends it.
    pub(super) fn report(&self, run: usize, record: Option<&mut Record>, event: Event) {
        if let Some(record) = record {
            record.append(&event);
        }
        lock(&self.board).tell(run, event);
    }

    pub(super) fn failure(&self, run: usize, step: u64, error: String) -> Event {
        let Run { settings, seed, .. } = &self.entry(run).run;
        Event::Failed { experiment: settings.name.clone(), seed: *seed, step, error }
    }

    /// Whether the landmark of this number is kept where no file holds it.
    pub(super) fn is_kept(&self, number: usize, of: usize) -> bool {
        number.is_multiple_of(self.stride.load(Ordering::Relaxed)) || number + 1 == of
    }

    /// The run's test tasks, drawn once for all runs that share them.
    pub(super) fn tests_of(&self, run: &Run) -> Arc<Vec<TestTask>> {
        let settings = &run.settings;
        let mut board = lock(&self.board);
        for (task, evaluation, tests) in &board.tests {
            if *task == settings.task && *evaluation == settings.evaluation {
                return tests.clone();
            }
        }
        let tests = Arc::new(test_tasks(&settings.task, &settings.evaluation));
        board.tests.push((settings.task.clone(), settings.evaluation.clone(), tests.clone()));
        tests
    }

    /// Notes that a run is over, and sums its experiment up if it was the last one.
    pub(super) fn close(&self, run: usize, curve: Option<Curve>) {
        let entry = self.entry(run);
        let mut board = lock(&self.board);
        if matches!(board.stages[run], Stage::Over) {
            return;
        }
        match entry.take_wish() {
            Wish::Drop => {
                (board.stages[run], board.curves[run]) = (Stage::Dropped, None);
                return;
            }
            Wish::Restart => {
                drop(board);
                match self.begin_again(run, &entry) {
                    Ok(()) => return,
                    Err(error) => self.report(run, None, self.failure(run, 0, error.to_string())),
                }
                board = lock(&self.board);
            }
            // It was done before it could be held.
            Wish::GoOn | Wish::Pause | Wish::Stop => {}
        }
        board.stages[run] = Stage::Over;
        board.curves[run] = curve;
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let is_mate = |mate: &usize| {
            let other = &entries[*mate].run.settings;
            other.name == entry.run.settings.name && !matches!(board.stages[*mate], Stage::Dropped)
        };
        let mates: Vec<usize> = (0..entries.len()).filter(is_mate).collect();
        if let Some(last) = mates.last()
            && mates.iter().all(|mate| matches!(board.stages[*mate], Stage::Over))
        {
            let curves: Vec<&Curve> = mates.iter().filter_map(|mate| board.curves[*mate].as_ref()).collect();
            let settings = &entry.run.settings;
            let summary = summary(&settings.name, &curves, settings.evaluation.steps);
            board.tell(*last, summary);
        }
    }
}

impl Board {
    pub(super) fn tell(&self, run: usize, event: Event) {
        // Whoever listened may be gone; the work is worth finishing all the same.
        let _ = self.events.send((run, event));
    }
}

/// Statistics over seeds of the mean test loss.
fn summary(experiment: &str, curves: &[&Curve], steps: usize) -> Event {
    let (mean, seed_std) = OverSeeds::of(curves, steps + 1, Average::Mean).of_every_seed();
    Event::Summary {
        experiment: experiment.to_owned(),
        seeds: curves.len(),
        steps: (0..=steps).collect(),
        mean,
        seed_std,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::study::plan;

    #[test]
    fn a_summary_belongs_to_the_last_run_whichever_ends_last() {
        let text = "[[experiment]]\nname = \"a\"\nalgorithm = \"maml\"\nseeds = 3\n";
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let (sender, events) = std::sync::mpsc::channel();
            let shared = Shared::new(plan(&parse("test", None, text).expect("a good file")), None, sender);
            for run in order {
                assert!(events.try_recv().is_err(), "one of them is not over");
                shared.close(run, None);
            }
            assert!(matches!(events.try_recv(), Ok((2, Event::Summary { seeds: 0, .. }))), "{order:?}");
            assert!(events.try_recv().is_err(), "it is told once");
        }
    }
}
