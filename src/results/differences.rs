//! What sets experiments apart: the settings that not all of them have the same of.

use crate::experiments::{Experiment, settings};
use crate::learner::Training;

/// A setting that not all experiments have the same of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingSetting {
    /// Its name, as `inner_lr` or `task.shots`.
    pub name: String,
    /// What each experiment has, in the file's order.
    pub values: Vec<String>,
}

/// The settings that set these experiments apart, in the order of the settings.
pub fn differences<'a>(experiments: impl Iterator<Item = &'a Experiment>) -> Vec<DifferingSetting> {
    let all: Vec<Vec<(String, String)>> = experiments.map(settings).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in all.iter().flatten() {
        if name != "published" && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |settings: &Vec<(String, String)>, name: &str| {
        let found = settings.iter().find(|(other, _)| other == name);
        found.map_or("-".to_owned(), |(_, value)| value.trim_matches('"').to_owned())
    };
    let of = |name: &str| DifferingSetting {
        name: name.trim_end_matches(':').to_owned(),
        values: all.iter().map(|settings| value(settings, name)).collect(),
    };
    // A setting that every learner has could be otherwise only for those that use it.
    let shared = Training::default().values();
    let apart = |difference: &DifferingSetting| {
        let is_shared = shared.iter().any(|(key, _)| *key == difference.name);
        let values = difference.values.iter().filter(|value| !is_shared || value.as_str() != "-");
        let mut values: Vec<&String> = values.collect();
        values.dedup();
        values.len() > 1
    };
    names.into_iter().map(of).filter(apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    #[test]
    fn a_setting_that_an_algorithm_does_not_use_is_none_of_its() {
        let text = "[[experiment]]\nname = \"F\"\nalgorithm = \"first-order-maml\"\n\
                    [[experiment]]\nname = \"M\"\nalgorithm = \"maml\"\n\
                    [[experiment]]\nname = \"A\"\nalgorithm = \"anil\"\norder = \"first\"\n\
                    [[experiment]]\nname = \"C\"\nalgorithm = \"cavia\"\n";
        let study = parse("x", None, text).unwrap_or_else(|problems| panic!("{problems}"));
        let has_order =
            |index: usize| settings(&study.experiments[index]).iter().any(|(name, _)| name == "order");
        assert!(!has_order(0) && has_order(1), "first-order MAML has one order");
        let names = |of: &[usize]| {
            let of = differences(of.iter().map(|index| &study.experiments[*index]));
            of.into_iter().map(|difference| difference.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[0, 1]), ["algorithm"], "one of them could not have it otherwise");
        assert_eq!(names(&[0, 1, 2]), ["algorithm", "order"]);
        assert!(names(&[1, 3]).contains(&"context".to_owned()), "what only one has sets it apart");
    }
}
