//! `[task]` and `[evaluation]`: where tasks and their points come from, and which of them are frozen for
//! the test.

use serde::Serialize;

use super::{LinearStep, Points, Posterior, Shots, families, family::Family};
use crate::config::{AnyKey, Domain, END, SEED, Typed, Value, Values, settings};

/// Support points that a task may have.
const MOST_SHOTS: u64 = 10_000;

settings! {
    /// `[task]`: where tasks and their points come from.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TaskSettings {
        /// What a task is.
        family: &'static dyn Family = Domain::Names(families::names), &families::sine::Sine, .left_out_of_json();
        /// The family's own settings.
        own: Values => |values| values.of(families::named_by(values).keys());
        /// Range of x, for support and query points and for the test grid.
        x: [f64; 2] = Domain::Range { ends: END, point: false }, [-5.0, 5.0];
        /// Support points K, or [low, high] to draw K anew for every outer step; tests take the larger.
        shots: Shots = Domain::CountOrCounts { bounds: 1..=MOST_SHOTS, low: 0 }, Shots { fewest: 10, most: 10 };
        /// Fresh query points of the outer loss.
        query: usize = Domain::Count(1..=10_000), 10, .for_training();
        /// Size of the fixed pool of training tasks, or "fresh" for new ones for ever.
        train_tasks: TrainTasks = TrainTasks::DOMAIN, TrainTasks::Pool(10_000), .for_training();
    }
}

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
        steps: usize = Domain::Count(0..=10_000), 32, .for_adapting();
        /// The points curve has K = 0, 1, ..., points of each task's support points, after the trained number of steps; off.
        points: Option<usize> = Domain::Count(1..=1_000), None, .added_later();
        /// Test targets carry the family's noise, as support points do: what a log-likelihood is of.
        target_noise: bool = Domain::Switch, false, .added_later();
        /// Rate of the SGD steps at test time.
        inner_lr: f64 = Domain::Rate, 0.01, .for_adapting();
        /// Seed of the test tasks: the same for every run, so that all see the same ones.
        seed: u64 = Domain::Count(SEED), 0;
    }
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

impl TrainTasks {
    const DOMAIN: Domain =
        Domain::CountOr { bounds: 1..=1_000_000, word: FRESH, meaning: "new tasks all the time" };
}

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
    /// The keys of `[task]` with this family.
    pub fn keys_with(family: &'static dyn Family) -> Vec<&'static dyn AnyKey> {
        let (first, others) = Self::keys().split_at(1);
        [first, family.keys(), others].concat()
    }

    /// Test loss of the best guess that is the same for all tasks.
    pub fn prior_mean_loss(&self) -> f64 {
        self.family.prior_mean_loss(&self.own, self.x)
    }

    /// The best step that is linear in the targets of the support; `None` where it is not known.
    pub fn linear_step(&self) -> Option<LinearStep> {
        self.family.linear_step(&self.own, self.x, self.shots.most)
    }

    /// What a learner that knows the family answers at these `x`, given the support points of a task.
    pub fn oracle(&self, support: &Points, x: &[f64]) -> Vec<f64> {
        self.family.oracle(&self.own, self.x, support, x)
    }

    /// Whether there is one.
    pub fn has_oracle(&self) -> bool {
        self.family.has_oracle()
    }

    /// Its values as files have them: without what follows from a table.
    pub fn said(&self) -> Values {
        let is_said = |key: &dyn AnyKey| self.family.table().is_none() || key.name() != "x";
        self.values().filter(|key, _| is_said(key))
    }

    /// What can be known of a task from up to so many of its points; `None` where that is not worked out.
    pub fn posterior(&self, most_points: usize) -> Option<Box<dyn Posterior>> {
        self.family.posterior(&self.own, most_points)
    }

    /// Support points that a test task is drawn with: those that it is adapted to, and those that the points curve
    /// adds.
    pub fn test_points(&self, evaluation: &EvaluationSettings) -> usize {
        self.shots.most.max(evaluation.points.unwrap_or(0))
    }

    /// How often it goes through the support points for that.
    pub fn oracle_passes(&self) -> usize {
        self.family.oracle_passes(&self.own, self.x)
    }

    /// How high the lowest and the highest tasks reach.
    pub fn heights(&self) -> [f64; 2] {
        self.family.heights(&self.own, self.x)
    }

    /// A range of y that holds every task.
    pub fn y_range(&self) -> [f64; 2] {
        self.family.y_range(&self.own, self.x)
    }

    /// What a reader has to know of the file that the tasks are from, a sentence each.
    pub fn remarks(&self, evaluation: &EvaluationSettings) -> Vec<String> {
        let Some(table) = self.family.table() else { return Vec::new() };
        let file = self.own.named::<String>("file").unwrap_or_default();
        let mut said = vec![table.in_words(&file)];
        said.extend(self.left_out(evaluation));
        said
    }

    /// Which tasks of a table are left out, and why.
    pub fn left_out(&self, evaluation: &EvaluationSettings) -> Option<String> {
        self.family.table()?.left_out(self.shots.most, self.test_points(evaluation))
    }

    /// What x and y are, where a table says it.
    pub fn labels(&self) -> [&'static str; 2] {
        self.family.table().map_or(["x", "y"], |table| table.labels().each_ref().map(String::as_str))
    }
}
