//! Attention with heads (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>, section 3.2.2), masked to the points
//! that a token may see.

use super::super::kernels::{Block, BlockMut, Kernels, Onto, layers};
use super::super::scalar::Scalar;
use super::memory::Spare;
use super::recorder::Pass;
use super::rows::{Rows, Size};

/// The shape of one head of one task.
#[derive(Clone, Copy)]
struct Head {
    kernels: Kernels,
    /// Tokens that ask, and those that are looked at.
    tokens: usize,
    keys: usize,
    /// Numbers of a query, and of all heads' together.
    size: usize,
    width: usize,
    /// The same and `keys`, in whole vectors.
    padded: usize,
    stride: usize,
}

impl Head {
    /// Rows of one head, padded, from those of a task.
    fn copy<E: Scalar>(&self, rows: Block<'_, E>, count: usize, out: &mut [E]) {
        for (row, out) in out.chunks_exact_mut(self.padded).take(count).enumerate() {
            out[..self.size].copy_from_slice(rows.row(row));
        }
    }

    /// Their transpose.
    fn transpose<E: Scalar>(&self, rows: Block<'_, E>, count: usize, out: &mut [E]) {
        for row in 0..count {
            for (column, &number) in rows.row(row).iter().enumerate() {
                out[column * self.stride + row] = number;
            }
        }
    }
}

/// Buffers of one head.
struct Scratch<E> {
    rows: Vec<E>,
    turned: Vec<E>,
    out: Vec<E>,
    sums: Vec<E>,
    weights: Vec<E>,
    own: Vec<E>,
}

impl<E: Scalar> Scratch<E> {
    fn new(spare: &Spare<E>, head: Head) -> Self {
        let most = head.tokens.max(head.keys);
        Self {
            rows: spare.zeros(most * head.padded),
            turned: spare.zeros(head.size * head.stride),
            out: spare.zeros(head.tokens * head.padded),
            sums: spare.zeros(head.keys * head.padded),
            weights: spare.zeros(head.tokens * head.stride),
            own: spare.zeros(head.tokens),
        }
    }

    fn give_back(self, spare: &Spare<E>) {
        let Self { rows, turned, out, sums, weights, own } = self;
        [rows, turned, out, sums, weights, own].into_iter().for_each(|numbers| spare.take_back(numbers));
    }
}

impl<E: Scalar> Pass<E> {
    /// What each token takes from the values of the tokens it sees: the first `see` of `keys`, a number a point of a
    /// task, and itself. Rows have queries, keys and values side by side, `heads` of each; the result has the heads
    /// side by side.
    ///
    /// # Panics
    /// If rows do not divide into three times so many heads, or a token sees more than there are.
    pub fn attention(&self, tokens: &Rows<E>, keys: &Rows<E>, heads: usize, see: &[usize]) -> Rows<E> {
        let kernels = self.kernels();
        let (tasks, width) = (tokens.tasks(), tokens.columns() / 3);
        assert_eq!((tokens.columns(), keys.columns()), (3 * width, 3 * width), "queries, keys and values");
        assert!(width.is_multiple_of(heads) && keys.tasks() == tasks, "heads are of one size");
        assert!(see.len() == tokens.points() && see.iter().all(|see| *see <= keys.points()), "it is there");
        let size = width / heads;
        let head = Head {
            kernels,
            tokens: tokens.points(),
            keys: keys.points(),
            size,
            width,
            padded: kernels.stride::<E>(size),
            stride: kernels.stride::<E>(keys.points().max(1)),
        };
        let scale = E::rounded(1.0 / (size as f64).sqrt());
        let each = head.tokens * head.stride;
        let mut weights = self.spare().some(tasks * heads * each);
        let mut owns = self.spare().some(tasks * heads * head.tokens);
        let result = Size { tasks, points: head.tokens, columns: width };
        let mut value = self.spare().zeros(result.tasks * result.points * kernels.stride::<E>(width));
        let shape = self.rows(Size { points: 0, ..result }, Vec::new(), false);
        let out_stride = shape.stride();
        let mut scratch = Scratch::new(self.spare(), head);
        for (place, (task, at)) in
            (0..tasks).flat_map(|task| (0..heads).map(move |at| (task, at))).enumerate()
        {
            let part = |which: usize| (task, which * width + at * size, size);
            let weights = &mut weights[place * each..][..each];
            let own = &mut owns[place * head.tokens..][..head.tokens];
            head.transpose(keys.of_task(part(1)), head.keys, &mut scratch.turned);
            let turned = Block::new(&scratch.turned, size, head.stride, head.stride);
            let scores = BlockMut::new(weights, head.tokens, head.stride, head.stride);
            layers::product(kernels, tokens.of_task(part(0)), turned, Onto::Zero, false, scores);
            layers::dot_each(kernels, tokens.of_task(part(0)), tokens.of_task(part(1)), own);
            let scores = BlockMut::new(weights, head.tokens, head.stride, head.stride);
            layers::softmax(kernels, scale, see, scores, own);
            head.copy(keys.of_task(part(2)), head.keys, &mut scratch.rows);
            let values = Block::new(&scratch.rows, head.keys, head.padded, head.padded);
            let out = BlockMut::new(&mut scratch.out, head.tokens, head.padded, head.padded);
            let seen = Block::new(weights, head.tokens, head.keys, head.stride);
            layers::product(kernels, seen, values, Onto::Zero, false, out);
            let out = BlockMut::new(&mut scratch.out, head.tokens, size, head.padded);
            layers::add_scaled_each(kernels, own, tokens.of_task(part(2)), out);
            for (row, out) in scratch.out.chunks_exact(head.padded).take(head.tokens).enumerate() {
                let to = (task * head.tokens + row) * out_stride + at * size;
                value[to..to + size].copy_from_slice(&out[..size]);
            }
        }
        scratch.give_back(self.spare());
        let out = self.rows(result, value, tokens.leads() || keys.leads());
        let (tokens, keys, see, spare) = (tokens.clone(), keys.clone(), see.to_vec(), self.spare().clone());
        self.record(&out, move |d, _| {
            let mut scratch = Scratch::new(&spare, head);
            for (place, (task, at)) in
                (0..tasks).flat_map(|task| (0..heads).map(move |at| (task, at))).enumerate()
            {
                let from = (task * head.tokens * out_stride + at * size).min(d.len());
                let d = Block::new(&d[from..], head.tokens, size, out_stride);
                let weights = &weights[place * each..][..each];
                let own = &owns[place * head.tokens..][..head.tokens];
                head.back((&tokens, &keys), (task, at), scale, (&see, weights, own), d, &mut scratch);
            }
            scratch.give_back(&spare);
            spare.take_back(weights);
            spare.take_back(owns);
            Ok(())
        });
        out
    }
}

impl Head {
    /// The derivatives by queries, keys and values of one head, from that by what was taken.
    fn back<E: Scalar>(
        &self,
        (tokens, keys): (&Rows<E>, &Rows<E>),
        (task, at): (usize, usize),
        scale: E,
        (see, weights, own): (&[usize], &[E], &[E]),
        d: Block<'_, E>,
        scratch: &mut Scratch<E>,
    ) {
        let Head { kernels, size, padded, stride, width, .. } = *self;
        let part = |which: usize| (task, which * width + at * size, size);
        let weights = |columns| Block::new(weights, self.tokens, columns, stride);
        // By the weights, then by the scores.
        self.transpose(keys.of_task(part(2)), self.keys, &mut scratch.turned);
        let turned = Block::new(&scratch.turned, size, stride, stride);
        let by = BlockMut::new(&mut scratch.weights, self.tokens, stride, stride);
        layers::product(kernels, d, turned, Onto::Zero, false, by);
        layers::dot_each(kernels, d, tokens.of_task(part(2)), &mut scratch.own);
        let by = BlockMut::new(&mut scratch.weights, self.tokens, stride, stride);
        layers::softmax_back(kernels, scale, see, weights(stride), own, by, &mut scratch.own);
        let add = |rows: &Rows<E>, which: usize, from: &[E], count: usize| {
            rows.derive(|to| {
                let mut to = rows.of_task_in(to, part(which));
                for (row, from) in from.chunks_exact(padded).take(count).enumerate() {
                    layers::add_all(kernels, &from[..size], to.row(row));
                }
            });
        };
        // The values.
        self.copy(d, self.tokens, &mut scratch.rows);
        scratch.sums.fill(E::default());
        let sums = BlockMut::new(&mut scratch.sums, self.keys, padded, padded);
        let rows = Block::new(&scratch.rows, self.tokens, padded, padded);
        layers::add_outer(kernels, weights(self.keys), rows, sums);
        add(keys, 2, &scratch.sums, self.keys);
        let scaled = |scales: &[E], from: Block<'_, E>, which: usize| {
            tokens.derive(|to| {
                let to = tokens.of_task_in(to, part(which));
                layers::add_scaled_each(kernels, scales, from, to);
            });
        };
        scaled(own, d, 2);
        // The queries.
        self.copy(keys.of_task(part(1)), self.keys, &mut scratch.rows);
        let rows = Block::new(&scratch.rows, self.keys, padded, padded);
        let by = Block::new(&scratch.weights, self.tokens, self.keys, stride);
        let out = BlockMut::new(&mut scratch.out, self.tokens, padded, padded);
        layers::product(kernels, by, rows, Onto::Zero, false, out);
        add(tokens, 0, &scratch.out, self.tokens);
        scaled(&scratch.own, tokens.of_task(part(1)), 0);
        // The keys.
        scaled(&scratch.own, tokens.of_task(part(0)), 1);
        self.copy(tokens.of_task(part(0)), self.tokens, &mut scratch.rows);
        scratch.sums.fill(E::default());
        let sums = BlockMut::new(&mut scratch.sums, self.keys, padded, padded);
        let rows = Block::new(&scratch.rows, self.tokens, padded, padded);
        layers::add_outer(kernels, by, rows, sums);
        add(keys, 1, &scratch.sums, self.keys);
    }
}
