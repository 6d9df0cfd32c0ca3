//! Products of matrices of any shape, and what is done row by row between them: the arithmetic of the operations on
//! the tape. As in `dense`, only tiles know shapes when they are compiled, and no bit depends on a tile's shape nor on
//! the width of registers.

use super::Kernels;
use super::activation::{LN2_HIGH, LN2_LOW};
use super::dispatch::compiled;
use super::real::Real;
use super::simd::{Lanes, Level, Simd};

/// The first `columns` numbers of rows that lie `stride` apart.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a, E> {
    numbers: &'a [E],
    rows: usize,
    columns: usize,
    stride: usize,
}

/// The same, to write to.
#[derive(Debug)]
pub struct BlockMut<'a, E> {
    numbers: &'a mut [E],
    rows: usize,
    columns: usize,
    stride: usize,
}

/// Whether there are so many numbers.
fn fits(numbers: usize, rows: usize, columns: usize, stride: usize) -> bool {
    rows == 0 || (columns <= stride && numbers >= columns && (numbers - columns) / stride.max(1) >= rows - 1)
}

impl<'a, E> Block<'a, E> {
    /// These rows.
    ///
    /// # Panics
    /// If there are not so many numbers.
    #[inline(always)]
    pub fn new(numbers: &'a [E], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(fits(numbers.len(), rows, columns, stride), "a block lies within its numbers");
        Self { numbers, rows, columns, stride }
    }

    /// One row.
    #[inline(always)]
    pub fn row(self, row: usize) -> &'a [E] {
        &self.numbers[row * self.stride..][..self.columns]
    }
}

impl<'a, E> BlockMut<'a, E> {
    /// These rows.
    ///
    /// # Panics
    /// If there are not so many numbers.
    #[inline(always)]
    pub fn new(numbers: &'a mut [E], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(fits(numbers.len(), rows, columns, stride), "a block lies within its numbers");
        Self { numbers, rows, columns, stride }
    }

    /// One row.
    #[inline(always)]
    pub fn row(&mut self, row: usize) -> &mut [E] {
        &mut self.numbers[row * self.stride..][..self.columns]
    }
}

/// What a [`product`] is added to.
#[derive(Clone, Copy, Debug)]
pub enum Onto<'a, E> {
    /// Nothing.
    Zero,
    /// This row, whichever row it is.
    Row(&'a [E]),
    /// Rows, each for so many rows of the product.
    Rows(Block<'a, E>, usize),
    /// What is there.
    Itself,
}

compiled! {
    /// `out = onto + x w`, where asked for with negative numbers made 0. The columns of `out` and `w` come in whole
    /// vectors; `w` has as many rows as `x` has columns.
    fn product[](x: Block<'_, E>, w: Block<'_, E>, onto: Onto<'_, E>, rectify: bool, out: BlockMut<'_, E>);
    /// `out += a' b`, summed over their rows; the columns of `out` and `b` come in whole vectors.
    fn add_outer[](a: Block<'_, E>, b: Block<'_, E>, out: BlockMut<'_, E>);
    /// `sums += scale *` the rows of every group of so many.
    fn add_groups[](group: usize, scale: E, rows: Block<'_, E>, sums: BlockMut<'_, E>);
    /// `rows += scale *` the row of their group, which has so many.
    fn add_spread[](group: usize, scale: E, sums: Block<'_, E>, rows: BlockMut<'_, E>);
    /// Makes 0 of `d` where `h` is not positive.
    fn mask[](h: &[E], d: &mut [E]);
    /// `sum += x`.
    fn add_all[](x: &[E], sum: &mut [E]);
    /// Layer normalisation without gain and bias of the first `width` numbers of rows, and each row's factor; the rest
    /// of a row is padding.
    fn normalise[](width: usize, stride: usize, x: &[E], out: &mut [E], factors: &mut [E]);
    /// Adds the derivative by `x`, from that by its normalised rows `z`.
    fn normalise_back[](width: usize, stride: usize, z: &[E], factors: &[E], d: &[E], out: &mut [E]);
    /// The softmax of each row's first scores, `see` of them, and of a score of its own beside them, all times
    /// `scale`; what it does not see becomes 0. Rows come in whole vectors.
    fn softmax[](scale: E, see: &[usize], scores: BlockMut<'_, E>, own: &mut [E]);
    /// In place of the derivatives by softmax's weights those by its scores.
    fn softmax_back[](
        scale: E, see: &[usize], weights: Block<'_, E>, own: &[E], d: BlockMut<'_, E>, d_own: &mut [E],
    );
    /// `exp` of numbers that are not positive, in place; whole vectors.
    fn exp_all[](numbers: &mut [E]);
    /// The product of every row with its partner in `others`.
    fn dot_each[](rows: Block<'_, E>, others: Block<'_, E>, out: &mut [E]);
    /// `out += ` each row times its number.
    fn add_scaled_each[](scales: &[E], rows: Block<'_, E>, out: BlockMut<'_, E>);
}

mod bodies {
    use super::*;

    /// Rows of a factor of [`add_outer`] that are summed before they are added: as many as stay in the innermost
    /// cache.
    const ROWS: usize = 64;

    /// Numbers in the widest vector.
    const LANES: usize = 16;

    /// The vector that begins here.
    ///
    /// # Safety
    /// It lies within one slice.
    #[inline(always)]
    unsafe fn load<E: Real, S: Simd<E>>(from: *const E) -> S::V {
        // SAFETY: the caller's; a chunk is numbers back to back.
        S::load(unsafe { &*from.cast() })
    }

    struct Product<'a, E> {
        x: Block<'a, E>,
        w: Block<'a, E>,
        onto: Onto<'a, E>,
        rectify: bool,
        out: BlockMut<'a, E>,
    }

    impl<E: Real> Product<'_, E> {
        /// Rows `at .. at + RB`, `LB` vectors from column `from` on.
        ///
        /// # Safety
        /// There are these rows and columns.
        #[inline(always)]
        unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize>(&mut self, at: usize, from: usize) {
            let mut sums = [[S::splat(E::default()); LB]; RB];
            // SAFETY, for every access: `new` of each block has seen that it has its rows and columns, and `product`
            // that the blocks fit.
            let out = unsafe { self.out.numbers.as_mut_ptr().add(at * self.out.stride + from) };
            for r in 0..RB {
                for l in 0..LB {
                    sums[r][l] = match self.onto {
                        Onto::Zero => S::splat(E::default()),
                        Onto::Row(row) => unsafe { load::<E, S>(row.as_ptr().add(from + l * S::WIDTH)) },
                        Onto::Rows(rows, group) => unsafe {
                            let row = (at + r) / group * rows.stride;
                            load::<E, S>(rows.numbers.as_ptr().add(row + from + l * S::WIDTH))
                        },
                        Onto::Itself => unsafe { load::<E, S>(out.add(r * self.out.stride + l * S::WIDTH)) },
                    };
                }
            }
            let mut w = self.w.numbers.as_ptr().wrapping_add(from);
            let mut rows = [self.x.numbers.as_ptr().wrapping_add(at * self.x.stride); RB];
            for r in 1..RB {
                rows[r] = rows[r - 1].wrapping_add(self.x.stride);
            }
            for k in 0..self.x.columns {
                let mut columns = [S::splat(E::default()); LB];
                for l in 0..LB {
                    columns[l] = unsafe { load::<E, S>(w.add(l * S::WIDTH)) };
                }
                for r in 0..RB {
                    let x = S::splat(unsafe { *rows[r].add(k) });
                    for l in 0..LB {
                        sums[r][l] = S::mul_add(x, columns[l], sums[r][l]);
                    }
                }
                w = w.wrapping_add(self.w.stride);
            }
            for r in 0..RB {
                for l in 0..LB {
                    let sum = if self.rectify { S::positive_part(sums[r][l]) } else { sums[r][l] };
                    unsafe { S::store(&mut *out.add(r * self.out.stride + l * S::WIDTH).cast(), sum) };
                }
            }
        }
    }

    #[inline(always)]
    pub fn product<E: Real, S: Simd<E>>(
        x: Block<'_, E>,
        w: Block<'_, E>,
        onto: Onto<'_, E>,
        rectify: bool,
        out: BlockMut<'_, E>,
    ) {
        let (rows, columns) = (out.rows, out.columns);
        assert!(x.rows == rows && w.rows == x.columns && w.columns >= columns, "the factors fit");
        assert!(columns.is_multiple_of(S::WIDTH), "columns come in whole vectors");
        match onto {
            Onto::Row(row) => assert!(row.len() >= columns, "so does the row"),
            Onto::Rows(base, group) => {
                assert!(base.columns >= columns && group > 0 && base.rows * group >= rows, "so do the rows");
            }
            Onto::Zero | Onto::Itself => {}
        }
        let (mut product, lanes) = (Product { x, w, onto, rectify, out }, columns / S::WIDTH);
        let mut lane = 0;
        // SAFETY, for every tile: its rows are below `rows`, its lanes below `lanes`.
        macro_rules! lanes {
            ($lb:literal: $($rb:literal),*) => {
                while lanes - lane >= $lb {
                    let mut at = 0;
                    $(while rows - at >= $rb {
                        unsafe { product.tile::<S, $rb, $lb>(at, lane * S::WIDTH) };
                        at += $rb;
                    })*
                    lane += $lb;
                }
            };
        }
        match S::LEVEL {
            Level::Avx512 => {
                lanes!(4: 5, 2, 1);
                lanes!(3: 8, 2, 1);
                lanes!(2: 10, 5, 2, 1);
                lanes!(1: 10, 5, 2, 1);
            }
            Level::Avx2 => {
                lanes!(2: 5, 2, 1);
                lanes!(1: 10, 5, 2, 1);
            }
            Level::Portable => lanes!(1: 3, 1),
        }
    }

    struct Outer<'a, E> {
        a: Block<'a, E>,
        b: Block<'a, E>,
        out: BlockMut<'a, E>,
    }

    impl<E: Real> Outer<'_, E> {
        /// Rows `at .. at + RB` of `out`, `LB` vectors from column `from` on, over `count` rows of the factors from
        /// `first` on.
        ///
        /// # Safety
        /// There are these rows and columns.
        #[inline(always)]
        unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize>(
            &mut self,
            (first, count): (usize, usize),
            at: usize,
            from: usize,
        ) {
            let mut sums = [[S::splat(E::default()); LB]; RB];
            let mut a = self.a.numbers.as_ptr().wrapping_add(first * self.a.stride + at);
            let mut b = self.b.numbers.as_ptr().wrapping_add(first * self.b.stride + from);
            // SAFETY, for every access: `new` of each block has seen that it has its rows and columns, and `add_outer`
            // that the blocks fit.
            for _ in 0..count {
                let mut columns = [S::splat(E::default()); LB];
                for l in 0..LB {
                    columns[l] = unsafe { load::<E, S>(b.add(l * S::WIDTH)) };
                }
                for r in 0..RB {
                    let a = S::splat(unsafe { *a.add(r) });
                    for l in 0..LB {
                        sums[r][l] = S::mul_add(a, columns[l], sums[r][l]);
                    }
                }
                (a, b) = (a.wrapping_add(self.a.stride), b.wrapping_add(self.b.stride));
            }
            let out = unsafe { self.out.numbers.as_mut_ptr().add(at * self.out.stride + from) };
            for r in 0..RB {
                for l in 0..LB {
                    let place = unsafe { out.add(r * self.out.stride + l * S::WIDTH) };
                    let sum = S::add(unsafe { load::<E, S>(place) }, sums[r][l]);
                    unsafe { S::store(&mut *place.cast(), sum) };
                }
            }
        }
    }

    #[inline(always)]
    pub fn add_outer<E: Real, S: Simd<E>>(a: Block<'_, E>, b: Block<'_, E>, out: BlockMut<'_, E>) {
        let (rows, columns) = (out.rows, out.columns);
        assert!(a.rows == b.rows && a.columns >= rows && b.columns >= columns, "the factors fit");
        assert!(columns.is_multiple_of(S::WIDTH), "columns come in whole vectors");
        let lanes = columns / S::WIDTH;
        let mut outer = Outer { a, b, out };
        // SAFETY, for every tile: its rows are below `rows`, its lanes below `lanes`.
        macro_rules! lanes {
            ($lane:ident, $part:ident, $lb:literal: $($rb:literal),*) => {
                while lanes - $lane >= $lb {
                    let mut at = 0;
                    $(while rows - at >= $rb {
                        unsafe { outer.tile::<S, $rb, $lb>($part, at, $lane * S::WIDTH) };
                        at += $rb;
                    })*
                    $lane += $lb;
                }
            };
        }
        for first in (0..a.rows).step_by(ROWS) {
            let part = (first, ROWS.min(a.rows - first));
            let mut lane = 0;
            match S::LEVEL {
                Level::Avx512 => {
                    lanes!(lane, part, 4: 4, 2, 1);
                    lanes!(lane, part, 3: 8, 4, 2, 1);
                    lanes!(lane, part, 2: 8, 4, 2, 1);
                    lanes!(lane, part, 1: 8, 4, 2, 1);
                }
                Level::Avx2 => {
                    lanes!(lane, part, 2: 4, 2, 1);
                    lanes!(lane, part, 1: 8, 4, 2, 1);
                }
                Level::Portable => lanes!(lane, part, 1: 2, 1),
            }
        }
    }

    #[inline(always)]
    pub fn add_groups<E: Real, S: Simd<E>>(
        group: usize,
        scale: E,
        rows: Block<'_, E>,
        mut sums: BlockMut<'_, E>,
    ) {
        for row in 0..rows.rows {
            for (sum, &x) in sums.row(row / group).iter_mut().zip(rows.row(row)) {
                *sum = S::mul_add_one(scale, x, *sum);
            }
        }
    }

    #[inline(always)]
    pub fn add_spread<E: Real, S: Simd<E>>(
        group: usize,
        scale: E,
        sums: Block<'_, E>,
        mut rows: BlockMut<'_, E>,
    ) {
        for row in 0..rows.rows {
            for (x, &sum) in rows.row(row).iter_mut().zip(sums.row(row / group)) {
                *x = S::mul_add_one(scale, sum, *x);
            }
        }
    }

    #[inline(always)]
    pub fn mask<E: Real, S: Simd<E>>(h: &[E], d: &mut [E]) {
        for (d, h) in S::chunks_mut(d).iter_mut().zip(S::chunks(h)) {
            S::store(d, S::where_positive(S::load(h), S::load(d)));
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

    #[inline(always)]
    pub fn normalise<E: Real, S: Simd<E>>(
        width: usize,
        stride: usize,
        x: &[E],
        out: &mut [E],
        factors: &mut [E],
    ) {
        let count = E::rounded(width as f64);
        for ((x, out), factor) in x.chunks_exact(stride).zip(out.chunks_exact_mut(stride)).zip(factors) {
            let (out, padding) = out.split_at_mut(width);
            padding.fill(E::default());
            let mean = sum::<E, S>(&x[..width]) / count;
            for (out, &x) in out.iter_mut().zip(x) {
                *out = x - mean;
            }
            let variance = dot::<E, S>(out, out) / count;
            *factor = E::rounded(1.0) / (variance + E::rounded(1e-5)).root();
            for out in out {
                *out = *out * *factor;
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
        let count = E::rounded(width as f64);
        let rows = z.chunks_exact(stride).zip(d.chunks_exact(stride)).zip(out.chunks_exact_mut(stride));
        for (((z, d), out), &factor) in rows.zip(factors) {
            let (z, d) = (&z[..width], &d[..width]);
            let (mean, along) = (sum::<E, S>(d) / count, dot::<E, S>(z, d) / count);
            for (out, (&z, &d)) in out.iter_mut().zip(z.iter().zip(d)) {
                *out += factor * (d - mean - z * along);
            }
        }
    }

    /// e^x of numbers that are not positive; of very small ones the smallest normal number there is of.
    #[inline(always)]
    fn exp<E: Real, S: Simd<E>>(x: S::V) -> S::V {
        let all = |x: f64| S::splat(E::rounded(x));
        let least = E::rounded(E::LEAST_EXPONENT);
        let x = S::map(x, |x| if x < least { least } else { x });
        // x = k ln 2 + r, and p r = exp(r) - 1 by its Taylor series.
        let rounder = all(E::ROUNDER);
        let k = S::sub(S::mul_add(x, all(std::f64::consts::LOG2_E), rounder), rounder);
        let r = S::mul_add(k, all(-LN2_HIGH), x);
        let r = S::mul_add(k, all(-LN2_LOW), r);
        let mut p = all(E::EXPM1[0]);
        for &coefficient in &E::EXPM1[1..] {
            p = S::mul_add(p, r, all(coefficient));
        }
        let scale = S::map(k, E::power_of_two);
        S::mul_add(scale, S::mul(p, r), scale)
    }

    #[inline(always)]
    pub fn exp_all<E: Real, S: Simd<E>>(numbers: &mut [E]) {
        for chunk in S::chunks_mut(numbers) {
            S::store(chunk, exp::<E, S>(S::load(chunk)));
        }
    }

    #[inline(always)]
    pub fn softmax<E: Real, S: Simd<E>>(scale: E, see: &[usize], mut scores: BlockMut<'_, E>, own: &mut [E]) {
        for (row, (&see, own)) in see.iter().zip(own).enumerate() {
            let scores = scores.row(row);
            let (seen, unseen) = scores.split_at_mut(see);
            let largest = seen.iter().fold(*own, |most, &score| if score > most { score } else { most });
            for score in &mut *seen {
                *score = scale * (*score - largest);
            }
            unseen.fill(E::default());
            exp_all::<E, S>(scores);
            let (seen, unseen) = scores.split_at_mut(see);
            unseen.fill(E::default());
            let mut lanes = [scale * (*own - largest); LANES];
            exp_all::<E, S>(&mut lanes);
            let share = E::rounded(1.0) / (sum::<E, S>(seen) + lanes[0]);
            for weight in seen {
                *weight = *weight * share;
            }
            *own = lanes[0] * share;
        }
    }

    #[inline(always)]
    pub fn softmax_back<E: Real, S: Simd<E>>(
        scale: E,
        see: &[usize],
        weights: Block<'_, E>,
        own: &[E],
        mut d: BlockMut<'_, E>,
        d_own: &mut [E],
    ) {
        for (row, (&see, (&own, d_own))) in see.iter().zip(own.iter().zip(d_own)).enumerate() {
            let (d, weights) = (d.row(row), weights.row(row));
            d[see..].fill(E::default());
            let mean = S::mul_add_one(own, *d_own, dot::<E, S>(&weights[..see], &d[..see]));
            for (d, &weight) in d[..see].iter_mut().zip(weights) {
                *d = scale * weight * (*d - mean);
            }
            *d_own = scale * own * (*d_own - mean);
        }
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
