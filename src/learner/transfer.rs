//! Transfer learning: train on one task after another as if they were one, and hope that the result
//! is a good place to start from. On sine waves it cannot be: their average is flat.

use super::{OuterLoss, Rule, Traced};
use crate::model::{Scalar, Workspace};
use crate::task::MetaBatch;

/// theta <- theta - beta d/dtheta mean over tasks of `L_support(theta)`.
pub struct Transfer;

impl<const H: usize, E: Scalar> Rule<H, E> for Transfer {
    const USES_QUERY: bool = false;

    fn outer_loss(
        &self,
        theta: Traced<H, E>,
        tasks: &MetaBatch<E>,
        workspace: &Workspace<E>,
    ) -> OuterLoss<E> {
        theta.loss(&tasks.support, workspace).into()
    }
}
