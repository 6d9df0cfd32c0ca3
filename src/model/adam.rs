//! Adam (Kingma and Ba 2015, algorithm 1) over dfdx tensors and gradients, with moments that can be
//! read and put back. dfdx's own keeps them private, so a run that used it could never be resumed; the
//! tests hold the two together. It does not implement dfdx's `Optimizer`, which lends gradients in a
//! way that only the crate itself can read without copying them.

use dfdx::prelude::*;

use super::kernels::{AdamStep, Kernels, adam};
use super::parameters::Parameters;
use super::scalar::Scalar;

/// The optimiser of one network; its decays are Adam's usual 0.9 and 0.999, its epsilon 1e-8.
#[derive(Clone, Debug)]
pub struct Adam<E> {
    /// Learning rate.
    pub rate: f64,
    kernels: Kernels,
    steps: u64,
    /// beta^steps of both decays.
    decayed: [f64; 2],
    moments: [Vec<E>; 2],
}

impl<E: Scalar> Adam<E> {
    /// Decay of the first and second moments.
    pub const BETAS: [f64; 2] = [0.9, 0.999];
    /// Added to the square root.
    pub const EPSILON: f64 = 1e-8;

    /// For these parameters, with both moments zero.
    pub fn new(theta: &Parameters<E>, rate: f64, kernels: Kernels) -> Self {
        let zeros = vec![E::default(); theta.numbers().len()];
        Self { rate, kernels, steps: 0, decayed: [1.0; 2], moments: [zeros.clone(), zeros] }
    }

    /// Steps taken, and the first and second moments in checkpoint order.
    pub fn state(&self) -> (u64, [&[E]; 2]) {
        let [first, second] = &self.moments;
        (self.steps, [first, second])
    }

    /// Puts back what [`Adam::state`] gave.
    pub fn restore(&mut self, steps: u64, moments: [&[E]; 2]) {
        self.steps = 0;
        self.decayed = [1.0; 2];
        // Step by step, so that the products are rounded as they were the first time; they vanish after
        // some 70,000.
        while self.steps < steps && self.decayed != [0.0; 2] {
            self.count();
        }
        self.steps = steps;
        for (kept, moment) in self.moments.iter_mut().zip(moments) {
            kept.copy_from_slice(moment);
        }
    }

    /// Counts a step.
    fn count(&mut self) {
        self.steps += 1;
        for (decayed, beta) in self.decayed.iter_mut().zip(Self::BETAS) {
            // Far below the rounding of 1, and before numbers become denormal and slow.
            *decayed = if *decayed < 1e-30 { 0.0 } else { *decayed * beta };
        }
    }

    fn step(&self) -> AdamStep<E> {
        AdamStep {
            rate: E::rounded(self.rate),
            betas: Self::BETAS.map(E::rounded),
            epsilon: E::rounded(Self::EPSILON),
            corrections: self.decayed.map(|decayed| E::rounded(1.0 / (1.0 - decayed))),
        }
    }

    /// One step down `gradients`, which are zeroed for the next backward pass.
    pub fn update(
        &mut self,
        theta: &mut Parameters<E>,
        gradients: &mut Gradients<E, Cpu>,
    ) -> Result<(), CpuError> {
        self.count();
        let step = self.step();
        let (kernels, [first, second]) = (self.kernels, &mut self.moments);
        theta.update(gradients, &mut |place, numbers, gradient| {
            let moments = [&mut first[place.clone()], &mut second[place]];
            adam(kernels, &step, numbers, gradient, moments);
        })
    }
}

#[cfg(test)]
mod tests {
    use dfdx::nn::ZeroGrads;
    use dfdx::optim::{self, Optimizer};

    use super::super::settings::ModelSettings;
    use super::*;

    /// Parameters of the network below.
    const COUNT: usize = 593;

    // Apart from the rest, because there the type of a gradient is not known to be a slice.
    fn fill<E: Scalar>(
        t: usize,
        ours: (&Parameters<E>, &mut Gradients<E, Cpu>),
        theirs: (&Tensor<Rank1<COUNT>, E, Cpu>, &mut Gradients<E, Cpu>),
    ) -> Result<(), CpuError> {
        let flat = theirs.1.get_or_alloc_mut(theirs.0)?;
        ours.0.visit_gradients(ours.1, &mut |_, offset, gradient| {
            for (i, g) in gradient.iter_mut().enumerate() {
                *g = E::rounded(((offset + i * t) as f64).sin() * 3.0);
            }
            flat[offset..offset + gradient.len()].copy_from_slice(gradient);
        })
    }

    /// Both optimisers walk down the same sequence of gradients: ours in a network, dfdx's in one vector.
    fn largest_gap<E: Scalar>(kernels: Kernels) -> f64
    where
        Cpu: Device<E>,
    {
        let device = Cpu::default();
        let network = ModelSettings { hidden: 16, layers: 3, ..ModelSettings::default() };
        let mut ours = Parameters::<E>::zeros(16, &network.tensors());
        let flat: Vec<E> =
            (0..ours.numbers().len()).map(|i| E::rounded(0.2 * (i as f64 * 1.7).sin())).collect();
        ours.copy_from_flat(&flat);
        let mut theirs: Tensor<Rank1<COUNT>, E, Cpu> = device.zeros();
        theirs.copy_from(&flat);
        let mut gradients = ours.zero_gradients().expect("there is memory");
        let mut their_gradients = theirs.alloc_grads();
        let mut adam = Adam::new(&ours, 0.003, kernels);
        let config = AdamConfig { lr: 0.003, ..Default::default() };
        let mut dfdx_adam = optim::Adam::new(&theirs, config);
        for t in 1..=50 {
            fill(t, (&ours, &mut gradients), (&theirs, &mut their_gradients)).expect("there is memory");
            dfdx_adam.update(&mut theirs, &their_gradients).expect("every parameter has a gradient");
            adam.update(&mut ours, &mut gradients).expect("there is memory");
        }
        let mut other = flat;
        theirs.copy_into(&mut other);
        ours.numbers().iter().zip(&other).map(|(a, b)| (a.exact() - b.exact()).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn agrees_with_dfdx() {
        for kernels in Kernels::available() {
            assert!(largest_gap::<f64>(kernels) < 1e-14, "{kernels:?}: {}", largest_gap::<f64>(kernels));
            assert!(largest_gap::<f32>(kernels) < 2e-6, "{kernels:?}: {}", largest_gap::<f32>(kernels));
        }
    }
}
