//! Statistics over seeds, in one place: what the `summary` event, the exported picture, the loss table and
//! the screen say of several runs of one experiment are the same figures.

use distrs::StudentsT;

use super::{Curve, mean_and_deviation};

/// Which loss of a curve counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Average {
    /// The mean over tasks.
    #[default]
    Mean,
    /// The median over tasks.
    Median,
}

/// The adaptation curves of several seeds as one. Every vector has an entry for n = 0, 1, 2, ...
#[derive(Clone, Debug, PartialEq)]
pub struct OverSeeds {
    /// Mean over the seeds whose loss is finite; NaN where none is, and where a seed has no answer.
    pub mean: Vec<f64>,
    /// Sample standard deviation over these seeds; 0 of one.
    pub std: Vec<f64>,
    /// The best of them.
    pub low: Vec<f64>,
    /// The worst of them.
    pub high: Vec<f64>,
    /// Largest share over seeds of test tasks that went non-finite; 1 where a seed has no finite loss.
    pub nonfinite: Vec<f64>,
    /// Seeds without a finite loss.
    pub lost: Vec<usize>,
    /// Seeds in it.
    pub seeds: usize,
}

impl Average {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Average::Mean => "mean",
            Average::Median => "median",
        }
    }

    /// The one that is not this.
    pub fn other(self) -> Self {
        match self {
            Average::Mean => Average::Median,
            Average::Median => Average::Mean,
        }
    }

    /// These losses of a curve.
    pub fn of(self, curve: &Curve) -> &[f64] {
        match self {
            Average::Mean => &curve.mean,
            Average::Median => &curve.median,
        }
    }
}

#[cfg(test)]
std::thread_local! {
    /// How often this thread has brought seeds together, or held systems against each other: no drawing does.
    pub static GATHERED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl OverSeeds {
    /// Whether all seeds have a loss after n steps, finite or not: of somebody's answers some may be none, and then there
    /// is nothing to say over seeds.
    pub fn is_answered(&self, n: usize) -> bool {
        n < self.mean.len() && !(self.mean[n].is_nan() && self.lost[n] == 0)
    }

    /// The curves at n = 0, 1, ..., as many as `points`; a curve that ends before counts as far as it goes.
    pub fn of(curves: &[&Curve], points: usize, average: Average) -> Self {
        #[cfg(test)]
        GATHERED.set(GATHERED.get() + 1);
        let empty = || Vec::with_capacity(points);
        let mut over = Self {
            mean: empty(),
            std: empty(),
            low: empty(),
            high: empty(),
            nonfinite: empty(),
            lost: Vec::with_capacity(points),
            seeds: curves.len(),
        };
        for n in 0..points {
            let here = || curves.iter().filter(|curve| n < curve.mean.len());
            let is_answered = here().all(|curve| curve.is_answered(n));
            let here = || here().filter(|_| is_answered);
            let losses: Vec<f64> = here().map(|curve| average.of(curve)[n]).collect();
            let finite: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
            let (mean, std) = mean_and_deviation(&finite);
            let lost = losses.len() - finite.len();
            over.mean.push(mean);
            over.std.push(std);
            over.low.push(finite.iter().copied().fold(f64::INFINITY, f64::min));
            over.high.push(finite.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            // A seed without a finite loss is a share of its own: it is said, never averaged away.
            let share = here().map(|curve| match average.of(curve)[n].is_finite() {
                true => curve.nonfinite[n],
                false => 1.0,
            });
            over.nonfinite.push(share.fold(0.0, f64::max));
            over.lost.push(lost);
        }
        over
    }

    /// The curves as far as all of them go; `None` where that is nowhere.
    pub fn of_all(curves: &[&Curve], average: Average) -> Option<Self> {
        let points = curves.iter().map(|curve| curve.mean.len()).min().filter(|points| *points > 0)?;
        Some(Self::of(curves, points, average))
    }

    /// Half width of the 95 % interval of the mean after n steps; `None` of one seed, and where one has no finite loss or no answer.
    pub fn half_width(&self, n: usize) -> Option<f64> {
        half_width(self.std[n], self.seeds).filter(|_| self.lost[n] == 0 && self.is_answered(n))
    }

    /// Mean and standard deviation for readers who cannot be told that a seed is left out: not a number
    /// where one has no finite loss.
    pub fn of_every_seed(&self) -> (Vec<f64>, Vec<f64>) {
        let whole = |values: &[f64]| {
            values.iter().zip(&self.lost).map(|(&x, &lost)| if lost > 0 { f64::NAN } else { x }).collect()
        };
        // One seed has no deviation, whatever its loss.
        let std = if self.seeds < 2 { self.std.clone() } else { whole(&self.std) };
        (whole(&self.mean), std)
    }
}

/// Half width of the 95 % interval of a mean of so many values with this sample standard deviation, by
/// Student's t; `None` of one value.
pub fn half_width(deviation: f64, values: usize) -> Option<f64> {
    let freedom = values.checked_sub(1).filter(|freedom| *freedom > 0)?;
    // The crate asks the C library; C libraries agree in these digits.
    let t = (StudentsT::ppf(0.975, freedom as f64) * 1e10).round() / 1e10;
    Some(t * deviation / (values as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(mean: &[f64]) -> Curve {
        Curve {
            steps: (0..mean.len()).collect(),
            mean: mean.to_vec(),
            median: mean.iter().map(|loss| loss / 2.0).collect(),
            ci95: vec![0.0; mean.len()],
            nonfinite: mean.iter().map(|loss| if loss.is_finite() { 0.25 } else { 1.0 }).collect(),
            tasks: 4,
            points: None,
            calibration: None,
        }
    }

    #[test]
    fn seeds_are_averaged_at_every_n() {
        let curves = [curve(&[4.0, 1.0]), curve(&[6.0, 2.0, 9.0]), curve(&[5.0, 3.0])];
        let curves: Vec<&Curve> = curves.iter().collect();
        let over = OverSeeds::of_all(&curves, Average::Mean).expect("there are curves");
        assert_eq!((over.mean.as_slice(), over.std.as_slice()), (&[5.0, 2.0][..], &[1.0, 1.0][..]));
        assert_eq!((over.low.as_slice(), over.high.as_slice()), (&[4.0, 1.0][..], &[6.0, 3.0][..]));
        assert_eq!((over.nonfinite.as_slice(), over.seeds), (&[0.25, 0.25][..], 3));
        assert_eq!(over.of_every_seed(), (over.mean.clone(), over.std.clone()));
        let median = OverSeeds::of_all(&curves, Average::Median).expect("there are curves");
        assert_eq!(median.mean, [2.5, 1.0]);
        assert_eq!(OverSeeds::of(&curves, 3, Average::Mean).mean[2], 9.0);
    }

    #[test]
    fn a_seed_that_is_lost_is_left_out_or_said() {
        let curves = [curve(&[4.0, f64::NAN]), curve(&[6.0, 2.0])];
        let over = OverSeeds::of_all(&[&curves[0], &curves[1]], Average::Mean).expect("there are curves");
        assert_eq!((over.mean[1], over.std[1], over.nonfinite[1], over.lost[1]), (2.0, 0.0, 1.0, 1));
        let (mean, std) = over.of_every_seed();
        assert!(mean[0] == 5.0 && mean[1].is_nan() && std[1].is_nan());
        let (mean, std) = OverSeeds::of(&[&curves[0]], 2, Average::Mean).of_every_seed();
        assert!(mean[1].is_nan() && std == [0.0, 0.0]);
    }

    #[test]
    fn of_no_seeds_there_is_no_mean() {
        assert_eq!(OverSeeds::of_all(&[], Average::Mean), None);
        let (mean, std) = OverSeeds::of(&[], 2, Average::Mean).of_every_seed();
        assert!(mean.iter().all(|mean| mean.is_nan()) && std == [0.0, 0.0]);
    }
}
