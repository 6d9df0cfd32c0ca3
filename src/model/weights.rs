//! Parameters as plain numbers: what travels between threads, files and the screen.

use super::{Activation, Precision};

/// The parameters of one 1-H-H-1 network, outside any tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// H, the width of both hidden layers.
    pub hidden: usize,
    /// The nonlinearity these weights were trained for.
    pub activation: Activation,
    /// The type they were computed in; `values` holds that type's numbers exactly.
    pub precision: Precision,
    /// `hidden1.weight [H,1]`, `hidden1.bias [H]`, `hidden2.weight [H,H]`, `hidden2.bias [H]`,
    /// `out.weight [1,H]`, `out.bias [1]`, row after row.
    pub values: Vec<f64>,
}

impl Weights {
    /// Number of parameters of a network of this width: `H*H + 4H + 1`.
    pub const fn len_of(hidden: usize) -> usize {
        hidden * hidden + 4 * hidden + 1
    }
}
