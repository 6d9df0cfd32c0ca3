//! What is still to be measured on the test tasks in view, by another thread than the one that draws.

use std::sync::Arc;

use super::{app::App, family::OracleJob};
use crate::{
    eval::{Curve, LossAxis},
    results::{known_calibration, known_floor},
    task::{EvaluationSettings, TaskSettings},
};

impl App {
    /// The tasks in view whose floor has not been worked out yet.
    pub fn floor_job(&self) -> Option<(TaskSettings, EvaluationSettings)> {
        let (of_points, of_deviations) = (self.axis() == LossAxis::Points, self.tells_deviations());
        let listed = self.listed();
        let mut sets = listed.iter().map(|index| self.set(*index));
        let is_missing = |test| {
            of_points && known_floor(test).is_none() || of_deviations && known_calibration(test).is_none()
        };
        let wanted = sets.find(|set| set.evaluation.points.is_some() && is_missing(set.test()));
        wanted.map(|set| (set.task.clone(), set.evaluation.clone()))
    }

    /// Whether a network here says how sure it is, so that it can be held against the best that does.
    pub fn tells_deviations(&self) -> bool {
        let mut runs = self.active();
        runs.any(|run| self.curve_over_steps(run).is_some_and(|curve| curve.calibration.is_some()))
    }

    /// What nobody can be expected to be below on the tasks of an experiment; `None` until it is known, and where it is
    /// not.
    pub fn floor(&self, experiment: usize) -> Option<Arc<Curve>> {
        known_floor(self.set(experiment).test())?
    }

    /// How likely the best Gaussian answer makes a test target after K points; `None` until it is known, and where it is not.
    pub fn best_log_likelihood(&self, experiment: usize, k: usize) -> Option<f64> {
        known_calibration(self.set(experiment).test())??.loglik.get(k).copied()
    }

    /// What there is to measure still of the tests in view that takes long.
    pub fn oracle_job(&self) -> Option<OracleJob> {
        let sets = |experiment: &usize| self.experiments[*experiment].sets.get(self.test).copied().flatten();
        self.listed().iter().filter_map(sets).find_map(|set| self.sets[set].oracle_job(set))
    }

    /// It has been measured.
    pub fn take_oracle(&self, job: &OracleJob, losses: Vec<f64>) {
        if let Some(set) = self.sets.get(job.set).filter(|set| job.is_of(set)) {
            set.take_oracle(losses);
        }
    }
}
