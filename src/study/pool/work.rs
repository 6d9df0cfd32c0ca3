//! What a worker thread does: train a run from start to end, then test it together with whoever is
//! idle. Nothing here depends on time or on the number of workers but the moments at which snapshots
//! are left.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::board::{Entry, Shared, Work, lock};
use crate::config::Algorithm;
use crate::eval::{Curve, statistics, task_losses};
use crate::learner::{Learner, State, learner};
use crate::model::{Path, Weights};
use crate::study::disk::record::{Next, Record};
use crate::study::disk::resume::Header;
use crate::study::event::Event;
use crate::study::plan::Run;
use crate::study::snapshot::Snapshot;
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

/// What ends a worker's turn with a run before the run's time.
enum End {
    /// The session stops.
    Stopped,
    /// A person wants the worker to let go of it.
    WantedBack(Box<Going>),
    Failed {
        step: u64,
        error: String,
    },
}

/// A run between two outer steps, outside any thread.
pub(super) struct Going {
    state: State,
    progress: Progress,
    seconds: f64,
    record: Option<Record>,
}

impl Going {
    /// Outer steps taken.
    pub(super) fn step(&self) -> u64 {
        self.progress.step
    }
}

/// A worker thread's life.
pub(super) fn work(shared: &Shared) {
    while let Some(job) = shared.next_job() {
        let run = match &job {
            Work::Train(run, _) => *run,
            Work::Test(exam, _) => exam.run,
        };
        let ended = catch_unwind(AssertUnwindSafe(|| match job {
            Work::Train(run, going) => train(shared, run, going),
            Work::Test(exam, share) => test(shared, &exam, share),
        }));
        let (step, error) = match ended {
            Ok(Ok(()) | Err(End::Stopped)) => continue,
            Ok(Err(End::WantedBack(going))) => {
                shared.take_back(run, going);
                continue;
            }
            Ok(Err(End::Failed { step, error })) => (step, error),
            Err(panic) => {
                let reached = lock(&shared.entry(run).slot).as_ref().map_or(0, |snapshot| snapshot.step);
                (reached, format!("a bug in metascope: {}", words(&*panic)))
            }
        };
        shared.report(run, None, shared.failure(run, step, error));
        shared.close(run, None);
    }
    shared.leave();
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// Trains a run, from its beginning or from where it was interrupted, and hands its test tasks out in
/// shares.
fn train(shared: &Shared, number: usize, going: Option<Box<Going>>) -> Result<(), End> {
    let entry = shared.entry(number);
    let Run { settings, seed, .. } = &entry.run;
    let total = settings.total_steps();
    let mut learner = learner(settings, *seed, shared.path);
    let Some(going) =
        going.map_or_else(|| open(shared, number, &entry, &*learner), |going| Ok(Some(going)))?
    else {
        return Ok(());
    };
    let Going { state, mut progress, seconds, mut record } = *going;
    learner.restore(&state);
    let mut clock = Clock::new(seconds);
    let leave = |step, weights| {
        *lock(&entry.slot) = Some(Arc::new(Snapshot { step, weights }));
    };
    leave(progress.step, state.weights);
    let save = |record: &mut Option<Record>, learner: &dyn Learner, progress: &Progress, clock: &Clock| {
        let Some(record) = record else { return Ok(()) };
        let state = learner.state();
        record.save(progress.header(shared.path, clock.seconds(), &state), state)
    };
    let interval = (total / PROGRESS_EVENTS).max(1);
    let mut landmark = entry.trail.next(progress.step + 1);
    let mut unsaved = false;
    while progress.step < total {
        if shared.is_stopping() || entry.is_wanted_back() {
            leave(progress.step, learner.weights());
            save(&mut record, &*learner, &progress, &clock).map_err(|error| End::Failed {
                step: progress.step,
                error: format!("stopped, and not saved: {error}"),
            })?;
            if shared.is_stopping() {
                return Err(End::Stopped);
            }
            let (state, seconds) = (learner.state(), clock.seconds());
            return Err(End::WantedBack(Box::new(Going { state, progress, seconds, record })));
        }
        let step = progress.step + 1;
        let failed = |error| End::Failed { step, error };
        let loss = learner.outer_step().map_err(|error| failed(format!("{error:#}")))?;
        progress.step = step;
        if !loss.is_finite() {
            leave(step, learner.weights());
            let error = diverged(settings.algorithm, loss, settings.inner_lr, settings.outer_lr);
            // Into the log too, for those who look on; a run that goes on cuts it off again.
            shared.report(number, record.as_mut(), shared.failure(number, step, error));
            shared.close(number, None);
            return Ok(());
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
            shared.report(number, record.as_mut(), event);
            (progress.sum, progress.losses) = (0.0, 0);
        }
        if let Some((number, at)) = landmark
            && at == step
        {
            keep(shared, &entry, record.as_mut(), number, step, &learner.weights());
            landmark = entry.trail.next(step + 1);
        }
        if step % STEPS_PER_LOOK == 0 {
            let now = Instant::now();
            if now - clock.left >= SNAPSHOT_INTERVAL {
                leave(step, learner.weights());
                clock.left = now;
            }
            if now - clock.saved >= shared.save_interval {
                let saved = save(&mut record, &*learner, &progress, &clock);
                if let (Err(error), false) = (&saved, unsaved) {
                    // It is tried again; the run fails if it still cannot be done at the end.
                    let (experiment, seed) = (settings.name.clone(), *seed);
                    let event = Event::Unsaved { experiment, seed, step, error: error.to_string() };
                    shared.report(number, None, event);
                }
                unsaved = saved.is_err();
                clock.saved = Instant::now();
            }
        }
    }
    let state = learner.state();
    leave(total, state.weights.clone());
    let tasks = shared.tests_of(&entry.run);
    let points = settings.evaluation.steps + 1;
    let paper = Paper { losses: vec![0.0; tasks.len() * points], missing: tasks.len(), record };
    let shares = (0..tasks.len()).step_by(TASKS_PER_SHARE);
    let shares: Vec<_> = shares.map(|at| at..(at + TASKS_PER_SHARE).min(tasks.len())).collect();
    let exam = Arc::new(Exam { run: number, state, progress, tasks, clock, paper: Mutex::new(paper) });
    shared.hand_out(&exam, shares);
    Ok(())
}

/// Opens a run's folder, where there is one, and tells what the run has told before. `None` if there is
/// nothing left to do.
fn open(
    shared: &Shared,
    number: usize,
    entry: &Entry,
    learner: &dyn Learner,
) -> Result<Option<Box<Going>>, End> {
    let Run { settings, seed, .. } = &entry.run;
    let (mut record, past, next) = match &shared.folder {
        Some(folder) => {
            let opened = Record::open(folder, &entry.run, shared.path)
                .map_err(|error| End::Failed { step: 0, error: error.to_string() })?;
            (Some(opened.record), opened.past, opened.next)
        }
        None => (None, Vec::new(), Next::Start),
    };
    let is_begun = !past.is_empty();
    let known = past.iter().rev().find_map(|event| match event {
        Event::Evaluated { curve, .. } => Some(curve.clone()),
        _ => None,
    });
    for event in past {
        shared.report(number, None, event);
    }
    if !is_begun {
        let total_steps = settings.total_steps();
        let started = Event::Started { experiment: settings.name.clone(), seed: *seed, total_steps };
        shared.report(number, record.as_mut(), started);
    }
    let going = match next {
        Next::Nothing(weights) => {
            *lock(&entry.slot) = Some(Arc::new(Snapshot { step: settings.total_steps(), weights }));
            shared.close(number, known);
            return Ok(None);
        }
        Next::GoOn(resume) => {
            let Header { step, loss_sum_bits, losses, seconds, .. } = resume.header;
            let progress = Progress { step, sum: f64::from_bits(loss_sum_bits), losses };
            Going { state: resume.state, progress, seconds, record }
        }
        Next::Start => {
            let state = learner.state();
            keep(shared, entry, record.as_mut(), 0, 0, &state.weights);
            Going { state, progress: Progress::default(), seconds: 0.0, record }
        }
    };
    Ok(Some(Box::new(going)))
}

/// Keeps the parameters of a landmark: in the run's folder or, where there is none, in memory.
fn keep(
    shared: &Shared,
    entry: &Entry,
    record: Option<&mut Record>,
    number: usize,
    step: u64,
    weights: &Weights,
) {
    let trail = &entry.trail;
    match record {
        Some(record) => record.keep(trail.offset(number), trail.record(step, weights)),
        None if shared.is_kept(number, trail.len()) => {
            lock(&entry.kept).insert(number, trail.record(step, weights));
        }
        None => {}
    }
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
    /// Of a run that has taken this many seconds before.
    fn new(before: f64) -> Self {
        let now = Instant::now();
        Self { started: now, before, lapped: now, left: now, saved: now }
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

/// Tests a share; with the last one the curve is known, and what remains is to keep it.
fn test(shared: &Shared, exam: &Arc<Exam>, share: Range<usize>) -> Result<(), End> {
    let entry = shared.entry(exam.run);
    let Run { settings, seed, .. } = &entry.run;
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
    let evaluated = Event::Evaluated { experiment, seed, curve: curve.clone() };
    shared.report(exam.run, paper.record.as_mut(), evaluated);
    let seconds = exam.clock.seconds();
    let last = Conclusion { exam: exam.clone(), record: paper.record.take(), curve, seconds };
    if last.record.is_some() {
        // A disk takes milliseconds to say that it has something: others wait for it.
        shared.hand_over(last);
    } else {
        conclude(shared, last);
    }
    Ok(())
}

/// A run that is trained and tested, and not yet kept.
pub(super) struct Conclusion {
    exam: Arc<Exam>,
    record: Option<Record>,
    curve: Curve,
    seconds: f64,
}

/// The life of the thread that waits for the disk.
pub(super) fn keep_results(shared: &Shared) {
    while let Some(conclusion) = shared.next_conclusion() {
        let run = conclusion.exam.run;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| conclude(shared, conclusion))) {
            let step = shared.entry(run).run.settings.total_steps();
            let error = format!("a bug in metascope: {}", words(&*panic));
            shared.report(run, None, shared.failure(run, step, error));
            shared.close(run, None);
        }
    }
}

/// Keeps what a run has come to, tells it, and closes the run.
fn conclude(shared: &Shared, conclusion: Conclusion) {
    let Conclusion { exam, mut record, curve, seconds } = conclusion;
    let entry = shared.entry(exam.run);
    let Run { settings, seed, .. } = &entry.run;
    let checkpoint = record.as_ref().map(|record| record.checkpoint_path().display().to_string());
    let finished = Event::Finished { experiment: settings.name.clone(), seed: *seed, seconds, checkpoint };
    let kept = record.as_mut().map_or(Ok(()), |record| {
        let header = exam.progress.header(shared.path, seconds, &exam.state);
        record.finish(&entry.run, &finished, header, exam.state.clone())
    });
    // Before anybody may start it over.
    drop(record);
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
}
