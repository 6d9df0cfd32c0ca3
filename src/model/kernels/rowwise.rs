//! What is done row by row between products: the rest of the arithmetic of the operations on the tape.

use super::Kernels;
use super::activation::{LN2_HIGH, LN2_LOW};
use super::block::{Block, BlockMut};
use super::dispatch::compiled;
use super::real::Real;
use super::simd::{Lanes, Level, Simd};

compiled! {
    /// The rows as columns. A row of `out` holds them in whole vectors, and what is beyond them becomes 0.
    fn turn[](rows: Block<'_, E>, out: BlockMut<'_, E>);
    /// `sums += scale *` the rows of every group of so many; in whole vectors.
    fn add_groups[](group: usize, scale: E, rows: Block<'_, E>, sums: BlockMut<'_, E>);
    /// Makes 0 of `d` where `h` is not positive, and adds to `sums` the rows of every group of so many; in whole
    /// vectors.
    fn mask_groups[](group: usize, h: Block<'_, E>, d: BlockMut<'_, E>, sums: BlockMut<'_, E>);
    /// `rows += scale *` the row of their group, which has so many; where they are `new`, onto nothing.
    fn add_spread[](group: usize, scale: E, sums: Block<'_, E>, new: bool, rows: BlockMut<'_, E>);
    /// `sum += x`.
    fn add_all[](x: &[E], sum: &mut [E]);
    /// Layer normalisation without gain and bias of the first `width` numbers of rows, and each row's factor; the rest
    /// of a row is padding.
    fn normalise[](width: usize, stride: usize, x: &[E], out: &mut [E], factors: &mut [E]);
    /// Adds the derivative by `x`, from that by its normalised rows `z`.
    fn normalise_back[](width: usize, stride: usize, z: &[E], factors: &[E], d: &[E], out: &mut [E]);
    /// `exp(minus * squared distance)` of rows from others, in whole vectors, of which the first `count` are there: of
    /// their squared `norms` and their products, in whose place the squared distances are left.
    fn similar[](
        count: usize, minus: E, norms: (&[E], &[E]), distances: BlockMut<'_, E>, values: BlockMut<'_, E>,
    );
    /// In place of the derivatives by such values those by the squared distances, times -2, and each row's sum of them,
    /// times -1; answers the derivative by `minus`.
    fn similar_back[](
        minus: E, distances: Block<'_, E>, values: Block<'_, E>, d: BlockMut<'_, E>, sums: &mut [E],
    ) -> f64;
    /// The product of every row with its partner in `others`.
    fn dot_each[](rows: Block<'_, E>, others: Block<'_, E>, out: &mut [E]);
    /// `out += ` each row times its number.
    fn add_scaled_each[](scales: &[E], rows: Block<'_, E>, out: BlockMut<'_, E>);
}

pub(super) mod bodies {
    use super::super::layers::bodies::{load, store};
    use super::*;

    #[inline(always)]
    pub fn turn<E: Real, S: Simd<E>>(rows: Block<'_, E>, out: BlockMut<'_, E>) {
        let width = <S::Narrow as Simd<E>>::WIDTH;
        assert!(out.rows == rows.columns && out.stride >= rows.rows.next_multiple_of(width), "they fit");
        for row in (0..rows.rows).step_by(width) {
            let there = width.min(rows.rows - row);
            for column in (0..rows.columns).step_by(width) {
                let count = width.min(rows.columns - column);
                let mut block = [<S::Narrow as Simd<E>>::splat(E::default()); 8];
                for i in 0..there {
                    let from = &rows.numbers[(row + i) * rows.stride + column..][..count];
                    block[i] = some::<E, S::Narrow>(from);
                }
                <S::Narrow as Lanes<E>>::transpose(&mut block);
                for i in 0..count {
                    let to = &mut out.numbers[(column + i) * out.stride + row..][..width];
                    <S::Narrow as Simd<E>>::store(&mut <S::Narrow as Simd<E>>::chunks_mut(to)[0], block[i]);
                }
            }
        }
    }

    /// `sums += scale *` so many rows, `LB` vectors of them, which stay in registers; with `MASK` rows become 0 before
    /// where those of `h` are not positive.
    ///
    /// # Safety
    /// These vectors of `h`, `rows` and `sums` lie within slices; without `MASK` only those of `sums` are written.
    #[inline(always)]
    unsafe fn group_tile<E: Real, S: Simd<E>, const LB: usize, const MASK: bool>(
        scale: E,
        (h, rows): (*const E, *mut E),
        (count, stride): (usize, usize),
        sums: *mut E,
    ) {
        let (mut total, scale) = ([S::splat(E::default()); LB], S::splat(scale));
        // SAFETY: the caller's.
        unsafe {
            for l in 0..LB {
                total[l] = load::<E, S, false>(sums.add(l * S::WIDTH), 0);
            }
            for row in 0..count {
                for l in 0..LB {
                    let place = row * stride + l * S::WIDTH;
                    let mut x = load::<E, S, false>(rows.add(place), 0);
                    if MASK {
                        x = S::where_positive(load::<E, S, false>(h.add(place), 0), x);
                        store::<E, S, false>(rows.add(place), 0, x);
                    }
                    total[l] = S::mul_add(scale, x, total[l]);
                }
            }
            for l in 0..LB {
                store::<E, S, false>(sums.add(l * S::WIDTH), 0, total[l]);
            }
        }
    }

    /// The same of every group of so many rows, of which there are `count`.
    ///
    /// # Safety
    /// `h` and `rows` are so many rows of a slice, `stride` apart; without `MASK` they are not written.
    #[inline(always)]
    unsafe fn all_groups<E: Real, S: Simd<E>, const MASK: bool>(
        (group, scale): (usize, E),
        (h, rows): (*const E, *mut E),
        (count, stride): (usize, usize),
        sums: BlockMut<'_, E>,
    ) {
        assert!(group > 0 && sums.rows * group >= count, "there is a sum for every group");
        assert!(sums.columns.is_multiple_of(S::WIDTH) && sums.columns <= stride, "in whole vectors");
        let lanes = sums.columns / S::WIDTH;
        for (at, first) in (0..count).step_by(group).enumerate() {
            let shape = (group.min(count - first), stride);
            let mut lane = 0;
            macro_rules! lanes {
                ($lb:literal) => {
                    while lanes - lane >= $lb {
                        let (place, sum) = (lane * S::WIDTH, at * sums.stride + lane * S::WIDTH);
                        let from = first * stride + place;
                        let places = (h.wrapping_add(from), rows.wrapping_add(from));
                        // SAFETY: the caller's; `sums` has this row and this lane.
                        unsafe {
                            let sum = sums.numbers.as_mut_ptr().add(sum);
                            group_tile::<E, S, $lb, MASK>(scale, places, shape, sum);
                        }
                        lane += $lb;
                    }
                };
            }
            lanes!(4);
            lanes!(2);
            lanes!(1);
        }
    }

    #[inline(always)]
    pub fn add_groups<E: Real, S: Simd<E>>(
        group: usize,
        scale: E,
        rows: Block<'_, E>,
        sums: BlockMut<'_, E>,
    ) {
        assert!(rows.columns >= sums.columns, "as wide as their sums");
        let (numbers, shape) = (rows.numbers.as_ptr(), (rows.rows, rows.stride));
        // SAFETY: `rows` has these rows, of as many columns as `sums` at least, and nobody writes to them.
        unsafe { all_groups::<E, S, false>((group, scale), (numbers, numbers.cast_mut()), shape, sums) }
    }

    #[inline(always)]
    pub fn mask_groups<E: Real, S: Simd<E>>(
        group: usize,
        h: Block<'_, E>,
        d: BlockMut<'_, E>,
        sums: BlockMut<'_, E>,
    ) {
        assert!(h.columns >= sums.columns && d.columns >= sums.columns, "as wide as their sums");
        assert!(h.rows == d.rows && h.stride == d.stride, "and alike");
        let shape = (d.rows, d.stride);
        let places = (h.numbers.as_ptr(), d.numbers.as_mut_ptr());
        // SAFETY: both have these rows, of as many columns as `sums` at least.
        unsafe { all_groups::<E, S, true>((group, E::rounded(1.0)), places, shape, sums) }
    }

    #[inline(always)]
    pub fn add_spread<E: Real, S: Simd<E>>(
        group: usize,
        scale: E,
        sums: Block<'_, E>,
        new: bool,
        mut rows: BlockMut<'_, E>,
    ) {
        for row in 0..rows.rows {
            let to = rows.row(row).iter_mut().zip(sums.row(row / group));
            if new {
                to.for_each(|(x, &sum)| *x = scale * sum);
            } else {
                to.for_each(|(x, &sum)| *x = S::mul_add_one(scale, sum, *x));
            }
        }
    }

    #[inline(always)]
    pub fn add_all<E: Real, S: Simd<E>>(x: &[E], sum: &mut [E]) {
        for (sum, &x) in sum.iter_mut().zip(x) {
            *sum += x;
        }
    }

    /// The sum of a row, whatever the width of registers.
    #[inline(always)]
    fn sum<E: Real, S: Simd<E>>(row: &[E]) -> E {
        let mut sums = <S::Narrow as Simd<E>>::splat(E::default());
        let chunks = <S::Narrow as Simd<E>>::chunks(row);
        for chunk in chunks {
            sums = <S::Narrow as Simd<E>>::add(sums, <S::Narrow as Simd<E>>::load(chunk));
        }
        let rest = &row[chunks.len() * <S::Narrow as Simd<E>>::WIDTH..];
        rest.iter().fold(<S::Narrow as Lanes<E>>::sum(sums), |sum, &x| sum + x)
    }

    /// The product of two rows, whatever the width of registers.
    #[inline(always)]
    fn dot<E: Real, S: Simd<E>>(a: &[E], b: &[E]) -> E {
        let mut sums = <S::Narrow as Simd<E>>::splat(E::default());
        let (a_chunks, b_chunks) = (<S::Narrow as Simd<E>>::chunks(a), <S::Narrow as Simd<E>>::chunks(b));
        for (a, b) in a_chunks.iter().zip(b_chunks) {
            let (a, b) = (<S::Narrow as Simd<E>>::load(a), <S::Narrow as Simd<E>>::load(b));
            sums = <S::Narrow as Simd<E>>::mul_add(a, b, sums);
        }
        let whole = a_chunks.len() * <S::Narrow as Simd<E>>::WIDTH;
        let rest = a[whole..].iter().zip(&b[whole..]);
        rest.fold(<S::Narrow as Lanes<E>>::sum(sums), |sum, (&a, &b)| S::mul_add_one(a, b, sum))
    }

    /// Fewer numbers than a vector has, or as many.
    #[inline(always)]
    fn some<E: Real, N: Lanes<E>>(from: &[E]) -> N::V {
        match N::chunks(from) {
            [whole] => N::load(whole),
            _ => N::load_first(from),
        }
    }

    /// Some rows of so many numbers, `stride` apart; the last one again where there are not as many.
    #[inline(always)]
    fn rows_of<E>(numbers: &[E], width: usize, stride: usize) -> [&[E]; 8] {
        let last = (numbers.len() / stride).saturating_sub(1);
        std::array::from_fn(|row| &numbers[row.min(last) * stride..][..width])
    }

    /// The sums of as many rows as a vector has lanes, side by side.
    #[inline(always)]
    fn sums_of<E: Real, N: Lanes<E>>(rows: [&[E]; 8]) -> N::V {
        let mut sums = [N::splat(E::default()); 8];
        let chunks = rows.map(N::chunks);
        for at in 0..chunks[0].len() {
            for row in 0..N::WIDTH {
                sums[row] = N::add(sums[row], N::load(&chunks[row][at]));
            }
        }
        let whole = chunks[0].len() * N::WIDTH;
        if whole < rows[0].len() {
            for row in 0..N::WIDTH {
                sums[row] = N::add(sums[row], N::load_first(&rows[row][whole..]));
            }
        }
        N::sums(&mut sums)
    }

    /// The products of as many rows with others, side by side.
    #[inline(always)]
    fn dots_of<E: Real, N: Lanes<E>>(rows: [&[E]; 8], others: [&[E]; 8]) -> N::V {
        let mut sums = [N::splat(E::default()); 8];
        let (a, b) = (rows.map(N::chunks), others.map(N::chunks));
        for at in 0..a[0].len() {
            for row in 0..N::WIDTH {
                sums[row] = N::mul_add(N::load(&a[row][at]), N::load(&b[row][at]), sums[row]);
            }
        }
        let whole = a[0].len() * N::WIDTH;
        if whole < rows[0].len() {
            for row in 0..N::WIDTH {
                let (a, b) = (N::load_first(&rows[row][whole..]), N::load_first(&others[row][whole..]));
                sums[row] = N::mul_add(a, b, sums[row]);
            }
        }
        N::sums(&mut sums)
    }

    /// The lanes of a vector as numbers.
    #[inline(always)]
    fn lanes_of<E: Real, N: Lanes<E>>(v: N::V) -> [E; 8] {
        let mut lanes = [E::default(); 8];
        N::store(&mut N::chunks_mut(&mut lanes)[0], v);
        lanes
    }

    #[inline(always)]
    pub fn normalise<E: Real, S: Simd<E>>(
        width: usize,
        stride: usize,
        x: &[E],
        out: &mut [E],
        factors: &mut [E],
    ) {
        normalise_by::<E, S::Narrow>(width, stride, x, out, factors);
    }

    #[inline(always)]
    fn normalise_by<E: Real, N: Lanes<E>>(
        width: usize,
        stride: usize,
        x: &[E],
        out: &mut [E],
        factors: &mut [E],
    ) {
        let (count, least) = (N::splat(E::rounded(width as f64)), N::splat(E::rounded(1e-5)));
        let blocks = x.chunks(N::WIDTH * stride).zip(out.chunks_mut(N::WIDTH * stride));
        for ((x, out), factors) in blocks.zip(factors.chunks_mut(N::WIDTH)) {
            let means = lanes_of::<E, N>(N::div(sums_of::<E, N>(rows_of(x, width, stride)), count));
            for ((out, x), mean) in out.chunks_exact_mut(stride).zip(x.chunks_exact(stride)).zip(means) {
                let (out, padding) = out.split_at_mut(width);
                padding.fill(E::default());
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = x - mean;
                }
            }
            let centred = rows_of(out, width, stride);
            let variances = N::div(dots_of::<E, N>(centred, centred), count);
            let deviations = N::sqrt(N::add(variances, least));
            let all = lanes_of::<E, N>(N::div(N::splat(E::rounded(1.0)), deviations));
            factors.copy_from_slice(&all[..factors.len()]);
            for (out, &factor) in out.chunks_exact_mut(stride).zip(&*factors) {
                for out in &mut out[..width] {
                    *out = *out * factor;
                }
            }
        }
    }

    #[inline(always)]
    pub fn normalise_back<E: Real, S: Simd<E>>(
        width: usize,
        stride: usize,
        z: &[E],
        factors: &[E],
        d: &[E],
        out: &mut [E],
    ) {
        normalise_back_by::<E, S::Narrow>(width, stride, z, factors, d, out);
    }

    #[inline(always)]
    fn normalise_back_by<E: Real, N: Lanes<E>>(
        width: usize,
        stride: usize,
        z: &[E],
        factors: &[E],
        d: &[E],
        out: &mut [E],
    ) {
        let (count, block) = (N::splat(E::rounded(width as f64)), N::WIDTH * stride);
        let blocks = z.chunks(block).zip(d.chunks(block)).zip(out.chunks_mut(block));
        for (((z, d), out), factors) in blocks.zip(factors.chunks(N::WIDTH)) {
            let (z_rows, d_rows) = (rows_of(z, width, stride), rows_of(d, width, stride));
            let means = lanes_of::<E, N>(N::div(sums_of::<E, N>(d_rows), count));
            let along = lanes_of::<E, N>(N::div(dots_of::<E, N>(z_rows, d_rows), count));
            let rows = z.chunks_exact(stride).zip(d.chunks_exact(stride)).zip(out.chunks_exact_mut(stride));
            for (((z, d), out), (&factor, (mean, along))) in
                rows.zip(factors.iter().zip(means.into_iter().zip(along)))
            {
                let (z, d) = (&z[..width], &d[..width]);
                for (out, (&z, &d)) in out.iter_mut().zip(z.iter().zip(d)) {
                    *out += factor * (d - mean - z * along);
                }
            }
        }
    }

    /// e^x of numbers that are not positive; of very small ones the smallest normal number there is of.
    #[inline(always)]
    pub fn exp<E: Real, S: Simd<E>>(x: S::V) -> S::V {
        let all = |x: f64| S::splat(E::rounded(x));
        let least = E::rounded(E::LEAST_EXPONENT);
        let x = S::map(x, |x| if x < least { least } else { x });
        // x = k ln 2 + r, and p r = exp(r) - 1 by its Taylor series.
        let rounder = all(E::ROUNDER);
        let rounded = S::mul_add(x, all(std::f64::consts::LOG2_E), rounder);
        let k = S::sub(rounded, rounder);
        let r = S::mul_add(k, all(-LN2_HIGH), x);
        let r = S::mul_add(k, all(-LN2_LOW), r);
        let mut p = all(E::EXPM1[0]);
        for &coefficient in &E::EXPM1[1..] {
            p = S::mul_add(p, r, all(coefficient));
        }
        let scale = S::map(rounded, E::power_of_two);
        S::mul_add(scale, S::mul(p, r), scale)
    }

    #[inline(always)]
    pub fn similar<E: Real, S: Simd<E>>(
        count: usize,
        minus: E,
        (norms, others): (&[E], &[E]),
        mut distances: BlockMut<'_, E>,
        mut values: BlockMut<'_, E>,
    ) {
        assert!(
            distances.columns.is_multiple_of(S::WIDTH) && others.len() == distances.columns,
            "whole vectors"
        );
        let minus = S::splat(minus);
        for (row, &norm) in norms.iter().enumerate() {
            let (distances, values) = (distances.row(row), values.row(row));
            let both = S::chunks_mut(distances).iter_mut().zip(S::chunks_mut(values));
            for ((distance, value), other) in both.zip(S::chunks(others)) {
                let product = S::load(distance);
                let sum = S::add(S::splat(norm), S::load(other));
                let squared = S::positive_part(S::sub(sum, S::add(product, product)));
                S::store(distance, squared);
                S::store(value, exp::<E, S>(S::mul(minus, squared)));
            }
            distances[count..].fill(E::default());
            values[count..].fill(E::default());
        }
    }

    #[inline(always)]
    pub fn similar_back<E: Real, S: Simd<E>>(
        minus: E,
        distances: Block<'_, E>,
        values: Block<'_, E>,
        mut d: BlockMut<'_, E>,
        sums: &mut [E],
    ) -> f64 {
        let two = E::default() - (minus + minus);
        let mut by_minus = 0.0;
        for (row, to) in sums.iter_mut().enumerate() {
            let d = d.row(row);
            for (d, &value) in d.iter_mut().zip(values.row(row)) {
                *d = *d * value;
            }
            by_minus += dot::<E, S>(d, distances.row(row)).exact();
            for d in &mut *d {
                *d = two * *d;
            }
            *to = E::default() - sum::<E, S>(d);
        }
        by_minus
    }

    #[inline(always)]
    pub fn dot_each<E: Real, S: Simd<E>>(rows: Block<'_, E>, others: Block<'_, E>, out: &mut [E]) {
        for (row, out) in out.iter_mut().enumerate() {
            *out = dot::<E, S>(rows.row(row), others.row(row));
        }
    }

    #[inline(always)]
    pub fn add_scaled_each<E: Real, S: Simd<E>>(scales: &[E], rows: Block<'_, E>, mut out: BlockMut<'_, E>) {
        for (row, &scale) in scales.iter().enumerate() {
            for (out, &x) in out.row(row).iter_mut().zip(rows.row(row)) {
                *out = S::mul_add_one(scale, x, *out);
            }
        }
    }
}
