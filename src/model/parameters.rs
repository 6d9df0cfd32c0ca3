//! Parameters as a list of dfdx tensors of compile-time shape: those of a network, their names and layout PyTorch's,
//! and behind them whatever numbers its adaptation learns. How wide the network is, the tensors alone know: what is
//! done with parameters is compiled once for all widths.

use std::any::Any;
use std::ops::Range;
use std::rc::Rc;

use dfdx::prelude::*;
use rand::distr::{Distribution, Uniform};

use super::scalar::Scalar;
use super::settings::{ModelSettings, with_width};
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

/// All that training moves, in checkpoint order: the parameters of a network, and the meta-parameters of its
/// adaptation. With a tape `T`, operations on them are recorded. Cloning it makes another handle to the same tensors,
/// until one of them changes.
#[derive(Clone)]
pub struct Parameters<E: Scalar, T = NoneTape> {
    list: Rc<List<E>>,
    tape: T,
}

/// What changes the numbers of a tensor: it is told their place in a flat vector, the numbers, and their gradient.
pub type Update<'a, E> = &'a mut dyn FnMut(Range<usize>, &mut [E], &mut [E]);

/// Tensors, and their numbers once more: dfdx lends nobody those of a tensor.
struct List<E: Scalar> {
    tensors: Box<dyn Tensors<E>>,
    /// Where the numbers of each tensor lie.
    places: Vec<Range<usize>>,
    numbers: Vec<E>,
    /// Stands for all of them where dfdx wants a tensor, to make a tape or another one.
    any: Tensor<Rank0, E, Cpu>,
}

impl<E: Scalar> Clone for List<E> {
    fn clone(&self) -> Self {
        Self {
            tensors: self.tensors.cloned(),
            places: self.places.clone(),
            numbers: self.numbers.clone(),
            any: self.any.clone(),
        }
    }
}

/// Tensors of a network of some width.
trait Tensors<E: Scalar>: Any {
    /// How many numbers each has.
    fn counts(&self) -> Vec<usize>;

    /// Overwrites a tensor.
    fn overwrite(&mut self, tensor: usize, numbers: &[E]);

    /// The gradient of a tensor.
    fn gradient<'g>(
        &self,
        tensor: usize,
        gradients: &'g mut Gradients<E, Cpu>,
    ) -> Result<&'g mut [E], CpuError>;

    /// Gradients of all, that forget those of everything else after a backward pass.
    fn zero_gradients(&self) -> Result<Gradients<E, Cpu>, CpuError>;

    /// The same tensors.
    fn cloned(&self) -> Box<dyn Tensors<E>>;
}

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

impl<const H: usize, E: Scalar> Tensors<E> for Vec<Array<H, E>> {
    fn counts(&self) -> Vec<usize> {
        let mut counts = Vec::with_capacity(self.len());
        for array in self {
            counts.push(of_any_shape!(array, tensor => tensor.shape().num_elements()));
        }
        counts
    }

    fn overwrite(&mut self, tensor: usize, numbers: &[E]) {
        of_any_shape!(&mut self[tensor], tensor => tensor.copy_from(numbers));
    }

    fn gradient<'g>(
        &self,
        tensor: usize,
        gradients: &'g mut Gradients<E, Cpu>,
    ) -> Result<&'g mut [E], CpuError> {
        of_any_shape!(&self[tensor], tensor => Ok(gradients.get_or_alloc_mut(tensor)?))
    }

    fn zero_gradients(&self) -> Result<Gradients<E, Cpu>, CpuError> {
        let mut gradients = Gradients::leaky();
        for array in self {
            of_any_shape!(array, tensor => E::zero_gradient(tensor, &mut gradients)?);
        }
        Ok(gradients)
    }

    fn cloned(&self) -> Box<dyn Tensors<E>> {
        Box::new(self.clone())
    }
}

/// These tensors, all numbers zero.
fn zeros<const H: usize, E: Scalar>(device: &Cpu, tensors: &[TensorInfo]) -> Vec<Array<H, E>> {
    let mut arrays = Vec::new();
    for tensor in tensors {
        arrays.push(match tensor.shape[..] {
            [n] if n == H => Array::Vector(device.zeros()),
            [n, 1] if n == H => Array::Column(device.zeros()),
            [1, n] if n == H => Array::Row(device.zeros()),
            [n, m] if n == H && m == H => Array::Square(device.zeros()),
            [1, 1] => Array::One(device.zeros()),
            [n] => {
                arrays.extend((0..n).map(|_| Array::One(device.zeros())));
                continue;
            }
            #[expect(clippy::panic, reason = "documented")]
            _ => panic!("{} has a shape that no network of width {H} has: {:?}", tensor.name, tensor.shape),
        });
    }
    arrays
}

impl<E: Scalar> Parameters<E> {
    /// Tensors of a network of this width, one of those on the menu; all numbers zero.
    ///
    /// A vector of another length (numbers of inner steps, which no network is shaped by) is held as so many single
    /// numbers, since shapes are fixed when this is compiled.
    ///
    /// # Panics
    /// For a matrix of a shape that is none of [`Array`]'s.
    pub fn zeros(width: usize, tensors: &[TensorInfo]) -> Self {
        let device = Cpu::default();
        let tensors: Box<dyn Tensors<E>> = with_width!(width, H => Box::new(zeros::<H, E>(&device, tensors)));
        let (mut places, mut from) = (Vec::new(), 0);
        for count in tensors.counts() {
            places.push(from..from + count);
            from += count;
        }
        let list = List { tensors, places, numbers: vec![E::default(); from], any: device.zeros() };
        Self { list: Rc::new(list), tape: NoneTape }
    }

    /// Overwrites every tensor from a flat vector in checkpoint order.
    pub fn copy_from_flat(&mut self, flat: &[E]) {
        let List { tensors, places, numbers, .. } = Rc::make_mut(&mut self.list);
        numbers.copy_from_slice(flat);
        for (tensor, place) in places.iter().enumerate() {
            tensors.overwrite(tensor, &numbers[place.clone()]);
        }
    }

    /// Gradients of these parameters, all zero, that forget those of everything else after a backward pass.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn zero_gradients(&self) -> Result<Gradients<E, Cpu>, CpuError> {
        self.list.tensors.zero_gradients()
    }

    /// Lets `step` change the numbers of every tensor in checkpoint order.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn update(&mut self, gradients: &mut Gradients<E, Cpu>, step: Update<'_, E>) -> Result<(), CpuError> {
        let List { tensors, places, numbers, .. } = Rc::make_mut(&mut self.list);
        for (tensor, place) in places.iter().enumerate() {
            let numbers = &mut numbers[place.clone()];
            step(place.clone(), numbers, tensors.gradient(tensor, gradients)?);
            tensors.overwrite(tensor, numbers);
        }
        Ok(())
    }

    /// The same parameters with a tape that adds into `gradients`.
    pub fn trace(&self, gradients: Gradients<E, Cpu>) -> Parameters<E, OwnedTape<E, Cpu>> {
        let (_, tape) = self.list.any.trace(gradients).split_tape();
        Parameters { list: self.list.clone(), tape }
    }

    /// A number on the device of these parameters.
    pub(super) fn scalar(&self, value: E) -> Tensor<Rank0, E, Cpu> {
        let mut scalar = self.list.any.device().zeros();
        scalar.copy_from(&[value]);
        scalar
    }
}

impl<E: Scalar, T> Parameters<E, T> {
    /// Every number, tensor after tensor in checkpoint order.
    pub fn numbers(&self) -> &[E] {
        &self.list.numbers
    }

    /// The numbers of one tensor, row after row.
    pub fn tensor(&self, tensor: usize) -> &[E] {
        &self.list.numbers[self.list.places[tensor].clone()]
    }

    /// The gradient of a tensor.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn gradient<'g>(
        &self,
        tensor: usize,
        gradients: &'g mut Gradients<E, Cpu>,
    ) -> Result<&'g mut [E], CpuError> {
        self.list.tensors.gradient(tensor, gradients)
    }

    /// Calls `visit` with the gradient of every tensor: its number in checkpoint order, where it begins in a
    /// flat vector, and the gradient.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn visit_gradients(
        &self,
        gradients: &mut Gradients<E, Cpu>,
        visit: &mut dyn FnMut(usize, usize, &mut [E]),
    ) -> Result<(), CpuError> {
        for (tensor, place) in self.list.places.iter().enumerate() {
            visit(tensor, place.start, self.gradient(tensor, gradients)?);
        }
        Ok(())
    }
}

impl<E: Scalar, T: Tape<E, Cpu>> Parameters<E, T> {
    /// The same parameters with an empty tape, to use them twice in one expression.
    pub fn with_empty_tape(&self) -> Self {
        Self { list: self.list.clone(), tape: T::default() }
    }

    /// The bare parameters, and their tape.
    pub fn split_tape(self) -> (Parameters<E>, T) {
        (Parameters { list: self.list, tape: NoneTape }, self.tape)
    }

    /// The tensors of a network of width `H`, for plain dfdx operations: the first with the tape, the others with empty
    /// ones. `None` if they are of another width.
    pub fn arrays<const H: usize>(self) -> Option<Vec<Array<H, E, T>>> {
        let known: &dyn Any = &*self.list.tensors;
        let known: &Vec<Array<H, E>> = known.downcast_ref()?;
        let (mut arrays, mut tape) = (Vec::with_capacity(known.len()), self.tape);
        for array in known {
            let tape = std::mem::take(&mut tape);
            arrays.push(of_same_shape!(array, tensor => tensor.clone().put_tape(tape)));
        }
        Some(arrays)
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
