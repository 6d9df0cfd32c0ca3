//! Which engine a network and its adaptation have: the one place where a width becomes a compile-time shape of
//! the kernels, an activation a type, and a rule the passes that carry it out.

use super::adaptation::{Adaptation, Means, Of};
use super::context_machine::ContextMachine;
use super::engine::Engine;
use super::head_machine::HeadMachine;
use super::kernels::{Kernels, Nonlinearity, Relu, Tanh};
use super::machine::Machine;
use super::mlp::Scalar;
use super::settings::{Activation, ModelSettings};

/// The engine of a network that adapts so.
///
/// # Panics
/// For a width off the menu, which validation and checkpoint reading refuse.
pub fn engine<E: Scalar>(
    model: &ModelSettings,
    adaptation: &Adaptation,
    kernels: Kernels,
) -> Box<dyn Engine<E>> {
    macro_rules! widths {
        ($($hidden:literal => $padded:literal),*) => {
            match (model.hidden, model.activation) {
                $(($hidden, Activation::Relu) => of_shape::<E, Relu, $padded>(model, adaptation, kernels),
                ($hidden, Activation::Tanh) => of_shape::<E, Tanh, $padded>(model, adaptation, kernels),)*
                (hidden, _) => unreachable!("width {hidden} is not on the menu"),
            }
        };
    }
    widths!(16 => 16, 32 => 32, 40 => 40, 64 => 64, 100 => 104, 128 => 128)
}

fn of_shape<E: Scalar, A: Nonlinearity + 'static, const P: usize>(
    model: &ModelSettings,
    adaptation: &Adaptation,
    kernels: Kernels,
) -> Box<dyn Engine<E>> {
    match E::means(adaptation, Of { model, inner_lr: adaptation.inner_lr, kernels }) {
        Means::Steps(inner) => Box::new(Machine::<E, A, P>::new(model, adaptation, inner, kernels)),
        Means::Head(head) => Box::new(HeadMachine::<E, A, P>::new(model, adaptation, head, kernels)),
        Means::Context { numbers, rate } => {
            Box::new(ContextMachine::<E, A, P>::new(model, adaptation, (numbers, rate), kernels))
        }
    }
}
