//! The covariances that curves are drawn with, as functions of a distance and as series of cosines.

use std::f64::consts::{PI, TAU};

use crate::config::words;

words! {
    /// The covariance of y at two x that are d apart, over the scale's square.
    pub enum Kernel {
        /// exp(-d^2 / 2 l^2).
        Rbf = "rbf",
        /// (1 + r + r^2 / 3) exp(-r), r = sqrt(5) d / l.
        Matern = "matern-5/2",
        /// exp(-2 sin^2(pi d / p) / l^2) (MacKay 1998).
        Periodic = "periodic",
    }
}

/// More terms of a series take longer than anybody waits for.
const MOST_TERMS: usize = 4_000;

impl Kernel {
    /// At this distance, 1 at 0.
    pub fn at(self, d: f64, length: f64, period: f64) -> f64 {
        match self {
            Self::Rbf => libm::exp(-0.5 * (d / length) * (d / length)),
            Self::Matern => {
                let r = 5.0_f64.sqrt() * d.abs() / length;
                (1.0 + r + r * r / 3.0) * libm::exp(-r)
            }
            Self::Periodic => {
                let sine = libm::sin(PI * d / period);
                libm::exp(-2.0 * sine * sine / (length * length))
            }
        }
    }

    /// Weights of cos(2 pi j d / `repeats`), j = 0, 1, .., whose sum is the kernel: that of "periodic", whose period this
    /// is, and of the others as long as d is further from `repeats` than a few lengths. Their sum is 1.
    pub fn weights(self, length: f64, repeats: f64) -> Vec<f64> {
        let base = TAU / repeats;
        let terms = |end: f64| ((end / base).ceil() as usize).clamp(1, MOST_TERMS);
        // A density at the frequency of each term (Wiener, Khinchin), but for its factor.
        let mut weights: Vec<f64> = match self {
            Self::Rbf => {
                let density =
                    |j: usize| libm::exp(-0.5 * (base * j as f64 * length) * (base * j as f64 * length));
                (0..=terms(7.0 / length)).map(density).collect()
            }
            Self::Matern => {
                let rate = 5.0_f64.sqrt() / length;
                let density = |j: usize| {
                    let part = rate * rate / (rate * rate + (base * j as f64) * (base * j as f64));
                    part * part * part
                };
                // One part in 100,000 of the variance is beyond.
                (0..=terms(8.0 * rate)).map(density).collect()
            }
            Self::Periodic => bessel(1.0 / (length * length)),
        };
        weights[1..].iter_mut().for_each(|weight| *weight *= 2.0);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        weights
    }
}

/// Modified Bessel functions I_0(z), I_1(z), .., over a common factor, down to where nothing is left of them: by Miller's
/// recurrence, backwards.
fn bessel(z: f64) -> Vec<f64> {
    // I_j falls like exp(-j^2 / 2z), and faster for small z.
    let terms = ((9.0 * z.sqrt()).ceil() as usize + 12).min(MOST_TERMS);
    let mut found = vec![0.0; terms + 1];
    let (mut after, mut this) = (0.0, 1e-300);
    for j in (0..=2 * terms).rev() {
        if j <= terms {
            found[j] = this;
        }
        (after, this) = (this, after + 2.0 * j as f64 / z * this);
        if this > 1e200 {
            (after, this) = (after * 1e-200, this * 1e-200);
            found.iter_mut().for_each(|value| *value *= 1e-200);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_is_the_kernel() {
        for kernel in Kernel::ALL {
            for (length, period) in [(0.1, 1.0), (0.3, 2.5), (1.0, 4.0), (20.0, 4.0)] {
                let (repeats, tolerance) = match kernel {
                    Kernel::Rbf => (4.0 + 8.0 * length, 1e-11),
                    Kernel::Matern => (4.0 + 12.0 * length, 2e-5),
                    Kernel::Periodic => (period, 1e-12),
                };
                let weights = kernel.weights(length, repeats);
                for step in 0..=40 {
                    let d = f64::from(step) * 0.1;
                    let cosine = |j: usize| (TAU * j as f64 * d / repeats).cos();
                    let sum: f64 = weights.iter().enumerate().map(|(j, weight)| weight * cosine(j)).sum();
                    let gap = (sum - kernel.at(d, length, period)).abs();
                    assert!(gap < tolerance, "{kernel:?}, l {length}, d {d}: off by {gap:e}");
                }
            }
        }
    }
}
