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
pub use resolved::resolved_toml;
pub use schema::tables;

use serde::Serialize;

use crate::learner::{Algorithm, Budget, Learner, Training, learner};
use crate::model::{ModelSettings, Path};
use crate::task::{EvaluationSettings, TaskSettings, TrainTasks};

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
    /// Outer steps of one run; 0 for [`Algorithm::Random`].
    pub fn total_steps(&self) -> u64 {
        if self.training.algorithm == Algorithm::Random {
            return 0;
        }
        match (self.training.budget, self.task.train_tasks) {
            (Budget::OuterSteps(steps), _) => steps,
            (Budget::Epochs(epochs), TrainTasks::Pool(tasks)) => {
                epochs * tasks as u64 / self.training.meta_batch as u64
            }
            // Refused by validation: a pass over endless tasks has no length.
            (Budget::Epochs(_), TrainTasks::Fresh) => 0,
        }
    }

    /// Its learner before the first step.
    pub fn learner(&self, seed: u64, path: Path) -> Box<dyn Learner> {
        learner(&self.training, &self.task, &self.model, seed, path)
    }
}
