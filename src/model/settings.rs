//! `[model]`: which network is trained.

use serde::Serialize;

use crate::config::{Domain, Key, Keys, Values, words};

/// Hidden widths that exist as compile-time shapes; `[model] hidden` is one of these.
pub const WIDTHS: [usize; 6] = [16, 32, 40, 64, 100, 128];

static LAYERS: Key<usize> = Key::new("layers", "Hidden layers.", Domain::Count(1..=4), 2).added_later();
static HIDDEN: Key<usize> =
    Key::new("hidden", "Width of the hidden layers.", Domain::Menu { numbers: &WIDTHS, of: "widths" }, 40);
static ACTIVATION: Key<Activation> = Key::new(
    "activation",
    "The nonlinearity after every hidden layer.",
    Domain::Words(Activation::NAMES),
    Activation::Relu,
);
static PRECISION: Key<Precision> =
    Key::new("precision", "The type training computes in.", Domain::Words(Precision::NAMES), Precision::F32);

/// `[model]`: a network of one input, hidden layers of one width, and one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSettings {
    /// Hidden layers, 1 to 4.
    pub layers: usize,
    /// Width of the hidden layers, one of [`WIDTHS`].
    pub hidden: usize,
    /// The nonlinearity after every hidden layer.
    pub activation: Activation,
    /// The type training computes in.
    pub precision: Precision,
}

words! {
    /// The nonlinearity after every hidden layer.
    pub enum Activation {
        /// max(0, x), with derivative 0 at 0.
        Relu = "relu",
        /// Hyperbolic tangent.
        Tanh = "tanh",
    }
}

words! {
    /// The type numbers are computed in.
    pub enum Precision {
        /// Single precision, the default.
        F32 = "f32",
        /// Double precision.
        F64 = "f64",
    }
}

impl ModelSettings {
    /// The keys of `[model]`.
    pub const KEYS: &'static Keys = &[&LAYERS, &HIDDEN, &ACTIVATION, &PRECISION];

    /// From values by key.
    pub fn new(values: &Values) -> Self {
        Self {
            layers: values.get(&LAYERS),
            hidden: values.get(&HIDDEN),
            activation: values.get(&ACTIVATION),
            precision: values.get(&PRECISION),
        }
    }

    /// As values by key.
    pub fn values(&self) -> Values {
        Values::default()
            .with(&LAYERS, &self.layers)
            .with(&HIDDEN, &self.hidden)
            .with(&ACTIVATION, &self.activation)
            .with(&PRECISION, &self.precision)
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self::new(&Values::default())
    }
}
