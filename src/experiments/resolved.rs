//! Writes one resolved experiment back as a file, so that a run's folder says everything about the run.

use std::fmt::Write as _;

use super::Experiment;
use crate::learner::Budget;
use crate::task::TrainTasks;

/// One experiment with one seed as an experiments file of its own, every setting explicit; reading it
/// gives the same experiment.
pub fn resolved_toml(experiment: &Experiment, seed: u64) -> String {
    let Experiment { training, task, model, evaluation, .. } = experiment;
    let mut out = String::new();
    let mut table = |header: &str, settings: &[(&str, String)]| {
        let _ = writeln!(out, "{header}");
        for (key, value) in settings {
            let _ = writeln!(out, "{key} = {value}");
        }
    };
    let budget = match training.budget {
        Budget::Epochs(epochs) => ("epochs", epochs.to_string()),
        Budget::OuterSteps(steps) => ("outer_steps", steps.to_string()),
    };
    table(
        "[[experiment]]",
        &[
            ("name", text(&experiment.name)),
            ("algorithm", text(experiment.algorithm.name())),
            ("seeds", format!("[{seed}]")),
            budget,
            ("meta_batch", training.meta_batch.to_string()),
            ("inner_lr", float(training.inner_lr)),
            ("inner_steps", training.inner_steps.to_string()),
            ("outer_lr", float(training.outer_lr)),
            ("outer_gradient", text(training.outer_gradient.name())),
        ],
    );
    let train_tasks = match task.train_tasks {
        TrainTasks::Pool(tasks) => tasks.to_string(),
        TrainTasks::Fresh => text("fresh"),
    };
    table(
        "\n[experiment.task]",
        &[
            ("family", text("sine")),
            ("amplitude", range(task.amplitude)),
            ("phase", range(task.phase)),
            ("x", range(task.x)),
            ("shots", task.shots.to_string()),
            ("query", task.query.to_string()),
            ("train_tasks", train_tasks),
        ],
    );
    table(
        "\n[experiment.model]",
        &[
            ("hidden", model.hidden.to_string()),
            ("activation", text(model.activation.name())),
            ("precision", text(model.precision.name())),
        ],
    );
    table(
        "\n[experiment.evaluation]",
        &[
            ("test_tasks", evaluation.test_tasks.to_string()),
            ("grid", evaluation.grid.to_string()),
            ("steps", evaluation.steps.to_string()),
            ("inner_lr", float(evaluation.inner_lr)),
            ("seed", evaluation.seed.to_string()),
        ],
    );
    out
}

/// A text in quotes, escaped as TOML wants it.
fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The shortest form that reads back as the same number; always a TOML float.
fn float(number: f64) -> String {
    format!("{number:?}")
}

fn range([low, high]: [f64; 2]) -> String {
    format!("[{}, {}]", float(low), float(high))
}
