//! What is still to be measured on the test tasks in view, by another thread than the one that draws.

use std::sync::Arc;

use super::{app::App, family::OracleJob};
use crate::{
    eval::{Curve, LossAxis},
    results::known_floor,
    task::{EvaluationSettings, TaskSettings},
};

impl App {
    /// The tasks in view whose floor has not been worked out yet.
    pub fn floor_job(&self) -> Option<(TaskSettings, EvaluationSettings)> {
        if self.axis() == LossAxis::Steps {
            return None;
        }
        let listed = self.listed();
        let mut sets = listed.iter().map(|index| self.set(*index));
        let wanted = sets.find(|set| set.evaluation.points.is_some() && known_floor(set.test()).is_none());
        wanted.map(|set| (set.task.clone(), set.evaluation.clone()))
    }

    /// What nobody can be expected to be below on the tasks of an experiment; `None` until it is known, and where it is
    /// not.
    pub fn floor(&self, experiment: usize) -> Option<Arc<Curve>> {
        known_floor(self.set(experiment).test())?
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
