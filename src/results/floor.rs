//! The floor of the points curve: the mean squared error of the Bayes-optimal prediction on the very tasks that systems
//! were tested on. Nobody can be expected to be below it.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::comparison::groups;
use super::outcome::{Outcome, test_names};
use super::yardsticks::tasks_at_hand;
use crate::eval::{Curve, LossAxis, statistics};
use crate::experiments::Test;
use crate::task::{EvaluationSettings, TaskSettings, test_tasks};

/// Floors that are kept: more than a study usually has test sets.
const KEPT: usize = 32;

/// What a floor is of, and the floor.
type Known = (TaskSettings, EvaluationSettings, Option<Arc<Curve>>);

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

/// Those that were worked out: a table, a picture and an event ask for the same one.
static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

/// The floor after K = 0, 1, .. support points, if it has been worked out: the inner one is `None` where none is known.
pub fn known_floor(test: Test<'_>) -> Option<Option<Arc<Curve>>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let of = of_tasks(test);
    let same = |(task, evaluation, _): &&Known| (task, evaluation) == (&of.0, &of.1);
    known.iter().find(same).map(|(.., floor)| floor.clone())
}

/// The floor after K = 0, 1, .. support points of a test, over its frozen tasks or as many as are drawn to be looked at;
/// `None` without a points curve, or where no floor is known. Takes up to seconds for the first time.
pub fn floor(test: Test<'_>) -> Option<Arc<Curve>> {
    if let Some(floor) = known_floor(test) {
        return floor;
    }
    let found = measure(test).map(Arc::new);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() == KEPT {
        known.remove(0);
    }
    let (task, evaluation) = of_tasks(test);
    known.push((task, evaluation, found.clone()));
    found
}

fn measure(Test { task, evaluation, .. }: Test<'_>) -> Option<Curve> {
    let points = evaluation.points?;
    let posterior = task.posterior(points)?;
    let at_hand = EvaluationSettings { test_tasks: tasks_at_hand(task, evaluation), ..evaluation.clone() };
    let tasks = test_tasks(task, &at_hand);
    let losses = tasks.iter().flat_map(|task| posterior.losses(&task.first_points(points), &task.query));
    Some(statistics(&losses.collect::<Vec<f64>>(), points))
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
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
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
}
