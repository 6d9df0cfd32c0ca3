//! Which engine a network and its adaptation have: the one place where an activation becomes a type and a rule the
//! passes that carry it out.

use super::adaptation::{Adaptation, InnerLoop, InnerSettings};
use super::context_machine::ContextMachine;
use super::engine::Engine;
use super::head_machine::HeadMachine;
use super::kernels::{Kernels, Nonlinearity, Relu, Tanh};
use super::machine::Machine;
use super::mlp::Scalar;
use super::settings::{Activation, ModelSettings};

/// The engine of a network that adapts so.
pub fn engine<E: Scalar>(
    model: &ModelSettings,
    adaptation: &Adaptation,
    kernels: Kernels,
) -> Box<dyn Engine<E>> {
    match model.activation {
        Activation::Relu => with::<E, Relu>(model, adaptation, kernels),
        Activation::Tanh => with::<E, Tanh>(model, adaptation, kernels),
    }
}

fn with<E: Scalar, A: Nonlinearity + 'static>(
    model: &ModelSettings,
    adaptation: &Adaptation,
    kernels: Kernels,
) -> Box<dyn Engine<E>> {
    match E::inner_loop(adaptation, InnerSettings { model, inner_lr: adaptation.inner_lr, kernels }) {
        InnerLoop::Steps(inner) => Box::new(Machine::<E, A>::new(model, adaptation, inner, kernels)),
        InnerLoop::Head(head) => Box::new(HeadMachine::<E, A>::new(model, adaptation, head, kernels)),
        InnerLoop::Context { numbers, rate } => {
            Box::new(ContextMachine::<E, A>::new(model, adaptation, (numbers, rate), kernels))
        }
    }
}
