//! What sets experiments apart: the settings that not all of them have the same of.

use crate::experiments::{Experiment, settings};

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
    let apart = |difference: &DifferingSetting| difference.values.windows(2).any(|pair| pair[0] != pair[1]);
    names.into_iter().map(of).filter(apart).collect()
}
