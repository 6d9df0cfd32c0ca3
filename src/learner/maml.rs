//! Model-agnostic meta-learning: find initial weights from which one (or a few) SGD steps on a task's
//! support points lead to a low loss on its query points.
//!
//! Finn, Abbeel and Levine 2017, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks",
//! <https://arxiv.org/abs/1703.03400>, algorithm 2 (supervised), sine regression in section 5.1; first
//! order in section 5.2.

use dfdx::prelude::{Cpu, Device};

use super::{Cost, Learner, OuterGradient, OuterLoss, OuterStep, Rule, Training};
use crate::model::{Order, Scalar};

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(theta')`,
/// theta' = theta - alpha d/dtheta `L_support(theta)`.
#[derive(Clone, Copy, Debug)]
pub struct Maml;

/// The loss after the inner steps, of whatever kind they are: what MAML and its descendants descend.
///
/// With `outer_gradient = "meta+inner"` it has d/dtheta `L_support(theta)` added to its gradient. The
/// notebook's inner model shares its variables with the outer one, so its inner gradient was left lying in
/// the outer optimiser's.
pub(super) fn query_loss<const H: usize, E: Scalar>(step: OuterStep<'_, H, E>, order: Order) -> OuterLoss<E>
where
    Cpu: Device<E>,
{
    let OuterStep { theta, tasks, settings, workspace } = step;
    let plus_inner = settings.outer_gradient == OuterGradient::MetaPlusInner;
    let inner = plus_inner.then(|| theta.with_empty_tape().loss(&tasks.support, workspace));
    let adapted = theta.adapt(&tasks.support, settings.inner_steps, order);
    let loss = OuterLoss::from(adapted.loss(&tasks.query, workspace));
    match inner {
        None => loss,
        Some(inner) => loss.plus(inner),
    }
}

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
        &["inner_lr", "inner_steps", "outer_gradient"]
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match settings.outer_gradient {
            OuterGradient::Meta => &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β dL_query(θ′)/dθ"],
            OuterGradient::MetaPlusInner => {
                &["θ′ = θ − α ∇L_support(θ)", "θ ← θ − β [dL_query(θ′)/dθ + ∇L_support(θ)]"]
            }
        }
    }

    fn notes(&self, settings: &Training) -> &'static [&'static str] {
        match settings.outer_gradient {
            OuterGradient::Meta => &[
                "The derivative runs through the inner step, second order and exact.",
                "Look for: the fall at n = 1, the step it trained for (4.3 to 1.5). It keeps falling after it, though seeds differ: 0.73 ± 0.27 at n = 10.",
            ],
            OuterGradient::MetaPlusInner => &[
                "As the notebook ran: its inner and outer model share variables, so the inner gradient is added.",
                "Look for: a little worse than the exact gradient at every n from 1 on (1.74 against 1.51 at n = 1).",
            ],
        }
    }

    fn cost(&self, inner_steps: usize) -> Cost {
        Cost { support: inner_steps, query: 1, hessian_products: inner_steps }
    }

    fn tested_at_common_rate(&self) -> bool {
        true
    }
}

impl Rule for Maml {
    fn outer_loss<const H: usize, E: Scalar>(&self, step: OuterStep<'_, H, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        query_loss(step, Order::Exact)
    }
}
