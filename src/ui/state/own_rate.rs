//! The cells of a sweep, tested each at the inner rate that it was trained at instead of the one that all are tested at: worked
//! out where a person asks for it, on the first few test tasks, and kept nowhere.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::job::Job;
use crate::{
    eval::{self, Curve},
    model::Weights,
    task::TestTask,
};

/// Work between two frames.
const TIME: Duration = Duration::from_millis(30);

/// Networks that are tested together.
pub const AT_ONCE: usize = 64;

/// A test set and a run.
pub type Of = (usize, usize);

/// What is known of it.
#[derive(Default)]
pub struct OwnRate {
    /// Whether a person asks for it.
    pub is_on: bool,
    /// Curves, and the steps of their networks.
    known: HashMap<Of, (u64, Curve)>,
    job: Job<(), Vec<(Of, u64, Curve)>>,
}

/// What a curve is computed from: a network that adapts as it was trained to.
pub struct Trained {
    /// Whose it is.
    pub of: Of,
    /// The step it is of.
    pub step: u64,
    /// The network.
    pub weights: Weights,
    /// What it is tested on.
    pub tasks: Vec<TestTask>,
    /// After as many inner steps.
    pub steps: usize,
}

impl OwnRate {
    /// Takes in what has been worked out. Whether anything is new.
    pub fn take_in(&mut self) -> bool {
        let done = self.job.take();
        let is_new = done.is_some();
        for (of, step, curve) in done.into_iter().flat_map(|(_, done)| done) {
            self.known.insert(of, (step, curve));
        }
        self.job.tidy();
        is_new
    }

    /// Whether something may be new soon.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited()
    }

    /// The runs are others from here on.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// The curve of this run at this step, if it is known.
    pub fn curve(&self, of: Of, step: u64) -> Option<&Curve> {
        self.known.get(&of).filter(|(known, _)| *known == step).map(|(_, curve)| curve)
    }

    /// Has these tested, as many as a moment has time for; what is under way goes on.
    pub fn want(&mut self, networks: Vec<Trained>) {
        if networks.is_empty() && !self.is_awaited() {
            return;
        }
        self.job.want((), move |asker| {
            let (start, mut done) = (Instant::now(), Vec::new());
            for Trained { of, step, weights, tasks, steps } in networks {
                done.push((of, step, eval::curve(&weights, &tasks, steps)));
                if start.elapsed() >= TIME || asker.is_gone() {
                    break;
                }
            }
            done
        });
    }
}
