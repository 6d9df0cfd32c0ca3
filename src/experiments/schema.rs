//! The names and limits of `experiments.toml`: which keys a table may have, where each belongs, and
//! the values that are sensible. Everything else in this room asks here.

use std::ops::RangeInclusive;

/// Tables at the top of the file.
pub(super) const TOP: &[&str] = &["defaults", "task", "model", "evaluation", "experiment"];

/// Settings of `[defaults]`, each of which an experiment may have too.
pub(super) const DEFAULTS: &[&str] = &[
    "seeds",
    "epochs",
    "outer_steps",
    "meta_batch",
    "inner_lr",
    "inner_steps",
    "outer_lr",
    "outer_gradient",
];

/// Settings of `[[experiment]]`: its own two, those of `[defaults]`, and its own tables.
pub(super) const EXPERIMENT: &[&str] = &[
    "name",
    "algorithm",
    "seeds",
    "epochs",
    "outer_steps",
    "meta_batch",
    "inner_lr",
    "inner_steps",
    "outer_lr",
    "outer_gradient",
    "task",
    "model",
    "evaluation",
];

/// Settings of `[task]`.
pub(super) const TASK: &[&str] = &["family", "amplitude", "phase", "x", "shots", "query", "train_tasks"];

/// Settings of `[model]`.
pub(super) const MODEL: &[&str] = &["hidden", "activation", "precision"];

/// Settings of `[evaluation]`.
pub(super) const EVALUATION: &[&str] = &["test_tasks", "grid", "steps", "inner_lr", "seed"];

/// A file larger than this was not written by a person.
pub(super) const LARGEST_FILE: usize = 1 << 20;
/// Experiments in one study.
pub(super) const MOST_EXPERIMENTS: usize = 1_000;
/// Experiments times seeds.
pub(super) const MOST_RUNS: usize = 10_000;
/// Characters of an experiment's name: it heads a pane and a table's row.
pub(super) const LONGEST_NAME: usize = 60;

/// A count; one run a seed.
pub(super) const SEEDS: RangeInclusive<u64> = 1..=10_000;
/// Passes over the pool.
pub(super) const EPOCHS: RangeInclusive<u64> = 1..=1_000_000;
/// Optimiser steps: the most that a million epochs over the largest pool can be.
pub(super) const OUTER_STEPS: RangeInclusive<u64> = 1..=1_000_000_000_000;
/// Tasks in one outer step.
pub(super) const META_BATCH: RangeInclusive<u64> = 1..=10_000;
/// Inner SGD steps during training.
pub(super) const INNER_STEPS: RangeInclusive<u64> = 1..=1_000;
/// Support points.
pub(super) const SHOTS: RangeInclusive<u64> = 1..=10_000;
/// Query points.
pub(super) const QUERY: RangeInclusive<u64> = 1..=10_000;
/// Tasks in the pool.
pub(super) const TRAIN_TASKS: RangeInclusive<u64> = 1..=1_000_000;
/// Frozen test tasks.
pub(super) const TEST_TASKS: RangeInclusive<u64> = 1..=100_000;
/// Test points; a grid has two ends.
pub(super) const GRID: RangeInclusive<u64> = 2..=10_000;
/// Steps of the adaptation curve.
pub(super) const CURVE_STEPS: RangeInclusive<u64> = 0..=10_000;

/// Support points of the whole pool: 320 MB of coordinates in f64.
pub(super) const MOST_POOL_POINTS: u64 = 20_000_000;
/// Support and grid points of all test tasks: 320 MB.
pub(super) const MOST_TEST_POINTS: u64 = 20_000_000;
/// Losses of all test tasks at all steps: 400 MB.
pub(super) const MOST_TEST_LOSSES: u64 = 50_000_000;
/// Values that the tape of one outer step holds, roughly: tasks x inner steps x width x (points +
/// width).
pub(super) const MOST_TAPE_VALUES: u64 = 100_000_000;

/// Where a key that stands in the wrong table belongs; `None` if it belongs nowhere.
pub(super) fn home(key: &str) -> Option<&'static str> {
    match key {
        "name" | "algorithm" => Some("to an [[experiment]]"),
        "inner_lr" => Some("to [defaults], [[experiment]] or [evaluation]"),
        "task" | "model" | "evaluation" => Some("at the top of the file or in an [[experiment]]"),
        "defaults" | "experiment" => Some("at the top of the file"),
        key if DEFAULTS.contains(&key) => Some("to [defaults] or [[experiment]]"),
        key if TASK.contains(&key) => Some("to [task]"),
        key if MODEL.contains(&key) => Some("to [model]"),
        key if EVALUATION.contains(&key) => Some("to [evaluation]"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::nearest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        assert_eq!(nearest("shot", TASK), Some("shots"));
        assert_eq!(nearest("Inner-LR", DEFAULTS), Some("inner_lr"));
        assert_eq!(nearest("metabatch", DEFAULTS), Some("meta_batch"));
        assert_eq!(nearest("batch", DEFAULTS), Some("meta_batch"));
        assert_eq!(nearest("experiments", TOP), Some("experiment"));
        assert_eq!(nearest("epcohs", DEFAULTS), Some("epochs"));
        assert_eq!(nearest("learning_rate", EXPERIMENT), Some("inner_lr"));
        assert_eq!((nearest("K", TASK), nearest("k", EXPERIMENT)), (Some("shots"), Some("inner_steps")));
        assert_eq!(nearest("momentum", DEFAULTS), None);
        assert_eq!(nearest("y", TASK), None);
        assert_eq!(nearest("", TASK), None);
        assert_eq!(nearest(&"seeds".repeat(100_000), DEFAULTS), None);
    }

    #[test]
    fn an_experiment_may_have_every_setting_of_the_defaults() {
        assert!(DEFAULTS.iter().all(|key| EXPERIMENT.contains(key)));
        assert!([TOP, EXPERIMENT, TASK, MODEL, EVALUATION].concat().iter().all(|key| home(key).is_some()));
    }
}
