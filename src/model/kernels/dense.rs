//! The two matrix products everything else is made of, in register tiles, and the transposition that
//! gives both passes contiguous rows.
//!
//! Features are innermost: a matrix is rows of numbers, padded to whole registers. A tile keeps a few rows by a few
//! registers' width of sums in registers while it walks the shared dimension, so each loaded vector is used once a
//! row. Only tiles know shapes when they are compiled; how wide a matrix is they are told. The shape of a tile does
//! not change the order in which an element is summed, so no bit depends on it, nor on the width of registers.

use super::dispatch::out_of_line;
use super::matrix::{Matrix, MatrixMut};
use super::real::Real;
use super::simd::{Lanes, Level, Simd};

/// Both factors of one product: `a` by `b`, or for [`outer`] `a^T b` over the rows.
pub type Pair<'a, E> = (Matrix<'a, E>, Matrix<'a, E>);

out_of_line! {
    /// `out = bias + a b (+ a2 b2)`, row by row, over the first `n` columns of `a` and rows of `b`; further columns
    /// of `a` are zero.
    fn product = product_body(
        n: usize,
        first: Pair<'_, E>,
        second: Option<Pair<'_, E>>,
        bias: Option<&[E]>,
        out: MatrixMut<'_, E>,
    );
    /// `out = base + scale * (a^T b (+ a2^T b2))`, the products summed over the rows; without `base`, the
    /// products themselves. `out` has a multiple of eight rows.
    fn outer = outer_body(
        first: Pair<'_, E>,
        second: Option<Pair<'_, E>>,
        base: Option<(Matrix<'_, E>, E)>,
        out: MatrixMut<'_, E>,
    );
    /// `out += scale * a^T b`, summed over the rows. `out` has a multiple of eight rows.
    fn add_outer = add_outer_body(pair: Pair<'_, E>, scale: E, out: MatrixMut<'_, E>);
}

/// A product between matrices of one stride, whose shapes have been looked at.
struct Product<'a, E> {
    n: usize,
    stride: usize,
    first: Pair<'a, E>,
    second: Option<Pair<'a, E>>,
    bias: Option<&'a [E]>,
    out: MatrixMut<'a, E>,
}

#[inline(always)]
fn product_body<E: Real, S: Simd<E>>(
    n: usize,
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    bias: Option<&[E]>,
    out: MatrixMut<'_, E>,
) {
    // Narrow rows are worth a copy of their own: at width 16 what surrounds the tiles is a quarter of the time, 104
    // against 129 cycles for ten rows. At 40 a copy brings nothing.
    match (n, out.stride()) {
        (16, 16) => product_of::<E, S>(16, 16, first, second, bias, out),
        (n, stride) => product_of::<E, S>(n, stride, first, second, bias, out),
    }
}

#[inline(always)]
fn product_of<E: Real, S: Simd<E>>(
    n: usize,
    stride: usize,
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    bias: Option<&[E]>,
    out: MatrixMut<'_, E>,
) {
    let rows = out.rows();
    // An iterator over both would go through memory.
    let fit = |(a, b): Pair<'_, E>| {
        let is_whole = a.rows() == rows && b.rows() >= n && n <= stride;
        is_whole && a.stride() == stride && b.stride() == stride
    };
    assert!(fit(first) && second.is_none_or(fit), "the factors fit");
    assert!(
        bias.is_none_or(|bias| bias.len() == stride) && stride.is_multiple_of(S::WIDTH),
        "so does the bias"
    );
    let (mut product, lanes) = (Product { n, stride, first, second, bias, out }, stride / S::WIDTH);
    let (mut at, mut lane) = (0, 0);
    // SAFETY, for every tile: its rows are below `rows`, its lanes below `lanes`.
    macro_rules! rows {
        ($rb:literal x $lb:literal) => {
            while rows - at >= $rb {
                unsafe { product.tile::<S, $rb, $lb>(at, lane) };
                at += $rb;
            }
        };
    }
    // Lanes in groups, each group over all rows.
    macro_rules! lanes {
        ($lb:literal: $($rb:literal),*) => {
            while lanes - lane >= $lb {
                $(rows!($rb x $lb);)*
                (at, lane) = (0, lane + $lb);
            }
        };
    }
    match S::LEVEL {
        Level::Avx512 => {
            // Thirty-two registers: as many sums as there is room for beside a row of `b` and a broadcast.
            lanes!(4: 5, 2, 1);
            lanes!(3: 8, 5, 2, 1);
            lanes!(2: 10, 5, 2, 1);
            lanes!(1: 10, 5, 2, 1);
        }
        Level::Avx2 => {
            // Sixteen registers: ten sums, two columns, a broadcast, and ten sums cover the latency of two FMA
            // units. Five rows by two columns need seven loads for their ten multiply-adds, ten rows by one
            // column eleven.
            lanes!(2: 5, 2, 1);
            lanes!(1: 10, 5, 2, 1);
        }
        // Sixteen 128-bit registers: three rows of a 256-bit column and what belongs to them.
        Level::Portable => lanes!(1: 3, 1),
    }
}

impl<E: Real> Product<'_, E> {
    /// Rows `at .. at + RB`, lanes `lane .. lane + LB`.
    ///
    /// # Safety
    /// There are these rows and lanes.
    #[inline(always)]
    unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize>(&mut self, at: usize, lane: usize) {
        let (from, row) = (lane * S::WIDTH, at * self.stride);
        let mut sums = [[S::splat(E::default()); LB]; RB];
        if let Some(bias) = self.bias {
            for l in 0..LB {
                // SAFETY: a bias is a row, which has these lanes.
                let bias = unsafe { load::<E, S>(bias.as_ptr().add(from), l) };
                for r in 0..RB {
                    sums[r][l] = bias;
                }
            }
        }
        // SAFETY: both pairs have these rows and lanes.
        unsafe {
            self.accumulate::<S, RB, LB>(&mut sums, self.first, row, from);
            if let Some(second) = self.second {
                self.accumulate::<S, RB, LB>(&mut sums, second, row, from);
            }
        }
        let out = self.out.reborrow().flat();
        for r in 0..RB {
            for l in 0..LB {
                // SAFETY: the caller says that there are these rows and lanes.
                unsafe { store::<E, S>(out.as_mut_ptr().add(row + r * self.stride + from), l, sums[r][l]) };
            }
        }
    }
}

impl<E: Real> Product<'_, E> {
    /// Adds a pair's product to `sums`: rows of `a` from its number `row` on, by lanes of `b` from `from` on.
    ///
    /// # Safety
    /// There are these rows and lanes.
    #[inline(always)]
    unsafe fn accumulate<S: Simd<E>, const RB: usize, const LB: usize>(
        &self,
        sums: &mut [[S::V; LB]; RB],
        (a, b): Pair<'_, E>,
        row: usize,
        from: usize,
    ) {
        let mut b = b.flat().as_ptr().wrapping_add(from);
        // An address a row, so that none is worked out in the loop.
        let mut rows = [a.flat().as_ptr().wrapping_add(row); RB];
        for r in 1..RB {
            rows[r] = rows[r - 1].wrapping_add(self.stride);
        }
        for k in 0..self.n {
            let mut columns = [S::splat(E::default()); LB];
            for l in 0..LB {
                // SAFETY: a lane of one of the first `n` rows of `b`.
                columns[l] = unsafe { load::<E, S>(b, l) };
            }
            for r in 0..RB {
                // SAFETY: one of the first `n` numbers of a row of `a`.
                let a = S::splat(unsafe { *rows[r].add(k) });
                for l in 0..LB {
                    sums[r][l] = S::mul_add(a, columns[l], sums[r][l]);
                }
            }
            b = b.wrapping_add(self.stride);
        }
    }
}

/// The `lane`-th vector from here.
///
/// # Safety
/// It lies within one slice.
#[inline(always)]
unsafe fn load<E: Real, S: Simd<E>>(from: *const E, lane: usize) -> S::V {
    // SAFETY: the caller's; a chunk is numbers back to back.
    S::load(unsafe { &*from.add(lane * S::WIDTH).cast() })
}

/// Writes the `lane`-th vector from here.
///
/// # Safety
/// It lies within one slice, which is borrowed mutably.
#[inline(always)]
unsafe fn store<E: Real, S: Simd<E>>(to: *mut E, lane: usize, v: S::V) {
    // SAFETY: the caller's; a chunk is numbers back to back.
    S::store(unsafe { &mut *to.add(lane * S::WIDTH).cast() }, v);
}

/// What is done with the sums of a tile of [`outer`] or [`add_outer`].
#[derive(Clone, Copy)]
enum Onto<'a, E> {
    /// They are the result.
    Nothing,
    /// Scaled, they are added to these numbers.
    Base(Matrix<'a, E>, E),
    /// Scaled, they are added to what is there.
    Itself(E),
}

/// Outer products between matrices of one stride, whose shapes have been looked at.
struct Outer<'a, E> {
    stride: usize,
    first: Pair<'a, E>,
    second: Option<Pair<'a, E>>,
    onto: Onto<'a, E>,
    out: MatrixMut<'a, E>,
}

#[inline(always)]
fn outer_body<E: Real, S: Simd<E>>(
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    base: Option<(Matrix<'_, E>, E)>,
    out: MatrixMut<'_, E>,
) {
    let onto = base.map_or(Onto::Nothing, |(base, scale)| Onto::Base(base, scale));
    // As in `product`, though it is only a tenth here.
    match (out.rows(), out.stride()) {
        (16, 16) => outer_onto::<E, S>(16, 16, first, second, onto, out),
        (rows, stride) => outer_onto::<E, S>(rows, stride, first, second, onto, out),
    }
}

#[inline(always)]
fn add_outer_body<E: Real, S: Simd<E>>(pair: Pair<'_, E>, scale: E, out: MatrixMut<'_, E>) {
    outer_onto::<E, S>(out.rows(), out.stride(), pair, None, Onto::Itself(scale), out);
}

#[inline(always)]
fn outer_onto<E: Real, S: Simd<E>>(
    rows: usize,
    stride: usize,
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    onto: Onto<'_, E>,
    out: MatrixMut<'_, E>,
) {
    let fit = |(a, b): Pair<'_, E>| a.rows() == b.rows() && a.stride() == stride && b.stride() == stride;
    assert!(fit(first) && second.is_none_or(fit) && rows <= stride, "the factors fit");
    if let Onto::Base(base, _) = onto {
        assert!(base.rows() == rows && base.stride() == stride, "so does the base");
    }
    assert!(rows.is_multiple_of(8) && stride.is_multiple_of(S::WIDTH), "a square comes in whole blocks");
    let (mut outer, lanes) = (Outer { stride, first, second, onto, out }, stride / S::WIDTH);
    let mut lane = 0;
    // SAFETY, for every tile: its rows are below `rows`, which is a multiple of the tile's, its lanes below `lanes`.
    macro_rules! lanes {
        ($rb:literal x $lb:literal) => {
            while lanes - lane >= $lb {
                for at in (0..rows).step_by($rb) {
                    unsafe { outer.tile::<S, $rb, $lb>(at, lane) };
                }
                lane += $lb;
            }
        };
    }
    match S::LEVEL {
        Level::Avx512 => {
            lanes!(4 x 4);
            lanes!(8 x 3);
            lanes!(8 x 2);
            lanes!(8 x 1);
        }
        // As in `product`: four rows by two columns take six loads for eight multiply-adds.
        Level::Avx2 => {
            lanes!(4 x 2);
            lanes!(8 x 1);
        }
        Level::Portable => lanes!(2 x 1),
    }
}

impl<E: Real> Outer<'_, E> {
    /// Rows `at .. at + RB`, lanes `lane .. lane + LB`: columns of `a` times lanes of `b`, summed over their rows.
    ///
    /// # Safety
    /// There are these rows and lanes.
    #[inline(always)]
    unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize>(&mut self, at: usize, lane: usize) {
        let (from, stride) = (lane * S::WIDTH, self.stride);
        let mut sums = [[S::splat(E::default()); LB]; RB];
        // SAFETY: both pairs have these columns and lanes.
        unsafe {
            self.accumulate::<S, RB, LB>(&mut sums, self.first, at, from);
            if let Some(second) = self.second {
                self.accumulate::<S, RB, LB>(&mut sums, second, at, from);
            }
        }
        let out = self.out.reborrow().flat().as_mut_ptr();
        for r in 0..RB {
            let row = (at + r) * stride + from;
            for l in 0..LB {
                // SAFETY: the caller says that there are these rows and lanes, of `out` and so of a base.
                unsafe {
                    let sum = match self.onto {
                        Onto::Nothing => sums[r][l],
                        Onto::Base(base, scale) => {
                            let base = load::<E, S>(base.flat().as_ptr().add(row), l);
                            S::mul_add(S::splat(scale), sums[r][l], base)
                        }
                        Onto::Itself(scale) => {
                            let there = load::<E, S>(out.add(row), l);
                            S::mul_add(S::splat(scale), sums[r][l], there)
                        }
                    };
                    store::<E, S>(out.add(row), l, sum);
                }
            }
        }
    }
}

impl<E: Real> Outer<'_, E> {
    /// Adds a pair's product to `sums`: columns of `a` from `at` on, by lanes of `b` from its number `from` on.
    ///
    /// # Safety
    /// There are these columns and lanes.
    #[inline(always)]
    unsafe fn accumulate<S: Simd<E>, const RB: usize, const LB: usize>(
        &self,
        sums: &mut [[S::V; LB]; RB],
        (a, b): Pair<'_, E>,
        at: usize,
        from: usize,
    ) {
        let (mut x, mut y) = (a.flat().as_ptr().wrapping_add(at), b.flat().as_ptr().wrapping_add(from));
        for _ in 0..a.rows() {
            let mut columns = [S::splat(E::default()); LB];
            for l in 0..LB {
                // SAFETY: a lane of a row of `b`.
                columns[l] = unsafe { load::<E, S>(y, l) };
            }
            for r in 0..RB {
                // SAFETY: `out` has no more rows than `a` has columns, and these.
                let x = S::splat(unsafe { *x.add(r) });
                for l in 0..LB {
                    sums[r][l] = S::mul_add(x, columns[l], sums[r][l]);
                }
            }
            (x, y) = (x.wrapping_add(self.stride), y.wrapping_add(self.stride));
        }
    }
}

/// `t = a^T`, of squares that come in blocks of eight by eight.
#[inline(always)]
pub fn transpose<E: Real, S: Simd<E>>(a: Matrix<'_, E>, t: MatrixMut<'_, E>) {
    let (rows, stride, width) = (a.rows(), a.stride(), S::Narrow::WIDTH);
    assert!(t.rows() == rows && t.stride() == stride && rows.is_multiple_of(8) && rows <= stride, "a square");
    let (a, t) = (a.flat().as_ptr(), t.flat().as_mut_ptr());
    for i in (0..rows).step_by(width) {
        for j in (0..rows).step_by(width) {
            let mut block = [<S::Narrow as Simd<E>>::splat(E::default()); 8];
            // SAFETY: blocks of rows and columns below `rows`, of which there are whole blocks.
            unsafe {
                for r in 0..width {
                    block[r] = load::<E, S::Narrow>(a.add((i + r) * stride + j), 0);
                }
                <S::Narrow as Lanes<E>>::transpose(&mut block);
                for r in 0..width {
                    store::<E, S::Narrow>(t.add((j + r) * stride + i), 0, block[r]);
                }
            }
        }
    }
}
