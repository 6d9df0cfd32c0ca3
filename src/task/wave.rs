//! The wave itself. Its sine is our own so that a task's points are the same bits on every machine
//! (the C library's differ from version to version) and cost a few nanoseconds (a step of training
//! takes microseconds): no branches, no table, no fused operations, so the compiler may do several at
//! once without changing a bit, with whatever registers the processor has. Far out, where that reduction
//! ends, the crate libm takes its place: plain arithmetic too, so the same bits everywhere.

use std::f64::consts::FRAC_1_PI;

use multiversion::multiversion;

use super::{Number, Points};

/// y = amplitude sin(frequency x + phase).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// Height of the wave.
    pub amplitude: f64,
    /// Shift in radians.
    pub phase: f64,
    /// Waves in 2 pi. With 1 nothing is rounded on the way.
    pub frequency: f64,
}

impl Wave {
    /// The wave's value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        let angle = self.frequency * x + self.phase;
        self.amplitude * if angle.abs() <= FARTHEST { sine(angle) } else { libm::sin(angle) }
    }

    /// The wave's points at `x`.
    pub fn points(&self, x: Vec<f64>) -> Points {
        let y = x.iter().map(|&x| self.at(x)).collect();
        Points { x, y }
    }

    /// The wave's values at `x`, in the number type a network trains in.
    pub fn fill<E: Number>(&self, x: &[E], y: &mut [E]) {
        let is_filled = match x.len() {
            0..4 => false,
            4..8 => fill_near::<E, 4>(*self, x, y),
            _ => fill_near::<E, 8>(*self, x, y),
        };
        if !is_filled {
            for (y, x) in y.iter_mut().zip(x) {
                *y = E::rounded(self.at(x.exact()));
            }
        }
    }
}

/// [`Wave::fill`] for `N` points or more, so many side by side; `false` where a point lies too far out for [`sine`].
/// Compiled for each of these instruction sets and for all processors.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2"))]
fn fill_near<E: Number, const N: usize>(wave: Wave, x: &[E], y: &mut [E]) -> bool {
    let Wave { amplitude, phase, frequency } = wave;
    let mut farthest = [0.0; N];
    for at in (0..x.len()).step_by(N) {
        // The last chunk begins early enough to be whole: some of its points are worked out twice.
        let from = at.min(x.len() - N);
        let (Some(x), Some(y)) = (x[from..].first_chunk::<N>(), y[from..].first_chunk_mut()) else {
            return false;
        };
        let angles = x.map(|x| frequency * x.exact() + phase);
        for (farthest, angle) in farthest.iter_mut().zip(angles) {
            *farthest = if angle.abs() > *farthest { angle.abs() } else { *farthest };
        }
        *y = angles.map(|angle| E::rounded(amplitude * sine(angle)));
    }
    farthest.iter().all(|angle| *angle <= FARTHEST)
}

/// Up to here [`sine`]'s reduction is exact.
const FARTHEST: f64 = 1e5;

/// sin(x) to 1e-15 for |x| up to [`FARTHEST`].
#[inline(always)]
fn sine(x: f64) -> f64 {
    // x = k pi + r with |r| <= pi/2: sin x = (-1)^k sin r. Adding and subtracting the rounder rounds to
    // the nearest integer. pi in three parts (Cody and Waite), so that the first two products are exact.
    let k = (x * FRAC_1_PI + ROUNDER) - ROUNDER;
    let r = ((x - k * PI_HIGH) - k * PI_MIDDLE) - k * PI_LOW;
    let half = 0.5 * k;
    let odd = half - ((half + ROUNDER) - ROUNDER);
    let sign = 1.0 - 8.0 * odd * odd;
    // Taylor to r^21: what is left out is below 3e-17 at pi/2.
    let r2 = r * r;
    let mut sum = TAYLOR[0];
    for term in &TAYLOR[1..] {
        sum = sum * r2 + term;
    }
    sign * (r + r * r2 * sum)
}

const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
/// pi in two parts of 27 bits and the rest.
const PI_HIGH: f64 = 3.141_592_651_605_606;
const PI_MIDDLE: f64 = 1.984_187_147_918_703_4e-9;
const PI_LOW: f64 = 1.144_237_745_221_966_4e-17;

/// 1/21!, -1/19!, ..., -1/3!: sin r = r + r^3 (...).
const TAYLOR: [f64; 10] = [
    1.0 / 51_090_942_171_709_440_000.0,
    -1.0 / 121_645_100_408_832_000.0,
    1.0 / 355_687_428_096_000.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5_040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for i in -200_000..200_000 {
            let x = f64::from(i) * 1.234_567e-3 * if i % 7 == 0 { 400.0 } else { 1.0 };
            let wave = Wave { amplitude: 1.0, phase: 0.0, frequency: 1.0 };
            let gap = (wave.at(x) - x.sin()).abs();
            assert!(gap < 1e-15, "sin({x}): off by {gap:e}");
        }
    }

    #[test]
    fn far_out_the_bits_are_those_of_every_machine() {
        // Worked out in integers, to 60 digits; the nearest double of each.
        let known: [(f64, u64); 6] = [
            (100001.0, 0xbfea_4ab1_c219_0342),
            (123456.789, 0xbfef_f50e_60ab_53f9),
            (-3e5, 0xbfbb_6885_f8d1_df45),
            (1e9, 0x3fe1_778c_ae83_c69b),
            (-2.5e11, 0x3fc4_f306_9663_4710),
            (1e22, 0xbfeb_453a_b76b_f397),
        ];
        let wave = Wave { amplitude: 1.0, phase: 0.0, frequency: 1.0 };
        for (x, bits) in known {
            assert_eq!(wave.at(x).to_bits(), bits, "sin({x})");
        }
    }

    #[test]
    fn fills_what_at_answers() {
        fn check<E: Number + PartialEq + std::fmt::Debug>(far: Option<usize>) {
            let wave = Wave { amplitude: 2.5, phase: 1.0, frequency: 1.3 };
            for points in 0..40 {
                let place = |i: usize| if far == Some(i) { 3e5 } else { 7.3 * i as f64 - 130.0 };
                let x: Vec<E> = (0..points).map(|i| E::rounded(place(i))).collect();
                let mut y = vec![E::default(); points];
                wave.fill(&x, &mut y);
                let expected: Vec<E> = x.iter().map(|x| E::rounded(wave.at(x.exact()))).collect();
                assert_eq!(y, expected, "{points} points, far out: {far:?}");
            }
        }
        for far in [None, Some(0), Some(7), Some(8), Some(21), Some(39)] {
            check::<f32>(far);
            check::<f64>(far);
        }
    }
}
