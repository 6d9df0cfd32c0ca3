//! A table of tasks as somebody else has written it: nothing of it is trusted, what is wrong is said with its place, and
//! what was recognised (a mark, semicolons, decimal commas) is said too.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest, Sha256};

use crate::config::{
    Finding, Problem, locate, looks_like_utf16, nearest, presentable, quote, scan, seen, separator, thousands,
};
use crate::task::Points;

/// A larger file is refused before it is read: ten million rows are smaller.
pub const LARGEST_TABLE: u64 = 256 << 20;
/// Characters of a task's name and of a column's.
const LONGEST_NAME: usize = 100;
/// Larger numbers are no measurements, and their squares would lose what the others say.
const LARGEST: f64 = 1e15;
/// More problems are counted, not shown.
const MOST_PROBLEMS: usize = 1_000;

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

/// The columns that mean something.
const COLUMNS: [&str; 4] = ["task", "x", "y", "split"];

/// Where they are.
struct Columns {
    task: usize,
    x: usize,
    y: usize,
    split: Option<usize>,
}

/// Reads a file.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(bytes: Vec<u8>) -> Result<Contents, Vec<Problem>> {
    let at_start = |message: String| locate("", vec![Finding { at: 0, message }]);
    if bytes.len() as u64 > LARGEST_TABLE {
        return Err(at_start(format!("this file is larger than {} MiB", LARGEST_TABLE >> 20)));
    }
    if looks_like_utf16(&bytes) {
        return Err(at_start("this looks like UTF-16: save the file as CSV in UTF-8".to_owned()));
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            let message = format!("byte 0x{byte:02x} is not UTF-8: save the file as CSV in UTF-8");
            let text = valid.strip_prefix('\u{feff}').unwrap_or(&valid);
            return Err(locate(text, vec![Finding { at: text.len(), message }]));
        }
    };
    // Editors hide a byte order mark, and do not count it as a column.
    let marked = text.strip_prefix('\u{feff}');
    let text = marked.unwrap_or(text);
    let mut reading = Reading::new(text);
    reading.read();
    let Reading { findings, more, tasks, rows, labels, delimiter, comma, blank, .. } = reading;
    if !findings.is_empty() {
        let mut problems = locate(text, findings);
        if let (Some(last), 1..) = (problems.last().cloned(), more) {
            let message = format!("and {} more problems from here on", thousands(more as u64));
            problems.push(Problem { message, ..last });
        }
        return Err(problems);
    }
    let mut recognised: Vec<String> = Vec::new();
    recognised.extend(marked.map(|_| "a byte order mark".to_owned()));
    recognised.extend(match delimiter {
        b';' => Some("semicolons between columns".to_owned()),
        b'\t' => Some("tabs between columns".to_owned()),
        _ => None,
    });
    recognised.extend(comma.map(|_| "decimal commas".to_owned()));
    recognised.extend(text.contains("\r\n").then(|| "line ends of Windows".to_owned()));
    recognised.extend(match blank {
        0 => None,
        1 => Some("an empty row, left out".to_owned()),
        _ => Some(format!("{} empty rows, left out", thousands(blank as u64))),
    });
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Contents { sha256, tasks, rows, labels, recognised, bytes })
}

/// A file while it is read.
struct Reading<'a> {
    text: &'a str,
    delimiter: u8,
    findings: Vec<Finding>,
    /// Problems that are not shown.
    more: usize,
    tasks: Vec<OwnTask>,
    known: HashMap<String, usize>,
    rows: usize,
    labels: [String; 2],
    /// Where the first number with a decimal comma is.
    comma: Option<usize>,
    /// Whether a number with a decimal point was seen, where commas are possible.
    point: bool,
    /// Whether both were, which is said once.
    is_mixed: bool,
    blank: usize,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            delimiter: separator(text),
            findings: Vec::new(),
            more: 0,
            tasks: Vec::new(),
            known: HashMap::new(),
            rows: 0,
            labels: ["x", "y"].map(str::to_owned),
            comma: None,
            point: false,
            is_mixed: false,
            blank: 0,
        }
    }

    fn problem(&mut self, at: usize, message: String) {
        if self.findings.len() < MOST_PROBLEMS {
            self.findings.push(Finding { at, message });
        } else {
            self.more += 1;
        }
    }

    fn read(&mut self) {
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        let mut record = ByteRecord::new();
        let mut header: Option<(Columns, usize)> = None;
        loop {
            // Of bytes in memory that are UTF-8 nothing fails.
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return self.problem(0, format!("this is no CSV: {error}")),
            }
            let begins = record.position().map_or(0, |position| position.byte() as usize);
            if record.iter().all(|field| field.trim_ascii().is_empty()) {
                self.blank += 1;
                continue;
            }
            let end = reader.position().byte() as usize;
            if end >= self.text.len()
                && let Some(at) = open_quote(self.text, begins, self.delimiter)
            {
                let message =
                    "a quotation mark opens here and none closes it: everything behind it is one cell";
                return self.problem(at, message.to_owned());
            }
            match &header {
                None => match self.header(&record, begins) {
                    Some(columns) => header = Some((columns, record.len())),
                    None => return,
                },
                Some((columns, count)) => self.row(&record, begins, columns, *count),
            }
        }
        if header.is_none() {
            return self
                .problem(0, "this file is empty: it needs a header, task,x,y, and a row a point".to_owned());
        }
        self.finish();
    }

    /// Where a cell of this record begins.
    fn cell(&self, begins: usize, column: usize) -> usize {
        cell(self.text, begins, self.delimiter, column)
    }

    /// The columns, from the first row.
    fn header(&mut self, record: &ByteRecord, begins: usize) -> Option<Columns> {
        let names: Vec<String> =
            record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        if names.len() > 1 && names.iter().filter(|name| name.parse::<f64>().is_ok()).count() > 1 {
            let message = "the first row has to name the columns: task,x,y";
            self.problem(begins, message.to_owned());
            return None;
        }
        let before = self.findings.len();
        let mut found = [None; COLUMNS.len()];
        for (column, name) in names.iter().enumerate() {
            let (word, label) = named(name);
            let Some(which) = COLUMNS.iter().position(|known| *known == word) else { continue };
            let at = self.cell(begins, column);
            if found[which].is_some() {
                self.problem(at, format!("a second column {word}: rename it, or leave it out"));
            }
            found[which] = Some(column);
            if let (Some(label), 1 | 2) = (label, which) {
                if label.chars().count() > LONGEST_NAME || seen(label).any(|(_, hidden)| hidden) {
                    let message = format!(
                        "what {word} is has to be at most {LONGEST_NAME} characters that can be seen"
                    );
                    self.problem(at, message);
                } else {
                    self.labels[which - 1] = label.to_owned();
                }
            }
        }
        let [task, x, y, split] = found;
        for (which, place) in [task, x, y].iter().enumerate().filter(|(_, place)| place.is_none()) {
            let (name, strangers) = (COLUMNS[which], names.iter().enumerate());
            let like = |(_, other): &(usize, &String)| {
                let word = named(other).0;
                !COLUMNS.contains(&word.as_str()) && nearest(&word, &COLUMNS) == Some(name)
            };
            let meant = strangers.clone().find(like);
            let at = meant.map_or(begins, |(column, _)| self.cell(begins, column));
            let has = presentable(&names.join(", "), 80);
            let hint = if meant.is_some() { "; this may be it" } else { "" };
            self.problem(
                at,
                format!("no column is called {name}{hint}; the header has {has}, and needs task, x and y"),
            );
            let _ = place;
        }
        (self.findings.len() == before).then_some(())?;
        Some(Columns { task: task?, x: x?, y: y?, split })
    }

    /// A point, from any other row.
    fn row(&mut self, record: &ByteRecord, begins: usize, columns: &Columns, count: usize) {
        if record.len() != count {
            let (has, s) = (record.len(), if record.len() == 1 { "" } else { "s" });
            let at = self.cell(begins, record.len().min(count).saturating_sub(1));
            self.problem(at, format!("this row has {has} cell{s}, and the header {count}"));
            return;
        }
        let before = self.findings.len() + self.more;
        let text = |column: usize| std::str::from_utf8(&record[column]).unwrap_or_default().trim();
        let name = text(columns.task);
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
            self.problem(self.cell(begins, columns.task), why);
        }
        let is_test = columns.split.and_then(|column| match text(column) {
            "train" => Some(false),
            "test" => Some(true),
            other => {
                let message = format!("split is {}, and has to be train or test", quote(other));
                self.problem(self.cell(begins, column), message);
                None
            }
        });
        let x = self.number(text(columns.x), "x", (begins, columns.x));
        let y = self.number(text(columns.y), "y", (begins, columns.y));
        let (Some(x), Some(y)) = (x, y) else { return };
        if self.findings.len() + self.more > before {
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
        if let (Some(column), true) = (columns.split, own.is_test != is_test) {
            let message = format!("{} is of both train and test: a task is one of them", quote(name));
            return self.problem(self.cell(begins, column), message);
        }
        own.points.x.push(x);
        own.points.y.push(y);
        self.rows += 1;
    }

    /// A number, as this file writes numbers.
    fn number(&mut self, text: &str, name: &str, (begins, column): (usize, usize)) -> Option<f64> {
        let is_possible = self.delimiter != b',';
        let has_comma = is_possible && text.contains(',');
        let is_plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let read = |text: &str| text.parse::<f64>().ok().filter(|_| is_plain(text));
        let number = if has_comma && !text.contains('.') && text.matches(',').count() == 1 {
            read(&text.replace(',', "."))
        } else {
            read(text)
        };
        let at = |reading: &Self| reading.cell(begins, column);
        let Some(number) = number else {
            let why = match text {
                "" => format!("{name} is empty: leave out the rows without a value"),
                _ if ["na", "nan", "null", "none", "inf", "-inf", "+inf", "infinity", "-infinity"]
                    .contains(&text.to_ascii_lowercase().as_str()) =>
                {
                    format!("{name} is {}: leave out the rows without a finite value", quote(text))
                }
                _ if text.contains(',') && text.contains('.') => {
                    format!("{name} is {}: numbers are written without marks between thousands", quote(text))
                }
                _ => format!("{name} is {}, which is no number", quote(text)),
            };
            let at = at(self);
            self.problem(at, why);
            return None;
        };
        // Also what is too large for a float at all.
        if number.abs().is_nan() || number.abs() > LARGEST {
            let at = at(self);
            self.problem(at, format!("{name} is {}: numbers go up to 1e15", quote(text)));
            return None;
        }
        if is_possible && text.contains('.') {
            self.point = true;
        }
        if has_comma && self.comma.is_none() {
            self.comma = Some(at(self));
        }
        if self.comma.is_some() && self.point && !self.is_mixed {
            self.is_mixed = true;
            let at = at(self);
            let other = if has_comma { "points" } else { "commas" };
            let message = format!(
                "{name} is {}, and numbers before it have decimal {other}: one of them is meant otherwise",
                quote(text)
            );
            self.problem(at, message);
        }
        Some(number)
    }

    /// What can only be judged once all rows are known.
    fn finish(&mut self) {
        if !self.findings.is_empty() {
            return;
        }
        let at_end = self.text.trim_end().len();
        match self.tasks.len() {
            0 => return self.problem(at_end, "there is no row below the header".to_owned()),
            1 => {
                let message = format!(
                    "all rows are of one task, {}: at least two are needed, one to train on and one to test on",
                    quote(&self.tasks[0].name.clone())
                );
                return self.problem(at_end, message);
            }
            _ => {}
        }
        for (is_test, what) in [(false, "train"), (true, "test")] {
            let has_split = self.tasks[0].is_test.is_some();
            if has_split && self.tasks.iter().all(|task| task.is_test == Some(!is_test)) {
                self.problem(at_end, format!("no row says {what} in the column split"));
            }
        }
        for (which, name) in ["x", "y"].into_iter().enumerate() {
            let first = values(&self.tasks[0], which)[0];
            if self.tasks.iter().all(|task| values(task, which).iter().all(|value| *value == first)) {
                self.problem(at_end, format!("every {name} is {first}: there is nothing to learn"));
            }
        }
        for task in &mut self.tasks {
            let Points { x, y } = std::mem::take(&mut task.points);
            let mut order: Vec<usize> = (0..x.len()).collect();
            order.sort_by(|one, other| x[*one].total_cmp(&x[*other]));
            let sorted = |values: &[f64]| order.iter().map(|at| values[*at]).collect();
            task.points = Points { x: sorted(&x), y: sorted(&y) };
        }
    }
}

/// The x or the y of a task.
fn values(task: &OwnTask, which: usize) -> &[f64] {
    if which == 0 { &task.points.x } else { &task.points.y }
}

/// A column's name, and what it says in brackets of what it is: `x (days)`.
fn named(name: &str) -> (String, Option<&str>) {
    let label = name.find(['(', '[']).and_then(|from| {
        let inside = name[from..].trim_end().trim_end_matches([')', ']']);
        Some((name[..from].trim(), inside.get(1..)?.trim()))
    });
    match label {
        Some((word, label)) if !label.is_empty() => (word.to_lowercase(), Some(label)),
        _ => (name.trim().to_lowercase(), None),
    }
}

fn cell(text: &str, begins: usize, delimiter: u8, column: usize) -> usize {
    let (cells, _) = scan(text, begins, delimiter);
    let at = cells.get(column).or(cells.last()).copied().unwrap_or(begins);
    // Where what is meant begins, behind blanks.
    let blanks = text[at..].bytes().take_while(|byte| *byte == b' ').count();
    at + blanks
}

fn open_quote(text: &str, begins: usize, delimiter: u8) -> Option<usize> {
    scan(text, begins, delimiter).1
}
