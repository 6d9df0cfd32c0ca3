//! Tables of comma-separated values that another program has written: a header, then a row a line. Nothing of them is
//! trusted: what is wrong is told with its place, and what was recognised (a mark, semicolons, decimal commas) is told too.

use std::cell::Cell;

use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest, Sha256};

use super::problem::{Finding, Problem, locate, presentable, quote, seen};
use super::words::{looks_like_utf16, nearest, thousands};

/// Problems that are told one by one.
const MOST_FAULTS: usize = 100;
/// What may stand between columns.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// Characters of what a header says of a column.
const LONGEST_LABEL: usize = 100;
/// Names of a header among which one is looked for that may be meant: there may be millions.
const MOST_NAMES: usize = 100;
/// What programs write where there is no value, and where it is not finite.
const NO_VALUE: [&str; 7] = ["", "na", "nan", "null", "none", "inf", "infinity"];

/// The text of such a file.
#[derive(Debug)]
pub struct Sheet {
    /// The whole file, its byte order mark too.
    whole: String,
    /// Where the text begins, behind that mark.
    begins: usize,
    separator: u8,
    /// What its bytes are known by: their SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// What was recognised, a few words each: of its rows, once they are read.
    pub recognised: Vec<String>,
    /// What the header says in brackets of the columns that were looked for, as of `x (days)`.
    pub labels: Vec<Option<String>>,
}

/// A column that somebody looks for.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether there has to be one.
    pub is_needed: bool,
    /// What to do about a row without a value there, if anything can be done.
    pub or: &'static str,
}

/// What is wrong in a sheet: the first problems each with its place, and how many there are.
#[derive(Debug, Default)]
pub struct Faults {
    findings: Vec<Finding>,
    more: usize,
}

impl Column {
    /// One that has to be there.
    pub const fn needed(name: &'static str) -> Self {
        Self { name, is_needed: true, or: "" }
    }

    /// One that may be left out.
    pub const fn optional(name: &'static str) -> Self {
        Self { name, is_needed: false, or: "" }
    }

    /// The same, with what to do about a row without a value there.
    pub const fn or(self, or: &'static str) -> Self {
        Self { or, ..self }
    }
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
    /// Of the bytes of a file, of which there may be so many.
    ///
    /// # Errors
    /// If there are more, or they are no text.
    pub fn of(bytes: Vec<u8>, limit: u64) -> Result<Self, Vec<Problem>> {
        let refused =
            |text: &str, message: String| Err(locate(text, vec![Finding { at: text.len(), message }]));
        if bytes.len() as u64 > limit {
            return refused("", format!("this file is larger than {} MiB", limit >> 20));
        }
        let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if looks_like_utf16(&bytes) {
            return refused("", "this looks like UTF-16: save the file as CSV in UTF-8".to_owned());
        }
        let whole = match String::from_utf8(bytes) {
            Ok(whole) => whole,
            Err(error) => {
                let (valid, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
                let (valid, byte) =
                    (String::from_utf8_lossy(valid), rest.first().copied().unwrap_or_default());
                return refused(
                    &valid[mark(&valid)..],
                    format!("byte 0x{byte:02x} is not UTF-8: save the file as CSV in UTF-8"),
                );
            }
        };
        let begins = mark(&whole);
        let text = &whole[begins..];
        let separator = separator(text);
        let recognised = [
            (begins > 0, "a byte order mark"),
            (separator == b';', "semicolons between columns"),
            (separator == b'\t', "tabs between columns"),
            (text.contains("\r\n"), "line ends of Windows"),
        ];
        let recognised =
            recognised.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned()).collect();
        Ok(Self { whole, begins, separator, sha256, recognised, labels: Vec::new() })
    }

    /// Goes through the rows, empty ones left out. A header without a column that is needed is a fault, and so is a row
    /// that has not as many values as the header has names; further columns are passed over.
    pub fn rows(
        &mut self,
        columns: &[Column],
        faults: &mut Faults,
        mut each: impl FnMut(&Row<'_>, &mut Faults),
    ) {
        let text = &self.whole[self.begins..];
        // Every row may have any number of values: none is trusted to have those of the header.
        let mut reader = ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let (mut record, mut header, mut empty) = (ByteRecord::new(), None, 0);
        let numbers = Numbers { separator: self.separator, comma: Cell::new(false), point: Cell::new(false) };
        // Of bytes in memory nothing fails.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let begins = record.position().map_or(0, |position| position.byte() as usize);
            if record.iter().all(|value| value.trim_ascii().is_empty()) {
                empty += 1;
                continue;
            }
            let row = |places| Row { text, columns, record: &record, places, begins, numbers: &numbers };
            if reader.position().byte() as usize >= text.len()
                && let Some(at) = scan(text, begins, self.separator).1
            {
                let message =
                    "a quotation mark opens here and none closes it: everything behind it is one value";
                faults.add(at, || message.to_owned());
                break;
            }
            match &header {
                None => match find(&row(&[]), faults) {
                    Some((places, labels)) => {
                        header = Some((record.len(), places));
                        self.labels = labels;
                    }
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
        self.recognised.extend(numbers.comma.get().then(|| "decimal commas".to_owned()));
        self.recognised.extend(match empty {
            0 => None,
            1 => Some("an empty row, left out".to_owned()),
            _ => Some(format!("{} empty rows, left out", thousands(empty))),
        });
    }

    /// The problems of this sheet.
    pub fn problems(&self, faults: Faults) -> Vec<Problem> {
        let Faults { findings, more } = faults;
        let mut list = locate(self.text(), findings);
        if let Some(last) = list.last_mut().filter(|_| more > 0) {
            last.message += &format!(" (and {} more problems)", thousands(more as u64));
        }
        list
    }

    /// Where its last row ends.
    pub fn end(&self) -> usize {
        self.text().trim_end().len()
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        let text = self.text().as_bytes();
        1 + text[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    /// The bytes of the file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.whole.into_bytes()
    }

    fn text(&self) -> &str {
        &self.whole[self.begins..]
    }
}

/// The length of a byte order mark: editors hide it, and do not count it as a column.
fn mark(text: &str) -> usize {
    text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len()
}

/// The header that these columns make, those that may be left out in brackets.
fn listed(columns: &[Column]) -> String {
    let name = |Column { name, is_needed, .. }: &Column| {
        if *is_needed { (*name).to_owned() } else { format!("[{name}]") }
    };
    columns.iter().map(name).collect::<Vec<_>>().join(",")
}

/// The place of each column in the header, and what is said of it there.
type Places = (Vec<Option<usize>>, Vec<Option<String>>);

/// Finds the columns in the header.
fn find(header: &Row<'_>, faults: &mut Faults) -> Option<Places> {
    let columns = header.columns;
    let names: Vec<String> =
        header.record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    if names.iter().filter(|name| name.parse::<f64>().is_ok()).count() > 1 {
        faults.add(header.begins, || format!("the first row has to name the columns: {}", listed(columns)));
        return None;
    }
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let words: Vec<(String, Option<&str>)> = names.iter().map(|name| labelled(name)).collect();
    let before = faults.count();
    let (mut places, mut labels) = (Vec::with_capacity(columns.len()), Vec::with_capacity(columns.len()));
    for Column { name, is_needed, .. } in columns {
        let mut found = (0..words.len()).filter(|place| words[*place].0 == *name);
        let place = found.next();
        if let Some(second) = found.next() {
            faults
                .add(header.place(second), || format!("a second column {name}: rename it, or leave it out"));
        }
        if place.is_none() && *is_needed {
            let like = |(other, _): &(String, _)| {
                !known.contains(&other.as_str()) && nearest(other, &known) == Some(name)
            };
            let meant = words.iter().take(MOST_NAMES).position(like);
            faults.add(meant.map_or(header.begins, |place| header.place(place)), || {
                let hint = if meant.is_some() { "; this may be it" } else { "" };
                let shown = &names[..names.len().min(MOST_NAMES)];
                let (has, asked) = (presentable(&shown.join(", "), 80), listed(columns));
                format!("no column is called {name}{hint}; the header has {has}, and should be {asked}")
            });
        }
        let label = place.and_then(|place| words[place].1);
        if let (Some(label), Some(place)) = (label, place)
            && (label.chars().count() > LONGEST_LABEL || seen(label).any(|(_, hidden)| hidden))
        {
            faults.add(header.place(place), || {
                format!("what {name} is has to be at most {LONGEST_LABEL} characters that can be seen")
            });
        }
        labels.push(label.map(str::to_owned));
        places.push(place);
    }
    (faults.count() == before).then_some((places, labels))
}

/// A column's name, and what it says in brackets of what it is: `x (days)`.
fn labelled(name: &str) -> (String, Option<&str>) {
    let label = name.find(['(', '[']).and_then(|from| {
        let inside = name[from..].trim_end().trim_end_matches([')', ']']);
        Some((name[..from].trim(), inside.get(1..)?.trim()))
    });
    match label {
        Some((word, label)) if !label.is_empty() => (word.to_lowercase(), Some(label)),
        _ => (name.to_lowercase(), None),
    }
}

/// How the numbers of a sheet are written, as far as it was read.
struct Numbers {
    separator: u8,
    /// Whether one had a decimal comma, where they are possible.
    comma: Cell<bool>,
    /// Whether one had a decimal point there.
    point: Cell<bool>,
}

/// A row of a sheet. Its values are asked for by the numbers of the columns that were looked for.
pub struct Row<'s> {
    text: &'s str,
    columns: &'s [Column],
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

    /// Whether the sheet has a column.
    pub fn has(&self, column: usize) -> bool {
        self.places[column].is_some()
    }

    /// Where the value of a column begins in the text; the row, where there is no such column.
    pub fn at(&self, column: usize) -> usize {
        self.places[column].map_or(self.begins, |place| self.place(place))
    }

    /// The finite number in a column; `None` where that is a fault.
    pub fn number(&self, column: usize, faults: &mut Faults) -> Option<f64> {
        let (text, name) = (self.text(column), self.columns[column].name);
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
            faults.add(self.at(column), || self.no_number(column));
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

    /// What is in a column instead of a number.
    fn no_number(&self, column: usize) -> String {
        let (text, Column { name, or, .. }) = (self.text(column), self.columns[column]);
        let value = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
        let has_marks = text.contains(',') && (text.contains('.') || text.matches(',').count() > 1);
        let why = match text {
            "" => format!("{name} is empty"),
            _ if has_marks => {
                format!("{name} is {}: numbers are written without marks between thousands", quote(text))
            }
            _ => format!("{name} is {}, which is no finite number", quote(text)),
        };
        let or = Some(or).filter(|or| !or.is_empty() && NO_VALUE.contains(&value.as_str()));
        or.map_or(why.clone(), |or| format!("{why}: {or}"))
    }

    /// The whole number from 0 in a column; `None` where that is a fault.
    pub fn count(&self, column: usize, faults: &mut Faults) -> Option<u64> {
        let (text, name) = (self.text(column), self.columns[column].name);
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
fn separator(text: &str) -> u8 {
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
fn scan(text: &str, begins: usize, separator: u8) -> (Vec<usize>, Option<usize>) {
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

    const COLUMNS: [Column; 3] =
        [Column::needed("task"), Column::needed("x").or("leave it out"), Column::optional("n")];

    type Read = (Vec<(String, Option<f64>, Option<u64>)>, Vec<String>);

    /// The values of a sheet, what was recognised, and what is wrong with it.
    fn read(bytes: &[u8]) -> (Read, Vec<String>) {
        let shown = |problem: Problem| {
            let Problem { line, column, message, .. } = problem;
            format!("{line}:{column}: {message}")
        };
        let mut sheet = match Sheet::of(bytes.to_vec(), 1 << 24) {
            Ok(sheet) => sheet,
            Err(problems) => return ((Vec::new(), problems.into_iter().map(shown).collect()), Vec::new()),
        };
        let (mut rows, mut faults) = (Vec::new(), Faults::default());
        sheet.rows(&COLUMNS, &mut faults, |row, faults| {
            let n = if row.text(2).is_empty() { None } else { row.count(2, faults) };
            rows.push((row.text(0).to_owned(), row.number(1, faults), n));
        });
        ((rows, sheet.problems(faults).into_iter().map(shown).collect()), sheet.recognised)
    }

    #[test]
    fn what_programs_write_is_read_and_said() {
        let expected = [("a".to_owned(), Some(1.5), None), ("b, c".to_owned(), Some(-2e3), Some(30))];
        for (text, recognised) in [
            ("task,x,n\na,1.5,\n\"b, c\",-2e3,30\n", &[][..]),
            (
                "\u{feff}task,x,n\r\na,1.5,\r\n\"b, c\",-2e3,30\r\n",
                &["a byte order mark", "line ends of Windows"],
            ),
            ("Task , x,N\na, 1.5 ,\n\n , ,\n\"b, c\",-2000,30.0", &["an empty row, left out"]),
            ("task (a name),x [days],n\na,1.5,\n\"b, c\",-2000,30\n", &[]),
            ("index,n,x,task\n0,,1.5,a\n1,30,-2e3,\"b, c\"\n", &[]),
            ("task;x;n\na;1,5;\nb, c;-2e3;30\n", &["semicolons between columns", "decimal commas"]),
            ("task\tx\tn\na\t1.5\t\nb, c\t-2000\t30\n", &["tabs between columns"]),
        ] {
            assert_eq!(
                read(text.as_bytes()),
                ((expected.to_vec(), Vec::new()), recognised.iter().copied().map(str::to_owned).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn whatever_is_wrong_has_its_place() {
        for (text, said) in [
            (&b""[..], "1:1: this file is empty: it needs a header, task,x,[n]"),
            (b"\n \n", "1:1: this file is empty"),
            (b"1,2,3\n", "1:1: the first row has to name the columns"),
            (b"x\n1\n", "1:1: no column is called task; the header has x"),
            (b"x,tsak\n1,a\n", "1:3: no column is called task; this may be it"),
            (b"task,x,x\na,1,2\n", "1:8: a second column x"),
            (b"task,x,n\na,1\n", "2:3: this row has 2 values, and the header 3"),
            (b"task,x\na,1,5\n", "2:3: this row has 3 values, and the header 2"),
            (b"task,x,n\n\"a, \"\"b\",one,\n", "2:10: x is `one`, which is no finite number"),
            (
                b"task,x,n\r\n\r\na,1,\r\nb, NaN,\r\n",
                "4:4: x is `NaN`, which is no finite number: leave it out",
            ),
            (b"task,x,n\na,\"1,5\",\n", "2:3: x is `1,5`, which is no finite number"),
            (b"task;x;n\na;1.000,5;\n", "2:3: x is `1.000,5`: numbers are written without marks"),
            (b"task;x;n\na;1,5;\nb;1.5;\n", "3:3: x is `1.5`, and numbers before it have decimal commas"),
            (b"task,x,n\na,,\n", "2:3: x is empty: leave it out"),
            (b"task,x,n\na,1e999,\n", "2:3: x is `1e999`"),
            (b"task,x,n\na,1,-1\n", "2:5: n is `-1`, which is no whole number"),
            (b"task,x,n\na,1,1.5\n", "2:5: n is `1.5`"),
            (b"task,x\n\x1b[2J,\x1b[2J\n", "2:6: x is `\\u{1b}[2J`"),
            (b"task,x\nb\xe9,1\n", "2:2: byte 0xe9 is not UTF-8"),
            (b"t\0a\0s\0k\0,\0x\0\n\0", "1:1: this looks like UTF-16"),
            (b"\xff\xfet\0a\0s\0k\0", "1:1: this looks like UTF-16"),
            (b"task,x,n\n\"a,1,2\nb,1,2\n", "2:1: a quotation mark opens here"),
        ] {
            let ((_, problems), _) = read(text);
            assert!(problems.len() == 1 && problems[0].starts_with(said), "{said}\n{problems:?}");
        }
    }

    #[test]
    fn in_a_header_of_a_million_names_none_is_guessed_at_the_end() {
        let header = |others: usize| format!("{}tsak,x\n", "other,".repeat(others));
        let said = |others: usize| read(header(others).as_bytes()).0.1;
        assert!(said(50)[0].contains("no column is called task; this may be it"), "{:?}", said(50));
        let problems = said(1_000_000);
        let is_short = problems[0].starts_with("1:1: no column is called task; the header has other, other,")
            && problems[0].len() < 200;
        assert!(problems.len() == 1 && is_short, "{:.300}", problems[0]);
    }

    #[test]
    fn a_file_that_is_wrong_throughout_is_told_in_few_lines() {
        let text = format!("task,x,n\n{}", "a,b,c\n".repeat(10_000));
        let ((rows, problems), _) = read(text.as_bytes());
        assert_eq!((rows.len(), problems.len()), (10_000, MOST_FAULTS));
        assert!(problems[MOST_FAULTS - 1].ends_with("(and 19,900 more problems)"), "{problems:?}");
    }
}
