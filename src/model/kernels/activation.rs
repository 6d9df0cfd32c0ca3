//! The nonlinearities, and that there is none, as the forward pass, the gradient and the Hessian-vector product need
//! them. Each derivative is written from the activation's *value* h, which is what the passes keep.

use super::real::Real;
use super::simd::Simd;

/// A nonlinearity s, applied lane by lane.
pub trait Nonlinearity {
    /// Whether s'' is not zero everywhere it exists.
    const CURVED: bool;
    /// Whether it is max(0, z), so that a network of one input is linear piece by piece.
    const RECTIFIES: bool;
    /// h = s(z). NaN stays NaN.
    fn value<E: Real, S: Simd<E>>(z: S::V) -> S::V;
    /// s'(z) u, from h.
    fn slope<E: Real, S: Simd<E>>(h: S::V, u: S::V) -> S::V;
    /// How `s'(z) u` changes when h moves by `dh` and u stays.
    fn bend<E: Real, S: Simd<E>>(h: S::V, dh: S::V, u: S::V) -> S::V;
}

/// max(0, z), with derivative 0 at 0 as in PyTorch.
pub struct Relu;

/// Hyperbolic tangent.
pub struct Tanh;

/// z itself: of features that are taken as they enter the last hidden layer's units.
pub struct Linear;

impl Nonlinearity for Relu {
    const CURVED: bool = false;
    const RECTIFIES: bool = true;

    #[inline(always)]
    fn value<E: Real, S: Simd<E>>(z: S::V) -> S::V {
        S::positive_part(z)
    }

    #[inline(always)]
    fn slope<E: Real, S: Simd<E>>(h: S::V, u: S::V) -> S::V {
        S::where_positive(h, u)
    }

    #[inline(always)]
    fn bend<E: Real, S: Simd<E>>(_: S::V, _: S::V, _: S::V) -> S::V {
        S::splat(E::default())
    }
}

impl Nonlinearity for Linear {
    const CURVED: bool = false;
    const RECTIFIES: bool = false;

    #[inline(always)]
    fn value<E: Real, S: Simd<E>>(z: S::V) -> S::V {
        z
    }

    #[inline(always)]
    fn slope<E: Real, S: Simd<E>>(_: S::V, u: S::V) -> S::V {
        u
    }

    #[inline(always)]
    fn bend<E: Real, S: Simd<E>>(_: S::V, _: S::V, _: S::V) -> S::V {
        S::splat(E::default())
    }
}

impl Nonlinearity for Tanh {
    const CURVED: bool = true;
    const RECTIFIES: bool = false;

    /// To within four roundings of the number type, relative: tanh |z| = e / (e + 2) with e = exp(2|z|) - 1, so that
    /// small z keep their relative precision;
    /// e = 2^k p + (2^k - 1) with 2|z| = k ln 2 + r and p = exp(r) - 1 by its Taylor series.
    #[inline(always)]
    fn value<E: Real, S: Simd<E>>(z: S::V) -> S::V {
        let all = |x: f64| S::splat(E::rounded(x));
        let most = E::rounded(2.0 * E::TANH_SATURATES);
        let twice = S::map(S::magnitude(S::add(z, z)), |t| if t > most { most } else { t });
        let rounder = all(E::ROUNDER);
        let rounded = S::mul_add(twice, all(std::f64::consts::LOG2_E), rounder);
        let k = S::sub(rounded, rounder);
        // ln 2 in two parts, the first short enough for k times it to be exact.
        let r = S::mul_add(k, all(-LN2_HIGH), twice);
        let r = S::mul_add(k, all(-LN2_LOW), r);
        let mut p = all(E::EXPM1[0]);
        for &coefficient in &E::EXPM1[1..] {
            p = S::mul_add(p, r, all(coefficient));
        }
        let scale = S::map(rounded, E::power_of_two);
        let e = S::mul_add(scale, S::mul(p, r), S::sub(scale, all(1.0)));
        S::with_sign(S::div(e, S::add(e, all(2.0))), z)
    }

    #[inline(always)]
    fn slope<E: Real, S: Simd<E>>(h: S::V, u: S::V) -> S::V {
        S::mul(S::sub(S::splat(E::rounded(1.0)), S::mul(h, h)), u)
    }

    #[inline(always)]
    fn bend<E: Real, S: Simd<E>>(h: S::V, dh: S::V, u: S::V) -> S::V {
        S::mul(S::mul(S::splat(E::rounded(-2.0)), h), S::mul(dh, u))
    }
}

/// The leading 12 bits of ln 2, so that its product with a small integer is exact in both types.
pub(super) const LN2_HIGH: f64 = 0.693_115_234_375;
/// The rest of ln 2.
pub(super) const LN2_LOW: f64 = 3.194_618_494_530_941_7e-5;

#[cfg(test)]
mod tests {
    use super::super::{self as kernels, Kernels, Trace};
    use super::*;

    /// tanh of these, by the kernels.
    fn tanh<E: Real>(kernels: Kernels, z: &[f64]) -> Vec<(f64, f64)> {
        let (rows, mut trace) = (z.len().div_ceil(16), Trace::new(kernels.shape::<E>(1, 16)));
        trace.resize(rows);
        let rounded: Vec<E> = z.iter().map(|&z| E::rounded(z)).collect();
        for (to, z) in trace.h[0].get_mut(rows).iter_mut().zip(rounded.chunks(16)) {
            to[..z.len()].copy_from_slice(z);
        }
        kernels::activate_last::<E, Tanh>(kernels, rows, &mut trace);
        let found = trace.h[0].get(rows).iter().flat_map(|row| &row[..16]);
        rounded.iter().zip(found).map(|(z, found)| (z.exact(), found.exact())).collect()
    }

    /// The largest relative error of tanh from 1e-30 to 30.
    fn error<E: Real>(kernels: Kernels) -> f64 {
        let sizes = (0..20_000).map(|i| 10.0_f64.powf(-30.0 + 31.5 * f64::from(i) / 20_000.0));
        let z: Vec<f64> = sizes.flat_map(|size| [size, -size]).collect();
        let errors = tanh::<E>(kernels, &z).into_iter().map(|(z, found)| (found / z.tanh() - 1.0).abs());
        // NaN would pass `max`.
        errors.fold(0.0, |most, error| if error <= most { most } else { error })
    }

    #[test]
    fn tanh_is_within_four_roundings() {
        for kernels in Kernels::available() {
            let errors = [error::<f32>(kernels), error::<f64>(kernels)];
            assert!(errors[0] <= 4.0 * f64::from(f32::EPSILON), "{kernels:?}: {errors:?}");
            assert!(errors[1] <= 4.0 * f64::EPSILON, "{kernels:?}: {errors:?}");
            let ends = tanh::<f32>(kernels, &[0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
            assert_eq!(ends[..3].iter().map(|(_, t)| *t).collect::<Vec<_>>(), [0.0, 1.0, -1.0]);
            assert!(ends[3].1.is_nan());
        }
    }
}
