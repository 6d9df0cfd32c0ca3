//! From what the tables say to experiments that carry all of their settings, and the checks that only
//! several settings together can fail: no training at all, or more than the memory of a machine.

use super::{
    Experiment,
    schema::{MOST_POOL_POINTS, MOST_RUNS, MOST_TAPE_VALUES, MOST_TEST_LOSSES, MOST_TEST_POINTS},
    sections::{Evaluation, Model, Task, Training},
};
use crate::config::{Report, Setting, thousands};
use crate::learner::{self, Algorithm, Budget, OuterGradient};
use crate::task::TrainTasks;

/// One `[[experiment]]` with the shared settings under its own.
pub(super) struct Entry {
    /// Where it begins.
    pub at: usize,
    /// `None` if it is absent or was refused.
    pub name: Option<String>,
    pub algorithm: Setting<Algorithm>,
    pub training: Training,
    pub task: Task,
    pub model: Model,
    pub evaluation: Evaluation,
}

/// Fills in the built-in values and checks what settings mean together. The result counts only if
/// nothing was reported.
pub(super) fn resolve(entries: Vec<Entry>, report: &mut Report<'_>) -> Vec<Experiment> {
    let mut runs = 0;
    let mut experiments = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = entry.at;
        let places = Places::of(&entry);
        let experiment = entry.resolve();
        if report.is_well_formed() {
            check(&experiment, &places, report);
        }
        let before = runs;
        runs += experiment.seeds.len();
        if before <= MOST_RUNS && runs > MOST_RUNS {
            let most = thousands(MOST_RUNS as u64);
            let message = format!("from here on the study has more than {most} runs (experiments x seeds)");
            report.problem(places.seeds.unwrap_or(at).max(at), message);
        }
        experiments.push(experiment);
    }
    experiments
}

impl Entry {
    fn resolve(self) -> Experiment {
        let training = self.training;
        Experiment {
            name: self.name.unwrap_or_default(),
            seeds: training.seeds.value_or((0..5).collect()),
            algorithm: self.algorithm.value_or(Algorithm::ALL[0]),
            training: learner::Training {
                budget: training.budget.value_or(Budget::Epochs(4)),
                meta_batch: training.meta_batch.value_or(1),
                inner_lr: training.inner_lr.value_or(0.01),
                inner_steps: training.inner_steps.value_or(1),
                outer_lr: training.outer_lr.value_or(0.001),
                outer_gradient: training.outer_gradient.value_or(OuterGradient::Meta),
            },
            task: self.task.resolve(),
            model: self.model.resolve(),
            evaluation: self.evaluation.resolve(),
        }
    }
}

/// Where the settings of one experiment were given, for the checks to point at.
struct Places {
    at: usize,
    broken_training: bool,
    broken_evaluation: bool,
    seeds: Option<usize>,
    budget: Option<usize>,
    meta_batch: Option<usize>,
    inner_steps: Option<usize>,
    shots: Option<usize>,
    query: Option<usize>,
    train_tasks: Option<usize>,
    hidden: Option<usize>,
    test_tasks: Option<usize>,
    grid: Option<usize>,
    steps: Option<usize>,
}

impl Places {
    fn of(entry: &Entry) -> Self {
        let Entry { training, task, model, evaluation, .. } = entry;
        let shots_broken = task.shots.is_broken();
        Self {
            at: entry.at,
            broken_training: shots_broken
                || entry.algorithm.at().is_none()
                || training.budget.is_broken()
                || training.meta_batch.is_broken()
                || training.inner_steps.is_broken()
                || task.query.is_broken()
                || task.train_tasks.is_broken()
                || model.hidden.is_broken(),
            broken_evaluation: shots_broken
                || evaluation.test_tasks.is_broken()
                || evaluation.grid.is_broken()
                || evaluation.steps.is_broken(),
            seeds: training.seeds.at(),
            budget: training.budget.at(),
            meta_batch: training.meta_batch.at(),
            inner_steps: training.inner_steps.at(),
            shots: task.shots.at(),
            query: task.query.at(),
            train_tasks: task.train_tasks.at(),
            hidden: model.hidden.at(),
            test_tasks: evaluation.test_tasks.at(),
            grid: evaluation.grid.at(),
            steps: evaluation.steps.at(),
        }
    }

    /// The first of these settings that stands in the file; else the experiment itself.
    fn first(&self, settings: &[Option<usize>]) -> usize {
        settings.iter().copied().flatten().next().unwrap_or(self.at)
    }
}

fn check(experiment: &Experiment, places: &Places, report: &mut Report<'_>) {
    if !places.broken_training && experiment.algorithm.trains() {
        check_length(experiment, places, report);
        check_training_memory(experiment, places, report);
    }
    if !places.broken_evaluation {
        check_evaluation_memory(experiment, places, report);
    }
}

/// Training must have an end and at least one step.
fn check_length(experiment: &Experiment, places: &Places, report: &mut Report<'_>) {
    match (experiment.training.budget, experiment.task.train_tasks) {
        (Budget::Epochs(epochs), TrainTasks::Fresh) => {
            let message = match places.budget {
                Some(_) => format!(
                    "`epochs` is `{epochs}`, but with train_tasks = \"fresh\" a pass has no end: say how \
                     long to train with outer_steps instead, for example outer_steps = 40000"
                ),
                None => "train_tasks is \"fresh\", so a pass has no end: say how long to train with \
                         outer_steps, for example outer_steps = 40000 in [defaults]"
                    .to_owned(),
            };
            report.problem(places.first(&[places.budget, places.train_tasks]), message);
        }
        (Budget::Epochs(epochs), TrainTasks::Pool(tasks)) if experiment.total_steps() == 0 => {
            let message = format!(
                "not one outer step: it takes meta_batch = {} tasks, but epochs x train_tasks = {epochs} x \
                 {tasks} has only {}",
                experiment.training.meta_batch,
                epochs * tasks as u64
            );
            report.problem(places.first(&[places.meta_batch, places.train_tasks, places.budget]), message);
        }
        _ => {}
    }
}

fn check_training_memory(experiment: &Experiment, places: &Places, report: &mut Report<'_>) {
    let task = &experiment.task;
    if let TrainTasks::Pool(tasks) = task.train_tasks {
        let points = product(&[tasks, task.shots]);
        if points > MOST_POOL_POINTS {
            let message =
                too_much("train_tasks x shots", points, MOST_POOL_POINTS, "points to keep in memory");
            report.problem(places.first(&[places.train_tasks, places.shots]), message);
        }
    }
    let adapts = experiment.algorithm.uses("inner_steps");
    let inner_steps = if adapts { experiment.training.inner_steps } else { 1 };
    let hidden = experiment.model.hidden;
    let rows = task.shots + task.query + hidden;
    let values = product(&[experiment.training.meta_batch, inner_steps, hidden, rows]);
    if values > MOST_TAPE_VALUES {
        let what = "meta_batch x inner_steps x hidden x (shots + query + hidden)";
        let message = too_much(what, values, MOST_TAPE_VALUES, "values to keep in memory for one outer step");
        let settings = [places.meta_batch, places.inner_steps, places.shots, places.query, places.hidden];
        report.problem(places.first(&settings), message);
    }
}

fn check_evaluation_memory(experiment: &Experiment, places: &Places, report: &mut Report<'_>) {
    let evaluation = &experiment.evaluation;
    let points = product(&[evaluation.test_tasks, experiment.task.shots + evaluation.grid]);
    if points > MOST_TEST_POINTS {
        let message =
            too_much("test_tasks x (shots + grid)", points, MOST_TEST_POINTS, "points to keep in memory");
        report.problem(places.first(&[places.test_tasks, places.grid, places.shots]), message);
    }
    let losses = product(&[evaluation.test_tasks, evaluation.steps + 1]);
    if losses > MOST_TEST_LOSSES {
        let message =
            too_much("test_tasks x (steps + 1)", losses, MOST_TEST_LOSSES, "losses to keep in memory");
        report.problem(places.first(&[places.test_tasks, places.steps]), message);
    }
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product: u64, factor| product.saturating_mul(*factor as u64))
}

fn too_much(what: &str, is: u64, most: u64, of: &str) -> String {
    format!("{what} is {} {of}, but may be at most {}", thousands(is), thousands(most))
}
