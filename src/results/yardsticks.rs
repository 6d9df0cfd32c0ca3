//! What systems are held against on the very tasks that they were tested on, not on all that there could be.

use crate::eval::{Average, median};
use crate::experiments::Test;
use crate::task::{EvaluationSettings, TaskSettings, TestTask, test_tasks};

/// Points of test tasks that are drawn at most to be measured on: more would take seconds.
const MOST_POINTS: usize = 20_000_000;

/// Loss on a task of the best guess that is the same for all tasks of the family.
pub fn guess_loss(settings: &TaskSettings, task: &TestTask) -> f64 {
    let guess = |x: f64| settings.family.moments(&settings.own, x)[0];
    let errors = task.query.x.iter().zip(&task.query.y).map(|(x, y)| (guess(*x) - y).powi(2));
    errors.sum::<f64>() / task.query.x.len().max(1) as f64
}

/// Loss of the best constant guess over the frozen tasks of a test, or over as many of them as can be drawn in a moment.
pub fn best_guess(test: Test<'_>, average: Average) -> f64 {
    let Test { task, evaluation, .. } = test;
    let most = (MOST_POINTS / (evaluation.grid + task.shots)).max(1);
    let evaluation = EvaluationSettings { test_tasks: evaluation.test_tasks.min(most), ..evaluation.clone() };
    let tasks = test_tasks(task, &evaluation);
    average_of(tasks.iter().map(|tested| guess_loss(task, tested)).collect(), average)
}

/// Mean or median of losses.
pub fn average_of(mut losses: Vec<f64>, average: Average) -> f64 {
    match average {
        Average::Mean => losses.iter().sum::<f64>() / losses.len().max(1) as f64,
        Average::Median => {
            losses.sort_by(f64::total_cmp);
            median(&losses)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    #[test]
    fn the_best_guess_is_of_the_frozen_tasks() {
        let text = "[evaluation]\ntest_tasks = 100\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";
        let study = parse("x", None, text).expect("a good file");
        let test = study.experiments[0].test(None).expect("the first");
        // The average wave is flat, so its loss on a task is the mean square of the task.
        let tasks = test_tasks(test.task, test.evaluation);
        let squares = tasks.iter().map(|task| task.query.y.iter().map(|y| y * y).sum::<f64>() / 50.0);
        let measured = squares.sum::<f64>() / 100.0;
        let found = best_guess(test, Average::Mean);
        assert!((found - measured).abs() < 1e-9, "{found}, {measured}");
        assert!((found - test.task.prior_mean_loss()).abs() > 0.05, "a hundred tasks are not all: {found}");
        assert!(best_guess(test, Average::Median) < found);
    }
}
