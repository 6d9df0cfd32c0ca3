//! The tables of `experiments.toml` as they stand, before an experiment's own settings are laid over the
//! shared ones.

use std::collections::HashSet;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::schema;
use crate::config::{Report, SEED, Setting, Table, count, expected_count, thousands};
use crate::learner::{Budget, OuterGradient};
use crate::model::{Activation, ModelSettings, Precision, WIDTHS};
use crate::task::{EvaluationSettings, TaskSettings, TrainTasks};

/// What `[defaults]` and each `[[experiment]]` may say about training.
#[derive(Clone)]
pub(super) struct Training {
    pub seeds: Setting<Vec<u64>>,
    pub budget: Setting<Budget>,
    pub meta_batch: Setting<usize>,
    pub inner_lr: Setting<f64>,
    pub inner_steps: Setting<usize>,
    pub outer_lr: Setting<f64>,
    pub outer_gradient: Setting<OuterGradient>,
}

/// What a `task` table says.
#[derive(Clone)]
pub(super) struct Task {
    pub amplitude: Setting<[f64; 2]>,
    pub phase: Setting<[f64; 2]>,
    pub x: Setting<[f64; 2]>,
    pub shots: Setting<usize>,
    pub query: Setting<usize>,
    pub train_tasks: Setting<TrainTasks>,
}

/// What a `model` table says.
#[derive(Clone)]
pub(super) struct Model {
    pub hidden: Setting<usize>,
    pub activation: Setting<Activation>,
    pub precision: Setting<Precision>,
}

/// What an `evaluation` table says.
#[derive(Clone)]
pub(super) struct Evaluation {
    pub test_tasks: Setting<usize>,
    pub grid: Setting<usize>,
    pub steps: Setting<usize>,
    pub inner_lr: Setting<f64>,
    pub seed: Setting<u64>,
}

impl Training {
    /// Reads the training settings of an open table.
    pub fn read(table: &mut Table<'_, '_, '_>) -> Self {
        Self {
            seeds: seeds(table),
            budget: budget(table),
            meta_batch: table.size("meta_batch", schema::META_BATCH),
            inner_lr: table.rate("inner_lr"),
            inner_steps: table.size("inner_steps", schema::INNER_STEPS),
            outer_lr: table.rate("outer_lr"),
            outer_gradient: table.word("outer_gradient", &OuterGradient::ALL.map(|one| (one.name(), one))),
        }
    }

    /// These settings, with `shared` wherever they say nothing.
    pub fn over(self, shared: &Self) -> Self {
        let shared = shared.clone();
        Self {
            seeds: self.seeds.or(shared.seeds),
            budget: self.budget.or(shared.budget),
            meta_batch: self.meta_batch.or(shared.meta_batch),
            inner_lr: self.inner_lr.or(shared.inner_lr),
            inner_steps: self.inner_steps.or(shared.inner_steps),
            outer_lr: self.outer_lr.or(shared.outer_lr),
            outer_gradient: self.outer_gradient.or(shared.outer_gradient),
        }
    }
}

/// `seeds = 5` or `seeds = [0, 7]`.
fn seeds(table: &mut Table<'_, '_, '_>) -> Setting<Vec<u64>> {
    let Some(value) = table.get("seeds") else { return Setting::Absent };
    let most = thousands(*schema::SEEDS.end());
    match value.get_ref() {
        DeValue::Array(list) if list.is_empty() => {
            table.refuse("seeds", value, "a count or a list with at least one seed")
        }
        DeValue::Array(list) if list.len() as u64 > *schema::SEEDS.end() => {
            let message = format!("`seeds` lists {} seeds, but may list at most {most}", list.len());
            table.report.problem(value.span().start, message);
            Setting::Broken
        }
        DeValue::Array(list) => {
            seed_list(table, list).map_or(Setting::Broken, |seeds| Setting::Given(seeds, value.span().start))
        }
        number @ DeValue::Integer(_) => match count(number, &schema::SEEDS) {
            Some(count) => Setting::Given((0..count).collect(), value.span().start),
            None => table.refuse("seeds", value, &(expected_count(&schema::SEEDS) + ", or a list of seeds")),
        },
        _ => {
            table.refuse("seeds", value, &(expected_count(&schema::SEEDS) + ", or a list such as [0, 1, 2]"))
        }
    }
}

/// Seeds one by one; `None` if one of them was refused.
fn seed_list<'a>(table: &mut Table<'_, 'a, '_>, list: &[Spanned<DeValue<'a>>]) -> Option<Vec<u64>> {
    let mut seen = HashSet::new();
    let mut seeds = Vec::with_capacity(list.len());
    for item in list {
        match count(item.get_ref(), &SEED) {
            None => {
                let _: Setting<u64> =
                    table.refuse("seeds", item, &format!("a list of seeds, each {}", expected_count(&SEED)));
            }
            Some(seed) if !seen.insert(seed) => {
                let message = format!("seed `{seed}` stands in this list already: each seed is one run");
                table.report.problem(item.span().start, message);
            }
            Some(seed) => seeds.push(seed),
        }
    }
    (seeds.len() == list.len()).then_some(seeds)
}

/// `epochs` or `outer_steps`, not both.
fn budget(table: &mut Table<'_, '_, '_>) -> Setting<Budget> {
    let epochs = table.count("epochs", schema::EPOCHS).map(Budget::Epochs);
    let steps = table.count("outer_steps", schema::OUTER_STEPS).map(Budget::OuterSteps);
    if let (Some(first), Some(second)) = (table.key_at("epochs"), table.key_at("outer_steps")) {
        let message = "both `epochs` and `outer_steps` say how long to train: keep one of them in this table";
        table.report.problem(first.max(second), message.to_owned());
        return Setting::Broken;
    }
    epochs.or(steps)
}

impl Task {
    /// Nothing said.
    pub const SILENT: Self = Self {
        amplitude: Setting::Absent,
        phase: Setting::Absent,
        x: Setting::Absent,
        shots: Setting::Absent,
        query: Setting::Absent,
        train_tasks: Setting::Absent,
    };

    /// Reads a `task` table.
    pub fn read<'a>(title: &'static str, entries: &DeTable<'a>, report: &mut Report<'a>) -> Self {
        let mut table = Table::open(title, schema::TASK, entries, report);
        table.word("family", &[("sine", ())]);
        let fresh = |value: &DeValue<'_>| (value.as_str() == Some("fresh")).then_some(TrainTasks::Fresh);
        let pool =
            |value: &DeValue<'_>| count(value, &schema::TRAIN_TASKS).map(|n| TrainTasks::Pool(n as usize));
        Self {
            amplitude: table.range("amplitude", true),
            phase: table.range("phase", true),
            x: table.range("x", false),
            shots: table.size("shots", schema::SHOTS),
            query: table.size("query", schema::QUERY),
            train_tasks: table.setting(
                "train_tasks",
                || expected_count(&schema::TRAIN_TASKS) + ", or \"fresh\" for new tasks all the time",
                |value| fresh(value).or_else(|| pool(value)),
            ),
        }
    }

    /// These settings, with `shared` wherever they say nothing.
    pub fn over(self, shared: &Self) -> Self {
        let shared = shared.clone();
        Self {
            amplitude: self.amplitude.or(shared.amplitude),
            phase: self.phase.or(shared.phase),
            x: self.x.or(shared.x),
            shots: self.shots.or(shared.shots),
            query: self.query.or(shared.query),
            train_tasks: self.train_tasks.or(shared.train_tasks),
        }
    }

    /// With the built-in values for whatever is still not said.
    pub fn resolve(self) -> TaskSettings {
        TaskSettings {
            amplitude: self.amplitude.value_or([0.1, 5.0]),
            phase: self.phase.value_or([0.0, std::f64::consts::TAU]),
            x: self.x.value_or([-5.0, 5.0]),
            shots: self.shots.value_or(10),
            query: self.query.value_or(10),
            train_tasks: self.train_tasks.value_or(TrainTasks::Pool(10_000)),
        }
    }
}

impl Model {
    /// Nothing said.
    pub const SILENT: Self =
        Self { hidden: Setting::Absent, activation: Setting::Absent, precision: Setting::Absent };

    /// Reads a `model` table.
    pub fn read<'a>(title: &'static str, entries: &DeTable<'a>, report: &mut Report<'a>) -> Self {
        let mut table = Table::open(title, schema::MODEL, entries, report);
        let menu = WIDTHS.map(|width| width.to_string()).join(", ");
        let width = |value: &DeValue<'_>| {
            count(value, &(0..=u64::MAX)).and_then(|n| WIDTHS.into_iter().find(|width| *width as u64 == n))
        };
        Self {
            hidden: table.setting(
                "hidden",
                || format!("a whole number from the menu of widths: {menu}"),
                width,
            ),
            activation: table.word("activation", &Activation::ALL.map(|one| (one.name(), one))),
            precision: table.word("precision", &Precision::ALL.map(|one| (one.name(), one))),
        }
    }

    /// These settings, with `shared` wherever they say nothing.
    pub fn over(self, shared: &Self) -> Self {
        let shared = shared.clone();
        Self {
            hidden: self.hidden.or(shared.hidden),
            activation: self.activation.or(shared.activation),
            precision: self.precision.or(shared.precision),
        }
    }

    /// With the built-in values for whatever is still not said.
    pub fn resolve(self) -> ModelSettings {
        ModelSettings {
            layers: 2,
            hidden: self.hidden.value_or(40),
            activation: self.activation.value_or(Activation::Relu),
            precision: self.precision.value_or(Precision::F32),
        }
    }
}

impl Evaluation {
    /// Nothing said.
    pub const SILENT: Self = Self {
        test_tasks: Setting::Absent,
        grid: Setting::Absent,
        steps: Setting::Absent,
        inner_lr: Setting::Absent,
        seed: Setting::Absent,
    };

    /// Reads an `evaluation` table.
    pub fn read<'a>(title: &'static str, entries: &DeTable<'a>, report: &mut Report<'a>) -> Self {
        let mut table = Table::open(title, schema::EVALUATION, entries, report);
        Self {
            test_tasks: table.size("test_tasks", schema::TEST_TASKS),
            grid: table.size("grid", schema::GRID),
            steps: table.size("steps", schema::CURVE_STEPS),
            inner_lr: table.rate("inner_lr"),
            seed: table.count("seed", SEED),
        }
    }

    /// These settings, with `shared` wherever they say nothing.
    pub fn over(self, shared: &Self) -> Self {
        let shared = shared.clone();
        Self {
            test_tasks: self.test_tasks.or(shared.test_tasks),
            grid: self.grid.or(shared.grid),
            steps: self.steps.or(shared.steps),
            inner_lr: self.inner_lr.or(shared.inner_lr),
            seed: self.seed.or(shared.seed),
        }
    }

    /// With the built-in values for whatever is still not said.
    pub fn resolve(self) -> EvaluationSettings {
        EvaluationSettings {
            test_tasks: self.test_tasks.value_or(1_000),
            grid: self.grid.value_or(50),
            steps: self.steps.value_or(32),
            inner_lr: self.inner_lr.value_or(0.01),
            seed: self.seed.value_or(0),
        }
    }
}
