//! Tasks of one's own as a family: what a CSV file's tasks are in words, and which of them are trained on.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::config::{Domain, Keys, Problem, SEED, Values, presentable, settings, thousands};
use crate::task::family::{Family, Numbers, Sampler, Slider};
use crate::task::table::{self, Contents};
use crate::task::{LinearStep, Points, Units};

settings! {
    /// What `[task]` has for tables.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TableSettings {
        /// A CSV file with the columns task, x and y; its place is seen from this file.
        file: Option<String> =
            Domain::Text { longest: 500, what: "the name of a file" }, None, .added_later();
        /// Share of the tasks that are tested on, at least one; where the file has a column split, that says which.
        test_share: f64 = Domain::Size(1.0), 0.2, .added_later();
        /// Seed by which these tasks are chosen.
        split_seed: u64 = Domain::Count(SEED), 0, .added_later();
        /// SHA-256 of the file: every run has it in its settings, and where it is given, the file has to have it.
        sha256: Option<String> =
            Domain::Text { longest: 64, what: "64 hexadecimal digits" }, None, .added_later();
    }
}

/// The family of one file's tasks.
pub struct Table(table::Table);

/// The family that has no file yet, by which its settings are read.
pub static WITHOUT_FILE: LazyLock<Table> = LazyLock::new(|| Table(table::Table::new(Arc::default(), 0.0, 0)));

/// Files that were read, by their digests. What was read stays: a task is a number of its file.
static READ: Mutex<Vec<Arc<Contents>>> = Mutex::new(Vec::new());
/// Families that were made of them, of which a study has one or two.
static MADE: Mutex<Vec<(Key, &'static Table)>> = Mutex::new(Vec::new());

/// Which file, and how it is split.
type Key = (String, u64, u64);

/// The contents of a file that was read before.
pub fn known(sha256: &str) -> Option<Arc<Contents>> {
    let read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    read.iter().find(|contents| contents.sha256 == sha256).cloned()
}

/// Reads a file, or finds that it was read before.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn contents(bytes: Vec<u8>) -> Result<Arc<Contents>, Vec<Problem>> {
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(known) = known(&sha256) {
        return Ok(known);
    }
    let contents = Arc::new(table::read(bytes)?);
    READ.lock().unwrap_or_else(PoisonError::into_inner).push(contents.clone());
    Ok(contents)
}

/// The family of these tasks, split as these settings say.
pub fn family(contents: Arc<Contents>, own: &TableSettings) -> &'static Table {
    let key: Key = (contents.sha256.clone(), own.test_share.to_bits(), own.split_seed);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, table)) = made.iter().find(|(known, _)| *known == key) {
        return table;
    }
    let table: &'static Table =
        Box::leak(Box::new(Table(table::Table::new(contents, own.test_share, own.split_seed))));
    made.push((key, table));
    table
}

impl Family for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn doc(&self) -> &'static str {
        "Tasks of one's own, from the CSV file that `file` names."
    }

    fn keys(&self) -> &'static Keys {
        TableSettings::keys()
    }

    fn table(&self) -> Option<&table::Table> {
        Some(&self.0)
    }

    fn units(&self) -> Units {
        self.0.units()
    }

    fn sampler(&self, _own: &Values, _range: [f64; 2]) -> Sampler {
        Box::new(self.0.training_sampler(0))
    }

    /// On the line between the points on both sides, and nowhere beyond them: for pictures, never for a loss.
    fn at(&self, numbers: &Numbers, x: f64) -> f64 {
        self.0.between(numbers, x)
    }

    fn noise(&self, _own: &Values) -> f64 {
        0.0
    }

    fn heights(&self, _own: &Values, _x: [f64; 2]) -> [f64; 2] {
        self.0.heights()
    }

    fn y_range(&self, _own: &Values, _x: [f64; 2]) -> [f64; 2] {
        let [low, high] = self.0.heights();
        let air = 0.06 * (high - low);
        [low - air, high + air]
    }

    /// Over the tasks that are trained on, on the lines between their points.
    fn moments(&self, _own: &Values, x: f64) -> [f64; 2] {
        self.0.average().moments(x)
    }

    fn product_moment(&self, _own: &Values, x: f64, other: f64) -> f64 {
        self.0.average().product_moment(x, other)
    }

    /// Over the points that are trained on.
    fn prior_mean_loss(&self, _own: &Values, _range: [f64; 2]) -> f64 {
        self.0.variance()
    }

    /// Measured: in the two directions in which the tasks that are trained on differ most, with the matrix of least
    /// squared error over their own episodes.
    fn linear_step(&self, _own: &Values, _range: [f64; 2], shots: usize) -> Option<LinearStep> {
        self.0.linear_step(shots)
    }

    /// The next task of the file.
    fn sliders(&self, _own: &Values, _range: [f64; 2], _numbers: &Numbers) -> Vec<Slider> {
        let tasks = self.0.contents().tasks.len() as f64;
        vec![Slider::new("task", 0, [0.0, tasks], tasks.max(1.0)).round()]
    }

    /// The first of those that are tested on.
    fn middle(&self, _own: &Values, _range: [f64; 2]) -> Numbers {
        let [train, _] = self.0.split();
        self.0.every_task().nth(train).unwrap_or_default()
    }

    fn has_oracle(&self) -> bool {
        false
    }

    fn oracle(&self, own: &Values, _range: [f64; 2], _support: &Points, x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| self.moments(own, *x)[0]).collect()
    }

    fn one(&self) -> &'static str {
        "a task of the file"
    }

    fn oracle_in_words(&self) -> &'static str {
        ""
    }

    fn formula(&self, own: &Values) -> String {
        let file = TableSettings::new(own).file.unwrap_or_default();
        let [train, test] = self.0.split();
        let [x, y] = self.0.labels().each_ref().map(|label| presentable(label, 40));
        format!(
            "one of {} of {}, {y} over {x}: {} to train on, {} to test on",
            thousands(self.0.contents().tasks.len() as u64),
            presentable(&file, 60),
            thousands(train as u64),
            thousands(test as u64)
        )
    }

    fn title(&self, numbers: &Numbers) -> String {
        format!("task {}", self.label(numbers))
    }

    fn equation(&self, numbers: &Numbers) -> String {
        let [x, y] = self.0.labels().each_ref().map(|label| presentable(label, 40));
        format!("{}, {y} over {x}", self.title(numbers))
    }

    fn label(&self, numbers: &Numbers) -> String {
        presentable(self.0.name(numbers), 40)
    }
}
