//! How well a network knows how sure it is: the log-likelihood of a test target under the Gaussian that it answers with,
//! and how many targets lie in the bands that are to hold 50, 80, 90 and 95 % of them.

use std::f64::consts::TAU;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::BAND_90;
use super::json::numbers;

/// Shares of the targets that the bands are to hold, in percent.
pub const BANDS: [u32; 4] = [50, 80, 90, 95];
/// Half their widths, in standard deviations.
const HALF_WIDTHS: [f64; 4] =
    [0.674_489_750_196_081_7, 1.281_551_565_544_600_4, BAND_90, 1.959_963_984_540_054];
/// Numbers of one task and n: the log-likelihood and the share in each band.
pub const FIGURES: usize = 1 + BANDS.len();

/// Over many test tasks, an entry for each n or K.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Mean log-likelihood of a test target, over the tasks where it is finite; NaN (JSON null) where it is nowhere.
    #[serde(deserialize_with = "numbers")]
    pub loglik: Vec<f64>,
    /// Share of the targets that lie in each band, 0 to 1.
    pub coverage: Coverage,
}

/// Shares of targets, by the share that a band is to hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Of the 50 % band.
    #[serde(rename = "50", deserialize_with = "numbers")]
    pub of_50: Vec<f64>,
    /// Of the 80 % band.
    #[serde(rename = "80", deserialize_with = "numbers")]
    pub of_80: Vec<f64>,
    /// Of the 90 % band.
    #[serde(rename = "90", deserialize_with = "numbers")]
    pub of_90: Vec<f64>,
    /// Of the 95 % band.
    #[serde(rename = "95", deserialize_with = "numbers")]
    pub of_95: Vec<f64>,
}

impl Coverage {
    /// In the order of [`BANDS`].
    pub fn bands(&self) -> [&[f64]; 4] {
        [&self.of_50, &self.of_80, &self.of_90, &self.of_95]
    }
}

impl Calibration {
    /// Of tasks, each with its figures for every entry.
    pub fn over(tasks: &[Vec<[f64; FIGURES]>]) -> Self {
        let entries = tasks.iter().map(Vec::len).min().unwrap_or(0);
        gather(0..entries, |n, figure| tasks.iter().map(move |task| task[n][figure]))
    }

    /// Whether there are as many entries as that of everything.
    pub fn has(&self, entries: usize) -> bool {
        self.loglik.len() == entries && self.coverage.bands().iter().all(|band| band.len() == entries)
    }
}

/// Mean log-likelihood of these targets under Gaussians of these means and standard deviations, and the share of them in
/// each band; not a number where some deviation is 0, which leaves nothing to be more or less sure of.
pub fn figures(means: &[f64], deviations: &[f64], targets: &[f64]) -> [f64; FIGURES] {
    if deviations.iter().any(|deviation| *deviation <= 0.0) {
        return [f64::NAN; FIGURES];
    }
    let count = targets.len() as f64;
    let mut found = [0.0; FIGURES];
    for ((mean, deviation), target) in means.iter().zip(deviations).zip(targets) {
        let z = (target - mean) / deviation;
        found[0] -= 0.5 * libm::log(TAU) + libm::log(*deviation) + 0.5 * z * z;
        for (share, half) in found[1..].iter_mut().zip(HALF_WIDTHS) {
            *share += f64::from(z.abs() <= half);
        }
    }
    found.map(|sum| sum / count)
}

/// The figures over tasks; `at` gives those of all tasks for an n.
pub(super) fn gather<I: Iterator<Item = f64>>(
    columns: Range<usize>,
    at: impl Fn(usize, usize) -> I,
) -> Calibration {
    let mean = |figure: usize| -> Vec<f64> {
        let mean = |n: usize| {
            let (mut sum, mut count) = (0.0, 0_u32);
            for value in at(n, figure).filter(|value| value.is_finite()) {
                (sum, count) = (sum + value, count + 1);
            }
            sum / f64::from(count)
        };
        columns.clone().map(mean).collect()
    };
    let [of_50, of_80, of_90, of_95] = [1, 2, 3, 4].map(mean);
    Calibration { loglik: mean(0), coverage: Coverage { of_50, of_80, of_90, of_95 } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Purpose, standard_normal, stream};

    /// A Gaussian that knows its own deviation: its bands hold what they are to hold, and its log-likelihood is minus its
    /// entropy, -(ln(2 pi s^2) + 1) / 2. Of one that thinks itself twice or half as sure neither holds.
    #[test]
    fn a_gaussian_that_knows_its_deviation_covers_what_it_should() {
        let mut stream = stream(1, Purpose::Illustration);
        let count = 200_000;
        let deviation = 0.3;
        let targets: Vec<f64> = (0..count).map(|_| 2.0 + deviation * standard_normal(&mut stream)).collect();
        let of = |said: f64| figures(&vec![2.0; count], &vec![said; count], &targets);
        let found = of(deviation);
        let entropy = 0.5 * ((TAU * deviation * deviation).ln() + 1.0);
        assert!((found[0] + entropy).abs() < 0.01, "{found:?}, {entropy}");
        for (share, band) in found[1..].iter().zip(BANDS) {
            // Four standard errors of a share of so many.
            assert!((share - f64::from(band) / 100.0).abs() < 0.0045, "{band}: {share}");
        }
        // |z| is below 2 z_90 for 99.9 % of the targets, and below z_90 / 2 for 58.9 %: the normal distribution's table.
        let (unsure, too_sure) = (of(2.0 * deviation), of(0.5 * deviation));
        assert!((unsure[3] - 0.999).abs() < 0.001 && (too_sure[3] - 0.589).abs() < 0.0045);
        // ln 2 less and more of spread: 0.318 and 0.807 below the best.
        assert!((found[0] - unsure[0] - (2.0_f64.ln() - 0.375)).abs() < 0.01, "{unsure:?}");
        assert!((found[0] - too_sure[0] - (1.5 - 2.0_f64.ln())).abs() < 0.01, "{too_sure:?}");
    }

    #[test]
    fn the_figures_of_few_targets_are_those_by_hand() {
        let found = figures(&[0.0, 0.0], &[1.0, 2.0], &[1.0, -1.0]);
        // -ln(2 pi)/2 - (1/2 + ln 2 + 1/8) / 2, and z of 1 and 1/2.
        let by_hand = -0.918_938_533_2 - (0.5 + std::f64::consts::LN_2 + 0.125) / 2.0;
        assert!((found[0] - by_hand).abs() < 1e-9);
        assert_eq!(found[1..], [0.5, 1.0, 1.0, 1.0]);
        assert!(figures(&[0.0], &[0.0], &[0.0]).iter().all(|figure| figure.is_nan()));
    }
}
