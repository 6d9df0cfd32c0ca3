//! Layers: product, bias, and what follows them, in one.

use super::super::kernels::{Block, BlockMut, Onto, layers};
use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::{Rows, Size};

/// A row of so many numbers, or of a multiple, has no padding whatever the registers.
const WIDEST: usize = 16;

/// What becomes of a layer's sums.
#[derive(Clone, Copy)]
pub enum Then<'a, E: Scalar> {
    /// They are the result.
    Nothing,
    /// max(0, z), with derivative 0 at 0.
    Relu,
    /// They are added to rows of the same size.
    Onto(&'a Rows<E>),
}

impl<E: Scalar> Pass<E> {
    /// The layer of this name, `x weight' + bias`, of inputs that it reads side by side. An input of one row a task
    /// among others of more is the same for all points of its task.
    ///
    /// # Panics
    /// If the network has no such layer, or one for inputs of other widths.
    pub fn dense(&self, layer: &str, inputs: &[&Rows<E>], then: Then<'_, E>) -> Rows<E> {
        let (kernels, memory) = (self.kernels(), &self.memory);
        let tasks = inputs.iter().map(|input| input.tasks()).max().unwrap_or(0);
        let is_shared =
            |input: &Rows<E>| input.points() == 1 && inputs.iter().any(|other| other.points() != 1);
        let points = inputs.iter().find(|input| !is_shared(input)).map_or(0, |input| input.points());
        let mut column = 0;
        let weights: Vec<_> = inputs
            .iter()
            .map(|input| {
                assert!(input.tasks() == tasks, "inputs of {layer} are of the same tasks");
                assert!(is_shared(input) || input.points() == points, "and of the same points");
                let weight = memory.weight(layer, (column, input.columns()), &*self.theta);
                column += input.columns();
                weight
            })
            .collect();
        let (_, biases) = memory.named(layer, ".bias");
        let biases = biases.pieces.clone();
        let outputs = weights.first().map_or(0, |weight| weight.outputs);
        let size = Size { tasks, points, columns: outputs };
        let stride = kernels.stride::<E>(outputs);
        let mut bias = self.spare().zeros(stride);
        for piece in &biases {
            self.theta.copy(piece.array, &mut bias[piece.row..piece.row + piece.rows]);
        }
        // Those that are shared first: what they make is what the others are added to.
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|&at| !is_shared(inputs[at]));
        let mut out = self.buffer(size);
        let mut shared: Option<Vec<E>> = None;
        let mut is_first = true;
        for (place, &at) in order.iter().enumerate() {
            let (input, weight) = (inputs[at], &weights[at]);
            let wt = Block::new(&weight.wt, weight.inputs, stride, stride);
            if is_shared(input) {
                let is_next = shared.is_some();
                let sums = shared.get_or_insert_with(|| self.spare().some(tasks * stride));
                let onto = if is_next { Onto::Itself } else { Onto::Row(&bias) };
                let sums = BlockMut::new(sums, tasks, stride, stride);
                layers::product(kernels, input.block(), wt, onto, false, sums);
                continue;
            }
            let rectify = matches!(then, Then::Relu) && place + 1 == order.len();
            let onto = match &shared {
                _ if !is_first => Onto::Itself,
                Some(sums) => Onto::Rows(Block::new(sums, tasks, stride, stride), points),
                None => Onto::Row(&bias),
            };
            let block = BlockMut::new(&mut out, tasks * points, stride, stride);
            layers::product(kernels, input.block(), wt, onto, rectify, block);
            is_first = false;
        }
        self.spare().take_back(bias);
        self.spare().take_back(shared.unwrap_or_default());
        let (rectified, base) = match then {
            Then::Nothing => (false, None),
            Then::Relu => (true, None),
            Then::Onto(base) => {
                assert_eq!(
                    (base.count(), base.columns()),
                    (tasks * points, outputs),
                    "rows of the same size"
                );
                layers::add_all(kernels, base.value(), &mut out);
                (false, Some(base.clone()))
            }
        };
        let out = self.rows(size, out, true);
        let (result, theta, spare) = (out.clone(), self.theta.clone(), self.spare().clone());
        let reads: Vec<_> = inputs
            .iter()
            .map(|input| (*input).clone())
            .zip(weights)
            .map(|(i, w)| (is_shared(&i), i, w))
            .collect();
        self.record(&out, move |d, gradients| {
            if let Some(base) = base {
                base.derive(|to| layers::add_all(kernels, d, to));
            }
            if rectified {
                layers::mask(kernels, result.value(), d);
            }
            let rows = tasks * points;
            // By task, where an input or the bias is shared.
            let has_shared = reads.iter().any(|(is_shared, ..)| *is_shared);
            let mut of_tasks = spare.zeros(if has_shared { tasks * stride } else { 0 });
            if has_shared {
                let sums = BlockMut::new(&mut of_tasks, tasks, stride, stride);
                let one = E::rounded(1.0);
                layers::add_groups(kernels, points, one, Block::new(d, rows, stride, stride), sums);
            }
            let mut by_bias = spare.zeros(stride);
            let (of, count) = if has_shared { (&of_tasks[..], tasks) } else { (&*d, rows) };
            let sums = BlockMut::new(&mut by_bias, 1, stride, stride);
            layers::add_groups(
                kernels,
                count.max(1),
                E::rounded(1.0),
                Block::new(of, count, stride, stride),
                sums,
            );
            for piece in &biases {
                let by = &by_bias[piece.row..piece.row + piece.rows];
                layers::add_all(kernels, by, theta.gradient(piece.array, gradients)?);
            }
            spare.take_back(by_bias);
            for (is_shared, input, weight) in &reads {
                let (of, count) = if *is_shared { (&of_tasks[..], tasks) } else { (&*d, rows) };
                let (of, inner) = (Block::new(of, count, weight.outputs, stride), weight.in_stride);
                let padded = Block::new(input.value(), count, inner, inner);
                let is_whole = weight.inputs.is_multiple_of(WIDEST) && weight.pieces.len() == 1;
                if let (true, [piece]) = (is_whole, &weight.pieces[..]) {
                    let to = theta.gradient(piece.array, gradients)?;
                    layers::add_outer(kernels, of, padded, BlockMut::new(to, weight.outputs, inner, inner));
                } else {
                    let mut sums = spare.zeros(weight.outputs * inner);
                    let block = BlockMut::new(&mut sums, weight.outputs, inner, inner);
                    layers::add_outer(kernels, of, padded, block);
                    for piece in &weight.pieces {
                        let to = theta.gradient(piece.array, gradients)?;
                        let rows =
                            to.chunks_exact_mut(piece.columns).zip(sums[piece.row * inner..].chunks(inner));
                        for (to, sums) in rows {
                            layers::add_all(kernels, &sums[piece.column..][..piece.columns], to);
                        }
                    }
                    spare.take_back(sums);
                }
                input.derive(|to| {
                    let w = Block::new(&weight.w, weight.outputs, inner, inner);
                    let to = BlockMut::new(to, count, inner, inner);
                    layers::product(kernels, of, w, Onto::Itself, false, to);
                });
            }
            spare.take_back(of_tasks);
            Ok(())
        });
        out
    }
}
