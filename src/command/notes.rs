//! What `check` says of a file that is right and may not be what its writer means.

use std::collections::BTreeSet;

use super::export::is_taken_amiss;
use crate::config::presentable;
use crate::experiments::{Experiment, Study};
use crate::learner::{Budget, Training};
use crate::model::{After, ModelSettings};
use crate::task::TrainTasks;

/// A sentence each, with the experiments that it is of.
pub fn notes(study: &Study) -> Vec<String> {
    let mut notes: Vec<(String, Vec<&str>)> = Vec::new();
    let mut named = BTreeSet::new();
    for experiment in &study.experiments {
        let name = experiment.listed_as();
        let of_name = (named.insert(name) && is_taken_amiss(name)).then(|| {
            "other programs take this name for a missing value or a formula in a CSV file; `export --safe` marks it"
                .to_owned()
        });
        let of_learner = experiment.algorithm.caution(&experiment.training);
        let of_network = other_network(experiment, study);
        let of_answers = of_answers(experiment);
        let all = [visits_left_over(experiment), of_learner, of_answers, of_name, of_network];
        for note in all.into_iter().flatten() {
            match notes.iter_mut().find(|(known, _)| *known == note) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => notes.push((note, vec![name])),
            }
        }
    }
    let mut of_tables: Vec<String> = Vec::new();
    for test in study.experiments.iter().flat_map(Experiment::every_test) {
        let new = test.task.remarks(test.evaluation).into_iter();
        let new: Vec<String> = new.filter(|remark| !of_tables.contains(remark)).collect();
        of_tables.extend(new);
    }
    let notes = notes.into_iter().map(|(note, names)| format!("{}: {note}", names.join(", ")));
    of_tables.into_iter().chain(notes).collect()
}

/// Some networks have layers of their own, whatever `[model]` says for the others.
fn other_network(experiment: &Experiment, study: &Study) -> Option<String> {
    let counts = experiment.algorithm.network_keys();
    let said = |other: &Experiment| {
        let common = ModelSettings::default().values();
        let values = other.model.values();
        let differs = |(key, value): (&'static str, &_)| {
            (!counts.contains(&key) && common.iter().all(|known| known != (key, value))).then_some(key)
        };
        values.iter().filter_map(differs).collect::<Vec<_>>()
    };
    let mut keys: Vec<&str> = study.experiments.iter().flat_map(said).collect();
    keys.sort_unstable();
    keys.dedup();
    (!keys.is_empty()).then(|| {
        format!("{} of [model] does not count: such a network has layers of its own", keys.join(" and "))
    })
}

/// What was read of another program's answers.
fn of_answers(experiment: &Experiment) -> Option<String> {
    let answers = experiment.answers.as_ref()?;
    let of_set = |(place, test): (usize, crate::experiments::Test<'_>)| {
        let [mut n, mut k] = [(); 2].map(|()| Vec::new());
        let mut parts = Vec::new();
        for after in answers.given_on(place) {
            match after {
                After::Steps(steps) => n.push(steps),
                After::Points(points) => k.push(points),
                After::Adaptation => parts.push("after adaptation".to_owned()),
            }
        }
        parts.extend((!n.is_empty()).then(|| format!("at n = {}", ranges(&n))));
        parts.extend((!k.is_empty()).then(|| format!("at K = {}", ranges(&k))));
        let parts = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
        match test.name {
            None => parts,
            Some(name) => format!("on {} {parts}", presentable(name, 40)),
        }
    };
    let sets: Vec<String> = experiment.every_test().enumerate().map(of_set).collect();
    let written = match answers.recognised() {
        [] => String::new(),
        recognised => format!(" (it has {})", recognised.join(", ")),
    };
    let seeds: Vec<usize> = answers.seeds().iter().map(|seed| *seed as usize).collect();
    let file = presentable(answers.file(), 60);
    Some(format!("answers of seed {} are read from {file}{written}: {}", ranges(&seeds), sets.join("; ")))
}

/// Ascending numbers in few letters: `0-3, 7`.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let words = runs.map(|run| match run {
        [first, _, .., last] => format!("{first}-{last}"),
        _ => run.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Outer steps take whole meta-batches, so that the last tasks of the last epoch may never be visited.
fn visits_left_over(experiment: &Experiment) -> Option<String> {
    let Experiment { training: Training { budget, meta_batch, .. }, task, algorithm, .. } = experiment;
    let (Budget::Epochs(epochs), TrainTasks::Pool(tasks)) = (budget, task.train_tasks) else { return None };
    let visits = epochs * tasks as u64;
    let left = visits % *meta_batch as u64;
    let visited = visits / *meta_batch as u64;
    (algorithm.trains() && left > 0).then(|| {
        format!(
            "{epochs} epochs of {tasks} tasks are {visits} visits; {visited} outer steps of meta_batch = {meta_batch} \
             leave {left} of them out"
        )
    })
}
