//! Somebody else's answers to the frozen test tasks: what was given, after how many steps or points, and to which task. What
//! was not given is no number.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::task::{Points, TestTask};

/// Bytes of a task without its points, with its entries in two maps.
const A_TASK: usize = 150;

/// What an answer is given after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum After {
    /// So many inner steps on all support points of the test.
    Steps(usize),
    /// Adaptation to these, in whatever way.
    Adaptation,
    /// Adaptation to so many support points.
    Points(usize),
}

/// Answers to all tasks of one test set, one task after another, at its query points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The answers.
    pub y: Vec<f64>,
    /// The standard deviation that each is given with; empty where they are given without.
    pub deviation: Vec<f64>,
}

/// A test task that answers are for.
pub(super) struct Asked {
    set: usize,
    /// Where its answers begin among those of its set.
    pub start: usize,
    shots: usize,
    /// Its points, in the order in which the points curve adds them.
    pub points: Vec<[f32; 2]>,
    pub x: Vec<f64>,
}

/// The answers of one file.
pub struct Answers {
    /// What they are known by: the file's contents and the tasks that they are for.
    key: String,
    /// The file's name.
    file: String,
    /// Its bytes.
    size: usize,
    /// What was recognised of how it is written, a few words each.
    recognised: Vec<String>,
    seeds: Vec<u64>,
    pub(super) tasks: Vec<Asked>,
    /// The task that has these query points, and these support points.
    pub(super) by_query: HashMap<u64, usize>,
    pub(super) by_support: HashMap<u64, usize>,
    given: HashMap<(usize, usize, After), Given>,
    /// Steps that no curve goes to, which stand for adaptation.
    pub(super) adapted: usize,
}

impl Answers {
    /// Of a file, by what they are known by, its name, its bytes and what was recognised of how it is written; of seeds, to
    /// the tasks of test sets whose curves go to no more than so many steps. `given` is by the place of the seed and that of
    /// the set.
    pub fn new(
        (key, file, size, recognised): (String, String, usize, Vec<String>),
        seeds: Vec<u64>,
        sets: &[Arc<Vec<TestTask>>],
        most_steps: usize,
        given: HashMap<(usize, usize, After), Given>,
    ) -> Self {
        let (mut tasks, mut by_query, mut by_support) = (Vec::new(), HashMap::new(), HashMap::new());
        for (set, of_set) in sets.iter().enumerate() {
            let mut start = 0;
            for task in of_set.iter() {
                by_query.entry(mark(&task.query.x, &task.query.y)).or_insert(tasks.len());
                by_support.entry(mark(&task.support.x, &task.support.y)).or_insert(tasks.len());
                let x = task.query.x.clone();
                start += x.len();
                let Points { x: inputs, y: targets } = task.first_points(usize::MAX);
                let points = inputs.into_iter().zip(targets).map(|(x, y)| [single(x), single(y)]).collect();
                let (shots, start) = (task.support.x.len(), start - x.len());
                tasks.push(Asked { set, start, shots, points, x });
            }
        }
        Self {
            key,
            file,
            size,
            recognised,
            seeds,
            tasks,
            by_query,
            by_support,
            given,
            adapted: most_steps + 1,
        }
    }

    /// What they are known by.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What was recognised of how the file is written, a few words each.
    pub fn recognised(&self) -> &[String] {
        &self.recognised
    }

    /// The seeds that are answered.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// Bytes that they take as long as they are there, and so many more while their file is read.
    pub fn bytes(&self) -> [f64; 2] {
        let numbers: usize = self.given.values().map(|given| given.y.len() + given.deviation.len()).sum();
        let answers: usize = self.given.values().map(|given| given.y.len()).sum();
        let tasks: usize =
            self.tasks.iter().map(|task| A_TASK + 8 * (task.points.len() + task.x.len())).sum();
        // The text, and for every answer the place of its row.
        [(8 * numbers + tasks) as f64, (self.size + 4 * answers) as f64]
    }

    /// After what they are given on the test set of this place.
    pub fn given_on(&self, set: usize) -> Vec<After> {
        let mut given: Vec<After> =
            self.given.keys().filter(|(_, of, _)| *of == set).map(|(.., after)| *after).collect();
        given.sort_unstable();
        given.dedup();
        given
    }

    /// What is given for a task after some steps on its first support points.
    pub(super) fn find(&self, seed: usize, task: &Asked, points: usize, steps: usize) -> Option<&Given> {
        let given = |after| self.given.get(&(seed, task.set, after));
        let is_whole = points == task.shots;
        if steps >= self.adapted || !is_whole {
            let whole = if is_whole { given(After::Adaptation) } else { None };
            return given(After::Points(points)).or(whole);
        }
        let adapted = if steps > 0 { given(After::Adaptation) } else { None };
        given(After::Steps(steps)).or(adapted)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("file", &self.file).field("key", &self.key).finish_non_exhaustive()
    }
}

impl PartialEq for Answers {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// A number as either number type has it. Adding 0 takes the sign from -0.
pub(super) fn single(value: f64) -> f32 {
    value as f32 + 0.0
}

/// What points are known by.
pub(super) fn mark<T: Copy + Into<f64>>(x: &[T], y: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in x.iter().chain(y) {
        single((*value).into()).to_bits().hash(&mut hasher);
    }
    hasher.finish()
}

/// On the line between the two nearest inputs on both sides; beyond the last, what it has.
pub(super) fn between(x: &[f64], values: &[f64], at: f64) -> f64 {
    let places = || x.iter().copied().enumerate();
    let below = places().filter(|(_, x)| *x <= at).max_by(|(_, one), (_, other)| one.total_cmp(other));
    let above = places().filter(|(_, x)| *x >= at).min_by(|(_, one), (_, other)| one.total_cmp(other));
    match (below, above) {
        (Some((one, low)), Some((other, high))) if low < high => {
            values[one] + (values[other] - values[one]) * (at - low) / (high - low)
        }
        (Some((place, _)), _) | (_, Some((place, _))) => values[place],
        (None, None) => f64::NAN,
    }
}
