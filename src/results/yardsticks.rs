//! What systems are held against, on the very tasks that they were tested on, not on all that there could be.

use crate::eval::{Average, median};
use crate::experiments::Test;
use crate::task::{EvaluationSettings, TaskSettings, TestTask, test_tasks};

/// Bytes of test tasks that are drawn at most to be looked at or measured on: tens of thousands of usual ones.
const MOST_BYTES: usize = 32 << 20;
/// As many are drawn in any case.
const FEWEST: usize = 50;

/// What systems are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// The best answer that is the same for all tasks of the family.
    Guess,
    /// The best step that is linear in the targets of the support points.
    LinearStep,
    /// Who knows the family.
    Oracle,
}

impl Yardstick {
    /// From what knows least to what knows most.
    pub const ALL: [Self; 3] = [Self::Guess, Self::LinearStep, Self::Oracle];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guess => "prior mean",
            Self::LinearStep => "best linear step",
            Self::Oracle => "oracle",
        }
    }

    /// Its losses on these tasks; `None` where the family does not know it.
    pub fn losses(self, settings: &TaskSettings, tasks: &[TestTask]) -> Option<Vec<f64>> {
        let step = match self {
            Self::Oracle if !settings.has_oracle() => return None,
            Self::LinearStep => Some(settings.linear_step()?),
            _ => None,
        };
        let loss = |task: &TestTask| match (&step, self) {
            (Some(step), _) => task.loss(&step.answers(&task.support, &task.query.x)),
            (None, Self::Oracle) => oracle_loss(settings, task),
            (None, _) => guess_loss(settings, task),
        };
        Some(tasks.iter().map(loss).collect())
    }

    /// Its loss over the frozen tasks of a test, or over as many of them as are drawn to be looked at.
    pub fn loss(self, test: Test<'_>, average: Average) -> Option<f64> {
        let Test { task, evaluation, .. } = test;
        let test_tasks_at_hand = tasks_at_hand(task, evaluation);
        let evaluation = EvaluationSettings { test_tasks: test_tasks_at_hand, ..evaluation.clone() };
        Some(average_of(self.losses(task, &test_tasks(task, &evaluation))?, average))
    }
}

/// How many of its frozen tasks a test has for looking at and measuring on: all, but for those that take tens of
/// megabytes.
pub fn tasks_at_hand(task: &TaskSettings, evaluation: &EvaluationSettings) -> usize {
    let a_task = size_of::<TestTask>() + 2 * size_of::<f64>() * (task.shots.most + evaluation.grid);
    evaluation.test_tasks.min((MOST_BYTES / a_task).max(FEWEST))
}

/// Loss on a task of the best guess that is the same for all tasks of the family.
pub fn guess_loss(settings: &TaskSettings, task: &TestTask) -> f64 {
    let guess = |x: &f64| settings.family.moments(&settings.own, *x)[0];
    task.loss(&task.query.x.iter().map(guess).collect::<Vec<f64>>())
}

/// Loss of the oracle on a task.
pub fn oracle_loss(settings: &TaskSettings, task: &TestTask) -> f64 {
    let loss = task.loss(&settings.oracle(&task.support, &task.query.x));
    // Rounding of the least squares, far below anything a reader could mean by a loss.
    if loss < 1e-12 { 0.0 } else { loss }
}

/// Loss of the best guess without points over the frozen tasks of a test.
pub fn best_guess(test: Test<'_>, average: Average) -> f64 {
    Yardstick::Guess.loss(test, average).unwrap_or(f64::NAN)
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
    use crate::experiments::{Study, parse};

    fn study(task: &str) -> Study {
        let text = format!(
            "[task]\n{task}[evaluation]\ntest_tasks = 100\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"
        );
        parse("x", None, &text).expect("a good file")
    }

    #[test]
    fn the_best_guess_is_of_the_frozen_tasks() {
        let study = study("");
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

    #[test]
    fn the_linear_step_and_the_oracle_are_of_the_frozen_tasks_too() {
        let measured = |study: &Study, average| {
            let test = study.experiments[0].test(None).expect("the first");
            Yardstick::ALL.map(|yardstick| yardstick.loss(test, average))
        };
        // Of phases of a whole turn a linear step leaves one part in K + 1 of all tasks, here of these hundred.
        let [guess, step, oracle] = measured(&study(""), Average::Mean).map(|loss| loss.expect("known"));
        assert!((step - guess / 11.0).abs() > 1e-3 && step < 0.2 * guess, "{step} of {guess}");
        assert_eq!(oracle, 0.0);
        let [_, median, _] = measured(&study(""), Average::Median).map(|loss| loss.expect("known"));
        assert!(median < step, "{median}, {step}");
        // Of noisy waves the best linear step is not known, and nobody is without loss.
        let noisy = study("noise = 0.5\n");
        let [guess, step, oracle] = measured(&noisy, Average::Mean);
        assert!(step.is_none() && oracle > Some(0.0) && oracle < guess, "{oracle:?}");
        // More of the same tasks, another figure: it is measured, not looked up.
        let more = parse("x", None, &study_text(200)).expect("a good file");
        assert_ne!(
            measured(&more, Average::Mean)[1],
            Some(measured(&study(""), Average::Mean)[1].expect("known"))
        );
    }

    fn study_text(tasks: usize) -> String {
        format!("[evaluation]\ntest_tasks = {tasks}\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n")
    }
}
