//! The plan: one run an experiment and seed, in the file's order.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::experiments::{Experiment, Study};

/// One training run; its index in the plan is how everything else refers to it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Index into [`Study::experiments`].
    pub experiment: usize,
    /// The resolved settings.
    pub settings: Arc<Experiment>,
    /// The run's seed.
    pub seed: u64,
}

impl Run {
    /// As its events name it.
    pub fn name(&self) -> RunName {
        RunName::new(&self.settings.name, self.seed)
    }
}

/// A run as its events name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunName {
    /// Experiment name.
    pub experiment: String,
    /// Seed; absent where all seeds of the experiment are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl RunName {
    /// Of the run of an experiment with this seed.
    pub fn new(experiment: &str, seed: u64) -> Self {
        Self { experiment: experiment.to_owned(), seed: Some(seed) }
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.experiment)?;
        self.seed.map_or(Ok(()), |seed| write!(f, ", seed {seed}"))
    }
}

/// Experiments in the file's order, seeds within them.
pub fn plan(study: &Study) -> Vec<Run> {
    let mut runs = Vec::new();
    for (experiment, settings) in study.experiments.iter().enumerate() {
        let settings = Arc::new(settings.clone());
        for &seed in &settings.seeds {
            runs.push(Run { experiment, settings: settings.clone(), seed });
        }
    }
    runs
}
