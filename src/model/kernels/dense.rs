//! The two matrix products everything else is made of, in register tiles, and the transposition that
//! gives both passes contiguous rows.
//!
//! Features are innermost: a matrix is rows of numbers, padded to whole registers. A tile keeps a few rows by a few
//! registers' width of sums in registers while it walks the shared dimension, so each loaded vector is used once a
//! row. Only tiles know shapes when they are compiled; how wide a matrix is they are told. The shape of a tile does
//! not change the order in which an element is summed, so no bit depends on it, nor on the width of registers.

use super::dispatch::out_of_line;
use super::matrix::{Matrix, MatrixMut, in_strips, load as load_row};
use super::real::Real;
use super::simd::{Lanes, Level, Simd};

/// Both factors of one product: `a` by `b`, or for [`outer`] `a^T b` over the rows.
pub type Pair<'a, E> = (Matrix<'a, E>, Matrix<'a, E>);

/// What becomes of the elements of a product before they are written.
#[derive(Clone, Copy)]
pub enum Then<'a, E> {
    /// They are written as they are.
    Written,
    /// Negative ones are made 0.
    Rectified,
    /// They are made 0 but where these are positive.
    WherePositive(Matrix<'a, E>),
}

/// What is done with the sums of [`outer`].
#[derive(Clone, Copy)]
pub enum Onto<'a, E> {
    /// They are the result.
    Nothing,
    /// Scaled, they are added to these numbers.
    Base(Matrix<'a, E>, E),
    /// Scaled, they are added to what is there.
    Itself(E),
    /// Scaled, they are added to these numbers, and all that to what is there.
    Both(Matrix<'a, E>, E),
}

out_of_line! {
    /// `out = bias + a b (+ a2 b2)`, row by row, over the first `n` columns of `a` and rows of `b`, which is a square of
    /// `n` columns; further columns of `a` are zero, and of `out` are left as they are or zero.
    fn product = product_body(
        n: usize,
        first: Pair<'_, E>,
        second: Option<Pair<'_, E>>,
        bias: Option<&[E]>,
        then: Then<'_, E>,
        out: MatrixMut<'_, E>,
    );
    /// The products `a^T b (+ a2^T b2)`, summed over the rows, `onto` something. `out` has a multiple of eight rows, of as many
    /// numbers as those of the factors or, where nothing else is added, as it has rows.
    fn outer = outer_body(
        first: Pair<'_, E>,
        second: Option<Pair<'_, E>>,
        onto: Onto<'_, E>,
        out: MatrixMut<'_, E>,
    );
}

/// Whether the last of so many lanes of a row of `columns` numbers is at most half full, and two others are there: such
/// halves of two rows share a vector.
#[inline(always)]
fn has_half<E: Real, S: Simd<E>>(columns: usize, lanes: usize) -> bool {
    let narrow = <S::Narrow as Simd<E>>::WIDTH;
    lanes >= 3 && narrow < S::WIDTH && (1..=narrow).contains(&(columns % S::WIDTH))
}

/// A product between matrices of one stride, whose shapes have been looked at.
struct Product<'a, E> {
    n: usize,
    stride: usize,
    first: Pair<'a, E>,
    second: Option<Pair<'a, E>>,
    bias: Option<&'a [E]>,
    then: Then<'a, E>,
    out: MatrixMut<'a, E>,
    /// As [`Simd::second`].
    second_half: u16,
}

#[inline(always)]
fn product_body<E: Real, S: Simd<E>>(
    n: usize,
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    bias: Option<&[E]>,
    then: Then<'_, E>,
    out: MatrixMut<'_, E>,
) {
    // Narrow rows are worth a copy of their own: at width 16 what surrounds the tiles is a quarter of the time, 104
    // against 129 cycles for ten rows. At 40 a copy brings nothing.
    match (n, out.stride()) {
        (16, 16) => product_of::<E, S>(16, 16, first, second, bias, then, out),
        (n, stride) => product_of::<E, S>(n, stride, first, second, bias, then, out),
    }
}

#[inline(always)]
fn product_of<E: Real, S: Simd<E>>(
    n: usize,
    stride: usize,
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    bias: Option<&[E]>,
    then: Then<'_, E>,
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
    if let Then::WherePositive(h) = then {
        assert!(h.rows() == rows && h.stride() == stride, "so do the rows that decide");
    }
    let all = stride / S::WIDTH;
    let has_half = has_half::<E, S>(n, all);
    let lanes = if has_half { all - 3 } else { all };
    let mut product = Product { n, stride, first, second, bias, then, out, second_half: S::second() };
    let (mut at, mut lane) = (0, 0);
    // SAFETY, for every tile: its rows are below `rows`, its lanes below `all`.
    macro_rules! rows {
        ($rb:literal x $lb:literal, $half:literal) => {
            while rows - at >= $rb {
                unsafe { product.tile::<S, $rb, $lb, $half>(at, lane) };
                at += $rb;
            }
        };
    }
    // Lanes in groups, each group over all rows.
    macro_rules! lanes {
        ($lb:literal: $($rb:literal),*) => {
            while lanes - lane >= $lb {
                $(rows!($rb x $lb, false);)*
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
            if has_half {
                rows!(10 x 2, true);
                rows!(5 x 2, true);
                rows!(2 x 2, true);
                rows!(1 x 2, true);
            }
        }
        Level::Avx2 => {
            // Sixteen registers: ten sums, two columns, a broadcast, and ten sums cover the latency of two FMA
            // units. Five rows by two columns need seven loads for their ten multiply-adds, ten rows by one
            // column eleven.
            if lanes % 2 == 1 && lanes >= 5 {
                rows!(2 x 5, false);
                rows!(1 x 5, false);
                (at, lane) = (0, 5);
            }
            lanes!(2: 5, 2, 1);
            lanes!(1: 10, 5, 2, 1);
        }
        // Sixteen 128-bit registers: three rows of a 256-bit column and what belongs to them.
        Level::Portable => lanes!(1: 3, 1),
    }
}

impl<E: Real> Product<'_, E> {
    /// Rows `at .. at + RB`, lanes `lane .. lane + LB`, and with `HALF` half a lane after them.
    ///
    /// # Safety
    /// There are these rows and lanes.
    #[inline(always)]
    unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize, const HALF: bool>(
        &mut self,
        at: usize,
        lane: usize,
    ) {
        let (from, row) = (lane * S::WIDTH, at * self.stride);
        let half = from + LB * S::WIDTH;
        let mut sums = [[S::splat(E::default()); LB]; RB];
        // Of rows in pairs, the first one's half lane before the second one's.
        let mut halves = [S::splat(E::default()); RB];
        if let Some(bias) = self.bias {
            // SAFETY: a bias is a row, which has these lanes.
            unsafe {
                for l in 0..LB {
                    let bias = load::<E, S>(bias.as_ptr().add(from), l);
                    for r in 0..RB {
                        sums[r][l] = bias;
                    }
                }
                if HALF {
                    halves = [S::twice(load::<E, S::Narrow>(bias.as_ptr().add(half), 0)); RB];
                }
            }
        }
        // SAFETY: both pairs have these rows and lanes.
        unsafe {
            self.accumulate::<S, RB, LB, HALF>(&mut sums, &mut halves, self.first, row, from);
            if let Some(second) = self.second {
                self.accumulate::<S, RB, LB, HALF>(&mut sums, &mut halves, second, row, from);
            }
        }
        let out = self.out.reborrow().flat().as_mut_ptr();
        // One loop a case: sums that are told apart within a loop leave the registers.
        macro_rules! write {
            ($finished:ident, $by:expr) => {
                for r in 0..RB {
                    let row = row + r * self.stride;
                    // SAFETY: the caller says that there are these rows and lanes, of `out` and so of what decides.
                    unsafe {
                        for l in 0..LB {
                            let place = row + from + l * S::WIDTH;
                            store::<E, S>(out.add(place), 0, $finished::<E, S>($by, place, sums[r][l]));
                        }
                        if HALF {
                            let sum = S::split(halves[r / 2])[r % 2];
                            let sum = $finished::<E, S::Narrow>($by, row + half, sum);
                            store::<E, S::Narrow>(out.add(row + half), 0, sum);
                        }
                    }
                }
            };
        }
        match self.then {
            Then::Written => write!(written, ()),
            Then::Rectified => write!(rectified, ()),
            Then::WherePositive(h) => write!(where_positive, h.flat().as_ptr()),
        }
    }

    /// Adds a pair's product to `sums`: rows of `a` from its number `row` on, by lanes of `b` from `from` on.
    ///
    /// # Safety
    /// There are these rows and lanes.
    #[inline(always)]
    unsafe fn accumulate<S: Simd<E>, const RB: usize, const LB: usize, const HALF: bool>(
        &self,
        sums: &mut [[S::V; LB]; RB],
        halves: &mut [S::V; RB],
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
            let mut half = S::splat(E::default());
            if HALF {
                // SAFETY: half a lane of one of the first `n` rows of `b`.
                half = S::twice(unsafe { load::<E, S::Narrow>(b.wrapping_add(LB * S::WIDTH), 0) });
            }
            let mut before = half;
            for r in 0..RB {
                // SAFETY: one of the first `n` numbers of a row of `a`.
                let a = S::splat(unsafe { *rows[r].add(k) });
                for l in 0..LB {
                    sums[r][l] = S::mul_add(a, columns[l], sums[r][l]);
                }
                if HALF && (r % 2 == 1 || r + 1 == RB) {
                    let both = if r % 2 == 1 { S::halves(before, a, self.second_half) } else { a };
                    halves[r / 2] = S::mul_add(both, half, halves[r / 2]);
                }
                before = a;
            }
            b = b.wrapping_add(self.stride);
        }
    }
}

/// A product's elements as [`Then::Written`] has them.
#[inline(always)]
unsafe fn written<E: Real, S: Simd<E>>((): (), _: usize, sum: S::V) -> S::V {
    sum
}

/// As [`Then::Rectified`] has them.
#[inline(always)]
unsafe fn rectified<E: Real, S: Simd<E>>((): (), _: usize, sum: S::V) -> S::V {
    S::positive_part(sum)
}

/// As [`Then::WherePositive`] has them, where they begin at number `place` of the rows `h`.
///
/// # Safety
/// `h` has this place.
#[inline(always)]
unsafe fn where_positive<E: Real, S: Simd<E>>(h: *const E, place: usize, sum: S::V) -> S::V {
    // SAFETY: the caller's.
    S::where_positive(unsafe { load::<E, S>(h.add(place), 0) }, sum)
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

/// Outer products between matrices of one stride, whose shapes have been looked at.
struct Outer<'a, E> {
    stride: usize,
    first: Pair<'a, E>,
    second: Option<Pair<'a, E>>,
    onto: Onto<'a, E>,
    out: MatrixMut<'a, E>,
    out_stride: usize,
    /// As [`Simd::second`].
    second_half: u16,
}

#[inline(always)]
fn outer_body<E: Real, S: Simd<E>>(
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    onto: Onto<'_, E>,
    out: MatrixMut<'_, E>,
) {
    // As in `product`, though it is only a tenth here.
    match (out.rows(), first.0.stride(), out.stride()) {
        (16, 16, 16) => outer_onto::<E, S>(16, [16, 16], first, second, onto, out),
        (rows, stride, out_stride) => {
            outer_onto::<E, S>(rows, [stride, out_stride], first, second, onto, out)
        }
    }
}

#[inline(always)]
fn outer_onto<E: Real, S: Simd<E>>(
    rows: usize,
    [stride, out_stride]: [usize; 2],
    first: Pair<'_, E>,
    second: Option<Pair<'_, E>>,
    onto: Onto<'_, E>,
    out: MatrixMut<'_, E>,
) {
    let fit = |(a, b): Pair<'_, E>| a.rows() == b.rows() && a.stride() == stride && b.stride() == stride;
    assert!(fit(first) && second.is_none_or(fit) && rows <= stride, "the factors fit");
    if let Onto::Base(base, _) | Onto::Both(base, _) = onto {
        assert!(base.rows() == rows && base.stride() == out_stride, "so does the base");
    }
    assert!(rows.is_multiple_of(8) && stride.is_multiple_of(S::WIDTH), "a square comes in whole blocks");
    let all = stride / S::WIDTH;
    // The result is a square.
    let has_half = has_half::<E, S>(rows, all);
    let lanes = if has_half { all - 3 } else { all };
    let written = if has_half { rows } else { stride };
    assert!(out_stride >= written && out.stride() == out_stride, "its rows have room");
    let mut outer = Outer { stride, first, second, onto, out, out_stride, second_half: S::second() };
    let mut lane = 0;
    // SAFETY, for every tile: its rows are below `rows`, which is a multiple of the tile's, its lanes below `all`.
    macro_rules! tiles {
        ($rb:literal x $lb:literal, $half:literal) => {
            for at in (0..rows).step_by($rb) {
                unsafe { outer.tile::<S, $rb, $lb, $half>(at, lane) };
            }
        };
    }
    macro_rules! lanes {
        ($rb:literal x $lb:literal) => {
            while lanes - lane >= $lb {
                tiles!($rb x $lb, false);
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
            if has_half {
                tiles!(8 x 2, true);
            }
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
    /// Rows `at .. at + RB`, lanes `lane .. lane + LB`, and with `HALF` half a lane after them: columns of `a` times lanes
    /// of `b`, summed over their rows.
    ///
    /// # Safety
    /// There are these rows and lanes.
    #[inline(always)]
    unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize, const HALF: bool>(
        &mut self,
        at: usize,
        lane: usize,
    ) {
        let from = lane * S::WIDTH;
        let mut sums = [[S::splat(E::default()); LB]; RB];
        let mut halves = [S::splat(E::default()); RB];
        // SAFETY: both pairs have these columns and lanes.
        unsafe {
            self.accumulate::<S, RB, LB, HALF>(&mut sums, &mut halves, self.first, at, from);
            if let Some(second) = self.second {
                self.accumulate::<S, RB, LB, HALF>(&mut sums, &mut halves, second, at, from);
            }
        }
        let out = self.out.reborrow().flat().as_mut_ptr();
        // As in a product, one loop a case.
        macro_rules! write {
            ($made:ident, $base:expr, $scale:expr) => {
                for r in 0..RB {
                    let place = (at + r) * self.out_stride + from;
                    // SAFETY: the caller says that there are these rows and lanes, of `out` and so of a base.
                    unsafe {
                        for l in 0..LB {
                            let place = place + l * S::WIDTH;
                            let sum =
                                $made::<E, S>($base.wrapping_add(place), $scale, out.add(place), sums[r][l]);
                            store::<E, S>(out.add(place), 0, sum);
                        }
                        if HALF {
                            let place = place + LB * S::WIDTH;
                            let sum = S::split(halves[r / 2])[r % 2];
                            let sum =
                                $made::<E, S::Narrow>($base.wrapping_add(place), $scale, out.add(place), sum);
                            store::<E, S::Narrow>(out.add(place), 0, sum);
                        }
                    }
                }
            };
        }
        match self.onto {
            Onto::Nothing => write!(alone, out, E::default()),
            Onto::Base(base, scale) => write!(onto_base, base.flat().as_ptr(), scale),
            Onto::Itself(scale) => write!(onto_base, out.cast_const(), scale),
            Onto::Both(base, scale) => write!(onto_both, base.flat().as_ptr(), scale),
        }
    }

    /// Adds a pair's product to `sums`: columns of `a` from `at` on, by lanes of `b` from its number `from` on.
    ///
    /// # Safety
    /// There are these columns and lanes.
    #[inline(always)]
    unsafe fn accumulate<S: Simd<E>, const RB: usize, const LB: usize, const HALF: bool>(
        &self,
        sums: &mut [[S::V; LB]; RB],
        halves: &mut [S::V; RB],
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
            let mut half = S::splat(E::default());
            if HALF {
                // SAFETY: half a lane of a row of `b`.
                half = S::twice(unsafe { load::<E, S::Narrow>(y.wrapping_add(LB * S::WIDTH), 0) });
            }
            let mut before = half;
            for r in 0..RB {
                // SAFETY: `out` has no more rows than `a` has columns, and these.
                let a = S::splat(unsafe { *x.add(r) });
                for l in 0..LB {
                    sums[r][l] = S::mul_add(a, columns[l], sums[r][l]);
                }
                if HALF && (r % 2 == 1 || r + 1 == RB) {
                    let both = if r % 2 == 1 { S::halves(before, a, self.second_half) } else { a };
                    halves[r / 2] = S::mul_add(both, half, halves[r / 2]);
                }
                before = a;
            }
            (x, y) = (x.wrapping_add(self.stride), y.wrapping_add(self.stride));
        }
    }
}

/// Sums as [`Onto::Nothing`] has them.
#[inline(always)]
unsafe fn alone<E: Real, S: Simd<E>>(_: *const E, _: E, _: *const E, sum: S::V) -> S::V {
    sum
}

/// Sums as [`Onto::Base`] has them, and [`Onto::Itself`] of what is there.
///
/// # Safety
/// A vector begins at `base`.
#[inline(always)]
unsafe fn onto_base<E: Real, S: Simd<E>>(base: *const E, scale: E, _: *const E, sum: S::V) -> S::V {
    // SAFETY: the caller's.
    S::mul_add(S::splat(scale), sum, unsafe { load::<E, S>(base, 0) })
}

/// Sums as [`Onto::Both`] has them.
///
/// # Safety
/// A vector begins at `base`, and one at `there`.
#[inline(always)]
unsafe fn onto_both<E: Real, S: Simd<E>>(base: *const E, scale: E, there: *const E, sum: S::V) -> S::V {
    // SAFETY: the caller's.
    unsafe { S::add(load::<E, S>(there, 0), onto_base::<E, S>(base, scale, there, sum)) }
}

/// Columns that [`transpose`] does at once.
const STRIP: usize = 16;

/// `t = a^T`, of squares that come in blocks of eight by eight.
#[inline(always)]
pub fn transpose<E: Real, S: Simd<E>>(a: Matrix<'_, E>, t: MatrixMut<'_, E>) {
    let (rows, stride, width) = (a.rows(), a.stride(), S::Narrow::WIDTH);
    assert!(t.rows() == rows && t.stride() == stride && rows.is_multiple_of(8) && rows <= stride, "a square");
    let (a, t) = (a.flat().as_ptr(), t.flat().as_mut_ptr());
    // In strips of a line of the cache, so that rows that lie a power of two apart need not stay in it.
    for strip in (0..rows).step_by(STRIP) {
        for i in (0..rows).step_by(width) {
            for j in (strip..rows.min(strip + STRIP)).step_by(width) {
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
}

/// Puts rows of so many numbers, which lie back to back, where rows have padding, which stays or becomes zero.
#[inline(always)]
pub fn spread<E: Real, S: Simd<E>>(columns: usize, numbers: &[E], rows: MatrixMut<'_, E>) {
    let whole = columns / S::WIDTH;
    let (numbers, mut rows) = (&numbers[..columns * rows.rows().min(numbers.len() / columns)], rows);
    // In strips, whose vectors the compiler does not turn into calls for copying a few bytes.
    in_strips!(4, 2, 1 of whole, |lane, FEW| {
        let mut to = rows.reborrow().strip::<S, FEW>(lane);
        for (row, numbers) in numbers.chunks_exact(columns).enumerate() {
            let (to, from) = (to.at(row), load_row::<E, S, FEW>(numbers, lane));
            for l in 0..FEW {
                S::store(&mut to[l], from[l]);
            }
        }
    });
    if columns > whole * S::WIDTH {
        let mut to = rows.strip::<S, 1>(whole);
        for (row, numbers) in numbers.chunks_exact(columns).enumerate() {
            S::store(&mut to.at(row)[0], S::load_first(&numbers[whole * S::WIDTH..]));
        }
    }
}
