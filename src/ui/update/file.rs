//! The experiments file while it is being edited: what it says that is not what runs, and what would
//! happen if it did. The file is looked at from time to time, which works on network file systems too.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

use crate::{
    config::{LoadError, Problem},
    experiments::{Experiment, Study, resolved_toml, settings},
    study::plan,
    ui::state::{
        app::App,
        file::{Edited, StudyFile},
    },
};

/// Time between looks at the file.
const LOOK: Duration = Duration::from_millis(500);

/// Notices changes of the file.
pub struct Watch {
    file: StudyFile,
    stamp: Option<(SystemTime, u64)>,
    looked: Instant,
}

impl Watch {
    /// Looks at this file, from what it is now.
    pub fn new(file: StudyFile) -> Self {
        let stamp = stamp(&file);
        Self { file, stamp, looked: Instant::now() }
    }

    /// Time until the next look.
    pub fn due_in(&self) -> Duration {
        LOOK.saturating_sub(self.looked.elapsed())
    }

    /// Looks, if it is time or `now` is asked for: the file's study if it has been written to since.
    pub fn look(&mut self, now: bool) -> Option<anyhow::Result<Study>> {
        if !now && !self.due_in().is_zero() {
            return None;
        }
        self.looked = Instant::now();
        let stamp = stamp(&self.file);
        if stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        Some((self.file.load)())
    }
}

/// What changes when the file is written.
fn stamp(file: &StudyFile) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(&file.path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl App {
    /// Takes in what the file says now.
    pub fn on_file(&mut self, read: anyhow::Result<Study>) {
        let before = self.edited.take();
        let read = read.map_err(|error| error.downcast::<LoadError>());
        self.edited = match read {
            Err(Ok(LoadError::Problems(problems))) => {
                let more = problems.list.len().saturating_sub(1);
                let first = problems.list.into_iter().next();
                let place = first.as_ref().map(|Problem { line, column, .. }| (*line, *column));
                let problem = first.map_or_else(|| "it is not valid".to_owned(), |first| first.message);
                Some(Edited::Broken { place, problem, more })
            }
            Err(Ok(error)) => Some(Edited::Broken { place: None, problem: error.to_string(), more: 0 }),
            Err(Err(error)) => Some(Edited::Broken { place: None, problem: format!("{error:#}"), more: 0 }),
            Ok(study) if study.experiments == self.study.experiments => {
                if let Some(path) = &study.path {
                    self.file = path.display().to_string();
                }
                self.study.path = study.path;
                None
            }
            Ok(study) => {
                let changes = changes(&self.study.experiments, &study.experiments);
                let runs = self.touched(&study);
                Some(Edited::Changed { study: Box::new(study), changes, runs })
            }
        };
        if before.is_some() && self.edited.is_none() {
            self.say("the file says what runs again");
        }
        if let Some(Edited::Broken { place, problem, .. }) = &self.edited {
            let place = place.map(|(line, column)| format!("{line}:{column}: ")).unwrap_or_default();
            let text = format!("{place}{problem}");
            self.note(format!("the file was edited and cannot be used: {text}"), true);
        }
    }

    /// The line to open the file at: `line`, or for 0 the one that names the experiment in view.
    pub(in crate::ui) fn line_to_edit(&self, file: &StudyFile, line: usize) -> usize {
        let Some(index) = self.view.experiment else { return line };
        if line > 0 {
            return line;
        }
        let text = std::fs::read_to_string(&file.path).unwrap_or_default();
        let settings = &self.experiments[index].settings;
        let name = format!("{:?}", settings.listed_as());
        let names = |line: &str| line.trim_start().starts_with("name") && line.contains(&name);
        text.lines().position(names).map_or(0, |at| at + 1)
    }

    /// Runs that would start, leave the study, and stay as they are, if this were the study.
    fn touched(&self, study: &Study) -> [usize; 3] {
        let keys = |study: &Study| {
            let key = |experiment: &Experiment| resolved_toml(experiment, 0);
            let keys: Vec<String> = study.experiments.iter().map(key).collect();
            let of = |run: crate::study::Run| (keys[run.experiment].clone(), run.seed);
            plan(study).into_iter().map(of).collect::<std::collections::HashSet<_>>()
        };
        let (old, new) = (keys(&self.study), keys(study));
        let same = old.intersection(&new).count();
        [new.len() - same, old.len() - same, same]
    }
}

/// What is different, a sentence an experiment.
fn changes(old: &[Experiment], new: &[Experiment]) -> Vec<String> {
    let mut changes = Vec::new();
    let known: HashMap<&str, &Experiment> = old.iter().map(|other| (other.name.as_str(), other)).collect();
    let mut alike: Vec<(String, Vec<&str>)> = Vec::new();
    for experiment in new {
        let Some(before) = known.get(experiment.name.as_str()) else {
            changes.push(format!("+ {}", experiment.listed_as()));
            continue;
        };
        let mut parts = differences(before, experiment);
        if before.seeds != experiment.seeds {
            parts.push(format!("seeds {} to {}", seeds(&before.seeds), seeds(&experiment.seeds)));
        }
        if !parts.is_empty() {
            // A default that was changed says the same of many: once is enough.
            let parts = parts.join(", ");
            match alike.iter_mut().find(|(other, _)| *other == parts) {
                Some((_, names)) => names.push(experiment.listed_as()),
                None => alike.push((parts, vec![experiment.listed_as()])),
            }
        }
    }
    changes.extend(alike.into_iter().map(|(parts, names)| match names.len() {
        count if count > 1 && count == new.len() => format!("every experiment: {parts}"),
        _ => format!("{}: {parts}", each_once(names).join(", ")),
    }));
    let still: HashSet<&str> = new.iter().map(|other| other.name.as_str()).collect();
    let gone = old.iter().filter(|before| !still.contains(before.name.as_str()));
    changes.extend(gone.map(|experiment| format!("- {}", experiment.listed_as())));
    // A hundred cells of a sweep are one sentence.
    let mut changes = each_once(changes);
    if changes.is_empty() {
        changes.push("another order".to_owned());
    }
    changes
}

fn each_once<T: Clone + Eq + std::hash::Hash>(list: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::new();
    list.into_iter().filter(|one| seen.insert(one.clone())).collect()
}

/// The settings that differ, as `inner_lr 0.01 to 0.02`.
fn differences(old: &Experiment, new: &Experiment) -> Vec<String> {
    let (old, new) = (settings(old), settings(new));
    let value = |settings: &[(String, String)], name: &str| {
        settings.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let changed = new.iter().filter(|(name, now)| value(&old, name).as_ref() != Some(now));
    // Other settings only go where others come in their place.
    let may_go = |name: &str| name.starts_with("test ") || name == "published";
    let gone = old.iter().filter(|(name, _)| may_go(name) && value(&new, name).is_none());
    let gone: Vec<String> = gone.map(|(name, _)| format!("no {}", name.trim_end_matches(':'))).collect();
    changed
        .map(|(name, now)| match value(&old, name) {
            Some(before) => format!("{name} {before} to {now}"),
            None => format!("{name} {now}"),
        })
        .chain(gone)
        .collect()
}

/// Seeds in few letters: `0-4`, or all of them.
fn seeds(seeds: &[u64]) -> String {
    let in_a_row = seeds.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    match seeds {
        [first, _, .., last] if seeds.len() > 2 && in_a_row => format!("{first}-{last}"),
        _ => seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seeds_in_a_row_are_a_range() {
        for (list, words) in [
            (&[0, 1, 2, 3][..], "0-3"),
            (&[5, 9, 7], "5, 9, 7"),
            (&[0, 2, 1], "0, 2, 1"),
            (&[0, 5, u64::MAX], "0, 5, 18446744073709551615"),
            (&[0, u64::MAX], "0, 18446744073709551615"),
            (&[3], "3"),
        ] {
            assert_eq!(seeds(list), words);
        }
    }
}
