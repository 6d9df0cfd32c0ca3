//! The networks of whole trainings: what [`Marks`] tell of every seed of an experiment at some of its landmarks, worked out
//! in slices on time that nobody else wants, the coarse picture first.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    analysis::{Marks, Task},
    model::Weights,
    results::why::Looks,
    study::Snapshot,
    task::TaskSettings,
    ui::state::job::Job,
};

/// A slice of work.
const SLICE: Duration = Duration::from_millis(200);
/// Networks that are handed over for a slice.
const AT_ONCE: usize = 16;
/// Moments of the past that are asked for at once.
const PASTS: usize = 8;
/// Most of them that are held.
const MOST_PASTS: usize = 64;

/// A network of a training: its run, its step, the test set and the rate of its steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The run.
    pub run: usize,
    /// The outer step.
    pub step: u64,
    /// The test set.
    pub test: usize,
    /// The rate of the inner steps.
    pub rate: f64,
}

/// What is to be looked at, with its network where that is at hand.
pub struct Wanted {
    /// Which.
    pub moment: Moment,
    /// Which landmark it is; the newest network is none.
    pub landmark: Option<usize>,
    /// The network.
    pub network: Option<Weights>,
}

/// What a slice has found; nothing of a learner that takes no gradient steps.
type Slice = Vec<(Moment, Option<Marks>)>;

/// What is known of trainings.
#[derive(Default)]
pub struct Courses {
    known: Vec<(Moment, Option<Marks>)>,
    /// Networks of the past that have come and wait to be looked at; `None` where there was none to be had.
    pasts: HashMap<(usize, usize), Option<Arc<Snapshot>>>,
    /// Those that are still to come.
    missing: Vec<(usize, usize)>,
    job: Job<usize, Slice>,
    /// Slices that have come.
    slices: usize,
}

impl Courses {
    /// What is known of a run on this test set at this rate, in the order of its steps.
    pub fn looks(&self, run: usize, test: usize, rate: f64) -> Looks {
        let is_it = |of: &Moment| (of.run, of.test, of.rate) == (run, test, rate);
        let known = self.known.iter().filter(|(of, _)| is_it(of));
        let mut looks: Looks =
            known.filter_map(|(of, marks)| Some((of.step, marks.as_ref()?.clone()))).collect();
        looks.sort_by_key(|(step, _)| *step);
        looks
    }

    /// Whether it has been looked at.
    pub fn has(&self, of: &Moment) -> bool {
        self.known.iter().any(|(known, _)| known == of)
    }

    /// Forgets what lies ahead of where a run is: it has begun anew.
    pub fn forget_after(&mut self, run: usize, step: u64) {
        self.known.retain(|(known, _)| known.run != run || known.step <= step);
    }

    /// Wants these looked at, the first ones first; those whose network is not at hand are asked for.
    pub fn want(&mut self, wanted: Vec<Wanted>, tasks: &[Task], settings: &TaskSettings) {
        let mut at_hand = Vec::new();
        for Wanted { moment, landmark, network } in wanted {
            if self.has(&moment) || at_hand.len() == AT_ONCE {
                continue;
            }
            let place = landmark.map(|landmark| (moment.run, landmark));
            match (network, place.and_then(|place| self.pasts.get(&place))) {
                (Some(network), _) => at_hand.push((moment, network)),
                (None, Some(Some(past))) if past.step == moment.step => {
                    at_hand.push((moment, past.weights.clone()));
                }
                // What is lost is not waited for.
                (None, Some(_)) => self.known.push((moment, None)),
                (None, None) => self.missing.extend(place),
            }
        }
        if at_hand.is_empty() {
            return;
        }
        let (tasks, settings) = (tasks.to_vec(), settings.clone());
        // A slice that is under way comes to its end first.
        self.job.want(self.slices, move |asker| {
            let (began, mut found) = (Instant::now(), Vec::new());
            for (moment, mut network) in at_hand {
                network.adaptation = network.adaptation.at_rate(moment.rate);
                let marks = Marks::new(&network, &tasks, &settings, || !asker.is_gone());
                if asker.is_gone() {
                    break;
                }
                found.push((moment, marks));
                if began.elapsed() >= SLICE {
                    break;
                }
            }
            found
        });
    }

    /// Begins a look.
    pub fn begin(&mut self) {
        self.missing.clear();
    }

    /// Moments of the past that are still to come, run and landmark.
    pub fn missing(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.missing.iter().copied().take(PASTS)
    }

    /// Takes a network of the past in, if it was missing; whether it was.
    pub fn take_past(&mut self, run: usize, landmark: usize, found: Option<&Arc<Snapshot>>) -> bool {
        let Some(at) = self.missing.iter().position(|missing| *missing == (run, landmark)) else {
            return false;
        };
        self.missing.remove(at);
        if self.pasts.len() >= MOST_PASTS {
            self.pasts.clear();
        }
        self.pasts.insert((run, landmark), found.cloned());
        true
    }

    /// Takes the newest slice in; whether there is one.
    pub fn take_in(&mut self) -> bool {
        let Some((_, slice)) = self.job.take() else { return false };
        self.slices += 1;
        self.known.extend(slice);
        true
    }

    /// Cancels what the last look has not wanted.
    pub fn tidy(&mut self) {
        self.job.tidy();
    }

    /// Whether more may come.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited() || !self.missing.is_empty()
    }
}
