//! Where every run stands and what there is to do: a state machine. Its methods are told what has happened
//! and answer what is to be done about it; they wait for nothing, lock nothing and touch no disk. How a
//! study changes while it runs is in [`super::control`].

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::evaluation::{Evaluation, Outcome};
use super::going::Going;
use super::stages::{Job, Stage, Wish, Work};
use crate::eval::{Average, Curve, OverSeeds};
use crate::study::event::Event;
use crate::study::plan::Run;

/// What the workers and the outside read and write together.
#[derive(Default)]
pub struct Board {
    /// Every run there has been; their order is how everybody refers to them, so it only grows.
    pub(super) places: Vec<Place>,
    pub(super) jobs: VecDeque<Job>,
    /// What is to be kept.
    outcomes: VecDeque<Outcome>,
    /// Workers that may still have an outcome.
    workers: usize,
}

/// What is known of one run.
pub(super) struct Place {
    pub run: Run,
    pub stage: Stage,
    pub curve: Option<Curve>,
}

/// What is to be done about something the board was told.
#[must_use]
pub enum Answer {
    Nothing,
    /// This event is to be told of this run.
    Tell(usize, Event),
    /// What the run has left is to be put aside; then [`Board::cleared`] or [`Board::abandon`] says what
    /// follows. Nobody is given the run in the meantime.
    Clear,
}

impl Board {
    /// Every run there has been.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.places.iter().map(|place| &place.run)
    }

    /// Whether every run is done, failed or stopped.
    pub fn is_over(&self) -> bool {
        let over = |stage: &Stage| matches!(stage, Stage::Over | Stage::Stopped(_) | Stage::Dropped);
        self.places.iter().all(|place| over(&place.stage))
    }

    /// Whether no run is being worked on or waits for a worker.
    pub fn is_idle(&self) -> bool {
        let moving = |stage: &Stage| matches!(stage, Stage::Queued(_) | Stage::Working(_));
        !self.places.iter().any(|place| moving(&place.stage))
    }

    /// The runs that wait for a worker, the next one first.
    pub fn queue(&self) -> Vec<usize> {
        let train = |job: &Job| match job {
            Job::Train(run) => Some(*run),
            Job::Test(..) => None,
        };
        self.jobs.iter().filter_map(train).collect()
    }

    /// Whether the worker that has the run should let go of it.
    pub fn is_wanted_back(&self, run: usize) -> bool {
        matches!(self.places[run].stage, Stage::Working(wish) if wish != Wish::GoOn)
    }

    /// A worker is about to begin.
    pub fn join(&mut self) {
        self.workers += 1;
    }

    /// A worker ends.
    pub fn leave(&mut self) {
        self.workers -= 1;
    }

    /// Whether a worker is left that may have an outcome.
    pub fn has_workers(&self) -> bool {
        self.workers > 0
    }

    /// A worker has nothing to do: what it is given, if there is anything.
    pub fn next_job(&mut self) -> Option<Work> {
        while let Some(job) = self.jobs.pop_front() {
            match job {
                Job::Test(evaluation, share) => return Some(Work::Test(evaluation, share)),
                Job::Train(run) => {
                    let stage = &mut self.places[run].stage;
                    match mem::replace(stage, Stage::Working(Wish::GoOn)) {
                        Stage::Queued(going) => return Some(Work::Train(run, going)),
                        // A job of a run that is not queued is stale.
                        other => *stage = other,
                    }
                }
            }
        }
        None
    }

    /// A run is trained: the shares of its evaluation come before any training, for a run that is almost
    /// done should be.
    pub fn hand_out(&mut self, evaluation: &Arc<Evaluation>) {
        for share in evaluation.shares().rev() {
            self.jobs.push_front(Job::Test(evaluation.clone(), share));
        }
    }

    /// A run is evaluated: what it has come to is left to whoever keeps it.
    pub fn hand_over(&mut self, outcome: Outcome) {
        self.outcomes.push_back(outcome);
    }

    /// The next outcome to keep, if there is one.
    pub fn next_outcome(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    /// A worker lets go of a run that it was asked for, with what the run goes on from.
    pub fn take_back(&mut self, run: usize, going: Box<Going>) -> Answer {
        self.settle(run, Some(going))
    }

    /// What a run had left is out of the way: it begins again.
    pub fn cleared(&mut self, run: usize) -> Answer {
        self.places[run].curve = None;
        self.settle(run, None)
    }

    /// What a run has left cannot be put out of the way: it is over as it is.
    pub fn abandon(&mut self, run: usize) -> Answer {
        let place = &mut self.places[run];
        if matches!(place.stage, Stage::Working(Wish::Drop)) {
            (place.stage, place.curve) = (Stage::Dropped, None);
            return Answer::Nothing;
        }
        place.stage = Stage::Over;
        self.summarize(run)
    }

    /// A run is done or has failed. Tells its experiment's summary if it was the last one.
    pub fn close(&mut self, run: usize, curve: Option<Curve>) -> Answer {
        let place = &mut self.places[run];
        let Stage::Working(wish) = place.stage else { return Answer::Nothing };
        place.curve = curve;
        match wish {
            Wish::Restart => {
                place.stage = Stage::Working(Wish::GoOn);
                Answer::Clear
            }
            // Where it was to be held, it was done before it could be.
            Wish::Drop | Wish::GoOn | Wish::Pause | Wish::Stop => self.abandon(run),
        }
    }

    /// Does as whoever wanted the run back wished, now that nobody has it.
    fn settle(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        let place = &mut self.places[run];
        let Stage::Working(wish) = place.stage else { return Answer::Nothing };
        match wish {
            Wish::GoOn => self.put_first(run, going),
            Wish::Pause => self.pause(run, going),
            Wish::Stop => self.stop(run, going),
            Wish::Drop => {
                place.stage = Stage::Dropped;
                Answer::Nothing
            }
            Wish::Restart => {
                place.stage = Stage::Working(Wish::GoOn);
                Answer::Clear
            }
        }
    }

    /// A run waits until a person wants it to go on.
    pub(super) fn pause(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        let (experiment, seed, step) = self.whereabouts(run, &going);
        self.places[run].stage = Stage::Paused(going);
        Answer::Tell(run, Event::Paused { experiment, seed, step })
    }

    /// A run is over until a person wants it to go on.
    pub(super) fn stop(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        let (experiment, seed, step) = self.whereabouts(run, &going);
        self.places[run].stage = Stage::Stopped(going);
        Answer::Tell(run, Event::Stopped { experiment, seed, step })
    }

    /// A run is the next to be worked on.
    pub(super) fn put_first(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        self.jobs.push_front(Job::Train(run));
        let (experiment, seed, step) = self.whereabouts(run, &going);
        self.places[run].stage = Stage::Queued(going);
        Answer::Tell(run, Event::Queued { experiment, seed, step })
    }

    fn unqueue(&mut self, run: usize) {
        self.jobs.retain(|job| !matches!(job, Job::Train(other) if *other == run));
    }

    /// The name of a run's experiment, its seed, and the step that it goes on from.
    fn whereabouts(&self, run: usize, going: &Option<Box<Going>>) -> (String, u64, u64) {
        let Run { settings, seed, .. } = &self.places[run].run;
        let step = going.as_ref().map_or(0, |going| going.progress.step);
        (settings.name.clone(), *seed, step)
    }

    /// The summary of a run's experiment if all its runs are over. It belongs to the last of them in the
    /// plan, whichever has ended last.
    fn summarize(&self, run: usize) -> Answer {
        let settings = &self.places[run].run.settings;
        let is_mate = |(_, place): &(usize, &Place)| {
            place.run.settings.name == settings.name && !matches!(place.stage, Stage::Dropped)
        };
        let mates: Vec<(usize, &Place)> = self.places.iter().enumerate().filter(is_mate).collect();
        match mates.last() {
            Some((last, _)) if mates.iter().all(|(_, mate)| matches!(mate.stage, Stage::Over)) => {
                let curves: Vec<&Curve> = mates.iter().filter_map(|(_, mate)| mate.curve.as_ref()).collect();
                Answer::Tell(*last, summary(&settings.name, &curves, settings.evaluation.steps))
            }
            _ => Answer::Nothing,
        }
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
