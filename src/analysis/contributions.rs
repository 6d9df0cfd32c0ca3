//! One step point by point: to first order it changes the prediction by the sum over support points of
//! c_i(x) = -(2/K) (f(x_i) - y_i) K(x, x_i), K the kernel of the rule. Beside that stands the change there really is; what
//! is left is the network's bend.

use super::adaptive::{Adaptive, Part};
use super::linear::{add, difference, dot};
use super::network::mean_square;
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

impl Contributions {
    /// On these support points, seen at `x`.
    pub fn new(adaptive: &mut Adaptive, support: &Points, x: &[f64]) -> Self {
        let start = adaptive.start.clone();
        let (seen, pass) = (start.pass(&support.x), start.pass(x));
        let errors = Adaptive::errors(&seen, &support.y);
        let slopes: Vec<Vec<f64>> =
            (0..x.len()).map(|at| adaptive.gradient(&start, &pass, &[(at, 1.0)])).collect();
        let along =
            |direction: &[f64]| slopes.iter().map(|slope| -dot(slope, direction)).collect::<Vec<f64>>();
        let mut points = Vec::with_capacity(errors.len());
        for error in &errors {
            points.push(along(&adaptive.moved(0, &start, &seen, &[*error])));
        }
        let step = adaptive.moved(0, &start, &seen, &errors);
        let part = |part: &Part| {
            let of = |slope: &Vec<f64>| -dot(&slope[part.place.clone()], &step[part.place.clone()]);
            slopes.iter().map(of).collect()
        };
        let layers = adaptive.parts().iter().map(part).collect();
        let mut sum = vec![0.0; x.len()];
        points.iter().for_each(|point| add(&mut sum, 1.0, point));
        let change = difference(&adaptive.less(&start, 1.0, &step).predict(x), &pass.y);
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
