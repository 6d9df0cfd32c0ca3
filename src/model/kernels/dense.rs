//! The two matrix products everything else is made of, in register tiles, and the transposition that
//! gives both passes contiguous rows.
//!
//! Features are innermost: a matrix is rows of `P` numbers, `P` a multiple of eight. A tile keeps a
//! few rows by one register's width of sums in registers while it walks the shared dimension, so each
//! loaded vector is used once a row. With ten rows (ten support points) and eight f32 columns the ten
//! independent sums cover the latency of two FMA units.

use super::real::Real;
use super::simd::Simd;

/// A square matrix, row after row.
pub type Square<E, const P: usize> = [[E; P]; P];

/// Both factors of one product: `a [rows, P]` by `b [P, P]`, or for [`outer`] `a^T b` over the rows.
pub type Pair<'a, E, A, const P: usize> = (&'a [[E; P]], A);

/// The `RB` rows of `a` and `lane`-th column block of `b` added to `sums`.
#[inline(always)]
fn accumulate<E: Real, S: Simd<E>, const P: usize, const RB: usize>(
    sums: &mut [S::V; RB],
    a: &[[E; P]; RB],
    b: &Square<E, P>,
    lane: usize,
) {
    for k in 0..P {
        let column = S::load(&b[k], lane);
        for r in 0..RB {
            sums[r] = S::mul_add(S::splat(a[r][k]), column, sums[r]);
        }
    }
}

/// One tile of [`product`]: rows `at .. at + RB`.
#[inline(always)]
fn product_tile<E: Real, S: Simd<E>, const P: usize, const RB: usize>(
    at: usize,
    first: Pair<E, &Square<E, P>, P>,
    second: Option<Pair<E, &Square<E, P>, P>>,
    bias: Option<&[E; P]>,
    out: &mut [[E; P]],
) {
    let out = out[at..].first_chunk_mut::<RB>().expect("the caller leaves RB rows");
    let a1 = first.0[at..].first_chunk::<RB>().expect("both factors have as many rows as `out`");
    let second = second
        .map(|(a2, b2)| (a2[at..].first_chunk::<RB>().expect("both factors have as many rows as `out`"), b2));
    for lane in 0..P / S::WIDTH {
        let start = bias.map_or_else(|| S::splat(E::default()), |bias| S::load(bias, lane));
        let mut sums = [start; RB];
        accumulate::<E, S, P, RB>(&mut sums, a1, first.1, lane);
        if let Some((a2, b2)) = second {
            accumulate::<E, S, P, RB>(&mut sums, a2, b2, lane);
        }
        for r in 0..RB {
            S::store(&mut out[r], lane, sums[r]);
        }
    }
}

/// `out = bias + a b (+ a2 b2)`, row by row.
#[inline(always)]
pub fn product<E: Real, S: Simd<E>, const P: usize>(
    first: Pair<E, &Square<E, P>, P>,
    second: Option<Pair<E, &Square<E, P>, P>>,
    bias: Option<&[E; P]>,
    out: &mut [[E; P]],
) {
    let rows = out.len();
    let mut at = 0;
    macro_rules! tiles {
        ($rb:literal) => {
            while rows - at >= $rb {
                product_tile::<E, S, P, $rb>(at, first, second, bias, out);
                at += $rb;
            }
        };
    }
    if S::WIDE {
        // Sixteen 256-bit registers: ten sums, one column, one broadcast.
        tiles!(10);
        tiles!(5);
        tiles!(2);
    } else {
        // Sixteen 128-bit registers: three rows of a 256-bit column and what belongs to them.
        tiles!(3);
    }
    tiles!(1);
}

/// `out = base + scale * (a^T b (+ a2^T b2))`, the products summed over the rows; without `base`, the
/// products themselves.
#[inline(always)]
pub fn outer<E: Real, S: Simd<E>, const P: usize>(
    first: Pair<E, &[[E; P]], P>,
    second: Option<Pair<E, &[[E; P]], P>>,
    base: Option<(&Square<E, P>, E)>,
    out: &mut Square<E, P>,
) {
    if S::WIDE {
        outer_tiles::<E, S, P, 8>(first, second, base, out);
    } else {
        outer_tiles::<E, S, P, 2>(first, second, base, out);
    }
}

#[inline(always)]
fn outer_tiles<E: Real, S: Simd<E>, const P: usize, const RB: usize>(
    first: Pair<E, &[[E; P]], P>,
    second: Option<Pair<E, &[[E; P]], P>>,
    base: Option<(&Square<E, P>, E)>,
    out: &mut Square<E, P>,
) {
    for lane in 0..P / S::WIDTH {
        for at in (0..P).step_by(RB) {
            let mut sums = [S::splat(E::default()); RB];
            add_rows::<E, S, P, RB>(&mut sums, first, at, lane);
            if let Some(second) = second {
                add_rows::<E, S, P, RB>(&mut sums, second, at, lane);
            }
            for r in 0..RB {
                if let Some((base, scale)) = base {
                    let base = S::load(&base[at + r], lane);
                    sums[r] = S::mul_add(S::splat(scale), sums[r], base);
                }
                S::store(&mut out[at + r], lane, sums[r]);
            }
        }
    }
}

/// Columns `at .. at + RB` of `a` times lane `lane` of `b`, summed over the rows into `sums`.
#[inline(always)]
fn add_rows<E: Real, S: Simd<E>, const P: usize, const RB: usize>(
    sums: &mut [S::V; RB],
    (a, b): Pair<E, &[[E; P]], P>,
    at: usize,
    lane: usize,
) {
    for (a, b) in a.iter().zip(b) {
        let column = S::load(b, lane);
        for r in 0..RB {
            sums[r] = S::mul_add(S::splat(a[at + r]), column, sums[r]);
        }
    }
}

/// `t = a^T`.
#[inline(always)]
pub fn transpose<E: Real, S: Simd<E>, const P: usize>(a: &Square<E, P>, t: &mut Square<E, P>) {
    for i in (0..P).step_by(4) {
        for j in (0..P).step_by(4) {
            let block: [&[E; 4]; 4] = std::array::from_fn(|r| {
                a[i + r][j..].first_chunk().expect("P is a multiple of four, so a block of four fits")
            });
            for (r, row) in S::transpose4(block).into_iter().enumerate() {
                t[j + r][i..i + 4].copy_from_slice(&row);
            }
        }
    }
}
