//! `[task]` and `[evaluation]`: where tasks and their points come from, and which of them are frozen for
//! the test.

use serde::Serialize;

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

impl Default for TaskSettings {
    /// The notebook's tasks.
    fn default() -> Self {
        Self {
            amplitude: [0.1, 5.0],
            phase: [0.0, std::f64::consts::TAU],
            x: [-5.0, 5.0],
            shots: 10,
            query: 10,
            train_tasks: TrainTasks::Pool(10_000),
        }
    }
}
