//! What a context that adapts to tasks knows of them: the plane in it that says most about a task, and how much
//! that is. Of sine waves that is (a cos b, a sin b), on which phases lie around a circle.

use crate::eval::Adapter;
use crate::model::kernels::vectors;
use crate::model::{Kernels, Weights};
use crate::task::TestTask;

/// Tasks as their contexts see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Where each task lies: what its context says of the family's coordinates, by least squares over all of
    /// these tasks; where the family has none, the first two context numbers.
    pub points: Vec<[f64; 2]>,
    /// Where each really lies, if the family has coordinates.
    pub truth: Option<Vec<[f64; 2]>>,
    /// Share of the coordinates' variance that the context explains.
    pub explained: Option<f64>,
}

/// The plane of the contexts after `steps` inner steps on each of these tasks; `None` for a learner without a
/// context, or once nobody wants it any more.
pub fn plane(
    weights: &Weights,
    tasks: &[TestTask],
    steps: usize,
    is_wanted: impl Fn() -> bool,
) -> Option<Plane> {
    let mut adapter = Adapter::new(weights);
    let mut contexts = Vec::with_capacity(tasks.len());
    for task in tasks {
        if !is_wanted() {
            return None;
        }
        adapter.take_task(&task.support, &task.query);
        (0..steps).for_each(|_| adapter.descend());
        contexts.push(adapter.context());
    }
    let numbers = contexts.first().filter(|context| !context.is_empty())?.len();
    let truth: Option<Vec<[f64; 2]>> = tasks.iter().map(|task| task.function.plane()).collect();
    let Some(truth) = truth else {
        let points = contexts.iter().map(|context| [context[0], context.get(1).copied().unwrap_or(0.0)]);
        return Some(Plane { points: points.collect(), truth: None, explained: None });
    };
    let rows: Vec<Vec<f64>> = contexts.into_iter().map(|context| [context, vec![1.0]].concat()).collect();
    let points = fitted(&rows, &truth, numbers + 1);
    let mean = |at: usize| truth.iter().map(|point| point[at]).sum::<f64>() / truth.len() as f64;
    let centre = [mean(0), mean(1)];
    let distance =
        |one: &[f64; 2], other: &[f64; 2]| (one[0] - other[0]).powi(2) + (one[1] - other[1]).powi(2);
    let left: f64 = points.iter().zip(&truth).map(|(point, truth)| distance(point, truth)).sum();
    let all: f64 = truth.iter().map(|truth| distance(truth, &centre)).sum();
    Some(Plane { points, truth: Some(truth), explained: (all > 0.0).then(|| 1.0 - left / all) })
}

/// Least squares of two targets on rows of so many numbers, evaluated at the rows.
fn fitted(rows: &[Vec<f64>], targets: &[[f64; 2]], width: usize) -> Vec<[f64; 2]> {
    let mut matrix = vec![0.0; width * width];
    let mut sides = vec![0.0; width * 2];
    for (row, target) in rows.iter().zip(targets) {
        for i in 0..width {
            for j in 0..width {
                matrix[i * width + j] += row[i] * row[j];
            }
            for k in 0..2 {
                sides[i * 2 + k] += row[i] * target[k];
            }
        }
    }
    // Before the first step all contexts are alike: the smallest solution then, which is the mean.
    let trace: f64 = (0..width).map(|i| matrix[i * (width + 1)]).sum();
    (0..width).for_each(|i| matrix[i * (width + 1)] += 1e-10 * trace);
    let kernels = Kernels::portable();
    vectors::cholesky(kernels, width, &mut matrix);
    vectors::solve(kernels, width, &matrix, &mut sides);
    let at = |row: &Vec<f64>, k: usize| row.iter().enumerate().map(|(i, x)| x * sides[i * 2 + k]).sum();
    rows.iter().map(|row| [at(row, 0), at(row, 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linear_in_the_context_is_found_and_what_is_not_is_not() {
        let rows: Vec<Vec<f64>> =
            (0..40).map(|i| vec![f64::from(i).sin(), f64::from(i * 7).cos(), 1.0]).collect();
        let targets: Vec<[f64; 2]> =
            rows.iter().map(|row| [2.0 * row[0] - row[1] + 3.0, row[1] - 0.5]).collect();
        for (found, target) in fitted(&rows, &targets, 3).iter().zip(&targets) {
            assert!((found[0] - target[0]).abs() < 1e-7 && (found[1] - target[1]).abs() < 1e-7);
        }
        let alike = vec![vec![0.0, 0.0, 1.0]; 40];
        let mean = targets.iter().map(|target| target[0]).sum::<f64>() / 40.0;
        assert!(fitted(&alike, &targets, 3).iter().all(|point| (point[0] - mean).abs() < 1e-6));
    }
}
