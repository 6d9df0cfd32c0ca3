//! What a worker thread does: train a run from start to end, then test it together with whoever is
//! idle. Nothing here depends on time or on the number of workers but the moments at which snapshots
//! are left.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::board::{Job, Shared, lock};
use super::record::{Next, Record};
use super::resume::Header;
use super::session::Snapshot;
use super::{Event, Run};
use crate::config::Algorithm;
use crate::eval::{statistics, task_losses};
use crate::learner::{Learner, State, learner};
use crate::model::Path;
use crate::task::TestTask;

/// Progress events a run.
const PROGRESS_EVENTS: u64 = 200;
/// A snapshot is left this often: faster than anybody draws.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(40);
/// Steps between looks at the clock, which costs as much as a hundredth of a step.
const STEPS_PER_LOOK: u64 = 32;
/// Test tasks a worker takes at a time: a few milliseconds of work.
const TASKS_PER_SHARE: usize = 64;

/// A trained network being tested, share by share.
pub(super) struct Exam {
    pub(super) run: usize,
    /// The trained learner.
    state: State,
    progress: Progress,
    tasks: Arc<Vec<TestTask>>,
    clock: Clock,
    paper: Mutex<Paper>,
}

struct Paper {
    /// Losses of all tasks in order, as far as they are known.
    losses: Vec<f64>,
    /// Tasks still to come.
    missing: usize,
    /// The run's folder, for whoever finishes.
    record: Option<Record>,
}

/// What ends a run before its time.
enum End {
    Stopped,
    Failed { step: u64, error: String },
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
            shared.report(run, None, shared.failure(run, step, error));
            shared.close(run, None);
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// Trains a run, from its beginning or from where it was interrupted, and hands its test tasks out in
/// shares.
fn train(shared: &Shared, run: usize) -> Result<(), End> {
    let Run { settings, seed, .. } = &shared.runs[run];
    let total = settings.total_steps();
    let mut opened = match &shared.folder {
        Some(folder) => Some(
            Record::open(folder, &shared.runs[run], shared.path)
                .map_err(|error| End::Failed { step: 0, error: error.to_string() })?,
        ),
        None => None,
    };
    let leave = |step, weights| {
        *lock(&shared.slots[run]) = Some(Arc::new(Snapshot { step, weights }));
    };
    let past = opened.as_mut().map(|opened| std::mem::take(&mut opened.past)).unwrap_or_default();
    let known = past.iter().rev().find_map(|event| match event {
        Event::Evaluated { curve, .. } => Some(curve.clone()),
        _ => None,
    });
    let is_begun = !past.is_empty();
    for event in past {
        shared.report(run, None, event);
    }
    let (mut record, next) = opened.map_or((None, Next::Start), |opened| (Some(opened.record), opened.next));
    let mut clock = Clock::new();
    let mut learner = learner(settings, *seed, shared.path);
    let mut progress = Progress::default();
    match next {
        Next::Nothing(weights) => {
            leave(total, weights);
            shared.close(run, known);
            return Ok(());
        }
        Next::GoOn(resume) => {
            learner.restore(&resume.state);
            let Header { step, loss_sum_bits, losses, seconds, .. } = resume.header;
            progress = Progress { step, sum: f64::from_bits(loss_sum_bits), losses };
            clock.before = seconds;
        }
        Next::Start => {}
    }
    if !is_begun {
        let started = Event::Started { experiment: settings.name.clone(), seed: *seed, total_steps: total };
        shared.report(run, record.as_mut(), started);
    }
    leave(progress.step, learner.weights());
    let save = |record: &mut Option<Record>, learner: &dyn Learner, progress: &Progress, clock: &Clock| {
        let Some(record) = record else { return Ok(()) };
        let state = learner.state();
        record.save(progress.header(shared.path, clock.seconds(), &state), state)
    };
    let interval = (total / PROGRESS_EVENTS).max(1);
    while progress.step < total {
        if shared.is_stopping() {
            leave(progress.step, learner.weights());
            let saved = save(&mut record, &*learner, &progress, &clock);
            return Err(saved.err().map_or(End::Stopped, |error| End::Failed {
                step: progress.step,
                error: format!("stopped, and not saved: {error}"),
            }));
        }
        let step = progress.step + 1;
        let failed = |error| End::Failed { step, error };
        let loss = learner.outer_step().map_err(|error| failed(format!("{error:#}")))?;
        progress.step = step;
        if !loss.is_finite() {
            leave(step, learner.weights());
            return Err(failed(diverged(settings.algorithm, loss, settings.inner_lr, settings.outer_lr)));
        }
        progress.sum += loss;
        progress.losses += 1;
        if step % interval == 0 || step == total {
            let event = Event::Progress {
                experiment: settings.name.clone(),
                seed: *seed,
                step,
                loss: progress.sum / progress.losses as f64,
                steps_per_second: clock.lap(progress.losses),
            };
            shared.report(run, record.as_mut(), event);
            (progress.sum, progress.losses) = (0.0, 0);
        }
        if step % STEPS_PER_LOOK == 0 {
            let now = Instant::now();
            if now - clock.left >= SNAPSHOT_INTERVAL {
                leave(step, learner.weights());
                clock.left = now;
            }
            if now - clock.saved >= shared.save_interval {
                // What cannot be saved now is tried again, and told if it still fails at the end.
                let _ = save(&mut record, &*learner, &progress, &clock);
                clock.saved = Instant::now();
            }
        }
    }
    let state = learner.state();
    leave(total, state.weights.clone());
    let tasks = shared.tests_of(run);
    let points = settings.evaluation.steps + 1;
    let paper = Paper { losses: vec![0.0; tasks.len() * points], missing: tasks.len(), record };
    let shares = (0..tasks.len()).step_by(TASKS_PER_SHARE);
    let shares: Vec<_> = shares.map(|at| at..(at + TASKS_PER_SHARE).min(tasks.len())).collect();
    let exam = Arc::new(Exam { run, state, progress, tasks, clock, paper: Mutex::new(paper) });
    let mut board = lock(&shared.board);
    for share in shares.into_iter().rev() {
        // Before any training: a run that is almost done should be done.
        board.jobs.push_front(Job::Test(exam.clone(), share));
    }
    shared.wake.notify_all();
    Ok(())
}

/// How far a run has come, and the losses since its last progress event.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    step: u64,
    sum: f64,
    losses: u64,
}

impl Progress {
    fn header(&self, path: Path, seconds: f64, state: &State) -> Header {
        Header::new(path.name(), self.step, self.sum, self.losses, seconds, state)
    }
}

/// The moments a run looks back on. Nothing but how often things are told and kept depends on them.
#[derive(Clone, Copy, Debug)]
struct Clock {
    started: Instant,
    /// Seconds spent before this process took the run up.
    before: f64,
    lapped: Instant,
    left: Instant,
    saved: Instant,
}

impl Clock {
    fn new() -> Self {
        let now = Instant::now();
        Self { started: now, before: 0.0, lapped: now, left: now, saved: now }
    }

    /// Seconds spent on the run, by all processes.
    fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// Steps a second since the lap before, and a new lap.
    fn lap(&mut self, steps: u64) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.lapped).as_secs_f64().max(1e-9);
        self.lapped = now;
        steps as f64 / seconds
    }
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
    let losses = task_losses(&exam.state.weights, tasks, evaluation.inner_lr, evaluation.steps, shared.path);
    let mut paper = lock(&exam.paper);
    let paper = &mut *paper;
    paper.losses[share.start * points..share.end * points].copy_from_slice(&losses);
    paper.missing -= share.len();
    if paper.missing > 0 {
        return Ok(());
    }
    let curve = statistics(&paper.losses, evaluation.steps);
    let (experiment, seed) = (settings.name.clone(), *seed);
    let evaluated = Event::Evaluated { experiment: experiment.clone(), seed, curve: curve.clone() };
    shared.report(exam.run, paper.record.as_mut(), evaluated);
    let seconds = exam.clock.seconds();
    let checkpoint = paper.record.as_ref().map(|record| record.checkpoint_path().display().to_string());
    let finished = Event::Finished { experiment, seed, seconds, checkpoint };
    let kept = paper.record.as_mut().map_or(Ok(()), |record| {
        let header = exam.progress.header(shared.path, seconds, &exam.state);
        record.finish(&shared.runs[exam.run], &finished, header, exam.state.clone())
    });
    let last = match kept {
        Ok(()) => finished,
        Err(error) => shared.failure(
            exam.run,
            settings.total_steps(),
            format!("trained and tested, but not saved: {error}"),
        ),
    };
    // Logged already, if at all.
    shared.report(exam.run, None, last);
    shared.close(exam.run, Some(curve));
    Ok(())
}
