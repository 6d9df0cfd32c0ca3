//! The work that both benches measure: the default experiment with one setting changed, and how many
//! floating-point operations a task of it takes.

// Each bench uses its part.
#![allow(dead_code)]

use metascope::experiments::{Experiment, parse};
use metascope::learner::{Algorithm, Budget, Training};
use metascope::model::ModelSettings;
use metascope::task::TrainTasks;

/// The defaults of `experiments.toml` with new tasks at every step, so that the pool of a long run does
/// not have to be drawn first.
pub fn experiment(algorithm: Algorithm, meta_batch: usize) -> Experiment {
    let text = "[[experiment]]\nname = \"bench\"\nalgorithm = \"maml\"\n";
    let study = parse("bench", None, text).expect("the smallest experiments file has no mistakes");
    let mut experiment = study.experiments[0].clone();
    experiment.algorithm = algorithm;
    experiment.training.meta_batch = meta_batch;
    if let Some((_, training)) = algorithm.bench().into_iter().next() {
        experiment.training = Training { meta_batch, ..training };
    }
    experiment.training.budget = Budget::OuterSteps(1);
    experiment.task.train_tasks = TrainTasks::Fresh;
    experiment
}

/// The same with another network.
pub fn network(base: &Experiment, model: ModelSettings) -> Experiment {
    Experiment { model, ..base.clone() }
}

/// Operations (multiply and add are two) of one task of an outer step: 401,600 for exact MAML with the
/// defaults.
pub fn task_flop(experiment: &Experiment) -> usize {
    let Experiment { algorithm, training, model, task, .. } = experiment;
    algorithm.flop(training, model, task.shots.middle(), task.query)
}
