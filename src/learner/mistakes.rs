//! Which known mistake somebody's meta-gradient looks like: for those who write a learner of their own and hold its
//! gradient against the one that is right.

use super::gradient::{MetaGradient, meta_gradient};
use crate::model::{Kernels, Order, Precision, Weights};
use crate::task::Points;

/// A meta-gradient to be compared with, and what it is of.
pub struct Question<'a> {
    /// The weights that it is a gradient at.
    pub weights: &'a Weights,
    /// Support and query points of its tasks.
    pub tasks: &'a [(Points, Points)],
    /// Inner steps.
    pub steps: usize,
    /// Whether it goes through them.
    pub order: Order,
    /// The gradient in question, by the places of the weights.
    pub theirs: &'a Weights,
}

/// What a comparison comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// A tensor each.
    pub tensors: Vec<TensorDifference>,
    /// Norm of the difference over the norm of the gradient.
    pub relative: f64,
    /// Up to which relative difference two gradients are the same, as far as their number type can tell.
    pub tolerance: f64,
    /// What theirs is; none if it is nothing that is known.
    pub is: Option<Resemblance>,
}

impl Answer {
    /// Whether it is the gradient that was asked for.
    pub fn agrees(&self) -> bool {
        self.relative <= self.tolerance
    }
}

/// How far apart two gradients are in one tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorDifference {
    /// The tensor.
    pub name: String,
    /// Largest entry of ours in size.
    pub largest: f64,
    /// Largest difference of an entry.
    pub difference: f64,
}

/// What a gradient is, if it is not what it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Resemblance {
    /// Which gradient, in words.
    pub gradient: &'static str,
    /// Times what.
    pub factor: f64,
    /// How one comes by the factor; empty for 1, and for a factor that nothing is known of.
    pub because: Vec<&'static str>,
}

/// Holds a gradient against the one that is right, computed in double precision, and against those that are known to be
/// computed by mistake.
///
/// # Errors
/// Only if memory runs out.
pub fn compare_gradients(question: &Question<'_>) -> anyhow::Result<Answer> {
    let Question { weights, tasks, steps, order, theirs } = *question;
    let mut exact = weights.clone();
    exact.model.precision = Precision::F64;
    let of = |weights: &Weights, tasks: &[(Points, Points)], steps, order| -> anyhow::Result<Vec<f64>> {
        let MetaGradient { gradient, .. } = meta_gradient(weights, tasks, steps, order, Kernels::fastest())?;
        Ok(gradient.values)
    };
    let ours = of(&exact, tasks, steps, order)?;
    let tolerance = match theirs.model.precision {
        Precision::F32 => 1e-4,
        Precision::F64 => 1e-8,
    };
    let relative = distance(&theirs.values, &ours, 1.0);
    let answer = |is| Answer { tensors: tensors(weights, &ours, &theirs.values), relative, tolerance, is };
    let inner = exact.adaptation.inner.clone();
    let mut known = vec![("the gradient that was asked for", ours.clone())];
    if inner.has_order() {
        let (other, words) = match order {
            Order::Exact => (Order::First, "the first-order gradient: inner gradients taken for constants"),
            Order::First => (Order::Exact, "the exact gradient, through the inner steps"),
        };
        known.push((words, of(&exact, tasks, steps, other)?));
        let supports: Vec<_> = tasks.iter().map(|(support, _)| (support.clone(), support.clone())).collect();
        let start = of(&exact, &supports, 0, order)?;
        let both = ours.iter().zip(&start).map(|(meta, inner)| meta + inner).collect();
        known.push(("\"meta+inner\": the gradient of the first inner step was left in and added", both));
    }
    let shots = tasks.first().map_or(0, |(support, _)| support.x.len()) as f64;
    if inner.has_rate() && tasks.iter().all(|(support, _)| support.x.len() as f64 == shots) {
        for (factor, words) in [
            (
                shots,
                "the gradient with K times the inner rate: the inner loss is summed over the K support points",
            ),
            (0.5, "the gradient with half the inner rate: the inner loss is half the squared error"),
            (
                0.5 * shots,
                "the gradient with K / 2 times the inner rate: the inner loss is half the squared error and summed over the K support points",
            ),
        ] {
            let mut other = exact.clone();
            other.adaptation.inner_lr *= factor;
            known.push((words, of(&other, tasks, steps, order)?));
        }
    }
    let count = tasks.len() as f64;
    let query = tasks.first().map_or(0, |(_, query)| query.x.len()) as f64;
    let scales = [
        (count, "summed over the tasks, not averaged"),
        (0.5, "of half the squared error"),
        (query, "summed over the query points, not averaged"),
    ];
    let named = |factor: f64| {
        (0..8_u8).find_map(|which| {
            let chosen = scales.iter().enumerate().filter(|(place, _)| which >> place & 1 == 1);
            let product: f64 = chosen.clone().map(|(_, (scale, _))| scale).product();
            let is_it = (factor / product - 1.0).abs() <= tolerance;
            is_it.then(|| {
                (product, chosen.filter(|(_, (scale, _))| *scale != 1.0).map(|(_, (_, why))| *why).collect())
            })
        })
    };
    // A factor that is known beats one that is not; the gradient asked for comes first among equals.
    let mut unnamed = None;
    for (gradient, values) in &known {
        let square: f64 = values.iter().map(|value| value * value).sum();
        let product: f64 = values.iter().zip(&theirs.values).map(|(one, other)| one * other).sum();
        let factor = product / square;
        if !factor.is_finite() || factor == 0.0 || distance(&theirs.values, values, factor) > tolerance {
            continue;
        }
        match named(factor) {
            Some((factor, because)) => return Ok(answer(Some(Resemblance { gradient, factor, because }))),
            None => unnamed = unnamed.or(Some(Resemblance { gradient, factor, because: Vec::new() })),
        }
    }
    Ok(answer(unnamed))
}

/// Norm of the difference to so many times another, over the norm of that.
fn distance(theirs: &[f64], ours: &[f64], factor: f64) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let apart = square(&mut theirs.iter().zip(ours).map(|(theirs, ours)| theirs - factor * ours));
    let size = square(&mut ours.iter().map(|ours| factor * ours));
    if apart == 0.0 { 0.0 } else { (apart / size).sqrt() }
}

fn tensors(weights: &Weights, ours: &[f64], theirs: &[f64]) -> Vec<TensorDifference> {
    let mut from = 0;
    let largest = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(0.0, |most: f64, value| {
            // `max` passes over what is no number.
            if value.is_nan() || most.is_nan() { f64::NAN } else { most.max(value.abs()) }
        })
    };
    let of = |tensor: crate::model::TensorInfo| {
        let to = from + tensor.count();
        let (ours, theirs) = (&ours[from..to], &theirs[from..to]);
        from = to;
        TensorDifference {
            name: tensor.name,
            largest: largest(&mut ours.iter().copied()),
            difference: largest(&mut ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs)),
        }
    };
    weights.tensors().into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{Maml, Trainer, Training};
    use crate::model::ModelSettings;
    use crate::task::{EvaluationSettings, TaskSettings, test_tasks};

    fn problem() -> (Weights, Vec<(Points, Points)>) {
        let (training, task) = (Training::default(), TaskSettings::default());
        let model = ModelSettings { precision: Precision::F64, ..ModelSettings::default() };
        let weights = Trainer::new(&Maml, (&training, &task, &model), 0, Kernels::fastest()).weights();
        let evaluation = EvaluationSettings { test_tasks: 4, ..EvaluationSettings::default() };
        let tasks =
            test_tasks(&task, &evaluation).into_iter().map(|task| (task.support, task.query)).collect();
        (weights, tasks)
    }

    /// The gradient of these tasks as somebody writes it who makes a mistake in the loss or in the inner rate.
    fn gradient(
        weights: &Weights,
        tasks: &[(Points, Points)],
        rate: f64,
        order: Order,
        scale: f64,
    ) -> Weights {
        let mut weights = weights.clone();
        weights.adaptation.inner_lr = rate;
        let mut found =
            meta_gradient(&weights, tasks, 2, order, Kernels::fastest()).expect("enough memory").gradient;
        found.values.iter_mut().for_each(|value| *value *= scale);
        found
    }

    fn told(weights: &Weights, tasks: &[(Points, Points)], theirs: &Weights) -> Answer {
        let question = Question { weights, tasks, steps: 2, order: Order::Exact, theirs };
        compare_gradients(&question).expect("enough memory")
    }

    #[test]
    fn the_five_known_mistakes_are_recognised_and_what_is_right_is_no_mistake() {
        let (weights, tasks) = problem();
        let of = |rate, order, scale| gradient(&weights, &tasks, rate, order, scale);
        let right = told(&weights, &tasks, &of(0.01, Order::Exact, 1.0));
        assert!(right.agrees() && right.is.is_some_and(|is| is.factor == 1.0 && is.because.is_empty()));
        for (theirs, gradient, because) in [
            (of(0.01, Order::First, 1.0), "first-order", vec![]),
            (of(0.01, Order::Exact, 4.0), "asked for", vec!["summed over the tasks, not averaged"]),
            (of(0.01, Order::Exact, 0.5), "asked for", vec!["of half the squared error"]),
            (of(0.1, Order::Exact, 1.0), "K times the inner rate", vec![]),
            (of(0.005, Order::Exact, 1.0), "half the inner rate", vec![]),
            // Two at once.
            (
                of(0.01, Order::First, 2.0),
                "first-order",
                vec!["summed over the tasks, not averaged", "of half the squared error"],
            ),
        ] {
            let answer = told(&weights, &tasks, &theirs);
            assert!(!answer.agrees());
            let is = answer.is.expect(gradient);
            assert!(is.gradient.contains(gradient), "{is:?}");
            assert_eq!(is.because, because);
        }
        // The gradient of the support loss at the start, added task by task.
        let mut both = of(0.01, Order::Exact, 1.0);
        let supports: Vec<_> = tasks.iter().map(|(support, _)| (support.clone(), support.clone())).collect();
        let start =
            meta_gradient(&weights, &supports, 0, Order::Exact, Kernels::fastest()).expect("enough memory");
        both.values.iter_mut().zip(start.gradient.values).for_each(|(value, inner)| *value += inner);
        let is = told(&weights, &tasks, &both).is.expect("it is known");
        assert!(is.gradient.contains("meta+inner"), "{is:?}");
    }

    #[test]
    fn what_is_no_known_mistake_is_none() {
        let (weights, tasks) = problem();
        let mut theirs = gradient(&weights, &tasks, 0.01, Order::Exact, 1.0);
        theirs.values[7] += 1.0;
        let answer = told(&weights, &tasks, &theirs);
        assert!(!answer.agrees() && answer.is.is_none());
        assert!(answer.tensors.iter().filter(|tensor| tensor.difference > 1e-9).count() == 1);
        theirs.values[7] = f64::NAN;
        let answer = told(&weights, &tasks, &theirs);
        assert!(!answer.agrees() && answer.is.is_none());
        // A factor that nothing is known of is said.
        let answer = told(&weights, &tasks, &gradient(&weights, &tasks, 0.01, Order::Exact, 3.3));
        assert!(answer.is.is_some_and(|is| (is.factor - 3.3).abs() < 1e-9 && is.because.is_empty()));
    }
}
