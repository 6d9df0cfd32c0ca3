//! What this core could do at best: independent fused multiply-adds in registers, nothing else. The
//! yardstick `metascope bench` holds every learner against.

use std::hint::black_box;
use std::time::Instant;

use super::real::Real;
use super::simd::Simd;
use super::{Kernels, Kind};

/// Sums kept in flight: enough to cover the latency of two FMA units.
const SUMS: usize = 12;

#[inline(always)]
fn body<S: Simd<f32>>(rounds: u64) -> f32 {
    let (x, y) = (S::splat(black_box(0.999)), S::splat(black_box(0.001)));
    let mut sums = [S::splat(0.0); SUMS];
    for i in 0..SUMS {
        sums[i] = S::splat(i as f32);
    }
    for _ in 0..rounds {
        for i in 0..SUMS {
            sums[i] = S::mul_add(sums[i], x, y);
        }
    }
    let mut total = 0.0;
    for i in 0..SUMS {
        total += S::sum(sums[i]);
    }
    total
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_fma(rounds: u64) -> f32 {
    body::<<f32 as Real>::Fast>(rounds)
}

/// The f32 peak of the core this thread runs on, in GFLOP/s (multiply and add are two), the median of
/// measurements of a third of a millisecond each.
pub fn fma_peak_gflops(kernels: Kernels) -> f64 {
    const ROUNDS: u64 = 20_000;
    let mut rates: Vec<f64> = (0..61)
        .map(|_| {
            let start = Instant::now();
            black_box(match kernels.0 {
                // SAFETY: `Kernels` holds this kind only where the processor has AVX2 and FMA.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2Fma => unsafe { avx2_fma(ROUNDS) },
                _ => body::<<f32 as Real>::Portable>(ROUNDS),
            });
            (ROUNDS as usize * SUMS * 8 * 2) as f64 / start.elapsed().as_secs_f64() / 1e9
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
