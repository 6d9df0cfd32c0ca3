//! The training of a run in a worker's hands, from its beginning or from where it was interrupted. Nothing
//! here depends on time or on the number of workers but the moments at which snapshots are left and the
//! run is saved.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::Entry;
use super::evaluate::{conclude, evaluate};
use super::evaluation::Evaluation;
use super::going::{Clock, Going, Progress};
use super::others::end_elsewhere;
use super::shared::{Refused, Shared};
use crate::eval::Curves;
use crate::experiments::Experiment;
use crate::learner::{State, Trainer};
use crate::model::{Kernels, Weights};
use crate::study::claim::right::Claim;
use crate::study::disk::folders;
use crate::study::disk::follow::{Files, last_written};
use crate::study::disk::record::{Next, Record};
use crate::study::disk::resume::Header;
use crate::study::disk::trouble::RecordError;
use crate::study::event::{Event, Kind};
use crate::study::layout::run_folder;
use crate::study::plan::Run;
use crate::study::told::Told;

/// Progress events a run.
const PROGRESS_EVENTS: u64 = 200;
/// What there is to see of a run is told this often: faster than anybody draws. A run of a moment reports every few
/// microseconds, and to wake somebody and to write a line for each of its reports would take a tenth of its time.
const TELL_INTERVAL: Duration = Duration::from_millis(40);
/// Steps between looks at the clock, which costs as much as a hundredth of a step.
const STEPS_PER_LOOK: u64 = 32;

/// What ends a worker's turn with a run before the run's time.
pub enum End {
    /// The session stops.
    Stopped,
    /// Another process that shares the study has claimed it.
    Claimed,
    /// A person wants the worker to let go of it.
    WantedBack(Box<Going>),
    Failed {
        step: u64,
        error: String,
    },
}

/// Trains a run to its end and evaluates it.
pub fn train(shared: &Shared, run: usize, going: Option<Box<Going>>) -> Result<(), End> {
    let Some(mut turn) = Turn::begin(shared, run, going)? else { return Ok(()) };
    while turn.progress.step < turn.total {
        if shared.is_stopping() || turn.entry.is_wanted_back() {
            return Err(turn.let_go());
        }
        turn.step()?;
        turn.report();
        turn.keep_landmark();
        turn.look_at_the_clock()?;
    }
    turn.evaluate();
    Ok(())
}

/// A run in a worker's hands.
struct Turn<'a> {
    shared: &'a Shared,
    run: usize,
    entry: Arc<Entry>,
    trainer: Trainer,
    progress: Progress,
    /// Outer steps it will take.
    total: u64,
    /// Steps between two progress events.
    interval: u64,
    /// The number of the next landmark, and its step.
    landmark: Option<(usize, u64)>,
    clock: Clock,
    record: Option<Record>,
    /// Events that are logged and not told yet, and the step of what came last.
    untold: Vec<Event>,
    news: u64,
    /// What its network was tested on before, where it was trained to the end.
    known: Curves,
    /// What its network is tested by.
    kernels: Kernels,
    /// Why the last save has failed, if it has.
    unsaved: Option<String>,
}

impl<'a> Turn<'a> {
    /// Takes a run up; `None` if there is nothing left to do.
    fn begin(shared: &'a Shared, run: usize, going: Option<Box<Going>>) -> Result<Option<Self>, End> {
        let entry = shared.entry(run);
        let Run { settings, seed, .. } = &entry.run;
        let mut trainer = settings.trainer(*seed, shared.kernels);
        let going = match going {
            Some(going) => Some(Taken { going: *going, known: Curves::default(), kernels: shared.kernels }),
            None => open(shared, run, &entry, &trainer)?,
        };
        let Some(Taken { going, known, kernels }) = going else { return Ok(None) };
        let Going { state, progress, seconds, mut record } = going;
        trainer.restore(&state);
        if let Some(record) = &mut record {
            record.write();
        }
        let clock = Clock::new(seconds);
        entry.leave(progress.step, state.weights);
        let total = settings.total_steps();
        let interval = (total / PROGRESS_EVENTS).max(1);
        let landmark = entry.trail.next(progress.step + 1);
        Ok(Some(Self {
            shared,
            run,
            entry,
            trainer,
            progress,
            total,
            interval,
            landmark,
            clock,
            record,
            untold: Vec::new(),
            news: 0,
            known,
            kernels,
            unsaved: None,
        }))
    }

    /// One outer step.
    fn step(&mut self) -> Result<(), End> {
        let step = self.progress.step + 1;
        let loss = self.trainer.outer_step();
        let loss = loss.map_err(|error| {
            self.tell();
            End::Failed { step, error: format!("{error:#}") }
        })?;
        self.progress.step = step;
        if !loss.is_finite() {
            let settings = &self.entry.run.settings;
            let error = diverged(settings, loss);
            if let Some(record) = &mut self.record {
                // Into the log too, for those who look on; a run that goes on cuts it off again.
                let failed = Kind::Failed { step, error: error.clone() };
                record.append(&Event { run: self.entry.run.name(), kind: failed });
            }
            self.tell();
            return Err(End::Failed { step, error });
        }
        self.progress.sum += loss;
        self.progress.losses += 1;
        Ok(())
    }

    /// Logs the losses since the last time, at every interval's end and at the end of all.
    fn report(&mut self) {
        let Progress { step, sum, losses } = self.progress;
        if !step.is_multiple_of(self.interval) && step != self.total {
            return;
        }
        let steps_per_second = self.clock.lap(losses);
        let kind = Kind::Progress { step, loss: sum / losses as f64, steps_per_second };
        let event = Event { run: self.entry.run.name(), kind };
        if let Some(record) = &mut self.record {
            record.append(&event);
        }
        self.untold.push(event);
        self.news = step;
        (self.progress.sum, self.progress.losses) = (0.0, 0);
    }

    /// Keeps the parameters if this step is a landmark.
    fn keep_landmark(&mut self) {
        let step = self.progress.step;
        if let Some((number, at)) = self.landmark
            && at == step
        {
            keep(self.shared, &self.entry, self.record.as_mut(), number, step, &self.trainer.weights());
            self.landmark = self.entry.trail.next(step + 1);
            self.news = step;
        }
    }

    /// Writes and tells what has come since the last time, and leaves a snapshot.
    fn tell(&mut self) {
        if let Some(record) = &mut self.record {
            record.write();
        }
        self.shared.pass_on(self.run, mem::take(&mut self.untold));
        self.entry.leave(self.progress.step, self.trainer.weights());
    }

    /// Tells what there is and saves the run, now and then.
    fn look_at_the_clock(&mut self) -> Result<(), End> {
        let step = self.progress.step;
        let may_save = step.is_multiple_of(STEPS_PER_LOOK);
        if self.news != step && !may_save {
            return Ok(());
        }
        let now = Instant::now();
        if now - self.clock.told >= TELL_INTERVAL {
            self.tell();
            self.clock.told = now;
        }
        if may_save && now - self.clock.saved >= self.shared.save_interval {
            let error = self.save().err().map(|error| error.to_string());
            if self.is_lost() {
                return Err(End::Claimed);
            }
            if let Some(error) = error.as_ref().filter(|_| error != self.unsaved) {
                // It is tried again; the run fails if it still cannot be done at the end.
                self.shared.report(self.run, None, Kind::Unsaved { step, error: error.clone() });
            }
            self.unsaved = error;
            self.clock.saved = Instant::now();
        }
        Ok(())
    }

    /// Whether another process has claimed the run, and comes to the same.
    fn is_lost(&self) -> bool {
        self.record.as_ref().is_some_and(Record::is_lost)
    }

    /// Keeps what is needed to go on, where there is a folder.
    fn save(&mut self) -> Result<(), RecordError> {
        let Some(record) = &mut self.record else { return Ok(()) };
        let state = self.trainer.state();
        record.save(self.progress.header(self.shared.kernels, self.clock.seconds(), &state), state)
    }

    /// Lets go of the run between two steps.
    fn let_go(mut self) -> End {
        let step = self.progress.step;
        self.tell();
        if let Err(error) = self.save() {
            if self.is_lost() {
                return End::Claimed;
            }
            return End::Failed { step, error: format!("stopped, and not saved: {error}") };
        }
        if self.shared.is_stopping() {
            return End::Stopped;
        }
        let (state, seconds) = (self.trainer.state(), self.clock.seconds());
        End::WantedBack(Box::new(Going { state, progress: self.progress, seconds, record: self.record }))
    }

    /// The run is trained: evaluates it, with whoever has nothing to train.
    fn evaluate(mut self) {
        self.tell();
        let Self { shared, run, entry, trainer, progress, clock, record, known, kernels, .. } = self;
        let state = trainer.state();
        drop(trainer);
        let so_far = (progress, clock, kernels);
        let evaluation = Evaluation::new(run, entry.asked(), state, so_far, record, known, &shared.tests);
        let evaluation = Arc::new(evaluation);
        match evaluation.gains() {
            // The set that it was queued for is gone again.
            Some(gains) => conclude(shared, &evaluation, gains),
            None => {
                shared.hand_out(&evaluation);
                while !shared.is_stopping()
                    && let Some(share) = evaluation.next_share()
                {
                    evaluate(shared, &evaluation, &share);
                }
            }
        }
    }
}

/// A run as it is taken up.
struct Taken {
    going: Going,
    /// The curves that it has already.
    known: Curves,
    /// What its network is tested by: what it was trained by.
    kernels: Kernels,
}

/// Opens a run's folder, where there is one, and tells what the run has told before. `None` if there is
/// nothing left to do.
fn open(shared: &Shared, run: usize, entry: &Entry, trainer: &Trainer) -> Result<Option<Taken>, End> {
    let settings = entry.asked();
    // What this process has evaluated is known to whoever looks on, and lacks a test set.
    let told = shared.look(|board| board.curves(run));
    if told.is_empty()
        && let Some(tested) = end_elsewhere(shared, run)
    {
        shared.close(run, Some(tested));
        return Ok(None);
    }
    let mut unsaved = None;
    let right = shared.right(&entry.run).map_err(|refused| match refused {
        Refused::Claimed(_) => End::Claimed,
        Refused::Trouble(error) => End::Failed { step: 0, error: error.to_string() },
    })?;
    if let Some(failed) = right.as_ref().and_then(|claim| failed_elsewhere(claim, entry)) {
        shared.report(run, None, Kind::Recorded { at: 0, events: 1 });
        shared.pass_on(run, vec![failed]);
        shared.close(run, None);
        return Ok(None);
    }
    let (mut record, past, next, at) = match &right {
        Some(claim) => {
            let asked = Run { settings: settings.clone(), ..entry.run.clone() };
            // Asked before the log is opened, which may touch it.
            let at = last_written(claim.folder(), &asked);
            let (opened, noted) = folders::open(claim, &asked, shared.kernels)
                .map_err(|error| End::Failed { step: 0, error: error.to_string() })?;
            if let Some(noted) = noted {
                shared.report(run, None, noted);
            }
            let mut past = opened.past;
            if let Some(error) = opened.unsaved {
                // Its results are there all the same; that it is finished would not be so.
                past.pop();
                unsaved = Some(format!("trained and tested, but not saved: {error}"));
            }
            (Some(opened.record), past, opened.next, at)
        }
        None => (None, Vec::new(), Next::Start, 0),
    };
    let is_begun = !past.is_empty();
    if is_begun && told.is_empty() {
        shared.report(run, None, Kind::Recorded { at, events: past.len() });
    }
    let known = Told::of(&past).curves;
    if told.is_empty() {
        shared.pass_on(run, past);
    }
    let total_steps = settings.total_steps();
    if let Some(error) = unsaved {
        shared.report(run, None, Kind::Failed { step: total_steps, error });
    }
    if let (Some(trained), true, Next::Start) = (entry.newest(), !told.is_empty(), &next)
        && record.is_none()
    {
        // No file holds it, but its parameters are all that a test depends on.
        let state = State { weights: trained.weights.clone(), ..trainer.state() };
        let progress = Progress { step: total_steps, ..Progress::default() };
        let going = Going { state, progress, seconds: 0.0, record };
        return Ok(Some(Taken { going, known: told, kernels: shared.kernels }));
    }
    if !is_begun {
        shared.report(run, record.as_mut(), Kind::Started { total_steps });
    }
    Ok(match next {
        Next::Nothing(weights) => {
            entry.leave(total_steps, weights);
            shared.close(run, Some((known, settings)));
            None
        }
        Next::GoOn(resume) => {
            let Header { step, loss_sum_bits, losses, seconds, .. } = resume.header;
            let progress = Progress { step, sum: f64::from_bits(loss_sum_bits), losses };
            // What was tested before the end was tested by what is trained anew.
            let known = if step < total_steps { Curves::default() } else { known };
            let going = Going { state: resume.state, progress, seconds, record };
            // Others than this process's only where all that is left is a test.
            let kernels = Kernels::named(&resume.header.kernel);
            Some(Taken { going, known, kernels: kernels.unwrap_or(shared.kernels) })
        }
        Next::Start => {
            let state = trainer.state();
            keep(shared, entry, record.as_mut(), 0, 0, &state.weights);
            let going = Going { state, progress: Progress::default(), seconds: 0.0, record };
            Some(Taken { going, known: Curves::default(), kernels: shared.kernels })
        }
    })
}

/// Why a run of a study that several processes share has failed before: it would again, at the same step, in
/// each of them.
fn failed_elsewhere(claim: &Claim, entry: &Entry) -> Option<Event> {
    if !claim.is_of_run() {
        return None;
    }
    let Run { seed, .. } = entry.run;
    let mut files = Files::new(run_folder(claim.folder(), &entry.run), entry.asked(), seed);
    files.read_on().pop().filter(|event| files.doubt.is_none() && matches!(event.kind, Kind::Failed { .. }))
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
        None if shared.is_kept(number, trail.len()) => entry.keep(number, trail.record(step, weights)),
        None => {}
    }
}

/// Why a run with a loss of NaN or infinity stopped, and what to try.
fn diverged(settings: &Experiment, loss: f64) -> String {
    let loss = if loss.is_nan() { "not a number" } else { "infinite" };
    let (inner, outer) = (settings.training.inner_lr, settings.training.outer_lr);
    let inner =
        if settings.algorithm.uses("inner_lr") { format!("inner_lr = {inner}, ") } else { String::new() };
    format!(
        "diverged: the training loss became {loss}. Try a smaller learning rate ({inner}outer_lr = {outer})"
    )
}
