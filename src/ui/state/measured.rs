//! What is still to be measured on the test tasks in view, by another thread than the one that draws.

use super::{app::App, family::OracleJob};

impl App {
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
