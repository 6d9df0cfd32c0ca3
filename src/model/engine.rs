//! What is asked of the hot path. The tape has an [`Objective`]: a network's parameters go in, the loss of a
//! meta-batch after its inner steps and its gradient come out. Tests and the screen have a [`Predictor`]: support
//! points go in, predictions come out.

use super::insight::{Insight, LayerUnits};
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
    /// Whether a network that reads is given, for the j-th query point of a task, the first `j mod (K + 1)` of its K
    /// support points alone.
    pub prefixes: bool,
}

impl InnerSteps<'_> {
    /// Steps after whose last one the loss is taken.
    pub fn to_the_end(steps: usize, order: Order) -> Self {
        Self { steps, order, importance: &[], prefixes: false }
    }
}

/// Takes outer losses of one network and their gradients; made by [`super::carrier`] for a network, its adaptation and
/// a number type.
pub trait Objective<E: Real> {
    /// Takes the initial parameters and begins at them: tensor after tensor in checkpoint order, the meta-parameters
    /// of the adaptation behind the network's.
    fn load(&mut self, numbers: &[E]);

    /// Mean over tasks of the outer loss after inner steps on the support points, which without steps are not
    /// looked at. With `gradient`, the mean of the tasks' gradients with respect to the loaded parameters is
    /// kept for [`Objective::take_gradient`].
    fn meta_loss(&mut self, support: &Batch<E>, query: &Batch<E>, inner: InnerSteps<'_>, gradient: bool)
    -> E;

    /// Mean over tasks of (theta - theta') / (steps * alpha), where theta' is `steps` >= 1 inner steps
    /// away, kept for [`Objective::take_gradient`]; returns the mean support loss before the last inner step.
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
}

/// Answers for a task from its support points; made by [`super::predictor`] for parameters and their adaptation.
pub trait Predictor<E: Real> {
    /// Forgets the task.
    fn reset(&mut self);

    /// The task that comes next, x and y of its support and query points: whoever adapts learns of it by seeing and
    /// being tested.
    fn take_up(&mut self, _support: [&[E]; 2], _query: [&[E]; 2]) {}

    /// One step of its rule on these support points, whatever that is: they are the same for all steps on a task, and
    /// may be none for a network that reads.
    fn see(&mut self, x: &[E], y: &[E]);

    /// Loss on these points after what has been seen; `predictions` of the same length, where given,
    /// receives what the network answers.
    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E;

    /// The network's parameters as they are adapted now, unpadded, in checkpoint order, without the adaptation's
    /// numbers.
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

    /// What a network that reads makes of its points, asked at these x; `None` of any other.
    fn insight(&mut self, _x: &[E]) -> Option<Insight> {
        None
    }

    /// What the rectified layers of a network that reads answer while it is asked at these x, in their order; nothing of any
    /// other.
    fn units(&mut self, _x: &[E]) -> Vec<LayerUnits> {
        Vec::new()
    }
}

/// Both, in one memory.
pub trait Engine<E: Real>: Objective<E> + Predictor<E> {}

impl<E: Real, T: Objective<E> + Predictor<E>> Engine<E> for T {}

/// A gradient held by an objective.
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
