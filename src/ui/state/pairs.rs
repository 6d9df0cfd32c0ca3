//! Which two networks are compared task by task, where a person compares two experiments.

use super::{
    app::App,
    by_task::{ByTask, PairOf},
};
use crate::model::Weights;

impl App {
    /// The two that are compared in the view of an experiment: the chosen seed's networks, as they are in view, if both are
    /// tested on the same tasks.
    fn paired(&self, experiment: usize) -> Option<PairOf> {
        let other = self.fit.compare.filter(|other| *other < self.experiments.len())?;
        let set = |index: usize| self.experiments[index].sets.get(self.test).copied().flatten();
        let (ours, theirs) = (set(experiment)?, set(other)?);
        let network = |index: usize| {
            let run = self.chosen_run(index)?;
            Some((run, self.shown_snapshot(run)?.step))
        };
        let of = PairOf {
            networks: [network(experiment)?, network(other)?],
            set: ours,
            n: self.fit.n,
            rates: [experiment, other].map(|index| self.inner_lr(index)),
        };
        (ours == theirs).then_some(of)
    }

    /// Has worked out how the two that are compared differ task by task.
    pub fn want_by_task(&mut self, experiment: usize) {
        let Some(of) = self.paired(experiment) else { return };
        let (networks, rates) = (of.networks, of.rates);
        let mut paired = std::mem::take(&mut self.by_task);
        paired.want(of, || {
            let network = |at: usize| {
                let weights = self.shown_snapshot(networks[at].0).map(|snapshot| &snapshot.weights);
                let weights = weights.expect("it was there when its step was asked");
                Weights { adaptation: weights.adaptation.at_rate(rates[at]), ..weights.clone() }
            };
            ([network(0), network(1)], self.set(experiment).tasks().to_vec())
        });
        self.by_task = paired;
    }

    /// By how much the loss of the other that is compared is higher, task by task, once it is known.
    pub fn by_task(&self, experiment: usize) -> Option<&ByTask> {
        self.by_task.of(&self.paired(experiment)?)
    }

    /// Whether the two that are compared are tested on the same tasks and can be held against each other.
    pub fn is_paired(&self, experiment: usize) -> bool {
        self.paired(experiment).is_some()
    }
}
