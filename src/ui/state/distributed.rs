//! Whose losses are spread out in the place of the Overview's curves, and after how many steps or points.

use super::{
    app::App,
    controls::OverviewPlot,
    distributions::{At, Distributions, Wanted},
};
use crate::{model::Weights, results::judged_at};

impl App {
    /// The n, or K, that losses are spread out at: the crosshair's, or else that at which systems are judged.
    pub fn spread_at(&self) -> usize {
        let last = self.most_steps();
        self.curves.crosshair.unwrap_or_else(|| judged_at(last)).min(last)
    }

    /// The listed systems that were tested on the tasks of the selected one, or of the first that is listed.
    pub fn beside_selected(&self) -> (usize, Vec<usize>) {
        let listed = self.listed();
        let subject = self.leader(self.selected_row());
        let subject = if listed.contains(&subject) { subject } else { listed.first().copied().unwrap_or(0) };
        let group = self.group_of(subject);
        (subject, listed.iter().copied().filter(|index| self.group_of(*index) == group).collect())
    }

    /// The networks in view of these systems, as they are tested.
    fn wanted(&self) -> Vec<Wanted> {
        let (_, systems) = self.beside_selected();
        let (axis, at) = (self.axis(), self.spread_at());
        // Of answers that nobody gave there is nothing to be worked out.
        let is_there = |experiment: &usize| {
            !self.experiments[*experiment].settings.algorithm.reads_answers()
                || self.result_along(*experiment, axis).is_some_and(|over| over.is_answered(at))
        };
        let of = |experiment: usize| {
            let set = self.experiments[experiment].sets.get(self.test).copied().flatten()?;
            let network = |run: &usize| Some((*run, self.shown_snapshot(*run)?.step));
            let networks = self.experiments[experiment].runs.iter().filter_map(network).collect();
            let rate = self.test_rate(experiment).to_bits();
            Some(Wanted { experiment, at: At { set, axis, at, rate }, networks })
        };
        systems.into_iter().filter(is_there).filter_map(of).collect()
    }

    /// Has worked out how losses are spread over tasks, if that is in view.
    pub fn want_distributions(&mut self) {
        if self.curves.plot != OverviewPlot::Distribution {
            return;
        }
        let wanted = self.wanted();
        let mut spreads = std::mem::take(&mut self.spreads);
        let network = |of: &Wanted, run: usize| {
            let weights = &self.shown_snapshot(run)?.weights;
            let adaptation = weights.adaptation.at_rate(f64::from_bits(of.at.rate));
            Some(Weights { adaptation, ..weights.clone() })
        };
        spreads.want(wanted, network, |of| self.set(of.experiment).tasks().to_vec());
        self.spreads = spreads;
    }

    /// How they are spread, as far as it is known.
    pub fn distributions(&self) -> Option<&Distributions> {
        self.spreads.of(&self.wanted())
    }
}
