//! The difference of two systems over their seeds, with its interval, and what it says.

use distrs::StudentsT;
use serde::Serialize;

use crate::eval::mean_and_deviation;

/// Share of errors that is accepted: 1 - 0.95.
const ERRORS: f64 = 0.05;

/// How the seeds of two systems are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Replicates {
    /// Seed by seed: they have the same ones.
    Paired,
    /// As two samples.
    Welch,
}

impl Replicates {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paired => "paired",
            Self::Welch => "welch",
        }
    }
}

/// What is known of the order of two systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Standing {
    /// The other one's loss is higher.
    #[serde(rename = "higher")]
    Higher,
    /// The other one's is lower; never of the lowest of a group.
    #[serde(rename = "lower")]
    Lower,
    /// Neither is sure.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl Standing {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// By how much one system's loss is higher than another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference of their averages over seeds; `None` where a seed of either has no finite loss.
    pub mean: Option<f64>,
    /// Its interval; `None` where either has a single seed, or one without a finite loss.
    pub interval: Option<[f64; 2]>,
    /// How the seeds are held against each other.
    pub seeds: Replicates,
    /// What that says.
    pub standing: Standing,
}

impl Difference {
    /// Whether more than a single seed of each stands behind it.
    pub fn is_known(&self) -> bool {
        self.interval.is_some() || self.standing != Standing::CannotTell
    }
}

/// A system's loss of every seed, not finite where it has none.
pub(super) struct Losses<'a> {
    /// In order.
    pub seeds: &'a [u64],
    pub losses: Vec<f64>,
}

impl Losses<'_> {
    /// Over seeds; `None` where one has no finite loss.
    pub fn mean(&self) -> Option<f64> {
        let mean = self.losses.iter().sum::<f64>() / self.losses.len() as f64;
        mean.is_finite().then_some(mean)
    }

    fn lost(&self) -> usize {
        self.losses.iter().filter(|loss| !loss.is_finite()).count()
    }
}

/// Quantiles of Student's t for comparisons of so many systems with the lowest of them, each worked out once.
#[derive(Default)]
pub(super) struct Quantiles {
    systems: usize,
    /// By degrees of freedom.
    known: Vec<f64>,
}

impl Quantiles {
    pub fn of(systems: usize) -> Self {
        Self { systems, known: Vec::new() }
    }

    /// Of another number of systems from now on.
    pub fn are_of(&mut self, systems: usize) {
        if systems != self.systems {
            *self = Self::of(systems);
        }
    }

    /// Errors that one comparison may make.
    fn errors(&self) -> f64 {
        ERRORS / self.systems.saturating_sub(1).max(1) as f64
    }

    fn at(&mut self, freedom: usize) -> f64 {
        for next in self.known.len()..=freedom {
            // The crate asks the C library, and its last digits with it: they decide on words, never on bits of results.
            self.known.push(StudentsT::ppf(1.0 - 0.5 * self.errors(), next as f64));
        }
        self.known[freedom]
    }
}

/// By how much the loss of `other` is higher than that of `one`.
///
/// With the same seeds Student's t of the differences seed by seed. Else Welch's t, with the degrees of freedom of the
/// smaller sample: Welch's own are too many where two seeds stand against twenty, and claim a difference of equal
/// systems in up to 18 % of studies; these are never too many (Mickey and Brown 1966, Bounds on the distribution
/// functions of the Behrens-Fisher statistic, Annals of Mathematical Statistics 37:639). Where a seed has no finite loss
/// there is no difference, and what is compared is how many such seeds each has, by Fisher's exact test.
pub(super) fn difference(one: &Losses<'_>, other: &Losses<'_>, quantiles: &mut Quantiles) -> Difference {
    #[cfg(test)]
    crate::eval::GATHERED.set(crate::eval::GATHERED.get() + 1);
    let seeds = if one.seeds == other.seeds { Replicates::Paired } else { Replicates::Welch };
    let (Some(lower), Some(higher)) = (one.mean(), other.mean()) else {
        let [one, other] = [one, other].map(|losses| [losses.lost(), losses.losses.len()]);
        let standing = lost_more(one, other, quantiles.errors());
        return Difference { mean: None, interval: None, seeds, standing };
    };
    let fewest = one.losses.len().min(other.losses.len());
    let error = match seeds {
        Replicates::Paired => {
            let differences: Vec<f64> =
                one.losses.iter().zip(&other.losses).map(|(one, other)| other - one).collect();
            mean_and_deviation(&differences).1 / (fewest as f64).sqrt()
        }
        Replicates::Welch => {
            let error = |losses: &Losses<'_>| mean_and_deviation(&losses.losses).1;
            let square = |losses: &Losses<'_>| error(losses).powi(2) / losses.losses.len() as f64;
            (square(one) + square(other)).sqrt()
        }
    };
    let mean = higher - lower;
    let interval = (fewest > 1).then(|| {
        let half = quantiles.at(fewest - 1) * error;
        [mean - half, mean + half]
    });
    let standing = match interval {
        Some([low, _]) if low > 0.0 => Standing::Higher,
        Some([_, high]) if high < 0.0 => Standing::Lower,
        _ => Standing::CannotTell,
    };
    Difference { mean: Some(mean), interval, seeds, standing }
}

/// Which of two systems has lost more seeds, [lost, all] each, by Fisher's exact test.
fn lost_more(one: [usize; 2], other: [usize; 2], errors: f64) -> Standing {
    let lost = one[0] + other[0];
    let fewest = lost.saturating_sub(one[1]);
    let most = lost.min(other[1]);
    // How likely it is that `other` has so many of all that are lost, but for a common factor.
    let mut weights = vec![1.0_f64];
    for k in fewest..most {
        let [left, theirs] = [other[1] - k, lost - k].map(|count| count as f64);
        let ours = (one[1] + k + 1 - lost) as f64;
        weights.extend(weights.last().map(|weight| weight * left * theirs / ((k + 1) as f64 * ours)));
    }
    let seen = weights[other[0] - fewest];
    let as_rare: f64 = weights.iter().filter(|weight| **weight <= seen * (1.0 + 1e-9)).sum();
    let is_rare = as_rare <= errors * weights.iter().sum::<f64>();
    let share = |[lost, all]: [usize; 2]| lost as f64 / all as f64;
    match share(other) > share(one) {
        true if is_rare => Standing::Higher,
        false if is_rare => Standing::Lower,
        _ => Standing::CannotTell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(one: (&[u64], &[f64]), other: (&[u64], &[f64])) -> Difference {
        let [one, other] = [one, other].map(|(seeds, losses)| Losses { seeds, losses: losses.to_vec() });
        difference(&one, &other, &mut Quantiles::of(2))
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (systems, freedom, t) in [
            (2, 1, 12.7062),
            (2, 4, 2.7764),
            (2, 19, 2.0930),
            (3, 1, 25.4517),
            (12, 4, 5.7465),
            (12, 9, 3.7513),
            (1000, 9, 7.2143),
        ] {
            let found = Quantiles::of(systems).at(freedom);
            assert!((found - t).abs() < 2e-3 * t, "{systems}, {freedom}: {found} for {t}");
        }
    }

    #[test]
    fn the_same_seeds_are_compared_one_by_one() {
        // Differences .5, .6, .7: t .1 / sqrt 3 = 4.3027 .0577 = .2484.
        let (seeds, losses): ([u64; 3], _) = ([1, 2, 3], [1.0, 5.0, 9.0]);
        let found = of((&seeds, &losses), (&seeds, &[1.5, 5.6, 9.7]));
        let [low, high] = found.interval.expect("three seeds");
        assert!((low - 0.3516).abs() < 1e-3 && (high - 0.8484).abs() < 1e-3, "{found:?}");
        assert_eq!((found.seeds, found.standing), (Replicates::Paired, Standing::Higher));
        let back = of((&seeds, &[1.5, 5.6, 9.7]), (&seeds, &losses));
        assert_eq!((back.mean.map(f64::abs), back.standing), (found.mean, Standing::Lower));
        // As two samples the same losses say nothing: they vary by far more than they differ.
        let found = of((&seeds, &losses), (&[1, 2, 4], &[1.5, 5.6, 9.7]));
        assert_eq!((found.seeds, found.standing), (Replicates::Welch, Standing::CannotTell));
        // (4 + 4) / sqrt 3 of deviations 4 and 4.1, two degrees of freedom: t 3.307 = 14.23.
        let [low, high] = found.interval.expect("three seeds each");
        assert!((high - low - 28.46).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn of_one_seed_nothing_is_said() {
        let found = of((&[0], &[1.0]), (&[0], &[9.0]));
        assert_eq!((found.mean, found.interval, found.standing), (Some(8.0), None, Standing::CannotTell));
        assert!(!found.is_known());
        assert_eq!(of((&[0, 1, 2], &[1.0, 1.1, 1.2]), (&[0], &[9.0])).interval, None);
    }

    #[test]
    fn what_does_not_vary_differs_or_does_not() {
        let seeds = [0, 1];
        let found = of((&seeds, &[1.0, 2.0]), (&seeds, &[1.0, 2.0]));
        assert_eq!((found.interval, found.standing), (Some([0.0, 0.0]), Standing::CannotTell));
        let found = of((&seeds, &[1.0, 1.0]), (&seeds, &[2.0, 2.0]));
        assert_eq!((found.interval, found.standing), (Some([1.0, 1.0]), Standing::Higher));
    }

    #[test]
    fn lost_seeds_are_counted_not_averaged() {
        let seeds = [0, 1, 2, 3, 4];
        let (sound, none) = ([1.0, 1.1, 1.2, 1.3, 1.4], [f64::NAN; 5]);
        let all = of((&seeds, &sound), (&seeds, &none));
        assert_eq!((all.mean, all.interval, all.standing), (None, None, Standing::Higher));
        // One of five may be chance, and so may three of three: p is 1 and 0.1.
        let one = of((&seeds, &sound), (&seeds, &[9.0, 9.0, f64::INFINITY, 9.0, 9.0]));
        assert_eq!((one.mean, one.standing), (None, Standing::CannotTell));
        assert_eq!(of((&seeds[..3], &sound[..3]), (&seeds[..3], &none[..3])).standing, Standing::CannotTell);
        // p of 5 of 8 beside 0 of 8 is .0256, of 4 it is .0769.
        assert_eq!(lost_more([0, 8], [5, 8], 0.05), Standing::Higher);
        assert_eq!(lost_more([5, 8], [0, 8], 0.05), Standing::Lower);
        assert_eq!(lost_more([0, 8], [4, 8], 0.05), Standing::CannotTell);
        assert_eq!(lost_more([8, 8], [8, 8], 0.05), Standing::CannotTell);
    }
}
