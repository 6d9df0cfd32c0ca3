//! Attention of the tokens of one task to its keys, all heads in one. What is between products lies with the tokens
//! side by side: a softmax then goes down the lanes, and no sum goes across them.

use super::Kernels;
use super::block::{Block, BlockMut};
use super::dispatch::compiled;
use super::layers::Onto;
use super::layers::bodies::{add_outer, product};
use super::real::Real;
use super::rowwise::bodies::{exp, turn};
use super::simd::{Level, Simd};

/// How tokens look at keys.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a, E> {
    /// Heads.
    pub count: usize,
    /// Numbers of a query, of all heads together.
    pub width: usize,
    /// What scores are multiplied by.
    pub scale: E,
    /// How many of the keys each token sees, the first ones; in whole vectors.
    pub see: &'a [E],
}

impl<E> Heads<'_, E> {
    /// Weights of one task, head by head: a row for each key and one for the tokens themselves.
    pub fn weights(&self, keys: usize) -> usize {
        self.count * (keys + 1) * self.see.len()
    }

    /// Numbers that one task needs on the way, forwards or back. They begin as 0.
    pub fn scratch(&self, keys: usize) -> usize {
        (4 * self.width).max(2 * self.width + keys + 1) * self.see.len()
    }
}

compiled! {
    /// What tokens take from the values of the keys that they see, and from their own; rows of both have queries, keys
    /// and values side by side. `weights` are the softmax of the scores; what is not seen has 0.
    fn attend[](
        heads: Heads<'_, E>, tokens: Block<'_, E>, keys: Block<'_, E>, weights: &mut [E], scratch: &mut [E],
        out: BlockMut<'_, E>,
    );
    /// Adds the derivatives by tokens and keys, from that by what was taken. Without `of_keys` the keys are the tokens.
    fn attend_back[](
        heads: Heads<'_, E>, tokens: Block<'_, E>, keys: Block<'_, E>, weights: &[E], d: Block<'_, E>,
        scratch: &mut [E], of_tokens: BlockMut<'_, E>, of_keys: Option<BlockMut<'_, E>>,
    );
}

mod bodies {
    use super::*;

    /// The vector at this place.
    #[inline(always)]
    fn at<E: Real, S: Simd<E>>(numbers: &[E], place: usize) -> S::V {
        S::load(&S::chunks(&numbers[place..place + S::WIDTH])[0])
    }

    /// Writes the vector at this place.
    #[inline(always)]
    fn put<E: Real, S: Simd<E>>(numbers: &mut [E], place: usize, v: S::V) {
        S::store(&mut S::chunks_mut(&mut numbers[place..place + S::WIDTH])[0], v);
    }

    /// The sum over rows of the products of two matrices, column by column.
    #[inline(always)]
    fn dot_columns<E: Real, S: Simd<E>>(a: &[E], b: &[E], out: &mut [E]) {
        let across = out.len();
        for lane in (0..across).step_by(S::WIDTH) {
            let mut sum = S::splat(E::default());
            for row in (0..a.len()).step_by(across) {
                sum = S::mul_add(at::<E, S>(a, row + lane), at::<E, S>(b, row + lane), sum);
            }
            put::<E, S>(out, lane, sum);
        }
    }

    /// `to += scale x`.
    #[inline(always)]
    fn add_scaled<E: Real, S: Simd<E>>(scale: E, x: &[E], to: &mut [E]) {
        let (all, chunks) = (S::splat(scale), S::chunks(x));
        for (to, x) in S::chunks_mut(to).iter_mut().zip(chunks) {
            S::store(to, S::mul_add(all, S::load(x), S::load(to)));
        }
        let whole = chunks.len() * S::WIDTH;
        if whole < x.len() {
            let (x, to) = (&x[whole..], &mut to[whole..]);
            S::store_first(to, S::mul_add(all, S::load_first(x), S::load_first(to)));
        }
    }

    /// In place of scores, a row for each key and one of the tokens' own, their softmax over what is seen.
    #[inline(always)]
    fn softmax<E: Real, S: Simd<E>>(scale: E, see: &[E], weights: &mut [E]) {
        let (across, zero, one) = (see.len(), S::splat(E::default()), S::splat(E::rounded(1.0)));
        let (scale, of_own) = (S::splat(scale), weights.len() - across);
        for lane in (0..across).step_by(S::WIDTH) {
            // Scores are told from a token's own, which it always sees.
            let (own, mut most) = (at::<E, S>(weights, of_own + lane), zero);
            let mut left = at::<E, S>(see, lane);
            for place in (lane..of_own).step_by(across) {
                let score = S::where_positive(left, S::sub(at::<E, S>(weights, place), own));
                most = S::max(score, most);
                put::<E, S>(weights, place, score);
                left = S::sub(left, one);
            }
            let own = exp::<E, S>(S::mul(scale, S::sub(zero, most)));
            let (mut sum, mut left) = (own, at::<E, S>(see, lane));
            for place in (lane..of_own).step_by(across) {
                let weight = exp::<E, S>(S::mul(scale, S::sub(at::<E, S>(weights, place), most)));
                let weight = S::where_positive(left, weight);
                sum = S::add(sum, weight);
                put::<E, S>(weights, place, weight);
                left = S::sub(left, one);
            }
            let share = S::div(one, sum);
            for place in (lane..of_own).step_by(across) {
                put::<E, S>(weights, place, S::mul(at::<E, S>(weights, place), share));
            }
            put::<E, S>(weights, of_own + lane, S::mul(own, share));
        }
    }

    /// In place of the derivatives by softmax's weights those by its scores.
    #[inline(always)]
    fn softmax_back<E: Real, S: Simd<E>>(scale: E, across: usize, weights: &[E], d: &mut [E]) {
        let scale = S::splat(scale);
        for lane in (0..across).step_by(S::WIDTH) {
            let mut mean = S::splat(E::default());
            for place in (lane..weights.len()).step_by(across) {
                mean = S::mul_add(at::<E, S>(weights, place), at::<E, S>(d, place), mean);
            }
            for place in (lane..weights.len()).step_by(across) {
                let weight = S::mul(scale, at::<E, S>(weights, place));
                put::<E, S>(d, place, S::mul(weight, S::sub(at::<E, S>(d, place), mean)));
            }
        }
    }

    #[inline(always)]
    pub fn attend<E: Real, S: Simd<E>>(
        heads: Heads<'_, E>,
        tokens: Block<'_, E>,
        keys: Block<'_, E>,
        weights: &mut [E],
        scratch: &mut [E],
        out: BlockMut<'_, E>,
    ) {
        let Heads { count, width, scale, see } = heads;
        let (size, across, known) = (width / count, see.len(), keys.rows);
        let (turned, taken) = scratch.split_at_mut(3 * width * across);
        turn::<E, S>(tokens.part(0, 3 * width), BlockMut::new(turned, 3 * width, across, across));
        for (head, weights) in weights.chunks_exact_mut((known + 1) * across).enumerate() {
            let part = |which: usize| which * width + head * size;
            let of = |which: usize| &turned[part(which) * across..][..size * across];
            let (scores, own) = weights.split_at_mut(known * across);
            dot_columns::<E, S>(of(0), of(1), own);
            let queries = Block::new(of(0), size, across, across);
            let scores = BlockMut::new(scores, known, across, across);
            product::<E, S>(keys.part(part(1), size), queries, Onto::Zero, false, scores);
            softmax::<E, S>(scale, see, weights);
            let (seen, own) = weights.split_at(known * across);
            let taken = &mut taken[head * size * across..][..size * across];
            for place in (0..size * across).step_by(S::WIDTH) {
                let share = S::mul(at::<E, S>(own, place % across), at::<E, S>(of(2), place));
                put::<E, S>(taken, place, share);
            }
            let taken = BlockMut::new(taken, size, across, across);
            add_outer::<E, S>(keys.part(part(2), size), Block::new(seen, known, across, across), taken);
        }
        turn::<E, S>(Block::new(taken, width, tokens.rows, across), out);
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub fn attend_back<E: Real, S: Simd<E>>(
        heads: Heads<'_, E>,
        tokens: Block<'_, E>,
        keys: Block<'_, E>,
        weights: &[E],
        d: Block<'_, E>,
        scratch: &mut [E],
        mut of_tokens: BlockMut<'_, E>,
        mut of_keys: Option<BlockMut<'_, E>>,
    ) {
        let Heads { count, width, scale, see } = heads;
        let (size, across, known) = (width / count, see.len(), keys.rows);
        let (turned, rest) = scratch.split_at_mut(width * across);
        let (d_turned, rest) = rest.split_at_mut(width * across);
        let by = &mut rest[..(known + 1) * across];
        turn::<E, S>(tokens.part(2 * width, width), BlockMut::new(turned, width, across, across));
        turn::<E, S>(d.part(0, width), BlockMut::new(d_turned, width, across, across));
        for (head, weights) in weights.chunks_exact((known + 1) * across).enumerate() {
            let part = |which: usize| which * width + head * size;
            let of = head * size * across..(head + 1) * size * across;
            let (by_seen, by_own) = by.split_at_mut(known * across);
            // By the weights, then by the scores.
            let d_of = Block::new(&d_turned[of.clone()], size, across, across);
            let by_seen = BlockMut::new(by_seen, known, across, across);
            product::<E, S>(keys.part(part(2), size), d_of, Onto::Zero, false, by_seen);
            dot_columns::<E, S>(&d_turned[of.clone()], &turned[of], by_own);
            softmax_back::<E, S>(scale, across, weights, by);
            let (seen, own) = weights.split_at(known * across);
            let (by_seen, by_own) = by.split_at(known * across);
            let [seen, by_seen] = [seen, by_seen].map(|seen| Block::new(seen, known, tokens.rows, across));
            let (d, queries) = (d.part(head * size, size), tokens.part(part(0), size));
            for (by, of, which) in [(seen, d, 2), (by_seen, queries, 1)] {
                let to = match &mut of_keys {
                    Some(of_keys) => of_keys.part(part(which), size),
                    None => of_tokens.part(part(which), size),
                };
                product::<E, S>(by, of, Onto::Itself, false, to);
            }
            add_outer::<E, S>(by_seen, keys.part(part(1), size), of_tokens.part(part(0), size));
            // What each token takes from itself.
            for row in 0..tokens.rows {
                let own_keys = tokens.part(part(1), size).row(row);
                add_scaled::<E, S::Narrow>(own[row], d.row(row), of_tokens.part(part(2), size).row(row));
                add_scaled::<E, S::Narrow>(by_own[row], own_keys, of_tokens.part(part(0), size).row(row));
                let to = &mut of_tokens.part(part(1), size);
                add_scaled::<E, S::Narrow>(by_own[row], queries.row(row), to.row(row));
            }
        }
    }
}
