//! How a study changes while it runs: what a person wants of a run, and another plan. A run that a worker
//! has is asked for; the worker lets go of it between two outer steps, with everything it goes on from,
//! so nothing that is done here changes a result.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use super::board::{Answer, Board, Place};
use super::stages::{Stage, Wish};
use crate::eval::Curves;
use crate::experiments::Experiment;
use crate::study::layout::folder_name;
use crate::study::plan::Run;

/// What a person can do with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Let it wait, with everything it has reached.
    Pause,
    /// Go on, in the queue's order: what had begun before what has not.
    Start,
    /// End it here; what it has reached is kept.
    Stop,
    /// Start over from step 0; what it left on disk is put aside.
    Restart,
    /// Go on with what was put aside last; what there is now is put aside in its stead.
    Restore,
}

impl Board {
    /// Makes these runs the study: those it has already are kept as they are, new ones are queued, and
    /// those that are not among them are stopped and forgotten. One that is done and has a new test set is
    /// queued for that alone. The numbers of the runs, in this order.
    pub fn plan(&mut self, runs: Vec<Run>) -> Vec<usize> {
        // The runs of an experiment share their settings, whose hash takes longer than looking it up.
        let mut names: HashMap<*const Experiment, String> = HashMap::new();
        let mut key = |run: &Run| {
            let name = names.entry(Arc::as_ptr(&run.settings)).or_insert_with(|| folder_name(&run.settings));
            (name.clone(), run.seed)
        };
        let known = self.places.iter().enumerate().map(|(number, place)| (key(&place.run), number));
        let known: HashMap<_, _> = known.collect();
        let mut fresh = Vec::new();
        let mut numbers = Vec::new();
        for run in runs {
            let number = match known.get(&key(&run)).copied() {
                Some(number) => {
                    self.places[number].ask(run);
                    number
                }
                None => {
                    self.places.push(Place {
                        run,
                        stage: Stage::Dropped,
                        curves: Curves::default(),
                        rank: 0,
                    });
                    self.places.len() - 1
                }
            };
            let lacks_a_test = self.places[number].lacks_a_test();
            match &mut self.places[number].stage {
                Stage::Working(wish) if *wish == Wish::Drop => *wish = Wish::GoOn,
                stage @ Stage::Dropped => {
                    *stage = Stage::Queued(None);
                    fresh.push(number);
                }
                stage @ Stage::Over if lacks_a_test => {
                    *stage = Stage::Queued(None);
                    self.jobs.push_front(number);
                }
                _ => {}
            }
            numbers.push(number);
        }
        let wanted: HashSet<usize> = numbers.iter().copied().collect();
        let unwanted = |(number, _): &(usize, &mut Place)| !wanted.contains(number);
        for (_, place) in self.places.iter_mut().enumerate().filter(unwanted) {
            place.curves = Curves::default();
            match &mut place.stage {
                Stage::Working(wish) => *wish = Wish::Drop,
                stage => *stage = Stage::Dropped,
            }
        }
        self.jobs.retain(|run| wanted.contains(run));
        let first = self.places.iter().map(|place| place.rank + 1).max().unwrap_or(0);
        let order = in_order(&self.places, fresh);
        for (rank, &run) in order.iter().enumerate() {
            self.places[run].rank = first + rank;
        }
        self.jobs.extend(order);
        numbers
    }

    /// Does with a run what a person wants. What its worker has to do happens after the worker's current
    /// outer step.
    pub fn control(&mut self, run: usize, control: Control) -> Answer {
        let Some(place) = self.places.get_mut(run) else { return Answer::Nothing };
        match (control, mem::replace(&mut place.stage, Stage::Over)) {
            (Control::Pause, Stage::Queued(going)) => return self.pause(run, going),
            (Control::Stop, Stage::Queued(going) | Stage::Paused(going)) => return self.stop(run, going),
            (Control::Start, Stage::Paused(going) | Stage::Stopped(going)) => {
                return self.put_back(run, going);
            }
            (_, Stage::Working(_)) => {
                place.stage = Stage::Working(match control {
                    Control::Pause => Wish::Pause,
                    Control::Stop => Wish::Stop,
                    Control::Start => Wish::GoOn,
                    Control::Restart => Wish::Restart,
                    Control::Restore => Wish::Restore,
                });
            }
            (_, Stage::Dropped) => place.stage = Stage::Dropped,
            // Not ours to steer.
            (_, Stage::Elsewhere(how)) => place.stage = Stage::Elsewhere(how),
            (Control::Restart, _) => {
                place.stage = Stage::Working(Wish::GoOn);
                return Answer::Clear;
            }
            (Control::Restore, _) => {
                place.stage = Stage::Working(Wish::GoOn);
                return Answer::Restore;
            }
            (_, as_it_was) => place.stage = as_it_was,
        }
        Answer::Nothing
    }
}

/// Every experiment's first seed before any second one: they should be seen side by side. Among those
/// the long ones first, so that the workers end together.
fn in_order(places: &[Place], runs: Vec<usize>) -> Vec<usize> {
    let mut seen = HashMap::new();
    let mut order: Vec<(usize, Reverse<u64>, usize)> = runs
        .into_iter()
        .map(|number| {
            let run = &places[number].run;
            let place = seen.entry(run.settings.name.as_str()).or_insert(0_usize);
            *place += 1;
            (*place, Reverse(run.settings.total_steps()), number)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., run)| run).collect()
}
