//! Memory the kernels work in: parameters and activations, padded to a multiple of eight features and
//! aligned to cache lines. Padded features have zero weights, so they stay zero through every pass.

use super::dense::Square;
use super::real::Real;

/// Parameters (or a gradient, or a direction) of one network, padded to width `P`: one block of rows, the
/// squares first, so that passes that treat every number alike walk it once.
#[derive(Clone, Debug)]
pub struct Packed<E, const P: usize> {
    layers: usize,
    rows: Rows<E, P>,
}

/// What [`Packed`] holds, part by part.
pub struct Parts<'a, E, const P: usize> {
    /// `hidden2.weight` and on, one row an output feature.
    pub squares: &'a [Square<E, P>],
    /// `hidden1.weight`.
    pub input: &'a [E; P],
    /// `hidden1.bias` and on.
    pub biases: &'a [[E; P]],
    /// `out.weight`.
    pub output: &'a [E; P],
    /// `out.bias` in its first number; the others are zero.
    pub last: &'a [E; P],
}

/// The same, to write to.
pub struct PartsMut<'a, E, const P: usize> {
    /// `hidden2.weight` and on, one row an output feature.
    pub squares: &'a mut [Square<E, P>],
    /// `hidden1.weight`.
    pub input: &'a mut [E; P],
    /// `hidden1.bias` and on.
    pub biases: &'a mut [[E; P]],
    /// `out.weight`.
    pub output: &'a mut [E; P],
    /// `out.bias` in its first number; the others are zero.
    pub last: &'a mut [E; P],
}

impl<E: Real, const P: usize> Packed<E, P> {
    /// All zero, for a network of so many hidden layers.
    pub fn zero(layers: usize) -> Self {
        assert!(layers > 0, "a network has a hidden layer");
        Self { layers, rows: Rows::zero(Self::rows_of(layers)) }
    }

    /// Rows of a network: the squares, the input weights, a bias a layer, the output weights and its bias.
    const fn rows_of(layers: usize) -> usize {
        (layers - 1) * P + layers + 3
    }

    /// Part by part.
    #[inline(always)]
    pub fn parts(&self) -> Parts<'_, E, P> {
        let (between, layers) = (self.layers - 1, self.layers);
        let first = self.rows.blocks.as_ptr().cast::<[E; P]>();
        // SAFETY: `zero`, the only way to come by one, made `rows_of(layers)` rows, which are these parts one
        // after another; they are borrowed as long as `self` is. A kernel takes up to four networks apart,
        // some twenty times a task, so no length is looked at again.
        unsafe {
            let input = first.add(between * P);
            Parts {
                squares: std::slice::from_raw_parts(first.cast(), between),
                input: &*input,
                biases: std::slice::from_raw_parts(input.add(1), layers),
                output: &*input.add(1 + layers),
                last: &*input.add(2 + layers),
            }
        }
    }

    /// Part by part, to write to.
    #[inline(always)]
    pub fn parts_mut(&mut self) -> PartsMut<'_, E, P> {
        let (between, layers) = (self.layers - 1, self.layers);
        let first = self.rows.blocks.as_mut_ptr().cast::<[E; P]>();
        // SAFETY: as in `parts`, and `self` is borrowed mutably; no two parts share a row.
        unsafe {
            let input = first.add(between * P);
            PartsMut {
                squares: std::slice::from_raw_parts_mut(first.cast(), between),
                input: &mut *input,
                biases: std::slice::from_raw_parts_mut(input.add(1), layers),
                output: &mut *input.add(1 + layers),
                last: &mut *input.add(2 + layers),
            }
        }
    }

    /// Every number, padding included, in an order that is the same for all networks of this depth.
    #[inline(always)]
    pub fn flat(&self) -> &[E] {
        self.rows.get(Self::rows_of(self.layers)).as_flattened()
    }

    /// The same, to write to.
    #[inline(always)]
    pub fn flat_mut(&mut self) -> &mut [E] {
        self.rows.get_mut(Self::rows_of(self.layers)).as_flattened_mut()
    }

    /// The tensors one by one, whatever the width.
    pub fn view(&self) -> View<'_, E> {
        View { flat: self.flat(), stride: P, layers: self.layers }
    }

    /// The same, to write to.
    pub fn view_mut(&mut self) -> ViewMut<'_, E> {
        let layers = self.layers;
        ViewMut { flat: self.flat_mut(), stride: P, layers }
    }

    /// Numbers of the `tensor`-th tensor of an unpadded network of width `hidden`.
    #[inline(always)]
    pub fn count(&self, hidden: usize, tensor: usize) -> usize {
        unpadded_count(self.layers, hidden, tensor)
    }

    /// Takes one tensor of an unpadded network of width `hidden`: `copy` writes its numbers.
    #[inline(always)]
    pub fn pack(&mut self, hidden: usize, tensor: usize, copy: impl FnOnce(&mut [E])) {
        let count = self.count(hidden, tensor);
        let mut view = self.view_mut();
        let flat = view.tensor_mut(tensor);
        copy(&mut flat[..count]);
        if hidden < P && count == hidden * hidden {
            // Rows written back to back are moved apart, the last one first so that none is overwritten.
            for row in (0..hidden).rev() {
                flat.copy_within(row * hidden..(row + 1) * hidden, row * P);
                flat[row * P + hidden..(row + 1) * P].fill(E::default());
            }
        }
    }

    /// Walks the `tensor`-th tensor of a network of width `hidden` beside an unpadded one, in pieces that lie
    /// alike in both.
    #[inline(always)]
    pub fn visit(
        &self,
        hidden: usize,
        tensor: usize,
        unpadded: &mut [E],
        mut visit: impl FnMut(&mut [E], &[E]),
    ) {
        let packed = self.view().tensor(tensor);
        let width = if packed.len() == P { unpadded.len() } else { hidden };
        if width == P {
            return visit(unpadded, packed);
        }
        for (unpadded, packed) in unpadded.chunks_exact_mut(width).zip(packed.chunks_exact(P)) {
            visit(unpadded, &packed[..width]);
        }
    }
}

/// The tensors of a [`Packed`] network in checkpoint order (a layer's weight, then its bias, the output
/// layer last), as padded rows of `stride` numbers back to back.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, E> {
    flat: &'a [E],
    stride: usize,
    layers: usize,
}

/// The same, to write to.
#[derive(Debug)]
pub struct ViewMut<'a, E> {
    flat: &'a mut [E],
    stride: usize,
    layers: usize,
}

impl<'a, E> View<'a, E> {
    /// Tensors.
    pub fn count(&self) -> usize {
        2 * (self.layers + 1)
    }

    /// Numbers from the beginning of a row to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Every number, padding included, in an order that is the same for all networks of this shape.
    pub fn all(&self) -> &'a [E] {
        self.flat
    }

    /// The rows of one tensor: as many as it has outputs for the weights between hidden layers, one for all
    /// others (a column of input weights lies in it as a bias does).
    pub fn tensor(&self, tensor: usize) -> &'a [E] {
        &self.flat[place(self.layers, self.stride, tensor)]
    }
}

impl<E> ViewMut<'_, E> {
    /// Every number, as in [`View::all`].
    pub fn all_mut(&mut self) -> &mut [E] {
        self.flat
    }

    /// The rows of one tensor, as in [`View::tensor`].
    pub fn tensor_mut(&mut self, tensor: usize) -> &mut [E] {
        &mut self.flat[place(self.layers, self.stride, tensor)]
    }
}

/// Numbers in the layout of a [`Packed`] network, whatever its width.
#[derive(Clone, Debug)]
pub struct Padded<E> {
    flat: Vec<E>,
    stride: usize,
    hidden: usize,
    layers: usize,
}

impl<E: Real> Padded<E> {
    /// All zero, for a network of so many hidden layers of this width.
    pub fn zero(layers: usize, hidden: usize) -> Self {
        let stride = hidden.next_multiple_of(8);
        let rows = (layers - 1) * stride + layers + 3;
        Self { flat: vec![E::default(); rows * stride], stride, hidden, layers }
    }

    /// The tensors one by one.
    pub fn view(&self) -> View<'_, E> {
        View { flat: &self.flat, stride: self.stride, layers: self.layers }
    }

    /// Takes the numbers of an unpadded network, one tensor after another.
    pub fn pack(&mut self, numbers: &[E]) {
        let mut rest = numbers;
        for tensor in 0..self.view().count() {
            let rows = &mut self.flat[place(self.layers, self.stride, tensor)];
            let count = unpadded_count(self.layers, self.hidden, tensor);
            let (numbers, tail) = rest.split_at(count);
            rest = tail;
            let width = count.min(self.hidden);
            for (row, numbers) in rows.chunks_exact_mut(self.stride).zip(numbers.chunks_exact(width)) {
                row[..width].copy_from_slice(numbers);
            }
        }
    }
}

impl<'a, E> View<'a, E> {
    /// The runs of numbers of one tensor of a network of width `hidden` that lie side by side with and without
    /// padding: its rows, or all of it at once.
    pub fn runs(&self, tensor: usize, hidden: usize) -> impl Iterator<Item = &'a [E]> {
        let count = unpadded_count(self.layers, hidden, tensor);
        let rows = self.tensor(tensor);
        let (whole, width) = if hidden == self.stride || count <= hidden {
            (rows.len(), count)
        } else {
            (self.stride, hidden)
        };
        let runs = if whole == self.stride && count > hidden { hidden } else { 1 };
        rows.chunks_exact(whole).take(runs).map(move |run| &run[..width])
    }
}

/// Numbers of the `tensor`-th tensor of an unpadded network.
#[inline(always)]
fn unpadded_count(layers: usize, hidden: usize, tensor: usize) -> usize {
    if tensor == 2 * layers + 1 {
        1
    } else if tensor > 1 && tensor < 2 * layers && tensor.is_multiple_of(2) {
        hidden * hidden
    } else {
        hidden
    }
}

/// Where a tensor's numbers lie: the squares first, then the input weights, the biases, the output layer.
fn place(layers: usize, stride: usize, tensor: usize) -> std::ops::Range<usize> {
    let squares = (layers - 1) * stride;
    let (layer, is_bias) = (tensor / 2, tensor % 2 == 1);
    let row = match (layer, is_bias) {
        (0, false) => squares,
        (layer, false) if layer < layers => {
            return (layer - 1) * stride * stride..layer * stride * stride;
        }
        (layer, true) if layer < layers => squares + 1 + layer,
        (_, false) => squares + 1 + layers,
        (_, true) => squares + 2 + layers,
    };
    row * stride..(row + 1) * stride
}

/// Rows of `P` features on cache lines of their own; grows, never shrinks.
#[derive(Clone, Debug)]
pub struct Rows<E, const P: usize> {
    blocks: Vec<Block<E, P>>,
}

/// Eight rows: eight times eight numbers are a multiple of a cache line for both types.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Block<E, const P: usize>([[E; P]; 8]);

impl<E: Real, const P: usize> Rows<E, P> {
    const NO_GAPS: () = assert!(size_of::<Block<E, P>>() == 8 * P * size_of::<E>());

    /// So many rows, all zero.
    pub fn zero(rows: usize) -> Self {
        let () = Self::NO_GAPS;
        Self { blocks: vec![Block([[E::default(); P]; 8]); rows.div_ceil(8)] }
    }

    /// Makes room for so many rows.
    pub fn reserve(&mut self, rows: usize) {
        if self.blocks.len() * 8 < rows {
            self.blocks.resize(rows.div_ceil(8), Block([[E::default(); P]; 8]));
        }
    }

    /// The first `rows` rows.
    #[inline(always)]
    pub fn get(&self, rows: usize) -> &[[E; P]] {
        assert!(rows <= self.blocks.len() * 8);
        // SAFETY: NO_GAPS: blocks are rows back to back, and there are at least this many.
        unsafe { std::slice::from_raw_parts(self.blocks.as_ptr().cast(), rows) }
    }

    /// The first `rows` rows, to write to.
    #[inline(always)]
    pub fn get_mut(&mut self, rows: usize) -> &mut [[E; P]] {
        assert!(rows <= self.blocks.len() * 8);
        // SAFETY: as in `get`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.blocks.as_mut_ptr().cast(), rows) }
    }
}

/// Square matrices on cache lines of their own: the weights between hidden layers, transposed.
#[derive(Clone, Debug)]
pub struct Squares<E, const P: usize>(Rows<E, P>);

impl<E: Real, const P: usize> Squares<E, P> {
    /// Those of a network of so many hidden layers, all zero.
    pub fn zero(layers: usize) -> Self {
        Self(Rows::zero((layers - 1) * P))
    }

    /// All of them for a network of so many hidden layers.
    #[inline(always)]
    pub fn get(&self, layers: usize) -> &[Square<E, P>] {
        self.0.get((layers - 1) * P).as_chunks().0
    }

    /// The same, to write to.
    #[inline(always)]
    pub fn get_mut(&mut self, layers: usize) -> &mut [Square<E, P>] {
        self.0.get_mut((layers - 1) * P).as_chunks_mut().0
    }
}

/// What one forward and backward pass over a task's points leaves behind; also its directional
/// derivative, with each field the derivative of that field.
#[derive(Clone, Debug)]
pub struct Trace<E, const P: usize> {
    /// Activations of each hidden layer.
    pub h: Vec<Rows<E, P>>,
    /// Derivative of the loss by each hidden layer's inputs z.
    pub d: Vec<Rows<E, P>>,
    /// Derivative of the loss by each hidden layer's activations, before the slope of the nonlinearity;
    /// kept below the last layer, and only where the nonlinearity is curved.
    pub u: Vec<Rows<E, P>>,
    /// Derivative of the loss by the prediction, a point.
    pub d_out: Vec<E>,
    /// Mean squared error.
    pub loss: E,
    /// Points that there is room for.
    room: usize,
}

impl<E: Real, const P: usize> Trace<E, P> {
    /// Of a network of so many hidden layers; no points yet.
    pub fn new(layers: usize) -> Self {
        let empty = || vec![Rows::zero(0); layers];
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
