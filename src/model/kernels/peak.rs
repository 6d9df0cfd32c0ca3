//! What this core could do at best: independent fused multiply-adds in registers, nothing else. The
//! yardstick `metascope bench` holds every learner against.

use std::hint::black_box;
use std::time::Instant;

use super::real::Real;
use super::simd::{Level, Simd};
use super::{Kernels, saturate as chosen};

/// Vectors summed in flight: enough to cover the latency of two FMA units.
const SUMS: usize = 12;
/// Those of plain arrays, each of which is two of the baseline's sixteen registers.
const PORTABLE_SUMS: usize = 6;

/// So many rounds of independent multiply-adds; answers how many vectors a round has.
#[inline(always)]
pub fn saturate<E: Real, S: Simd<E>>(rounds: usize) -> usize {
    match S::LEVEL {
        Level::Portable => rounds_of::<E, S, PORTABLE_SUMS>(rounds),
        _ => rounds_of::<E, S, SUMS>(rounds),
    }
}

#[inline(always)]
fn rounds_of<E: Real, S: Simd<E>, const N: usize>(rounds: usize) -> usize {
    let (x, y) = (S::splat(black_box(E::rounded(0.999))), S::splat(black_box(E::rounded(0.001))));
    let mut sums = [S::splat(E::default()); N];
    for i in 0..N {
        sums[i] = S::splat(E::rounded(i as f64));
    }
    for _ in 0..rounds {
        for i in 0..N {
            sums[i] = S::mul_add(sums[i], x, y);
        }
    }
    // Added up, since what is shown to `black_box` itself would be kept in memory all the time.
    let mut sum = sums[0];
    for i in 1..N {
        sum = S::add(sum, sums[i]);
    }
    black_box(sum);
    N
}

/// The f32 peak of the core this thread runs on, in GFLOP/s (multiply and add are two), the median of
/// measurements of a third of a millisecond each.
pub fn fma_peak_gflops(kernels: Kernels) -> f64 {
    const ROUNDS: usize = 20_000;
    let mut rates: Vec<f64> = (0..61)
        .map(|_| {
            let start = Instant::now();
            let sums = chosen::<f32>(kernels, ROUNDS);
            (ROUNDS * sums * kernels.width::<f32>() * 2) as f64 / start.elapsed().as_secs_f64() / 1e9
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
