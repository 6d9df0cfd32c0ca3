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

/// A share of a plan's runs, counted from 1, of so many equal ones (`metascope run --partition`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    /// Which share.
    pub share: usize,
    /// Of how many.
    pub of: usize,
}

impl Partition {
    /// What belongs to the share.
    pub fn pick<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.share - 1).step_by(self.of).collect()
    }
}

impl std::str::FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(share, of)| Some((share.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((share, of)) if (1..=of).contains(&share) => Ok(Self { share, of }),
            _ => Err("a share and how many there are, counted from 1, such as 3/64".to_owned()),
        }
    }
}
