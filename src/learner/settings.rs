//! How an experiment trains: its algorithm, how long, and with which rates.

use serde::Serialize;

use crate::config::{AnyKey, Domain, Key, Keys, Values, words};

static EPOCHS: Key<u64> = Key::new(
    "epochs",
    "Passes over the training tasks, each in a fresh random order.",
    Domain::Count(1..=1_000_000),
    4,
);
// At most what a million epochs over the largest pool can be.
static OUTER_STEPS: Key<Option<u64>> = Key::new(
    "outer_steps",
    "Optimiser steps, instead of epochs.",
    Domain::Count(1..=1_000_000_000_000),
    None,
)
.instead_of("epochs", "how long to train");
static META_BATCH: Key<usize> = Key::new(
    "meta_batch",
    "Tasks whose gradients are averaged in one outer step.",
    Domain::Count(1..=10_000),
    1,
);
static INNER_LR: Key<f64> =
    Key::new("inner_lr", "Rate of the inner SGD steps during training.", Domain::Rate, 0.01);
static INNER_STEPS: Key<usize> =
    Key::new("inner_steps", "Inner SGD steps during training (Reptile's k).", Domain::Count(1..=1_000), 1);
static OUTER_LR: Key<f64> = Key::new("outer_lr", "Adam's rate for the outer step.", Domain::Rate, 0.001);
static OUTER_GRADIENT: Key<OuterGradient> = Key::new(
    "outer_gradient",
    "Whether the inner gradient is added to the meta-gradient, as the notebook's code did.",
    Domain::Words(OuterGradient::NAMES),
    OuterGradient::Meta,
);

static ORDER: Key<GradientOrder> = Key::new(
    "order",
    "Whether MAML's gradient goes through the inner steps, or takes the inner gradients for constants.",
    Domain::Words(GradientOrder::NAMES),
    GradientOrder::Exact,
)
.added_later();

words! {
    /// Which learner trains an experiment.
    pub enum Algorithm {
        /// The untrained initialisation: the floor every learner must beat.
        Random = "random",
        /// Adam on the support loss of one task after another.
        Transfer = "transfer",
        /// MAML with the exact second-order gradient.
        Maml = "maml",
        /// MAML that treats the inner gradient as a constant.
        FirstOrderMaml = "first-order-maml",
        /// Reptile: move towards the weights that k SGD steps reach.
        Reptile = "reptile",
    }
}

/// How long an experiment trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Passes over the training tasks, each in a fresh random order.
    Epochs(u64),
    /// Optimiser steps.
    OuterSteps(u64),
}

words! {
    /// What the outer optimiser receives.
    pub enum OuterGradient {
        /// The gradient of the query loss with respect to the initial weights.
        Meta = "meta",
        /// The same plus the first inner gradient, which is what the notebook's shared variables add.
        MetaPlusInner = "meta+inner",
    }
}

words! {
    /// Whether a meta-gradient goes through the inner steps.
    pub enum GradientOrder {
        /// Second derivatives included.
        Exact = "exact",
        /// Inner gradients are taken for constants.
        First = "first",
    }
}

/// How an experiment trains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
    /// Which learner trains it.
    pub algorithm: Algorithm,
    /// How long it trains.
    pub budget: Budget,
    /// Tasks whose gradients are averaged in one outer step.
    pub meta_batch: usize,
    /// Rate of the inner SGD steps during training.
    pub inner_lr: f64,
    /// Inner SGD steps during training (Reptile's k).
    pub inner_steps: usize,
    /// Adam's rate for the outer step.
    pub outer_lr: f64,
    /// Whether the inner gradient is added to the meta-gradient, as the notebook's code did.
    pub outer_gradient: OuterGradient,
    /// MAML's order; what is computed says [`Training::rule`].
    #[serde(skip_serializing_if = "GradientOrder::is_exact")]
    pub order: GradientOrder,
    /// What only this algorithm has.
    #[serde(flatten)]
    pub own: Values,
}

/// Which of [`Training::KEYS`] an algorithm goes by; an experiment may have no others. The untrained
/// initialisation does not mind being told how long to train.
pub fn used_by(algorithm: Algorithm) -> &'static [&'static str] {
    match algorithm {
        Algorithm::Random => &["epochs", "outer_steps", "meta_batch"],
        Algorithm::Transfer => &["epochs", "outer_steps", "meta_batch", "outer_lr"],
        Algorithm::Maml => &[
            "epochs",
            "outer_steps",
            "meta_batch",
            "inner_lr",
            "inner_steps",
            "outer_lr",
            "outer_gradient",
            "order",
        ],
        Algorithm::FirstOrderMaml => {
            &["epochs", "outer_steps", "meta_batch", "inner_lr", "inner_steps", "outer_lr", "outer_gradient"]
        }
        Algorithm::Reptile => &["epochs", "outer_steps", "meta_batch", "inner_lr", "inner_steps", "outer_lr"],
    }
}

/// Keys that only this algorithm has.
fn own_keys(_algorithm: Algorithm) -> &'static Keys {
    &[]
}

impl GradientOrder {
    fn is_exact(&self) -> bool {
        *self == Self::Exact
    }
}

impl Training {
    /// The keys of `[defaults]` and `[[experiment]]` that several algorithms have.
    pub const KEYS: &'static Keys =
        &[&EPOCHS, &OUTER_STEPS, &META_BATCH, &INNER_LR, &INNER_STEPS, &OUTER_LR, &OUTER_GRADIENT, &ORDER];

    /// The keys of all algorithms, or those that a settings file of one has.
    pub fn keys(algorithm: Option<Algorithm>) -> Vec<&'static dyn AnyKey> {
        let chosen = Algorithm::ALL.into_iter().filter(|one| algorithm.is_none_or(|chosen| chosen == *one));
        let mut keys = Self::KEYS.to_vec();
        keys.extend(chosen.flat_map(own_keys));
        keys
    }

    /// The algorithm whose rule is followed: MAML of first order is first-order MAML.
    pub fn rule(&self) -> Algorithm {
        match (self.algorithm, self.order) {
            (Algorithm::Maml, GradientOrder::First) => Algorithm::FirstOrderMaml,
            (algorithm, _) => algorithm,
        }
    }

    /// From values by key.
    pub fn new(algorithm: Algorithm, values: &Values) -> Self {
        let epochs = || Budget::Epochs(values.get(&EPOCHS));
        // Shared, but of no use here: the settings file does not have it, so that its folder stays.
        let has_order = used_by(algorithm).contains(&ORDER.name());
        Self {
            algorithm,
            budget: values.get(&OUTER_STEPS).map_or_else(epochs, Budget::OuterSteps),
            meta_batch: values.get(&META_BATCH),
            inner_lr: values.get(&INNER_LR),
            inner_steps: values.get(&INNER_STEPS),
            outer_lr: values.get(&OUTER_LR),
            outer_gradient: values.get(&OUTER_GRADIENT),
            order: if has_order { values.get(&ORDER) } else { GradientOrder::Exact },
            own: values.of(own_keys(algorithm)),
        }
    }

    /// As values by key.
    pub fn values(&self) -> Values {
        let values = match self.budget {
            Budget::Epochs(epochs) => Values::default().with(&EPOCHS, &epochs),
            Budget::OuterSteps(steps) => Values::default().with(&OUTER_STEPS, &Some(steps)),
        };
        values
            .with(&META_BATCH, &self.meta_batch)
            .with(&INNER_LR, &self.inner_lr)
            .with(&INNER_STEPS, &self.inner_steps)
            .with(&OUTER_LR, &self.outer_lr)
            .with(&OUTER_GRADIENT, &self.outer_gradient)
            .with(&ORDER, &self.order)
            .and(&self.own)
    }
}
