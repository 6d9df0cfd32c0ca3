//! The floor of the points curve: the mean squared error of the Bayes-optimal prediction on the very tasks that systems
//! were tested on. Nobody can be expected to be below it.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::comparison::groups;
use super::outcome::{Outcome, test_names};
use super::yardsticks::tasks_at_hand;
use crate::eval::{Calibration, Curve, LossAxis, figures, statistics};
use crate::experiments::Test;
use crate::task::{EvaluationSettings, TaskSettings, TestTask, test_tasks};

/// Floors that are kept: more than a study usually has test sets.
const KEPT: usize = 32;

/// What something is of, and what it is; `None` where there is none.
type Entry<T> = (TaskSettings, EvaluationSettings, Option<Arc<T>>);

/// What is known of the tasks of tests: a table, a picture and an event ask for the same.
struct Kept<T>(Mutex<Vec<Entry<T>>>);

impl<T> Kept<T> {
    /// What was worked out of these tasks, if it was: the inner one is `None` where there is none.
    fn known(&self, test: Test<'_>) -> Option<Option<Arc<T>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = of_tasks(test);
        let same = |(task, evaluation, _): &&(_, _, _)| (task, evaluation) == (&of.0, &of.1);
        known.iter().find(same).map(|(.., found)| found.clone())
    }

    fn of(&self, test: Test<'_>, measure: impl Fn(Test<'_>) -> Option<T>) -> Option<Arc<T>> {
        if let Some(found) = self.known(test) {
            return found;
        }
        let found = measure(test).map(Arc::new);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == KEPT {
            known.remove(0);
        }
        let (task, evaluation) = of_tasks(test);
        known.push((task, evaluation, found.clone()));
        found
    }
}

/// What a floor is of: not of how systems are trained and adapt.
fn of_tasks(Test { task, evaluation, .. }: Test<'_>) -> (TaskSettings, EvaluationSettings) {
    let own = task.own.clone();
    let shots = task.test_points(evaluation).into();
    let task = TaskSettings { family: task.family, own, x: task.x, shots, ..TaskSettings::default() };
    let usual = EvaluationSettings::default();
    let evaluation =
        EvaluationSettings { steps: usual.steps, inner_lr: usual.inner_lr, ..evaluation.clone() };
    (task, evaluation)
}

static FLOORS: Kept<Curve> = Kept(Mutex::new(Vec::new()));
static CALIBRATIONS: Kept<Calibration> = Kept(Mutex::new(Vec::new()));

/// The floor after K = 0, 1, .. support points, if it has been worked out: the inner one is `None` where none is known.
pub fn known_floor(test: Test<'_>) -> Option<Option<Arc<Curve>>> {
    FLOORS.known(test)
}

/// What the best Gaussian answers are worth, if it has been worked out, in the same way.
pub fn known_calibration(test: Test<'_>) -> Option<Option<Arc<Calibration>>> {
    CALIBRATIONS.known(test)
}

/// The floor after K = 0, 1, .. support points of a test, over its frozen tasks or as many as are drawn to be looked at;
/// `None` without a points curve, or where no floor is known. Takes up to seconds for the first time.
pub fn floor(test: Test<'_>) -> Option<Arc<Curve>> {
    FLOORS.of(test, measure)
}

fn measure(test: Test<'_>) -> Option<Curve> {
    let points = test.evaluation.points?;
    let posterior = test.task.posterior(points)?;
    let tasks = tasks_of(test);
    let losses = tasks.iter().flat_map(|task| posterior.losses(&task.first_points(points), &task.query));
    Some(statistics(&losses.collect::<Vec<f64>>(), points))
}

fn tasks_of(Test { task, evaluation, .. }: Test<'_>) -> Vec<TestTask> {
    let at_hand = EvaluationSettings { test_tasks: tasks_at_hand(task, evaluation), ..evaluation.clone() };
    test_tasks(task, &at_hand)
}

/// What can be reached by who answers with a Gaussian at each x: the log-likelihood and the coverage of the Gaussians of the
/// posterior's mean and deviation, the noise of the targets included where they carry it. No other Gaussian can be expected
/// to have a higher log-likelihood. Not a number where nothing is left uncertain. `None` as of the floor; as slow as it.
pub fn best_calibration(test: Test<'_>) -> Option<Arc<Calibration>> {
    CALIBRATIONS.of(test, calibrate)
}

fn calibrate(test: Test<'_>) -> Option<Calibration> {
    let Test { task, evaluation, .. } = test;
    let points = evaluation.points?;
    let posterior = task.posterior(points)?;
    let noise = if evaluation.target_noise { task.family.noise(&task.own) } else { 0.0 };
    let of = |task: &TestTask| {
        let (support, x) = (task.first_points(points), &task.query.x);
        let means = posterior.means(&support, x);
        let deviations = posterior.deviations(&support, x).into_iter();
        let spread = |of: &f64| (of * of + noise * noise).sqrt();
        let spreads = deviations.map(|of| of.iter().map(spread).collect::<Vec<f64>>());
        let figures_of = |(means, spreads): (Vec<f64>, Vec<f64>)| figures(&means, &spreads, &task.query.y);
        means.into_iter().zip(spreads).map(figures_of).collect::<Vec<_>>()
    };
    Some(Calibration::over(&tasks_of(test).iter().map(of).collect::<Vec<_>>()))
}

/// The floor of a group of systems that were tested on the same tasks over K.
#[derive(Clone, Debug, Serialize)]
pub struct FloorEvent<'a> {
    event: &'static str,
    /// Absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<String>,
    group: Vec<&'a str>,
    k: Vec<usize>,
    mean: Vec<f64>,
    median: Vec<f64>,
    ci95: Vec<f64>,
    /// The best that Gaussian answers can be expected to have, where a system of the group says how sure it is.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
}

/// The floors of these experiments, one a test set and group of the points curve, where they are known.
pub fn floors<'a>(outcomes: &[Outcome<'a>]) -> Vec<FloorEvent<'a>> {
    let outcomes: Vec<Outcome<'a>> = outcomes.iter().map(|outcome| outcome.along(LossAxis::Points)).collect();
    let names = test_names(outcomes.iter().map(|outcome| outcome.settings));
    let mut found = Vec::new();
    for test in std::iter::once(None).chain(names.into_iter().map(Some)) {
        for group in groups(&outcomes, test.as_deref()) {
            let members = || group.members.iter().map(|index| &outcomes[*index]);
            let tests = members().filter_map(|outcome| outcome.test(test.as_deref()));
            let longest = tests.max_by_key(|test| test.evaluation.points);
            let Some(floor) = longest.and_then(floor) else { continue };
            let is_told = members().any(|outcome| {
                outcome.curves(test.as_deref()).iter().any(|curve| curve.calibration.is_some())
            });
            let calibration = longest.filter(|_| is_told).and_then(best_calibration);
            let calibration = calibration.map(|best| (*best).clone());
            let Curve { steps, mean, median, ci95, .. } = (*floor).clone();
            let group = members().map(|outcome| outcome.settings.name.as_str()).collect();
            found.push(FloorEvent {
                event: "floor",
                test: test.clone(),
                group,
                k: steps,
                mean,
                median,
                ci95,
                calibration,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::eval::BANDS;
    use crate::experiments::parse;

    /// A thousand tasks in time, and below or level with what is known of the family.
    #[test]
    fn a_floor_falls_with_every_point_and_is_kept() {
        for (task, known) in [
            ("phase = [0.0, 3.141592653589793]", [2.96, 1.27, 0.0]),
            ("phase = [0.0, 3.141592653589793]\nnoise = 0.3", [2.96, 1.36, 0.31]),
        ] {
            let text = format!(
                "[task]\n{task}\n[evaluation]\npoints = 20\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"
            );
            let study = parse("x", None, &text).expect("a good file");
            let test = study.experiments[0].test(None).expect("the first");
            let start = Instant::now();
            let found = floor(test).expect("known");
            let first = start.elapsed();
            assert!(first < Duration::from_secs(60), "{first:?}");
            println!("{first:?}");
            assert_eq!(found.steps, (0..=20).collect::<Vec<_>>());
            // Other tasks than those of the figures, so 4 standard errors of both.
            for (found, known) in found.mean.iter().zip(known) {
                assert!((found - known).abs() <= 0.36 * known, "{found} for {known}");
            }
            assert!(found.mean.windows(2).all(|pair| pair[1] <= 1.05 * pair[0]), "{:?}", found.mean);
            assert!(Arc::ptr_eq(&found, &floor(test).expect("known")), "it is worked out once");
        }
        let none = parse(
            "x",
            None,
            "[evaluation]\npoints = 3\n[task]\nfamily = \"sine-or-line\"\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n",
        );
        let study = none.expect("a good file");
        assert!(floor(study.experiments[0].test(None).expect("the first")).is_none());
    }

    /// The exact posterior of a Gaussian process with one kernel is the Gaussian that the targets come from: its bands hold what
    /// they are to hold, before the first point and after many.
    #[test]
    fn the_best_gaussian_of_a_gaussian_process_covers_what_it_should() {
        let of = |target_noise: bool| {
            let text = format!(
                "[task]\nfamily = \"gp\"\nlength = [1.0, 1.0]\nscale = [2.0, 2.0]\nnoise = 0.3\n[evaluation]\npoints = 4\n\
                 target_noise = {target_noise}\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"
            );
            let study = parse("x", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
            let test = study.experiments[0].test(None).expect("the first");
            (best_calibration(test).expect("known"), floor(test).expect("known").mean.clone())
        };
        let ((noisy, with_noise), (clean, without)) = (of(true), of(false));
        for found in [&noisy, &clean] {
            for (band, shares) in BANDS.iter().zip(found.coverage.bands()) {
                // 50 targets of one of 1,000 curves are worth about ten of their own: four standard errors of a half.
                for share in shares {
                    assert!((share - f64::from(*band) / 100.0).abs() < 0.02, "{band}: {shares:?}");
                }
            }
            assert!(found.loglik.windows(2).all(|pair| pair[1] > pair[0]), "{:?}", found.loglik);
        }
        // Before the first point the deviation is 2 everywhere, and the noise beside it: closed forms.
        for (found, variance) in [(&noisy, 4.09), (&clean, 4.0)] {
            let entropy = 0.5 * ((std::f64::consts::TAU * variance).ln() + 1.0);
            assert!((found.loglik[0] + entropy).abs() < 0.05, "{:?}, {entropy}", found.loglik);
        }
        // And the floor of noisy targets is that of the others and the variance of the noise.
        for (with, without) in with_noise.iter().zip(&without) {
            assert!((with - without - 0.09).abs() < 0.03, "{with_noise:?}, {without:?}");
        }
    }
}
