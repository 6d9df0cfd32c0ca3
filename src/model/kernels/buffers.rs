//! Memory the kernels work in: parameters and activations, padded to whole registers and aligned to cache lines.
//! Padded features have zero weights, so they stay zero through every pass.

use std::ops::Range;

use super::block::Block;
use super::matrix::{Matrix, MatrixMut};
use super::real::Real;

/// How the numbers of a network lie: hidden layers of `hidden` units, in rows of `stride` numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    layers: usize,
    hidden: usize,
    height: usize,
    stride: usize,
}

impl Shape {
    /// Of so many hidden layers of this width, in rows of `stride` numbers.
    pub(super) fn new(layers: usize, hidden: usize, stride: usize) -> Self {
        let height = hidden.next_multiple_of(8);
        assert!(layers > 0 && hidden > 0 && stride >= height, "a network has units");
        Self { layers, hidden, height, stride }
    }

    /// Hidden layers.
    pub fn layers(self) -> usize {
        self.layers
    }

    /// Units of a hidden layer.
    #[inline(always)]
    pub fn hidden(self) -> usize {
        self.hidden
    }

    /// Numbers from the beginning of a row to that of the next.
    #[inline(always)]
    pub fn stride(self) -> usize {
        self.stride
    }

    /// Rows of a square matrix, which comes in blocks of eight by eight.
    #[inline(always)]
    pub fn height(self) -> usize {
        self.height
    }

    /// Numbers of a square matrix.
    #[inline(always)]
    fn square(self) -> usize {
        self.height * self.stride
    }

    /// Numbers of all square matrices of a network, which come first.
    #[inline(always)]
    fn squares(self) -> usize {
        (self.layers - 1) * self.square()
    }

    /// Numbers of a network: the squares, the input weights, a bias a layer, the output weights and its bias.
    fn numbers(self) -> usize {
        (self.layers - 1) * self.square() + (self.layers + 3) * self.stride
    }

    /// Numbers of the `tensor`-th tensor without padding.
    pub(super) fn count(self, tensor: usize) -> usize {
        if tensor == 2 * self.layers + 1 {
            1
        } else if tensor > 1 && tensor < 2 * self.layers && tensor.is_multiple_of(2) {
            self.hidden * self.hidden
        } else {
            self.hidden
        }
    }

    /// Where a tensor's numbers lie: the squares first, then the input weights, the biases, the output layer.
    fn place(self, tensor: usize) -> Range<usize> {
        let (layer, is_bias) = (tensor / 2, tensor % 2 == 1);
        let row = match (layer, is_bias) {
            (0, false) => 0,
            (layer, false) if layer < self.layers => {
                return (layer - 1) * self.square()..layer * self.square();
            }
            (layer, true) if layer < self.layers => 1 + layer,
            (_, false) => 1 + self.layers,
            (_, true) => 2 + self.layers,
        };
        let from = (self.layers - 1) * self.square() + row * self.stride;
        from..from + self.stride
    }
}

/// Parameters (or a gradient, or a direction) of one network: one block of rows, the squares first, so that passes
/// that treat every number alike walk it once.
#[derive(Clone, Debug)]
pub struct Packed<E> {
    shape: Shape,
    numbers: Aligned<E>,
}

/// What [`Packed`] holds, part by part.
pub struct Parts<'a, E> {
    shape: Shape,
    squares: &'a [E],
    /// `hidden1.weight`.
    pub input: &'a [E],
    /// `hidden1.bias` and on.
    pub biases: Matrix<'a, E>,
    /// `out.weight`.
    pub output: &'a [E],
    /// `out.bias` in its first number; the others are zero.
    pub last: &'a [E],
}

/// The same, to write to.
pub struct PartsMut<'a, E> {
    shape: Shape,
    squares: &'a mut [E],
    /// `hidden1.weight`.
    pub input: &'a mut [E],
    /// `hidden1.bias` and on.
    pub biases: MatrixMut<'a, E>,
    /// `out.weight`.
    pub output: &'a mut [E],
    /// `out.bias` in its first number; the others are zero.
    pub last: &'a mut [E],
}

impl<'a, E: Real> Parts<'a, E> {
    /// How it lies.
    #[inline(always)]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of the last hidden layer, from 0.
    #[inline(always)]
    pub fn top(&self) -> usize {
        self.shape.layers - 1
    }

    /// The `layer`-th weight between hidden layers, from 0 (`hidden2.weight`): one row an output feature.
    #[inline(always)]
    pub fn square(&self, layer: usize) -> Matrix<'a, E> {
        square(self.shape, self.squares, layer)
    }
}

impl<E: Real> PartsMut<'_, E> {
    /// As [`Parts::square`].
    #[inline(always)]
    pub fn square(&mut self, layer: usize) -> MatrixMut<'_, E> {
        square_mut(self.shape, self.squares, layer)
    }
}

#[inline(always)]
fn square<E: Real>(shape: Shape, squares: &[E], number: usize) -> Matrix<'_, E> {
    let square = &squares[number * shape.square()..][..shape.square()];
    // SAFETY: so many rows of this stride are a square.
    unsafe { Matrix::unchecked(square, shape.height(), shape.stride) }
}

#[inline(always)]
fn square_mut<E: Real>(shape: Shape, squares: &mut [E], number: usize) -> MatrixMut<'_, E> {
    let square = &mut squares[number * shape.square()..][..shape.square()];
    // SAFETY: so many rows of this stride are a square.
    unsafe { MatrixMut::unchecked(square, shape.height(), shape.stride) }
}

impl<E: Real> Packed<E> {
    /// All zero.
    pub fn zero(shape: Shape) -> Self {
        Self { shape, numbers: Aligned::zero(shape.numbers()) }
    }

    /// Part by part.
    #[inline(always)]
    pub fn parts(&self) -> Parts<'_, E> {
        let shape = self.shape;
        let squares = shape.squares();
        let first = self.numbers.0.as_ptr().cast::<E>();
        // SAFETY: `zero`, the only way to come by one, made room for `Shape::numbers`, which are these parts one after
        // another; they are borrowed as long as `self` is. A kernel takes up to four networks apart, some twenty
        // times a task, so no length is looked at again.
        unsafe {
            let row = |number: usize| first.add(squares + number * shape.stride);
            let slice = |from: *const E, numbers| std::slice::from_raw_parts(from, numbers);
            let biases = slice(row(1), shape.layers * shape.stride);
            Parts {
                shape,
                squares: slice(first, squares),
                input: slice(row(0), shape.stride),
                biases: Matrix::unchecked(biases, shape.layers, shape.stride),
                output: slice(row(1 + shape.layers), shape.stride),
                last: slice(row(2 + shape.layers), shape.stride),
            }
        }
    }

    /// Part by part, to write to.
    #[inline(always)]
    pub fn parts_mut(&mut self) -> PartsMut<'_, E> {
        let shape = self.shape;
        let squares = shape.squares();
        let first = self.numbers.0.as_mut_ptr().cast::<E>();
        // SAFETY: as in `parts`, and `self` is borrowed mutably; no two parts share a row.
        unsafe {
            let row = |number: usize| first.add(squares + number * shape.stride);
            let slice = |from: *mut E, numbers| std::slice::from_raw_parts_mut(from, numbers);
            let biases = slice(row(1), shape.layers * shape.stride);
            PartsMut {
                shape,
                squares: slice(first, squares),
                input: slice(row(0), shape.stride),
                biases: MatrixMut::unchecked(biases, shape.layers, shape.stride),
                output: slice(row(1 + shape.layers), shape.stride),
                last: slice(row(2 + shape.layers), shape.stride),
            }
        }
    }

    /// Every number, padding included, in an order that is the same for all networks of this shape.
    #[inline(always)]
    pub fn flat(&self) -> &[E] {
        self.numbers.get(self.shape.numbers())
    }

    /// The same, to write to.
    #[inline(always)]
    pub fn flat_mut(&mut self) -> &mut [E] {
        self.numbers.get_mut(self.shape.numbers())
    }

    /// The tensors one by one.
    pub fn view(&self) -> View<'_, E> {
        View { flat: self.flat(), shape: self.shape }
    }

    /// The same, to write to.
    pub fn view_mut(&mut self) -> ViewMut<'_, E> {
        let shape = self.shape;
        ViewMut { flat: self.flat_mut(), shape }
    }

    /// The rows of the `tensor`-th tensor, without their padding: one, where they lie back to back.
    pub fn rows(&self, tensor: usize) -> Block<'_, E> {
        let Shape { hidden, stride, .. } = self.shape;
        let (count, numbers) = (self.shape.count(tensor), self.view().tensor(tensor));
        match count <= hidden || hidden == stride {
            true => Block::new(numbers, 1, count, count),
            false => Block::new(numbers, hidden, hidden, stride),
        }
    }
}

/// The tensors of a [`Packed`] network in checkpoint order (a layer's weight, then its bias, the output
/// layer last), as padded rows back to back.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, E> {
    flat: &'a [E],
    shape: Shape,
}

/// The same, to write to.
#[derive(Debug)]
pub struct ViewMut<'a, E> {
    flat: &'a mut [E],
    shape: Shape,
}

impl<'a, E> View<'a, E> {
    /// Tensors.
    pub fn count(&self) -> usize {
        2 * (self.shape.layers + 1)
    }

    /// Numbers from the beginning of a row to that of the next.
    pub fn stride(&self) -> usize {
        self.shape.stride
    }

    /// Numbers of a row that count, and padding up to a multiple of eight; what comes after depends on the kernels.
    pub fn width(&self) -> usize {
        self.shape.height()
    }

    /// Every number, padding included, in an order that is the same for all networks of this shape.
    pub fn all(&self) -> &'a [E] {
        self.flat
    }

    /// The rows of one tensor: as many as it has outputs for the weights between hidden layers, one for all
    /// others (a column of input weights lies in it as a bias does).
    pub fn tensor(&self, tensor: usize) -> &'a [E] {
        &self.flat[self.shape.place(tensor)]
    }

    /// The runs of numbers of one tensor that lie side by side with and without padding: its rows, or all of it at
    /// once.
    pub fn runs(&self, tensor: usize) -> impl Iterator<Item = &'a [E]> + use<'a, E> {
        let Shape { hidden, stride, .. } = self.shape;
        let count = self.shape.count(tensor);
        let rows = self.tensor(tensor);
        let (whole, width, runs) = match count <= hidden || hidden == stride {
            true => (rows.len(), count, 1),
            false => (stride, hidden, hidden),
        };
        rows.chunks_exact(whole).take(runs).map(move |run| &run[..width])
    }
}

impl<E> ViewMut<'_, E> {
    /// Every number, as in [`View::all`].
    pub fn all_mut(&mut self) -> &mut [E] {
        self.flat
    }

    /// How it lies.
    #[inline(always)]
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The rows of one tensor, as in [`View::tensor`].
    pub fn tensor_mut(&mut self, tensor: usize) -> &mut [E] {
        &mut self.flat[self.shape.place(tensor)]
    }
}

/// Numbers on cache lines of their own; grows, never shrinks.
#[derive(Clone, Debug)]
struct Aligned<E>(Vec<Line<E>>);

/// Numbers of a line.
const LINE: usize = 16;

/// Sixteen numbers are one or two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line<E>([E; LINE]);

impl<E: Real> Aligned<E> {
    const NO_GAPS: () = assert!(size_of::<Line<E>>() == LINE * size_of::<E>());

    fn zero(numbers: usize) -> Self {
        let () = Self::NO_GAPS;
        Self(vec![Line([E::default(); LINE]); numbers.div_ceil(LINE)])
    }

    fn reserve(&mut self, numbers: usize) {
        if self.0.len() * LINE < numbers {
            self.0.resize(numbers.div_ceil(LINE), Line([E::default(); LINE]));
        }
    }

    #[inline(always)]
    fn get(&self, numbers: usize) -> &[E] {
        assert!(numbers <= self.0.len() * LINE);
        // SAFETY: NO_GAPS: lines are numbers back to back, and there are at least this many.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), numbers) }
    }

    #[inline(always)]
    fn get_mut(&mut self, numbers: usize) -> &mut [E] {
        assert!(numbers <= self.0.len() * LINE);
        // SAFETY: as in `get`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), numbers) }
    }
}

/// Rows of features; grows, never shrinks.
#[derive(Clone, Debug)]
pub struct Rows<E> {
    numbers: Aligned<E>,
    stride: usize,
}

impl<E: Real> Rows<E> {
    /// So many rows, all zero.
    pub fn zero(shape: Shape, rows: usize) -> Self {
        Self { numbers: Aligned::zero(rows * shape.stride), stride: shape.stride }
    }

    /// Makes room for so many rows.
    pub fn reserve(&mut self, rows: usize) {
        self.numbers.reserve(rows * self.stride);
    }

    /// The first `rows` rows.
    #[inline(always)]
    pub fn get(&self, rows: usize) -> Matrix<'_, E> {
        // SAFETY: `get` gives so many numbers.
        unsafe { Matrix::unchecked(self.numbers.get(rows * self.stride), rows, self.stride) }
    }

    /// The first `rows` rows, to write to.
    #[inline(always)]
    pub fn get_mut(&mut self, rows: usize) -> MatrixMut<'_, E> {
        // SAFETY: `get_mut` gives so many numbers.
        unsafe { MatrixMut::unchecked(self.numbers.get_mut(rows * self.stride), rows, self.stride) }
    }
}

/// Square matrices on cache lines of their own: the weights between hidden layers, transposed.
#[derive(Clone, Debug)]
pub struct Squares<E> {
    shape: Shape,
    numbers: Aligned<E>,
}

impl<E: Real> Squares<E> {
    /// Those of a network, all zero.
    pub fn zero(shape: Shape) -> Self {
        Self { shape, numbers: Aligned::zero(shape.squares()) }
    }

    /// That of the `layer`-th weight between hidden layers, from 0.
    #[inline(always)]
    pub fn get(&self, layer: usize) -> Matrix<'_, E> {
        square(self.shape, self.numbers.get(self.shape.squares()), layer)
    }

    /// The same, to write to.
    #[inline(always)]
    pub fn get_mut(&mut self, layer: usize) -> MatrixMut<'_, E> {
        let shape = self.shape;
        square_mut(shape, self.numbers.get_mut(shape.squares()), layer)
    }
}

/// What one forward and backward pass over a task's points leaves behind; also its directional
/// derivative, with each field the derivative of that field.
#[derive(Clone, Debug)]
pub struct Trace<E> {
    /// Activations of each hidden layer.
    pub h: Vec<Rows<E>>,
    /// Derivative of the loss by each hidden layer's inputs z.
    pub d: Vec<Rows<E>>,
    /// Derivative of the loss by each hidden layer's activations, before the slope of the nonlinearity;
    /// kept below the last layer, and only where the nonlinearity is curved.
    pub u: Vec<Rows<E>>,
    /// Derivative of the loss by the prediction, a point.
    pub d_out: Vec<E>,
    /// Mean squared error.
    pub loss: E,
    /// Points that there is room for.
    room: usize,
}

impl<E: Real> Trace<E> {
    /// Of a network of this shape; no points yet.
    pub fn new(shape: Shape) -> Self {
        let empty = || vec![Rows::zero(shape, 0); shape.layers];
        Self { h: empty(), d: empty(), u: empty(), d_out: Vec::new(), loss: E::default(), room: 0 }
    }

    /// Makes room for this many points.
    pub fn resize(&mut self, rows: usize) {
        if rows <= self.room {
            return;
        }
        self.room = rows;
        for kept in [&mut self.h, &mut self.d, &mut self.u].into_iter().flatten() {
            kept.reserve(rows);
        }
        self.d_out.resize(rows, E::default());
    }
}
