//! How an experiment trains: its algorithm, how long, and with which rates.

use serde::Serialize;

/// Which learner trains an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// The untrained initialisation: the floor every learner must beat.
    Random,
    /// Adam on the support loss of one task after another.
    Transfer,
    /// MAML with the exact second-order gradient.
    Maml,
    /// MAML that treats the inner gradient as a constant.
    FirstOrderMaml,
    /// Reptile: move towards the weights that k SGD steps reach.
    Reptile,
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
}

impl Algorithm {
    /// Every algorithm, in the order the documentation lists them.
    pub const ALL: [Algorithm; 5] =
        [Self::Random, Self::Transfer, Self::Maml, Self::FirstOrderMaml, Self::Reptile];

    /// The name used in `experiments.toml` and in checkpoints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Transfer => "transfer",
            Self::Maml => "maml",
            Self::FirstOrderMaml => "first-order-maml",
            Self::Reptile => "reptile",
        }
    }
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
