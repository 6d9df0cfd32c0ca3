//! What one outer step is made of: the weights on their tape, the tasks, and the loss that is descended.

use dfdx::prelude::*;

use super::settings::{OuterGradient, Training};
use crate::model::{Order, Parameters, Scalar, Workspace};
use crate::task::MetaBatch;

/// The weights with the tape that an outer step is recorded on.
pub type Traced<E> = Parameters<E, OwnedTape<E, Cpu>>;

/// A scalar on that tape.
pub type TracedLoss<E> = Tensor<Rank0, E, Cpu, OwnedTape<E, Cpu>>;

/// What a [`super::Rule`] is given for one outer step.
pub struct OuterStep<'a, E: Scalar> {
    /// The initial weights, and the meta-parameters of the adaptation.
    pub theta: Traced<E>,
    /// The tasks of the meta-batch.
    pub tasks: &'a MetaBatch<E>,
    /// How the experiment trains.
    pub settings: &'a Training,
    /// Outer steps that have been taken, and all that there will be.
    pub progress: (u64, u64),
    /// The kernels' memory, which knows how the network adapts.
    pub workspace: &'a Workspace<E>,
}

impl<E: Scalar> OuterStep<'_, E> {
    /// The mean over tasks of the loss on the query points after the inner steps, whatever these are.
    pub fn query_loss(self, order: Order) -> OuterLoss<E> {
        let Self { theta, tasks, settings, workspace, .. } = self;
        theta.adapt(&tasks.support, settings.inner_steps, order).loss(&tasks.query, workspace).into()
    }

    /// The same as MAML descends it: with `outer_gradient = "meta+inner"` the gradient of the support loss
    /// at theta is added. The notebook's inner model shares its variables with the outer one, so its inner
    /// gradient was left lying in the outer optimiser's.
    pub fn maml_loss(self, order: Order) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        // Without support points there is no inner gradient.
        let plus_inner =
            self.settings.outer_gradient == OuterGradient::MetaPlusInner && self.tasks.support.rows() > 0;
        let inner =
            plus_inner.then(|| self.theta.with_empty_tape().loss(&self.tasks.support, self.workspace));
        let loss = self.query_loss(order);
        match inner {
            None => loss,
            Some(inner) => loss.plus(inner),
        }
    }
}

/// What an outer step descends, and the number that tells a person how training goes.
pub struct OuterLoss<E: Scalar> {
    /// Backward from here.
    pub descend: TracedLoss<E>,
    /// The training loss to show.
    pub shown: f64,
}

impl<E: Scalar> From<TracedLoss<E>> for OuterLoss<E> {
    /// The loss that is descended is also the one that is shown.
    fn from(descend: TracedLoss<E>) -> Self {
        let shown = value(&descend);
        Self { descend, shown }
    }
}

impl<E: Scalar> OuterLoss<E> {
    /// Descends `more` as well, without showing it.
    pub fn plus(self, more: TracedLoss<E>) -> Self
    where
        Cpu: Device<E>,
    {
        Self { descend: self.descend + more, shown: self.shown }
    }
}

/// The number in a scalar tensor.
pub(super) fn value<E: Scalar>(scalar: &TracedLoss<E>) -> f64 {
    let mut value = [E::default()];
    scalar.copy_into(&mut value);
    value[0].exact()
}
