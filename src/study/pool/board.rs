//! Where every run stands and what there is to do: a state machine. Its methods are told what has happened
//! and answer what is to be done about it; they wait for nothing, lock nothing and touch no disk. How a
//! study changes while it runs is in [`super::control`].

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::evaluation::{Evaluation, Outcome};
use super::going::Going;
use super::stages::{Stage, Wish, Work};
use crate::eval::{Average, Curve, Curves, OverSeeds};
use crate::experiments::{Experiment, Test};
use crate::study::disk::steered::Steered;
use crate::study::event::{Event, Kind};
use crate::study::plan::{Run, RunName};

/// What the workers and the outside read and write together.
#[derive(Default)]
pub struct Board {
    /// Every run there has been; their order is how everybody refers to them, so it only grows.
    pub(super) places: Vec<Place>,
    /// The runs that wait for a worker, the next one first, and some that do not any more.
    pub(super) jobs: VecDeque<usize>,
    /// Runs under evaluation, each by whoever has trained it.
    evaluations: Vec<Arc<Evaluation>>,
    /// What is to be kept.
    outcomes: VecDeque<Outcome>,
    /// Workers that may still have an outcome.
    workers: usize,
}

/// What is known of one run.
pub(super) struct Place {
    pub run: Run,
    pub stage: Stage,
    /// Once it is evaluated.
    pub curves: Curves,
    /// Where it stands in the order in which runs were to begin.
    pub rank: usize,
}

impl Place {
    /// The plan has the run with these test sets and figures now.
    pub fn ask(&mut self, run: Run) {
        let (old, new) = (&self.run.settings, &run.settings);
        self.curves.retain(|test| old.test(test) == new.test(test));
        self.run = run;
    }

    /// Whether the run was evaluated, and not on all of its test sets.
    pub fn lacks_a_test(&self) -> bool {
        let mut tests = self.run.settings.every_test();
        !self.curves.is_empty() && tests.any(|test| self.curves.of(test.name).is_none())
    }
}

/// What is to be done about something the board was told.
#[must_use]
pub enum Answer {
    Nothing,
    /// These events are to be told of this run.
    Tell(usize, Vec<Event>),
    /// What the run has left is to be put aside; then [`Board::cleared`] or [`Board::abandon`] says what
    /// follows. Nobody is given the run in the meantime.
    Clear,
    /// The same, but what was put aside before takes its place.
    Restore,
}

impl Board {
    /// Every run there has been.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.places.iter().map(|place| &place.run)
    }

    /// Whether every run is done, failed or stopped, here or where it is trained.
    pub fn is_over(&self) -> bool {
        let over = |stage: &Stage| {
            let is_stopped = matches!(stage, Stage::Stopped(_) | Stage::Elsewhere(Some(Steered::Stopped)));
            is_stopped || matches!(stage, Stage::Over | Stage::Dropped)
        };
        self.places.iter().all(|place| over(&place.stage))
    }

    /// Whether no run is being worked on or waits for a worker.
    pub fn is_idle(&self) -> bool {
        let moving =
            |stage: &Stage| matches!(stage, Stage::Queued(_) | Stage::Working(_) | Stage::Elsewhere(None));
        !self.places.iter().any(|place| moving(&place.stage))
    }

    /// The runs that a person has made wait, or has ended.
    pub fn steered(&self) -> Vec<(usize, Steered)> {
        let steered = |stage: &Stage| match stage {
            Stage::Paused(_) => Some(Steered::Paused),
            Stage::Stopped(_) => Some(Steered::Stopped),
            _ => None,
        };
        self.places
            .iter()
            .enumerate()
            .filter_map(|(run, place)| Some((run, steered(&place.stage)?)))
            .collect()
    }

    /// The runs that a person has made wait, or has ended, before anybody here has begun them.
    pub fn held_back(&self) -> Vec<usize> {
        let is_held =
            |(_, place): &(usize, &Place)| matches!(place.stage, Stage::Paused(None) | Stage::Stopped(None));
        self.places.iter().enumerate().filter(is_held).map(|(run, _)| run).collect()
    }

    /// Whether workers here have, or will have, anything to do, as far as anybody knows.
    pub fn has_work(&self) -> bool {
        let ours = |stage: &Stage| matches!(stage, Stage::Queued(_) | Stage::Working(_));
        self.places.iter().any(|place| ours(&place.stage))
    }

    /// The runs that wait for a worker, the next one first.
    pub fn queue(&self) -> Vec<usize> {
        self.jobs.iter().copied().collect()
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

    /// A worker has nothing to do: what it is given, if there is anything. Where no run waits, that is a share of
    /// what another one evaluates.
    pub fn next_job(&mut self) -> Option<Work> {
        while let Some(run) = self.jobs.pop_front() {
            let stage = &mut self.places[run].stage;
            match mem::replace(stage, Stage::Working(Wish::GoOn)) {
                Stage::Queued(going) => return Some(Work::Train(run, going)),
                // A job of a run that is not queued is stale.
                other => *stage = other,
            }
        }
        while let Some(evaluation) = self.evaluations.last() {
            match evaluation.next_share() {
                Some(share) => return Some(Work::Test(evaluation.clone(), share)),
                None => self.evaluations.pop(),
            };
        }
        None
    }

    /// A run is trained, and whoever has trained it evaluates it: workers that have nothing to train may help.
    pub fn hand_out(&mut self, evaluation: &Arc<Evaluation>) {
        self.evaluations.retain(|evaluation| evaluation.has_shares());
        self.evaluations.push(evaluation.clone());
    }

    /// A run is evaluated: what it has come to is left to whoever keeps it.
    pub fn hand_over(&mut self, outcome: Outcome) {
        self.outcomes.push_back(outcome);
    }

    /// How many outcomes wait to be kept.
    pub fn outcomes(&self) -> usize {
        self.outcomes.len()
    }

    /// The next outcome to keep, if there is one.
    pub fn next_outcome(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    /// A worker has let go of a run, as it was asked to; the run can go on from `going`.
    pub fn take_back(&mut self, run: usize, going: Box<Going>) -> Answer {
        self.settle(run, Some(going))
    }

    /// What a run had left is out of the way: it begins again.
    pub fn cleared(&mut self, run: usize) -> Answer {
        self.places[run].curves = Curves::default();
        self.settle(run, None)
    }

    /// What a run has left cannot be put out of the way: it is over as it is.
    pub fn abandon(&mut self, run: usize) -> Answer {
        let place = &mut self.places[run];
        if matches!(place.stage, Stage::Working(Wish::Drop)) {
            (place.stage, place.curves) = (Stage::Dropped, Curves::default());
            return Answer::Nothing;
        }
        place.stage = Stage::Over;
        self.summarize(run)
    }

    /// A run is done, with its curves and the settings that asked for them, or has failed. Tells its experiment's
    /// summaries if it was the last one.
    pub fn close(&mut self, run: usize, tested: Option<(Curves, Arc<Experiment>)>) -> Answer {
        let place = &mut self.places[run];
        let Stage::Working(wish) = place.stage else { return Answer::Nothing };
        place.curves = tested.map_or_else(Curves::default, |(mut curves, settings)| {
            curves.retain(|test| place.run.settings.test(test) == settings.test(test));
            curves
        });
        match wish {
            // The file has got a test set in the meantime.
            Wish::GoOn | Wish::Pause | Wish::Stop if place.lacks_a_test() => {
                place.stage = Stage::Queued(None);
                self.jobs.push_front(run);
                Answer::Nothing
            }
            Wish::Restart => {
                place.stage = Stage::Working(Wish::GoOn);
                Answer::Clear
            }
            Wish::Restore => {
                place.stage = Stage::Working(Wish::GoOn);
                Answer::Restore
            }
            // Where it was to be held, it was done before it could be.
            Wish::Drop | Wish::GoOn | Wish::Pause | Wish::Stop => self.abandon(run),
        }
    }

    /// A worker finds that another process has the run. Nobody here is given it until that one lets go.
    pub fn leave_to_others(&mut self, run: usize) {
        let stage = &mut self.places[run].stage;
        *stage =
            if matches!(stage, Stage::Working(Wish::Drop)) { Stage::Dropped } else { Stage::Elsewhere(None) };
    }

    /// The runs that other processes have.
    pub fn elsewhere(&self) -> Vec<usize> {
        let is_elsewhere = |(_, place): &(usize, &Place)| matches!(place.stage, Stage::Elsewhere(_));
        self.places.iter().enumerate().filter(is_elsewhere).map(|(run, _)| run).collect()
    }

    /// Whether another process has the run.
    pub fn is_elsewhere(&self, run: usize) -> bool {
        self.places.get(run).is_some_and(|place| matches!(place.stage, Stage::Elsewhere(_)))
    }

    /// What a person has done with a run where another process has it, at this step: it is told here too.
    pub fn steered_elsewhere(&mut self, run: usize, how: Option<Steered>, step: u64) -> Answer {
        match self.places.get_mut(run).map(|place| &mut place.stage) {
            Some(Stage::Elsewhere(known)) if *known != how => *known = how,
            _ => return Answer::Nothing,
        }
        let kind = match how {
            Some(Steered::Paused) => Kind::Paused { step },
            Some(Steered::Stopped) => Kind::Stopped { step },
            None => Kind::Queued { step },
        };
        self.tell(run, kind)
    }

    /// Whoever had a run has let go of it before its end: it is the next to be worked on.
    pub fn freed(&mut self, run: usize) {
        if self.is_elsewhere(run) {
            self.places[run].stage = Stage::Queued(None);
            self.jobs.push_front(run);
        }
    }

    /// Another process has brought a run to its end (see [`Board::close`]).
    pub fn close_elsewhere(&mut self, run: usize, tested: Option<(Curves, Arc<Experiment>)>) -> Answer {
        if !self.is_elsewhere(run) {
            return Answer::Nothing;
        }
        self.places[run].stage = Stage::Working(Wish::GoOn);
        self.close(run, tested)
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
            Wish::Restore => {
                place.stage = Stage::Working(Wish::GoOn);
                Answer::Restore
            }
        }
    }

    /// A run waits until a person wants it to go on.
    pub(super) fn pause(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        let step = step_of(&going);
        self.places[run].stage = Stage::Paused(going);
        self.tell(run, Kind::Paused { step })
    }

    /// A run is over until a person wants it to go on.
    pub(super) fn stop(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        let step = step_of(&going);
        self.places[run].stage = Stage::Stopped(going);
        self.tell(run, Kind::Stopped { step })
    }

    /// A run is the next to be worked on.
    pub(super) fn put_first(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        self.jobs.push_front(run);
        let step = step_of(&going);
        self.places[run].stage = Stage::Queued(going);
        self.tell(run, Kind::Queued { step })
    }

    /// A run goes on in the queue's order: what had begun before what has not, and else as it was planned.
    pub(super) fn put_back(&mut self, run: usize, going: Option<Box<Going>>) -> Answer {
        self.unqueue(run);
        let step = step_of(&going);
        self.places[run].stage = Stage::Queued(going);
        let key = |run: usize| {
            let place = &self.places[run];
            (!matches!(place.stage, Stage::Queued(Some(_))), place.rank)
        };
        let at = self.jobs.iter().position(|other| key(*other) > key(run)).unwrap_or(self.jobs.len());
        self.jobs.insert(at, run);
        self.tell(run, Kind::Queued { step })
    }

    fn unqueue(&mut self, run: usize) {
        self.jobs.retain(|other| *other != run);
    }

    /// The answer that this is to be told of a run.
    fn tell(&self, run: usize, kind: Kind) -> Answer {
        Answer::Tell(run, vec![Event { run: self.places[run].run.name(), kind }])
    }

    /// What a run is known to have come to.
    pub fn curves(&self, run: usize) -> Curves {
        self.places[run].curves.clone()
    }

    /// The summaries of a run's experiment if all its runs are over, one a test set. They belong to the last of
    /// them in the plan, whichever has ended last.
    fn summarize(&self, run: usize) -> Answer {
        let settings = &self.places[run].run.settings;
        let is_mate = |(_, place): &(usize, &Place)| {
            place.run.settings.name == settings.name && !matches!(place.stage, Stage::Dropped)
        };
        let mates: Vec<(usize, &Place)> = self.places.iter().enumerate().filter(is_mate).collect();
        match mates.last() {
            Some((last, _)) if mates.iter().all(|(_, mate)| matches!(mate.stage, Stage::Over)) => {
                let summary = |test: Test<'_>| {
                    let curves = mates.iter().filter_map(|(_, mate)| mate.curves.of(test.name));
                    summary(&settings.name, test, &curves.collect::<Vec<_>>())
                };
                Answer::Tell(*last, settings.every_test().map(summary).collect())
            }
            _ => Answer::Nothing,
        }
    }
}

/// Statistics over seeds of the mean test loss.
fn summary(experiment: &str, test: Test<'_>, curves: &[&Curve]) -> Event {
    let steps = test.evaluation.steps;
    let over_seeds = OverSeeds::of(curves, steps + 1, Average::Mean);
    let (mean, seed_std) = over_seeds.of_every_seed();
    let kind = Kind::Summary {
        test: test.name.map(str::to_owned),
        seeds: curves.len(),
        steps: (0..=steps).collect(),
        mean,
        seed_std,
        nonfinite: over_seeds.nonfinite,
    };
    Event { run: RunName { experiment: experiment.to_owned(), seed: None }, kind }
}

/// The step that a run goes on from; 0 is its beginning.
fn step_of(going: &Option<Box<Going>>) -> u64 {
    going.as_ref().map_or(0, |going| going.progress.step)
}
