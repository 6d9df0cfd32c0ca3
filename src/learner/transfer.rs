//! Transfer learning: train on one task after another as if they were one, and hope that the result
//! is a good place to start from. On sine waves it cannot be: their average is flat.

use dfdx::prelude::{Cpu, Device};

use super::{Cost, Learner, OuterLoss, OuterStep, Rule, Training, words};
use crate::model::Scalar;

/// theta <- theta - beta d/dtheta mean over tasks of `L_support(theta)`.
#[derive(Clone, Copy, Debug)]
pub struct Transfer;

impl Learner for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["pretrain", "pretrained", "pretraining", "joint"]
    }

    fn title(&self) -> &'static str {
        "transfer learning"
    }

    fn paper(&self) -> &'static str {
        "the pretrained baseline of Finn et al. 2017, section 5.1, arXiv:1703.03400"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["outer_lr"]
    }

    fn rule(&self, _: &Training) -> &'static [&'static str] {
        &["θ ← θ − β ∇L_support(θ)"]
    }

    fn settings(&self, settings: &Training) -> String {
        words::outer(settings)
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "Look for: how near it stays to the prior mean. Of single answers to all tasks none can be expected to be better than their average, which is what the prior mean is.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        Cost { support: 1, query: 0, hessian_products: 0 }
    }

    fn uses_query(&self) -> bool {
        false
    }

    fn tested_at_common_rate(&self) -> bool {
        true
    }
}

impl Rule for Transfer {
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        step.theta.loss(&step.tasks.support, step.workspace).into()
    }
}
