//! The tables of `experiments.toml`: which keys each may have, where a key belongs, and the limits that
//! no single setting has. Everything else in this room asks here.

use std::borrow::Cow;

use crate::config::{AnyKey, Domain, Key, Keys, alternatives};
use crate::learner::Algorithm;
use crate::model::ModelSettings;
use crate::task::{EvaluationSettings, Family, TaskSettings, families::FAMILIES};

/// Tables at the top of the file.
pub(super) const TOP: [&str; 6] = ["defaults", "task", "model", "evaluation", "experiment", "test"];

/// What an experiment says of itself alone.
pub(super) const OWN: [&str; 2] = ["name", "algorithm"];

/// What a published figure has that nothing else has.
const FIGURE: [&str; 5] = ["source", "n", "loss", "ci95", "mark"];

/// What the first test set is called where all of them have a name.
pub const FIRST_TEST: &str = "test";

/// Tables that stand at the top of the file and may stand in an experiment.
pub(super) const TABLES: [&str; 3] = ["task", "model", "evaluation"];

/// The keys of each of [`TABLES`] where tasks are of this family.
pub(super) fn of_tables(family: &'static dyn Family) -> [Vec<&'static dyn AnyKey>; 3] {
    [TaskSettings::keys_with(family), ModelSettings::keys().to_vec(), EvaluationSettings::keys().to_vec()]
}

/// A file larger than this was not written by a person.
pub(super) const LARGEST_FILE: usize = 1 << 20;
/// Experiments in one study; of a sweep every combination is one.
pub(super) const MOST_EXPERIMENTS: usize = 1_000;
/// Experiments times seeds.
pub(super) const MOST_RUNS: usize = 10_000;
/// Characters of an experiment's name: it heads a pane and a table's row.
pub(super) const LONGEST_NAME: usize = 60;
/// The same with the combination of a sweep behind it.
pub(super) const LONGEST_CELL: usize = 120;

/// Further test sets: each is one more evaluation of every run.
pub(super) const MOST_TESTS: usize = 50;
/// Published figures of one experiment.
pub(super) const MOST_FIGURES: usize = 100;
/// Characters of a figure's source.
pub(super) const LONGEST_SOURCE: usize = 200;
/// The largest loss that a figure can have.
pub(super) const LARGEST_LOSS: f64 = 1e6;

/// Support points of the whole pool: 320 MB of coordinates in f64.
pub(super) const MOST_POOL_POINTS: u64 = 20_000_000;
/// Support and grid points of all test tasks: 320 MB.
pub(super) const MOST_TEST_POINTS: u64 = 20_000_000;
/// Losses of all test tasks at all steps: 400 MB.
pub(super) const MOST_TEST_LOSSES: u64 = 50_000_000;
/// Values that the tape of one outer step holds, roughly: tasks x inner steps x width x (points +
/// width).
pub(super) const MOST_TAPE_VALUES: u64 = 100_000_000;

/// One run each.
pub(super) static SEEDS: Key<Cow<'static, [u64]>> = Key::new(
    "seeds",
    "One run a seed: a count (0, 1, ...) or a list.",
    Domain::Seeds(1..=10_000),
    Cow::Borrowed(&[0, 1, 2, 3, 4]),
);

/// The settings of `[defaults]`, each of which an experiment may have too.
pub(super) fn training() -> Vec<&'static dyn AnyKey> {
    [vec![&SEEDS as &dyn AnyKey], Algorithm::every_key()].concat()
}

/// The tables of settings, as the file titles them, with the keys of each; after them, what other families
/// of tasks have of their own.
pub fn tables() -> Vec<(String, Vec<&'static dyn AnyKey>)> {
    let default = TaskSettings::default().family;
    let others = FAMILIES.iter().filter(|family| **family != default);
    let own = others.map(|family| (of_family("[task]", &[family.name()]), family.keys().to_vec()));
    let shared = TABLES.iter().map(|table| format!("[{table}]")).zip(of_tables(default));
    [("[defaults]".to_owned(), training())].into_iter().chain(shared).chain(own).collect()
}

fn of_family(table: &str, families: &[&str]) -> String {
    format!("{table} with family = {}", alternatives(families))
}

/// The names of keys.
pub(super) fn names(keys: &Keys) -> Vec<&'static str> {
    keys.iter().map(|key| key.name()).collect()
}

/// What an `[[experiment]]` may have: its own two, the settings of `[defaults]`, and its own tables.
pub(super) fn experiment() -> Vec<&'static str> {
    [&OWN[..], &names(&training()), &TABLES, &["sweep", "published"]].concat()
}

/// Where a key that stands in the wrong table, the one of this title, belongs; `None` if it belongs
/// nowhere.
pub(super) fn home(key: &str, title: &str) -> Option<String> {
    if OWN.contains(&key) || key == "published" || key == "sweep" {
        return Some("to an [[experiment]]".to_owned());
    }
    if FIGURE.contains(&key) {
        return Some("to an [[experiment.published]]".to_owned());
    }
    if TOP.contains(&key) {
        let or = if TABLES.contains(&key) { " or in an [[experiment]]" } else { "" };
        return Some(format!("at the top of the file{or}"));
    }
    let has = |keys: &Keys| keys.iter().any(|one| one.name() == key);
    let families: Vec<&str> =
        FAMILIES.iter().filter(|family| has(family.keys())).map(|family| family.name()).collect();
    if !families.is_empty() {
        let is_task = title.contains("task]");
        return Some(if is_task {
            "to ".to_owned() + &of_family("[task]", &families)
        } else {
            "to [task]".to_owned()
        });
    }
    let tables = tables();
    let mut homes: Vec<&str> =
        tables.iter().filter(|(_, keys)| has(keys)).map(|(title, _)| title.as_str()).collect();
    if homes.first() == Some(&"[defaults]") {
        homes.insert(1, "[[experiment]]");
    }
    let (last, others) = homes.split_last()?;
    let others = if others.is_empty() { String::new() } else { others.join(", ") + " or " };
    Some(format!("to {others}{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::nearest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let tables: Vec<_> = tables().iter().map(|(_, keys)| names(keys)).collect();
        let (defaults, task, experiment) = (&tables[0][..], &tables[1][..], &experiment()[..]);
        assert_eq!(nearest("shot", task), Some("shots"));
        assert_eq!(nearest("Inner-LR", defaults), Some("inner_lr"));
        assert_eq!(nearest("metabatch", defaults), Some("meta_batch"));
        assert_eq!(nearest("batch", defaults), Some("meta_batch"));
        assert_eq!(nearest("experiments", &TOP), Some("experiment"));
        assert_eq!(nearest("epcohs", defaults), Some("epochs"));
        assert_eq!(nearest("learning_rate", experiment), Some("inner_lr"));
        assert_eq!((nearest("K", task), nearest("k", experiment)), (Some("shots"), Some("inner_steps")));
        assert_eq!(nearest("momentum", defaults), None);
        assert_eq!(nearest("y", task), None);
        assert_eq!(nearest("", task), None);
        assert_eq!(nearest(&"seeds".repeat(100_000), defaults), None);
    }

    #[test]
    fn every_key_has_a_home_and_a_sentence() {
        assert!(TOP.iter().chain(&experiment()).all(|key| home(key, "[model]").is_some()));
        for key in tables().iter().flat_map(|(_, keys)| keys) {
            assert!(home(key.name(), "[model]").is_some() && key.doc().ends_with('.'), "{}", key.name());
        }
        let inner_lr = home("inner_lr", "[task]");
        assert_eq!(inner_lr.as_deref(), Some("to [defaults], [[experiment]] or [evaluation]"));
    }
}
