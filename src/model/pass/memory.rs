//! What passes over the same network share: how its tensors lie, its weights as the kernels take them, and buffers
//! that are used again.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::kernels::{Kernels, Real, vectors};
use super::super::parameters::Parameters;
use super::super::scalar::Scalar;
use super::super::tensors::{Join, TensorInfo};

/// Buffers that wait to be used again.
pub struct Spare<E>(RefCell<Vec<Vec<E>>>);

impl<E: Real> Spare<E> {
    /// Numbers of which nothing is known.
    pub fn some(&self, count: usize) -> Vec<E> {
        let mut spare = self.0.borrow_mut();
        // The smallest that is large enough, so that none grows while there is one.
        let fits = spare.iter().enumerate().filter(|(_, numbers)| numbers.capacity() >= count);
        let best = fits.min_by_key(|(_, numbers)| numbers.capacity()).map(|(at, _)| at);
        let mut numbers = match best {
            Some(at) => spare.swap_remove(at),
            None => spare.pop().unwrap_or_default(),
        };
        numbers.resize(count, E::default());
        numbers
    }

    /// So many zeros.
    pub fn zeros(&self, count: usize) -> Vec<E> {
        let mut numbers = self.some(count);
        numbers.fill(E::default());
        numbers
    }

    /// Takes a buffer back.
    pub fn take_back(&self, numbers: Vec<E>) {
        if numbers.capacity() > 0 {
            self.0.borrow_mut().push(numbers);
        }
    }
}

/// A dfdx tensor and where its numbers lie in the tensor of the file.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Its number among the parameters.
    pub array: usize,
    /// Of the rows and columns of the whole, which ones it has.
    pub row: usize,
    pub column: usize,
    pub rows: usize,
    pub columns: usize,
}

/// A tensor of the file, in its pieces.
pub struct Named {
    name: String,
    pub pieces: Vec<Piece>,
}

impl Named {
    /// Numbers of a row of the whole.
    pub fn columns(&self) -> usize {
        self.pieces.iter().map(|piece| piece.column + piece.columns).max().unwrap_or(0)
    }

    /// Rows of the whole.
    pub fn rows(&self) -> usize {
        self.pieces.iter().map(|piece| piece.row + piece.rows).max().unwrap_or(0)
    }
}

/// Columns of a layer's weight that read one input: as they are, and transposed.
pub struct Weight<E: Real> {
    /// `[out, in]`, rows of `in_stride`.
    pub w: Vec<E>,
    /// `[in, out]`, rows of `out_stride`.
    pub wt: Vec<E>,
    pub inputs: usize,
    pub outputs: usize,
    pub in_stride: usize,
    /// Their columns told from the first.
    pub pieces: Vec<Piece>,
    spare: Rc<Spare<E>>,
}

impl<E: Real> Drop for Weight<E> {
    fn drop(&mut self) {
        self.spare.take_back(std::mem::take(&mut self.w));
        self.spare.take_back(std::mem::take(&mut self.wt));
    }
}

/// A weight, and of which tensor from which column on it is.
type Known<E> = (usize, usize, Rc<Weight<E>>);

/// What the passes over one network share.
pub struct Memory<E: Scalar> {
    pub kernels: Kernels,
    pub spare: Rc<Spare<E>>,
    tensors: Vec<Named>,
    /// By tensor and column, as this theta has them.
    weights: RefCell<Vec<Known<E>>>,
}

impl<E: Scalar> Memory<E> {
    /// For these tensors.
    pub fn new(tensors: &[TensorInfo], kernels: Kernels) -> Self {
        let mut named: Vec<Named> = Vec::new();
        for (array, TensorInfo { name, shape, join }) in tensors.iter().enumerate() {
            let (rows, columns) = (shape[0], shape.get(1).copied().unwrap_or(1));
            let known = named.iter_mut().find(|other| other.name == *name);
            let (row, column) = match (&known, join) {
                (None, _) => (0, 0),
                (Some(whole), Join::Below) => (whole.rows(), 0),
                (Some(whole), Join::Beside) => (0, whole.columns()),
            };
            let piece = Piece { array, row, column, rows, columns };
            match known {
                Some(whole) => whole.pieces.push(piece),
                None => named.push(Named { name: name.clone(), pieces: vec![piece] }),
            }
        }
        let spare = Rc::new(Spare(RefCell::new(Vec::new())));
        Self { kernels, spare, tensors: named, weights: RefCell::new(Vec::new()) }
    }

    /// Forgets weights: the parameters are others now.
    pub fn forget(&self) {
        self.weights.borrow_mut().clear();
    }

    /// The tensor of a name and its number.
    ///
    /// # Panics
    /// If the network has none of this name, which is a slip of whoever wrote it.
    pub fn named(&self, layer: &str, part: &str) -> (usize, &Named) {
        let is_it = |named: &Named| named.name.strip_prefix(layer).is_some_and(|rest| rest == part);
        let place = self.tensors.iter().position(is_it);
        #[expect(clippy::panic, reason = "documented")]
        let place = place.unwrap_or_else(|| panic!("the network has no tensor {layer}{part}"));
        (place, &self.tensors[place])
    }

    /// The `inputs` columns of a layer's weight from `column` on.
    ///
    /// # Panics
    /// If its tensors do not end there.
    pub fn weight(
        &self,
        layer: &str,
        (column, inputs): (usize, usize),
        theta: &Parameters<E>,
    ) -> Rc<Weight<E>> {
        let (number, named) = self.named(layer, ".weight");
        let known = self.weights.borrow().iter().find(|(n, c, _)| (*n, *c) == (number, column)).cloned();
        if let Some((.., weight)) = known {
            assert_eq!(weight.inputs, inputs, "{layer} reads the same inputs wherever it is used");
            return weight;
        }
        let within = |piece: &&Piece| (column..column + inputs).contains(&piece.column);
        let told = |piece: &Piece| Piece { column: piece.column - column, ..*piece };
        let pieces: Vec<Piece> = named.pieces.iter().filter(within).map(told).collect();
        let widest = pieces.iter().map(|piece| piece.column + piece.columns).max();
        assert_eq!(widest, Some(inputs), "{layer} has tensors for an input of so many numbers");
        let outputs = named.rows();
        let [in_stride, out_stride] = [inputs, outputs].map(|count| self.kernels.stride::<E>(count));
        let mut w = self.spare.zeros(outputs * in_stride);
        let mut wt = self.spare.zeros(inputs * out_stride);
        for piece in &pieces {
            for (row, numbers) in theta.tensor(piece.array).chunks_exact(piece.columns).enumerate() {
                w[(piece.row + row) * in_stride + piece.column..][..piece.columns].copy_from_slice(numbers);
            }
        }
        if inputs == outputs && inputs.is_multiple_of(8) {
            vectors::transpose(self.kernels, in_stride, &w, &mut wt);
        } else {
            for (row, numbers) in w.chunks_exact(in_stride).enumerate() {
                for (wt, &number) in wt.chunks_exact_mut(out_stride).zip(numbers) {
                    wt[row] = number;
                }
            }
        }
        let spare = self.spare.clone();
        let weight = Rc::new(Weight { w, wt, inputs, outputs, in_stride, pieces, spare });
        self.weights.borrow_mut().push((number, column, weight.clone()));
        weight
    }
}
