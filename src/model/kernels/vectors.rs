//! Small linear algebra on plain slices, for rules of adaptation that learn numbers of their own and for those
//! that adapt the output layer: element by element, a matrix of features by a vector, a square by a square.
//! Rows of a matrix are `stride` numbers each, a multiple of eight, the padding zero.

use super::Kernels;
use super::block::Block;
use super::dense;
use super::dispatch::compiled;
use super::matrix::{Matrix, MatrixMut, in_strips};
use super::passes::inner_of_rows;
use super::real::Real;
use super::simd::{Lanes, Level, Simd};

compiled! {
    /// `out = scale * x`.
    fn scale[](scale: E, x: &[E], out: &mut [E]);
    /// `out = a * b`, element by element.
    fn multiply[](a: &[E], b: &[E], out: &mut [E]);
    /// `sum += scale * x`.
    fn add_scaled[](scale: E, x: &[E], sum: &mut [E]);
    /// The same of rows, whose sums lie back to back, with the product rounded before it is added, as on a tape without
    /// fused operations.
    fn add_rounded[](scale: E, x: Block<'_, E>, sum: &mut [E]);
    /// `sum += scale * a * b`, element by element.
    fn add_product[](scale: E, a: &[E], b: &[E], sum: &mut [E]);
    /// The sum of the products of elements.
    fn dot[](a: &[E], b: &[E]) -> E;
    /// The sum of the products of the first `width` elements of all rows of this stride; the width is a multiple of
    /// eight.
    fn dot_rows[](width: usize, stride: usize, a: &[E], b: &[E]) -> E;
    /// A row's product with `w`, for every row of `rows`.
    fn rows_times[](rows: &[E], w: &[E], out: &mut [E]);
    /// `out += scale *` the sum of rows, each times its number in `times`.
    fn add_rows[](rows: &[E], times: &[E], scale: E, out: &mut [E]);
    /// `out = a b'`: a row of `b`'s length for every number of `a`.
    fn outer[](a: &[E], b: &[E], out: &mut [E]);
    /// `out += scale * (a b' + c d')` of two pairs.
    fn add_outers[](pairs: [(&[E], &[E]); 2], scale: E, out: &mut [E]);
    /// `gram = rows others'`, row after row.
    fn gram[](stride: usize, rows: &[E], others: &[E], out: &mut [E]);
    /// The lower half of `rows rows'`, row after row of a square.
    fn own_gram[](stride: usize, rows: &[E], out: &mut [E]);
    /// `out = rows square`, for rows and a square of this stride.
    fn rows_times_square[](stride: usize, rows: &[E], square: &[E], out: &mut [E]);
    /// `out += scale * a' b`, summed over their rows of this stride; `out` has rows of their stride, or of as many
    /// numbers as it has rows.
    fn add_outer_rows[](stride: usize, a: &[E], b: &[E], scale: E, out_stride: usize, out: &mut [E]);
    /// The Cholesky factor of a symmetric positive definite matrix of `n` rows, in place of its lower half; on
    /// the diagonal the inverses of the factor's numbers.
    fn cholesky[](n: usize, matrix: &mut [E]);
    /// Solves for several right-hand sides, the columns of `sides`, with what `cholesky` left.
    fn solve[](n: usize, factor: &[E], sides: &mut [E]);
    /// Puts rows of so many numbers, which lie back to back, into rows of this stride, whose padding stays or becomes zero.
    fn spread[](columns: usize, numbers: &[E], stride: usize, rows: &mut [E]);
    /// `out = square'`.
    fn transpose[](stride: usize, square: &[E], out: &mut [E]);
}

mod bodies {
    use super::*;

    /// `out`, element by element, from the same elements of other slices and what is there: as vectors, and what is left as
    /// numbers. Loops that the compiler makes vectors of take several at once, and a row has too few for that.
    macro_rules! each {
        ($out:ident, $there:ident, [$($x:ident),*]: $vector:expr, $number:expr) => {
            let whole = $out.len() / S::WIDTH;
            $(let $x = &$x[..$out.len()];)*
            for lane in 0..whole {
                let to = &mut S::chunks_mut($out)[lane];
                let $there = S::load(to);
                $(let $x = S::load(&S::chunks($x)[lane]);)*
                S::store(to, $vector);
            }
            for i in whole * S::WIDTH..$out.len() {
                let $there = $out[i];
                $(let $x = $x[i];)*
                $out[i] = $number;
            }
        };
    }

    #[inline(always)]
    pub fn scale<E: Real, S: Simd<E>>(scale: E, x: &[E], out: &mut [E]) {
        let all = S::splat(scale);
        each!(out, _there, [x]: S::mul(all, x), scale * x);
    }

    #[inline(always)]
    pub fn multiply<E: Real, S: Simd<E>>(a: &[E], b: &[E], out: &mut [E]) {
        each!(out, _there, [a, b]: S::mul(a, b), a * b);
    }

    #[inline(always)]
    pub fn add_scaled<E: Real, S: Simd<E>>(scale: E, x: &[E], sum: &mut [E]) {
        let all = S::splat(scale);
        each!(sum, there, [x]: S::mul_add(all, x, there), S::mul_add_one(scale, x, there));
    }

    #[inline(always)]
    pub fn add_rounded<E: Real, S: Simd<E>>(scale: E, x: Block<'_, E>, sum: &mut [E]) {
        assert_eq!(sum.len(), x.rows * x.columns, "a sum for each number");
        // Narrow vectors: rows of 40 numbers that lie back to back begin in the middle of a wide one.
        let all = S::Narrow::splat(scale);
        for (row, sum) in sum.chunks_exact_mut(x.columns.max(1)).enumerate() {
            let x = x.row(row);
            for (sum, x) in S::Narrow::chunks_mut(sum).iter_mut().zip(S::Narrow::chunks(x)) {
                S::Narrow::store(
                    sum,
                    S::Narrow::add(S::Narrow::load(sum), S::Narrow::mul(all, S::Narrow::load(x))),
                );
            }
            let rest = x.len() / S::Narrow::WIDTH * S::Narrow::WIDTH;
            for (sum, &x) in sum[rest..].iter_mut().zip(&x[rest..]) {
                *sum += scale * x;
            }
        }
    }

    #[inline(always)]
    pub fn add_product<E: Real, S: Simd<E>>(scale: E, a: &[E], b: &[E], sum: &mut [E]) {
        let all = S::splat(scale);
        each!(sum, there, [a, b]: S::mul_add(S::mul(all, a), b, there), S::mul_add_one(scale * a, b, there));
    }

    /// Adds the products of whole vectors to four sums in turn, the first one to the sum number `FIRST`.
    #[inline(always)]
    fn add_products<E: Real, N: Lanes<E>, const FIRST: usize>(sums: &mut [N::V; 4], a: &[E], b: &[E]) {
        let (a, b) = (N::chunks(a).as_chunks::<4>(), N::chunks(b).as_chunks::<4>());
        // Sums whose number is known when this is compiled stay in registers.
        for (a, b) in a.0.iter().zip(b.0) {
            for at in 0..4 {
                let sum = &mut sums[(FIRST + at) % 4];
                *sum = N::mul_add(N::load(&a[at]), N::load(&b[at]), *sum);
            }
        }
        for at in 0..3 {
            if at < a.1.len() {
                let sum = &mut sums[(FIRST + at) % 4];
                *sum = N::mul_add(N::load(&a.1[at]), N::load(&b.1[at]), *sum);
            }
        }
    }

    #[inline(always)]
    fn sum_of<E: Real, N: Lanes<E>>(sums: [N::V; 4]) -> E {
        N::sum(N::add(N::add(sums[0], sums[1]), N::add(sums[2], sums[3])))
    }

    #[inline(always)]
    pub fn dot<E: Real, S: Simd<E>>(a: &[E], b: &[E]) -> E {
        assert_eq!(a.len(), b.len());
        let mut sums = [<S::Narrow as Simd<E>>::splat(E::default()); 4];
        add_products::<E, S::Narrow, 0>(&mut sums, a, b);
        let mut rest = E::default();
        for i in a.len() / S::Narrow::WIDTH * S::Narrow::WIDTH..a.len() {
            rest = S::mul_add_one(a[i], b[i], rest);
        }
        sum_of::<E, S::Narrow>(sums) + rest
    }

    #[inline(always)]
    pub fn dot_rows<E: Real, S: Simd<E>>(width: usize, stride: usize, a: &[E], b: &[E]) -> E {
        let mut sums = [<S::Narrow as Simd<E>>::splat(E::default()); 4];
        for (row, (a, b)) in a.chunks_exact(stride).zip(b.chunks_exact(stride)).enumerate() {
            let (a, b) = (&a[..width], &b[..width]);
            match row * (width / S::Narrow::WIDTH) % 4 {
                0 => add_products::<E, S::Narrow, 0>(&mut sums, a, b),
                1 => add_products::<E, S::Narrow, 1>(&mut sums, a, b),
                2 => add_products::<E, S::Narrow, 2>(&mut sums, a, b),
                _ => add_products::<E, S::Narrow, 3>(&mut sums, a, b),
            }
        }
        sum_of::<E, S::Narrow>(sums)
    }

    #[inline(always)]
    pub fn rows_times<E: Real, S: Simd<E>>(rows: &[E], w: &[E], out: &mut [E]) {
        let rows = Matrix::of(&rows[..out.len() * w.len()], out.len(), w.len());
        inner_of_rows::<E, S, 1>([(rows, w)], out);
    }

    #[inline(always)]
    pub fn add_rows<E: Real, S: Simd<E>>(rows: &[E], times: &[E], scale: E, out: &mut [E]) {
        let rows = Matrix::new(rows, out.len());
        let count = rows.rows().min(times.len());
        in_strips!(5, 3, 2, 1 of out.len() / S::WIDTH, |lane, FEW| {
            let (mut sums, rows) = ([S::splat(E::default()); FEW], rows.strip::<S, FEW>(lane));
            for n in 0..count {
                let (times, row) = (S::splat(times[n]), rows.load(n));
                for l in 0..FEW {
                    sums[l] = S::mul_add(times, row[l], sums[l]);
                }
            }
            for (out, sum) in S::chunks_mut(out)[lane..].iter_mut().zip(sums) {
                S::store(out, S::mul_add(S::splat(scale), sum, S::load(out)));
            }
        });
    }

    #[inline(always)]
    pub fn outer<E: Real, S: Simd<E>>(a: &[E], b: &[E], out: &mut [E]) {
        for (&a, out) in a.iter().zip(out.chunks_exact_mut(b.len())) {
            for (out, b) in S::chunks_mut(out).iter_mut().zip(S::chunks(b)) {
                S::store(out, S::mul(S::splat(a), S::load(b)));
            }
        }
    }

    #[inline(always)]
    pub fn add_outers<E: Real, S: Simd<E>>(pairs: [(&[E], &[E]); 2], scale: E, out: &mut [E]) {
        let [(a, b), (c, d)] = pairs;
        for ((&a, &c), out) in a.iter().zip(c).zip(out.chunks_exact_mut(b.len())) {
            let (a, c) = (S::splat(scale * a), S::splat(scale * c));
            for (out, (b, d)) in S::chunks_mut(out).iter_mut().zip(S::chunks(b).iter().zip(S::chunks(d))) {
                let one = S::mul_add(a, S::load(b), S::load(out));
                S::store(out, S::mul_add(c, S::load(d), one));
            }
        }
    }

    #[inline(always)]
    pub fn gram<E: Real, S: Simd<E>>(stride: usize, rows: &[E], others: &[E], out: &mut [E]) {
        let count = others.len() / stride;
        for (row, out) in rows.chunks_exact(stride).zip(out.chunks_exact_mut(count)) {
            rows_times::<E, S>(others, row, out);
        }
    }

    #[inline(always)]
    pub fn own_gram<E: Real, S: Simd<E>>(stride: usize, rows: &[E], out: &mut [E]) {
        let count = rows.len() / stride;
        for (i, (row, out)) in rows.chunks_exact(stride).zip(out.chunks_exact_mut(count)).enumerate() {
            rows_times::<E, S>(rows, row, &mut out[..=i]);
        }
    }

    #[inline(always)]
    pub fn rows_times_square<E: Real, S: Simd<E>>(stride: usize, rows: &[E], square: &[E], out: &mut [E]) {
        let square = Matrix::new(square, stride);
        let (rows, out) = (Matrix::new(rows, stride), MatrixMut::new(out, stride));
        dense::product::<E, S>(square.rows(), (rows, square), None, None, dense::Then::Written, out);
    }

    #[inline(always)]
    pub fn add_outer_rows<E: Real, S: Simd<E>>(
        stride: usize,
        a: &[E],
        b: &[E],
        scale: E,
        out_stride: usize,
        out: &mut [E],
    ) {
        let (a, b) = (Matrix::new(a, stride), Matrix::new(b, stride));
        dense::outer::<E, S>((a, b), None, dense::Onto::Itself(scale), MatrixMut::new(out, out_stride));
    }

    #[inline(always)]
    pub fn cholesky<E: Real, S: Simd<E>>(n: usize, matrix: &mut [E]) {
        for i in 0..n {
            let (above, row) = matrix.split_at_mut(i * n);
            for (j, other) in above.chunks_exact(n).enumerate() {
                let mut sum = row[j];
                for k in 0..j {
                    sum = S::mul_add_one(E::default() - row[k], other[k], sum);
                }
                row[j] = sum * other[j];
            }
            let mut sum = row[i];
            for k in 0..i {
                sum = S::mul_add_one(E::default() - row[k], row[k], sum);
            }
            row[i] = E::rounded(1.0) / sum.root();
        }
    }

    #[inline(always)]
    pub fn solve<E: Real, S: Simd<E>>(n: usize, factor: &[E], sides: &mut [E]) {
        let columns = sides.len() / n;
        let whole = columns / S::WIDTH;
        let minus = |factor: E| E::default() - factor;
        for lane in 0..whole {
            let at = |sides: &[E], i: usize| S::load(&S::chunks(&sides[i * columns..])[lane]);
            for i in (0..n).chain((0..n).rev().map(|i| i + n)) {
                // Down the factor, then up its transpose.
                let (i, is_down) = (i % n, i < n);
                let mut sum = at(sides, i);
                for k in if is_down { 0..i } else { i + 1..n } {
                    let place = if is_down { i * n + k } else { k * n + i };
                    sum = S::mul_add(S::splat(minus(factor[place])), at(sides, k), sum);
                }
                let solved = S::mul(S::splat(factor[i * (n + 1)]), sum);
                S::store(&mut S::chunks_mut(&mut sides[i * columns..])[lane], solved);
            }
        }
        for column in whole * S::WIDTH..columns {
            for i in 0..n {
                let mut sum = sides[i * columns + column];
                for k in 0..i {
                    sum = S::mul_add_one(minus(factor[i * n + k]), sides[k * columns + column], sum);
                }
                sides[i * columns + column] = factor[i * (n + 1)] * sum;
            }
            for i in (0..n).rev() {
                let mut sum = sides[i * columns + column];
                for k in i + 1..n {
                    sum = S::mul_add_one(minus(factor[k * n + i]), sides[k * columns + column], sum);
                }
                sides[i * columns + column] = factor[i * (n + 1)] * sum;
            }
        }
    }

    #[inline(always)]
    pub fn spread<E: Real, S: Simd<E>>(columns: usize, numbers: &[E], stride: usize, rows: &mut [E]) {
        dense::spread::<E, S>(columns, numbers, MatrixMut::new(rows, stride));
    }

    #[inline(always)]
    pub fn transpose<E: Real, S: Simd<E>>(stride: usize, square: &[E], out: &mut [E]) {
        dense::transpose::<E, S>(Matrix::new(square, stride), MatrixMut::new(out, stride));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_what_their_sums_say() {
        let (stride, rows) = (16, 3);
        let numbers =
            |n: usize, seed: usize| -> Vec<f64> { (0..n).map(|i| ((i * 7 + seed) as f64).sin()).collect() };
        let (a, b, square) = (numbers(rows * stride, 1), numbers(rows * stride, 2), numbers(256, 3));
        let close = |found: &[f64], expected: &dyn Fn(usize, usize) -> f64, columns: usize| {
            for (i, found) in found.iter().enumerate() {
                let expected = expected(i / columns, i % columns);
                assert!((found - expected).abs() < 1e-13, "{i}: {found} {expected}");
            }
        };
        let row = |m: &[f64], r: usize| m[r * stride..(r + 1) * stride].to_vec();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for kernels in Kernels::available() {
            let mut out = vec![0.0; rows * rows];
            gram(kernels, stride, &a, &b, &mut out);
            close(&out, &|r, c| dot(&row(&a, r), &row(&b, c)), rows);
            let mut out = vec![0.0; rows * rows];
            own_gram(kernels, stride, &a, &mut out);
            close(&out, &|r, c| if c > r { 0.0 } else { dot(&row(&a, r), &row(&a, c)) }, rows);
            let mut out = vec![0.0; rows * stride];
            rows_times_square(kernels, stride, &a, &square, &mut out);
            close(
                &out,
                &|r, c| (0..stride).map(|k| a[r * stride + k] * square[k * stride + c]).sum(),
                stride,
            );
            let mut out = square.clone();
            add_outer_rows(kernels, stride, &a, &b, 0.5, stride, &mut out);
            let sum = |r, c| (0..rows).map(|n| a[n * stride + r] * b[n * stride + c]).sum::<f64>();
            close(&out, &|r, c| square[r * stride + c] + 0.5 * sum(r, c), stride);
            transpose(kernels, stride, &square, &mut out);
            close(&out, &|r, c| square[c * stride + r], stride);
            let found = self::dot(kernels, &a[..21], &b[..21]);
            assert!((found - dot(&a[..21], &b[..21])).abs() < 1e-14);
            let (times, mut out) = ([0.3, -2.0, 1.5], row(&b, 1));
            add_rows(kernels, &a, &times, 2.0, &mut out);
            let sum = |c: usize| (0..rows).map(|r| times[r] * a[r * stride + c]).sum::<f64>();
            close(&out, &|_, c| b[stride + c] + 2.0 * sum(c), stride);
            let matrix = [4.0, 2.0, -1.0, 2.0, 5.0, 0.5, -1.0, 0.5, 3.0];
            let mut factor = matrix;
            cholesky(kernels, 3, &mut factor);
            let mut sides = [1.0, 0.0, -2.0, 1.0, 0.5, 7.0];
            solve(kernels, 3, &factor, &mut sides);
            let product =
                |r: usize, c: usize| (0..3).map(|k| matrix[r * 3 + k] * sides[k * 2 + c]).sum::<f64>();
            close(&[1.0, 0.0, -2.0, 1.0, 0.5, 7.0], &product, 2);
            let mut out = a.clone();
            let (c, d) = (row(&b, 0), row(&b, 2));
            add_outers(kernels, [(&times, &c), (&times, &d)], 0.1, &mut out);
            close(&out, &|r, i| a[r * stride + i] + 0.1 * times[r] * (c[i] + d[i]), stride);
        }
    }
}
