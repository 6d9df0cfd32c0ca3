//! What the workers of a session share: the jobs still to do, the test tasks, and how results are told
//! and summed up.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::Record;
use super::session::Slot;
use super::work::Exam;
use super::{Event, Run};
use crate::config::{EvaluationSettings, TaskSettings};
use crate::eval::{Curve, mean_and_deviation};
use crate::model::Path;
use crate::task::{TestTask, test_tasks};

/// What is needed to go on is kept this often: what a power cut may cost. `METASCOPE_SAVE_MS` in the
/// environment says otherwise.
const SAVE_INTERVAL: Duration = Duration::from_secs(3);

/// What the workers of a session share.
pub(super) struct Shared {
    pub(super) runs: Vec<Run>,
    pub(super) slots: Vec<Slot>,
    /// Where runs are kept; `None` keeps nothing.
    pub(super) folder: Option<PathBuf>,
    pub(super) board: Mutex<Board>,
    /// Signalled when there is a new job, or no more to come.
    pub(super) wake: Condvar,
    stopping: AtomicBool,
    pub(super) path: Path,
    pub(super) save_interval: Duration,
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
    /// Runs that are not over: while there are any, idle workers wait for a share of the testing.
    open: usize,
    /// Curves of the runs that have one.
    curves: Vec<Option<Curve>>,
    over: Vec<bool>,
    /// Test tasks by what they depend on; most studies have one entry.
    tests: Vec<(TaskSettings, EvaluationSettings, Arc<Vec<TestTask>>)>,
}

pub(super) enum Job {
    Train(usize),
    Test(Arc<Exam>, Range<usize>),
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while a lock was held has been reported as that run's failure; the data are plain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(runs: Vec<Run>, folder: Option<PathBuf>, events: Sender<(usize, Event)>) -> Self {
        let count = runs.len();
        // Every experiment's first seed before any second one: they should be seen side by side. Among
        // those the long ones first, so that the workers end together.
        let mut seen = HashMap::new();
        let mut place = |run: &Run| {
            let place = seen.entry(run.experiment).or_insert(0_usize);
            *place += 1;
            *place
        };
        let mut order: Vec<(usize, Reverse<u64>, usize)> = runs
            .iter()
            .enumerate()
            .map(|(index, run)| (place(run), Reverse(run.settings.total_steps()), index))
            .collect();
        order.sort_unstable();
        Self {
            runs,
            slots: (0..count).map(|_| Slot::default()).collect(),
            folder,
            board: Mutex::new(Board {
                events,
                jobs: order.into_iter().map(|(.., run)| Job::Train(run)).collect(),
                open: count,
                curves: vec![None; count],
                over: vec![false; count],
                tests: Vec::new(),
            }),
            wake: Condvar::new(),
            stopping: AtomicBool::new(false),
            path: Path::detect(),
            save_interval: save_interval(),
        }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _board = lock(&self.board);
        self.wake.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The next job; `None` when there will be no more.
    pub(super) fn next_job(&self) -> Option<Job> {
        let mut board = lock(&self.board);
        loop {
            if self.is_stopping() || board.open == 0 {
                return None;
            }
            if let Some(job) = board.jobs.pop_front() {
                return Some(job);
            }
            board = self.wake.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Logs the event, where there is a log, and sends it.
    pub(super) fn report(&self, run: usize, record: Option<&mut Record>, event: Event) {
        if let Some(record) = record {
            record.append(&event);
        }
        // Whoever listened may be gone; the work is worth finishing all the same.
        let _ = lock(&self.board).events.send((run, event));
    }

    pub(super) fn failure(&self, run: usize, step: u64, error: String) -> Event {
        let Run { settings, seed, .. } = &self.runs[run];
        Event::Failed { experiment: settings.name.clone(), seed: *seed, step, error }
    }

    /// The run's test tasks, drawn once for all runs that share them.
    pub(super) fn tests_of(&self, run: usize) -> Arc<Vec<TestTask>> {
        let settings = &self.runs[run].settings;
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
        let mut board = lock(&self.board);
        if std::mem::replace(&mut board.over[run], true) {
            return;
        }
        board.curves[run] = curve;
        board.open -= 1;
        let experiment = self.runs[run].experiment;
        let mut mates = (0..self.runs.len()).filter(|&mate| self.runs[mate].experiment == experiment);
        if mates.clone().all(|mate| board.over[mate]) {
            let curves: Vec<&Curve> = mates.by_ref().filter_map(|mate| board.curves[mate].as_ref()).collect();
            let steps = self.runs[run].settings.evaluation.steps;
            let summary = summary(&self.runs[run].settings.name, &curves, steps);
            let _ = board.events.send((run, summary));
        }
        self.wake.notify_all();
    }
}

/// Statistics over seeds of the mean test loss.
fn summary(experiment: &str, curves: &[&Curve], steps: usize) -> Event {
    let (mean, seed_std) = (0..=steps)
        .map(|n| {
            let means: Vec<f64> = curves.iter().map(|curve| curve.mean[n]).collect();
            mean_and_deviation(&means)
        })
        .unzip();
    Event::Summary {
        experiment: experiment.to_owned(),
        seeds: curves.len(),
        steps: (0..=steps).collect(),
        mean,
        seed_std,
    }
}
