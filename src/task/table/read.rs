//! A table of tasks as somebody else has written it: nothing of it is trusted, what is wrong is said with its place, and
//! what was recognised (a mark, semicolons, decimal commas) is said too.

use std::collections::HashMap;

use crate::config::{Column, Faults, Problem, Row, Sheet, quote, seen, thousands};
use crate::task::Points;

/// A larger file is refused before it is read: ten million rows are smaller.
pub const LARGEST_TABLE: u64 = 256 << 20;
/// Characters of a task's name.
const LONGEST_NAME: usize = 100;
/// Larger numbers are no measurements, and their squares would lose what the others say.
const LARGEST: f64 = 1e15;

/// What a file has.
#[derive(Debug, Default, PartialEq)]
pub struct Contents {
    /// The file, byte by byte: a study keeps what it was trained on.
    pub bytes: Vec<u8>,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Its tasks, in the order of their first rows; the points of each in the order of x.
    pub tasks: Vec<OwnTask>,
    /// Rows with a point.
    pub rows: usize,
    /// What the file calls x and y.
    pub labels: [String; 2],
    /// What was recognised, a few words each.
    pub recognised: Vec<String>,
}

/// One task of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnTask {
    /// As the file has it.
    pub name: String,
    /// Its points, in the order of x.
    pub points: Points,
    /// What the column `split` says, if there is one: whether it is for the test.
    pub is_test: Option<bool>,
}

/// What can be done about a row without a value.
const LEAVE_OUT: &str = "leave out the rows without a value";
/// The columns, in the order in which they are asked for.
const COLUMNS: [Column; 4] = [
    Column::needed("task"),
    Column::needed("x").or(LEAVE_OUT),
    Column::needed("y").or(LEAVE_OUT),
    Column::optional("split"),
];
const TASK: usize = 0;
const X: usize = 1;
const Y: usize = 2;
const SPLIT: usize = 3;

/// Reads a file.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(bytes: Vec<u8>) -> Result<Contents, Vec<Problem>> {
    let mut sheet = Sheet::of(bytes, LARGEST_TABLE)?;
    let (mut reading, mut faults) = (Reading::default(), Faults::default());
    sheet.rows(&COLUMNS, &mut faults, |row, faults| reading.take(row, faults));
    if faults.count() == 0 {
        reading.finish(sheet.end(), &mut faults);
    }
    if faults.count() > 0 {
        return Err(sheet.problems(faults));
    }
    let label = |column: usize| sheet.labels[column].as_deref().unwrap_or(COLUMNS[column].name).to_owned();
    Ok(Contents {
        labels: [X, Y].map(label),
        tasks: reading.tasks,
        rows: reading.rows,
        sha256: std::mem::take(&mut sheet.sha256),
        recognised: std::mem::take(&mut sheet.recognised),
        bytes: sheet.into_bytes(),
    })
}

/// A file while it is read.
#[derive(Default)]
struct Reading {
    tasks: Vec<OwnTask>,
    known: HashMap<String, usize>,
    rows: usize,
}

impl Reading {
    /// Takes in a point.
    fn take(&mut self, row: &Row<'_>, faults: &mut Faults) {
        let (before, name) = (faults.count(), row.text(TASK));
        let why = match name.chars().count() {
            0 => Some("this row does not say of which task it is".to_owned()),
            letters if letters > LONGEST_NAME => Some(format!(
                "a task's name of {} characters; {LONGEST_NAME} are allowed",
                thousands(letters as u64)
            )),
            _ if seen(name).any(|(_, hidden)| hidden) => {
                Some(format!("the task's name {} has characters that nobody sees", quote(name)))
            }
            _ => None,
        };
        if let Some(why) = why {
            faults.add(row.at(TASK), || why);
        }
        let is_test = match row.text(SPLIT) {
            _ if !row.has(SPLIT) => None,
            "train" => Some(false),
            "test" => Some(true),
            other => {
                faults
                    .add(row.at(SPLIT), || format!("split is {}, and has to be train or test", quote(other)));
                None
            }
        };
        let mut number = |column: usize| {
            let number = row.number(column, faults)?;
            if number.abs() > LARGEST {
                let said = quote(row.text(column));
                faults.add(row.at(column), || {
                    format!("{} is {said}: numbers go up to 1e15", COLUMNS[column].name)
                });
            }
            Some(number)
        };
        let (Some(x), Some(y)) = (number(X), number(Y)) else { return };
        if faults.count() > before {
            return;
        }
        let task = match self.tasks.last() {
            // Most files have the rows of a task one after another.
            Some(last) if last.name == name => self.tasks.len() - 1,
            _ => match self.known.get(name) {
                Some(task) => *task,
                None => {
                    self.known.insert(name.to_owned(), self.tasks.len());
                    self.tasks.push(OwnTask { name: name.to_owned(), points: Points::default(), is_test });
                    self.tasks.len() - 1
                }
            },
        };
        let own = &mut self.tasks[task];
        if own.is_test != is_test {
            faults.add(row.at(SPLIT), || {
                format!("{} is of both train and test: a task is one of them", quote(name))
            });
            return;
        }
        own.points.x.push(x);
        own.points.y.push(y);
        self.rows += 1;
    }

    /// What can only be judged once all rows are known, told at the end of the file; and the points of every task in the
    /// order of x.
    fn finish(&mut self, end: usize, faults: &mut Faults) {
        match &self.tasks[..] {
            [] => return faults.add(end, || "there is no row below the header".to_owned()),
            [one] => {
                return faults.add(end, || {
                    format!(
                        "all rows are of one task, {}: at least two are needed, one to train on and one to test on",
                        quote(&one.name)
                    )
                });
            }
            _ => {}
        }
        for (is_test, what) in [(false, "train"), (true, "test")] {
            if self.tasks.iter().all(|task| task.is_test == Some(!is_test)) {
                faults.add(end, || format!("no row says {what} in the column split"));
            }
        }
        for (name, values) in
            [("x", (|points| &points.x) as fn(&Points) -> &Vec<f64>), ("y", |points| &points.y)]
        {
            let first = values(&self.tasks[0].points)[0];
            let is_first = |task: &OwnTask| values(&task.points).iter().all(|value| *value == first);
            if self.tasks.iter().all(is_first) {
                faults.add(end, || format!("every {name} is {first}: there is nothing to learn"));
            }
        }
        for OwnTask { points, .. } in &mut self.tasks {
            let mut order: Vec<usize> = (0..points.x.len()).collect();
            order.sort_by(|one, other| points.x[*one].total_cmp(&points.x[*other]));
            let sorted = |values: &[f64]| order.iter().map(|at| values[*at]).collect();
            *points = Points { x: sorted(&points.x), y: sorted(&points.y) };
        }
    }
}
