//! No training at all: the initialisation as drawn, which every learner has to beat.

use dfdx::prelude::{Cpu, Device};

use super::{Cost, Learner, OuterLoss, OuterStep, Rule, Training};
use crate::model::Scalar;

/// theta stays as drawn.
#[derive(Clone, Copy, Debug)]
pub struct Random;

impl Learner for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["none", "scratch", "init", "untrained"]
    }

    fn title(&self) -> &'static str {
        "no training"
    }

    fn paper(&self) -> &'static str {
        "nn.Linear's initialisation, uniform in ±1/sqrt(fan-in)"
    }

    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn rule(&self, _: &Training) -> &'static [&'static str] {
        &["θ stays as drawn"]
    }

    fn settings(&self, _: &Training) -> String {
        "Random initial weights, as drawn.".to_owned()
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "Look for: how far SGD from scratch comes on a task's points. What others have below this curve they have learned.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        Cost { support: 0, query: 0, hessian_products: 0 }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        Vec::new()
    }

    fn trains(&self) -> bool {
        false
    }

    fn uses_query(&self) -> bool {
        false
    }

    fn tested_at_common_rate(&self) -> bool {
        true
    }
}

impl Rule for Random {
    /// Never descended: it takes no outer step.
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        step.theta.loss(&step.tasks.support, step.workspace).into()
    }
}
