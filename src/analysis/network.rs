//! A network laid open: what every unit answers at every point, and the derivative of the prediction by its weights.

use std::ops::Range;

use super::linear::{add, dot};
use crate::model::{Activation, ModelSettings, Weights};

/// A network in double precision, and the context beside its input where it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Hidden layers.
    pub layers: usize,
    /// Units of each.
    pub hidden: usize,
    activation: Activation,
    /// Its weights, tensor after tensor in checkpoint order.
    pub weights: Vec<f64>,
    /// The context's columns of the first layer's weight, one after another.
    columns: Vec<f64>,
    /// The context, 0 at first.
    pub context: Vec<f64>,
}

/// What a network makes of some points.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The points.
    pub x: Vec<f64>,
    /// Activations of each hidden layer, a row of units a point.
    pub h: Vec<Vec<f64>>,
    /// Predictions.
    pub y: Vec<f64>,
    /// Derivatives of a point's prediction by the inputs z of each hidden layer's units, a row a point.
    pub d: Vec<Vec<f64>>,
}

/// The mean squared error.
pub fn mean_square(answers: &[f64], y: &[f64]) -> f64 {
    let errors = answers.iter().zip(y).map(|(answer, y)| (answer - y) * (answer - y));
    errors.sum::<f64>() / y.len() as f64
}

impl Network {
    /// Of these weights, before any step.
    pub fn new(weights: &Weights) -> Self {
        let ModelSettings { layers, hidden, activation, .. } = weights.model;
        let (network, others) = weights.values.split_at(weights.model.parameters());
        let has_context = weights.adaptation.inner.has_context();
        let columns = if has_context { others.to_vec() } else { Vec::new() };
        let context = vec![0.0; columns.len() / hidden];
        Self { layers, hidden, activation, weights: network.to_vec(), columns, context }
    }

    /// Where a layer's weight and its bias lie, the output layer last.
    pub fn layer(&self, layer: usize) -> (Range<usize>, Range<usize>) {
        let Self { layers, hidden, .. } = *self;
        let from = match layer {
            0 => 0,
            _ => 2 * hidden + (layer - 1) * (hidden * hidden + hidden),
        };
        let inputs = if layer == 0 { 1 } else { hidden };
        let units = if layer < layers { hidden } else { 1 };
        let bias = from + inputs * units;
        (from..bias, bias..bias + units)
    }

    /// A layer's weight, row after row, and its bias.
    fn tensors(&self, layer: usize) -> (&[f64], &[f64]) {
        let (weight, bias) = self.layer(layer);
        (&self.weights[weight], &self.weights[bias])
    }

    /// The place on the x axis where the first layer's units turn (relu) or are steepest (tanh) without a context:
    /// -b / w, w the column of x.
    pub fn kinks(&self) -> Vec<f64> {
        let (weight, bias) = self.tensors(0);
        weight.iter().zip(bias).map(|(w, b)| -b / w).collect()
    }

    fn sigma(&self, z: f64) -> f64 {
        match self.activation {
            Activation::Relu => z.max(0.0),
            Activation::Tanh => libm::tanh(z),
        }
    }

    /// The slope of the nonlinearity where it answers `h`: for relu 0 at 0.
    fn slope(&self, h: f64) -> f64 {
        match self.activation {
            Activation::Relu => f64::from(u8::from(h > 0.0)),
            Activation::Tanh => 1.0 - h * h,
        }
    }

    /// Whether a unit that answers 0 everywhere is dead.
    pub fn can_die(&self) -> bool {
        self.activation == Activation::Relu
    }

    /// Activations of every hidden layer, and the predictions.
    fn forward(&self, x: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let (weight, bias) = self.tensors(0);
        let mut offset = bias.to_vec();
        for (column, c) in self.columns.chunks_exact(self.hidden).zip(&self.context) {
            add(&mut offset, *c, column);
        }
        let first =
            x.iter().flat_map(|x| weight.iter().zip(&offset).map(move |(w, b)| self.sigma(w * x + b)));
        let mut h: Vec<Vec<f64>> = vec![first.collect()];
        for layer in 1..self.layers {
            let (weight, bias) = self.tensors(layer);
            let units = || weight.chunks_exact(self.hidden).zip(bias);
            let below = h[layer - 1].chunks_exact(self.hidden);
            h.push(below.flat_map(|h| units().map(move |(w, b)| self.sigma(dot(w, h) + b))).collect());
        }
        let (weight, bias) = self.tensors(self.layers);
        let y = h[self.layers - 1].chunks_exact(self.hidden).map(|h| dot(weight, h) + bias[0]).collect();
        (h, y)
    }

    /// What it predicts at these points.
    pub fn predict(&self, x: &[f64]) -> Vec<f64> {
        self.forward(x).1
    }

    /// All that it makes of these points.
    pub fn pass(&self, x: &[f64]) -> Pass {
        let (h, y) = self.forward(x);
        let mut d = vec![Vec::new(); self.layers];
        let (output, _) = self.tensors(self.layers);
        let mut above: Vec<f64> = x.iter().flat_map(|_| output.iter().copied()).collect();
        for layer in (0..self.layers).rev() {
            above.iter_mut().zip(&h[layer]).for_each(|(d, h)| *d *= self.slope(*h));
            d[layer] = above;
            above = vec![0.0; d[layer].len()];
            if layer > 0 {
                let (weight, _) = self.tensors(layer);
                let points = above.chunks_exact_mut(self.hidden).zip(d[layer].chunks_exact(self.hidden));
                for (below, d) in points {
                    for (d, row) in d.iter().zip(weight.chunks_exact(self.hidden)) {
                        add(below, *d, row);
                    }
                }
            }
        }
        Pass { x: x.to_vec(), h, y, d }
    }

    /// The derivative by all weights of the sum of `share` times the prediction at `point`, over some points of a pass.
    pub fn weight_gradient(&self, pass: &Pass, shares: &[(usize, f64)]) -> Vec<f64> {
        let mut gradient = vec![0.0; self.weights.len()];
        let hidden = self.hidden;
        for &(point, share) in shares {
            let row = point * hidden..(point + 1) * hidden;
            for layer in 0..=self.layers {
                let (weight, bias) = self.layer(layer);
                let one = [1.0];
                let d = if layer < self.layers { &pass.d[layer][row.clone()] } else { &one[..] };
                let x = [pass.x[point]];
                let below = if layer > 0 { &pass.h[layer - 1][row.clone()] } else { &x[..] };
                add(&mut gradient[bias], share, d);
                for (row, d) in gradient[weight].chunks_exact_mut(below.len()).zip(d) {
                    add(row, share * d, below);
                }
            }
        }
        gradient
    }

    /// The same by the context.
    pub fn context_gradient(&self, pass: &Pass, shares: &[(usize, f64)]) -> Vec<f64> {
        let hidden = self.hidden;
        let at = |column: &[f64], point: usize| dot(column, &pass.d[0][point * hidden..(point + 1) * hidden]);
        let by = |column| shares.iter().map(|&(point, share)| share * at(column, point)).sum();
        self.columns.chunks_exact(hidden).map(by).collect()
    }
}
