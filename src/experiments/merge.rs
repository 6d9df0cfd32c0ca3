//! From what the tables say to experiments that carry all of their settings, and the checks that only
//! several settings together can fail: no training at all, or more than the memory of a machine.

use super::{
    Experiment,
    answers::{self, Refused, Source},
    cell::{Axis, Cell},
    published::FigureEntry,
    schema::{MOST_POOL_POINTS, MOST_RUNS, MOST_TAPE_VALUES, MOST_TEST_LOSSES, MOST_TEST_POINTS, SEEDS},
    tables::TaskFiles,
    test_set::{TestEntry, TestSettings},
};
use crate::config::{Layer, Report, Setting, quote, thousands};
use crate::learner::{Algorithm, Budget, Training};
use crate::model::ModelSettings;
use crate::task::families::table::TableSettings;
use crate::task::{EvaluationSettings, Family, TaskSettings, TrainTasks};

/// One `[[experiment]]` with the shared settings under its own.
pub(super) struct Entry {
    /// Where it begins.
    pub at: usize,
    /// `None` if it is absent or was refused.
    pub name: Option<String>,
    pub algorithm: Setting<Algorithm>,
    pub layers: Layers,
    pub published: Vec<FigureEntry>,
    /// The sweep that it is of and the settings that it goes through.
    pub cell: Option<(String, Vec<String>)>,
}

/// The family that a `task` table names.
pub(super) fn family(task: &Layer) -> &'static dyn Family {
    TaskSettings::new(&task.resolve(TaskSettings::keys())).family
}

/// A layer a table: of those above the experiments, or of those of one experiment.
#[derive(Clone, Default)]
pub(super) struct Layers {
    /// `[defaults]`, or the experiment itself.
    pub training: Layer,
    pub task: Layer,
    pub model: Layer,
    pub evaluation: Layer,
}

impl Layers {
    /// Those of the experiment itself (`None`) and of its tables, in the order of `TABLES`.
    pub fn of(mut layer: impl FnMut(Option<usize>) -> Layer) -> Self {
        Self {
            training: layer(None),
            task: layer(Some(0)),
            model: layer(Some(1)),
            evaluation: layer(Some(2)),
        }
    }

    /// The layer of one table.
    pub fn table(&self, table: Option<usize>) -> &Layer {
        [&self.training, &self.task, &self.model, &self.evaluation][table.map_or(0, |table| table + 1)]
    }

    /// These layers over the shared ones.
    pub fn over(self, shared: &Self) -> Self {
        Self {
            training: self.training.over(&shared.training),
            task: task_over(self.task, &shared.task),
            model: self.model.over(&shared.model),
            evaluation: self.evaluation.over(&shared.evaluation),
        }
    }
}

/// A family's own settings are shared with the same family only: another one's may have the same names,
/// and mean something else.
fn task_over(own: Layer, shared: &Layer) -> Layer {
    if own.at("family").is_none() || family(&own) == family(shared) {
        return own.over(shared);
    }
    own.over(&shared.only(TaskSettings::keys()))
}

/// Fills in the built-in values and checks what settings mean together. The result counts only if
/// nothing was reported.
pub(super) fn resolve(
    entries: Vec<Entry>,
    tests: &[TestEntry],
    (source, tables): (Source<'_>, &mut TaskFiles),
    report: &mut Report<'_>,
) -> Vec<Experiment> {
    let mut runs = 0;
    let mut experiments = Vec::with_capacity(entries.len());
    let mut refused = None;
    for entry in entries {
        let mut experiment = entry.resolve(tests);
        // A problem that many combinations of a sweep have is reported for the first of them.
        let is_said = entry.cell.is_some() && refused == Some(entry.at);
        if report.is_well_formed() && !is_said {
            let before = report.problems();
            fill_in_tables(&mut experiment, &entry, tests, tables, report);
            check(&experiment, &entry, report);
            check_tests(&experiment, &entry, tests, report);
            if experiment.algorithm.reads_answers() && report.problems() == before {
                read_answers(&mut experiment, &entry, source, report);
            }
            refused = (report.problems() > before).then_some(entry.at).or(refused);
        }
        let before = runs;
        runs += experiment.seeds.len();
        if before <= MOST_RUNS && runs > MOST_RUNS {
            let most = thousands(MOST_RUNS as u64);
            let message = format!("from here on the study has more than {most} runs (experiments x seeds)");
            report.problem(entry.first(&["seeds"]).max(entry.at), message);
        }
        experiments.push(experiment);
    }
    experiments
}

impl Entry {
    fn resolve(&self, tests: &[TestEntry]) -> Experiment {
        let Layers { training: said, task, model, evaluation } = &self.layers;
        let algorithm = self.algorithm.clone().value_or(Algorithm::ALL[0]);
        let mut experiment = Experiment {
            name: self.name.clone().unwrap_or_default(),
            algorithm,
            seeds: said.resolve(&[&SEEDS]).get(&SEEDS).into_owned(),
            training: Training::new(&said.resolve(&algorithm.written_keys())),
            task: TaskSettings::new(&task.resolve(&TaskSettings::keys_with(family(task)))),
            model: ModelSettings::new(&model.only(&algorithm.model_keys()).resolve(ModelSettings::keys())),
            evaluation: EvaluationSettings::new(&evaluation.resolve(EvaluationSettings::keys())),
            tests: tests.iter().map(|test| self.test(test)).collect(),
            published: self.published.iter().map(|figure| figure.of(names(tests))).collect(),
            cell: None,
            answers: None,
        };
        experiment.cell = self.cell.as_ref().map(|(sweep, axes)| {
            let axis = |key: &String| Some(Axis { value: experiment.value(key)?, key: key.clone() });
            Cell { sweep: sweep.clone(), axes: axes.iter().filter_map(axis).collect() }
        });
        experiment
    }

    /// A further test set of this experiment: what it says, and the experiment's own settings about all else.
    fn test(&self, test: &TestEntry) -> TestSettings {
        let task = task_over(test.task.clone(), &self.layers.task);
        let evaluation = test.evaluation.clone().over(&self.layers.evaluation);
        TestSettings {
            name: test.name.clone().unwrap_or_default(),
            task: TaskSettings::new(&task.resolve(&TaskSettings::keys_with(family(&task)))),
            evaluation: EvaluationSettings::new(&evaluation.resolve(EvaluationSettings::keys())),
        }
    }

    fn layers(&self) -> [&Layer; 4] {
        let Layers { training, task, model, evaluation } = &self.layers;
        [training, task, model, evaluation]
    }

    /// The first of these settings that stands in the file; else the experiment itself.
    fn first(&self, names: &[&str]) -> usize {
        let place = |name: &&str| self.layers().iter().find_map(|layer| layer.at(name));
        names.iter().find_map(place).unwrap_or(self.at)
    }

    /// Whether one of these settings was refused.
    fn is_broken(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.layers().iter().any(|layer| layer.is_broken(name)))
    }
}

/// Puts the tasks of tables into the settings that name one. What was refused in them is not looked for.
fn fill_in_tables(
    experiment: &mut Experiment,
    entry: &Entry,
    tests: &[TestEntry],
    tables: &mut TaskFiles,
    report: &mut Report<'_>,
) {
    const MATTER: [&str; 7] = ["family", "file", "test_share", "split_seed", "sha256", "shots", "points"];
    if entry.is_broken(&MATTER) {
        return;
    }
    if let Err((keys, Some(why))) = tables.fill_in(&mut experiment.task, &mut experiment.evaluation, true) {
        report.problem(entry.first(keys), why);
        return;
    }
    let has_x = |settings: &TaskSettings, x: Option<usize>| x.filter(|_| settings.family.table().is_some());
    let text = "the range of x is that of the table: leave `x` out, or say it where the other tasks are";
    if let Some(at) = has_x(&experiment.task, entry.layers.task.at("x")) {
        report.problem(at, text.to_owned());
    }
    for (test, settings) in
        tests.iter().zip(&mut experiment.tests).filter(|(test, _)| !test.is_broken(&MATTER))
    {
        if let Err((keys, Some(why))) = tables.fill_in(&mut settings.task, &mut settings.evaluation, false) {
            report.problem(test.first(keys), why);
            continue;
        }
        let of = |task: &TaskSettings| TableSettings::new(&task.own);
        let (trained, tested) = (of(&experiment.task), of(&settings.task));
        let is_same = experiment.task.family.table().is_some()
            && settings.task.family.table().is_some()
            && trained.sha256 == tested.sha256;
        if is_same && (trained.split_seed != tested.split_seed || trained.test_share < tested.test_share) {
            let text = "this [[test]] would test on tasks that are trained on: leave out `split_seed`, and let `test_share` \
                        be no larger than that of [task]";
            report.problem(test.first(&["split_seed", "test_share", "file"]), text.to_owned());
        }
    }
}

/// Gives an experiment the answers that it names. Those of a run that was recorded may be gone, and its results are not.
fn read_answers(experiment: &mut Experiment, entry: &Entry, source: Source<'_>, report: &mut Report<'_>) {
    if source.is_record {
        return answers::find(experiment, source.folder);
    }
    let says_seeds = entry.layers.training.at("seeds").is_some();
    match answers::read(experiment, source.folder, says_seeds) {
        Ok(()) => {}
        Err(Refused::File(problems)) => report.elsewhere(problems),
        Err(Refused::Settings("algorithm", why)) => {
            report.problem(entry.algorithm.at().unwrap_or(entry.at), why);
        }
        Err(Refused::Settings(key, why)) => report.problem(entry.first(&[key, "predictions"]), why),
    }
}

fn check(experiment: &Experiment, entry: &Entry, report: &mut Report<'_>) {
    let is_trained = entry.algorithm.at().is_some() && experiment.algorithm.trains();
    let matter =
        [&BUDGET[..], &["meta_batch", "inner_steps", "shots", "query", "train_tasks", "hidden", "layers"]];
    if is_trained && !entry.is_broken(&matter.concat()) {
        check_length(experiment, entry, report);
        check_training_memory(experiment, entry, report);
    }
    if !entry.is_broken(&EVALUATION_SIZE) {
        check_evaluation_memory(
            (&experiment.task, &experiment.evaluation),
            |names| entry.first(names),
            report,
        );
    }
}

/// What the further test sets are called.
fn names(tests: &[TestEntry]) -> impl Iterator<Item = &str> {
    tests.iter().filter_map(|test| test.name.as_deref())
}

/// Further test sets must be of use to this experiment, and its figures must be about one of its sets.
fn check_tests(experiment: &Experiment, entry: &Entry, tests: &[TestEntry], report: &mut Report<'_>) {
    for (test, settings) in tests.iter().zip(&experiment.tests) {
        // A setting of one family means nothing to the tasks of another.
        if let Some((key, at)) = test.own_setting().filter(|_| settings.task.family != test.family) {
            let (family, of) = (test.family.name(), settings.task.family.name());
            let message = format!(
                "`{key}` is a setting of {family} here, but {} has tasks of {of}: name the `family` in this [[test]]",
                quote(&experiment.name)
            );
            report.problem(at, message);
        }
        if !test.is_broken(&EVALUATION_SIZE) && !entry.is_broken(&EVALUATION_SIZE) {
            let sizes = (&settings.task, &settings.evaluation);
            check_evaluation_memory(sizes, |names| test.first(names), report);
        }
    }
    let names: Vec<&str> = names(tests).collect();
    let broken = |test: &TestEntry| test.name.is_none() || test.is_broken(&["steps"]);
    if tests.iter().any(broken) || entry.is_broken(&["steps"]) {
        return;
    }
    for (figure, published) in entry.published.iter().zip(&experiment.published) {
        let steps = |name: Option<&str>| Some(experiment.test(name)?.evaluation.steps);
        figure.check(published, steps, &names, report);
    }
}

/// The settings that decide the size of an evaluation.
const EVALUATION_SIZE: [&str; 5] = ["shots", "test_tasks", "grid", "steps", "points"];

/// The settings that say how long to train.
const BUDGET: [&str; 2] = ["epochs", "outer_steps"];

/// Training must have an end and at least one step.
fn check_length(experiment: &Experiment, entry: &Entry, report: &mut Report<'_>) {
    match (experiment.training.budget, experiment.task.train_tasks) {
        (Budget::Epochs(epochs), TrainTasks::Fresh) => {
            let message = match BUDGET.iter().find_map(|key| entry.layers.training.at(key)) {
                Some(_) => format!(
                    "`epochs` is `{epochs}`, but with train_tasks = \"fresh\" a pass has no end: say how \
                     long to train with outer_steps instead, for example outer_steps = 40000"
                ),
                None => "train_tasks is \"fresh\", so a pass has no end: say how long to train with \
                         outer_steps, for example outer_steps = 40000 in [defaults]"
                    .to_owned(),
            };
            report.problem(entry.first(&["epochs", "outer_steps", "train_tasks"]), message);
        }
        (Budget::Epochs(epochs), TrainTasks::Pool(tasks)) if experiment.total_steps() == 0 => {
            let message = format!(
                "not one outer step: it takes meta_batch = {} tasks, but epochs x train_tasks = {epochs} x \
                 {tasks} has only {}",
                experiment.training.meta_batch,
                epochs * tasks as u64
            );
            report.problem(entry.first(&["meta_batch", "train_tasks", "epochs", "outer_steps"]), message);
        }
        _ => {}
    }
}

fn check_training_memory(experiment: &Experiment, entry: &Entry, report: &mut Report<'_>) {
    let task = &experiment.task;
    if let TrainTasks::Pool(tasks) = task.train_tasks {
        let points = product(&[tasks, task.shots.most]);
        if points > MOST_POOL_POINTS {
            let message =
                too_much("train_tasks x shots", points, MOST_POOL_POINTS, "points to keep in memory");
            report.problem(entry.first(&["train_tasks", "shots"]), message);
        }
    }
    let tape =
        experiment.algorithm.tape(&experiment.training, &experiment.model, task.shots.most, task.query);
    let values = product(&[experiment.training.meta_batch, tape]);
    if values > MOST_TAPE_VALUES {
        let what = "meta_batch x what is kept of a task";
        let message = too_much(what, values, MOST_TAPE_VALUES, "values to keep in memory for one outer step");
        report.problem(entry.first(&["meta_batch", "shots", "query", "inner_steps", "hidden"]), message);
        return;
    }
    let adapts = experiment.algorithm.uses("inner_steps");
    let inner_steps = if adapts { experiment.training.inner_steps } else { 1 };
    let hidden = experiment.model.hidden;
    // Between two hidden layers lies a square of weights; there is none in the smallest network.
    let squares = (experiment.model.layers - 1).max(1);
    let rows = task.shots.most + task.query + hidden;
    let values = product(&[experiment.training.meta_batch, inner_steps, squares, hidden, rows]);
    if values > MOST_TAPE_VALUES {
        let layers = if squares > 1 { "(layers - 1) x " } else { "" };
        let what = format!("meta_batch x inner_steps x {layers}hidden x (shots + query + hidden)");
        let message =
            too_much(&what, values, MOST_TAPE_VALUES, "values to keep in memory for one outer step");
        let settings = ["meta_batch", "inner_steps", "shots", "query", "hidden", "layers"];
        report.problem(entry.first(&settings), message);
    }
}

/// `first` is where the first of some settings stands.
fn check_evaluation_memory(
    (task, evaluation): (&TaskSettings, &EvaluationSettings),
    first: impl Fn(&[&str]) -> usize,
    report: &mut Report<'_>,
) {
    let points = product(&[evaluation.test_tasks, task.test_points(evaluation) + evaluation.grid]);
    if points > MOST_TEST_POINTS {
        let message =
            too_much("test_tasks x (shots + grid)", points, MOST_TEST_POINTS, "points to keep in memory");
        report.problem(first(&["test_tasks", "grid", "shots"]), message);
    }
    let more = evaluation.points.map_or(0, |points| points + 1);
    let losses = product(&[evaluation.test_tasks, evaluation.steps + 1 + more]);
    if losses > MOST_TEST_LOSSES {
        let what = if more > 0 { "test_tasks x (steps + points + 2)" } else { "test_tasks x (steps + 1)" };
        let message = too_much(what, losses, MOST_TEST_LOSSES, "losses to keep in memory");
        report.problem(first(&["test_tasks", "steps", "points"]), message);
    }
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product: u64, factor| product.saturating_mul(*factor as u64))
}

fn too_much(what: &str, is: u64, most: u64, of: &str) -> String {
    format!("{what} is {} {of}, but may be at most {}", thousands(is), thousands(most))
}
