//! Tables of comma-separated values that another program has written: a header, then a row a line. Nothing of them is
//! trusted: what is wrong is told with its place, and what was recognised (a mark, semicolons, decimal commas) is told too.

use std::io;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest, Sha256};

use super::given::read_given;
use super::problem::{Finding, Problem, locate, presentable, quote};
use super::words::{looks_like_utf16, nearest, thousands};

/// Problems that are told one by one.
const MOST_FAULTS: usize = 50;
/// What may stand between columns.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The text of such a file.
#[derive(Debug)]
pub struct Sheet {
    name: String,
    text: String,
    separator: u8,
    /// What its bytes are known by: their SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// What was recognised, a few words each.
    pub recognised: Vec<&'static str>,
}

/// Why there is no sheet.
#[derive(Debug)]
pub enum NoSheet {
    /// What the system says.
    Io(io::Error),
    /// What is wrong in the file.
    Faulty(Vec<Problem>),
}

/// A column that somebody looks for.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether there has to be one.
    pub is_needed: bool,
}

/// What is wrong in a sheet: the first problems each with its place, and how many there are.
#[derive(Debug, Default)]
pub struct Faults {
    findings: Vec<Finding>,
    more: usize,
}

impl Faults {
    /// Notes one, at this byte of the text.
    pub fn add(&mut self, at: usize, message: impl FnOnce() -> String) {
        if self.findings.len() < MOST_FAULTS {
            self.findings.push(Finding { at, message: message() });
        } else {
            self.more += 1;
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.findings.len() + self.more
    }
}

impl Sheet {
    /// Reads the file, which may have so many bytes; reports call it `name`.
    ///
    /// # Errors
    /// If the system does not give it, or it is no text.
    pub fn read(path: &Path, name: &str, limit: u64) -> Result<Self, NoSheet> {
        let bytes = read_given(path, limit).map_err(NoSheet::Io)?;
        if bytes.len() as u64 > limit {
            return Err(NoSheet::Io(io::Error::other(format!("it is larger than {} MiB", limit >> 20))));
        }
        Self::of(name, bytes).map_err(NoSheet::Faulty)
    }

    /// Of the bytes of a file.
    ///
    /// # Errors
    /// If they are no text.
    pub fn of(name: &str, bytes: Vec<u8>) -> Result<Self, Vec<Problem>> {
        let name = presentable(name, 300);
        let refused = |text: &str, message: &str| {
            let finding =
                Finding { at: text.len(), message: format!("{message}: save the file as CSV in UTF-8") };
            Err(in_file(&name, locate(text, vec![finding])))
        };
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if looks_like_utf16(&bytes) {
            return refused("", "this looks like UTF-16");
        }
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let (valid, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
                let valid = String::from_utf8_lossy(valid);
                let byte = rest.first().copied().unwrap_or_default();
                return refused(
                    valid.trim_start_matches('\u{feff}'),
                    &format!("byte 0x{byte:02x} is not UTF-8"),
                );
            }
        };
        let mut recognised = Vec::new();
        // Editors hide a byte order mark, and do not count it as a column.
        if text.starts_with('\u{feff}') {
            text.remove(0);
            recognised.push("a byte order mark");
        }
        let separator = separator(&text);
        recognised.extend(match separator {
            b';' => Some("semicolons between columns"),
            b'\t' => Some("tabs between columns"),
            _ => None,
        });
        Ok(Self { name, text, separator, sha256, recognised })
    }

    /// Goes through the rows, empty ones left out. A header without a column that is needed is a fault, and so is a row
    /// that has not as many values as the header has names; further columns are passed over.
    pub fn rows(
        &mut self,
        columns: &[Column],
        faults: &mut Faults,
        mut each: impl FnMut(&Row<'_>, &mut Faults),
    ) {
        // Every row may have any number of values: none is trusted to have those of the header.
        let mut reader = ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        let (mut record, mut header) = (ByteRecord::new(), None);
        let numbers =
            Numbers { separator: self.separator, comma: Default::default(), point: Default::default() };
        // Of bytes in memory nothing fails.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let begins = record.position().map_or(0, |position| position.byte() as usize);
            if record.iter().all(|value| value.trim_ascii().is_empty()) {
                continue;
            }
            let row = |places| Row { text: &self.text, record: &record, places, begins, numbers: &numbers };
            if reader.position().byte() as usize >= self.text.len()
                && let Some(at) = scan(&self.text, begins, self.separator).1
            {
                let message =
                    "a quotation mark opens here and none closes it: everything behind it is one value";
                faults.add(at, || message.to_owned());
                break;
            }
            match &header {
                None => match find(columns, &row(&[]), faults) {
                    Some(places) => header = Some((record.len(), places)),
                    None => return,
                },
                Some((names, _)) if record.len() != *names => {
                    let (has, s) = (record.len(), if record.len() == 1 { "" } else { "s" });
                    let at = row(&[]).place(has.min(*names).saturating_sub(1));
                    faults.add(at, || format!("this row has {has} value{s}, and the header {names}"));
                }
                Some((_, places)) => each(&row(places), faults),
            }
        }
        if header.is_none() {
            faults.add(0, || {
                format!("this file is empty: it needs a header, {}, and a row a value", listed(columns))
            });
        }
        if numbers.comma.get() {
            self.recognised.push("decimal commas");
        }
    }

    /// The problems of this sheet.
    pub fn problems(&self, faults: Faults) -> Vec<Problem> {
        let Faults { findings, more } = faults;
        let mut list = in_file(&self.name, locate(&self.text, findings));
        if let Some(last) = list.last_mut().filter(|_| more > 0) {
            last.message += &format!(" (and {} more problems)", thousands(more as u64));
        }
        list
    }

    /// Where its last row ends.
    pub fn end(&self) -> usize {
        self.text.trim_end().len()
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }
}

fn in_file(name: &str, mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.iter_mut().for_each(|problem| problem.file = Some(name.to_owned()));
    problems
}

/// The header that these columns make, those that may be left out in brackets.
fn listed(columns: &[Column]) -> String {
    let name = |Column { name, is_needed }: &Column| {
        if *is_needed { (*name).to_owned() } else { format!("[{name}]") }
    };
    columns.iter().map(name).collect::<Vec<_>>().join(",")
}

/// The place of each column in the header.
fn find(columns: &[Column], header: &Row<'_>, faults: &mut Faults) -> Option<Vec<Option<usize>>> {
    let names = header.record.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase());
    let names: Vec<String> = names.collect();
    if names.iter().filter(|name| name.parse::<f64>().is_ok()).count() > 1 {
        faults.add(header.begins, || format!("the first row has to name the columns: {}", listed(columns)));
        return None;
    }
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let before = faults.count();
    let mut places = Vec::with_capacity(columns.len());
    for Column { name, is_needed } in columns {
        let mut found = (0..names.len()).filter(|place| names[*place] == *name);
        let place = found.next();
        if let Some(second) = found.next() {
            faults
                .add(header.place(second), || format!("a second column {name}: rename it, or leave it out"));
        }
        if place.is_none() && *is_needed {
            let like =
                |other: &String| !known.contains(&other.as_str()) && nearest(other, &known) == Some(name);
            let meant = names.iter().position(like);
            faults.add(meant.map_or(header.begins, |place| header.place(place)), || {
                let hint = if meant.is_some() { "; this may be it" } else { "" };
                let (has, asked) = (presentable(&names.join(", "), 80), listed(columns));
                format!("no column is called {name}{hint}; the header has {has}, and should be {asked}")
            });
        }
        places.push(place);
    }
    (faults.count() == before).then_some(places)
}

/// How the numbers of a sheet are written, as far as it was read.
struct Numbers {
    separator: u8,
    /// Whether one had a decimal comma, where they are possible.
    comma: std::cell::Cell<bool>,
    /// Whether one had a decimal point there.
    point: std::cell::Cell<bool>,
}

/// A row of a sheet. Its values are asked for by the numbers of the columns that were looked for.
pub struct Row<'s> {
    text: &'s str,
    record: &'s ByteRecord,
    places: &'s [Option<usize>],
    begins: usize,
    numbers: &'s Numbers,
}

impl Row<'_> {
    /// The text of a column, without the spaces around it; empty where there is no such column.
    pub fn text(&self, column: usize) -> &str {
        let value = self.places[column].and_then(|place| self.record.get(place)).unwrap_or_default();
        // The whole text is UTF-8, and so is every part between separators.
        std::str::from_utf8(value).unwrap_or_default().trim()
    }

    /// Where the value of a column begins in the text; the row, where there is no such column.
    pub fn at(&self, column: usize) -> usize {
        self.places[column].map_or(self.begins, |place| self.place(place))
    }

    /// The finite number in a column, which reports call `name`; `None` where that is a fault.
    pub fn number(&self, column: usize, name: &str, faults: &mut Faults) -> Option<f64> {
        let text = self.text(column);
        let Numbers { separator, comma, point } = self.numbers;
        let is_possible = *separator != b',';
        let has_comma = is_possible && text.contains(',') && !text.contains('.');
        // No `nan`, no `inf`.
        let is_plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let read =
            |text: &str| text.parse::<f64>().ok().filter(|number| is_plain(text) && number.is_finite());
        let number = if has_comma { read(&text.replacen(',', ".", 1)) } else { read(text) };
        if number.is_none() {
            faults.add(self.at(column), || match text {
                "" => format!("{name} is empty"),
                _ if text.contains(',') && is_possible => {
                    format!("{name} is {}: numbers are written without marks between thousands", quote(text))
                }
                _ => format!("{name} is {}, which is no finite number", quote(text)),
            });
        } else if is_possible {
            let (had_comma, had_point) = (comma.get(), point.get());
            comma.set(had_comma || has_comma);
            point.set(had_point || text.contains('.'));
            if comma.get() && point.get() && !(had_comma && had_point) {
                let other = if has_comma { "points" } else { "commas" };
                faults.add(self.at(column), || {
                    format!(
                        "{name} is {}, and numbers before it have decimal {other}: one of them is meant otherwise",
                        quote(text)
                    )
                });
            }
        }
        number
    }

    /// The whole number from 0 in a column, which reports call `name`; `None` where that is a fault.
    pub fn count(&self, column: usize, name: &str, faults: &mut Faults) -> Option<u64> {
        let text = self.text(column);
        // A column of pandas with holes in it has 3.0 for 3.
        let whole =
            text.trim_end_matches('0').strip_suffix('.').filter(|_| text.contains('.')).unwrap_or(text);
        let count = whole.parse().ok();
        if count.is_none() {
            faults.add(self.at(column), || match text {
                "" => format!("{name} is empty"),
                _ => format!("{name} is {}, which is no whole number from 0", quote(text)),
            });
        }
        count
    }

    /// Where the value of this number in the row begins, behind blanks; its end, where there are fewer.
    fn place(&self, nth: usize) -> usize {
        let (values, _) = scan(self.text, self.begins, self.numbers.separator);
        let at = values.get(nth).or(values.last()).copied().unwrap_or(self.begins);
        at + self.text[at..].bytes().take_while(|byte| *byte == b' ').count()
    }
}

/// What stands between columns: of what the first line has outside of quotation marks, the most frequent.
pub(crate) fn separator(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let (mut is_quoted, mut counts) = (false, [0; SEPARATORS.len()]);
    for byte in line.bytes() {
        is_quoted ^= byte == b'"';
        if let (false, Some(which)) = (is_quoted, SEPARATORS.iter().position(|one| *one == byte)) {
            counts[which] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    SEPARATORS[counts.iter().position(|count| *count == most).unwrap_or(0)]
}

/// Goes over a row's bytes: where each value begins, and where a quotation mark is left open.
pub(crate) fn scan(text: &str, begins: usize, separator: u8) -> (Vec<usize>, Option<usize>) {
    let bytes = text.as_bytes();
    let mut at = begins;
    // Blank lines before it, and the second half of a line's end.
    while bytes.get(at).is_some_and(|byte| b"\r\n".contains(byte)) {
        at += 1;
    }
    let (mut values, mut open, mut is_start) = (vec![at], None, true);
    while at < bytes.len() {
        match (open, bytes[at]) {
            (None, b'"') if is_start => (open, is_start) = (Some(at), false),
            (Some(_), b'"') if bytes.get(at + 1) == Some(&b'"') => at += 1,
            (Some(_), b'"') => open = None,
            (None, b'\r' | b'\n') => break,
            (None, byte) if byte == separator => {
                values.push(at + 1);
                is_start = true;
            }
            _ => is_start = false,
        }
        at += 1;
    }
    (values, open)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { name: "task", is_needed: true },
        Column { name: "x", is_needed: true },
        Column { name: "n", is_needed: false },
    ];

    type Read = (Vec<(String, Option<f64>, Option<u64>)>, Vec<String>);

    /// The values of a sheet, what was recognised, and what is wrong with it.
    fn read(bytes: &[u8]) -> (Read, Vec<&'static str>) {
        let shown = |problem: Problem| {
            let Problem { file, line, column, message, .. } = problem;
            format!("{}:{line}:{column}: {message}", file.unwrap_or_default())
        };
        let mut sheet = match Sheet::of("a.csv", bytes.to_vec()) {
            Ok(sheet) => sheet,
            Err(problems) => return ((Vec::new(), problems.into_iter().map(shown).collect()), Vec::new()),
        };
        let (mut rows, mut faults) = (Vec::new(), Faults::default());
        sheet.rows(&COLUMNS, &mut faults, |row, faults| {
            let n = if row.text(2).is_empty() { None } else { row.count(2, "n", faults) };
            rows.push((row.text(0).to_owned(), row.number(1, "x", faults), n));
        });
        ((rows, sheet.problems(faults).into_iter().map(shown).collect()), sheet.recognised)
    }

    #[test]
    fn what_programs_write_is_read_and_said() {
        let expected = [("a".to_owned(), Some(1.5), None), ("b, c".to_owned(), Some(-2e3), Some(30))];
        for (text, recognised) in [
            ("task,x,n\na,1.5,\n\"b, c\",-2e3,30\n", &[][..]),
            ("\u{feff}task,x,n\r\na,1.5,\r\n\"b, c\",-2e3,30\r\n", &["a byte order mark"]),
            ("Task , x,N\na, 1.5 ,\n\n , ,\n\"b, c\",-2000,30.0", &[]),
            ("index,n,x,task\n0,,1.5,a\n1,30,-2e3,\"b, c\"\n", &[]),
            ("task;x;n\na;1,5;\nb, c;-2e3;30\n", &["semicolons between columns", "decimal commas"]),
            ("task\tx\tn\na\t1.5\t\nb, c\t-2000\t30\n", &["tabs between columns"]),
        ] {
            assert_eq!(
                read(text.as_bytes()),
                ((expected.to_vec(), Vec::new()), recognised.to_vec()),
                "{text}"
            );
        }
    }

    #[test]
    fn whatever_is_wrong_has_its_place() {
        for (text, said) in [
            (&b""[..], "a.csv:1:1: this file is empty: it needs a header, task,x,[n]"),
            (b"\n \n", "a.csv:1:1: this file is empty"),
            (b"1,2,3\n", "a.csv:1:1: the first row has to name the columns"),
            (b"x\n1\n", "a.csv:1:1: no column is called task; the header has x"),
            (b"x,tsak\n1,a\n", "a.csv:1:3: no column is called task; this may be it"),
            (b"task,x,x\na,1,2\n", "a.csv:1:8: a second column x"),
            (b"task,x,n\na,1\n", "a.csv:2:3: this row has 2 values, and the header 3"),
            (b"task,x\na,1,5\n", "a.csv:2:3: this row has 3 values, and the header 2"),
            (b"task,x,n\n\"a, \"\"b\",one,\n", "a.csv:2:10: x is `one`, which is no finite number"),
            (b"task,x,n\r\n\r\na,1,\r\nb, NaN,\r\n", "a.csv:4:4: x is `NaN`, which is no finite number"),
            (b"task,x,n\na,\"1,5\",\n", "a.csv:2:3: x is `1,5`, which is no finite number"),
            (b"task;x;n\na;1.000,5;\n", "a.csv:2:3: x is `1.000,5`: numbers are written without marks"),
            (
                b"task;x;n\na;1,5;\nb;1.5;\n",
                "a.csv:3:3: x is `1.5`, and numbers before it have decimal commas",
            ),
            (b"task,x,n\na,,\n", "a.csv:2:3: x is empty"),
            (b"task,x,n\na,1e999,\n", "a.csv:2:3: x is `1e999`"),
            (b"task,x,n\na,1,-1\n", "a.csv:2:5: n is `-1`, which is no whole number"),
            (b"task,x,n\na,1,1.5\n", "a.csv:2:5: n is `1.5`"),
            (b"task,x\n\x1b[2J,\x1b[2J\n", "a.csv:2:6: x is `\\u{1b}[2J`"),
            (b"task,x\nb\xe9,1\n", "a.csv:2:2: byte 0xe9 is not UTF-8"),
            (b"t\0a\0s\0k\0,\0x\0\n\0", "a.csv:1:1: this looks like UTF-16"),
            (b"\xff\xfet\0a\0s\0k\0", "a.csv:1:1: this looks like UTF-16"),
            (b"task,x,n\n\"a,1,2\nb,1,2\n", "a.csv:2:1: a quotation mark opens here"),
        ] {
            let ((_, problems), _) = read(text);
            assert!(problems.len() == 1 && problems[0].starts_with(said), "{said}\n{problems:?}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_throughout_is_told_in_few_lines() {
        let text = format!("task,x,n\n{}", "a,b,c\n".repeat(10_000));
        let ((rows, problems), _) = read(text.as_bytes());
        assert_eq!((rows.len(), problems.len()), (10_000, MOST_FAULTS));
        assert!(problems[MOST_FAULTS - 1].ends_with("(and 19,950 more problems)"), "{problems:?}");
    }
}
