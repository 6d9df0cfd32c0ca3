//! How an experiment trains: how long, and with which rates.

use std::sync::Arc;

use serde::{Serialize, ser::SerializeMap};

use crate::config::{Domain, Group, Keys, Values, settings, words};
use crate::model::{Adaptation, Inner, Order};
use crate::task::{TaskSettings, TrainTasks, Units};

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

settings! {
    /// The two ways to say how long an experiment trains.
    struct Length {
        /// Passes over the training tasks, each in a fresh random order.
        epochs: Option<u64> = Domain::Count(1..=1_000_000), Some(4);
        // At most what a million epochs over the largest pool can be.
        /// Optimiser steps, instead of epochs.
        outer_steps: Option<u64> = Domain::Count(1..=1_000_000_000_000), None,
            .instead_of("epochs", "how long to train");
    }
}

impl Budget {
    fn new(values: &Values) -> Self {
        let Length { epochs, outer_steps } = Length::new(values);
        outer_steps.map_or(Self::Epochs(epochs.unwrap_or_default()), Self::OuterSteps)
    }
}

impl Group for Budget {
    fn keys() -> &'static Keys {
        Length::keys()
    }
    fn values(&self) -> Values {
        let (epochs, outer_steps) = match *self {
            Self::Epochs(epochs) => (Some(epochs), None),
            Self::OuterSteps(steps) => (None, Some(steps)),
        };
        Length { epochs, outer_steps }.values()
    }
    fn write_json<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }
}

settings! {
    /// How an experiment trains: what `[defaults]` has that several algorithms have a use for.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Training {
        /// How long it trains.
        budget: Budget => Budget::new;
        /// Tasks whose gradients are averaged in one outer step.
        meta_batch: usize = Domain::Count(1..=10_000), 1;
        /// Rate of the inner SGD steps during training.
        inner_lr: f64 = Domain::Rate, 0.01;
        /// Inner SGD steps during training (Reptile's k).
        inner_steps: usize = Domain::Count(1..=1_000), 1;
        /// Adam's rate for the outer step.
        outer_lr: f64 = Domain::Rate, 0.001;
        /// Whether the inner gradient is added to the meta-gradient, as the notebook's code did.
        outer_gradient: OuterGradient = Domain::Words(OuterGradient::NAMES), OuterGradient::Meta;
        /// Whether the meta-gradient goes through the inner steps, or takes the inner gradients for constants.
        order: Order = Domain::Words(Order::NAMES), Order::Exact, .added_later();
        /// Largest norm of the outer gradient, all parameters together; one that is not finite becomes 0.
        clip: Option<f64> = Domain::Rate, None, .added_later();
        /// How outer_lr goes on: as it is, or down half a cosine to 0 at the last step.
        outer_schedule: OuterSchedule = Domain::Words(OuterSchedule::NAMES), OuterSchedule::Constant, .added_later();
        /// What only its algorithm has.
        own: Values => |values| values.beside(Training::keys());
    }
}

impl Training {
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
        let Self { inner_lr, inner_steps, .. } = *self;
        Adaptation { inner: Arc::new(inner), inner_lr, inner_steps, units: Units::default() }
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
