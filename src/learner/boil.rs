//! BOIL, body only in the inner loop: MAML whose inner steps move every layer but the output layer, so that
//! adapting has to change the features.
//!
//! Oh, Yoo, Kim and Yun 2021, "BOIL: Towards Representation Change for Few-shot Learning",
//! <https://arxiv.org/abs/2008.08882>, section 2.

use super::{Learner, Rule, Training};
use crate::model::{Adaptation, Order, Scale, Sgd};

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(theta')`, theta' = theta but for its hidden
/// layers v' = v - alpha d/dv `L_support(theta)`.
#[derive(Clone, Copy, Debug)]
pub struct Boil;

impl Learner for Boil {
    fn name(&self) -> &'static str {
        "boil"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["body-only"]
    }

    fn title(&self) -> &'static str {
        "BOIL"
    }

    fn paper(&self) -> &'static str {
        "Oh, Yoo, Kim, Yun 2021, section 2, arXiv:2008.08882"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "order"]
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match settings.order {
            Order::Exact => &["v′ = v − α ∇_v L_support(θ), v the body", "θ ← θ − β dL_query(θ′)/dθ"],
            Order::First => &["v′ = v − α ∇_v L_support(θ), v the body", "θ ← θ − β ∇L_query(θ′)"],
        }
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "Every layer but the output layer moves in the inner steps, in training as in every test.",
            "Look for: how it compares with MAML. The difference is what moving the head is worth.",
        ]
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        settings.adapting(Sgd { body: true, head: false })
    }
}

/// Its outer loss is the query loss after these steps.
impl Rule for Boil {}
