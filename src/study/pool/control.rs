//! How a study changes while it runs: what a person wants of a run, and another plan. A run that a worker
//! has is asked for; the worker lets go of it between two outer steps, with everything it goes on from,
//! so nothing that is done here changes a result.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::board::{Board, Entry, Job, Shared, Stage, lock};
use super::work::Going;
use crate::config::Experiment;
use crate::study::disk::folders::set_aside;
use crate::study::disk::record::RecordError;
use crate::study::disk::trail::Trail;
use crate::study::event::Event;
use crate::study::layout::folder_name;
use crate::study::plan::Run;

/// What a person can do with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Let it wait, with everything it has reached.
    Pause,
    /// Go on, as the next one in the queue.
    Start,
    /// End it here; what it has reached is kept.
    Stop,
    /// Start over from step 0; what it left on disk is put aside.
    Restart,
}

/// What a worker is asked to do with the run it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    GoOn,
    Pause,
    Stop,
    Restart,
    Drop,
}

impl Wish {
    pub(super) const ALL: [Self; 5] = [Self::GoOn, Self::Pause, Self::Stop, Self::Restart, Self::Drop];
}

impl Shared {
    /// Makes these runs the study: those it has already are kept as they are, new ones are queued, and
    /// those that are not among them are stopped and forgotten. The numbers of the runs, in this order.
    pub(super) fn plan(&self, runs: Vec<Run>) -> Vec<usize> {
        let mut board = lock(&self.board);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // The runs of an experiment share their settings, whose hash takes longer than looking it up.
        let mut names: HashMap<*const Experiment, String> = HashMap::new();
        let mut key = |run: &Run| {
            let name = names.entry(Arc::as_ptr(&run.settings)).or_insert_with(|| folder_name(&run.settings));
            (name.clone(), run.seed)
        };
        let known = entries.iter().enumerate().map(|(number, entry)| (key(&entry.run), number));
        let known: HashMap<_, _> = known.collect();
        let mut fresh = Vec::new();
        let mut numbers = Vec::new();
        for run in runs {
            let number = known.get(&key(&run)).copied().unwrap_or_else(|| {
                entries.push(Entry::new(run));
                board.stages.push(Stage::Dropped);
                board.curves.push(None);
                entries.len() - 1
            });
            entries[number].stay();
            if matches!(board.stages[number], Stage::Dropped) {
                board.stages[number] = Stage::Queued(None);
                fresh.push(number);
            }
            numbers.push(number);
        }
        let wanted: HashSet<usize> = numbers.iter().copied().collect();
        for number in (0..entries.len()).filter(|number| !wanted.contains(number)) {
            board.curves[number] = None;
            match board.stages[number] {
                Stage::Working => entries[number].wish(Wish::Drop),
                _ => board.stages[number] = Stage::Dropped,
            }
        }
        board.jobs.retain(|job| !matches!(job, Job::Train(run) if !wanted.contains(run)));
        board.jobs.extend(in_order(&entries, fresh).into_iter().map(Job::Train));
        let stride = Trail::stride(numbers.iter().map(|number| &entries[*number].trail));
        self.stride.store(stride, Ordering::Relaxed);
        self.wake.notify_all();
        numbers
    }

    /// Does with a run what a person wants. What its worker has to do happens after the worker's current
    /// outer step.
    ///
    /// # Errors
    /// If the folder of a run that starts over cannot be put aside.
    pub(super) fn control(&self, run: usize, control: Control) -> Result<(), RecordError> {
        let Some(entry) = self.find(run) else { return Ok(()) };
        let mut board = lock(&self.board);
        match (control, std::mem::replace(&mut board.stages[run], Stage::Over)) {
            (Control::Pause, Stage::Queued(going)) => {
                board.hold(run, &entry.run, Stage::Paused(going));
            }
            (Control::Stop, Stage::Queued(going) | Stage::Paused(going)) => {
                board.hold(run, &entry.run, Stage::Stopped(going));
            }
            (Control::Start, Stage::Paused(going) | Stage::Stopped(going)) => {
                board.queue(run, &entry.run, going);
                self.wake.notify_all();
            }
            (wanted, Stage::Working) => {
                board.stages[run] = Stage::Working;
                entry.wish(match wanted {
                    Control::Pause => Wish::Pause,
                    Control::Stop => Wish::Stop,
                    Control::Start => Wish::GoOn,
                    Control::Restart => Wish::Restart,
                });
            }
            (_, Stage::Dropped) => board.stages[run] = Stage::Dropped,
            (Control::Restart, _) => {
                drop(board);
                self.begin_again(run, &entry)?;
            }
            (_, as_it_was) => board.stages[run] = as_it_was,
        }
        Ok(())
    }

    /// Takes a run back that its worker was asked for, with what it goes on from.
    pub(super) fn take_back(&self, run: usize, going: Box<Going>) {
        let entry = self.entry(run);
        let mut board = lock(&self.board);
        match entry.take_wish() {
            Wish::GoOn => board.queue(run, &entry.run, Some(going)),
            Wish::Pause => board.hold(run, &entry.run, Stage::Paused(Some(going))),
            Wish::Stop => board.hold(run, &entry.run, Stage::Stopped(Some(going))),
            Wish::Drop => board.stages[run] = Stage::Dropped,
            Wish::Restart => {
                drop(board);
                // Its folder is about to be moved: nothing of it may be open.
                drop(going);
                if let Err(error) = self.begin_again(run, &entry) {
                    self.report(run, None, self.failure(run, 0, error.to_string()));
                    self.close(run, None);
                }
                return;
            }
        }
        self.wake.notify_all();
    }

    /// Queues a run that nobody works on from its beginning; what it has left on disk is put aside.
    pub(super) fn begin_again(&self, run: usize, entry: &Entry) -> Result<(), RecordError> {
        if let Some(folder) = &self.folder {
            set_aside(folder, &entry.run)?;
        }
        lock(&entry.kept).clear();
        *lock(&entry.slot) = None;
        let mut board = lock(&self.board);
        board.curves[run] = None;
        board.queue(run, &entry.run, None);
        self.wake.notify_all();
        Ok(())
    }
}

impl Board {
    /// A run waits, or is stopped, until a person wants it to go on.
    fn hold(&mut self, number: usize, run: &Run, stage: Stage) {
        self.jobs.retain(|job| !matches!(job, Job::Train(other) if *other == number));
        let (experiment, seed) = (run.settings.name.clone(), run.seed);
        let step = |going: &Option<Box<Going>>| going.as_ref().map_or(0, |going| going.step());
        match &stage {
            Stage::Paused(going) => self.tell(number, Event::Paused { experiment, seed, step: step(going) }),
            Stage::Stopped(going) => {
                self.tell(number, Event::Stopped { experiment, seed, step: step(going) })
            }
            Stage::Queued(_) | Stage::Working | Stage::Over | Stage::Dropped => {}
        }
        self.stages[number] = stage;
    }

    /// A run is the next to be worked on.
    fn queue(&mut self, number: usize, run: &Run, going: Option<Box<Going>>) {
        let step = going.as_ref().map_or(0, |going| going.step());
        self.stages[number] = Stage::Queued(going);
        self.jobs.retain(|job| !matches!(job, Job::Train(other) if *other == number));
        self.jobs.push_front(Job::Train(number));
        self.tell(number, Event::Queued { experiment: run.settings.name.clone(), seed: run.seed, step });
    }
}

/// Every experiment's first seed before any second one: they should be seen side by side. Among those
/// the long ones first, so that the workers end together.
fn in_order(entries: &[Arc<Entry>], runs: Vec<usize>) -> Vec<usize> {
    let mut seen = HashMap::new();
    let mut order: Vec<(usize, Reverse<u64>, usize)> = runs
        .into_iter()
        .map(|number| {
            let run = &entries[number].run;
            let place = seen.entry(run.settings.name.as_str()).or_insert(0_usize);
            *place += 1;
            (*place, Reverse(run.settings.total_steps()), number)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., run)| run).collect()
}
