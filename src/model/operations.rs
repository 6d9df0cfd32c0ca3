//! The operations learners are written in, on dfdx's tape: `theta.adapt(..)`, `.loss(..)`, `.pull(..)`.
//!
//! `adapt` is lazy: it only notes what to do. Asking for the loss runs each task from start to end in
//! one pass of the kernels and registers one operation on the tape, whose vector-Jacobian product is
//! the gradient found on the way. Composed of separate operations, a meta-batch of adapted weights
//! would leave the L1 cache between them, which costs twice the time.

use std::cell::RefCell;
use std::rc::Rc;

use dfdx::prelude::*;

use super::adaptation::Adaptation;
use super::engine::{Engine, InnerSteps, Order, Ticket};
use super::engines::{Carrier, carrier};
use super::kernels::Kernels;
use super::parameters::Parameters;
use super::reader::Reader;
use super::scalar::Scalar;
use super::settings::ModelSettings;
use crate::task::Batch;

/// The kernels' memory for one network and its adaptation, shared by the operations of one thread.
/// Cloning it makes another handle to the same memory.
#[derive(Clone)]
pub struct Workspace<E: Scalar>(Kind<E>);

#[derive(Clone)]
enum Kind<E: Scalar> {
    Steps(Shared<E>),
    Reads(Rc<Reader<E>>),
}

type Shared<E> = Rc<RefCell<Box<dyn Engine<E>>>>;

/// A gradient waiting for the backward pass; its memory goes back also when that never comes.
struct Held<E: Scalar> {
    workspace: Shared<E>,
    ticket: Option<Ticket>,
}

impl<E: Scalar> Drop for Held<E> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.workspace.borrow_mut().release(ticket);
        }
    }
}

impl<E: Scalar> Workspace<E> {
    /// Memory for a network that adapts so.
    ///
    /// # Panics
    /// For somebody's answers, of which nothing is trained.
    #[expect(clippy::panic, reason = "documented")]
    pub fn new(model: &ModelSettings, adaptation: &Adaptation, kernels: Kernels) -> Self {
        Self(match carrier(model, adaptation, kernels) {
            Carrier::Engine(engine) => Kind::Steps(Rc::new(RefCell::new(engine))),
            Carrier::Reader(reader) => Kind::Reads(Rc::new(reader)),
            Carrier::Answers(_) => panic!("answers are not trained"),
        })
    }
}

/// The weights after some inner steps on each task of a meta-batch: a promise, kept by
/// [`Adapted::loss`] or [`Adapted::pull`].
pub struct Adapted<'a, E: Scalar, T> {
    theta: Parameters<E, T>,
    support: &'a Batch<E>,
    steps: usize,
    order: Order,
    prefixes: bool,
}

impl<E: Scalar, T: Tape<E, Cpu>> Parameters<E, T> {
    /// theta' = theta after `steps` inner steps on each task's support points, starting from theta for
    /// every task. `order` says whether gradients flow through the steps; what a step is, the workspace
    /// knows. Without support points no step is taken.
    pub fn adapt(self, support: &Batch<E>, steps: usize, order: Order) -> Adapted<'_, E, T> {
        let steps = if support.rows() == 0 { 0 } else { steps };
        Adapted { theta: self, support, steps, order, prefixes: false }
    }

    /// The mean squared error on each task's points, averaged over the tasks.
    pub fn loss(self, points: &Batch<E>, workspace: &Workspace<E>) -> Tensor<Rank0, E, Cpu, T> {
        loss(self, points, points, InnerSteps::to_the_end(0, Order::First), workspace)
    }
}

impl<E: Scalar, T: Tape<E, Cpu>> Adapted<'_, E, T> {
    /// The same where a network that reads is given, for the j-th query point of a task, the first `j mod (K + 1)` of
    /// its K support points alone: one pass that trains every number of points.
    pub fn after_prefixes(self) -> Self {
        Self { prefixes: true, ..self }
    }

    /// The mean squared error of the adapted weights on each task's query points, averaged over the
    /// tasks. Its gradient is with respect to the *initial* weights.
    pub fn loss(self, query: &Batch<E>, workspace: &Workspace<E>) -> Tensor<Rank0, E, Cpu, T> {
        self.losses(query, &[], workspace)
    }

    /// The same with the losses after 1, 2, ... inner steps, each times its number in `importance`; with none,
    /// the loss after the last step.
    ///
    /// # Panics
    /// If there are numbers and the rule of adaptation does not step all parameters.
    pub fn losses(
        self,
        query: &Batch<E>,
        importance: &[f64],
        workspace: &Workspace<E>,
    ) -> Tensor<Rank0, E, Cpu, T> {
        let Self { theta, support, steps, order, prefixes } = self;
        let importance = if steps == 0 { &[] } else { importance };
        loss(theta, support, query, InnerSteps { steps, order, importance, prefixes }, workspace)
    }

    /// Reptile's direction: an operation whose gradient is (theta - theta') / (steps * alpha), averaged
    /// over the tasks. Its value, for the plots, is the support loss before the last inner step.
    ///
    /// # Panics
    /// With no steps: the quotient would have no meaning; and for a rule that does not step all parameters.
    pub fn pull(self, workspace: &Workspace<E>) -> Tensor<Rank0, E, Cpu, T> {
        let Self { theta, support, steps, .. } = self;
        assert!(steps > 0, "Reptile needs an inner step");
        match &workspace.0 {
            Kind::Steps(engine) => operation(theta, engine, |engine, _| engine.pull(support, steps)),
            #[expect(clippy::panic, reason = "documented")]
            Kind::Reads(_) => panic!("a pull is for rules that step all parameters"),
        }
    }
}

/// The mean query loss after inner steps, or after reading.
fn loss<E: Scalar, T: Tape<E, Cpu>>(
    theta: Parameters<E, T>,
    support: &Batch<E>,
    query: &Batch<E>,
    inner: InnerSteps<'_>,
    workspace: &Workspace<E>,
) -> Tensor<Rank0, E, Cpu, T> {
    match &workspace.0 {
        Kind::Steps(engine) => {
            operation(theta, engine, |engine, gradient| engine.meta_loss(support, query, inner, gradient))
        }
        Kind::Reads(reader) => reader.loss(theta, support, query, inner),
    }
}

/// Runs `compute` on the parameters and puts its value on their tape, with the gradient it kept as the
/// derivative. `compute` is told whether a gradient is wanted, which without a tape it is not.
fn operation<E: Scalar, T: Tape<E, Cpu>>(
    theta: Parameters<E, T>,
    shared: &Shared<E>,
    compute: impl FnOnce(&mut dyn Engine<E>, bool) -> E,
) -> Tensor<Rank0, E, Cpu, T> {
    let (theta, mut tape) = theta.split_tape();
    let mut engine = shared.borrow_mut();
    engine.load(theta.numbers());
    let value = theta.scalar(compute(&mut **engine, T::OWNS_TAPE));
    if T::OWNS_TAPE {
        let held = Held { ticket: Some(engine.take_gradient()), workspace: shared.clone() };
        let at = value.clone();
        tape.add_backward_op(move |gradients| {
            let scale = gradients.get_or_alloc_mut(&at)?[0];
            let engine = held.workspace.borrow();
            let Some(ticket) = &held.ticket else { return Ok(()) };
            theta.visit_gradients(gradients, &mut |tensor, from, sums| {
                engine.add_gradient(ticket, (tensor, from), scale, sums);
            })
        });
    }
    value.put_tape(tape)
}
