//! Which engine a network and its adaptation have: the one place where an activation becomes a type and a rule the
//! passes that carry it out.

use super::adaptation::{Adaptation, InnerLoop};
use super::context_machine::ContextMachine;
use super::engine::{Engine, Predictor};
use super::head_machine::HeadMachine;
use super::kernels::{Kernels, Nonlinearity, Relu, Tanh};
use super::machine::Machine;
use super::scalar::Scalar;
use super::settings::{Activation, ModelSettings};
use super::tensors::TensorInfo;
use super::weights::Weights;

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

/// What answers with these parameters.
pub fn predictor<E: Scalar>(weights: &Weights, kernels: Kernels) -> Box<dyn Predictor<E>> {
    let mut engine = engine(&weights.model, &weights.adaptation, kernels);
    let (tensors, mut from) = (weights.tensors(), 0);
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
) -> Box<dyn Engine<E>> {
    match adaptation.inner_loop(model, kernels) {
        InnerLoop::Steps(inner) => Box::new(Machine::<E, A>::new(model, adaptation, inner, kernels)),
        InnerLoop::Head(head) => Box::new(HeadMachine::<E, A>::new(model, adaptation, head, kernels)),
        InnerLoop::Context { numbers, rate } => {
            Box::new(ContextMachine::<E, A>::new(model, adaptation, (numbers, rate), kernels))
        }
    }
}
