//! The layers of a network that reads, as values: from one list follow its tensors, their names in files, and their
//! initial values.

use rand::distr::{Distribution, Uniform};

use super::tensors::{Join, TensorInfo};
use crate::task::Stream;

/// A layer, or a vector of numbers that are learned by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    name: String,
    /// Its inputs, side by side: numbers of each. A vector has none.
    inputs: Vec<usize>,
    /// Its outputs: numbers of each of the parts that its tensors come in.
    outputs: Vec<usize>,
    /// Weights are uniform in +- this over sqrt(inputs); of a vector, what its numbers begin with.
    bound: f64,
}

impl Layer {
    /// A layer that a relu follows, of inputs of these widths (He et al. 2015, <https://arxiv.org/abs/1502.01852>).
    pub fn before_relu(name: impl Into<String>, inputs: &[usize], outputs: usize) -> Self {
        Self { name: name.into(), inputs: inputs.to_vec(), outputs: vec![outputs], bound: 6.0_f64.sqrt() }
    }

    /// A layer that nothing follows.
    pub fn linear(name: impl Into<String>, inputs: &[usize], outputs: usize) -> Self {
        Self { bound: 3.0_f64.sqrt(), ..Self::before_relu(name, inputs, outputs) }
    }

    /// Numbers by themselves, and what they begin with.
    pub fn vector(name: impl Into<String>, count: usize, from: f64) -> Self {
        Self { name: name.into(), inputs: Vec::new(), outputs: vec![count], bound: from }
    }

    /// The same with initial weights so many times as large.
    pub fn times(mut self, factor: f64) -> Self {
        self.bound *= factor;
        self
    }

    /// The same with outputs so many times over, which its tensors come in parts for.
    pub fn outputs_times(mut self, parts: usize) -> Self {
        self.outputs = self.outputs.repeat(parts);
        self
    }

    /// Its tensors. Stable Rust has no shapes that are sums or products of others, so that several may make one of
    /// the file.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let Self { name, inputs, outputs, .. } = self;
        if inputs.is_empty() {
            return vec![TensorInfo::new(name.clone(), [outputs[0]])];
        }
        let weights = outputs.iter().flat_map(|&outputs| {
            inputs.iter().map(move |&inputs| TensorInfo::new(format!("{name}.weight"), [outputs, inputs]))
        });
        let biases = outputs.iter().map(|&outputs| TensorInfo::new(format!("{name}.bias"), [outputs]));
        let below = |tensor: TensorInfo| TensorInfo { join: Join::Below, ..tensor };
        match outputs.len() {
            1 => weights.chain(biases).collect(),
            _ => weights.chain(biases).map(below).collect(),
        }
    }

    /// Initial values of these, one tensor after another.
    pub fn initial(&self, stream: &mut Stream) -> Vec<f64> {
        let Self { inputs, outputs, bound, .. } = self;
        let outputs: usize = outputs.iter().sum();
        let inputs: usize = inputs.iter().sum();
        if inputs == 0 {
            return vec![*bound; outputs];
        }
        let bound = bound / (inputs as f64).sqrt();
        let uniform = Uniform::new(-bound, bound).expect("-bound < bound, both finite");
        let mut values: Vec<f64> = (0..inputs * outputs).map(|_| uniform.sample(&mut *stream)).collect();
        values.extend(vec![0.0; outputs]);
        values
    }
}
