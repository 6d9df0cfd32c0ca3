//! The adaptation curve: test loss after n = 0, 1, 2, ... inner steps, over many test tasks, and the points curve: that
//! after K = 0, 1, 2, ... of their support points; and what is said of them.

use std::ops::Range;

use serde::{Deserialize, Serialize, Serializer};

use super::Adapter;
use super::calibration::{Calibration, Coverage, FIGURES, figures, gather};
use super::json::{numbers, numbers_if_any};
use crate::model::{Kernels, Weights};
use crate::task::{EvaluationSettings, TestTask};

/// Test MSE after n = 0, 1, 2, ... inner steps on the support points, over many test tasks.
/// Every vector has one entry an element of `steps`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Told")]
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
    /// The points curve, where it was asked for: the same over K, whose numbers stand in the place of n, after the
    /// inner steps of training, or one where training takes none.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "by_points")]
    pub points: Option<Box<Curve>>,
    /// How well it knows how sure it is, of a network that says so.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Box<Calibration>>,
}

impl Curve {
    /// Whether there is a loss after n steps, finite or not: of somebody's answers there may be none.
    pub fn is_answered(&self, n: usize) -> bool {
        n < self.mean.len() && !(self.mean[n].is_nan() && self.nonfinite[n] == 0.0)
    }

    /// The same of somebody's answers, which are finite: where no task has one, nothing was answered.
    #[must_use]
    pub fn as_answered(mut self) -> Self {
        for (n, lost) in self.nonfinite.iter_mut().enumerate().filter(|(_, lost)| **lost == 1.0) {
            *lost = 0.0;
            (self.mean[n], self.median[n], self.ci95[n]) = (f64::NAN, f64::NAN, f64::NAN);
        }
        self.points = self.points.map(|points| Box::new(points.as_answered()));
        self
    }
}

/// A curve as JSON has it.
#[derive(Deserialize)]
struct Told {
    steps: Vec<usize>,
    #[serde(deserialize_with = "numbers")]
    mean: Vec<f64>,
    #[serde(deserialize_with = "numbers")]
    median: Vec<f64>,
    #[serde(deserialize_with = "numbers")]
    ci95: Vec<f64>,
    nonfinite: Vec<f64>,
    tasks: usize,
    #[serde(default)]
    points: Option<ToldPoints>,
    #[serde(default, deserialize_with = "numbers_if_any")]
    loglik: Option<Vec<f64>>,
    #[serde(default)]
    coverage: Option<Coverage>,
}

/// The points curve as JSON has it.
#[derive(Serialize, Deserialize)]
struct ToldPoints {
    k: Vec<usize>,
    #[serde(deserialize_with = "numbers")]
    mean: Vec<f64>,
    #[serde(deserialize_with = "numbers")]
    median: Vec<f64>,
    #[serde(deserialize_with = "numbers")]
    ci95: Vec<f64>,
    nonfinite: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "numbers_if_any")]
    loglik: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage>,
}

/// Both are told, or neither.
fn calibration(loglik: Option<Vec<f64>>, coverage: Option<Coverage>) -> Option<Box<Calibration>> {
    loglik.zip(coverage).map(|(loglik, coverage)| Box::new(Calibration { loglik, coverage }))
}

impl From<Told> for Curve {
    fn from(told: Told) -> Self {
        let Told { steps, mean, median, ci95, nonfinite, tasks, points, loglik, coverage } = told;
        let points = points.map(|ToldPoints { k, mean, median, ci95, nonfinite, loglik, coverage }| {
            let calibration = calibration(loglik, coverage);
            Box::new(Self { steps: k, mean, median, ci95, nonfinite, tasks, points: None, calibration })
        });
        let calibration = calibration(loglik, coverage);
        Self { steps, mean, median, ci95, nonfinite, tasks, points, calibration }
    }
}

fn by_points<S: Serializer>(points: &Option<Box<Curve>>, serializer: S) -> Result<S::Ok, S::Error> {
    let told = points.as_deref().cloned().map(|curve| {
        let Curve { steps: k, mean, median, ci95, nonfinite, calibration, .. } = curve;
        let (loglik, coverage) = calibration.map(|of| (of.loglik, of.coverage)).unzip();
        ToldPoints { k, mean, median, ci95, nonfinite, loglik, coverage }
    });
    told.serialize(serializer)
}

/// What a loss is looked at over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LossAxis {
    /// Inner steps n.
    #[default]
    Steps,
    /// Support points K.
    Points,
}

impl LossAxis {
    /// The letter of a number on it.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Steps => "n",
            Self::Points => "K",
        }
    }

    /// The one that is not this.
    pub fn other(self) -> Self {
        match self {
            Self::Steps => Self::Points,
            Self::Points => Self::Steps,
        }
    }

    /// A curve over it, if it was asked for.
    pub fn of(self, curve: &Curve) -> Option<&Curve> {
        match self {
            Self::Steps => Some(curve),
            Self::Points => curve.points.as_deref(),
        }
    }

    /// The last number of a test, if it has this axis.
    pub fn last(self, evaluation: &EvaluationSettings) -> Option<usize> {
        match self {
            Self::Steps => Some(evaluation.steps),
            Self::Points => evaluation.points,
        }
    }
}

/// Which losses are taken of every test task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// After n = 0, 1, .., this many steps on its support points.
    pub steps: usize,
    /// After K = 0, 1, .., this many support points, and the inner steps of training.
    pub points: Option<usize>,
    /// Whether the network says how sure it is, and each loss is followed by what that is worth.
    pub tells_deviations: bool,
}

impl Asked {
    /// Of these weights.
    pub fn of(weights: &Weights, evaluation: &EvaluationSettings) -> Self {
        Self { tells_deviations: Adapter::tells_deviations(weights), ..evaluation.into() }
    }

    /// How many losses a task has.
    fn losses(self) -> usize {
        self.steps + 1 + self.points.map_or(0, |points| points + 1)
    }

    /// Numbers of one loss.
    fn figures(self) -> usize {
        if self.tells_deviations { 1 + FIGURES } else { 1 }
    }

    /// How many numbers a task has.
    pub fn numbers(self) -> usize {
        self.losses() * self.figures()
    }
}

/// The adaptation curve alone.
impl From<usize> for Asked {
    fn from(steps: usize) -> Self {
        Self { steps, points: None, tells_deviations: false }
    }
}

impl From<&EvaluationSettings> for Asked {
    fn from(evaluation: &EvaluationSettings) -> Self {
        Self { steps: evaluation.steps, points: evaluation.points, tells_deviations: false }
    }
}

/// Losses of each task at n = 0..=steps, and then at K = 0..=points, task after task; each loss followed by
/// what the network's own deviations are worth, if that is asked for. Tasks do not touch each other, so any split of them
/// over threads gives the same numbers.
pub fn task_losses(
    weights: &Weights,
    tasks: &[TestTask],
    asked: impl Into<Asked>,
    kernels: Kernels,
) -> Vec<f64> {
    let asked @ Asked { steps, points, tells_deviations } = asked.into();
    let mut adapter = Adapter::on(weights, kernels);
    let trained = weights.adaptation.inner_steps;
    let mut losses = Vec::with_capacity(tasks.len() * asked.numbers());
    let take = |adapter: &mut Adapter, task: &TestTask, losses: &mut Vec<f64>| {
        losses.push(adapter.loss());
        if tells_deviations {
            let (means, _) = adapter.predict();
            let deviations = adapter.deviations().unwrap_or_default();
            losses.extend(figures(&means, &deviations, &task.query.y));
        }
    };
    for task in tasks {
        adapter.take_task(&task.support, &task.query);
        take(&mut adapter, task, &mut losses);
        for _ in 0..steps {
            adapter.descend();
            take(&mut adapter, task, &mut losses);
        }
        for k in points.map_or(0..0, |points| 0..points + 1) {
            adapter.take_task(&task.first_points(k), &task.query);
            (0..if k > 0 { trained } else { 0 }).for_each(|_| adapter.descend());
            take(&mut adapter, task, &mut losses);
        }
    }
    losses
}

/// The loss of a network on each of these tasks at one place of an axis: after n inner steps on all support points, or after
/// K of them and the inner steps of training. `None` once nobody wants them any more.
pub fn losses_at(
    weights: &Weights,
    tasks: &[TestTask],
    (axis, at): (LossAxis, usize),
    is_wanted: impl Fn() -> bool,
) -> Option<Vec<f64>> {
    let mut adapter = Adapter::new(weights);
    let loss = |task: &TestTask| {
        let steps = match axis {
            LossAxis::Steps => {
                adapter.take_task(&task.support, &task.query);
                at
            }
            LossAxis::Points => {
                adapter.take_task(&task.first_points(at), &task.query);
                if at > 0 { weights.adaptation.inner_steps } else { 0 }
            }
        };
        (0..steps).for_each(|_| adapter.descend());
        is_wanted().then(|| adapter.loss())
    };
    tasks.iter().map(loss).collect()
}

/// The curves of what [`task_losses`] gave for all tasks.
pub fn statistics(losses: &[f64], asked: impl Into<Asked>) -> Curve {
    let asked = asked.into();
    let steps = asked.steps + 1;
    let points = asked.points.map(|_| Box::new(of_columns(losses, asked, steps..asked.losses())));
    Curve { points, ..of_columns(losses, asked, 0..steps) }
}

/// The curve of some of the losses of these rows, one a task.
fn of_columns(losses: &[f64], asked: Asked, columns: Range<usize>) -> Curve {
    let (row, figures) = (asked.numbers(), asked.figures());
    let tasks = losses.len() / row;
    let mut curve = Curve { steps: (0..columns.len()).collect(), tasks, ..Curve::default() };
    if asked.tells_deviations {
        let at = |n: usize, figure: usize| losses.iter().copied().skip(n * figures + 1 + figure).step_by(row);
        curve.calibration = Some(Box::new(gather(columns.clone(), at)));
    }
    let mut column = Vec::with_capacity(tasks);
    for n in columns {
        column.clear();
        column.extend(losses.iter().skip(n * figures).step_by(row).map(|&loss| {
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

/// The curves over `tasks`, in this thread (about 100 us a task at 32 steps).
pub fn curve(weights: &Weights, tasks: &[TestTask], asked: impl Into<Asked>) -> Curve {
    let asked = asked.into();
    statistics(&task_losses(weights, tasks, asked, Kernels::fastest()), asked)
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
