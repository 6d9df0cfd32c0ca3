//! A curve of a Gaussian process: a sum of cosines and sines whose coefficients are independent and normal, with the
//! kernel's weights for variances. So it is the same function at whatever x and in whatever order it is asked for.

use std::f64::consts::TAU;

use super::kernel::Kernel;
use crate::task::family::Numbers;
use crate::task::{Purpose, standard_normal, stream};

/// What the first of a curve's numbers ends in.
pub fn kernel(numbers: &Numbers) -> Kernel {
    Kernel::ALL[(numbers[0] as u64 % 4) as usize % Kernel::ALL.len()]
}

/// A curve, ready to be asked.
pub struct Curve {
    /// Coefficients of cos(j t) and sin(j t), j = 0, 1, ..
    coefficients: Vec<[f64; 2]>,
    /// t at x = 1.
    base: f64,
}

impl Curve {
    /// The one that these numbers stand for.
    pub fn new(numbers: &Numbers) -> Self {
        let [number, length, scale, repeats] = *numbers;
        let mut stream = stream((number / 4.0) as u64, Purpose::Curve);
        let coefficient = |weight: f64| {
            let deviation = scale * weight.sqrt();
            [0; 2].map(|_| deviation * standard_normal(&mut stream))
        };
        let coefficients = kernel(numbers).weights(length, repeats).into_iter().map(coefficient).collect();
        Self { coefficients, base: TAU / repeats }
    }

    /// Its value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        let (s, c) = libm::sincos(self.base * x);
        // The cosine and the sine of j t by turning those of (j - 1) t once more.
        let (mut cosine, mut sine, mut sum) = (1.0, 0.0, 0.0);
        for [p, q] in &self.coefficients {
            sum += p * cosine + q * sine;
            (cosine, sine) = (cosine * c - sine * s, sine * c + cosine * s);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_a_thousand_times_loses_nothing() {
        let curve = Curve::new(&[4_001.0, 0.02, 1.0, 10.0]);
        assert!(curve.coefficients.len() > 500, "{}", curve.coefficients.len());
        for x in [-4.9, -0.3, 0.0, 3.3] {
            let term = |(j, [p, q]): (usize, &[f64; 2])| {
                let (s, c) = libm::sincos(j as f64 * curve.base * x);
                p * c + q * s
            };
            let plain: f64 = curve.coefficients.iter().enumerate().map(term).sum();
            assert!((curve.at(x) - plain).abs() < 1e-11, "{x}");
        }
    }
}
