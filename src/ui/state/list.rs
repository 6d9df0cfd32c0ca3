//! What a person has set of which experiments the Overview lists and in which order, and what sets them apart: for
//! studies of more experiments than fit.

use std::collections::BTreeSet;

use crate::experiments::{Experiment, settings};

/// What a person has set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListControls {
    /// Only those in whose name, algorithm or differing settings these letters are.
    pub filter: String,
    /// The order.
    pub sort: Sort,
    /// The names of those that are hidden.
    pub hidden: BTreeSet<String>,
    /// Whether the table shows what sets them apart in place of losses.
    pub differences: bool,
}

/// An order of experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The file's.
    #[default]
    File,
    /// By the loss after so many steps, the smallest first.
    Loss(usize),
    /// By name.
    Name,
}

/// A setting that not all experiments have the same of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name, as `inner_lr` or `task.shots`.
    pub name: String,
    /// What each experiment has, in the file's order.
    pub values: Vec<String>,
}

/// The settings that set these experiments apart, in the order of the settings.
pub fn differences<'a>(experiments: impl Iterator<Item = &'a Experiment>) -> Vec<Difference> {
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
    let of = |name: &str| Difference {
        name: name.trim_end_matches(':').to_owned(),
        values: all.iter().map(|settings| value(settings, name)).collect(),
    };
    let apart = |difference: &Difference| difference.values.windows(2).any(|pair| pair[0] != pair[1]);
    names.into_iter().map(of).filter(apart).collect()
}
