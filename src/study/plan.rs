//! The plan: one run an experiment and seed, in the file's order.

use std::sync::Arc;

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
