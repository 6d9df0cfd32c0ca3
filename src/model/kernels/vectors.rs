//! Small linear algebra on plain slices, for rules of adaptation that learn numbers of their own and for those
//! that adapt the output layer: element by element, a matrix of features by a vector, a square by a square.
//! Rows of a matrix are `stride` numbers each, a multiple of eight, the padding zero.

use super::dense::{self, Square};
use super::real::Real;
use super::simd::Simd;
use super::{Kernels, Kind};

/// One entry point a function: the same body compiled for each path, and the choice between them.
macro_rules! vectors {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)?;)*) => {
        #[cfg(target_arch = "x86_64")]
        mod avx2_fma {
            use super::*;
            $(
                #[target_feature(enable = "avx2,fma")]
                pub fn $name<E: Real>($($arg: $type),*) $(-> $out)? {
                    bodies::$name::<E, E::Fast>($($arg),*)
                }
            )*
        }
        $(
            $(#[$doc])*
            #[inline]
            pub fn $name<E: Real>(kernels: Kernels, $($arg: $type),*) $(-> $out)? {
                match kernels.0 {
                    // SAFETY: `Kernels` holds this kind only where the processor has AVX2 and FMA.
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx2Fma => unsafe { avx2_fma::$name::<E>($($arg),*) },
                    _ => bodies::$name::<E, E::Portable>($($arg),*),
                }
            }
        )*
    };
}

vectors! {
    /// `out = scale * x`.
    fn scale(scale: E, x: &[E], out: &mut [E]);
    /// `out = a * b`, element by element.
    fn multiply(a: &[E], b: &[E], out: &mut [E]);
    /// `sum += scale * x`.
    fn add_scaled(scale: E, x: &[E], sum: &mut [E]);
    /// The same with the product rounded before it is added, as on a tape without fused operations.
    fn add_rounded(scale: E, x: &[E], sum: &mut [E]);
    /// `sum += scale * a * b`, element by element.
    fn add_product(scale: E, a: &[E], b: &[E], sum: &mut [E]);
    /// The sum of the products of elements.
    fn dot(a: &[E], b: &[E]) -> E;
    /// A row's product with `w`, for every row of `rows`.
    fn rows_times(rows: &[E], w: &[E], out: &mut [E]);
    /// `out += scale *` the sum of rows, each times its number in `times`.
    fn add_rows(rows: &[E], times: &[E], scale: E, out: &mut [E]);
    /// `out = a b'`: a row of `b`'s length for every number of `a`.
    fn outer(a: &[E], b: &[E], out: &mut [E]);
    /// `out += scale * (a b' + c d')` of two pairs.
    fn add_outers(pairs: [(&[E], &[E]); 2], scale: E, out: &mut [E]);
    /// `gram = rows others'`, row after row.
    fn gram(stride: usize, rows: &[E], others: &[E], out: &mut [E]);
    /// The lower half of `rows rows'`, row after row of a square.
    fn own_gram(stride: usize, rows: &[E], out: &mut [E]);
    /// `out = rows square`, for rows and a square of this stride.
    fn rows_times_square(stride: usize, rows: &[E], square: &[E], out: &mut [E]);
    /// `out += scale * a' b`, summed over their rows.
    fn add_outer_rows(stride: usize, a: &[E], b: &[E], scale: E, out: &mut [E]);
    /// The Cholesky factor of a symmetric positive definite matrix of `n` rows, in place of its lower half; on
    /// the diagonal the inverses of the factor's numbers.
    fn cholesky(n: usize, matrix: &mut [E]);
    /// Solves for several right-hand sides, the columns of `sides`, with what `cholesky` left.
    fn solve(n: usize, factor: &[E], sides: &mut [E]);
    /// `out = square'`.
    fn transpose(stride: usize, square: &[E], out: &mut [E]);
}

/// Runs `$body` with `$width` the stride as a constant: the strides of the widths on the menu.
macro_rules! with_stride {
    ($stride:expr, $width:ident => $body:expr) => {
        with_stride!(@menu $stride, $width => $body; 16 32 40 64 104 128)
    };
    (@menu $stride:expr, $width:ident => $body:expr; $($menu:literal)*) => {
        match $stride {
            $($menu => {
                const $width: usize = $menu;
                $body
            })*
            stride => unreachable!("no width on the menu is padded to {stride}"),
        }
    };
}

mod bodies {
    use super::*;

    /// Calls `whole` with the number of every whole vector, and `rest` with every place after the last one.
    #[inline(always)]
    fn walk<E, S: Simd<E>>(length: usize, mut whole: impl FnMut(usize), mut rest: impl FnMut(usize)) {
        for lane in 0..length / S::WIDTH {
            whole(lane);
        }
        for i in length / S::WIDTH * S::WIDTH..length {
            rest(i);
        }
    }

    #[inline(always)]
    pub fn scale<E: Real, S: Simd<E>>(scale: E, x: &[E], out: &mut [E]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = scale * x;
        }
    }

    #[inline(always)]
    pub fn multiply<E: Real, S: Simd<E>>(a: &[E], b: &[E], out: &mut [E]) {
        for (out, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
            *out = a * b;
        }
    }

    #[inline(always)]
    pub fn add_scaled<E: Real, S: Simd<E>>(scale: E, x: &[E], sum: &mut [E]) {
        for (sum, &x) in sum.iter_mut().zip(x) {
            *sum = S::mul_add_one(scale, x, *sum);
        }
    }

    #[inline(always)]
    pub fn add_rounded<E: Real, S: Simd<E>>(scale: E, x: &[E], sum: &mut [E]) {
        for (sum, &x) in sum.iter_mut().zip(x) {
            *sum += scale * x;
        }
    }

    #[inline(always)]
    pub fn add_product<E: Real, S: Simd<E>>(scale: E, a: &[E], b: &[E], sum: &mut [E]) {
        for (sum, (&a, &b)) in sum.iter_mut().zip(a.iter().zip(b)) {
            *sum = S::mul_add_one(scale * a, b, *sum);
        }
    }

    #[inline(always)]
    pub fn dot<E: Real, S: Simd<E>>(a: &[E], b: &[E]) -> E {
        assert_eq!(a.len(), b.len());
        let mut sums = [S::splat(E::default()); 4];
        let mut rest = E::default();
        walk::<E, S>(
            a.len(),
            |lane| sums[lane % 4] = S::mul_add(S::load(a, lane), S::load(b, lane), sums[lane % 4]),
            |i| rest = S::mul_add_one(a[i], b[i], rest),
        );
        S::sum(S::add(S::add(sums[0], sums[1]), S::add(sums[2], sums[3]))) + rest
    }

    #[inline(always)]
    pub fn rows_times<E: Real, S: Simd<E>>(rows: &[E], w: &[E], out: &mut [E]) {
        for (out, row) in out.iter_mut().zip(rows.chunks_exact(w.len())) {
            let mut sum = S::splat(E::default());
            for lane in 0..w.len() / S::WIDTH {
                sum = S::mul_add(S::load(row, lane), S::load(w, lane), sum);
            }
            *out = S::sum(sum);
        }
    }

    #[inline(always)]
    pub fn add_rows<E: Real, S: Simd<E>>(rows: &[E], times: &[E], scale: E, out: &mut [E]) {
        let stride = out.len();
        for lane in 0..stride / S::WIDTH {
            let mut sum = S::splat(E::default());
            for (row, &times) in rows.chunks_exact(stride).zip(times) {
                sum = S::mul_add(S::splat(times), S::load(row, lane), sum);
            }
            S::store(out, lane, S::mul_add(S::splat(scale), sum, S::load(out, lane)));
        }
    }

    #[inline(always)]
    pub fn outer<E: Real, S: Simd<E>>(a: &[E], b: &[E], out: &mut [E]) {
        for (&a, out) in a.iter().zip(out.chunks_exact_mut(b.len())) {
            for lane in 0..b.len() / S::WIDTH {
                S::store(out, lane, S::mul(S::splat(a), S::load(b, lane)));
            }
        }
    }

    #[inline(always)]
    pub fn add_outers<E: Real, S: Simd<E>>(pairs: [(&[E], &[E]); 2], scale: E, out: &mut [E]) {
        let [(a, b), (c, d)] = pairs;
        for ((&a, &c), out) in a.iter().zip(c).zip(out.chunks_exact_mut(b.len())) {
            let (a, c) = (S::splat(scale * a), S::splat(scale * c));
            for lane in 0..b.len() / S::WIDTH {
                let one = S::mul_add(a, S::load(b, lane), S::load(out, lane));
                S::store(out, lane, S::mul_add(c, S::load(d, lane), one));
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
        with_stride!(stride, P => {
            let [rows, square] = [rows, square].map(|matrix| matrix.as_chunks::<P>().0);
            let square: &Square<E, P> = square.first_chunk().expect("a square has as many rows as columns");
            dense::product::<E, S, P>((rows, square), None, None, out.as_chunks_mut::<P>().0);
        });
    }

    #[inline(always)]
    pub fn add_outer_rows<E: Real, S: Simd<E>>(stride: usize, a: &[E], b: &[E], scale: E, out: &mut [E]) {
        with_stride!(stride, P => {
            let pair = (a.as_chunks::<P>().0, b.as_chunks::<P>().0);
            let out = out.as_chunks_mut::<P>().0.first_chunk_mut();
            let out: &mut Square<E, P> = out.expect("a square has as many rows as columns");
            dense::add_outer::<E, S, P>(pair, scale, out);
        });
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
            let at = |sides: &[E], i: usize| S::load(&sides[i * columns..], lane);
            for i in (0..n).chain((0..n).rev().map(|i| i + n)) {
                // Down the factor, then up its transpose.
                let (i, is_down) = (i % n, i < n);
                let mut sum = at(sides, i);
                for k in if is_down { 0..i } else { i + 1..n } {
                    let place = if is_down { i * n + k } else { k * n + i };
                    sum = S::mul_add(S::splat(minus(factor[place])), at(sides, k), sum);
                }
                S::store(&mut sides[i * columns..], lane, S::mul(S::splat(factor[i * (n + 1)]), sum));
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
    pub fn transpose<E: Real, S: Simd<E>>(stride: usize, square: &[E], out: &mut [E]) {
        with_stride!(stride, P => {
            let square = square.as_chunks::<P>().0.first_chunk::<P>();
            let out = out.as_chunks_mut::<P>().0.first_chunk_mut::<P>();
            if let (Some(square), Some(out)) = (square, out) {
                dense::transpose::<E, S, P>(square, out);
            }
        });
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
            add_outer_rows(kernels, stride, &a, &b, 0.5, &mut out);
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
