//! What carries out how a network adapts: the one place where an activation becomes a type and a rule the passes that
//! carry it out.

use std::rc::Rc;
use std::sync::Arc;

use dfdx::prelude::Cpu;

use super::adaptation::{Adaptation, InnerLoop};
use super::answered::Reciter;
use super::answers::Answers;
use super::context_machine::ContextMachine;
use super::engine::{Engine, Predictor};
use super::head_machine::HeadMachine;
use super::kernels::{Kernels, Nonlinearity, Relu, Tanh};
use super::machine::Machine;
use super::parameters::{Parameters, Tensors};
use super::reader::Reader;
use super::scalar::Scalar;
use super::settings::{Activation, ModelSettings, with_width};
use super::tensors::TensorInfo;
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
    let tensors = weights.tensors();
    let mut engine = match carrier(&weights.model, &weights.adaptation, kernels) {
        Carrier::Engine(engine) => engine,
        Carrier::Answers(answers) => return Box::new(Reciter::new(answers, weights)),
        Carrier::Reader(reader) => {
            let values: Vec<E> = weights.values.iter().map(|&value| E::rounded(value)).collect();
            let theta: Rc<dyn Tensors<E>> = with_width!(weights.model.hidden, H => {
                let mut theta = Parameters::<H, E>::zeros(&Cpu::default(), &tensors);
                theta.copy_from_flat(&values);
                Rc::new(theta)
            });
            return Box::new(reader.into_predictor(theta));
        }
    };
    let mut from = 0;
    for (number, count) in tensors.iter().map(TensorInfo::count).enumerate() {
        let tensor = &weights.values[from..from + count];
        engine.load(number, from..from + count, &|numbers| {
            for (number, &value) in numbers.iter_mut().zip(tensor) {
                *number = E::rounded(value);
            }
        });
        from += count;
    }
    engine.begin();
    engine
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
