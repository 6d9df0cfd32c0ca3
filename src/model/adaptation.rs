//! Adaptation as a value: what an inner step makes of a task, at which rate, how many steps were meant.
//!
//! Every gradient learner here adapts by
//!
//! ```text
//! theta_(s+1) = theta_s - P_s( dL_support/dtheta (theta_s) )            P_s linear, perhaps learned
//! ```
//!
//! and differs in P alone: alpha times the gradient for MAML, a rate of its own for every parameter for
//! Meta-SGD. Two kinds leave all weights but a few as they are, so that the tasks of a meta-batch share their
//! passes: those that adapt the output layer over fixed features, and those that adapt a context beside the
//! input. And a network may read its support points instead of stepping on them ([`super::Network`]). The same value is used in training, in every test and on screen, and travels with the parameters
//! (see [`super::Weights`]), so that nobody can test a network by another rule than it was trained with.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use super::answers::Answers;
use super::head::Head;
use super::kernels::{Kernels, Real, View, ViewMut, vectors};
use super::parameters::initial_parameters;
use super::reader::{Reads, Scale};
use super::scalar::{InBoth, Scalar};
use super::settings::ModelSettings;
use super::tensors::TensorInfo;
use crate::task::{Stream, Units};

/// How a network adapts to a task.
#[derive(Clone, Debug)]
pub struct Adaptation {
    /// The rule, but for its rate.
    pub inner: Arc<dyn Inner>,
    /// alpha, where the rule has one.
    pub inner_lr: f64,
    /// Inner steps it is trained for; 0 where training takes none.
    pub inner_steps: usize,
    /// The units that points are brought to before the network sees them; its answers are brought back.
    pub units: Units,
}

impl PartialEq for Adaptation {
    fn eq(&self, other: &Self) -> bool {
        self.inner.equals(&*other.inner)
            && (self.inner_lr, self.inner_steps, self.units)
                == (other.inner_lr, other.inner_steps, other.units)
    }
}

/// Equality of values behind a trait; every type that has `==` has it.
pub trait Comparable: Any {
    /// Whether the other is of this type, and equal.
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: PartialEq + Any> Comparable for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }
}

impl Adaptation {
    /// Plain SGD: every parameter moves by `inner_lr` times its gradient.
    pub fn sgd(inner_lr: f64, inner_steps: usize) -> Self {
        Self { inner: Arc::new(Sgd::ALL), inner_lr, inner_steps, units: Units::default() }
    }

    /// Whether it is that.
    pub fn is_plain(&self) -> bool {
        *self == Self::sgd(self.inner_lr, self.inner_steps).in_units(self.units)
    }

    /// The same at another rate.
    pub fn at_rate(&self, inner_lr: f64) -> Self {
        Self { inner_lr, ..self.clone() }
    }

    /// The same for points that are brought to these units.
    #[must_use]
    pub fn in_units(mut self, units: Units) -> Self {
        self.units = units;
        self
    }

    /// The meta-parameters of the rule for this network.
    pub fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        self.inner.tensors(model)
    }

    /// The inner loop of its rule.
    pub(super) fn inner_loop<E: Scalar>(&self, model: &ModelSettings, kernels: Kernels) -> InnerLoop<E> {
        struct Loop<'a>(&'a dyn Inner, InnerSettings<'a>);
        impl InBoth for Loop<'_> {
            type Of<E: Scalar> = InnerLoop<E>;

            fn single(self) -> InnerLoop<f32> {
                self.0.single(self.1)
            }

            fn double(self) -> InnerLoop<f64> {
                self.0.double(self.1)
            }
        }
        E::choose(Loop(&*self.inner, InnerSettings { model, inner_lr: self.inner_lr, kernels }))
    }
}

/// A rule of adaptation, described for every network: which meta-parameters it has, and its inner loop.
pub trait Inner: Comparable + Debug + Send + Sync {
    /// The meta-parameters that it has beside the network's parameters, in checkpoint order: names and shapes are a
    /// contract. Tensors of one name are columns of one tensor in the file, the network's own first.
    fn tensors(&self, _model: &ModelSettings) -> Vec<TensorInfo> {
        Vec::new()
    }

    /// Their initial values, one tensor after another; `network` are those of the network, as `stream` drew
    /// them, which a rule that widens a layer may scale.
    fn initial(&self, _of: Initial<'_>, _stream: &mut Stream) -> Vec<f64> {
        Vec::new()
    }

    /// The tensors of the network that it adapts, in checkpoint order: those of [`ModelSettings::tensors`], unless it
    /// is a network of its own, which reads.
    fn network(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        model.tensors()
    }

    /// Their initial values, one tensor after another.
    fn initial_network(&self, model: &ModelSettings, stream: &mut Stream) -> Vec<f64> {
        initial_parameters(model, stream)
    }

    /// A vector of the network that is as long as its layers are wide.
    fn tells_width(&self) -> &'static str {
        "hidden1.bias"
    }

    /// The scale that it reads at, where it is a network that reads: such a network has no hidden layers to be counted
    /// and no nonlinearity to be chosen, and what adapts it is to be read to.
    fn scale(&self) -> Option<Scale> {
        None
    }

    /// Whether `inner_lr` is a rate of the rule, which a person may change at test time.
    fn has_rate(&self) -> bool {
        true
    }

    /// Whether it takes inner gradients, and so can take them for constants.
    fn has_order(&self) -> bool {
        true
    }

    /// Whether what adapts is a context beside the input.
    fn has_context(&self) -> bool {
        false
    }

    /// Its inner loop in single precision.
    fn single(&self, settings: InnerSettings<'_>) -> InnerLoop<f32>;

    /// Its inner loop in double precision.
    fn double(&self, settings: InnerSettings<'_>) -> InnerLoop<f64>;
}

/// What the initial values of a rule's meta-parameters may depend on.
#[derive(Debug)]
pub struct Initial<'a> {
    /// The network.
    pub model: &'a ModelSettings,
    /// alpha.
    pub inner_lr: f64,
    /// The network's own parameters, in checkpoint order.
    pub network: &'a mut [f64],
}

/// What the inner loop of a network depends on beside its rule.
#[derive(Clone, Copy, Debug)]
pub struct InnerSettings<'a> {
    /// The network.
    pub model: &'a ModelSettings,
    /// alpha.
    pub inner_lr: f64,
    /// The arithmetic to use.
    pub kernels: Kernels,
}

/// The inner loop of a rule, for one network and number type.
pub enum InnerLoop<E: Scalar> {
    /// Steps of all parameters down P of the gradient.
    Steps(Box<dyn Operator<E>>),
    /// The output layer alone is adapted, over features that stay the same.
    Head(Box<dyn Head<E>>),
    /// A few numbers beside the input are adapted, by SGD from 0; the meta-parameters are their columns of
    /// the first layer's weight.
    Context {
        /// How many.
        numbers: usize,
        /// alpha.
        rate: E,
    },
    /// The network reads the support points.
    Reads(Box<dyn Reads<E>>, Scale),
    /// Nothing is adapted: what somebody else has answered is said, if it is known.
    Answers(Option<Arc<Answers>>),
}

/// The methods of [`Inner`] that give the inner loop, from one that is generic over the number type.
macro_rules! in_both_precisions {
    ($method:ident) => {
        fn single(&self, settings: $crate::model::InnerSettings<'_>) -> $crate::model::InnerLoop<f32> {
            self.$method(settings)
        }

        fn double(&self, settings: $crate::model::InnerSettings<'_>) -> $crate::model::InnerLoop<f64> {
            self.$method(settings)
        }
    };
}
pub(crate) use in_both_precisions;

/// P as the engine applies it, with its transpose and the derivative of its meta-parameters. Tensors are seen
/// as the kernels hold them: padded, the padding zero, which has to stay so.
pub trait Operator<E: Real> {
    /// alpha, where P is alpha times the gradient and nothing else: the engine then fuses the step.
    fn uniform(&self) -> Option<E> {
        None
    }

    /// Takes P's meta-parameters, one tensor after another, unpadded.
    fn load(&mut self, _numbers: &[E]) {}

    /// `out = P_s(gradient)` of inner step `step`, counted from 0.
    fn apply(&mut self, step: usize, gradient: Gradient<'_, E>, out: ViewMut<'_, E>);

    /// `out = P_s' v`, and the derivative of `-<v, P_s(gradient)>` by P's meta-parameters added to `sums`, laid
    /// out as [`Operator::load`] takes them.
    fn pull_back(
        &mut self,
        step: usize,
        gradient: Gradient<'_, E>,
        v: Pulled<'_, E>,
        out: ViewMut<'_, E>,
        sums: &mut [E],
    );
}

/// An inner gradient: its tensors, and the factors of those of the hidden weights.
#[derive(Clone, Copy)]
pub struct Gradient<'a, E> {
    /// The tensors.
    pub view: View<'a, E>,
    /// The pass that has [`Gradient::factors`].
    pub passes: &'a dyn Factors<E>,
}

impl<'a, E> Gradient<'a, E> {
    /// Two matrices of a row a point whose product `d' h` is the gradient of the `hidden`-th hidden weight,
    /// counted from 0: with fewer points than units, they say the same with fewer numbers.
    pub fn factors(&self, hidden: usize) -> [&'a [E]; 2] {
        self.passes.factors(hidden)
    }
}

/// The vector that is pulled back through an inner step: the query loss's gradient by the weights after it.
#[derive(Clone, Copy)]
pub struct Pulled<'a, E> {
    /// The tensors.
    pub view: View<'a, E>,
    /// As [`Gradient::passes`], where no Hessian and no loss of another step has joined it yet.
    pub passes: Option<&'a dyn Factors<E>>,
}

/// A pass that gradients are products of.
pub trait Factors<E> {
    /// As [`Gradient::factors`].
    fn factors(&self, hidden: usize) -> [&[E]; 2];
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

    fn inner_loop<E: Scalar>(self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        let rate = E::rounded(settings.inner_lr);
        let (kernels, body) = (settings.kernels, 2 * settings.model.layers);
        InnerLoop::Steps(Box::new(Scaled { kernels, rate, moves: self, body }))
    }
}

impl Inner for Sgd {
    in_both_precisions!(inner_loop);
}

struct Scaled<E> {
    kernels: Kernels,
    rate: E,
    moves: Sgd,
    /// Tensors of the hidden layers, which come first.
    body: usize,
}

impl<E: Real> Operator<E> for Scaled<E> {
    fn uniform(&self) -> Option<E> {
        (self.moves == Sgd::ALL).then_some(self.rate)
    }

    fn apply(&mut self, _: usize, gradient: Gradient<'_, E>, out: ViewMut<'_, E>) {
        self.scale(gradient.view, out);
    }

    fn pull_back(
        &mut self,
        _: usize,
        _: Gradient<'_, E>,
        v: Pulled<'_, E>,
        out: ViewMut<'_, E>,
        _: &mut [E],
    ) {
        // Diagonal.
        self.scale(v.view, out);
    }
}

impl<E: Real> Scaled<E> {
    fn scale(&self, gradient: View<'_, E>, mut out: ViewMut<'_, E>) {
        for tensor in 0..gradient.count() {
            let moves = if tensor < self.body { self.moves.body } else { self.moves.head };
            let out = out.tensor_mut(tensor);
            if moves {
                vectors::scale(self.kernels, self.rate, gradient.tensor(tensor), out);
            } else {
                out.fill(E::default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates that its `Debug` does not tell.
    #[derive(PartialEq)]
    struct Secret(f64);

    impl Debug for Secret {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Sgd { body: true, head: true }")
        }
    }

    impl Inner for Secret {
        fn single(&self, settings: InnerSettings<'_>) -> InnerLoop<f32> {
            Sgd::ALL.single(settings)
        }
        fn double(&self, settings: InnerSettings<'_>) -> InnerLoop<f64> {
            Sgd::ALL.double(settings)
        }
    }

    #[test]
    fn rules_are_equal_by_type_and_value() {
        let with = |inner: Arc<dyn Inner>| Adaptation {
            inner,
            inner_lr: 0.1,
            inner_steps: 2,
            units: Units::default(),
        };
        let secret = |rate| with(Arc::new(Secret(rate)));
        assert_eq!(secret(1.0), secret(1.0));
        assert_ne!(secret(1.0), secret(2.0));
        assert!(Adaptation::sgd(0.1, 2).is_plain() && !secret(1.0).is_plain());
        let head = Sgd { body: false, head: true };
        assert!(!with(Arc::new(head)).is_plain());
        assert_ne!(secret(1.0).at_rate(0.2), secret(1.0));
    }
}
