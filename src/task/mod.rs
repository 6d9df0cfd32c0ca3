//! What a task is: one sine wave, with the support points a learner adapts on and the points it is
//! tested on.

mod batch;
mod family;
mod number;
mod settings;
mod sine;
mod streams;
mod training;

pub use batch::Batch;
pub use family::{Family, test_tasks, waves};
pub use number::Number;
pub use settings::{EvaluationSettings, TaskSettings, TrainTasks};
pub use sine::Sine;
pub use streams::{Purpose, Stream, stream};
pub use training::{MetaBatch, Position, TrainingTasks};

/// Points of one task: `x[i]`, `y[i]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// Inputs.
    pub x: Vec<f64>,
    /// Targets.
    pub y: Vec<f64>,
}

/// A frozen test task: adapt on `support`, test on `query` (an even grid over the x range).
#[derive(Clone, Debug, PartialEq)]
pub struct TestTask {
    /// The wave behind the points.
    pub sine: Sine,
    /// K points to adapt on.
    pub support: Points,
    /// The test grid.
    pub query: Points,
}

impl TestTask {
    /// Whether every support point lies on the same side of zero.
    pub fn is_one_sided(&self) -> bool {
        self.support.x.iter().all(|x| *x < 0.0) || self.support.x.iter().all(|x| *x > 0.0)
    }
}

/// `count` evenly spaced values from `range[0]` to `range[1]`, both included.
pub fn grid(range: [f64; 2], count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(|i| range[0] + (range[1] - range[0]) * i as f64 / last).collect()
}
