//! Fits that take longer than a frame may: what is asked for while a frame is drawn, and what has been
//! computed meanwhile by another thread. A fit of usual size is computed on the spot.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use crate::{
    eval::{self, Fit},
    learner::Cost,
    model::Weights,
    study::Snapshot,
    task::Points,
};

/// Operations that a frame has time for: a few milliseconds on a slow machine.
const AT_ONCE: f64 = 1e8;
/// Experiments that a view shows at a time before each gets less of it.
const USUAL: usize = 8;

/// What a fit is made of.
#[derive(Clone)]
pub struct FitJob {
    /// Whose network it is.
    pub experiment: usize,
    /// The network's place in its training.
    pub snapshot: Arc<Snapshot>,
    /// The network, with the rate in use.
    pub weights: Weights,
    /// What it adapts to.
    pub support: Points,
    /// What it is asked.
    pub query: Points,
    /// After these numbers of steps.
    pub steps: Vec<usize>,
}

impl FitJob {
    /// The fits.
    pub fn compute(&self) -> Vec<Fit> {
        eval::fits(&self.weights, &self.support, &self.query, &self.steps)
    }

    /// Whether a frame has time for it where so many experiments may be shown.
    pub fn is_light(&self, experiments: usize) -> bool {
        let last = self.steps.iter().copied().max().unwrap_or(0);
        let cost = Cost { support: last, query: self.steps.len(), hessian_products: 0 };
        let flop = cost.flop(&self.weights.model, self.support.x.len(), self.query.x.len()) as f64;
        flop * experiments.div_ceil(USUAL).max(1) as f64 <= AT_ONCE
    }

    /// Whether it asks the same, if perhaps of another moment of training.
    fn is_alike(&self, other: &Self) -> bool {
        self.steps == other.steps
            && self.support == other.support
            && self.query == other.query
            && self.weights.adaptation == other.weights.adaptation
    }
}

/// Fits that come late, one an experiment.
#[derive(Default)]
pub struct Late {
    known: HashMap<usize, (FitJob, Vec<Fit>)>,
    /// What the frame that was drawn last has asked for in vain.
    wishes: RefCell<Vec<FitJob>>,
}

impl Late {
    /// The newest of these fits that there are. Those of the newest network are asked for.
    pub fn ask(&self, job: FitJob) -> Option<Vec<Fit>> {
        let alike = self.known.get(&job.experiment).filter(|(known, _)| known.is_alike(&job));
        let fits = alike.map(|(_, fits)| fits.clone());
        if alike.is_none_or(|(known, _)| !Arc::ptr_eq(&known.snapshot, &job.snapshot)) {
            self.wishes.borrow_mut().push(job);
        }
        fits
    }

    /// Whether fits of an experiment are asked for.
    pub fn is_waiting_for(&self, experiment: usize) -> bool {
        self.wishes.borrow().iter().any(|job| job.experiment == experiment)
    }

    /// What was asked for in vain, for whoever computes it.
    pub fn wishes(&self) -> Vec<FitJob> {
        self.wishes.take()
    }

    /// A fit has been computed.
    pub fn take(&mut self, job: FitJob, fits: Vec<Fit>) {
        self.known.insert(job.experiment, (job, fits));
    }
}
