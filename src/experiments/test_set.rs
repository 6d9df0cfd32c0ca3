//! `[[test]]`: further test sets beside the first. Each says in what it differs from an experiment's own
//! `[task]` and `[evaluation]`; nothing of it reaches the training, so a run is the same run with or without
//! it.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use super::{
    names::read_name,
    schema::{self, FIRST_TEST, LONGEST_NAME, MOST_TESTS},
};
use crate::config::{About, AnyKey, Layer, Report, Table, Value, Values, quote};
use crate::task::{EvaluationSettings, Family, TaskSettings, families::FAMILIES};

/// A further test set of one experiment, with everything filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestSettings {
    /// Unique within the study.
    pub name: String,
    /// Where its tasks come from.
    pub task: TaskSettings,
    /// How networks are tested on them.
    pub evaluation: EvaluationSettings,
}

/// One of an experiment's test sets, the first or a further one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test<'a> {
    /// What it is called; the first one has no name.
    pub name: Option<&'a str>,
    /// Where its tasks come from.
    pub task: &'a TaskSettings,
    /// How networks are tested on them.
    pub evaluation: &'a EvaluationSettings,
}

impl TestSettings {
    /// As a test set among others.
    pub fn as_test(&self) -> Test<'_> {
        let Self { name, task, evaluation } = self;
        Test { name: Some(name), task, evaluation }
    }

    /// Twelve hexadecimal digits that change with anything its results depend on. Another set under the same
    /// name has others, so its results are not taken for this one's.
    pub fn hash(&self) -> String {
        let values =
            self.task.said().filter(|key, _| key.about() != About::Training).and(&self.evaluation.values());
        let said: String = values.written().map(|(key, value)| format!("{key} = {value}\n")).collect();
        Sha256::digest(said).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What it says beyond an experiment's own settings, as a `[[test]]` of a settings file has it.
    pub(super) fn said(&self, task: &TaskSettings, evaluation: &EvaluationSettings) -> Values {
        let family = self.task.family;
        let same = family == task.family;
        let shared = task.values().and(&evaluation.values());
        self.task.said().and(&self.evaluation.values()).filter(|key, value| {
            let is_shared = shared.iter().any(|shared| shared == (key.name(), value));
            let is_family = key.name() == "family" && family != TaskSettings::default().family;
            let is_own = family.keys().iter().any(|one| one.name() == key.name());
            is_family || !is_shared || (is_own && !same)
        })
    }
}

/// One `[[test]]` as the file has it.
pub(super) struct TestEntry {
    /// Where it begins.
    pub at: usize,
    /// `None` if it is absent or was refused.
    pub name: Option<String>,
    pub task: Layer,
    pub evaluation: Layer,
    /// The family whose keys it was read with.
    pub family: &'static dyn Family,
}

impl TestEntry {
    /// Where the first of these settings stands; else the test itself.
    pub fn first(&self, names: &[&str]) -> usize {
        let place = |name: &&str| self.task.at(name).or(self.evaluation.at(name));
        names.iter().find_map(place).unwrap_or(self.at)
    }

    /// Whether one of these settings was refused.
    pub fn is_broken(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.task.is_broken(name) || self.evaluation.is_broken(name))
    }

    /// Where a setting stands that only tasks of its family have, if it has one.
    pub fn own_setting(&self) -> Option<(&'static str, usize)> {
        self.family.keys().iter().find_map(|key| Some((key.name(), self.task.at(key.name())?)))
    }
}

impl Test<'_> {
    /// Every setting that its frozen tasks depend on, and no other: systems whose tests have the same values are
    /// tested on the same tasks.
    pub fn tasks(&self) -> Vec<(&'static str, Value)> {
        let values = self.task.said().and(&self.evaluation.values());
        let of_tasks = values.filter(|key, _| key.about() == About::TestTasks);
        let value = |name: &str, value: &Value| match name {
            // However many points training has.
            "shots" => Some(Value::Count(self.task.shots.most as u64)),
            // Of fewer points the tasks know nothing.
            "points" => (self.evaluation.points? > self.task.shots.most).then(|| value.clone()),
            _ => Some(value.clone()),
        };
        of_tasks.iter().filter_map(|(name, of)| Some((name, value(name, of)?))).collect()
    }

    /// Every setting that the points curve's tasks depend on: how many points a system was trained with and is adapted
    /// to elsewhere is none.
    pub fn tasks_of_points(&self) -> Vec<(&'static str, Value)> {
        let mut settings = self.tasks();
        settings.retain(|(name, _)| !["shots", "points"].contains(name));
        settings.push(("points", Value::Count(self.task.test_points(self.evaluation) as u64)));
        settings
    }
}

/// The keys of `[task]` that say how networks are tested.
pub(super) fn task_keys(family: &'static dyn Family) -> Vec<&'static dyn AnyKey> {
    let keys = TaskSettings::keys_with(family).into_iter();
    keys.filter(|key| key.about() != About::Training).collect()
}

/// Every `[[test]]` and its place.
pub(super) fn test_tables<'t, 'a>(top: &mut Table<'t, 'a, '_>) -> Vec<(usize, &'t DeTable<'a>)> {
    let list = top.tables("test", "[[test]]", ("this file", "test sets", MOST_TESTS));
    list.map(|(_, tables)| tables).unwrap_or_default()
}

/// Reads one `[[test]]`; `shared` is the family that `[task]` names.
pub(super) fn read_test<'a>(
    at: usize,
    entries: &DeTable<'a>,
    shared: &'static dyn Family,
    names: &mut HashMap<String, usize>,
    report: &mut Report<'a>,
) -> TestEntry {
    let named = entries.get("family").and_then(|name| name.get_ref().as_str());
    let named = FAMILIES.iter().find(|family| Some(family.name()) == named);
    let family = named.copied().unwrap_or(shared);
    let keys = task_keys(family);
    // Settings of training are refused below, with a message of their own.
    let of_training = TaskSettings::keys().iter().filter(|key| key.about() == About::Training);
    let of_training: Vec<&str> = of_training.map(|key| key.name()).collect();
    let evaluation = schema::names(EvaluationSettings::keys());
    let known = [&["name"], &schema::names(&keys)[..], &evaluation, &of_training].concat();
    let mut table = Table::open("[[test]]", known, entries, report);
    for key in of_training {
        if let Some(at) = table.key_at(key) {
            let message = format!(
                "`{key}` is about training, and a [[test]] changes nothing but how networks are tested: set it \
                 in [task] or in an [experiment.task]"
            );
            table.report.problem(at, message);
        }
    }
    let value = table.get("name");
    if value.is_none() && !table.has_unknown_key_like("name") {
        table.report.absent(at, "this [[test]] has no `name`: add name = \"...\"".to_owned());
    }
    let mut name = value.and_then(|value| read_name(&mut table, "a test set", value, LONGEST_NAME, names));
    if let (Some(FIRST_TEST), Some(value)) = (name.as_deref(), value) {
        let message =
            format!("{} is what the first test set is called: choose another name", quote(FIRST_TEST));
        table.report.problem(value.span().start, message);
        name = None;
    }
    let task = Layer::read(&keys, &mut table);
    let evaluation = Layer::read(EvaluationSettings::keys(), &mut table);
    TestEntry { at, name, task, evaluation, family }
}
