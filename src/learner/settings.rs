//! How an experiment trains: how long, and with which rates.

use std::sync::Arc;

use serde::Serialize;

use crate::config::{Domain, Key, Keys, Values, words};
use crate::model::{Adaptation, Inner, Order};
use crate::task::{TaskSettings, TrainTasks};

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
static CLIP: Key<Option<f64>> = Key::new(
    "clip",
    "Largest norm of the outer gradient, all parameters together; one that is not finite becomes 0.",
    Domain::Rate,
    None,
)
.added_later();
static OUTER_SCHEDULE: Key<OuterSchedule> = Key::new(
    "outer_schedule",
    "How outer_lr goes on: as it is, or down half a cosine to 0 at the last step.",
    Domain::Words(OuterSchedule::NAMES),
    OuterSchedule::Constant,
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

words! {
    /// How the rate of the outer steps goes on.
    pub enum OuterSchedule {
        /// As it is.
        Constant = "constant",
        /// Down half a cosine, to 0 when the last step is done (Loshchilov and Hutter 2017, equation 5, without
        /// restarts).
        Cosine = "cosine",
    }
}

impl OuterSchedule {
    /// What the rate of the outer step that comes after `done` of `all` is multiplied by.
    pub fn factor(self, done: u64, all: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let share = (done as f64 / all.max(1) as f64).min(1.0);
                0.5 * (1.0 + libm::cos(std::f64::consts::PI * share))
            }
        }
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
    /// Largest norm of the outer gradient, all parameters together; one that is not finite becomes 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// How the rate of the outer steps goes on.
    #[serde(skip_serializing_if = "is_constant")]
    pub outer_schedule: OuterSchedule,
    /// What only this algorithm has.
    #[serde(flatten)]
    pub own: Values,
}

fn is_exact(order: &Order) -> bool {
    *order == Order::Exact
}

fn is_constant(schedule: &OuterSchedule) -> bool {
    *schedule == OuterSchedule::Constant
}

impl Training {
    /// The keys of `[defaults]` and `[[experiment]]` that several algorithms have.
    pub const KEYS: &'static Keys = &[
        &EPOCHS,
        &OUTER_STEPS,
        &META_BATCH,
        &INNER_LR,
        &INNER_STEPS,
        &OUTER_LR,
        &OUTER_GRADIENT,
        &ORDER,
        &CLIP,
        &OUTER_SCHEDULE,
    ];

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
            clip: values.get(&CLIP),
            outer_schedule: values.get(&OUTER_SCHEDULE),
            own: values.of(own),
        }
    }

    /// Outer steps that it takes on tasks like these; 0 where it would never end, which the file refuses.
    pub fn outer_steps(&self, task: &TaskSettings) -> u64 {
        match (self.budget, task.train_tasks) {
            (Budget::OuterSteps(steps), _) => steps,
            (Budget::Epochs(epochs), TrainTasks::Pool(tasks)) => {
                epochs * tasks as u64 / self.meta_batch as u64
            }
            (Budget::Epochs(_), TrainTasks::Fresh) => 0,
        }
    }

    /// A network that adapts by `inner`, at the inner rate and for the inner steps of these settings.
    pub fn adapting(&self, inner: impl Inner + 'static) -> Adaptation {
        Adaptation { inner: Arc::new(inner), inner_lr: self.inner_lr, inner_steps: self.inner_steps }
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
            .with(&CLIP, &self.clip)
            .with(&OUTER_SCHEDULE, &self.outer_schedule)
            .and(&self.own)
    }
}

impl Default for Training {
    /// The notebook's MAML.
    fn default() -> Self {
        Self::new(&Values::default(), &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_goes_from_all_to_nothing() {
        let factor = |done| OuterSchedule::Cosine.factor(done, 1000);
        assert_eq!((factor(0), OuterSchedule::Constant.factor(7, 9)), (1.0, 1.0));
        assert!((factor(250) - 0.853_553_390_593_273_8).abs() < 1e-15);
        assert!(
            (factor(500) - 0.5).abs() < 1e-15 && factor(1000).abs() < 1e-15 && factor(2000).abs() < 1e-15
        );
    }
}
