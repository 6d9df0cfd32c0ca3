//! Answers of another program to the frozen test tasks of an experiment: read from the file that it names, each held
//! against its task and its x, and refused with all that is wrong.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Experiment;
use crate::config::{Column, Faults, Problem, Row, Sheet, presentable, quote, read_given, thousands};
use crate::learner::ExternalSettings;
use crate::model::{After, Answers, Given};
use crate::task::{TestTask, test_tasks};

/// A larger file is refused before it is read: five seeds at every n of the usual curve are smaller.
const LARGEST_FILE: u64 = 1 << 30;
/// Answers that there is always room for; of more, a file has to have a row for each.
const ROOM: usize = 2_000_000;
/// Bytes of the shortest row.
const SHORTEST_ROW: usize = 8;
/// How far an x may be off, as a part of the range: what is lost where programs write few digits.
const SLACK: f64 = 1e-5;
/// Folders above a settings file in which the file of its answers is looked for.
const ABOVE: usize = 6;

/// The columns, in the order in which they are asked for.
const COLUMNS: [Column; 8] = [
    Column::needed("seed"),
    Column::needed("task"),
    Column::optional("n"),
    Column::needed("x"),
    Column::needed("y"),
    Column::optional("deviation"),
    Column::optional("k"),
    Column::optional("test"),
];
const SEED: usize = 0;
const TASK: usize = 1;
const N: usize = 2;
const X: usize = 3;
const Y: usize = 4;
const DEVIATION: usize = 5;
const K: usize = 6;
const TEST: usize = 7;

/// Where the file of experiments is that names answers.
#[derive(Clone, Copy)]
pub(super) struct Source<'p> {
    /// The folder that it lies in.
    pub folder: &'p Path,
    /// Whether it is the settings file of a run.
    pub is_record: bool,
}

/// Why there are no answers.
pub(super) enum Refused {
    /// About the settings: the key that is the place of it, and a sentence.
    Settings(&'static str, String),
    /// What is wrong in the file.
    File(Vec<Problem>),
}

/// Gives an experiment the answers that it names, and their seeds unless it says some.
pub(super) fn read(experiment: &mut Experiment, folder: &Path, says_seeds: bool) -> Result<(), Refused> {
    let mut own = ExternalSettings::new(&experiment.training.own);
    let Some(file) = own.predictions.clone() else {
        let text = "answers of another program need a file, `predictions`: for example predictions = \"mine.csv\", with \
                    the columns seed, task, x and y";
        return Err(Refused::Settings("algorithm", text.to_owned()));
    };
    let path = folder.join(&file);
    let shown = presentable(&file, 60);
    let bytes = read_given(&path, LARGEST_FILE)
        .map_err(|error| Refused::Settings("predictions", format!("{shown} cannot be read: {error}")))?;
    let in_file = |mut problems: Vec<Problem>| {
        let name = presentable(&path.display().to_string(), 300);
        problems.iter_mut().for_each(|problem| problem.file = Some(name.clone()));
        Refused::File(problems)
    };
    let mut sheet = Sheet::of(bytes, LARGEST_FILE).map_err(in_file)?;
    if own.predictions_sha256.as_ref().is_some_and(|sha256| *sha256 != sheet.sha256) {
        let text = format!(
            "{shown} has another SHA-256, {}: leave `predictions_sha256` out to take the file as it is now",
            sheet.sha256
        );
        return Err(Refused::Settings("predictions_sha256", text));
    }
    own.predictions_sha256 = Some(sheet.sha256.clone());
    let key = key(experiment, &sheet.sha256);
    let answers = Arc::new(Reading::new(experiment).read(&mut sheet, (key, file)).map_err(in_file)?);
    if !says_seeds {
        experiment.seeds = answers.seeds().to_vec();
    }
    let missing = experiment.seeds.iter().filter(|seed| !answers.seeds().contains(seed));
    let missing: Vec<String> = missing.map(u64::to_string).collect();
    if !missing.is_empty() {
        let has: Vec<String> = answers.seeds().iter().map(u64::to_string).collect();
        let text = format!(
            "{shown} has no answers of seed {}; it has seeds = [{}]",
            presentable(&missing.join(", "), 60),
            presentable(&has.join(", "), 60)
        );
        return Err(Refused::Settings("seeds", text));
    }
    (experiment.training.own, experiment.answers) = (own.values(), Some(answers));
    Ok(())
}

/// The answers that a settings file of a run was made with, if the file is still there: where this program was started,
/// or in a folder above the settings.
pub(super) fn find(experiment: &mut Experiment, folder: &Path) {
    let ExternalSettings { predictions: Some(file), predictions_sha256: Some(_) } =
        ExternalSettings::new(&experiment.training.own)
    else {
        return;
    };
    let above = folder.ancestors().take(ABOVE).map(Path::to_owned);
    let places = [PathBuf::new()].into_iter().chain(above).filter(|place| place.join(&file).is_file());
    for place in places.collect::<Vec<_>>() {
        if read(experiment, &place, true).is_ok() {
            return;
        }
    }
}

/// What answers are known by: the contents of their file, and the tasks that they are for.
fn key(experiment: &Experiment, sha256: &str) -> String {
    let test = |test: super::Test<'_>| {
        let (steps, points) = (test.evaluation.steps, test.evaluation.points);
        format!("{:?} {:?} {:?} {steps} {points:?}\n", test.name, test.tasks(), test.task.x)
    };
    let tests: String = experiment.every_test().map(test).collect();
    let digest = Sha256::digest(tests).iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{sha256} {digest}")
}

/// Answers while they are read.
struct Reading {
    /// The names of the test sets, and how far their curves go: steps, points, and how far an x may be off.
    tests: Vec<(Option<String>, usize, Option<usize>, f64)>,
    sets: Vec<Arc<Vec<TestTask>>>,
    /// Where the answers of each task begin among those of its set, and where the last ones end.
    starts: Vec<Vec<usize>>,
    seeds: Vec<u64>,
    blocks: HashMap<(usize, usize, After), Block>,
    /// The answers that there is room for.
    room: usize,
    has_rows: bool,
}

/// The answers of one seed to all tasks of a set, after so many steps or points.
struct Block {
    given: Given,
    /// The byte at which the row of each begins, behind its first; 0 where there is none yet.
    rows: Vec<u32>,
    /// Where the next is expected: most files have the x of a task in their order.
    next: usize,
    deviates: bool,
}

impl Reading {
    fn new(experiment: &Experiment) -> Self {
        let (mut tests, mut sets, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for test in experiment.every_test() {
            let tasks = test_tasks(test.task, test.evaluation);
            let begins = tasks.iter().scan(0, |start, task| {
                *start += task.query.x.len();
                Some(*start)
            });
            starts.push(std::iter::once(0).chain(begins).collect());
            let ([low, high], evaluation) = (test.task.x, test.evaluation);
            let name = test.name.map(str::to_owned);
            tests.push((name, evaluation.steps, evaluation.points, SLACK * (high - low)));
            sets.push(Arc::new(tasks));
        }
        let (seeds, blocks) = (Vec::new(), HashMap::new());
        Self { tests, sets, starts, seeds, blocks, room: ROOM, has_rows: false }
    }

    /// All of them, or all that is wrong.
    fn read(mut self, sheet: &mut Sheet, (key, file): (String, String)) -> Result<Answers, Vec<Problem>> {
        let mut faults = Faults::default();
        self.room = self.room.max(sheet.end() / SHORTEST_ROW);
        // A second answer is told with the line of the first.
        let mut seconds = Vec::new();
        sheet.rows(&COLUMNS, &mut faults, |row, faults| self.take(row, faults, &mut seconds));
        for (at, first, what) in seconds {
            faults.add(at, || {
                format!("{what} has an answer in line {}: this is a second one", sheet.line(first))
            });
        }
        if faults.count() == 0 {
            self.find_missing(sheet, &mut faults);
        }
        if faults.count() > 0 {
            return Err(sheet.problems(faults));
        }
        let most_steps = self.tests.iter().map(|(_, steps, ..)| *steps).max().unwrap_or(0);
        // In ascending order, whatever the order of the rows.
        let mut order: Vec<usize> = (0..self.seeds.len()).collect();
        order.sort_by_key(|seed| self.seeds[*seed]);
        let place = |seed: usize| order.iter().position(|one| *one == seed).unwrap_or(seed);
        let blocks = self.blocks.into_iter();
        let given =
            blocks.map(|((seed, set, after), block)| ((place(seed), set, after), block.given)).collect();
        let seeds = order.iter().map(|seed| self.seeds[*seed]).collect();
        let of_file = (key, file, sheet.end(), sheet.recognised.clone());
        Ok(Answers::new(of_file, seeds, &self.sets, most_steps, given))
    }

    /// Takes in a row.
    fn take(&mut self, row: &Row<'_>, faults: &mut Faults, seconds: &mut Vec<(usize, usize, String)>) {
        self.has_rows = true;
        let before = faults.count();
        let optional = |column: usize, faults: &mut Faults| {
            (!row.text(column).is_empty()).then(|| row.count(column, faults))
        };
        let (seed, task) = (row.count(SEED, faults), row.count(TASK, faults));
        let (n, k) = (optional(N, faults), optional(K, faults));
        let (x, y) = (row.number(X, faults), row.number(Y, faults));
        let deviation = match row.text(DEVIATION) {
            "" => Some(None),
            _ => row.number(DEVIATION, faults).map(Some),
        };
        if let Some(Some(deviation)) = deviation
            && deviation <= 0.0
        {
            let said = quote(row.text(DEVIATION));
            faults.add(row.at(DEVIATION), || format!("deviation is {said}: a standard deviation is above 0"));
        }
        let name = Some(row.text(TEST)).filter(|name| !name.is_empty());
        let Some(set) = self.tests.iter().position(|(test, ..)| test.as_deref() == name) else {
            let said = quote(row.text(TEST));
            faults.add(row.at(TEST), || format!("test is {said}, and no [[test]] is called so"));
            return;
        };
        let (Some(seed), Some(task), Some(x), Some(y), Some(deviation)) = (seed, task, x, y, deviation)
        else {
            return;
        };
        if faults.count() > before {
            return;
        }
        let (_, most_steps, most_points, slack) = self.tests[set];
        // Of what no curve asks for nothing is kept.
        let after = match (n.flatten(), k.flatten()) {
            (_, Some(k)) if most_points.is_none_or(|most| k > most as u64) => return,
            (_, Some(k)) => After::Points(k as usize),
            (Some(n), None) if n > most_steps as u64 => return,
            (Some(n), None) => After::Steps(n as usize),
            (None, None) => After::Adaptation,
        };
        let tasks = self.sets[set].clone();
        let Some(of) = usize::try_from(task).ok().and_then(|task| tasks.get(task)) else {
            let most = tasks.len().saturating_sub(1);
            faults.add(row.at(TASK), || {
                format!("task is {}, and the tasks are 0 to {}", thousands(task), thousands(most as u64))
            });
            return;
        };
        let start = self.starts[set][task as usize];
        let Some(block) = self.block(seed, set, after, row, faults) else { return };
        let expected = block.next.checked_sub(start).filter(|place| *place < of.query.x.len());
        let Some(place) = place(&of.query.x, x, slack, expected, |place| block.rows[start + place] == 0)
        else {
            let nearest =
                of.query.x.iter().copied().min_by(|one, other| (one - x).abs().total_cmp(&(other - x).abs()));
            let nearest = nearest.map_or(String::new(), |nearest| format!("; the nearest is {nearest}"));
            faults.add(row.at(X), || {
                format!("x is {}, and task {task} has no such query point{nearest}", quote(row.text(X)))
            });
            return;
        };
        let at = start + place;
        block.next = at + 1;
        if block.rows[at] > 0 {
            let what = format!("task {task} at x = {x}, {}", of_block(seed, None, after));
            seconds.push((row.at(SEED), block.rows[at] as usize, what));
            // As many as are told.
            seconds.truncate(1_000);
            return;
        }
        let deviates = deviation.is_some();
        if block.rows.iter().any(|row| *row > 0) && block.deviates != deviates {
            let other = if deviates { "have none" } else { "have one" };
            faults.add(row.at(DEVIATION), || {
                format!(
                    "deviation is {}, and rows before it {other}: it is given of all or of none",
                    quote(row.text(DEVIATION))
                )
            });
            return;
        }
        block.deviates = deviates;
        block.rows[at] = row.at(SEED).max(1).try_into().unwrap_or(u32::MAX);
        block.given.y[at] = y;
        if let Some(deviation) = deviation {
            block.given.deviation.resize(block.given.y.len(), f64::NAN);
            block.given.deviation[at] = deviation;
        }
    }

    /// The answers of this seed after this, to which a row belongs.
    fn block(
        &mut self,
        seed: u64,
        set: usize,
        after: After,
        row: &Row<'_>,
        faults: &mut Faults,
    ) -> Option<&mut Block> {
        let seed = match self.seeds.iter().position(|one| *one == seed) {
            Some(place) => place,
            None => {
                self.seeds.push(seed);
                self.seeds.len() - 1
            }
        };
        let size = self.starts[set].last().copied().unwrap_or(0);
        if !self.blocks.contains_key(&(seed, set, after)) {
            match self.room.checked_sub(size) {
                Some(left) => self.room = left,
                None => {
                    faults.add(row.at(SEED), || {
                        "from here on there are more seeds and numbers of steps than this file can have all answers for: \
                         is another column meant?"
                            .to_owned()
                    });
                    return None;
                }
            }
        }
        Some(self.blocks.entry((seed, set, after)).or_insert_with(|| Block {
            given: Given { y: vec![f64::NAN; size], deviation: Vec::new() },
            rows: vec![0; size],
            next: 0,
            deviates: false,
        }))
    }

    /// Says what is not answered of what should be: all tasks at all of their x, after whatever one of them is answered.
    fn find_missing(&self, sheet: &Sheet, faults: &mut Faults) {
        if !self.has_rows {
            faults.add(sheet.end(), || "there is no row below the header".to_owned());
        } else if self.blocks.is_empty() {
            faults.add(sheet.end(), || {
                "no row is about what the test asks for: its n and K are smaller".to_owned()
            });
        }
        let mut blocks: Vec<_> = self.blocks.iter().collect();
        blocks.sort_by_key(|((seed, set, after), _)| (*set, self.seeds[*seed], *after));
        for ((seed, set, after), block) in blocks {
            let last = block.rows.iter().copied().max().unwrap_or(0) as usize;
            let what = of_block(self.seeds[*seed], self.tests[*set].0.as_deref(), *after);
            let mut without = Vec::new();
            for (task, range) in self.starts[*set].windows(2).enumerate() {
                let rows = &block.rows[range[0]..range[1]];
                let missing = rows.iter().filter(|row| **row == 0).count();
                let first = rows.iter().position(|row| *row == 0);
                if missing == rows.len() && missing > 0 {
                    without.push(task);
                } else if let Some(first) = first {
                    let at = rows.iter().copied().max().unwrap_or(0) as usize;
                    let x = self.sets[*set][task].query.x[first];
                    let others = match missing {
                        1 => String::new(),
                        _ => format!(" and at {} others", missing - 1),
                    };
                    faults.add(at, || format!("task {task}, {what}: there is no answer at x = {x}{others}"));
                }
            }
            if let [first, others @ ..] = &without[..] {
                let and = match others.len() {
                    0 => String::new(),
                    1 => format!(" and task {}", others[0]),
                    more => {
                        format!(" and {} other tasks, up to {}", thousands(more as u64), others[more - 1])
                    }
                };
                faults.add(last, || format!("{what}: there is no answer for task {first}{and}"));
            }
        }
    }
}

/// Which answers, in words.
fn of_block(seed: u64, test: Option<&str>, after: After) -> String {
    let test = test.map_or(String::new(), |test| format!(", test {}", quote(test)));
    match after {
        After::Steps(n) => format!("seed {seed}{test}, n = {n}"),
        After::Adaptation => format!("seed {seed}{test}"),
        After::Points(k) => format!("seed {seed}{test}, k = {k}"),
    }
}

/// The place of x among these: where it is expected, or elsewhere; of several alike, the first that is free.
fn place(
    x: &[f64],
    wanted: f64,
    slack: f64,
    expected: Option<usize>,
    is_free: impl Fn(usize) -> bool,
) -> Option<usize> {
    let is_here = |place: usize| (x[place] - wanted).abs() <= slack;
    if let Some(place) = expected.filter(|place| is_here(*place) && is_free(*place)) {
        return Some(place);
    }
    let (mut from, mut to) = (0, x.len());
    if x.is_sorted() {
        from = x.partition_point(|x| *x < wanted - slack);
        to = x.partition_point(|x| *x <= wanted + slack);
    }
    let mut here = (from..to).filter(|place| is_here(*place));
    let nearest =
        |one: &usize, other: &usize| (x[*one] - wanted).abs().total_cmp(&(x[*other] - wanted).abs());
    here.clone().filter(|place| is_free(*place)).min_by(nearest).or_else(|| here.next())
}
