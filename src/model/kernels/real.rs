//! The two number types the kernels work in.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use super::simd::{Portable, Simd};

/// f32 or f64, with the few operations the kernels need.
pub trait Real:
    crate::task::Number
    + PartialOrd
    + Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
{
    /// 512-bit registers with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Simd<Self>;
    /// 256-bit registers with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Simd<Self>;
    /// Arrays that the compiler maps to whatever the baseline has.
    type Portable: Simd<Self>;

    /// Square root.
    fn root(self) -> Self;
    /// `2^k` for an integral `k` in the range of normal numbers, from `k` plus the rounder.
    fn power_of_two(rounded: Self) -> Self;
    /// Taylor coefficients of `(exp(r) - 1) / r`, highest power first: as many as bring the error for
    /// |r| <= ln 2 / 2 below this type's rounding.
    const EXPM1: &'static [f64];
    /// Adding and subtracting this rounds to an integer (1.5 * 2^mantissa bits).
    const ROUNDER: f64;
    /// A number whose rounding error is normal, and far below anything that matters to Adam.
    const FLOOR: f64;
    /// The least number whose exponential is a normal number, rounded up.
    const LEAST_EXPONENT: f64;
    /// tanh is 1 to this type's rounding from here on.
    const TANH_SATURATES: f64;
}

/// 1/n!, ..., 1/2!, 1/1!: the coefficients of (exp(r) - 1) / r, highest power first.
const fn inverse_factorials<const N: usize>() -> [f64; N] {
    let mut out = [1.0; N];
    let mut factorial = 1.0;
    let mut i = 0;
    while i < N {
        factorial *= (i + 1) as f64;
        out[N - 1 - i] = 1.0 / factorial;
        i += 1;
    }
    out
}

macro_rules! real {
    ($type:ident, mantissa: $mantissa:literal, terms: $terms:literal, one from: $one:literal, floor: $floor:literal,
     least exponent: $least:literal) => {
        impl Real for $type {
            #[cfg(target_arch = "x86_64")]
            type Avx512 = super::simd::Avx512;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = super::simd::Avx2;
            type Portable = Portable;
            const EXPM1: &'static [f64] = &inverse_factorials::<$terms>();
            const ROUNDER: f64 = 1.5 * (1u64 << $mantissa) as f64;
            const TANH_SATURATES: f64 = $one;
            const FLOOR: f64 = $floor;
            const LEAST_EXPONENT: f64 = $least;

            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn power_of_two(rounded: Self) -> Self {
                // It has k in its lowest mantissa bits; moved up into the exponent, on top of the exponent of 1.
                $type::from_bits((rounded.to_bits() << $mantissa).wrapping_add((1.0 as $type).to_bits()))
            }
        }
    };
}

real!(f32, mantissa: 23, terms: 7, one from: 9.5, floor: 1e-25, least exponent: -87.0);
real!(f64, mantissa: 52, terms: 13, one from: 19.5, floor: 1e-280, least exponent: -708.0);
