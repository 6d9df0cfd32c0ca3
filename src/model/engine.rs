//! What the tape asks of the hot path: a network's parameters go in, the loss of a meta-batch after its inner
//! steps and its gradient come out.

use super::kernels::Real;
use crate::config::words;
use crate::task::Batch;

words! {
    /// How far back the meta-gradient goes.
    pub enum Order {
        /// Through every inner step: second derivatives, exact.
        Exact = "exact",
        /// Only to the adapted weights, as if the inner gradients were constants.
        First = "first",
    }
}

/// Runs one network's passes; made by [`super::engine`] for a network, its adaptation and a number type.
pub trait Engine<E: Real> {
    /// Takes one tensor of the initial parameters, by its number in checkpoint order: `copy` writes it into
    /// a slice of its size. The learned numbers of the adaptation follow the network's tensors.
    fn load(&mut self, tensor: usize, copy: &dyn Fn(&mut [E]));

    /// All tensors are loaded: begins at them.
    fn begin(&mut self);

    /// Mean over tasks of the query loss after `steps` inner steps on the support points; for zero
    /// steps `support` is not looked at. With `gradient`, the mean of the tasks' gradients with respect
    /// to the loaded parameters is kept for [`Engine::take_gradient`].
    fn meta_loss(
        &mut self,
        support: &Batch<E>,
        query: &Batch<E>,
        steps: usize,
        order: Order,
        gradient: bool,
    ) -> E;

    /// Mean over tasks of (theta - theta') / (steps * alpha), where theta' is `steps` >= 1 inner steps
    /// away, kept for [`Engine::take_gradient`]; returns the mean support loss before the last inner step.
    fn pull(&mut self, support: &Batch<E>, steps: usize) -> E;

    /// The gradient kept last, to be held until it is wanted.
    fn take_gradient(&mut self) -> Ticket;

    /// Adds `scale` times a held gradient's `tensor`-th tensor, in checkpoint order, to `sums`.
    fn add_gradient(&self, ticket: &Ticket, tensor: usize, scale: E, sums: &mut [E]);

    /// Gives a held gradient's memory back.
    fn release(&mut self, ticket: Ticket);

    /// Puts the loaded weights back as the current ones, for [`Engine::descend`].
    fn reset(&mut self);

    /// One inner step of the current weights on these points.
    fn descend(&mut self, x: &[E], y: &[E]);

    /// Loss of the current weights on these points; `predictions` of the same length, where given,
    /// receives what the network answers.
    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E;

    /// The current weights, unpadded, in checkpoint order, without the adaptation's numbers.
    fn current(&self, out: &mut [E]);
}

/// A gradient held by an engine.
#[derive(Debug)]
pub struct Ticket {
    pub(super) slot: usize,
    /// What the sum over tasks is multiplied by to be their mean.
    pub(super) share: f64,
}
