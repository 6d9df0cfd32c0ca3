//! `[task]` and `[evaluation]`: where tasks and their points come from, and which of them are frozen for
//! the test.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Points, families, family::Family};
use crate::config::{AnyKey, Domain, END, Key, Keys, SEED, Typed, Value, Values, settings};

static FAMILY: Key<&'static dyn Family> =
    Key::new("family", "What a task is.", Domain::Names(families::names), &families::sine::Sine);
static X: Key<[f64; 2]> = Key::new(
    "x",
    "Range of x, for support and query points and for the test grid.",
    Domain::Range { ends: END, point: false },
    [-5.0, 5.0],
);
static SHOTS: Key<usize> = Key::new("shots", "Support points K.", Domain::Count(1..=10_000), 10);
static QUERY: Key<usize> =
    Key::new("query", "Fresh query points of the outer loss.", Domain::Count(1..=10_000), 10);
static TRAIN_TASKS: Key<TrainTasks> = Key::new(
    "train_tasks",
    "Size of the fixed pool of training tasks, or \"fresh\" for new ones for ever.",
    Domain::CountOr { bounds: 1..=1_000_000, word: FRESH, meaning: "new tasks all the time" },
    TrainTasks::Pool(10_000),
);

settings! {
    /// `[evaluation]`: how a trained initialisation is tested.
    #[derive(Clone, Debug, PartialEq)]
    pub struct EvaluationSettings {
        /// Frozen test tasks.
        test_tasks: usize = Domain::Count(1..=100_000), 1_000;
        // A grid has two ends.
        /// Evenly spaced test points over the x range.
        grid: usize = Domain::Count(2..=10_000), 50;
        /// The adaptation curve has n = 0, 1, ..., steps.
        steps: usize = Domain::Count(0..=10_000), 32;
        /// Rate of the SGD steps at test time.
        inner_lr: f64 = Domain::Rate, 0.01;
        /// Seed of the test tasks: the same for every run, so that all see the same ones.
        seed: u64 = Domain::Count(SEED), 0;
    }
}

/// `[task]`: where tasks and their points come from.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSettings {
    /// What a task is.
    pub family: &'static dyn Family,
    /// The family's own settings.
    pub own: Values,
    /// Range of x, for support and query points and for the test grid.
    pub x: [f64; 2],
    /// Support points K.
    pub shots: usize,
    /// Fresh query points of the outer loss.
    pub query: usize,
    /// A fixed pool, or new tasks for ever.
    pub train_tasks: TrainTasks,
}

/// A fixed pool of training tasks, or new ones for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainTasks {
    /// This many tasks whose support points stay the same.
    Pool(usize),
    /// Every task is new.
    Fresh,
}

const FRESH: &str = "fresh";

impl Typed for TrainTasks {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Count(tasks) => Some(Self::Pool(*tasks as usize)),
            Value::Word(FRESH) => Some(Self::Fresh),
            _ => None,
        }
    }
    fn to_value(&self) -> Option<Value> {
        Some(match self {
            Self::Pool(tasks) => Value::Count(*tasks as u64),
            Self::Fresh => Value::Word(FRESH),
        })
    }
}

impl TaskSettings {
    /// The keys of `[task]` that every family has, but for `family` itself.
    pub const COMMON: &'static Keys = &[&X, &SHOTS, &QUERY, &TRAIN_TASKS];

    /// The key that names the family.
    pub const FAMILY: &'static Keys = &[&FAMILY];

    /// The keys of `[task]` with this family.
    pub fn keys(family: &dyn Family) -> Vec<&'static dyn AnyKey> {
        [&[&FAMILY as &dyn AnyKey], family.keys(), Self::COMMON].concat()
    }

    /// The family that values name.
    pub fn family(values: &Values) -> &'static dyn Family {
        values.get(&FAMILY)
    }

    /// From values by key.
    pub fn new(values: &Values) -> Self {
        let family = values.get(&FAMILY);
        Self {
            family,
            own: values.of(family.keys()),
            x: values.get(&X),
            shots: values.get(&SHOTS),
            query: values.get(&QUERY),
            train_tasks: values.get(&TRAIN_TASKS),
        }
    }

    /// As values by key.
    pub fn values(&self) -> Values {
        Values::default()
            .with(&FAMILY, &self.family)
            .and(&self.own)
            .with(&X, &self.x)
            .with(&SHOTS, &self.shots)
            .with(&QUERY, &self.query)
            .with(&TRAIN_TASKS, &self.train_tasks)
    }

    /// Test loss of the best guess that is the same for all tasks.
    pub fn prior_mean_loss(&self) -> f64 {
        self.family.prior_mean_loss(&self.own, self.x)
    }

    /// Mean test loss of the best step that is linear in the targets of the support; `None` where it is not known.
    pub fn linear_step_loss(&self) -> Option<f64> {
        self.family.linear_step_loss(&self.own, self.x, self.shots)
    }

    /// What a learner that knows the family answers at these `x`, given the support points of a task.
    pub fn oracle(&self, support: &Points, x: &[f64]) -> Vec<f64> {
        self.family.oracle(&self.own, self.x, support, x)
    }

    /// How high the lowest and the highest tasks reach.
    pub fn heights(&self) -> [f64; 2] {
        self.family.heights(&self.own, self.x)
    }
}

/// As JSON has it: the family only where it is not the default, and of its settings what a settings file
/// has.
impl Serialize for TaskSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.family != FAMILY.default_value() {
            map.serialize_entry("family", self.family.name())?;
        }
        for (name, value) in self.own.written(self.family.keys()) {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("x", &self.x)?;
        map.serialize_entry("shots", &self.shots)?;
        map.serialize_entry("query", &self.query)?;
        map.serialize_entry("train_tasks", &self.train_tasks)?;
        map.end()
    }
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self::new(&Values::default())
    }
}
