//! Adam's arithmetic on flat slices (Kingma and Ba 2015, algorithm 1), in f32 or f64.

use super::real::Real;
use super::simd::Simd;
use super::{Kernels, Kind};

/// The numbers of one Adam step that are the same for every parameter.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep<E> {
    /// Learning rate.
    pub rate: E,
    /// Decay of the first and second moments.
    pub betas: [E; 2],
    /// Added to the square root.
    pub epsilon: E,
    /// 1 / (1 - beta^t), which makes the moments unbiased.
    pub corrections: [E; 2],
}

#[inline(always)]
fn body<E: Real, S: Simd<E>>(
    step: &AdamStep<E>,
    parameters: &mut [E],
    gradient: &mut [E],
    moments: [&mut [E]; 2],
) {
    let [m, v] = moments;
    let whole = parameters.len() / S::WIDTH;
    let one = E::rounded(1.0);
    let [keep1, keep2] = step.betas;
    let [take1, take2] = step.betas.map(|beta| one - beta);
    let [correct1, correct2] = step.corrections;
    let rate = step.rate * correct1;
    // The moments of a neuron that has died decay for ever, and numbers below the normal range take
    // three times as long. Adding and subtracting this rounds them away well before, and nothing else.
    let floor = S::splat(E::rounded(E::FLOOR));
    let settle = |moment| S::sub(S::add(moment, floor), floor);
    for lane in 0..whole {
        let g = S::load(gradient, lane);
        let first = settle(S::mul_add(S::splat(keep1), S::load(m, lane), S::mul(S::splat(take1), g)));
        let square = S::mul(S::mul(S::splat(take2), g), g);
        let second = settle(S::mul_add(S::splat(keep2), S::load(v, lane), square));
        S::store(m, lane, first);
        S::store(v, lane, second);
        S::store(gradient, lane, S::splat(E::default()));
        let root = S::sqrt(S::mul(second, S::splat(correct2)));
        let towards = S::div(S::mul(S::splat(rate), first), S::add(root, S::splat(step.epsilon)));
        S::store(parameters, lane, S::sub(S::load(parameters, lane), towards));
    }
    let floor = E::rounded(E::FLOOR);
    for i in whole * S::WIDTH..parameters.len() {
        let g = std::mem::take(&mut gradient[i]);
        m[i] = (S::mul_add_one(keep1, m[i], take1 * g) + floor) - floor;
        v[i] = (S::mul_add_one(keep2, v[i], take2 * g * g) + floor) - floor;
        let towards = rate * m[i] / ((v[i] * correct2).root() + step.epsilon);
        parameters[i] = parameters[i] - towards;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_fma<E: Real>(step: &AdamStep<E>, parameters: &mut [E], gradient: &mut [E], moments: [&mut [E]; 2]) {
    body::<E, E::Fast>(step, parameters, gradient, moments);
}

/// One step: updates both moments and the parameters, and zeroes the gradient for the next pass.
pub fn adam<E: Real>(
    kernels: Kernels,
    step: &AdamStep<E>,
    parameters: &mut [E],
    gradient: &mut [E],
    moments: [&mut [E]; 2],
) {
    match kernels.0 {
        // SAFETY: `Kernels` holds this kind only where the processor has AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2Fma => unsafe { avx2_fma(step, parameters, gradient, moments) },
        _ => body::<E, E::Portable>(step, parameters, gradient, moments),
    }
}
