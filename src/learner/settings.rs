//! How an experiment trains: how long, and with which rates.

use serde::Serialize;

use crate::config::{Domain, Key, Keys, Values, words};
use crate::model::Order;

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

static ORDER: Key<Order> = Key::new(
    "order",
    "Whether the meta-gradient goes through the inner steps, or takes the inner gradients for constants.",
    Domain::Words(Order::NAMES),
    Order::Exact,
)
.added_later();

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

/// How an experiment trains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
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
    /// Whether the meta-gradient goes through the inner steps.
    #[serde(skip_serializing_if = "is_exact")]
    pub order: Order,
    /// What only this algorithm has.
    #[serde(flatten)]
    pub own: Values,
}

fn is_exact(order: &Order) -> bool {
    *order == Order::Exact
}

impl Training {
    /// The keys of `[defaults]` and `[[experiment]]` that several algorithms have.
    pub const KEYS: &'static Keys =
        &[&EPOCHS, &OUTER_STEPS, &META_BATCH, &INNER_LR, &INNER_STEPS, &OUTER_LR, &OUTER_GRADIENT, &ORDER];

    /// From values by key, of which `own` are keys of one algorithm.
    pub fn new(values: &Values, own: &Keys) -> Self {
        let epochs = || Budget::Epochs(values.get(&EPOCHS));
        Self {
            budget: values.get(&OUTER_STEPS).map_or_else(epochs, Budget::OuterSteps),
            meta_batch: values.get(&META_BATCH),
            inner_lr: values.get(&INNER_LR),
            inner_steps: values.get(&INNER_STEPS),
            outer_lr: values.get(&OUTER_LR),
            outer_gradient: values.get(&OUTER_GRADIENT),
            order: values.get(&ORDER),
            own: values.of(own),
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

impl Default for Training {
    /// The notebook's MAML.
    fn default() -> Self {
        Self::new(&Values::default(), &[])
    }
}
