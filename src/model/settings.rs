//! `[model]`: which network is trained.

use serde::Serialize;

use crate::config::{Domain, Key, Keys, Values, words};

/// Hidden widths that exist as compile-time shapes; `[model] hidden` is one of these.
pub const WIDTHS: [usize; 6] = [16, 32, 40, 64, 100, 128];

/// Those of the notebook and of the papers.
const DEFAULT_LAYERS: usize = 2;

static HIDDEN: Key<usize> =
    Key::new("hidden", "Width of every hidden layer.", Domain::Menu { numbers: &WIDTHS, of: "widths" }, 40);
static LAYERS: Key<usize> =
    Key::new("layers", "Hidden layers.", Domain::Count(1..=4), DEFAULT_LAYERS).added_later();
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
    /// Width of every hidden layer, one of [`WIDTHS`].
    pub hidden: usize,
    /// Hidden layers, 1 to 4.
    #[serde(skip_serializing_if = "is_default")]
    pub layers: usize,
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

fn is_default(layers: &usize) -> bool {
    *layers == DEFAULT_LAYERS
}

impl ModelSettings {
    /// The keys of `[model]`.
    pub const KEYS: &'static Keys = &[&HIDDEN, &LAYERS, &ACTIVATION, &PRECISION];

    /// From values by key.
    pub fn new(values: &Values) -> Self {
        Self {
            hidden: values.get(&HIDDEN),
            layers: values.get(&LAYERS),
            activation: values.get(&ACTIVATION),
            precision: values.get(&PRECISION),
        }
    }

    /// As values by key.
    pub fn values(&self) -> Values {
        Values::default()
            .with(&HIDDEN, &self.hidden)
            .with(&LAYERS, &self.layers)
            .with(&ACTIVATION, &self.activation)
            .with(&PRECISION, &self.precision)
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self::new(&Values::default())
    }
}
