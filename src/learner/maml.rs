//! Model-agnostic meta-learning: find initial weights from which one (or a few) SGD steps on a task's
//! support points lead to a low loss on its query points.
//!
//! Finn, Abbeel and Levine 2017, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks",
//! <https://arxiv.org/abs/1703.03400>, algorithm 2 (supervised), sine regression in section 5.1; first
//! order in section 5.2.

use dfdx::prelude::{Cpu, Device};

use super::first_order_maml::FirstOrderMaml;
use super::{Learner, OuterGradient, OuterLoss, OuterStep, Rule, Training, words};
use crate::model::{Order, Scalar};

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(theta')`,
/// theta' = theta - alpha d/dtheta `L_support(theta)`.
#[derive(Clone, Copy, Debug)]
pub struct Maml;

impl Learner for Maml {
    fn name(&self) -> &'static str {
        "maml"
    }

    fn title(&self) -> &'static str {
        "MAML"
    }

    fn paper(&self) -> &'static str {
        "Finn, Abbeel, Levine 2017, algorithm 1 and section 5.1, arXiv:1703.03400"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "outer_gradient", "order"]
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match (settings.order, settings.outer_gradient) {
            (Order::First, _) => FirstOrderMaml.rule(settings),
            (Order::Exact, OuterGradient::Meta) => &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β dL_query(θ′)/dθ"],
            (Order::Exact, OuterGradient::MetaPlusInner) => {
                &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β [dL_query(θ′)/dθ + ∇L_support(θ)]"]
            }
        }
    }

    fn notes(&self, settings: &Training) -> &'static [&'static str] {
        match (settings.order, settings.outer_gradient) {
            (Order::First, _) => FirstOrderMaml.notes(settings),
            (Order::Exact, OuterGradient::Meta) => &[
                "The derivative runs through the inner step, second order and exact.",
                "Look for: the fall at n = 1, the step it trained for, and how it goes on after it. Reference of 20 seeds at the notebook's settings: 1.5 at n = 1, 0.73 ± 0.27 at n = 10.",
            ],
            (Order::Exact, OuterGradient::MetaPlusInner) => &[
                "As the notebook ran: its inner and outer model share variables, so the inner gradient is added.",
                "Look for: how far it is from the meta-gradient alone, at n = 1 and after. Reference of 20 seeds at the notebook's settings: 1.74 against 1.51 at n = 1.",
            ],
        }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("maml", Training::default()), ("maml T=3", words::clipped(3))]
    }

    fn tested_at_common_rate(&self) -> bool {
        true
    }
}

impl Rule for Maml {
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        let order = step.settings.order;
        step.maml_loss(order)
    }
}
