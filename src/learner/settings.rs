//! How an experiment trains: how long, and with which rates.

use serde::Serialize;

/// How long an experiment trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Passes over the training tasks, each in a fresh random order.
    Epochs(u64),
    /// Optimiser steps.
    OuterSteps(u64),
}

/// What the outer optimiser receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OuterGradient {
    /// The gradient of the query loss with respect to the initial weights.
    #[serde(rename = "meta")]
    Meta,
    /// The same plus the first inner gradient, which is what the notebook's shared variables add.
    #[serde(rename = "meta+inner")]
    MetaPlusInner,
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
}

impl OuterGradient {
    /// Both of them.
    pub const ALL: [OuterGradient; 2] = [Self::Meta, Self::MetaPlusInner];

    /// The name used in `experiments.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::MetaPlusInner => "meta+inner",
        }
    }
}

impl Default for Training {
    /// The notebook's MAML.
    fn default() -> Self {
        Self {
            budget: Budget::Epochs(4),
            meta_batch: 1,
            inner_lr: 0.01,
            inner_steps: 1,
            outer_lr: 0.001,
            outer_gradient: OuterGradient::Meta,
        }
    }
}
