//! Memory the kernels work in: parameters and activations, padded to a multiple of eight features and
//! aligned to cache lines. Padded features have zero weights, so they stay zero through every pass.

use super::dense::Square;
use super::real::Real;

/// Parameters (or a gradient, or a direction) of one network, padded to width `P`.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Packed<E, const P: usize> {
    /// `hidden2.weight`, one row an output feature.
    pub w2: Square<E, P>,
    /// `hidden1.weight`.
    pub w1: [E; P],
    /// `hidden1.bias`.
    pub b1: [E; P],
    /// `hidden2.bias`.
    pub b2: [E; P],
    /// `out.weight`.
    pub w3: [E; P],
    /// `out.bias`.
    pub b3: E,
}

impl<E: Real, const P: usize> Packed<E, P> {
    /// All zero.
    pub fn zero() -> Box<Self> {
        let row = [E::default(); P];
        Box::new(Self { w2: [row; P], w1: row, b1: row, b2: row, w3: row, b3: E::default() })
    }

    /// The five vectors and matrices and the scalar as flat slices, in one order.
    #[inline(always)]
    pub fn slices(&self) -> [&[E]; 6] {
        [self.w2.as_flattened(), &self.w1, &self.b1, &self.b2, &self.w3, std::slice::from_ref(&self.b3)]
    }

    /// The same, to write to.
    #[inline(always)]
    pub fn slices_mut(&mut self) -> [&mut [E]; 6] {
        [
            self.w2.as_flattened_mut(),
            &mut self.w1,
            &mut self.b1,
            &mut self.b2,
            &mut self.w3,
            std::slice::from_mut(&mut self.b3),
        ]
    }

    /// Takes an unpadded network of width `hidden`: `copy` writes its six tensors, in checkpoint order.
    pub fn pack(&mut self, hidden: usize, copy: &mut dyn FnMut([&mut [E]; 6])) {
        let Self { w1, b1, w2, b2, w3, b3 } = self;
        let [w1, b1, b2, w3] = [w1, b1, b2, w3].map(|row| &mut row[..hidden]);
        let w2 = w2.as_flattened_mut();
        copy([w1, b1, &mut w2[..hidden * hidden], b2, w3, std::slice::from_mut(b3)]);
        // Rows written back to back are moved apart, the last one first so that none is overwritten.
        for row in (0..hidden).rev().take_while(|_| hidden < P) {
            w2.copy_within(row * hidden..(row + 1) * hidden, row * P);
            w2[row * P + hidden..(row + 1) * P].fill(E::default());
        }
    }

    /// Walks the `tensor`-th tensor, in checkpoint order, of a network of width `hidden` beside an
    /// unpadded one.
    #[inline(always)]
    pub fn visit(&self, hidden: usize, tensor: usize, unpadded: &mut [E], mut visit: impl FnMut(&mut E, E)) {
        let mut row = |unpadded: &mut [E], row: &[E]| {
            for (unpadded, &value) in unpadded.iter_mut().zip(row) {
                visit(unpadded, value);
            }
        };
        match tensor {
            0 => row(unpadded, &self.w1),
            1 => row(unpadded, &self.b1),
            2 if hidden == P => row(unpadded, self.w2.as_flattened()),
            2 => {
                for (unpadded, w2) in unpadded.chunks_exact_mut(hidden).zip(&self.w2) {
                    row(unpadded, w2);
                }
            }
            3 => row(unpadded, &self.b2),
            4 => row(unpadded, &self.w3),
            _ => row(unpadded, std::slice::from_ref(&self.b3)),
        }
    }
}

/// A square matrix on its own cache lines.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Aligned<E, const P: usize>(pub Square<E, P>);

impl<E: Real, const P: usize> Aligned<E, P> {
    /// All zero.
    pub fn zero() -> Box<Self> {
        Box::new(Self([[E::default(); P]; P]))
    }
}

/// Rows of `P` features, as many as a task has points; grows, never shrinks.
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

    fn new() -> Self {
        let () = Self::NO_GAPS;
        Self { blocks: Vec::new() }
    }

    fn reserve(&mut self, rows: usize) {
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

/// What one forward and backward pass over a task's points leaves behind; also its directional
/// derivative, with each field the derivative of that field.
#[derive(Clone, Debug)]
pub struct Trace<E, const P: usize> {
    /// Points.
    pub rows: usize,
    /// First hidden layer's activations.
    pub h1: Rows<E, P>,
    /// Second hidden layer's activations.
    pub h2: Rows<E, P>,
    /// Derivative of the loss by the second layer's inputs z2.
    pub d2: Rows<E, P>,
    /// Derivative of the loss by the first layer's inputs z1.
    pub d1: Rows<E, P>,
    /// Derivative of the loss by h1, before the slope of the nonlinearity; kept only where the
    /// nonlinearity is curved.
    pub u1: Rows<E, P>,
    /// Derivative of the loss by the prediction, a point.
    pub d3: Vec<E>,
    /// Mean squared error.
    pub loss: E,
}

impl<E: Real, const P: usize> Default for Trace<E, P> {
    /// No points yet.
    fn default() -> Self {
        let empty = Rows::new;
        Self {
            rows: 0,
            h1: empty(),
            h2: empty(),
            d2: empty(),
            d1: empty(),
            u1: empty(),
            d3: Vec::new(),
            loss: E::default(),
        }
    }
}

impl<E: Real, const P: usize> Trace<E, P> {
    /// Makes room for this many points.
    pub fn resize(&mut self, rows: usize) {
        self.rows = rows;
        for kept in [&mut self.h1, &mut self.h2, &mut self.d2, &mut self.d1, &mut self.u1] {
            kept.reserve(rows);
        }
        if self.d3.len() < rows {
            self.d3.resize(rows, E::default());
        }
    }
}
