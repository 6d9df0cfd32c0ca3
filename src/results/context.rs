//! What a context that adapts to tasks knows of them: the plane in it that says most about a task, and how much
//! that is. Of sine waves that is (a cos b, a sin b), on which phases lie around a circle. And what networks that read make
//! of their points: the vector that stands for a task, or how much each point counts.

use crate::analysis::{Ring, principal};
use crate::eval::{Adapter, fits};
use crate::model::{Insight, Weights};
use crate::task::{Points, TestTask};

/// Tasks as their contexts see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Where each task lies: what the two main directions of contexts say of the family's coordinates, by least squares over
    /// all of these tasks; where the family has none, the first two context numbers.
    pub points: Vec<[f64; 2]>,
    /// Where each really lies, if the family has coordinates.
    pub truth: Option<Vec<[f64; 2]>>,
    /// Share of the coordinates' variance that these explain.
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
    contexts.first().filter(|context| !context.is_empty())?;
    let truth: Option<Vec<[f64; 2]>> = tasks.iter().map(|task| task.function.plane()).collect();
    let Some(truth) = truth else {
        let points = contexts.iter().map(|context| [context[0], context.get(1).copied().unwrap_or(0.0)]);
        return Some(Plane { points: points.collect(), truth: None, explained: None });
    };
    let ring = Ring::of(&contexts);
    let explained = Some(ring.explained(&truth)).filter(|share| share.is_finite());
    Some(Plane { points: ring.fitted(&truth), truth: Some(truth), explained })
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
    let found = principal(&all);
    let most = found.scores.iter().flatten().fold(0.0_f64, |most, score| most.max(score.abs()));
    Some(Reading::Plane(ReadPlane {
        points: now.iter().map(|row| found.place(row)).collect(),
        most,
        truth: tasks.iter().map(|task| task.function.plane()).collect(),
        share: found.shares[0] + found.shares[1],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kernels;

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
