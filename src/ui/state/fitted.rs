//! Which fits the view in front wants of the state, and what has come of them.

use std::sync::Arc;

use super::{app::App, fits::FitJob};
use crate::{
    eval::Fit,
    model::Weights,
    results::oracle_loss,
    task::{TaskSettings, TestTask},
};

impl App {
    /// Wants the fits of an experiment's chosen seed on a task.
    pub(in crate::ui) fn want_fits(&mut self, experiment: usize, task: &TestTask, steps: &[usize]) {
        let Some(run) = self.chosen_run(experiment) else { return };
        let Some(snapshot) = self.shown_snapshot(run).map(Arc::clone) else { return };
        let adaptation = snapshot.weights.adaptation.at_rate(self.inner_lr(experiment));
        let weights = Weights { adaptation, ..snapshot.weights.clone() };
        let mut steps = steps.to_vec();
        steps.sort_unstable();
        steps.dedup();
        let (support, query, line) = (task.support.clone(), task.query.clone(), task.drawn_at());
        self.fits.wanted.push(FitJob { experiment, run, snapshot, weights, support, query, line, steps });
    }

    /// Wants the oracle's loss on a task of these settings.
    pub(in crate::ui) fn want_oracle(&mut self, settings: &TaskSettings, task: &TestTask) {
        if !settings.has_oracle() {
            self.fits.oracle = None;
        } else if self.fits.oracle.as_ref().is_none_or(|(known, _)| *known != task.support) {
            self.fits.oracle = Some((task.support.clone(), oracle_loss(settings, task)));
        }
    }

    /// The oracle's loss on the task that was looked at last; `None` where nobody knows the family.
    pub fn oracle(&self) -> Option<f64> {
        self.fits.oracle.as_ref().map(|(_, loss)| *loss)
    }

    /// The fit of an experiment after n steps, of those that its view has asked for.
    pub fn fit_after(&self, experiment: usize, n: usize) -> Option<&Fit> {
        self.fits.known.get(&experiment)?.1.iter().find(|fit| fit.n == n)
    }
}
