//! Reptile: take k SGD steps on a task and move the initial weights a little towards where they led.
//!
//! Nichol, Achiam and Schulman 2018, "On First-Order Meta-Learning Algorithms",
//! <https://arxiv.org/abs/1803.02999>, algorithm 2 (batched), with Adam as the outer optimiser
//! (section 7) on (theta - theta') / (k alpha).

use super::{OuterLoss, Rule, Traced};
use crate::model::{Order, Rate, Scalar, Workspace};
use crate::task::MetaBatch;

/// theta <- theta - beta mean over tasks of (theta - theta') / (k alpha), theta' = k SGD steps of rate
/// alpha from theta on the support points.
pub struct Reptile<E> {
    /// alpha.
    pub rate: Rate<E>,
    /// k.
    pub steps: usize,
}

impl<const H: usize, E: Scalar> Rule<H, E> for Reptile<E> {
    const USES_QUERY: bool = false;

    fn outer_loss(
        &self,
        theta: Traced<H, E>,
        tasks: &MetaBatch<E>,
        workspace: &Workspace<E>,
    ) -> OuterLoss<E> {
        theta.adapt(&tasks.support, &self.rate, self.steps, Order::First).pull(workspace).into()
    }
}
