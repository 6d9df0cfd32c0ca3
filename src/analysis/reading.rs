//! Networks that read their support points instead of stepping on them: what a point does to the whole curve, and of one
//! that sums its points up in a vector (a conditional neural process, Garnelo et al. 2018, arXiv:1807.01613), that vector
//! and the units that answer by it.

use super::linear::dot;
use crate::eval::fits;
use crate::model::{Precision, Weights};
use crate::task::Points;

/// By how much a y is changed for a derivative, in double precision.
const STEP: f64 = 1e-4;

/// The derivative of the prediction at every x by the y of every support point, a row a support point: central differences
/// through what tests the network, after `steps` inner steps of a learner that takes any.
pub fn by_points(weights: &Weights, support: &Points, x: &[f64], steps: usize) -> Vec<Vec<f64>> {
    let mut weights = weights.clone();
    weights.model.precision = Precision::F64;
    let query = Points { x: x.to_vec(), y: vec![0.0; x.len()] };
    let predict = |point: usize, by: f64| {
        let mut changed = support.clone();
        changed.y[point] += by;
        fits(&weights, &changed, &query, &[steps]).pop().map(|fit| fit.y).unwrap_or_default()
    };
    let derivative = |point: usize| {
        let [above, below] = [STEP, -STEP].map(|by| predict(point, by));
        above.iter().zip(&below).map(|(above, below)| (above - below) / (2.0 * STEP)).collect()
    };
    (0..support.x.len()).map(derivative).collect()
}

/// A network that sums its points up in a vector: every layer with its numbers.
pub struct Reader<'w> {
    weights: &'w Weights,
    /// What x and y are divided by, and what is taken off x before.
    scale: [f64; 3],
}

impl<'w> Reader<'w> {
    /// Of these weights; `None` where they are no such network.
    pub fn new(weights: &'w Weights) -> Option<Self> {
        let scale = weights.adaptation.inner.scale()?;
        let reader = Self { weights, scale: [scale.x_center, scale.x_scale, scale.y_scale] };
        let has = |name: &str| !reader.tensors(name).is_empty();
        let layers = ["encoder.0", "encoder.1", "encoder.2", "decoder.0", "decoder.1", "decoder.2"];
        let is_one =
            layers.iter().all(|layer| has(&format!("{layer}.weight")) && has(&format!("{layer}.bias")));
        (is_one && has("prior")).then_some(reader)
    }

    /// The tensors of this name, one an input of a layer: numbers of an input, and the numbers.
    fn tensors(&self, name: &str) -> Vec<(usize, &'w [f64])> {
        let mut from = 0;
        let mut found = Vec::new();
        for tensor in self.weights.tensors() {
            let values = &self.weights.values[from..from + tensor.count()];
            from += tensor.count();
            if tensor.name == name {
                found.push((tensor.shape.last().copied().unwrap_or(1), values));
            }
        }
        found
    }

    fn layer(&self, name: &str, inputs: &[&[f64]]) -> Vec<f64> {
        let bias = self.tensors(&format!("{name}.bias")).first().map_or(&[][..], |(_, values)| values);
        let mut answers = bias.to_vec();
        let weights = self.tensors(&format!("{name}.weight"));
        for ((wide, weight), input) in weights.iter().zip(inputs) {
            for (answer, row) in answers.iter_mut().zip(weight.chunks_exact(*wide)) {
                *answer += dot(row, input);
            }
        }
        answers
    }

    fn relu(&self, name: &str, inputs: &[&[f64]]) -> Vec<f64> {
        let mut answers = self.layer(name, inputs);
        answers.iter_mut().for_each(|answer| *answer = answer.max(0.0));
        answers
    }

    /// The vector that it has of these points; of none what it has learned to begin with.
    pub fn read(&self, support: &Points) -> Vec<f64> {
        let [center, wide, high] = self.scale;
        let mut mean: Vec<f64> = Vec::new();
        for (x, y) in support.x.iter().zip(&support.y) {
            let (x, y) = ([(x - center) / wide], [y / high]);
            let h = self.relu("encoder.0", &[&x, &y]);
            let h = self.relu("encoder.1", &[&h]);
            mean.resize(h.len(), 0.0);
            mean.iter_mut().zip(&h).for_each(|(mean, h)| *mean += h / support.x.len() as f64);
        }
        match mean.is_empty() {
            true => self.tensors("prior").first().map(|(_, values)| values.to_vec()).unwrap_or_default(),
            false => self.layer("encoder.2", &[&mean]),
        }
    }

    /// What the units of its decoder's two hidden layers answer at these points, a row of units a point, and its predictions.
    pub fn answer(&self, r: &[f64], x: &[f64]) -> ([Vec<f64>; 2], Vec<f64>) {
        let [center, wide, high] = self.scale;
        let (mut units, mut predictions) = ([Vec::new(), Vec::new()], Vec::with_capacity(x.len()));
        for x in x {
            let first = self.relu("decoder.0", &[r, &[(x - center) / wide]]);
            let second = self.relu("decoder.1", &[&first]);
            predictions.push(high * self.layer("decoder.2", &[&second])[0]);
            units[0].extend(first);
            units[1].extend(second);
        }
        (units, predictions)
    }
}
