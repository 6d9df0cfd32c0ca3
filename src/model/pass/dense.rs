//! Layers: product, bias, and what follows them, in one.

use super::super::kernels::{Block, BlockMut, Onto, layers, rowwise};
use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::{Rows, Size};

/// Of a weight that reads at most so many numbers, the gradient is summed with its outputs side by side.
const FEW: usize = 4;

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
                let weight = memory.weight(layer, (column, input.columns()), &self.theta);
                column += input.columns();
                weight
            })
            .collect();
        let (_, biases) = memory.named(layer, ".bias");
        let biases = biases.pieces.clone();
        let outputs = weights.first().map_or(0, |weight| weight.outputs);
        let layout = self.layout(Size { tasks, points, columns: outputs });
        let of_tasks = self.layout(Size { tasks, points: 1, columns: outputs });
        let stride = layout.stride;
        let mut bias = self.spare().zeros(stride);
        for piece in &biases {
            bias[piece.row..piece.row + piece.rows].copy_from_slice(self.theta.tensor(piece.array));
        }
        let (rectified, base) = match then {
            Then::Nothing => (false, None),
            Then::Relu => (true, None),
            Then::Onto(base) => (false, Some(base.clone())),
        };
        if let Some(base) = &base {
            assert_eq!((base.count(), base.columns()), (layout.count(), outputs), "rows of the same size");
        }
        // Those that are shared first: what they make is what the others are added to.
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|&at| !is_shared(inputs[at]));
        let mut out = self.spare().some(layout.numbers());
        let mut shared: Option<Vec<E>> = None;
        let mut is_first = true;
        for (place, &at) in order.iter().enumerate() {
            let (input, weight) = (inputs[at], &weights[at]);
            let wt = Block::new(&weight.wt, weight.inputs, stride, stride);
            let x = input.block().part(0, weight.inputs);
            if is_shared(input) {
                let is_next = shared.is_some();
                let sums = shared.get_or_insert_with(|| self.spare().some(of_tasks.numbers()));
                let onto = if is_next { Onto::Itself } else { Onto::Row(&bias) };
                layers::product(kernels, x, wt, onto, false, of_tasks.rows_mut(sums));
                continue;
            }
            let onto = match (&shared, &base) {
                _ if !is_first => Onto::Itself,
                (Some(sums), _) => Onto::Rows(of_tasks.rows(sums), points),
                (None, Some(base)) => Onto::Both(&bias, base.block()),
                (None, None) => Onto::Row(&bias),
            };
            let rectify = rectified && place + 1 == order.len();
            layers::product(kernels, x, wt, onto, rectify, layout.rows_mut(&mut out));
            is_first = false;
        }
        if let (Some(_), Some(base)) = (&shared, &base) {
            rowwise::add_all(kernels, base.value(), &mut out);
        }
        self.spare().take_back(bias);
        self.spare().take_back(shared.unwrap_or_default());
        let out = self.rows(layout, out, true);
        if rectified {
            self.show(layer, &out);
        }
        let (result, theta, spare) = (out.clone(), self.theta.clone(), self.spare().clone());
        let reads: Vec<_> = inputs
            .iter()
            .map(|input| (*input).clone())
            .zip(weights)
            .map(|(i, w)| (is_shared(&i), i, w))
            .collect();
        self.record(&out, move |d, gradients| {
            let one = E::rounded(1.0);
            // By task, where an input or the bias is shared; otherwise all rows together.
            let has_shared = reads.iter().any(|(is_shared, ..)| *is_shared);
            let (groups, group) = if has_shared { (tasks, points) } else { (1, layout.count()) };
            let mut sums = spare.zeros(groups * stride);
            let to = BlockMut::new(&mut sums, groups, stride, stride);
            if rectified {
                rowwise::mask_groups(kernels, group.max(1), result.block(), layout.rows_mut(d), to);
            } else {
                rowwise::add_groups(kernels, group.max(1), one, layout.rows(d), to);
            }
            let mut by_bias = spare.zeros(if has_shared { stride } else { 0 });
            if has_shared {
                let to = BlockMut::new(&mut by_bias, 1, stride, stride);
                rowwise::add_groups(kernels, tasks.max(1), one, of_tasks.rows(&sums), to);
            }
            for piece in &biases {
                let by = if has_shared { &by_bias } else { &sums };
                let by = &by[piece.row..piece.row + piece.rows];
                rowwise::add_all(kernels, by, theta.gradient(piece.array, gradients)?);
            }
            spare.take_back(by_bias);
            for (is_shared, input, weight) in &reads {
                let of = if *is_shared { of_tasks.rows(&sums) } else { layout.rows(d) };
                let read = input.block().part(0, weight.inputs);
                if weight.inputs <= FEW {
                    let mut turned = spare.zeros(weight.inputs * stride);
                    let to = BlockMut::new(&mut turned, weight.inputs, stride, stride);
                    layers::add_outer(kernels, read, of, to);
                    for piece in &weight.pieces {
                        let to = theta.gradient(piece.array, gradients)?.chunks_exact_mut(piece.columns);
                        for (row, to) in to.enumerate() {
                            let from =
                                turned[piece.column * stride + piece.row + row..].iter().step_by(stride);
                            to.iter_mut().zip(from).for_each(|(to, &by)| *to += by);
                        }
                    }
                    spare.take_back(turned);
                } else {
                    for piece in &weight.pieces {
                        let to = theta.gradient(piece.array, gradients)?;
                        let to = BlockMut::new(to, piece.rows, piece.columns, piece.columns);
                        let of = of.part(piece.row, piece.rows);
                        layers::add_outer(kernels, of, read.part(piece.column, piece.columns), to);
                    }
                }
                input.derive_all(|to, is_new| {
                    let w = Block::new(&weight.w, weight.outputs, weight.in_stride, weight.in_stride);
                    let onto = if is_new { Onto::Zero } else { Onto::Itself };
                    let of = of.part(0, weight.outputs);
                    layers::product(kernels, of, w, onto, false, input.layout().rows_mut(to));
                });
            }
            spare.take_back(sums);
            if let Some(base) = base {
                base.hand(d, kernels);
            }
            Ok(())
        });
        out
    }
}
