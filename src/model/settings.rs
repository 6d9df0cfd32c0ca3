//! `[model]`: which network is trained.

use serde::Serialize;

/// Hidden widths that exist as compile-time shapes; `[model] hidden` is one of these.
pub const WIDTHS: [usize; 6] = [16, 32, 40, 64, 100, 128];

/// `[model]`: a network of one input, hidden layers of one width, and one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSettings {
    /// Hidden layers, 1 to 4.
    pub layers: usize,
    /// Width of the hidden layers, one of [`WIDTHS`].
    pub hidden: usize,
    /// The nonlinearity after both hidden layers.
    pub activation: Activation,
    /// The type training computes in.
    pub precision: Precision,
}

/// The nonlinearity after both hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(0, x), with derivative 0 at 0.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// The type numbers are computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision, the default.
    F32,
    /// Double precision.
    F64,
}

impl Precision {
    /// Both of them.
    pub const ALL: [Precision; 2] = [Self::F32, Self::F64];

    /// The name used in `experiments.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

impl Activation {
    /// Both of them.
    pub const ALL: [Activation; 2] = [Self::Relu, Self::Tanh];

    /// The name used in `experiments.toml` and in checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
        }
    }
}

impl Default for ModelSettings {
    /// The notebook's network.
    fn default() -> Self {
        Self { layers: 2, hidden: 40, activation: Activation::Relu, precision: Precision::F32 }
    }
}
