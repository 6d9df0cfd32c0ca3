//! Parameters as a list of dfdx tensors of compile-time shape: those of a network, their names and layout PyTorch's,
//! and behind them whatever numbers its adaptation learns.

use std::ops::Range;

use dfdx::nn::ZeroGrads;
use dfdx::prelude::*;
use rand::distr::{Distribution, Uniform};

use super::scalar::Scalar;
use super::settings::ModelSettings;
use super::tensors::{TensorInfo, split_mut};
use crate::task::Stream;

/// A tensor in one of the shapes that a network of width `H` has.
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

/// All that training moves, in checkpoint order: the parameters of a network whose hidden layers have width `H`, and
/// the meta-parameters of its adaptation. With a tape `T`, operations on them are recorded.
#[derive(Clone, Debug)]
pub struct Parameters<const H: usize, E: Dtype, T = NoneTape>(pub Vec<Array<H, E, T>>);

/// Does something with the tensor of an array, whatever its shape.
macro_rules! of_any_shape {
    ($array:expr, $tensor:ident => $body:expr) => {
        match $array {
            Array::One($tensor) => $body,
            Array::Vector($tensor) => $body,
            Array::Column($tensor) => $body,
            Array::Row($tensor) => $body,
            Array::Square($tensor) => $body,
        }
    };
}

/// An array of the same shape, made of something that is done with its tensor.
macro_rules! of_same_shape {
    ($array:expr, $tensor:ident => $body:expr) => {
        match $array {
            Array::One($tensor) => Array::One($body),
            Array::Vector($tensor) => Array::Vector($body),
            Array::Column($tensor) => Array::Column($body),
            Array::Row($tensor) => Array::Row($body),
            Array::Square($tensor) => Array::Square($body),
        }
    };
}

impl<const H: usize, E: Scalar> Parameters<H, E> {
    /// These tensors, all numbers zero.
    ///
    /// A vector of another length (numbers of inner steps, which no network is shaped by) is held as so many
    /// single numbers, since shapes are fixed when this is compiled.
    ///
    /// # Panics
    /// For a matrix of a shape that is none of [`Array`]'s.
    pub fn zeros(device: &Cpu, tensors: &[TensorInfo]) -> Self {
        let arrays = |tensor: &TensorInfo| match tensor.shape[..] {
            [n] if n == H => vec![Array::Vector(device.zeros())],
            [n] => (0..n).map(|_| Array::One(device.zeros())).collect(),
            [n, 1] if n == H => vec![Array::Column(device.zeros())],
            [1, n] if n == H => vec![Array::Row(device.zeros())],
            [n, m] if n == H && m == H => vec![Array::Square(device.zeros())],
            [1, 1] => vec![Array::One(device.zeros())],
            #[expect(clippy::panic, reason = "documented")]
            _ => panic!("{} has a shape that no network of width {H} has: {:?}", tensor.name, tensor.shape),
        };
        Self(tensors.iter().flat_map(arrays).collect())
    }

    /// Where they are; a network has at least one tensor.
    pub(super) fn device(&self) -> Cpu {
        let device = |array: &Array<H, E>| of_any_shape!(array, tensor => tensor.device().clone());
        self.0.first().map(device).unwrap_or_default()
    }

    /// The numbers of all tensors together.
    pub fn count(&self) -> usize {
        let mut count = 0;
        for array in &self.0 {
            count += of_any_shape!(array, tensor => tensor.shape().num_elements());
        }
        count
    }

    /// Overwrites every tensor from a flat vector in checkpoint order.
    pub fn copy_from_flat(&mut self, flat: &[E]) {
        let mut rest = flat;
        for array in &mut self.0 {
            of_any_shape!(array, tensor => {
                let (numbers, tail) = rest.split_at(tensor.shape().num_elements());
                tensor.copy_from(numbers);
                rest = tail;
            });
        }
    }

    /// Writes every tensor to a flat vector in checkpoint order.
    pub fn copy_into_flat(&self, flat: &mut [E]) {
        let mut rest = flat;
        for array in &self.0 {
            of_any_shape!(array, tensor => {
                let (numbers, tail) = std::mem::take(&mut rest).split_at_mut(tensor.shape().num_elements());
                tensor.copy_into(numbers);
                rest = tail;
            });
        }
    }

    /// Calls `take` with the number of every tensor in checkpoint order, its place in a flat vector, and with
    /// what copies it to a slice of its size.
    pub fn copy_each(&self, mut take: impl FnMut(usize, Range<usize>, &dyn Fn(&mut [E]))) {
        let (mut number, mut from) = (0, 0);
        for array in &self.0 {
            of_any_shape!(array, tensor => {
                let to = from + tensor.shape().num_elements();
                take(number, from..to, &|numbers| tensor.copy_into(numbers));
                (number, from) = (number + 1, to);
            });
        }
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
        for array in &self.0 {
            of_any_shape!(array, tensor => tensor.try_zero_grads(&mut gradients)?);
        }
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
        for array in &self.0 {
            of_any_shape!(array, tensor => {
                let gradient = gradients.get_or_alloc_mut(tensor)?;
                visit(number, offset, gradient);
                offset += gradient.len();
                number += 1;
            });
        }
        Ok(())
    }

    /// The same parameters with a tape that adds into `gradients`: on the first of them, and empty ones on the
    /// rest.
    pub fn trace(&self, gradients: Gradients<E, Cpu>) -> Parameters<H, E, OwnedTape<E, Cpu>> {
        let mut gradients = Some(gradients);
        let traced = |array: &Array<H, E>| {
            of_same_shape!(array, tensor => match gradients.take() {
                Some(gradients) => tensor.trace(gradients),
                None => tensor.retaped(),
            })
        };
        Parameters(self.0.iter().map(traced).collect())
    }
}

/// Parameters of any width, as the operations of networks that read see them.
pub trait Tensors<E: Scalar> {
    /// Where they are.
    fn device(&self) -> Cpu;

    /// Numbers of a tensor, by its number; 0 where there is no such tensor.
    fn count(&self, tensor: usize) -> usize;

    /// Copies the numbers of a tensor.
    fn copy(&self, tensor: usize, to: &mut [E]);

    /// The gradient of a tensor.
    ///
    /// # Errors
    /// If memory runs out.
    fn gradient<'g>(
        &self,
        tensor: usize,
        gradients: &'g mut Gradients<E, Cpu>,
    ) -> Result<&'g mut [E], CpuError>;
}

impl<const H: usize, E: Scalar> Tensors<E> for Parameters<H, E> {
    fn device(&self) -> Cpu {
        Self::device(self)
    }

    fn count(&self, tensor: usize) -> usize {
        let count = |array: &Array<H, E>| of_any_shape!(array, tensor => tensor.shape().num_elements());
        self.0.get(tensor).map_or(0, count)
    }

    fn copy(&self, tensor: usize, to: &mut [E]) {
        of_any_shape!(&self.0[tensor], tensor => tensor.copy_into(to));
    }

    fn gradient<'g>(
        &self,
        tensor: usize,
        gradients: &'g mut Gradients<E, Cpu>,
    ) -> Result<&'g mut [E], CpuError> {
        of_any_shape!(&self.0[tensor], tensor => Ok(gradients.get_or_alloc_mut(tensor)?))
    }
}

impl<const H: usize, E: Scalar, T: Tape<E, Cpu>> Parameters<H, E, T> {
    /// The same parameters with an empty tape, to use them twice in one expression.
    pub fn with_empty_tape(&self) -> Self {
        let emptied = |array: &Array<H, E, T>| of_same_shape!(array, tensor => tensor.with_empty_tape());
        Self(self.0.iter().map(emptied).collect())
    }

    /// The bare parameters and all their tapes merged into one.
    pub fn split_tape(self) -> (Parameters<H, E>, T) {
        let mut merged: Option<T> = None;
        let mut part = |array: Array<H, E, T>| {
            of_same_shape!(array, tensor => {
                let (bare, tape) = tensor.split_tape();
                merged = Some(match merged.take() {
                    Some(merged) => merged.merge(tape),
                    None => tape,
                });
                bare
            })
        };
        let bare = Parameters(self.0.into_iter().map(&mut part).collect());
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
