//! What a person may write in `experiments.toml`, resolved: every experiment carries all of its
//! settings, so that nothing above this room ever asks where a value came from.

mod load;
mod merge;
mod presets;
mod problem;
mod read;
mod resolved;
mod schema;
mod sections;
mod syntax;
mod table;
#[cfg(test)]
mod tests;

pub use load::load;
pub use presets::{Preset, presets};
pub use problem::{LoadError, Problem, Problems, presentable};
pub use read::parse;
pub use resolved::resolved_toml;

use serde::Serialize;

/// Hidden widths that exist as compile-time shapes; `[model] hidden` is one of these.
pub const WIDTHS: [usize; 6] = [16, 32, 40, 64, 100, 128];

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
    /// How long it trains.
    pub budget: Budget,
    /// Tasks whose gradients are averaged in one outer step.
    pub meta_batch: usize,
    /// Rate of the inner SGD steps during training.
    pub inner_lr: f64,
    /// Inner SGD steps during training (Reptile's k).
    pub inner_steps: usize,
    /// Adam's rate for the outer step.
    pub outer_lr: f64,
    /// Whether the inner gradient is added to the meta-gradient, as the notebook's code did.
    pub outer_gradient: OuterGradient,
    /// Where tasks come from.
    pub task: TaskSettings,
    /// The network.
    pub model: ModelSettings,
    /// How it is tested.
    pub evaluation: EvaluationSettings,
}

/// Which learner trains an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// The untrained initialisation: the floor every learner must beat.
    Random,
    /// Adam on the support loss of one task after another.
    Transfer,
    /// MAML with the exact second-order gradient.
    Maml,
    /// MAML that treats the inner gradient as a constant.
    FirstOrderMaml,
    /// Reptile: move towards the weights that k SGD steps reach.
    Reptile,
}

/// How long an experiment trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Passes over the training tasks, each in a fresh random order.
    Epochs(u64),
    /// Optimiser steps.
    OuterSteps(u64),
}

/// What the outer optimiser receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OuterGradient {
    /// The gradient of the query loss with respect to the initial weights.
    #[serde(rename = "meta")]
    Meta,
    /// The same plus the first inner gradient, which is what the notebook's shared variables add.
    #[serde(rename = "meta+inner")]
    MetaPlusInner,
}

/// `[task]`: where tasks and their points come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskSettings {
    /// Range of a in a sin(x + b).
    pub amplitude: [f64; 2],
    /// Range of b in a sin(x + b), radians.
    pub phase: [f64; 2],
    /// Range of x, for support and query points and for the test grid.
    pub x: [f64; 2],
    /// Support points K.
    pub shots: usize,
    /// Fresh query points of the outer loss.
    pub query: usize,
    /// A fixed pool, or new tasks for ever.
    pub train_tasks: TrainTasks,
}

/// A fixed pool of training tasks, or new ones for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainTasks {
    /// This many tasks whose support points stay the same.
    Pool(usize),
    /// Every task is new.
    Fresh,
}

/// `[model]`: a network of one input, hidden layers of one width, and one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSettings {
    /// Hidden layers, 1 to 4.
    pub layers: usize,
    /// Width of the hidden layers, one of [`WIDTHS`].
    pub hidden: usize,
    /// The nonlinearity after both hidden layers.
    pub activation: Activation,
    /// The type training computes in.
    pub precision: Precision,
}

/// The nonlinearity after both hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(0, x), with derivative 0 at 0.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// The type numbers are computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision, the default.
    F32,
    /// Double precision.
    F64,
}

/// `[evaluation]`: how a trained initialisation is tested.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationSettings {
    /// Frozen test tasks.
    pub test_tasks: usize,
    /// Evenly spaced test points over the x range.
    pub grid: usize,
    /// The adaptation curve has n = 0, 1, ..., steps.
    pub steps: usize,
    /// Rate of the plain SGD steps at test time.
    pub inner_lr: f64,
    /// Seed of the test tasks: the same for every run, so that all see the same ones.
    pub seed: u64,
}

impl Algorithm {
    /// Every algorithm, in the order the documentation lists them.
    pub const ALL: [Algorithm; 5] =
        [Self::Random, Self::Transfer, Self::Maml, Self::FirstOrderMaml, Self::Reptile];

    /// The name used in `experiments.toml` and in checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Transfer => "transfer",
            Self::Maml => "maml",
            Self::FirstOrderMaml => "first-order-maml",
            Self::Reptile => "reptile",
        }
    }
}

impl OuterGradient {
    /// Both of them.
    pub const ALL: [OuterGradient; 2] = [Self::Meta, Self::MetaPlusInner];

    /// The name used in `experiments.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::MetaPlusInner => "meta+inner",
        }
    }
}

impl Precision {
    /// Both of them.
    pub const ALL: [Precision; 2] = [Self::F32, Self::F64];

    /// The name used in `experiments.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

impl Activation {
    /// Both of them.
    pub const ALL: [Activation; 2] = [Self::Relu, Self::Tanh];

    /// The name used in `experiments.toml` and in checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }
}

impl Experiment {
    /// Outer steps of one run; 0 for [`Algorithm::Random`].
    pub fn total_steps(&self) -> u64 {
        if self.algorithm == Algorithm::Random {
            return 0;
        }
        match (self.budget, self.task.train_tasks) {
            (Budget::OuterSteps(steps), _) => steps,
            (Budget::Epochs(epochs), TrainTasks::Pool(tasks)) => {
                epochs * tasks as u64 / self.meta_batch as u64
            }
            // Refused by validation: a pass over endless tasks has no length.
            (Budget::Epochs(_), TrainTasks::Fresh) => 0,
        }
    }
}
