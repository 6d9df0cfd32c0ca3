//! What a worker thread does: train a run from start to end, then test it together with whoever is
//! idle. Nothing here depends on time or on the number of workers but the moments at which snapshots
//! are left.

use std::any::Any;
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::record::Record;
use super::session::{Slot, Snapshot};
use super::{Event, Run};
use crate::config::{Algorithm, EvaluationSettings, TaskSettings};
use crate::eval::{Curve, mean_and_deviation, statistics, task_losses};
use crate::learner::learner;
use crate::model::{Path, Weights};
use crate::task::{TestTask, test_tasks};

/// Progress events a run.
const PROGRESS_EVENTS: u64 = 200;
/// A snapshot is left this often: faster than anybody draws.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(40);
/// Steps between looks at the clock, which costs as much as a hundredth of a step.
const STEPS_PER_LOOK: u64 = 32;
/// Test tasks a worker takes at a time: a few milliseconds of work.
const TASKS_PER_SHARE: usize = 64;

/// What the workers of a session share.
pub(super) struct Shared {
    pub(super) runs: Vec<Run>,
    pub(super) slots: Vec<Slot>,
    records: Vec<Mutex<Option<Record>>>,
    state: Mutex<State>,
    /// Signalled when there is a new job, or no more to come.
    wake: Condvar,
    stopping: AtomicBool,
    path: Path,
}

struct State {
    events: Sender<(usize, Event)>,
    jobs: VecDeque<Job>,
    /// Runs that are not over: while there are any, idle workers wait for a share of the testing.
    open: usize,
    /// Curves of the runs that have one.
    curves: Vec<Option<Curve>>,
    over: Vec<bool>,
    /// Test tasks by what they depend on; most studies have one entry.
    tests: Vec<(TaskSettings, EvaluationSettings, Arc<Vec<TestTask>>)>,
}

enum Job {
    Train(usize),
    Test(Arc<Exam>, Range<usize>),
}

/// A trained network being tested, share by share.
struct Exam {
    run: usize,
    weights: Weights,
    tasks: Arc<Vec<TestTask>>,
    started: Instant,
    paper: Mutex<Paper>,
}

struct Paper {
    /// Losses of all tasks in order, as far as they are known.
    losses: Vec<f64>,
    /// Tasks still to come.
    missing: usize,
}

/// What ends a run before its time.
enum End {
    Stopped,
    Failed { step: u64, error: String },
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while a lock was held has been reported as that run's failure; the data are plain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(runs: Vec<Run>, records: Vec<Option<Record>>, events: Sender<(usize, Event)>) -> Self {
        let count = runs.len();
        // Every experiment's first seed before any second one: they should be seen side by side.
        let mut seen = std::collections::HashMap::new();
        let mut place = |run: &Run| {
            let place = seen.entry(run.experiment).or_insert(0_usize);
            *place += 1;
            *place
        };
        let mut order: Vec<(usize, usize)> =
            runs.iter().enumerate().map(|(index, run)| (place(run), index)).collect();
        order.sort_unstable();
        Self {
            runs,
            slots: (0..count).map(|_| Slot::default()).collect(),
            records: records.into_iter().map(Mutex::new).collect(),
            state: Mutex::new(State {
                events,
                jobs: order.into_iter().map(|(_, run)| Job::Train(run)).collect(),
                open: count,
                curves: vec![None; count],
                over: vec![false; count],
                tests: Vec::new(),
            }),
            wake: Condvar::new(),
            stopping: AtomicBool::new(false),
            path: Path::detect(),
        }
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _state = lock(&self.state);
        self.wake.notify_all();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The next job; `None` when there will be no more.
    fn next_job(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if self.is_stopping() || state.open == 0 {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Logs the event and sends it. A log that cannot be written any more is the run's failure, told
    /// once; training goes on.
    fn report(&self, run: usize, event: Event) {
        let mut record = lock(&self.records[run]);
        let unlogged = record.as_mut().and_then(|record| record.append(&event).err());
        // Whoever listened may be gone; the work is worth finishing all the same.
        let _ = lock(&self.state).events.send((run, event));
        if let Some(error) = unlogged {
            *record = None;
            drop(record);
            let _ = lock(&self.state).events.send((run, self.failure(run, 0, format!("not saved: {error}"))));
        }
    }

    fn failure(&self, run: usize, step: u64, error: String) -> Event {
        let Run { settings, seed, .. } = &self.runs[run];
        Event::Failed { experiment: settings.name.clone(), seed: *seed, step, error }
    }

    /// The run's test tasks, drawn once for all runs that share them.
    fn tests_of(&self, run: usize) -> Arc<Vec<TestTask>> {
        let settings = &self.runs[run].settings;
        let mut state = lock(&self.state);
        for (task, evaluation, tests) in &state.tests {
            if *task == settings.task && *evaluation == settings.evaluation {
                return tests.clone();
            }
        }
        let tests = Arc::new(test_tasks(&settings.task, &settings.evaluation));
        state.tests.push((settings.task.clone(), settings.evaluation.clone(), tests.clone()));
        tests
    }

    /// Notes that a run is over, and sums its experiment up if it was the last one.
    fn close(&self, run: usize, curve: Option<Curve>) {
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.over[run], true) {
            return;
        }
        state.curves[run] = curve;
        state.open -= 1;
        let experiment = self.runs[run].experiment;
        let mut mates = (0..self.runs.len()).filter(|&mate| self.runs[mate].experiment == experiment);
        if mates.clone().all(|mate| state.over[mate]) {
            let curves: Vec<&Curve> = mates.by_ref().filter_map(|mate| state.curves[mate].as_ref()).collect();
            let steps = self.runs[run].settings.evaluation.steps;
            let summary = summary(&self.runs[run].settings.name, &curves, steps);
            let _ = state.events.send((run, summary));
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

/// A worker thread's life.
pub(super) fn work(shared: &Shared) {
    while let Some(job) = shared.next_job() {
        let run = match &job {
            Job::Train(run) => *run,
            Job::Test(exam, _) => exam.run,
        };
        let ended = catch_unwind(AssertUnwindSafe(|| match job {
            Job::Train(run) => train(shared, run),
            Job::Test(exam, share) => test(shared, &exam, share),
        }));
        let end = match ended {
            Ok(Ok(())) => continue,
            Ok(Err(end)) => end,
            Err(panic) => End::Failed { step: 0, error: format!("a bug in metascope: {}", words(&*panic)) },
        };
        if let End::Failed { step, error } = end {
            shared.report(run, shared.failure(run, step, error));
            shared.close(run, None);
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// Trains a run and hands its test tasks out in shares.
fn train(shared: &Shared, run: usize) -> Result<(), End> {
    let started = Instant::now();
    let Run { settings, seed, .. } = &shared.runs[run];
    let total = settings.total_steps();
    shared.report(run, Event::Started { experiment: settings.name.clone(), seed: *seed, total_steps: total });
    let mut learner = learner(settings, *seed, shared.path);
    let leave = |step, weights| {
        *lock(&shared.slots[run]) = Some(Arc::new(Snapshot { step, weights }));
    };
    leave(0, learner.weights());
    let interval = (total / PROGRESS_EVENTS).max(1);
    let (mut sum, mut since, mut last_progress, mut last_left) = (0.0, 0_u64, started, started);
    for step in 1..=total {
        if shared.is_stopping() {
            leave(step - 1, learner.weights());
            return Err(End::Stopped);
        }
        let failed = |error| End::Failed { step, error };
        let loss = learner.outer_step().map_err(|error| failed(format!("{error:#}")))?;
        if !loss.is_finite() {
            leave(step, learner.weights());
            return Err(failed(diverged(settings.algorithm, loss, settings.inner_lr, settings.outer_lr)));
        }
        sum += loss;
        since += 1;
        if step % STEPS_PER_LOOK == 0 {
            let now = Instant::now();
            if now - last_left >= SNAPSHOT_INTERVAL {
                leave(step, learner.weights());
                last_left = now;
            }
        }
        if since == interval || step == total {
            let now = Instant::now();
            shared.report(
                run,
                Event::Progress {
                    experiment: settings.name.clone(),
                    seed: *seed,
                    step,
                    loss: sum / since as f64,
                    steps_per_second: since as f64 / (now - last_progress).as_secs_f64().max(1e-9),
                },
            );
            (sum, since, last_progress) = (0.0, 0, now);
        }
    }
    let weights = learner.weights();
    leave(total, weights.clone());
    let tasks = shared.tests_of(run);
    let points = settings.evaluation.steps + 1;
    let paper = Paper { losses: vec![0.0; tasks.len() * points], missing: tasks.len() };
    let shares = (0..tasks.len()).step_by(TASKS_PER_SHARE);
    let shares: Vec<_> = shares.map(|at| at..(at + TASKS_PER_SHARE).min(tasks.len())).collect();
    let exam = Arc::new(Exam { run, weights, tasks, started, paper: Mutex::new(paper) });
    let mut state = lock(&shared.state);
    for share in shares.into_iter().rev() {
        // Before any training: a run that is almost done should be done.
        state.jobs.push_front(Job::Test(exam.clone(), share));
    }
    shared.wake.notify_all();
    Ok(())
}

/// Why a run with a loss of NaN or infinity stopped, and what to try.
fn diverged(algorithm: Algorithm, loss: f64, inner_lr: f64, outer_lr: f64) -> String {
    let loss = if loss.is_nan() { "not a number" } else { "infinite" };
    let rates = match algorithm {
        Algorithm::Random | Algorithm::Transfer => format!("outer_lr = {outer_lr}"),
        _ => format!("inner_lr = {inner_lr}, outer_lr = {outer_lr}"),
    };
    format!("diverged: the training loss became {loss}. Try a smaller learning rate ({rates})")
}

/// Tests a share; whoever finishes the last one draws the conclusions.
fn test(shared: &Shared, exam: &Exam, share: Range<usize>) -> Result<(), End> {
    let Run { settings, seed, .. } = &shared.runs[exam.run];
    let evaluation = &settings.evaluation;
    let points = evaluation.steps + 1;
    let tasks = &exam.tasks[share.clone()];
    let losses = task_losses(&exam.weights, tasks, evaluation.inner_lr, evaluation.steps, shared.path);
    let mut paper = lock(&exam.paper);
    paper.losses[share.start * points..share.end * points].copy_from_slice(&losses);
    paper.missing -= share.len();
    if paper.missing > 0 {
        return Ok(());
    }
    let curve = statistics(&paper.losses, evaluation.steps);
    let total = settings.total_steps();
    shared.report(
        exam.run,
        Event::Evaluated { experiment: settings.name.clone(), seed: *seed, curve: curve.clone() },
    );
    let mut checkpoint = None;
    if let Some(record) = &*lock(&shared.records[exam.run]) {
        let failed = |error| End::Failed { step: total, error };
        let run = &shared.runs[exam.run];
        record.save(run, &exam.weights, total).map_err(|error| failed(format!("trained, but {error}")))?;
        checkpoint = Some(record.checkpoint_path().display().to_string());
    }
    shared.report(
        exam.run,
        Event::Finished {
            experiment: settings.name.clone(),
            seed: *seed,
            seconds: exam.started.elapsed().as_secs_f64(),
            checkpoint,
        },
    );
    shared.close(exam.run, Some(curve));
    Ok(())
}
