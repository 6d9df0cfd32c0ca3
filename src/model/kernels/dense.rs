//! The two matrix products everything else is made of, in register tiles, and the transposition that
//! gives both passes contiguous rows.
//!
//! Features are innermost: a matrix is rows of `P` numbers, `P` a multiple of eight. A tile keeps a
//! few rows by one or two registers' width of sums in registers while it walks the shared dimension, so
//! each loaded vector is used once a row. Ten independent sums cover the latency of two FMA units. The
//! shape of a tile does not change the order in which an element is summed, so no bit depends on it.

use super::real::Real;
use super::simd::Simd;

/// A square matrix, row after row.
pub type Square<E, const P: usize> = [[E; P]; P];

/// Both factors of one product: `a [rows, P]` by `b [P, P]`, or for [`outer`] `a^T b` over the rows.
pub type Pair<'a, E, A, const P: usize> = (&'a [[E; P]], A);

/// The `RB` rows of `a` times `LB` column blocks of `b`, from `lane` on, added to `sums`.
#[inline(always)]
fn accumulate<E: Real, S: Simd<E>, const P: usize, const RB: usize, const LB: usize>(
    sums: &mut [[S::V; LB]; RB],
    a: &[[E; P]; RB],
    b: &Square<E, P>,
    lane: usize,
) {
    for k in 0..P {
        let mut columns = [S::splat(E::default()); LB];
        for l in 0..LB {
            columns[l] = S::load(&b[k], lane + l);
        }
        for r in 0..RB {
            let a = S::splat(a[r][k]);
            for l in 0..LB {
                sums[r][l] = S::mul_add(a, columns[l], sums[r][l]);
            }
        }
    }
}

/// One tile of [`product`]: rows `at .. at + RB`, column blocks `lane .. lane + LB`.
#[inline(always)]
fn product_tile<E: Real, S: Simd<E>, const P: usize, const RB: usize, const LB: usize>(
    at: usize,
    lane: usize,
    first: Pair<E, &Square<E, P>, P>,
    second: Option<Pair<E, &Square<E, P>, P>>,
    bias: Option<&[E; P]>,
    out: &mut [[E; P]],
) {
    let out = out[at..].first_chunk_mut::<RB>().expect("the caller leaves RB rows");
    let a1 = first.0[at..].first_chunk::<RB>().expect("both factors have as many rows as `out`");
    let mut sums = [[S::splat(E::default()); LB]; RB];
    if let Some(bias) = bias {
        for r in 0..RB {
            for l in 0..LB {
                sums[r][l] = S::load(bias, lane + l);
            }
        }
    }
    accumulate::<E, S, P, RB, LB>(&mut sums, a1, first.1, lane);
    if let Some((a2, b2)) = second {
        let a2 = a2[at..].first_chunk::<RB>().expect("both factors have as many rows as `out`");
        accumulate::<E, S, P, RB, LB>(&mut sums, a2, b2, lane);
    }
    for r in 0..RB {
        for l in 0..LB {
            S::store(&mut out[r], lane + l, sums[r][l]);
        }
    }
}

/// Compiles a body once for each type, vector and width, and not again wherever it is called from: these are
/// most of the code of the passes, which are compiled for each activation as well.
macro_rules! out_of_line {
    ($($(#[$doc:meta])* fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?);)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name<E: Real, S: Simd<E>, const P: usize>($($arg: $type),*) {
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx2,fma")]
                #[inline(never)]
                fn wide<E: Real, S: Simd<E>, const P: usize>($($arg: $type),*) {
                    $body::<E, S, P>($($arg),*);
                }
                #[inline(never)]
                fn plain<E: Real, S: Simd<E>, const P: usize>($($arg: $type),*) {
                    $body::<E, S, P>($($arg),*);
                }
                #[cfg(target_arch = "x86_64")]
                if S::WIDE {
                    // SAFETY: wide vectors are only ever used where the processor has AVX2 and FMA, which the
                    // dispatch of this room has asked it.
                    return unsafe { wide::<E, S, P>($($arg),*) };
                }
                plain::<E, S, P>($($arg),*);
            }
        )*
    };
}

out_of_line! {
    /// `out = bias + a b (+ a2 b2)`, row by row.
    fn product = product_body(
        first: Pair<E, &Square<E, P>, P>,
        second: Option<Pair<E, &Square<E, P>, P>>,
        bias: Option<&[E; P]>,
        out: &mut [[E; P]],
    );
    /// `out = base + scale * (a^T b (+ a2^T b2))`, the products summed over the rows; without `base`, the
    /// products themselves.
    fn outer = outer_body(
        first: Pair<E, &[[E; P]], P>,
        second: Option<Pair<E, &[[E; P]], P>>,
        base: Option<(&Square<E, P>, E)>,
        out: &mut Square<E, P>,
    );
    /// `out += scale * a^T b`, summed over the rows.
    fn add_outer = add_outer_body(pair: Pair<E, &[[E; P]], P>, scale: E, out: &mut Square<E, P>);
}

#[inline(always)]
fn product_body<E: Real, S: Simd<E>, const P: usize>(
    first: Pair<E, &Square<E, P>, P>,
    second: Option<Pair<E, &Square<E, P>, P>>,
    bias: Option<&[E; P]>,
    out: &mut [[E; P]],
) {
    let (rows, lanes) = (out.len(), P / S::WIDTH);
    let mut at = 0;
    // Rows in groups, each group over all columns.
    macro_rules! tile {
        ($rb:literal x $lb:literal, $at:expr, $lane:expr) => {
            product_tile::<E, S, P, $rb, $lb>($at, $lane, first, second, bias, out)
        };
    }
    macro_rules! single_columns {
        ($rb:literal) => {
            while rows - at >= $rb {
                for lane in 0..lanes {
                    tile!($rb x 1, at, lane);
                }
                at += $rb;
            }
        };
    }
    if S::WIDE {
        // Sixteen 256-bit registers: ten sums, two columns, a broadcast. Five rows by two columns need
        // seven loads for their ten multiply-adds, ten rows by one column eleven.
        while rows - at >= 10 {
            for lane in (0..lanes - 1).step_by(2) {
                tile!(5 x 2, at, lane);
                tile!(5 x 2, at + 5, lane);
            }
            if lanes % 2 == 1 {
                tile!(10 x 1, at, lanes - 1);
            }
            at += 10;
        }
        while rows - at >= 5 {
            for lane in (0..lanes - 1).step_by(2) {
                tile!(5 x 2, at, lane);
            }
            if lanes % 2 == 1 {
                tile!(5 x 1, at, lanes - 1);
            }
            at += 5;
        }
        single_columns!(2);
    } else {
        // Sixteen 128-bit registers: three rows of a 256-bit column and what belongs to them.
        single_columns!(3);
    }
    single_columns!(1);
}

#[inline(always)]
fn outer_body<E: Real, S: Simd<E>, const P: usize>(
    first: Pair<E, &[[E; P]], P>,
    second: Option<Pair<E, &[[E; P]], P>>,
    base: Option<(&Square<E, P>, E)>,
    out: &mut Square<E, P>,
) {
    let lanes = P / S::WIDTH;
    if !S::WIDE {
        for lane in 0..lanes {
            outer_tiles::<E, S, P, 2, 1>(first, second, base, out, lane);
        }
        return;
    }
    // As in `product`: four rows by two columns take six loads for eight multiply-adds.
    for lane in (0..lanes - 1).step_by(2) {
        outer_tiles::<E, S, P, 4, 2>(first, second, base, out, lane);
    }
    if lanes % 2 == 1 {
        outer_tiles::<E, S, P, 8, 1>(first, second, base, out, lanes - 1);
    }
}

#[inline(always)]
fn add_outer_body<E: Real, S: Simd<E>, const P: usize>(
    pair: Pair<E, &[[E; P]], P>,
    scale: E,
    out: &mut Square<E, P>,
) {
    for lane in 0..P / S::WIDTH {
        for at in (0..P).step_by(8) {
            let mut sums = [[S::splat(E::default()); 1]; 8];
            add_rows::<E, S, P, 8, 1>(&mut sums, pair, at, lane);
            for r in 0..8 {
                let sum = S::mul_add(S::splat(scale), sums[r][0], S::load(&out[at + r], lane));
                S::store(&mut out[at + r], lane, sum);
            }
        }
    }
}

/// Column blocks `lane .. lane + LB` of [`outer`], `RB` rows at a time.
#[inline(always)]
fn outer_tiles<E: Real, S: Simd<E>, const P: usize, const RB: usize, const LB: usize>(
    first: Pair<E, &[[E; P]], P>,
    second: Option<Pair<E, &[[E; P]], P>>,
    base: Option<(&Square<E, P>, E)>,
    out: &mut Square<E, P>,
    lane: usize,
) {
    for at in (0..P).step_by(RB) {
        let mut sums = [[S::splat(E::default()); LB]; RB];
        add_rows::<E, S, P, RB, LB>(&mut sums, first, at, lane);
        if let Some(second) = second {
            add_rows::<E, S, P, RB, LB>(&mut sums, second, at, lane);
        }
        for r in 0..RB {
            for l in 0..LB {
                if let Some((base, scale)) = base {
                    let base = S::load(&base[at + r], lane + l);
                    sums[r][l] = S::mul_add(S::splat(scale), sums[r][l], base);
                }
                S::store(&mut out[at + r], lane + l, sums[r][l]);
            }
        }
    }
}

/// Columns `at .. at + RB` of `a` times blocks `lane .. lane + LB` of `b`, summed over the rows into
/// `sums`.
#[inline(always)]
fn add_rows<E: Real, S: Simd<E>, const P: usize, const RB: usize, const LB: usize>(
    sums: &mut [[S::V; LB]; RB],
    (a, b): Pair<E, &[[E; P]], P>,
    at: usize,
    lane: usize,
) {
    for (a, b) in a.iter().zip(b) {
        let mut columns = [S::splat(E::default()); LB];
        for l in 0..LB {
            columns[l] = S::load(b, lane + l);
        }
        for r in 0..RB {
            let a = S::splat(a[at + r]);
            for l in 0..LB {
                sums[r][l] = S::mul_add(a, columns[l], sums[r][l]);
            }
        }
    }
}

/// `t = a^T`.
#[inline(always)]
pub fn transpose<E: Real, S: Simd<E>, const P: usize>(a: &Square<E, P>, t: &mut Square<E, P>) {
    // P is a multiple of eight, so blocks of a register's width squared fit.
    for i in 0..P / S::WIDTH {
        for j in 0..P / S::WIDTH {
            let mut block = [S::splat(E::default()); 8];
            for r in 0..S::WIDTH {
                block[r] = S::load(&a[i * S::WIDTH + r], j);
            }
            S::transpose(&mut block);
            for r in 0..S::WIDTH {
                S::store(&mut t[j * S::WIDTH + r], i, block[r]);
            }
        }
    }
}
