//! The adaptation curve: test loss after n = 0, 1, 2, ... inner steps, over many test tasks, and what is
//! said of it.

use serde::{Deserialize, Deserializer, Serialize};

use super::Adapter;
use crate::model::{Kernels, Weights};
use crate::task::TestTask;

/// Test MSE after n = 0, 1, 2, ... inner steps on the support points, over many test tasks.
/// Every vector has one entry an element of `steps`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// n.
    pub steps: Vec<usize>,
    /// Mean over the tasks that stayed finite; NaN (JSON null) where none did.
    #[serde(deserialize_with = "numbers")]
    pub mean: Vec<f64>,
    /// Median over all tasks, a non-finite loss counting as infinitely large.
    #[serde(deserialize_with = "numbers")]
    pub median: Vec<f64>,
    /// Half width of the 95 % confidence interval of the mean over tasks, 1.96 s / sqrt(tasks).
    #[serde(deserialize_with = "numbers")]
    pub ci95: Vec<f64>,
    /// Share of the tasks whose loss was not finite, 0 to 1.
    pub nonfinite: Vec<f64>,
    /// Number of test tasks.
    pub tasks: usize,
}

/// Numbers of which some may have been written as null because they were not finite.
pub fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let numbers = Vec::<Option<f64>>::deserialize(from)?;
    Ok(numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}

/// Losses of each task at n = 0..=steps, task after task. Tasks do not touch each other, so any split
/// of them over threads gives the same numbers.
pub fn task_losses(weights: &Weights, tasks: &[TestTask], steps: usize, kernels: Kernels) -> Vec<f64> {
    let mut adapter = Adapter::on(weights, kernels);
    let mut losses = Vec::with_capacity(tasks.len() * (steps + 1));
    for task in tasks {
        adapter.take_task(&task.support, &task.query);
        losses.push(adapter.loss());
        for _ in 0..steps {
            adapter.descend();
            losses.push(adapter.loss());
        }
    }
    losses
}

/// The curve of what [`task_losses`] gave for all tasks.
pub fn statistics(losses: &[f64], steps: usize) -> Curve {
    let points = steps + 1;
    let tasks = losses.len() / points;
    let mut curve = Curve {
        steps: (0..points).collect(),
        mean: Vec::with_capacity(points),
        median: Vec::with_capacity(points),
        ci95: Vec::with_capacity(points),
        nonfinite: Vec::with_capacity(points),
        tasks,
    };
    let mut column = Vec::with_capacity(tasks);
    for n in 0..points {
        column.clear();
        column.extend(losses.iter().skip(n).step_by(points).map(|&loss| {
            // NaN sorts with the infinite: neither is a prediction.
            if loss.is_finite() { loss } else { f64::INFINITY }
        }));
        column.sort_by(f64::total_cmp);
        let finite = column.partition_point(|loss| loss.is_finite());
        let (mean, deviation) = mean_and_deviation(&column[..finite]);
        curve.mean.push(mean);
        curve.median.push(median(&column));
        curve.ci95.push(1.96 * deviation / (finite as f64).sqrt());
        curve.nonfinite.push((tasks - finite) as f64 / tasks as f64);
    }
    curve
}

/// Mean and sample standard deviation; NaN and 0 of nothing, deviation 0 of one.
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

/// The median of sorted values, NaN of none.
pub fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => 0.5 * (sorted[middle - 1] + sorted[middle]),
    }
}

/// The adaptation curve n = 0..=steps over `tasks`, in this thread (about 100 us a task at 32 steps).
pub fn curve(weights: &Weights, tasks: &[TestTask], steps: usize) -> Curve {
    statistics(&task_losses(weights, tasks, steps, Kernels::fastest()), steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_is_counted_not_averaged() {
        // Four tasks, n = 0 and 1.
        let losses = [1.0, 5.0, 2.0, f64::NAN, 3.0, 7.0, 6.0, f64::INFINITY];
        let curve = statistics(&losses, 1);
        assert_eq!(curve.tasks, 4);
        assert_eq!(curve.nonfinite, [0.0, 0.5]);
        assert_eq!(curve.mean, [3.0, 6.0]);
        assert_eq!(curve.median[0], 2.5);
        assert_eq!(curve.median[1], f64::INFINITY);
        let deviation = (14.0_f64 / 3.0).sqrt();
        assert!((curve.ci95[0] - 1.96 * deviation / 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_curve_of_nothing_finite_is_not_a_number() {
        let curve = statistics(&[f64::NAN, f64::NAN], 0);
        assert!(curve.mean[0].is_nan());
        assert_eq!(curve.nonfinite, [1.0]);
        let json = serde_json::to_value(&curve).expect("a curve is plain data");
        assert!(json["mean"][0].is_null() && json["median"][0].is_null());
    }
}
