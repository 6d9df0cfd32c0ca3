//! The network as dfdx tensors of compile-time shape: 1-H-H-1, the parameters' names and layout those
//! of PyTorch.

use dfdx::nn::{ModuleVisitor, TensorCollection, TensorOptions};
use dfdx::prelude::*;
use rand::distr::{Distribution, Uniform};

use super::Weights;
use super::engine::{split, split_mut};
use super::kernels::Real;
use super::{Activation, Precision};
use crate::task::Stream;

/// f32 or f64 as dfdx and the kernels both know them.
pub trait Scalar: Real + Dtype {
    /// The name of the type in files and settings.
    const PRECISION: Precision;
}

impl Scalar for f32 {
    const PRECISION: Precision = Precision::F32;
}

impl Scalar for f64 {
    const PRECISION: Precision = Precision::F64;
}

/// A fully connected layer: `y = x weight^T + bias`.
#[derive(Clone, Debug)]
pub struct Layer<const I: usize, const O: usize, E: Dtype, T = NoneTape, D: Storage<E> = Cpu> {
    /// `[O, I]`.
    pub weight: Tensor<Rank2<O, I>, E, D, T>,
    /// `[O]`.
    pub bias: Tensor<Rank1<O>, E, D, T>,
}

/// The parameters of a 1-H-H-1 network. With a tape `T`, operations on them are recorded.
#[derive(Clone, Debug)]
pub struct Mlp<const H: usize, E: Dtype, T = NoneTape, D: Storage<E> = Cpu> {
    /// First hidden layer.
    pub hidden1: Layer<1, H, E, T, D>,
    /// Second hidden layer.
    pub hidden2: Layer<H, H, E, T, D>,
    /// Output layer.
    pub out: Layer<H, 1, E, T, D>,
}

impl<const H: usize, E: Scalar> Mlp<H, E> {
    /// Number of parameters.
    pub const LEN: usize = Weights::len_of(H);

    /// All parameters zero.
    pub fn zeros(device: &Cpu) -> Self {
        Self {
            hidden1: Layer { weight: device.zeros(), bias: device.zeros() },
            hidden2: Layer { weight: device.zeros(), bias: device.zeros() },
            out: Layer { weight: device.zeros(), bias: device.zeros() },
        }
    }

    /// `nn.Linear`'s initialisation: weights and biases uniform in +-1/sqrt(fan_in), drawn in
    /// checkpoint order.
    pub fn initialised(device: &Cpu, stream: &mut Stream) -> Self {
        let mut flat = Vec::with_capacity(Self::LEN);
        for (fan_in, count) in [(1, 2 * H), (H, H * H + H), (H, H + 1)] {
            let bound = 1.0 / (fan_in as f64).sqrt();
            let uniform = Uniform::new(-bound, bound).expect("-bound < bound, both finite");
            flat.extend((0..count).map(|_| E::rounded(uniform.sample(&mut *stream))));
        }
        let mut mlp = Self::zeros(device);
        mlp.copy_from_flat(&flat);
        mlp
    }

    /// These weights, whose width must be `H`, rounded to `E`.
    pub fn from_weights(device: &Cpu, weights: &Weights) -> Self {
        let flat: Vec<E> = weights.values.iter().map(|&value| E::rounded(value)).collect();
        let mut mlp = Self::zeros(device);
        mlp.copy_from_flat(&flat);
        mlp
    }

    /// The parameters as plain numbers.
    pub fn to_weights(&self, activation: Activation) -> Weights {
        let mut flat = vec![E::default(); Self::LEN];
        self.copy_into_flat(&mut flat);
        let values = flat.into_iter().map(|value| value.exact()).collect();
        Weights { hidden: H, activation, precision: E::PRECISION, values }
    }

    /// Overwrites every parameter from a flat vector in checkpoint order.
    pub fn copy_from_flat(&mut self, flat: &[E]) {
        let [w1, b1, w2, b2, w3, b3] = split(H, flat);
        self.hidden1.weight.copy_from(w1);
        self.hidden1.bias.copy_from(b1);
        self.hidden2.weight.copy_from(w2);
        self.hidden2.bias.copy_from(b2);
        self.out.weight.copy_from(w3);
        self.out.bias.copy_from(b3);
    }

    /// Writes the six tensors, in checkpoint order, to slices of their sizes.
    pub fn copy_into(&self, [w1, b1, w2, b2, w3, b3]: [&mut [E]; 6]) {
        self.hidden1.weight.copy_into(w1);
        self.hidden1.bias.copy_into(b1);
        self.hidden2.weight.copy_into(w2);
        self.hidden2.bias.copy_into(b2);
        self.out.weight.copy_into(w3);
        self.out.bias.copy_into(b3);
    }

    /// Writes every parameter to a flat vector in checkpoint order.
    pub fn copy_into_flat(&self, flat: &mut [E]) {
        self.copy_into(split_mut(H, flat));
    }

    /// The same parameters with a tape that adds into `gradients`.
    pub fn trace(&self, gradients: Gradients<E, Cpu>) -> Mlp<H, E, OwnedTape<E, Cpu>> {
        Mlp {
            hidden1: Layer {
                weight: self.hidden1.weight.trace(gradients),
                bias: self.hidden1.bias.retaped(),
            },
            hidden2: Layer { weight: self.hidden2.weight.retaped(), bias: self.hidden2.bias.retaped() },
            out: Layer { weight: self.out.weight.retaped(), bias: self.out.bias.retaped() },
        }
    }

    /// Calls `visit` with the six gradients: which tensor it is, where it begins in a flat vector in
    /// checkpoint order, and the gradient.
    pub fn visit_gradients(
        &self,
        gradients: &mut Gradients<E, Cpu>,
        mut visit: impl FnMut(usize, usize, &mut [E]),
    ) -> Result<(), CpuError> {
        visit(0, 0, gradients.get_or_alloc_mut(&self.hidden1.weight)?);
        visit(1, H, gradients.get_or_alloc_mut(&self.hidden1.bias)?);
        visit(2, 2 * H, gradients.get_or_alloc_mut(&self.hidden2.weight)?);
        visit(3, 2 * H + H * H, gradients.get_or_alloc_mut(&self.hidden2.bias)?);
        visit(4, 3 * H + H * H, gradients.get_or_alloc_mut(&self.out.weight)?);
        visit(5, 4 * H + H * H, gradients.get_or_alloc_mut(&self.out.bias)?);
        Ok(())
    }
}

impl<const H: usize, E: Scalar, T: Tape<E, Cpu>> Mlp<H, E, T> {
    /// The same parameters with an empty tape, to use them twice in one expression.
    pub fn with_empty_tape(&self) -> Self {
        let Mlp { hidden1, hidden2, out } = self;
        Self {
            hidden1: Layer { weight: hidden1.weight.with_empty_tape(), bias: hidden1.bias.with_empty_tape() },
            hidden2: Layer { weight: hidden2.weight.with_empty_tape(), bias: hidden2.bias.with_empty_tape() },
            out: Layer { weight: out.weight.with_empty_tape(), bias: out.bias.with_empty_tape() },
        }
    }

    /// The bare parameters and all their tapes merged into one.
    pub fn split_tape(self) -> (Mlp<H, E>, T) {
        let Mlp { hidden1, hidden2, out } = self;
        let (w1, t1) = hidden1.weight.split_tape();
        let (b1, t2) = hidden1.bias.split_tape();
        let (w2, t3) = hidden2.weight.split_tape();
        let (b2, t4) = hidden2.bias.split_tape();
        let (w3, t5) = out.weight.split_tape();
        let (b3, t6) = out.bias.split_tape();
        let bare = Mlp {
            hidden1: Layer { weight: w1, bias: b1 },
            hidden2: Layer { weight: w2, bias: b2 },
            out: Layer { weight: w3, bias: b3 },
        };
        (bare, t1.merge(t2).merge(t3).merge(t4).merge(t5).merge(t6))
    }
}

impl<const H: usize, E: Scalar> Mlp<H, E> {
    /// The parameters with `tape` on the first and empty tapes on the rest.
    pub fn put_tape<T: Tape<E, Cpu>>(self, tape: T) -> Mlp<H, E, T> {
        let Mlp { hidden1, hidden2, out } = self;
        Mlp {
            hidden1: Layer { weight: hidden1.weight.put_tape(tape), bias: hidden1.bias.retaped() },
            hidden2: Layer { weight: hidden2.weight.retaped(), bias: hidden2.bias.retaped() },
            out: Layer { weight: out.weight.retaped(), bias: out.bias.retaped() },
        }
    }
}

impl<const I: usize, const O: usize, E: Dtype, D: Device<E>> TensorCollection<E, D>
    for Layer<I, O, E, NoneTape, D>
{
    type To<E2: Dtype, D2: Device<E2>> = Layer<I, O, E2, NoneTape, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(
        visitor: &mut V,
    ) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor.visit_fields(
            (
                Self::tensor("weight", |s| &s.weight, |s| &mut s.weight, TensorOptions::reset_to_zeros()),
                Self::tensor("bias", |s| &s.bias, |s| &mut s.bias, TensorOptions::reset_to_zeros()),
            ),
            |(weight, bias)| Layer { weight, bias },
        )
    }
}

impl<const H: usize, E: Dtype, D: Device<E>> TensorCollection<E, D> for Mlp<H, E, NoneTape, D> {
    type To<E2: Dtype, D2: Device<E2>> = Mlp<H, E2, NoneTape, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(
        visitor: &mut V,
    ) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor.visit_fields(
            (
                Self::module("hidden1", |s| &s.hidden1, |s| &mut s.hidden1),
                Self::module("hidden2", |s| &s.hidden2, |s| &mut s.hidden2),
                Self::module("out", |s| &s.out, |s| &mut s.out),
            ),
            |(hidden1, hidden2, out)| Mlp { hidden1, hidden2, out },
        )
    }
}
