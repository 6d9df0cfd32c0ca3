//! Adam's arithmetic on flat slices (Kingma and Ba 2015, algorithm 1), in f32 or f64.

use super::Path;
use super::real::Real;

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
fn body<E: Real>(step: &AdamStep<E>, parameters: &mut [E], gradient: &[E], moments: [&mut [E]; 2]) {
    let one = E::rounded(1.0);
    let [beta1, beta2] = step.betas;
    let [m, v] = moments;
    let moments = m.iter_mut().zip(v);
    for ((p, &g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
        *m = beta1 * *m + (one - beta1) * g;
        *v = beta2 * *v + (one - beta2) * g * g;
        let towards = step.rate * (*m * step.corrections[0]);
        *p = *p - towards / ((*v * step.corrections[1]).root() + step.epsilon);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_fma<E: Real>(step: &AdamStep<E>, parameters: &mut [E], gradient: &[E], moments: [&mut [E]; 2]) {
    body(step, parameters, gradient, moments);
}

/// One step: updates both moments and the parameters.
pub fn adam<E: Real>(
    path: Path,
    step: &AdamStep<E>,
    parameters: &mut [E],
    gradient: &[E],
    moments: [&mut [E]; 2],
) {
    match path {
        // SAFETY: `Path::Avx2Fma` means that this processor has AVX2 and FMA (see `Path`).
        #[cfg(target_arch = "x86_64")]
        Path::Avx2Fma => unsafe { avx2_fma(step, parameters, gradient, moments) },
        _ => body(step, parameters, gradient, moments),
    }
}
