//! The fits that the view in front shows, worked out before it is drawn: those of usual size at once, those that take
//! longer than a frame as a job.

use std::{collections::HashMap, sync::Arc};

use super::job::Job;
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
    /// Which run of it.
    pub run: usize,
    /// The network's place in its training.
    pub snapshot: Arc<Snapshot>,
    /// The network, with the rate in use.
    pub weights: Weights,
    /// What it adapts to.
    pub support: Points,
    /// What it is asked.
    pub query: Points,
    /// Where its answers are drawn.
    pub line: Vec<f64>,
    /// After these numbers of steps.
    pub steps: Vec<usize>,
}

/// Whether it asks the same, if perhaps of another moment of training.
impl PartialEq for FitJob {
    fn eq(&self, other: &Self) -> bool {
        (self.experiment, self.run) == (other.experiment, other.run)
            && self.steps == other.steps
            && self.support == other.support
            && self.query == other.query
            && self.weights.adaptation == other.weights.adaptation
    }
}

impl FitJob {
    fn compute(&self) -> Vec<Fit> {
        let mut fits = eval::fits(&self.weights, &self.support, &self.query, &self.steps);
        if self.line != self.query.x {
            let line = Points { x: self.line.clone(), y: vec![0.0; self.line.len()] };
            let drawn = eval::fits(&self.weights, &self.support, &line, &self.steps);
            for (fit, drawn) in fits.iter_mut().zip(drawn) {
                (fit.y, fit.deviations) = (drawn.y, drawn.deviations);
            }
        }
        fits
    }

    /// Whether a frame has time for it where so many experiments may be shown.
    fn is_light(&self, experiments: usize) -> bool {
        let last = self.steps.iter().copied().max().unwrap_or(0);
        let cost = Cost { support: last, query: self.steps.len(), hessian_products: 0 };
        let flop = cost.flop(&self.weights.model, self.support.x.len(), self.query.x.len()) as f64;
        flop * experiments.div_ceil(USUAL).max(1) as f64 <= AT_ONCE
    }
}

/// The fits in view, one job an experiment.
#[derive(Default)]
pub struct Fits {
    /// What the view in front has asked for.
    pub wanted: Vec<FitJob>,
    /// What was worked out, by experiment.
    pub known: HashMap<usize, (FitJob, Vec<Fit>)>,
    job: Job<FitJob, Vec<Fit>>,
    /// The loss of the oracle on a task with these support points.
    pub oracle: Option<(Points, f64)>,
}

impl Fits {
    /// Begins a look, which says what it wants.
    pub(in crate::ui) fn begin(&mut self) {
        self.wanted.clear();
    }

    /// Works out what was wanted, or has it worked out; forgets the rest. Whether anything is new.
    pub(in crate::ui) fn finish(&mut self, experiments: usize) -> bool {
        let Self { wanted, known, job, .. } = self;
        let arrived = job.take();
        let mut is_new = arrived.is_some();
        known.extend(arrived.map(|(of, fits)| (of.experiment, (of, fits))));
        known.retain(|_, (of, _)| wanted.contains(of));
        for of in wanted.drain(..) {
            let newest = known.get(&of.experiment).map(|(known, _)| &known.snapshot);
            if newest.is_some_and(|newest| Arc::ptr_eq(newest, &of.snapshot)) {
                continue;
            }
            if of.is_light(experiments) {
                let fits = of.compute();
                known.insert(of.experiment, (of, fits));
                is_new = true;
            } else if job.asked().is_none_or(|asked| *asked == of) {
                // One after the other.
                job.want(of.clone(), move |_| of.compute());
            }
        }
        job.tidy();
        is_new
    }

    /// Whether fits of an experiment are worked out.
    pub fn is_waiting_for(&self, experiment: usize) -> bool {
        self.job.asked().is_some_and(|asked| asked.experiment == experiment)
    }

    /// Whether more may come.
    pub fn are_awaited(&self) -> bool {
        self.job.is_awaited()
    }
}
