//! Adam's arithmetic on flat slices (Kingma and Ba 2015, algorithm 1), in f32 or f64.

use super::real::Real;
use super::simd::Simd;

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

/// One step: updates both moments and the parameters, and zeroes the gradient for the next pass.
#[inline(always)]
pub fn adam<E: Real, S: Simd<E>>(
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
    let (from, taken) = (S::chunks_mut(parameters), S::chunks_mut(gradient));
    let kept = S::chunks_mut(m).iter_mut().zip(S::chunks_mut(v));
    for ((parameter, gradient), (m, v)) in from.iter_mut().zip(taken).zip(kept) {
        let g = S::load(gradient);
        let first = settle(S::mul_add(S::splat(keep1), S::load(m), S::mul(S::splat(take1), g)));
        let square = S::mul(S::mul(S::splat(take2), g), g);
        let second = settle(S::mul_add(S::splat(keep2), S::load(v), square));
        S::store(m, first);
        S::store(v, second);
        S::store(gradient, S::splat(E::default()));
        let root = S::sqrt(S::mul(second, S::splat(correct2)));
        let towards = S::div(S::mul(S::splat(rate), first), S::add(root, S::splat(step.epsilon)));
        S::store(parameter, S::sub(S::load(parameter), towards));
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
