//! What a person may write in `experiments.toml`, resolved: every experiment carries all of its
//! settings, so that nothing above this room ever asks where a value came from.

mod load;
mod merge;
mod presets;
mod read;
mod resolved;
mod schema;
#[cfg(test)]
mod tests;

pub use load::load;
pub use presets::{Preset, presets};
pub use read::{parse, parse_recorded};
pub use resolved::{RECORDED, resolved_toml, settings};
pub use schema::tables;

use serde::Serialize;

use crate::learner::{Algorithm, Trainer, Training};
use crate::model::{Adaptation, Kernels, ModelSettings, Weights};
use crate::task::{EvaluationSettings, TaskSettings};

/// Everything one `experiments.toml` says, defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Name shown and used for the run folder: the file's stem, `experiments` for the built-in copy.
    pub name: String,
    /// The file as shown to a person; `None` for the built-in copy.
    pub path: Option<std::path::PathBuf>,
    /// The experiments in the file's order; never empty.
    pub experiments: Vec<Experiment>,
}

/// One `[[experiment]]`, with `[defaults]`, `[task]`, `[model]` and `[evaluation]` already applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// Unique within the study.
    pub name: String,
    /// Which learner trains it.
    pub algorithm: Algorithm,
    /// One run a seed.
    pub seeds: Vec<u64>,
    /// How it trains.
    #[serde(flatten)]
    pub training: Training,
    /// Where tasks come from.
    pub task: TaskSettings,
    /// The network.
    pub model: ModelSettings,
    /// How it is tested.
    pub evaluation: EvaluationSettings,
}

impl Experiment {
    /// Outer steps of one run; 0 for an algorithm that does not train.
    pub fn total_steps(&self) -> u64 {
        if !self.algorithm.trains() {
            return 0;
        }
        self.training.outer_steps(&self.task)
    }

    /// Its network before the first step.
    pub fn trainer(&self, seed: u64, kernels: Kernels) -> Trainer {
        Trainer::new(&*self.algorithm, (&self.training, &self.task, &self.model), seed, kernels)
    }

    /// How its networks adapt in training.
    pub fn adaptation(&self) -> Adaptation {
        self.algorithm.adaptation(&self.training)
    }

    /// The rate of the inner steps of its tests.
    pub fn test_rate(&self) -> f64 {
        let common = self.algorithm.tested_at_common_rate();
        if common { self.evaluation.inner_lr } else { self.training.inner_lr }
    }

    /// Weights as they are tested: by their own adaptation, at the tests' rate.
    pub fn tested(&self, weights: &Weights) -> Weights {
        Weights { adaptation: weights.adaptation.at_rate(self.test_rate()), ..weights.clone() }
    }
}
