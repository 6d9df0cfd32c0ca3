//! What the tape asks of the hot path: a network's parameters go in, the loss of a meta-batch after its inner
//! steps and its gradient come out.

use std::ops::Range;

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

/// The inner steps before an outer loss.
#[derive(Clone, Copy, Debug)]
pub struct InnerSteps<'a> {
    /// How many.
    pub steps: usize,
    /// Whether gradients flow through them.
    pub order: Order,
    /// The shares of the query losses after 1, 2, .. of them in the outer loss; empty if only the last one counts.
    /// For rules that step all parameters.
    pub importance: &'a [f64],
}

impl InnerSteps<'_> {
    /// Steps after whose last one the loss is taken.
    pub fn to_the_end(steps: usize, order: Order) -> Self {
        Self { steps, order, importance: &[] }
    }
}

/// Runs one network's passes; made by [`super::engine`] for a network, its adaptation and a number type.
pub trait Engine<E: Real> {
    /// Takes one tensor of the initial parameters, by its number in checkpoint order and its place in a flat
    /// vector of them all: `copy` writes it into a slice of its size. The meta-parameters of the adaptation
    /// follow the network's tensors.
    fn load(&mut self, tensor: usize, place: Range<usize>, copy: &dyn Fn(&mut [E]));

    /// All tensors are loaded: begins at them.
    fn begin(&mut self);

    /// Mean over tasks of the outer loss after inner steps on the support points, which without steps are not
    /// looked at. With `gradient`, the mean of the tasks' gradients with respect to the loaded parameters is
    /// kept for [`Engine::take_gradient`].
    fn meta_loss(&mut self, support: &Batch<E>, query: &Batch<E>, inner: InnerSteps<'_>, gradient: bool)
    -> E;

    /// Mean over tasks of (theta - theta') / (steps * alpha), where theta' is `steps` >= 1 inner steps
    /// away, kept for [`Engine::take_gradient`]; returns the mean support loss before the last inner step.
    ///
    /// # Panics
    /// For a rule that does not step all parameters.
    #[expect(clippy::panic, reason = "documented")]
    fn pull(&mut self, _support: &Batch<E>, _steps: usize) -> E {
        panic!("a pull is for rules that step all parameters");
    }

    /// The gradient kept last, to be held until it is wanted.
    fn take_gradient(&mut self) -> Ticket;

    /// Adds `scale` times one tensor of a held gradient to `sums`, by the tensor's number and where it begins in
    /// a flat vector.
    fn add_gradient(&self, ticket: &Ticket, tensor: (usize, usize), scale: E, sums: &mut [E]);

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

    /// Standard deviations that the current predictions at these inputs are given with, where the rule of
    /// adaptation has them.
    fn deviations(&mut self, _x: &[E], _deviations: &mut [E]) -> bool {
        false
    }

    /// The context that the current weights are adapted by; empty where the rule has none.
    fn context(&self) -> &[E] {
        &[]
    }
}

/// A gradient held by an engine.
#[derive(Debug)]
pub struct Ticket {
    pub(super) slot: usize,
    /// What the sum over tasks is multiplied by to be their mean.
    pub(super) share: f64,
}

/// Tasks of so many points that are one pass where their weights are the same: rows enough to keep the
/// multipliers busy, few enough for their activations to stay in the innermost cache.
pub(super) fn tasks_at_once(points: usize) -> usize {
    (ROWS_AT_ONCE / points.max(1)).max(1)
}

/// Measured at width 40: 30 and 100 are 1 to 8 % slower.
const ROWS_AT_ONCE: usize = 60;
