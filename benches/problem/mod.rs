//! The work that both benches measure: the default experiment with one setting changed, and how many
//! floating-point operations a task of it takes.

// Each bench uses its part.
#![allow(dead_code)]

use metascope::experiments::{Experiment, parse};
use metascope::learner::{Algorithm, Budget};
use metascope::model::{Activation, Precision};
use metascope::task::TrainTasks;

/// The defaults of `experiments.toml` with new tasks at every step, so that the pool of a long run does
/// not have to be drawn first.
pub fn experiment(algorithm: Algorithm, meta_batch: usize) -> Experiment {
    let text = "[[experiment]]\nname = \"bench\"\nalgorithm = \"maml\"\n";
    let study = parse("bench", None, text).expect("the smallest experiments file has no mistakes");
    let mut experiment = study.experiments[0].clone();
    experiment.training.algorithm = algorithm;
    experiment.training.meta_batch = meta_batch;
    experiment.training.inner_steps = if algorithm == Algorithm::Reptile { 3 } else { 1 };
    experiment.training.budget = Budget::OuterSteps(1);
    experiment.task.train_tasks = TrainTasks::Fresh;
    experiment
}

/// The same with another network.
pub fn network(base: &Experiment, hidden: usize, activation: Activation, precision: Precision) -> Experiment {
    let mut experiment = base.clone();
    experiment.model.hidden = hidden;
    experiment.model.activation = activation;
    experiment.model.precision = precision;
    experiment
}

/// Operations (multiply and add are two) of a forward pass of `rows` points through 1-H-H-1. As in all
/// counts here, biases and the nonlinearity are left out: they are 1 to 3 % at width 40 with relu.
pub fn forward_flop(hidden: usize, rows: usize) -> usize {
    2 * rows * hidden * (hidden + 2)
}

/// Operations of a gradient: 100,800 for width 40 and ten points.
pub fn gradient_flop(hidden: usize, rows: usize) -> usize {
    6 * rows * hidden * (hidden + 2)
}

/// Operations of a Hessian-vector product: 200,000 for width 40 and ten points.
pub fn hessian_product_flop(hidden: usize, rows: usize) -> usize {
    4 * rows * hidden * (3 * hidden + 5)
}

/// Operations of one task of an outer step: 401,600 for exact MAML with the defaults.
pub fn task_flop(experiment: &Experiment) -> usize {
    let (hidden, steps) = (experiment.model.hidden, experiment.training.inner_steps);
    let support = gradient_flop(hidden, experiment.task.shots);
    let query = gradient_flop(hidden, experiment.task.query);
    match experiment.training.algorithm {
        Algorithm::Random => 0,
        Algorithm::Transfer => support,
        Algorithm::Reptile => steps * support,
        Algorithm::FirstOrderMaml => steps * support + query,
        Algorithm::Maml => steps * (support + hessian_product_flop(hidden, experiment.task.shots)) + query,
    }
}
