//! What this core could do at best: independent fused multiply-adds in registers, nothing else. The
//! yardstick `metascope bench` holds every learner against.

use std::hint::black_box;
use std::time::Instant;

use super::real::Real;
use super::simd::Simd;
use super::{Kernels, saturate as rounds_of};

/// Sums kept in flight: enough to cover the latency of two FMA units.
const SUMS: usize = 12;

/// So many rounds of independent multiply-adds.
#[inline(always)]
pub fn saturate<E: Real, S: Simd<E>>(rounds: usize) {
    let (x, y) = (S::splat(black_box(E::rounded(0.999))), S::splat(black_box(E::rounded(0.001))));
    let mut sums = [S::splat(E::default()); SUMS];
    for i in 0..SUMS {
        sums[i] = S::splat(E::rounded(i as f64));
    }
    for _ in 0..rounds {
        for i in 0..SUMS {
            sums[i] = S::mul_add(sums[i], x, y);
        }
    }
    black_box(&sums);
}

/// The f32 peak of the core this thread runs on, in GFLOP/s (multiply and add are two), the median of
/// measurements of a third of a millisecond each.
pub fn fma_peak_gflops(kernels: Kernels) -> f64 {
    const ROUNDS: usize = 20_000;
    let mut rates: Vec<f64> = (0..61)
        .map(|_| {
            let start = Instant::now();
            rounds_of::<f32>(kernels, ROUNDS);
            (ROUNDS * SUMS * kernels.width::<f32>() * 2) as f64 / start.elapsed().as_secs_f64() / 1e9
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
