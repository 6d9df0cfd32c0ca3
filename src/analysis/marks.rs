//! What is told of a network at every moment of its training: few numbers, cheap enough to be worked out for all seeds and
//! snapshots of a run while somebody looks on.

use super::adaptive::{Adaptive, Task};
use super::contributions::Steps;
use super::gradients::{MetaGradients, support_cosine};
use super::kernel::{Kernel, alignment, covariance};
use super::linear::mean;
use super::network::mean_square;
use super::units::{Activity, activity};
use crate::model::Weights;
use crate::task::{TaskSettings, Units, grid};

/// Points of the grid over the range of x that networks are looked at on, both ends among them.
pub const GRID: usize = 50;

/// The numbers of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    /// Mean test loss before any step.
    pub before: f64,
    /// The same after the number of inner steps that the network was trained for, at least one.
    pub after: f64,
    /// Alignment of the kernel of the rule with the tasks' covariance.
    pub alignment: f64,
    /// The negative part of that kernel.
    pub negative: f64,
    /// How much of a step is the sum of its points, over all tasks.
    pub linear_share: f64,
    /// The output layer's part of that sum; NaN where a context adapts.
    pub head: f64,
    /// The share of hidden units that answer 0 everywhere, a number a layer; empty where none can.
    pub dead: Vec<f64>,
    /// Cosines of gradients of the meta-objective: exact and first-order, exact and before any step, first-order and
    /// before any step.
    pub cosines: [f64; 3],
    /// Mean cosine of the gradient on the support points with that on the whole truth.
    pub support: f64,
}

impl Marks {
    /// Of a network over these tasks of a family. `None` for a learner that takes no gradient steps, and once nobody wants
    /// it any more.
    pub fn new(
        weights: &Weights,
        tasks: &[Task],
        settings: &TaskSettings,
        is_wanted: impl Fn() -> bool,
    ) -> Option<Self> {
        let units = weights.adaptation.units;
        if !units.are_own() {
            // Of what the network sees.
            let seen = |(support, query): &Task| (units.inward(support), units.inward(query));
            let tasks: Vec<Task> = tasks.iter().map(seen).collect();
            let adaptation = weights.adaptation.clone().in_units(Units::default());
            let weights = Weights { adaptation, ..weights.clone() };
            let x = settings.x.map(|x| units.x_inward(x));
            return Self::new(&weights, &tasks, &TaskSettings { x, ..settings.clone() }, is_wanted);
        }
        let mut adaptive = Adaptive::new(weights)?;
        let x = grid(settings.x, GRID);
        let kernel = Kernel::new(&mut adaptive, &x);
        let alignment = alignment(&kernel.rule, &covariance(settings, &x));
        let steps = Steps::new(&mut adaptive, tasks, &x, &is_wanted)?;
        let inner_steps = weights.adaptation.inner_steps.max(1);
        let (mut before, mut after) = (Vec::with_capacity(tasks.len()), Vec::with_capacity(tasks.len()));
        for (support, query) in tasks {
            if !is_wanted() {
                return None;
            }
            before.push(mean_square(&adaptive.start.predict(&query.x), &query.y));
            let adapted = adaptive.after(support, inner_steps);
            after.push(mean_square(&adapted.predict(&query.x), &query.y));
        }
        let hidden = adaptive.start.hidden;
        let dead = |h: &Vec<f64>| {
            let is_dead = |unit: &&Activity| **unit == Activity::Dead;
            activity(h, hidden).iter().filter(is_dead).count() as f64 / hidden as f64
        };
        let dead = match adaptive.start.can_die() {
            true => adaptive.start.pass(&x).h.iter().map(dead).collect(),
            false => Vec::new(),
        };
        let gradients = MetaGradients::new(weights, tasks).ok()?;
        let head = if adaptive.has_context() { None } else { steps.parts.last() };
        Some(Self {
            before: mean(&before),
            after: mean(&after),
            alignment,
            negative: kernel.negative_part(),
            linear_share: steps.linear_share,
            head: head.copied().unwrap_or(f64::NAN),
            dead,
            cosines: gradients.cosines.each_ref().map(|cosines| cosines[0]),
            support: mean(&support_cosine(&adaptive, tasks)),
        })
    }
}

/// The first place at which values have come halfway from the first of them to the one that lies farthest in a direction:
/// up, or down where `rises` is not so. `None` where they go nowhere.
pub fn to_halfway(values: &[f64], rises: bool) -> Option<usize> {
    let sign = if rises { 1.0 } else { -1.0 };
    let first = sign * values.first()?;
    let farthest = values.iter().map(|value| sign * value).fold(f64::NEG_INFINITY, f64::max);
    let halfway = first + 0.5 * (farthest - first);
    let moves = farthest - first > 0.05 * first.abs().max(farthest.abs());
    values.iter().position(|value| sign * value >= halfway).filter(|_| moves)
}

#[cfg(test)]
mod tests {
    use super::to_halfway;

    #[test]
    fn halfway_is_where_half_of_the_way_is_gone() {
        assert_eq!(to_halfway(&[0.1, 0.2, 0.5, 0.9, 0.7], true), Some(2));
        assert_eq!(to_halfway(&[4.5, 4.4, 2.0, 0.5], false), Some(2));
        assert_eq!(to_halfway(&[4.5, 4.45, 4.4], false), None, "what hardly moves goes nowhere");
        assert_eq!(to_halfway(&[], true), None);
    }
}
