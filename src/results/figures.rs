//! Published figures beside what was measured here, and the verdict on each. It is given here and nowhere
//! else.

use serde::Serialize;

use super::Outcome;
use crate::eval::{half_width, mean_and_deviation};
use crate::experiments::{Mark, Published};

/// A published figure and how the results stand to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The experiment that it is compared with.
    pub experiment: String,
    /// What was published.
    pub published: Published,
    /// Seeds of the experiment.
    pub seeds: usize,
    /// What was measured.
    pub measured: Measured,
}

/// What was measured in the place of a published figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// Not all seeds have ended.
    Waiting {
        /// Seeds that have been evaluated.
        done: usize,
        /// Seeds that failed for reasons that say nothing of the loss, such as a full disk.
        failed: usize,
    },
    /// The answers of another program, of which there are none here in some seed.
    NotAnswered,
    /// In some seeds training diverged, or a test task ended with a loss that is not finite. Their mean loss
    /// is no number, and so is the mean over seeds.
    Lost {
        /// How many seeds.
        seeds: usize,
    },
    /// The mean over seeds of the mean test loss.
    Mean {
        /// The mean.
        mean: f64,
        /// Half width of its 95 % interval, Student's t over the seeds' means; `None` of one seed.
        ci95: Option<f64>,
    },
}

/// Share of a published figure that a result may be away from it and still match it.
const NEAR: f64 = 0.1;

/// How a result stands to a published figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is lower, and the intervals do not overlap.
    Beats,
    /// Its whole interval lies within a tenth of the published figure, or within its interval, if that is wider.
    Matches,
    /// It is higher, and the intervals do not overlap; or it is no number.
    Misses,
    /// Its interval says none of these; of one seed there is no interval.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl Verdict {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Beats => "beats",
            Self::Matches => "matches",
            Self::Misses => "misses",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// The figures of these experiments, in the file's order.
pub fn figures(outcomes: &[Outcome<'_>]) -> Vec<Figure> {
    let of = |outcome: &Outcome<'_>| {
        let figure = |published: &Published| Figure {
            experiment: outcome.settings.name.clone(),
            published: published.clone(),
            seeds: outcome.runs.len(),
            measured: measure(outcome, published),
        };
        outcome.settings.published.iter().map(figure).collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of).collect()
}

/// What was measured where the figure says.
fn measure(outcome: &Outcome<'_>, published: &Published) -> Measured {
    let (mut means, mut lost, mut failed) = (Vec::new(), 0, 0);
    for run in &outcome.runs {
        let curve = run.curves.of(published.test.as_deref());
        let at = |losses: &[f64]| losses.get(published.n).copied();
        match curve.and_then(|curve| Some((at(&curve.mean)?, at(&curve.nonfinite)?))) {
            Some((mean, 0.0)) if mean.is_nan() => return Measured::NotAnswered,
            // Over all tasks the mean is not finite, whatever those give that are left.
            Some((mean, share)) if !mean.is_finite() || share > 0.0 => lost += 1,
            Some((mean, _)) => means.push(mean),
            None => match run.failure {
                Some(_) if run.has_diverged() => lost += 1,
                Some(_) => failed += 1,
                None => {}
            },
        }
    }
    if means.is_empty() && lost == 0 || means.len() + lost < outcome.runs.len() {
        return Measured::Waiting { done: means.len() + lost, failed };
    }
    if lost > 0 {
        return Measured::Lost { seeds: lost };
    }
    let (mean, deviation) = mean_and_deviation(&means);
    Measured::Mean { mean, ci95: half_width(deviation, means.len()) }
}

impl Figure {
    /// How the result compares with the published figure; `None` while there is no result. One seed has no interval,
    /// so it cannot tell.
    pub fn verdict(&self) -> Option<Verdict> {
        let Published { loss, ci95: theirs, .. } = self.published;
        let theirs = theirs.unwrap_or(0.0);
        match self.measured {
            Measured::Waiting { .. } | Measured::NotAnswered => None,
            Measured::Lost { .. } => Some(Verdict::Misses),
            Measured::Mean { ci95: None, .. } => Some(Verdict::CannotTell),
            Measured::Mean { mean, ci95: Some(ours) } => Some(if mean + ours < loss - theirs {
                Verdict::Beats
            } else if mean - ours > loss + theirs {
                Verdict::Misses
            } else if (mean - loss).abs() + ours <= theirs.max(NEAR * loss) {
                Verdict::Matches
            } else {
                Verdict::CannotTell
            }),
        }
    }

    /// The mean and half the width of its interval, where they are numbers.
    pub fn mean(&self) -> (Option<f64>, Option<f64>) {
        match self.measured {
            Measured::Mean { mean, ci95 } => (Some(mean), ci95),
            _ => (None, None),
        }
    }

    /// Seeds whose loss is not finite.
    pub fn lost(&self) -> usize {
        if let Measured::Lost { seeds } = self.measured { seeds } else { 0 }
    }

    /// The verdict as an event, once there is one.
    pub fn event(&self) -> Option<VerdictEvent<'_>> {
        let (measured, ci95) = self.mean();
        let Published { source, test, n, loss, ci95: published_ci95, mark } = &self.published;
        Some(VerdictEvent {
            event: "verdict",
            experiment: &self.experiment,
            test: test.as_deref(),
            n: *n,
            measured,
            ci95,
            seeds: self.seeds,
            lost: self.lost(),
            published: *loss,
            published_ci95: *published_ci95,
            mark: *mark,
            source,
            verdict: self.verdict()?,
        })
    }
}

/// The event of `--json`: of an experiment that has ended, one a figure.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct VerdictEvent<'a> {
    event: &'static str,
    experiment: &'a str,
    /// Absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
    n: usize,
    /// Null where a seed's loss is not finite.
    measured: Option<f64>,
    /// Null of one seed.
    ci95: Option<f64>,
    seeds: usize,
    /// Seeds whose loss is not finite; absent where there is none.
    #[serde(skip_serializing_if = "is_zero")]
    lost: usize,
    published: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_ci95: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<Mark>,
    source: &'a str,
    verdict: Verdict,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Curve, Curves, LossAxis};
    use crate::experiments::{Study, parse};
    use crate::results::Ran;

    /// An experiment of these figures, which are of the first test set after one step.
    fn study(figures: &str) -> Study {
        let text = format!(
            "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n{figures}[[test]]\nname = \"far\"\n"
        );
        parse("x", None, &text).expect("a good file")
    }

    const PUBLISHED: &str = "[[experiment.published]]\nsource = \"x\"\nn = 1\nloss = 1.0\nci95 = 0.1\n";

    fn curves(loss: f64, nonfinite: f64) -> Curves {
        let two = |value| vec![9.0, value];
        Curves::from(Curve {
            steps: vec![0, 1],
            mean: two(loss),
            median: two(loss),
            ci95: vec![0.0; 2],
            nonfinite: vec![0.0, nonfinite],
            tasks: 4,
            points: None,
            calibration: None,
        })
    }

    /// The figure where the seeds have these curves.
    fn figure(curves: &[Curves]) -> Figure {
        let study = study(PUBLISHED);
        let ran = |curves| Ran { seed: 0, curves, failure: None };
        let runs = curves.iter().map(ran).collect();
        figures(&[Outcome { settings: &study.experiments[0], runs, axis: LossAxis::Steps }]).remove(0)
    }

    fn of_means(means: &[f64]) -> Figure {
        figure(&means.iter().map(|mean| curves(*mean, 0.0)).collect::<Vec<_>>())
    }

    #[test]
    fn intervals_are_students() {
        // Two-sided 95 % quantiles, as every table has them.
        for (freedom, t) in
            [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (1_000, 1.962)]
        {
            let values = freedom + 1;
            let half = half_width((values as f64).sqrt(), values).expect("more than one");
            assert!((half - t).abs() < 1e-3, "{freedom}: {half}");
        }
        assert_eq!(half_width(1.0, 1), None);
    }

    #[test]
    fn a_verdict_needs_an_interval_that_says_it() {
        // Five seeds with a standard deviation of .05: t .05 / sqrt(5) = .0621.
        let spread = |mean: f64, std: f64| {
            of_means(&[-1.0, -0.5, 0.0, 0.5, 1.0].map(|z| mean + std * z / 0.625_f64.sqrt()))
        };
        let around = |mean: f64| spread(mean, 0.05);
        let (mean, half) = around(0.8).mean();
        assert!((mean.unwrap() - 0.8).abs() < 1e-12 && (half.unwrap() - 0.0621).abs() < 1e-4, "{half:?}");
        for (mean, verdict) in [
            (0.837, Verdict::Beats),
            (0.839, Verdict::CannotTell),
            (0.961, Verdict::CannotTell),
            (0.963, Verdict::Matches),
            (1.0, Verdict::Matches),
            (1.037, Verdict::Matches),
            (1.039, Verdict::CannotTell),
            (1.161, Verdict::CannotTell),
            (1.163, Verdict::Misses),
        ] {
            assert_eq!(around(mean).verdict(), Some(verdict), "{mean}");
        }
        // An interval that holds everything matches nothing: 1 published, 9.86 +- 122 measured.
        let found = spread(9.86, 98.0);
        assert_eq!(
            (found.verdict(), found.verdict_in_words()),
            (Some(Verdict::CannotTell), "cannot tell".to_owned())
        );
    }

    #[test]
    fn without_a_published_interval_it_is_a_point() {
        let study = study(&PUBLISHED.replace("ci95 = 0.1\n", ""));
        let verdict = |losses: [f64; 3]| {
            let seeds = losses.map(|loss| curves(loss, 0.0));
            let runs = seeds.iter().map(|curves| Ran { seed: 0, curves, failure: None }).collect();
            figures(&[Outcome { settings: &study.experiments[0], runs, axis: LossAxis::Steps }])[0].verdict()
        };
        assert_eq!(verdict([0.99, 0.9901, 0.9899]), Some(Verdict::Beats));
        assert_eq!(verdict([0.99, 1.0, 1.01]), Some(Verdict::Matches));
        assert_eq!(verdict([0.9, 1.0, 1.1]), Some(Verdict::CannotTell));
    }

    #[test]
    fn one_seed_cannot_tell() {
        let figure = of_means(&[0.01]);
        assert_eq!((figure.verdict(), figure.mean()), (Some(Verdict::CannotTell), (Some(0.01), None)));
        assert_eq!(figure.verdict_in_words(), "cannot tell: one seed, no interval");
    }

    #[test]
    fn what_is_not_finite_misses_and_what_is_not_there_waits() {
        let lost = figure(&[curves(0.5, 0.0), curves(f64::NAN, 1.0), curves(0.5, 0.0)]);
        assert_eq!((lost.verdict(), lost.lost(), lost.mean()), (Some(Verdict::Misses), 1, (None, None)));
        assert_eq!(lost.verdict_in_words(), "misses: 1 seed not finite");
        // A mean that leaves tasks out is no mean.
        assert_eq!(figure(&[curves(0.5, 0.25), curves(0.5, 0.0)]).verdict(), Some(Verdict::Misses));
        let unanswered = figure(&[curves(0.5, 0.0), curves(f64::NAN, 0.0)]);
        assert_eq!((unanswered.verdict(), unanswered.lost(), unanswered.mean()), (None, 0, (None, None)));
        assert_eq!(unanswered.verdict_in_words(), "not answered");
        let waiting = figure(&[curves(0.5, 0.0), Curves::default()]);
        assert_eq!((waiting.verdict(), waiting.seeds_in_words().as_str()), (None, "1/2"));
        assert!(waiting.event().is_none());
        let study = study(PUBLISHED);
        let (done, none) = (curves(0.5, 0.0), Curves::default());
        for (why, words) in [
            ("diverged: the training loss became infinite", "misses: 1 seed not finite"),
            ("the disk is full", "waiting: 1 seed failed"),
        ] {
            let runs = vec![
                Ran { seed: 0, curves: &done, failure: None },
                Ran { seed: 1, curves: &none, failure: Some((7, why)) },
            ];
            let figures =
                figures(&[Outcome { settings: &study.experiments[0], runs, axis: LossAxis::Steps }]);
            assert_eq!(figures[0].verdict_in_words(), words);
        }
    }

    #[test]
    fn a_figure_is_of_its_own_test_set() {
        let study = study(&PUBLISHED.replace("n = 1", "n = 1\ntest = \"far\""));
        let mut both = curves(0.5, 0.0);
        fn runs(curves: &Curves) -> Vec<Ran<'_>> {
            vec![Ran { seed: 0, curves, failure: None }]
        }
        let waiting =
            figures(&[Outcome { settings: &study.experiments[0], runs: runs(&both), axis: LossAxis::Steps }]);
        assert_eq!(waiting[0].measured, Measured::Waiting { done: 0, failed: 0 });
        both.put(Some("far".to_owned()), curves(2.0, 0.0).of(None).expect("there").clone());
        let known =
            figures(&[Outcome { settings: &study.experiments[0], runs: runs(&both), axis: LossAxis::Steps }]);
        assert_eq!(known[0].mean(), (Some(2.0), None));
        assert_eq!(known[0].setting(), "A, far, n=1");
    }
}
