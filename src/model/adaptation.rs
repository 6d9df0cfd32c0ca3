//! Adaptation as a value: what an inner step makes of a gradient, at which rate, how many steps were meant.
//!
//! Every gradient learner here adapts by
//!
//! ```text
//! theta_(s+1) = theta_s - P_s( dL_support/dtheta (theta_s) )            P_s linear, perhaps learned
//! ```
//!
//! and differs in P alone: alpha times the gradient for MAML, alpha times the head's part of it for ANIL, a
//! rate of its own for every parameter for Meta-SGD. The same value is used in training, in every test and
//! on screen, and travels with the parameters (see [`super::Weights`]), so that nobody can test a network by
//! another rule than it was trained with.

use std::fmt::Debug;
use std::sync::Arc;

use super::kernels::{Real, View, ViewMut};
use super::settings::ModelSettings;
use super::tensors::TensorInfo;

/// How a network adapts to a task.
#[derive(Clone, Debug)]
pub struct Adaptation {
    /// P, but for its rate.
    pub inner: Arc<dyn Inner>,
    /// alpha, where P has one.
    pub inner_lr: f64,
    /// Inner steps it is trained for; 0 where training takes none.
    pub inner_steps: usize,
}

impl PartialEq for Adaptation {
    /// What adapts alike and is written alike is the same.
    fn eq(&self, other: &Self) -> bool {
        let face = |this: &Self| format!("{this:?}");
        face(self) == face(other)
    }
}

impl Adaptation {
    /// Plain SGD: every parameter moves by `inner_lr` times its gradient.
    pub fn sgd(inner_lr: f64, inner_steps: usize) -> Self {
        Self { inner: Arc::new(Sgd::ALL), inner_lr, inner_steps }
    }

    /// The same at another rate.
    pub fn at_rate(&self, inner_lr: f64) -> Self {
        Self { inner_lr, ..self.clone() }
    }

    /// The learned numbers of P for this network.
    pub fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        self.inner.tensors(model)
    }
}

/// P, described for every network: which numbers it learns, and the operator it becomes.
pub trait Inner: Debug + Send + Sync {
    /// The numbers P learns beside the network's parameters, in checkpoint order: names and shapes are a
    /// contract. Each shape is one of [`super::Array`]'s.
    fn tensors(&self, _model: &ModelSettings) -> Vec<TensorInfo> {
        Vec::new()
    }

    /// Their initial values, one tensor after another.
    fn initial(&self, _model: &ModelSettings, _inner_lr: f64) -> Vec<f64> {
        Vec::new()
    }

    /// Whether `inner_lr` is a rate of P, which a person may change at test time.
    fn has_rate(&self) -> bool {
        true
    }

    /// P for a network in single precision.
    fn single(&self, model: &ModelSettings, inner_lr: f64) -> Box<dyn Operator<f32>>;

    /// P for a network in double precision.
    fn double(&self, model: &ModelSettings, inner_lr: f64) -> Box<dyn Operator<f64>>;
}

/// P as the engine applies it, with its transpose and the derivative of its own numbers. Tensors are seen
/// as the kernels hold them: padded, the padding zero, which has to stay so.
pub trait Operator<E: Real> {
    /// alpha, where P is alpha times the gradient and nothing else: the engine then fuses the step.
    fn uniform(&self) -> Option<E> {
        None
    }

    /// Takes P's learned numbers, one tensor after another, unpadded.
    fn load(&mut self, _numbers: &[E]) {}

    /// `out = P_s(gradient)` of inner step `step`, counted from 0.
    fn apply(&self, step: usize, gradient: View<'_, E>, out: ViewMut<'_, E>);

    /// `out = P_s' v`.
    fn transpose(&self, step: usize, v: View<'_, E>, out: ViewMut<'_, E>);

    /// Adds the derivative of `-<v, P_s(gradient)>` by P's own numbers to `sums`, laid out as
    /// [`Operator::load`] takes them.
    fn differentiate(&self, _step: usize, _gradient: View<'_, E>, _v: View<'_, E>, _sums: &mut [E]) {}
}

/// SGD of one rate, of the whole network or of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sgd {
    /// Whether the hidden layers move.
    pub body: bool,
    /// Whether the output layer moves.
    pub head: bool,
}

impl Sgd {
    /// Everything moves.
    pub const ALL: Self = Self { body: true, head: true };

    fn operator<E: Real>(self, model: &ModelSettings, inner_lr: f64) -> Box<dyn Operator<E>> {
        Box::new(Scaled { rate: E::rounded(inner_lr), moves: self, body: 2 * model.layers })
    }
}

impl Inner for Sgd {
    fn single(&self, model: &ModelSettings, inner_lr: f64) -> Box<dyn Operator<f32>> {
        self.operator(model, inner_lr)
    }

    fn double(&self, model: &ModelSettings, inner_lr: f64) -> Box<dyn Operator<f64>> {
        self.operator(model, inner_lr)
    }
}

struct Scaled<E> {
    rate: E,
    moves: Sgd,
    /// Tensors of the hidden layers, which come first.
    body: usize,
}

impl<E: Real> Operator<E> for Scaled<E> {
    fn uniform(&self) -> Option<E> {
        (self.moves == Sgd::ALL).then_some(self.rate)
    }

    fn apply(&self, _: usize, gradient: View<'_, E>, mut out: ViewMut<'_, E>) {
        for tensor in 0..gradient.count() {
            let moves = if tensor < self.body { self.moves.body } else { self.moves.head };
            let out = out.tensor_mut(tensor);
            if !moves {
                out.fill(E::default());
                continue;
            }
            for (out, &g) in out.iter_mut().zip(gradient.tensor(tensor)) {
                *out = self.rate * g;
            }
        }
    }

    fn transpose(&self, step: usize, v: View<'_, E>, out: ViewMut<'_, E>) {
        // Diagonal.
        self.apply(step, v, out);
    }
}
