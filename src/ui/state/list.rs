//! Which experiments the Overview lists, in which order, and what sets them apart: for studies of more experiments
//! than fit.

use std::collections::BTreeSet;

use super::app::App;
use crate::experiments::{Experiment, settings};

/// What a person has set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListControls {
    /// Only those in whose name, algorithm or differing settings these letters are.
    pub filter: String,
    /// Whether they are being typed.
    pub typing: bool,
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

impl App {
    /// The experiments that the Overview lists, in its order.
    pub fn listed(&self) -> Vec<usize> {
        let wanted = self.list.filter.to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        let passes = |index: &usize| {
            let settings = &self.experiments[*index].settings;
            let told =
                || self.differences.iter().any(|one| holds(&format!("{}={}", one.name, one.values[*index])));
            let found = holds(&settings.name) || holds(settings.algorithm.name()) || told();
            found && !self.list.hidden.contains(&settings.name)
        };
        let mut listed: Vec<usize> = (0..self.experiments.len()).filter(passes).collect();
        match self.list.sort {
            Sort::File => {}
            Sort::Name => {
                listed.sort_by_cached_key(|index| self.experiments[*index].settings.name.to_lowercase());
            }
            Sort::Loss(n) => {
                let loss = |index: &usize| {
                    let loss = self.over_seeds(*index).and_then(|shown| shown.over.mean.get(n).copied());
                    loss.filter(|loss| !loss.is_nan()).unwrap_or(f64::INFINITY)
                };
                let mut keyed: Vec<(f64, usize)> = listed.iter().map(|index| (loss(index), *index)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                listed = keyed.into_iter().map(|(_, index)| index).collect();
            }
        }
        listed
    }

    /// What of the list is not the file's whole list, in words.
    pub fn list_in_words(&self) -> String {
        let ListControls { filter, sort, hidden, .. } = &self.list;
        let there = |name: &&String| self.experiments.iter().any(|other| other.settings.name == **name);
        let hidden = hidden.iter().filter(there).count();
        let mut words = Vec::new();
        if !filter.is_empty() {
            words.push(format!("/{filter}"));
        }
        match sort {
            Sort::File => {}
            Sort::Name => words.push("by name".to_owned()),
            Sort::Loss(n) => words.push(format!("by n={n}")),
        }
        if hidden > 0 {
            words.push(format!("{hidden} hidden: _"));
        }
        words.join(", ")
    }
}
