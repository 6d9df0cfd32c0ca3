//! The network as dfdx tensors of compile-time shape, the parameters' names and layout those of PyTorch,
//! and beside them whatever numbers its adaptation learns.

use std::ops::Range;

use dfdx::nn::ZeroGrads;
use dfdx::prelude::*;
use rand::distr::{Distribution, Uniform};

use super::adaptation::{Adaptation, InnerLoop, InnerSettings};
use super::kernels::Real;
use super::settings::{ModelSettings, Precision};
use super::tensors::{TensorInfo, split_mut};
use crate::task::Stream;

/// f32 or f64 as dfdx and the kernels both know them.
pub trait Scalar: Real + Dtype {
    /// The name of the type in files and settings.
    const PRECISION: Precision;

    /// The inner loop of an adaptation in this type.
    fn inner_loop(adaptation: &Adaptation, settings: InnerSettings<'_>) -> InnerLoop<Self>;
}

impl Scalar for f32 {
    const PRECISION: Precision = Precision::F32;

    fn inner_loop(adaptation: &Adaptation, settings: InnerSettings<'_>) -> InnerLoop<Self> {
        adaptation.inner.single(settings)
    }
}

impl Scalar for f64 {
    const PRECISION: Precision = Precision::F64;

    fn inner_loop(adaptation: &Adaptation, settings: InnerSettings<'_>) -> InnerLoop<Self> {
        adaptation.inner.double(settings)
    }
}

/// A fully connected layer: `y = x weight^T + bias`.
#[derive(Clone, Debug)]
pub struct Layer<const I: usize, const O: usize, E: Dtype, T = NoneTape> {
    /// `[O, I]`.
    pub weight: Tensor<Rank2<O, I>, E, Cpu, T>,
    /// `[O]`.
    pub bias: Tensor<Rank1<O>, E, Cpu, T>,
}

/// Numbers that an adaptation learns, in one of the shapes a network of width `H` has.
#[derive(Clone, Debug)]
pub enum Array<const H: usize, E: Dtype, T = NoneTape> {
    /// `[1]`.
    One(Tensor<Rank1<1>, E, Cpu, T>),
    /// `[H]`.
    Vector(Tensor<Rank1<H>, E, Cpu, T>),
    /// `[H, 1]`.
    Column(Tensor<Rank2<H, 1>, E, Cpu, T>),
    /// `[1, H]`.
    Row(Tensor<Rank2<1, H>, E, Cpu, T>),
    /// `[H, H]`.
    Square(Tensor<Rank2<H, H>, E, Cpu, T>),
}

/// All that training moves: the parameters of a network of one input, hidden layers of width `H` and one
/// output, and the meta-parameters of its adaptation. With a tape `T`, operations on them are recorded.
#[derive(Clone, Debug)]
pub struct Mlp<const H: usize, E: Dtype, T = NoneTape> {
    /// First hidden layer.
    pub hidden1: Layer<1, H, E, T>,
    /// The hidden layers after it.
    pub deeper: Vec<Layer<H, H, E, T>>,
    /// Output layer.
    pub out: Layer<H, 1, E, T>,
    /// The meta-parameters of the adaptation (see [`super::Inner::tensors`]); often nothing.
    pub learned: Vec<Array<H, E, T>>,
}

/// Does something with every tensor in checkpoint order, be they borrowed or borrowed to be written to.
macro_rules! each {
    (($($borrow:tt)*) $mlp:expr, $tensor:ident => $body:expr) => {{
        let mlp = $mlp;
        { let $tensor = $($borrow)* mlp.hidden1.weight; $body }
        { let $tensor = $($borrow)* mlp.hidden1.bias; $body }
        for layer in $($borrow)* mlp.deeper {
            { let $tensor = $($borrow)* layer.weight; $body }
            { let $tensor = $($borrow)* layer.bias; $body }
        }
        { let $tensor = $($borrow)* mlp.out.weight; $body }
        { let $tensor = $($borrow)* mlp.out.bias; $body }
        for array in $($borrow)* mlp.learned {
            match array {
                Array::One($tensor) => $body,
                Array::Vector($tensor) => $body,
                Array::Column($tensor) => $body,
                Array::Row($tensor) => $body,
                Array::Square($tensor) => $body,
            }
        }
    }};
}

/// Another [`Mlp`] with something made of every tensor, in checkpoint order: of borrowed ones, or of the
/// tensors themselves.
macro_rules! rebuild {
    (($($borrow:tt)*) $mlp:expr, $tensor:ident => $body:expr) => {{
        let mlp = $mlp;
        Mlp {
            hidden1: Layer {
                weight: { let $tensor = $($borrow)* mlp.hidden1.weight; $body },
                bias: { let $tensor = $($borrow)* mlp.hidden1.bias; $body },
            },
            deeper: {
                let mut deeper = Vec::with_capacity(mlp.deeper.len());
                for layer in $($borrow)* mlp.deeper {
                    deeper.push(Layer {
                        weight: { let $tensor = $($borrow)* layer.weight; $body },
                        bias: { let $tensor = $($borrow)* layer.bias; $body },
                    });
                }
                deeper
            },
            out: Layer {
                weight: { let $tensor = $($borrow)* mlp.out.weight; $body },
                bias: { let $tensor = $($borrow)* mlp.out.bias; $body },
            },
            learned: {
                let mut learned = Vec::with_capacity(mlp.learned.len());
                for array in $($borrow)* mlp.learned {
                    learned.push(match array {
                        Array::One($tensor) => Array::One($body),
                        Array::Vector($tensor) => Array::Vector($body),
                        Array::Column($tensor) => Array::Column($body),
                        Array::Row($tensor) => Array::Row($body),
                        Array::Square($tensor) => Array::Square($body),
                    });
                }
                learned
            },
        }
    }};
}

impl<const H: usize, E: Scalar> Mlp<H, E> {
    /// All parameters zero: a network of `layers` hidden layers, and meta-parameters of these shapes.
    ///
    ///
    /// A vector of another length (numbers of inner steps, which no network is shaped by) is held as so many
    /// single numbers, since shapes are fixed when this is compiled.
    ///
    /// # Panics
    /// For a matrix of a shape that is none of [`Array`]'s.
    pub fn zeros(device: &Cpu, layers: usize, learned: &[TensorInfo]) -> Self {
        let arrays = |tensor: &TensorInfo| match tensor.shape[..] {
            [n] if n == H => vec![Array::Vector(device.zeros())],
            [n] => (0..n).map(|_| Array::One(device.zeros())).collect(),
            [1, 1] => vec![Array::One(device.zeros())],
            [n, 1] if n == H => vec![Array::Column(device.zeros())],
            [1, n] if n == H => vec![Array::Row(device.zeros())],
            [n, m] if n == H && m == H => vec![Array::Square(device.zeros())],
            #[expect(clippy::panic, reason = "documented")]
            _ => panic!("{} has a shape that no network of width {H} has: {:?}", tensor.name, tensor.shape),
        };
        Self {
            hidden1: Layer { weight: device.zeros(), bias: device.zeros() },
            deeper: (1..layers).map(|_| Layer { weight: device.zeros(), bias: device.zeros() }).collect(),
            out: Layer { weight: device.zeros(), bias: device.zeros() },
            learned: learned.iter().flat_map(arrays).collect(),
        }
    }

    /// The numbers of all tensors together.
    pub fn count(&self) -> usize {
        let mut count = 0;
        each!((&) self, tensor => count += tensor.shape().num_elements());
        count
    }

    /// Overwrites every tensor from a flat vector in checkpoint order.
    pub fn copy_from_flat(&mut self, flat: &[E]) {
        let mut rest = flat;
        each!((&mut) self, tensor => {
            let (numbers, tail) = rest.split_at(tensor.shape().num_elements());
            tensor.copy_from(numbers);
            rest = tail;
        });
    }

    /// Writes every tensor to a flat vector in checkpoint order.
    pub fn copy_into_flat(&self, flat: &mut [E]) {
        let mut rest = flat;
        each!((&) self, tensor => {
            let (numbers, tail) = std::mem::take(&mut rest).split_at_mut(tensor.shape().num_elements());
            tensor.copy_into(numbers);
            rest = tail;
        });
    }

    /// Calls `take` with the number of every tensor in checkpoint order, its place in a flat vector, and with
    /// what copies it to a slice of its size.
    pub fn copy_each(&self, mut take: impl FnMut(usize, Range<usize>, &dyn Fn(&mut [E]))) {
        let (mut number, mut from) = (0, 0);
        each!((&) self, tensor => {
            let to = from + tensor.shape().num_elements();
            take(number, from..to, &|numbers| tensor.copy_into(numbers));
            (number, from) = (number + 1, to);
        });
    }

    /// Gradients of these parameters, all zero, that forget those of everything else after a backward pass.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn zero_gradients(&self) -> Result<Gradients<E, Cpu>, CpuError>
    where
        Cpu: Device<E>,
    {
        let mut gradients = Gradients::leaky();
        each!((&) self, tensor => tensor.try_zero_grads(&mut gradients)?);
        Ok(gradients)
    }

    /// Calls `visit` with the gradient of every tensor: its number in checkpoint order, where it begins in a
    /// flat vector, and the gradient.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn visit_gradients(
        &self,
        gradients: &mut Gradients<E, Cpu>,
        mut visit: impl FnMut(usize, usize, &mut [E]),
    ) -> Result<(), CpuError> {
        let (mut number, mut offset) = (0, 0);
        each!((&) self, tensor => {
            let gradient = gradients.get_or_alloc_mut(tensor)?;
            visit(number, offset, gradient);
            offset += gradient.len();
            number += 1;
        });
        Ok(())
    }

    /// The same parameters with a tape that adds into `gradients`: on the first of them, and empty ones on the
    /// rest.
    pub fn trace(&self, gradients: Gradients<E, Cpu>) -> Mlp<H, E, OwnedTape<E, Cpu>> {
        let mut gradients = Some(gradients);
        rebuild!((&) self, tensor => match gradients.take() {
            Some(gradients) => tensor.trace(gradients),
            None => tensor.retaped(),
        })
    }
}

impl<const H: usize, E: Scalar, T: Tape<E, Cpu>> Mlp<H, E, T> {
    /// The same parameters with an empty tape, to use them twice in one expression.
    pub fn with_empty_tape(&self) -> Self {
        rebuild!((&) self, tensor => tensor.with_empty_tape())
    }

    /// The bare parameters and all their tapes merged into one.
    pub fn split_tape(self) -> (Mlp<H, E>, T) {
        let mut merged: Option<T> = None;
        let bare = rebuild!(() self, tensor => {
            let (bare, tape) = tensor.split_tape();
            merged = Some(match merged.take() {
                Some(merged) => merged.merge(tape),
                None => tape,
            });
            bare
        });
        (bare, merged.unwrap_or_default())
    }
}

/// Numbers uniform in +-1/sqrt(fan_in).
pub fn draw_uniform(fan_in: usize, values: &mut [f64], stream: &mut Stream) {
    let bound = 1.0 / (fan_in as f64).sqrt();
    let uniform = Uniform::new(-bound, bound).expect("-bound < bound, both finite");
    values.fill_with(|| uniform.sample(&mut *stream));
}

/// `nn.Linear`'s initialisation of this network: weights and biases uniform in +-1/sqrt(fan_in), drawn in
/// checkpoint order.
pub fn initial_parameters(model: &ModelSettings, stream: &mut Stream) -> Vec<f64> {
    let mut values = vec![0.0; model.parameters()];
    let tensors = model.tensors();
    let mut fan_in = 1;
    for (tensor, values) in tensors.iter().zip(split_mut(&mut values, tensors.iter().map(TensorInfo::count)))
    {
        // A bias has its weight's.
        fan_in = tensor.shape.get(1).copied().unwrap_or(fan_in);
        draw_uniform(fan_in, values, stream);
    }
    values
}
