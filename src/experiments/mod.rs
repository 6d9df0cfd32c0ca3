//! What a person may write in `experiments.toml`, resolved: every experiment carries all of its
//! settings, so that nothing above this room ever asks where a value came from.

mod answers;
mod cell;
mod json_schema;
mod load;
mod merge;
mod names;
mod presets;
mod published;
mod read;
mod resolved;
mod schema;
mod sweep;
mod tables;
mod test_set;
#[cfg(test)]
mod tests;

pub use cell::{Axis, Cell, words};
pub use json_schema::json_schema;
pub use load::load;
pub use presets::{Preset, presets};
pub use published::{Mark, Published};
pub use read::{parse, parse_recorded};
pub use resolved::{RECORDED, recorded_toml, resolved_toml, settings};
pub use schema::{FIRST_TEST, tables};
pub use tables::kept_as;
pub use test_set::{Test, TestSettings};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Value, Values};
use crate::learner::{Algorithm, OuterSchedule, Trainer, Training};
use crate::model::{Adaptation, Answered, Answers, Kernels, ModelSettings, Scale, Weights};
use crate::task::families::table::TableSettings;
use crate::task::{EvaluationSettings, Shots, TaskSettings};

/// Everything one `experiments.toml` says, defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Name shown and used for the run folder: the file's stem, `experiments` for the built-in copy.
    pub name: String,
    /// The file as shown to a person; `None` for the built-in copy.
    pub path: Option<PathBuf>,
    /// The experiments in the file's order; never empty.
    pub experiments: Vec<Experiment>,
}

impl Study {
    /// Other files that it names, whose contents are part of what it says.
    pub fn named_files(&self) -> Vec<PathBuf> {
        let folder = self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let answers = self.experiments.iter().filter_map(|experiment| experiment.answers.as_ref());
        let answers = answers.map(|answers| folder.join(answers.file()));
        let tests = self.experiments.iter().flat_map(Experiment::every_test);
        let tables = tests.filter(|test| test.task.family.table().is_some());
        let tables = tables.filter_map(|test| TableSettings::new(&test.task.own).file);
        let mut files: Vec<PathBuf> = answers.chain(tables.map(|file| folder.join(file))).collect();
        files.sort();
        files.dedup();
        files
    }
}

/// One `[[experiment]]`, with `[defaults]`, `[task]`, `[model]` and `[evaluation]` already applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// Unique within the study.
    pub name: String,
    /// Which learner trains it.
    pub algorithm: Algorithm,
    /// One run a seed.
    pub seeds: Vec<u64>,
    /// How it trains.
    #[serde(flatten)]
    pub training: Training,
    /// Where tasks come from.
    pub task: TaskSettings,
    /// The network.
    pub model: ModelSettings,
    /// How it is tested.
    pub evaluation: EvaluationSettings,
    /// Further test sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestSettings>,
    /// Figures from the literature to hold its results against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// The sweep that it is of, and where it stands there.
    #[serde(skip)]
    pub cell: Option<Cell>,
    /// The answers that are tested in the place of a network, where the algorithm reads them and they are there.
    #[serde(skip)]
    pub answers: Option<Arc<Answers>>,
}

impl Experiment {
    /// Its name in lists with one row a sweep: its own, or that of its sweep.
    pub fn listed_as(&self) -> &str {
        self.cell.as_ref().map_or(&self.name, |cell| &cell.sweep)
    }

    /// The value of a setting, as a sweep calls it: `inner_lr`, `task.shots`. `None` of one that is off.
    pub fn value(&self, path: &str) -> Option<Value> {
        let (table, key) = path.split_once('.').unwrap_or(("", path));
        let (_, values) = self.tables().into_iter().find(|(name, _)| *name == table)?;
        values.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    }

    /// All of its settings but its seeds by table, its own (`""`) first.
    fn tables(&self) -> [(&'static str, Values); 4] {
        [
            ("", self.training.values()),
            ("task", self.task.said()),
            ("model", self.model.values().of(&self.algorithm.model_keys())),
            ("evaluation", self.evaluation.values()),
        ]
    }

    /// Outer steps of one run; 0 for an algorithm that does not train.
    pub fn total_steps(&self) -> u64 {
        if !self.algorithm.trains() {
            return 0;
        }
        self.training.outer_steps(&self.task)
    }

    /// With how many support points its networks are trained.
    pub fn trained_points(&self) -> Shots {
        self.algorithm.trained_points(self.task.shots, self.task.query)
    }

    /// Which arithmetic its bits come from, so that those of an earlier one are not taken for wrong.
    pub fn arithmetic(&self) -> u32 {
        // Up to 1 the cosine of the schedule and the logarithms of the noise were the C library's.
        let schedule = self.training.outer_schedule == OuterSchedule::Cosine;
        let is_noisy = |test: Test<'_>| test.task.family.noise(&test.task.own) > 0.0;
        let own = if schedule || self.every_test().any(is_noisy) { 2 } else { 1 };
        self.algorithm.arithmetic().max(own)
    }

    /// Its network before the first step.
    pub fn trainer(&self, seed: u64, kernels: Kernels) -> Trainer {
        if self.algorithm.reads_answers() {
            return Trainer::untrained(Answered::weights(self.answers.clone(), self.model, seed));
        }
        Trainer::new(&*self.algorithm, (&self.training, &self.task, &self.model), seed, kernels)
    }

    /// How its networks adapt in training.
    pub fn adaptation(&self) -> Adaptation {
        if self.algorithm.reads_answers() {
            return Answered::adaptation(self.answers.clone());
        }
        self.algorithm.adaptation(&self.training, Scale::of(&self.task)).in_units(self.task.family.units())
    }

    /// Its test sets, the first one first.
    pub fn every_test(&self) -> impl Iterator<Item = Test<'_>> {
        let first = Test { name: None, task: &self.task, evaluation: &self.evaluation };
        std::iter::once(first).chain(self.tests.iter().map(TestSettings::as_test))
    }

    /// The test set of this name; without one, the first.
    pub fn test(&self, name: Option<&str>) -> Option<Test<'_>> {
        self.every_test().find(|test| test.name == name)
    }

    /// The rate of the inner steps of a test.
    pub fn test_rate(&self, test: Test<'_>) -> f64 {
        let common = self.algorithm.tested_at_common_rate();
        if common { test.evaluation.inner_lr } else { self.training.inner_lr }
    }

    /// Weights as they are tested: by their own adaptation, at the test's rate.
    pub fn tested(&self, weights: &Weights, test: Test<'_>) -> Weights {
        Weights { adaptation: weights.adaptation.at_rate(self.test_rate(test)), ..weights.clone() }
    }
}
