//! What carries out how a network adapts: the one place where an activation becomes a type and a rule the passes that
//! carry it out.

use std::sync::Arc;

use super::adaptation::{Adaptation, InnerLoop};
use super::answered::Reciter;
use super::answers::Answers;
use super::context_machine::ContextMachine;
use super::engine::{Engine, Predictor};
use super::head_machine::HeadMachine;
use super::kernels::{Kernels, Nonlinearity, Relu, Tanh};
use super::machine::Machine;
use super::parameters::Parameters;
use super::reader::Reader;
use super::scalar::Scalar;
use super::settings::{Activation, ModelSettings};
use super::weights::{Weights, tensors};

/// What carries out how a network adapts.
pub enum Carrier<E: Scalar> {
    /// Passes of the kernels, task after task, that find the gradient on their way.
    Engine(Box<dyn Engine<E>>),
    /// Operations on the tape, over all tasks at once.
    Reader(Reader<E>),
    /// Nothing: somebody else has answered, if it is known what.
    Answers(Option<Arc<Answers>>),
}

/// What carries out a network that adapts so.
pub fn carrier<E: Scalar>(model: &ModelSettings, adaptation: &Adaptation, kernels: Kernels) -> Carrier<E> {
    match model.activation {
        Activation::Relu => with::<E, Relu>(model, adaptation, kernels),
        Activation::Tanh => with::<E, Tanh>(model, adaptation, kernels),
    }
}

/// What answers with these parameters.
pub fn predictor<E: Scalar>(weights: &Weights, kernels: Kernels) -> Box<dyn Predictor<E>> {
    let numbers = || -> Vec<E> { weights.values.iter().map(|&value| E::rounded(value)).collect() };
    match carrier(&weights.model, &weights.adaptation, kernels) {
        Carrier::Engine(mut engine) => {
            engine.load(&numbers());
            engine
        }
        Carrier::Answers(answers) => Box::new(Reciter::new(answers, weights)),
        Carrier::Reader(reader) => {
            let mut theta = Parameters::zeros(weights.model.hidden, &weights.tensors());
            theta.copy_from_flat(&numbers());
            Box::new(reader.into_predictor(theta))
        }
    }
}

fn with<E: Scalar, A: Nonlinearity + 'static>(
    model: &ModelSettings,
    adaptation: &Adaptation,
    kernels: Kernels,
) -> Carrier<E> {
    Carrier::Engine(match adaptation.inner_loop(model, kernels) {
        InnerLoop::Steps(inner) => Box::new(Machine::<E, A>::new(model, adaptation, inner, kernels)),
        InnerLoop::Head(head) => Box::new(HeadMachine::<E, A>::new(model, adaptation, head, kernels)),
        InnerLoop::Context { numbers, rate } => {
            Box::new(ContextMachine::<E, A>::new(model, adaptation, (numbers, rate), kernels))
        }
        InnerLoop::Reads(network, scale) => {
            return Carrier::Reader(Reader::new(network, scale, &tensors(model, adaptation), kernels));
        }
        InnerLoop::Answers(answers) => return Carrier::Answers(answers),
    })
}
