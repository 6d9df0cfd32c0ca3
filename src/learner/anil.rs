//! ANIL, almost no inner loop: MAML whose inner steps move the head alone, the output layer. If MAML works by
//! reusing features rather than by learning new ones, nothing should be lost.
//!
//! Raghu, Raghu, Bengio and Vinyals 2020, "Rapid Learning or Feature Reuse? Towards Understanding the
//! Effectiveness of MAML", <https://arxiv.org/abs/1909.09157>, section 4.

use super::{Cost, Learner, Rule, Training};
use crate::model::{
    Adaptation, HeadSgd, Inner, InnerLoop, InnerSettings, Order, Scalar, Scale, in_both_precisions,
};

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(theta')`, theta' = theta but for its output
/// layer w' = w - alpha d/dw `L_support(theta)`.
#[derive(Clone, Copy, Debug)]
pub struct Anil;

impl Learner for Anil {
    fn name(&self) -> &'static str {
        "anil"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["almost-no-inner-loop", "head-only"]
    }

    fn title(&self) -> &'static str {
        "ANIL"
    }

    fn paper(&self) -> &'static str {
        "Raghu, Raghu, Bengio, Vinyals 2020, section 4, arXiv:1909.09157"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "order"]
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match settings.order {
            Order::Exact => &["w′ = w − α ∇_w L_support(θ), w the head", "θ ← θ − β dL_query(θ′)/dθ"],
            Order::First => &["w′ = w − α ∇_w L_support(θ), w the head", "θ ← θ − β ∇L_query(θ′)"],
        }
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "Only the output layer moves in the inner steps, in training as in every test; the features are the same for all tasks.",
            "Look for: whether features suffice. Reference of 10 seeds on sine waves of phase 0 to π, trained for 3 steps: 0.27 after 3 steps at α 0.05, where MAML at α 0.01 has 0.16.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        // The features of support and query, forward and back; steps of the head are small beside them.
        Cost { support: 1, query: 1, hessian_products: 0 }
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        settings.adapting(HeadAlone)
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("anil T=3", Training { inner_lr: 0.05, inner_steps: 3, ..Training::default() })]
    }
}

/// Its outer loss is the query loss after these steps.
impl Rule for Anil {}

/// SGD of the output layer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct HeadAlone;

impl HeadAlone {
    fn inner_loop<E: Scalar>(&self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Head(Box::new(HeadSgd::new(settings.inner_lr, settings.kernels)))
    }
}

impl Inner for HeadAlone {
    in_both_precisions!(inner_loop);
}
