//! What a context that adapts to tasks knows of them: the plane in it that says most about a task, and how much
//! that is. Of sine waves that is (a cos b, a sin b), on which phases lie around a circle. And what networks that read make
//! of their points: the vector that stands for a task, or how much each point counts.

use crate::analysis::{Principal, principal};
use crate::eval::{Adapter, fits};
use crate::model::kernels::vectors;
use crate::model::{Insight, Kernels, Weights};
use crate::task::{Points, TestTask};

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

/// What a network that reads makes of its points.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// The vectors that stand for tasks, on the plane on which they differ most.
    Plane(ReadPlane),
    /// How much each point of a task counts for each x.
    Weights(ReadWeights),
}

/// Tasks where the vectors that stand for them put them.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPlane {
    /// Places on the plane of the first two principal components of these vectors after all points, which stays the same for
    /// every number of points.
    pub points: Vec<[f64; 2]>,
    /// How far the plane reaches from 0 after all points.
    pub most: f64,
    /// Where each task really lies, if the family has coordinates.
    pub truth: Option<Vec<[f64; 2]>>,
    /// The plane's share of the variance after all points.
    pub share: f64,
}

/// A task, its first points, and what they count for.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadWeights {
    /// What the weights are called.
    pub name: &'static str,
    /// The points.
    pub support: Points,
    /// Where the network is asked.
    pub x: Vec<f64>,
    /// What the task really is there.
    pub truth: Vec<f64>,
    /// What the network answers there.
    pub answers: Vec<f64>,
    /// A row an x, a number a support point.
    pub rows: Vec<Vec<f64>>,
}

/// What a network that reads makes of the first so many points of these tasks, or how much each point of the chosen one counts;
/// `None` where there is nothing to be seen, or once nobody wants it any more.
pub fn reading(
    weights: &Weights,
    (chosen, tasks): (&TestTask, &[TestTask]),
    points: usize,
    is_wanted: impl Fn() -> bool,
) -> Option<Reading> {
    let mut adapter = Adapter::new(weights);
    let mut look = |task: &TestTask, points: usize| {
        let support = task.first_points(points);
        adapter.take_task(&support, &task.query);
        if !support.x.is_empty() {
            adapter.descend();
        }
        adapter.insight()
    };
    if let Insight::Weights { name, rows } = look(chosen, points)? {
        let support = chosen.first_points(points);
        let steps = weights.adaptation.inner_steps;
        let answers = fits(weights, &support, &chosen.query, &[steps]).remove(0).y;
        let (x, truth) = (chosen.query.x.clone(), chosen.truth());
        return Some(Reading::Weights(ReadWeights { name, support, x, truth, answers, rows }));
    }
    let (mut all, mut now) = (Vec::new(), Vec::new());
    for task in tasks {
        if !is_wanted() {
            return None;
        }
        for (of, points) in [(&mut all, task.support.x.len()), (&mut now, points)] {
            let Insight::Context(context) = look(task, points)? else { return None };
            of.push(context);
        }
    }
    let Principal { scores, shares } = principal(&all);
    let centre: Vec<f64> =
        (0..all[0].len()).map(|at| all.iter().map(|row| row[at]).sum::<f64>() / all.len() as f64).collect();
    // A direction is what the rows add up to, each as often as it lies along it.
    let direction = |at: usize| -> Vec<f64> {
        let square: f64 = scores.iter().map(|score| score[at] * score[at]).sum();
        let along = |column: usize| {
            let rows = all.iter().zip(&scores);
            rows.map(|(row, score)| score[at] * (row[column] - centre[column])).sum::<f64>() / square
        };
        // On no variance there is no direction.
        (0..centre.len()).map(|column| if square > 0.0 { along(column) } else { 0.0 }).collect()
    };
    let length = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    let axes = [0, 1].map(direction);
    let place = |row: &Vec<f64>| {
        [0, 1].map(|at| {
            let axis: &[f64] = &axes[at];
            let along = row.iter().zip(&centre).zip(axis).map(|((x, centre), axis)| (x - centre) * axis);
            along.sum::<f64>() / length(axis)
        })
    };
    let most = scores.iter().flatten().fold(0.0_f64, |most, score| most.max(score.abs()));
    Some(Reading::Plane(ReadPlane {
        points: now.iter().map(place).collect(),
        most,
        truth: tasks.iter().map(|task| task.function.plane()).collect(),
        share: shares[0] + shares[1],
    }))
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

    fn network(algorithm: &str) -> (Weights, Vec<TestTask>) {
        let text = format!(
            "[evaluation]\ntest_tasks = 30\n[[experiment]]\nname = \"A\"\nalgorithm = \"{algorithm}\"\nclip = 10.0\n\
             meta_batch = 4\ntask = {{ shots = [0, 8] }}\n"
        );
        let study =
            crate::experiments::parse("x", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
        let settings = &study.experiments[0];
        let mut trainer = settings.trainer(0, Kernels::portable());
        for _ in 0..20 {
            trainer.outer_step().expect("memory for a network");
        }
        (trainer.weights(), crate::task::test_tasks(&settings.task, &settings.evaluation))
    }

    #[test]
    fn a_neural_process_puts_tasks_on_a_plane_that_stays() {
        let (weights, tasks) = network("cnp");
        let of = |points| match reading(&weights, (&tasks[0], &tasks), points, || true) {
            Some(Reading::Plane(plane)) => plane,
            other => panic!("{other:?}"),
        };
        let (none, one, all) = (of(0), of(1), of(8));
        // Before a point every task is the same; after one they are not, and after all they are where the axes come from.
        assert!(none.points.iter().all(|point| *point == none.points[0]), "{none:?}");
        assert!(one.points.iter().any(|point| *point != one.points[0]) && one.points != all.points);
        assert_eq!(
            (none.share, none.most),
            (all.share, all.most),
            "the axes do not depend on the points in view"
        );
        let mean = |at: usize| all.points.iter().map(|point| point[at]).sum::<f64>() / 30.0;
        assert!(mean(0).abs() < 1e-6 * all.most && mean(1).abs() < 1e-6 * all.most, "{all:?}");
        let most = all.points.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert!((most - all.most).abs() < 1e-6 * all.most && all.share > 0.0 && all.share <= 1.0 + 1e-9);
        assert!(reading(&weights, (&tasks[0], &tasks), 8, || false).is_none(), "nobody wants it");
    }

    #[test]
    fn attention_and_kernel_are_a_number_a_point() {
        for (algorithm, name) in [("transformer", "attention"), ("metafun", "kernel")] {
            let (weights, tasks) = network(algorithm);
            let of = |points| match reading(&weights, (&tasks[0], &tasks), points, || true) {
                Some(Reading::Weights(weights)) => weights,
                other => panic!("{other:?}"),
            };
            let found = of(5);
            assert_eq!((found.name, found.support.x.len()), (name, 5));
            assert!(found.rows.len() == 50 && found.rows.iter().all(|row| row.len() == 5));
            assert!(found.rows.iter().flatten().all(|weight| (0.0..=1.0 + 1e-6).contains(weight)));
            if name == "attention" {
                // Each row leaves something for itself.
                assert!(found.rows.iter().all(|row| row.iter().sum::<f64>() < 1.0), "{:?}", found.rows[0]);
            } else {
                // Asked at a point itself, that point is as similar as can be.
                let mut task = tasks[0].clone();
                task.query = task.first_points(5);
                let Some(Reading::Weights(at)) = reading(&weights, (&task, &tasks), 5, || true) else {
                    panic!()
                };
                (0..5).for_each(|point| assert!((at.rows[point][point] - 1.0).abs() < 1e-3, "{:?}", at.rows));
            }
            assert!(of(0).rows.iter().all(Vec::is_empty));
        }
        let (weights, tasks) = network("maml");
        assert!(reading(&weights, (&tasks[0], &tasks), 5, || true).is_none(), "it does not read");
    }
}
