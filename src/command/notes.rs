//! What `check` says of a file that is right and may not be what its writer means.

use std::collections::BTreeSet;

use super::export::is_taken_amiss;
use crate::experiments::{Experiment, Study};
use crate::learner::{Budget, Training};
use crate::model::ModelSettings;
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
        for note in [visits_left_over(experiment), of_learner, of_name, of_network].into_iter().flatten() {
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
