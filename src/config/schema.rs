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
/// Any seed.
pub(super) const SEED: RangeInclusive<u64> = 0..=u64::MAX;
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
/// Learning rates. Reptile divides by one, so the smallest is far from f32's smallest number.
pub(super) const RATE: RangeInclusive<f64> = 1e-12..=1_000.0;
/// Ends of the ranges of amplitude, phase and x.
pub(super) const END: RangeInclusive<f64> = -1e6..=1e6;

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

/// Names that other programs and the papers use, without their hyphens and underscores.
const SYNONYMS: [(&str, &str); 12] = [
    ("lr", "inner_lr"),
    ("learningrate", "inner_lr"),
    ("alpha", "inner_lr"),
    ("beta", "outer_lr"),
    ("metalr", "outer_lr"),
    ("k", "shots"),
    ("k", "inner_steps"),
    ("width", "hidden"),
    ("units", "hidden"),
    ("batchsize", "meta_batch"),
    ("dtype", "precision"),
    ("nonlinearity", "activation"),
];

/// The candidate that a misspelt word most likely means.
pub(super) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    /// Longer words than this are no slip of the finger.
    const LONGEST: usize = 40;
    let plain = |word: &str| word.trim().to_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    let length = word.chars().count();
    if word.is_empty() || length > LONGEST {
        return None;
    }
    let synonyms = SYNONYMS.iter().filter(|(synonym, _)| *synonym == word);
    if let Some(name) = synonyms.filter_map(|(_, name)| candidates.iter().find(|c| *c == name)).next() {
        return Some(name);
    }
    let contains = |candidate: &str| length >= 3 && candidate.contains(&word);
    candidates
        .iter()
        .map(|candidate| {
            let plain = plain(candidate);
            let distance = strsim::damerau_levenshtein(&word, &plain);
            (if contains(&plain) { distance.min(1) } else { distance }, *candidate)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= (length / 3).max(1) && *distance < length)
        .map(|(_, candidate)| candidate)
}

/// `"a", "b" or "c"`.
pub(super) fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// A number with a comma every three digits.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(["1", "999", "1,000", "1,000,000"], [1, 999, 1_000, 1_000_000].map(thousands));
    }
}
