//! One step point by point: to first order it changes the prediction by the sum over support points of
//! c_i(x) = -(2/K) (f(x_i) - y_i) K(x, x_i), K the kernel of the rule. Beside that stands the change there really is; what
//! is left is the network's bend.

use super::adaptive::{Adaptive, Part, Task};
use super::linear::{add, difference, dot, mean};
use super::network::{Network, mean_square};
use crate::task::Points;

/// The first inner step on a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Contributions {
    /// What the network predicts before it.
    pub before: Vec<f64>,
    /// What each support point adds to the prediction, to first order.
    pub points: Vec<Vec<f64>>,
    /// What each part of what adapts adds (see [`Adaptive::parts`]), to first order.
    pub layers: Vec<Vec<f64>>,
    /// The sum of either.
    pub sum: Vec<f64>,
    /// What the step really adds.
    pub change: Vec<f64>,
    /// What is left: the change less the sum.
    pub bend: Vec<f64>,
}

/// Test losses around the first step on a task, which of the weights may take it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alone {
    /// Before it.
    pub before: f64,
    /// After it.
    pub after: f64,
    /// After it, taken by the output layer alone.
    pub head: f64,
    /// After it, taken by the hidden layers alone.
    pub body: f64,
}

/// First steps on many tasks, taken together.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// 1 - |bend|^2 / |change|^2, of all steps as one.
    pub linear_share: f64,
    /// The share that each part of what adapts has of the sums, by projection on them (see [`Adaptive::parts`]).
    pub parts: Vec<f64>,
    /// Mean test losses; `None` where no weights adapt.
    pub losses: Option<Alone>,
}

impl Steps {
    /// On these tasks, seen at `x`; `None` once nobody wants it any more.
    pub fn new(
        adaptive: &mut Adaptive,
        tasks: &[Task],
        x: &[f64],
        is_wanted: impl Fn() -> bool,
    ) -> Option<Self> {
        let start = adaptive.start.clone();
        let pass = start.pass(x);
        let slopes = slopes(adaptive, &start, x);
        let parts = adaptive.parts();
        let (mut along, mut all, mut bent, mut changed) = (vec![0.0; parts.len()], 0.0, 0.0, 0.0);
        let mut losses = Vec::with_capacity(tasks.len());
        for (support, query) in tasks {
            if !is_wanted() {
                return None;
            }
            let step = adaptive.step_of(0, &start, support);
            let layers: Vec<Vec<f64>> = parts.iter().map(|part| by_part(&slopes, &step, part)).collect();
            let mut sum = vec![0.0; x.len()];
            layers.iter().for_each(|layer| add(&mut sum, 1.0, layer));
            let change = difference(&adaptive.less(&start, 1.0, &step).predict(x), &pass.y);
            let bend = difference(&change, &sum);
            along.iter_mut().zip(&layers).for_each(|(along, layer)| *along += dot(layer, &sum));
            all += dot(&sum, &sum);
            bent += dot(&bend, &bend);
            changed += dot(&change, &change);
            losses.extend(alone(adaptive, support, query));
        }
        let mean_of = |of: fn(&Alone) -> f64| mean(&losses.iter().map(of).collect::<Vec<_>>());
        let losses = (!losses.is_empty()).then(|| Alone {
            before: mean_of(|alone| alone.before),
            after: mean_of(|alone| alone.after),
            head: mean_of(|alone| alone.head),
            body: mean_of(|alone| alone.body),
        });
        let parts = along.into_iter().map(|along| along / all).collect();
        Some(Self { linear_share: 1.0 - bent / changed, parts, losses })
    }
}

/// The prediction's derivatives by what adapts, one a point.
fn slopes(adaptive: &Adaptive, network: &Network, x: &[f64]) -> Vec<Vec<f64>> {
    let pass = network.pass(x);
    (0..x.len()).map(|at| adaptive.gradient(network, &pass, &[(at, 1.0)])).collect()
}

/// What a part of a step adds to the prediction, to first order.
fn by_part(slopes: &[Vec<f64>], step: &[f64], part: &Part) -> Vec<f64> {
    let of = |slope: &Vec<f64>| -dot(&slope[part.place.clone()], &step[part.place.clone()]);
    slopes.iter().map(of).collect()
}

impl Contributions {
    /// Of the first step on these support points, seen at `x`.
    pub fn new(adaptive: &mut Adaptive, support: &Points, x: &[f64]) -> Self {
        let start = adaptive.start.clone();
        Self::of_step(adaptive, &start, 0, support, x)
    }

    /// The same of inner step `step`, counted from 0, of the network that the steps before it have led to.
    pub fn of_step(
        adaptive: &mut Adaptive,
        network: &Network,
        step: usize,
        support: &Points,
        x: &[f64],
    ) -> Self {
        let (seen, pass) = (network.pass(&support.x), network.pass(x));
        let errors = Adaptive::errors(&seen, &support.y);
        let slopes = slopes(adaptive, network, x);
        let along =
            |direction: &[f64]| slopes.iter().map(|slope| -dot(slope, direction)).collect::<Vec<f64>>();
        let mut points = Vec::with_capacity(errors.len());
        for error in &errors {
            points.push(along(&adaptive.moved(step, network, &seen, &[*error])));
        }
        let moved = adaptive.moved(step, network, &seen, &errors);
        let layers = adaptive.parts().iter().map(|part| by_part(&slopes, &moved, part)).collect();
        let mut sum = vec![0.0; x.len()];
        points.iter().for_each(|point| add(&mut sum, 1.0, point));
        let change = difference(&adaptive.less(network, 1.0, &moved).predict(x), &pass.y);
        let bend = difference(&change, &sum);
        Self { before: pass.y, points, layers, sum, change, bend }
    }

    /// 1 - |bend|^2 / |change|^2: how much of the step is the sum of its points; NaN where nothing changes.
    pub fn linear_share(&self) -> f64 {
        1.0 - dot(&self.bend, &self.bend) / dot(&self.change, &self.change)
    }

    /// The share of the sum that a part has, by projection on it.
    pub fn part_of_sum(&self, layer: usize) -> f64 {
        dot(&self.layers[layer], &self.sum) / dot(&self.sum, &self.sum)
    }
}

/// The test losses with the whole first step on a task, and with parts of it; `None` where no weights adapt.
pub fn alone(adaptive: &mut Adaptive, support: &Points, query: &Points) -> Option<Alone> {
    if adaptive.has_context() {
        return None;
    }
    let start = adaptive.start.clone();
    let step = adaptive.step_of(0, &start, support);
    let head = adaptive.parts().last()?.place.start;
    let loss = |keeps: &dyn Fn(usize) -> bool| {
        let kept = step.iter().enumerate().map(|(at, step)| if keeps(at) { *step } else { 0.0 });
        let kept: Vec<f64> = kept.collect();
        mean_square(&adaptive.less(&start, 1.0, &kept).predict(&query.x), &query.y)
    };
    let [before, after] = [false, true].map(|all| loss(&|_| all));
    Some(Alone { before, after, head: loss(&|at| at >= head), body: loss(&|at| at < head) })
}
