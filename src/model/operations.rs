//! The operations learners are written in, on dfdx's tape: `theta.adapt(..)`, `.loss(..)`, `.pull(..)`.
//!
//! `adapt` is lazy: it only notes what to do. Asking for the loss runs each task from start to end in
//! one pass of the kernels and registers one operation on the tape, whose vector-Jacobian product is
//! the gradient found on the way. Composed of separate operations, a meta-batch of adapted weights
//! would leave the L1 cache between them, which costs twice the time.

use std::cell::RefCell;
use std::rc::Rc;

use dfdx::prelude::*;

use super::kernels::Path;
use super::{Engine, Mlp, Order, Rate, Scalar, engine, split};
use crate::config::Activation;
use crate::task::Batch;

/// The kernels' memory for one network, shared by the operations of one thread. Cloning it makes
/// another handle to the same memory.
#[derive(Clone)]
pub struct Workspace<E>(Rc<RefCell<Memory<E>>>);

struct Memory<E> {
    engine: Box<dyn Engine<E>>,
    /// The parameters on their way from tensors into the engine.
    parameters: Vec<E>,
    /// Gradients that went back, for the next operation to use.
    spare: Vec<Vec<E>>,
}

impl<E: Scalar> Workspace<E> {
    /// Memory for a network of this width and nonlinearity.
    pub fn new(hidden: usize, activation: Activation, path: Path) -> Self {
        Self(Rc::new(RefCell::new(Memory {
            engine: engine(hidden, activation, path),
            parameters: Vec::new(),
            spare: Vec::new(),
        })))
    }
}

/// The weights after some inner steps on each task of a meta-batch: a promise, kept by
/// [`Adapted::loss`] or [`Adapted::pull`].
pub struct Adapted<'a, const H: usize, E: Scalar, T> {
    theta: Mlp<H, E, T>,
    support: &'a Batch<E>,
    rate: &'a Rate<E>,
    steps: usize,
    order: Order,
}

impl<const H: usize, E: Scalar, T: Tape<E, Cpu>> Mlp<H, E, T> {
    /// theta' = theta after `steps` SGD steps of `rate` on each task's support points, starting from
    /// theta for every task. `order` says whether gradients flow through the steps.
    pub fn adapt<'a>(
        self,
        support: &'a Batch<E>,
        rate: &'a Rate<E>,
        steps: usize,
        order: Order,
    ) -> Adapted<'a, H, E, T> {
        Adapted { theta: self, support, rate, steps, order }
    }

    /// The mean squared error on each task's points, averaged over the tasks.
    pub fn loss(self, points: &Batch<E>, workspace: &Workspace<E>) -> Tensor<Rank0, E, Cpu, T> {
        operation(self, workspace, |engine, gradient| {
            let no_steps = Rate::Uniform(E::default());
            engine.meta_loss(points, points, &no_steps, 0, Order::First, gradient)
        })
    }
}

impl<const H: usize, E: Scalar, T: Tape<E, Cpu>> Adapted<'_, H, E, T> {
    /// The mean squared error of the adapted weights on each task's query points, averaged over the
    /// tasks. Its gradient is with respect to the *initial* weights.
    pub fn loss(self, query: &Batch<E>, workspace: &Workspace<E>) -> Tensor<Rank0, E, Cpu, T> {
        let Self { theta, support, rate, steps, order } = self;
        operation(theta, workspace, |engine, gradient| {
            engine.meta_loss(support, query, rate, steps, order, gradient)
        })
    }

    /// Reptile's direction: an operation whose gradient is (theta - theta') / (steps * rate), averaged
    /// over the tasks. Its value, for the plots, is the support loss before the last inner step.
    ///
    /// # Panics
    /// With a rate per parameter or no steps: the quotient would have no meaning.
    pub fn pull(self, workspace: &Workspace<E>) -> Tensor<Rank0, E, Cpu, T> {
        let Self { theta, support, rate, steps, .. } = self;
        let &Rate::Uniform(rate) = rate else { panic!("Reptile's quotient needs one rate") };
        assert!(steps > 0, "Reptile needs an inner step");
        operation(theta, workspace, |engine, gradient| match gradient {
            Some(gradient) => engine.pull(support, rate, steps, gradient),
            None => engine.pull(support, rate, steps, &mut vec![E::default(); Mlp::<H, E>::LEN]),
        })
    }
}

/// Runs `compute` on the parameters and puts its value on their tape, with the gradient it added as
/// the derivative. Without a tape no gradient is asked for.
fn operation<const H: usize, E: Scalar, T: Tape<E, Cpu>>(
    theta: Mlp<H, E, T>,
    workspace: &Workspace<E>,
    compute: impl FnOnce(&mut dyn Engine<E>, Option<&mut [E]>) -> E,
) -> Tensor<Rank0, E, Cpu, T> {
    let (theta, mut tape) = theta.split_tape();
    let mut memory = workspace.0.borrow_mut();
    let Memory { engine, parameters, spare } = &mut *memory;
    parameters.resize(Mlp::<H, E>::LEN, E::default());
    theta.copy_into_flat(parameters);
    engine.load(split(H, parameters));
    let mut value: Tensor<Rank0, E, Cpu> = theta.out.bias.device().zeros();
    if !T::OWNS_TAPE {
        value.copy_from(&[compute(&mut **engine, None)]);
        return value.put_tape(tape);
    }
    let mut gradient = spare.pop().unwrap_or_default();
    gradient.clear();
    gradient.resize(Mlp::<H, E>::LEN, E::default());
    value.copy_from(&[compute(&mut **engine, Some(&mut gradient))]);
    let (at, workspace) = (value.clone(), workspace.clone());
    tape.add_backward_op(move |gradients| {
        let scale = gradients.get_or_alloc_mut(&at)?[0];
        theta.visit_gradients(gradients, |offset, sums| {
            for (sum, &value) in sums.iter_mut().zip(&gradient[offset..]) {
                *sum += scale * value;
            }
        })?;
        workspace.0.borrow_mut().spare.push(gradient);
        Ok(())
    });
    value.put_tape(tape)
}
