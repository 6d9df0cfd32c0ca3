//! `[task]` and `[evaluation]`: where tasks and their points come from, and which of them are frozen for
//! the test.

use serde::Serialize;

use crate::config::{Domain, END, Key, Keys, SEED, Typed, Value, Values};

static FAMILY: Key<&str> = Key::new("family", "What a task is.", Domain::Words(&["sine"]), "sine");
static AMPLITUDE: Key<[f64; 2]> = Key::new(
    "amplitude",
    "Range of a in a sin(x + b).",
    Domain::Range { ends: END, point: true },
    [0.1, 5.0],
);
static PHASE: Key<[f64; 2]> = Key::new(
    "phase",
    "Range of b in a sin(x + b), radians.",
    Domain::Range { ends: END, point: true },
    [0.0, std::f64::consts::TAU],
);
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

static TEST_TASKS: Key<usize> =
    Key::new("test_tasks", "Frozen test tasks.", Domain::Count(1..=100_000), 1_000);
// A grid has two ends.
static GRID: Key<usize> =
    Key::new("grid", "Evenly spaced test points over the x range.", Domain::Count(2..=10_000), 50);
static STEPS: Key<usize> =
    Key::new("steps", "The adaptation curve has n = 0, 1, ..., steps.", Domain::Count(0..=10_000), 32);
static INNER_LR: Key<f64> = Key::new("inner_lr", "Rate of the SGD steps at test time.", Domain::Rate, 0.01);
static TEST_SEED: Key<u64> = Key::new(
    "seed",
    "Seed of the test tasks: the same for every run, so that all see the same ones.",
    Domain::Count(SEED),
    0,
);

/// `[task]`: where tasks and their points come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskSettings {
    /// Range of a in a sin(x + b).
    pub amplitude: [f64; 2],
    /// Range of b in a sin(x + b), radians.
    pub phase: [f64; 2],
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

/// `[evaluation]`: how a trained initialisation is tested.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationSettings {
    /// Frozen test tasks.
    pub test_tasks: usize,
    /// Evenly spaced test points over the x range.
    pub grid: usize,
    /// The adaptation curve has n = 0, 1, ..., steps.
    pub steps: usize,
    /// Rate of the plain SGD steps at test time.
    pub inner_lr: f64,
    /// Seed of the test tasks: the same for every run, so that all see the same ones.
    pub seed: u64,
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
    /// The keys of `[task]`.
    pub const KEYS: &'static Keys = &[&FAMILY, &AMPLITUDE, &PHASE, &X, &SHOTS, &QUERY, &TRAIN_TASKS];

    /// From values by key.
    pub fn new(values: &Values) -> Self {
        Self {
            amplitude: values.get(&AMPLITUDE),
            phase: values.get(&PHASE),
            x: values.get(&X),
            shots: values.get(&SHOTS),
            query: values.get(&QUERY),
            train_tasks: values.get(&TRAIN_TASKS),
        }
    }

    /// As values by key.
    pub fn values(&self) -> Values {
        Values::default()
            .with(&FAMILY, &"sine")
            .with(&AMPLITUDE, &self.amplitude)
            .with(&PHASE, &self.phase)
            .with(&X, &self.x)
            .with(&SHOTS, &self.shots)
            .with(&QUERY, &self.query)
            .with(&TRAIN_TASKS, &self.train_tasks)
    }
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self::new(&Values::default())
    }
}

impl EvaluationSettings {
    /// The keys of `[evaluation]`.
    pub const KEYS: &'static Keys = &[&TEST_TASKS, &GRID, &STEPS, &INNER_LR, &TEST_SEED];

    /// From values by key.
    pub fn new(values: &Values) -> Self {
        Self {
            test_tasks: values.get(&TEST_TASKS),
            grid: values.get(&GRID),
            steps: values.get(&STEPS),
            inner_lr: values.get(&INNER_LR),
            seed: values.get(&TEST_SEED),
        }
    }

    /// As values by key.
    pub fn values(&self) -> Values {
        Values::default()
            .with(&TEST_TASKS, &self.test_tasks)
            .with(&GRID, &self.grid)
            .with(&STEPS, &self.steps)
            .with(&INNER_LR, &self.inner_lr)
            .with(&TEST_SEED, &self.seed)
    }
}

impl Default for EvaluationSettings {
    fn default() -> Self {
        Self::new(&Values::default())
    }
}
