//! Model-agnostic meta-learning: find initial weights from which one (or a few) SGD steps on a task's
//! support points lead to a low loss on its query points.
//!
//! Finn, Abbeel and Levine 2017, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks",
//! <https://arxiv.org/abs/1703.03400>, algorithm 2 (supervised), sine regression in section 5.1; first
//! order in section 5.2.

use dfdx::prelude::*;

use super::{OuterLoss, Rule, Traced};
use crate::model::{Order, Rate, Scalar, Workspace};
use crate::task::MetaBatch;

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(theta')`,
/// theta' = theta - alpha d/dtheta `L_support(theta)`.
pub struct Maml<E> {
    /// alpha.
    pub rate: Rate<E>,
    /// Inner steps from theta to theta'.
    pub steps: usize,
    /// [`Order::Exact`] differentiates through the inner steps; [`Order::First`] takes d/dtheta' for
    /// d/dtheta.
    pub order: Order,
    /// Adds d/dtheta `L_support(theta)`. The notebook's inner model shares its variables with the
    /// outer one, so its inner gradient was left lying in the outer optimiser's.
    pub plus_inner: bool,
}

impl<const H: usize, E: Scalar> Rule<H, E> for Maml<E>
where
    Cpu: Device<E>,
{
    const USES_QUERY: bool = true;

    fn outer_loss(
        &self,
        theta: Traced<H, E>,
        tasks: &MetaBatch<E>,
        workspace: &Workspace<E>,
    ) -> OuterLoss<E> {
        let inner = self.plus_inner.then(|| theta.with_empty_tape().loss(&tasks.support, workspace));
        let adapted = theta.adapt(&tasks.support, &self.rate, self.steps, self.order);
        let OuterLoss { descend, shown } = adapted.loss(&tasks.query, workspace).into();
        match inner {
            None => OuterLoss { descend, shown },
            Some(inner) => OuterLoss { descend: descend + inner, shown },
        }
    }
}
