//! Products of matrices of any shape: the layers of networks that read. As in `dense`, only tiles know shapes when they
//! are compiled, and no bit depends on a tile's shape nor on the width of registers.

use super::Kernels;
use super::block::{Block, BlockMut};
use super::dispatch::{compiled, out_of_line};
use super::real::Real;
use super::simd::{Level, Simd};

/// What a [`product`] is added to.
#[derive(Clone, Copy, Debug)]
pub enum Onto<'a, E> {
    /// Nothing.
    Zero,
    /// This row, whichever row it is.
    Row(&'a [E]),
    /// Rows, each for so many rows of the product.
    Rows(Block<'a, E>, usize),
    /// This row, whichever row it is, and a row for each.
    Both(&'a [E], Block<'a, E>),
    /// What is there.
    Itself,
}

compiled! {
    /// `out = onto + x w`, where asked for with negative numbers made 0; `w` has as many rows as `x` has columns.
    fn product[](x: Block<'_, E>, w: Block<'_, E>, onto: Onto<'_, E>, rectify: bool, out: BlockMut<'_, E>);
    /// `out += a' b`, summed over their rows.
    fn add_outer[](a: Block<'_, E>, b: Block<'_, E>, out: BlockMut<'_, E>);
}

pub(super) mod bodies {
    use super::*;

    /// Rows of a factor of [`add_outer`] that are summed before they are added: as many as stay in the innermost
    /// cache.
    const ROWS: usize = 64;

    /// The vector that begins here, or for a `TAIL` fewer numbers than it has.
    ///
    /// # Safety
    /// It lies within one slice.
    #[inline(always)]
    pub unsafe fn load<E: Real, S: Simd<E>, const TAIL: bool>(from: *const E, count: usize) -> S::V {
        // SAFETY: the caller's; a chunk is numbers back to back.
        unsafe {
            if TAIL { S::load_first(std::slice::from_raw_parts(from, count)) } else { S::load(&*from.cast()) }
        }
    }

    /// To where such a vector lies.
    ///
    /// # Safety
    /// It lies within one slice, which nobody else has.
    #[inline(always)]
    pub unsafe fn store<E: Real, S: Simd<E>, const TAIL: bool>(to: *mut E, count: usize, v: S::V) {
        // SAFETY: the caller's; a chunk is numbers back to back.
        unsafe {
            if TAIL {
                S::store_first(std::slice::from_raw_parts_mut(to, count), v);
            } else {
                S::store(&mut *to.cast(), v);
            }
        }
    }

    out_of_line! {
        /// As the entry of this name.
        fn product = product_body(
            x: Block<'_, E>, w: Block<'_, E>, onto: Onto<'_, E>, rectify: bool, out: BlockMut<'_, E>,
        );
        /// As the entry of this name.
        fn add_outer = add_outer_body(a: Block<'_, E>, b: Block<'_, E>, out: BlockMut<'_, E>);
    }

    struct Product<'a, E> {
        x: Block<'a, E>,
        w: Block<'a, E>,
        onto: Onto<'a, E>,
        rectify: bool,
        out: BlockMut<'a, E>,
    }

    impl<E: Real> Product<'_, E> {
        /// Rows `at .. at + RB`, `LB` vectors from column `from` on; of the one vector of a `TAIL` there are `count`
        /// numbers.
        ///
        /// # Safety
        /// There are these rows and columns.
        #[inline(always)]
        unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize, const TAIL: bool>(
            &mut self,
            at: usize,
            from: usize,
            count: usize,
        ) {
            let mut sums = [[S::splat(E::default()); LB]; RB];
            // SAFETY, for every access: `new` of each block has seen that it has its rows and columns, and `product`
            // that the blocks fit.
            let get = |from: *const E, l: usize| unsafe { load::<E, S, TAIL>(from.add(l * S::WIDTH), count) };
            let out = unsafe { self.out.numbers.as_mut_ptr().add(at * self.out.stride + from) };
            // One loop a case: a loop of cases is not unrolled, and its sums are not in registers.
            macro_rules! begin {
                (|$r:ident, $l:ident| $value:expr) => {
                    for $r in 0..RB {
                        for $l in 0..LB {
                            sums[$r][$l] = $value;
                        }
                    }
                };
            }
            match self.onto {
                Onto::Zero => {}
                Onto::Row(row) => {
                    let row = unsafe { row.as_ptr().add(from) };
                    begin!(|r, l| get(row, l));
                }
                Onto::Rows(rows, group) => {
                    let rows_from = unsafe { rows.numbers.as_ptr().add(from) };
                    begin!(|r, l| get(unsafe { rows_from.add((at + r) / group * rows.stride) }, l));
                }
                Onto::Both(row, rows) => {
                    let row = unsafe { row.as_ptr().add(from) };
                    let rows_from = unsafe { rows.numbers.as_ptr().add(at * rows.stride + from) };
                    begin!(|r, l| S::add(get(row, l), get(unsafe { rows_from.add(r * rows.stride) }, l)));
                }
                Onto::Itself => begin!(|r, l| get(unsafe { out.add(r * self.out.stride) }, l)),
            }
            let mut w = self.w.numbers.as_ptr().wrapping_add(from);
            let mut rows = [self.x.numbers.as_ptr().wrapping_add(at * self.x.stride); RB];
            for r in 1..RB {
                rows[r] = rows[r - 1].wrapping_add(self.x.stride);
            }
            for k in 0..self.x.columns {
                let mut columns = [S::splat(E::default()); LB];
                for l in 0..LB {
                    columns[l] = get(w, l);
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
                    unsafe { store::<E, S, TAIL>(out.add(r * self.out.stride + l * S::WIDTH), count, sum) };
                }
            }
        }
    }

    #[inline(always)]
    fn product_body<E: Real, S: Simd<E>>(
        x: Block<'_, E>,
        w: Block<'_, E>,
        onto: Onto<'_, E>,
        rectify: bool,
        out: BlockMut<'_, E>,
    ) {
        let (rows, columns) = (out.rows, out.columns);
        assert!(x.rows == rows && w.rows == x.columns && w.columns >= columns, "the factors fit");
        match onto {
            Onto::Row(row) => assert!(row.len() >= columns, "so does the row"),
            Onto::Rows(base, group) => {
                assert!(base.columns >= columns && group > 0 && base.rows * group >= rows, "so do the rows");
            }
            Onto::Both(row, base) => {
                assert!(row.len() >= columns && base.columns >= columns && base.rows >= rows, "so do both");
            }
            Onto::Zero | Onto::Itself => {}
        }
        let (mut product, lanes) = (Product { x, w, onto, rectify, out }, columns / S::WIDTH);
        let mut lane = 0;
        // SAFETY, for every tile: its rows are below `rows`, its columns below `columns`.
        macro_rules! rows {
            ($vectors:ty, $lb:literal, $from:expr, $tail:literal, $count:expr; $($rb:literal),*) => {
                let mut at = 0;
                $(while rows - at >= $rb {
                    unsafe { product.tile::<$vectors, $rb, $lb, $tail>(at, $from, $count) };
                    at += $rb;
                })*
            };
        }
        macro_rules! lanes {
            ($lb:literal: $($rb:literal),*) => {
                while lanes - lane >= $lb {
                    rows!(S, $lb, lane * S::WIDTH, false, 0; $($rb),*);
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
        // What is left is less than a vector: a narrow one where it fits, as a masked one would wait for what was
        // written beside it, and only then a masked one.
        let (mut from, narrow) = (lanes * S::WIDTH, <S::Narrow as Simd<E>>::WIDTH);
        if columns - from >= narrow {
            rows!(S::Narrow, 1, from, false, 0; 10, 5, 2, 1);
            from += narrow;
        }
        if columns > from {
            rows!(S::Narrow, 1, from, true, columns - from; 5, 1);
        }
    }

    struct Outer<'a, E> {
        a: Block<'a, E>,
        b: Block<'a, E>,
        out: BlockMut<'a, E>,
    }

    impl<E: Real> Outer<'_, E> {
        /// Rows `at .. at + RB` of `out`, `LB` vectors from column `from` on, over `part`: a first row of the factors and
        /// how many. Of the one vector of a `TAIL` there are `count` numbers.
        ///
        /// # Safety
        /// There are these rows and columns.
        #[inline(always)]
        unsafe fn tile<S: Simd<E>, const RB: usize, const LB: usize, const TAIL: bool>(
            &mut self,
            part: (usize, usize),
            at: usize,
            from: usize,
            count: usize,
        ) {
            let mut sums = [[S::splat(E::default()); LB]; RB];
            let mut a = self.a.numbers.as_ptr().wrapping_add(part.0 * self.a.stride + at);
            let mut b = self.b.numbers.as_ptr().wrapping_add(part.0 * self.b.stride + from);
            // SAFETY, for every access: `new` of each block has seen that it has its rows and columns, and `add_outer`
            // that the blocks fit.
            for _ in 0..part.1 {
                let mut columns = [S::splat(E::default()); LB];
                for l in 0..LB {
                    columns[l] = unsafe { load::<E, S, TAIL>(b.add(l * S::WIDTH), count) };
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
                    unsafe {
                        let place = out.add(r * self.out.stride + l * S::WIDTH);
                        let sum = S::add(load::<E, S, TAIL>(place, count), sums[r][l]);
                        store::<E, S, TAIL>(place, count, sum);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn add_outer_body<E: Real, S: Simd<E>>(a: Block<'_, E>, b: Block<'_, E>, out: BlockMut<'_, E>) {
        let (rows, columns) = (out.rows, out.columns);
        assert!(a.rows == b.rows && a.columns >= rows && b.columns >= columns, "the factors fit");
        let lanes = columns / S::WIDTH;
        let mut outer = Outer { a, b, out };
        // SAFETY, for every tile: its rows are below `rows`, its columns below `columns`.
        macro_rules! rows {
            ($vectors:ty, $part:ident, $lb:literal, $from:expr, $tail:literal, $count:expr; $($rb:literal),*) => {
                let mut at = 0;
                $(while rows - at >= $rb {
                    unsafe { outer.tile::<$vectors, $rb, $lb, $tail>($part, at, $from, $count) };
                    at += $rb;
                })*
            };
        }
        macro_rules! lanes {
            ($lane:ident, $part:ident, $lb:literal: $($rb:literal),*) => {
                while lanes - $lane >= $lb {
                    rows!(S, $part, $lb, $lane * S::WIDTH, false, 0; $($rb),*);
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
            // As in a product.
            let (mut from, narrow) = (lanes * S::WIDTH, <S::Narrow as Simd<E>>::WIDTH);
            if columns - from >= narrow {
                rows!(S::Narrow, part, 1, from, false, 0; 8, 4, 2, 1);
                from += narrow;
            }
            if columns > from {
                rows!(S::Narrow, part, 1, from, true, columns - from; 4, 1);
            }
        }
    }
}
