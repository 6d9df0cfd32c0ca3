//! What is wrong with an experiments file, and where: the errors of this room are read by a person
//! with an editor open, so each one is a place and a sentence, and all of them come at once.

use unicode_normalization::UnicodeNormalization;

use std::{fmt, io, ops::Range, path::PathBuf};

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
    /// The line that it is in.
    pub excerpt: Excerpt,
    /// The file, where it is not the one that all others are in.
    pub file: Option<String>,
}

/// What stands in a line around a place, as the file has it: it may hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or a part of it if it is long.
    pub text: String,
    /// The byte of the place in it.
    pub at: usize,
}

impl Excerpt {
    /// The line around an offset, and no more of it than a wide screen can show.
    fn of(text: &str, at: usize) -> Self {
        const AROUND: usize = 250;
        let is_inside = |c: &char| *c != '\n';
        let before: usize =
            text[..at].chars().rev().take_while(is_inside).take(AROUND).map(char::len_utf8).sum();
        let after: usize = text[at..].chars().take_while(is_inside).take(AROUND).map(char::len_utf8).sum();
        let line = text[at - before..at + after].trim_end_matches('\r');
        Self { text: line.to_owned(), at: before.min(line.len()) }
    }
}

/// Everything wrong with one file, in the order of the file; displayed as one
/// `FILE:LINE:COL: message` line each, without a line break at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file as shown to a person.
    pub file: String,
    /// Never empty.
    pub list: Vec<Problem>,
}

/// Why an experiments file could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The file could not be read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was read, and something in it is wrong.
    Problems(Problems),
}

impl LoadError {
    /// The exit code of a command that ends with this error: 1 for I/O, 2 for a bad configuration.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } => 1,
            Self::Problems(_) => 2,
        }
    }
}

impl Problems {
    /// The file that a problem of them is in.
    pub fn file_of<'p>(&'p self, problem: &'p Problem) -> &'p str {
        problem.file.as_deref().unwrap_or(&self.file)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            let Problem { line, column, message, .. } = problem;
            write!(f, "{separator}{}:{line}:{column}: {message}", self.file_of(problem))?;
        }
        Ok(())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => problems.fmt(f),
            Self::Io { path, source } => {
                write!(f, "cannot read {}: {}", path.display(), source)?;
                if source.kind() == io::ErrorKind::NotFound {
                    write!(f, "; `metascope init {}` writes one to start from", path.display())?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Problems {}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Problems(problems) => Some(problems),
        }
    }
}

/// A problem while it is still known by its byte offset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub at: usize,
    pub message: String,
}

/// Where a key that stands in the wrong table, the one of this title, belongs; `None` if it belongs
/// nowhere.
pub type Home = fn(key: &str, title: &str) -> Option<String>;

/// Collects findings while the tree is read.
pub struct Report<'a> {
    /// The file's text, to quote from.
    pub text: &'a str,
    /// Where keys belong.
    pub home: Home,
    findings: Vec<Finding>,
    /// What is wrong in files that this one names.
    elsewhere: Vec<Problem>,
    /// Where a syntax error makes everything else doubtful: disjoint, in order.
    shadows: Vec<Range<usize>>,
    syntax_errors: bool,
}

impl<'a> Report<'a> {
    /// A report that begins with these syntax errors.
    pub fn new(text: &'a str, syntax: Vec<Finding>, shadows: Vec<Range<usize>>, home: Home) -> Self {
        let syntax_errors = !syntax.is_empty();
        Self { text, home, syntax_errors, findings: syntax, elsewhere: Vec::new(), shadows }
    }

    /// Whether the file is TOML at all. If not, what is absent may only be unreadable, and what
    /// settings mean together cannot be judged.
    pub fn is_well_formed(&self) -> bool {
        !self.syntax_errors
    }

    /// How many problems were noted so far.
    pub fn problems(&self) -> usize {
        self.findings.len() + self.elsewhere.len()
    }

    /// Notes a problem, unless a syntax error in the same place explains it.
    pub fn problem(&mut self, at: usize, message: String) {
        let after = self.shadows.partition_point(|shadow| shadow.start <= at);
        let shadowed = after > 0 && at < self.shadows[after - 1].end;
        if !shadowed {
            self.findings.push(Finding { at, message });
        }
    }

    /// Notes what is wrong in a file that this one names.
    pub fn elsewhere(&mut self, problems: Vec<Problem>) {
        self.elsewhere.extend(problems);
    }

    /// Notes that something is not there.
    pub fn absent(&mut self, at: usize, message: String) {
        if self.is_well_formed() {
            self.problem(at, message);
        }
    }

    /// The problems by place, those of other files last.
    pub fn finish(self) -> Vec<Problem> {
        let mut problems = locate(self.text, self.findings);
        for problem in self.elsewhere {
            // Several experiments may name one file.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        problems
    }
}

/// Puts lines and columns to findings, in one pass over the text: a hostile file may have a hundred
/// thousand of them on a line of a megabyte.
pub fn locate(text: &str, mut findings: Vec<Finding>) -> Vec<Problem> {
    findings.sort();
    findings.dedup();
    let (mut reached, mut line, mut column) = (0, 1, 1);
    findings
        .into_iter()
        .map(|Finding { at, message }| {
            let at = text.floor_char_boundary(at);
            for c in text[reached..at].chars() {
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            reached = at;
            Problem { line, column, message, excerpt: Excerpt::of(text, at), file: None }
        })
        .collect()
}

/// Text from the file, fit to stand in a sentence: its first line, cut, in quotes.
pub fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    let mut shown = presentable(line, LONGEST);
    if line.len() < text.len() && !shown.ends_with('…') {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Text that a file had a say in, fit to be shown to a person: with control characters (which a terminal
/// would obey) escaped, and cut where it gets longer than so many characters.
pub fn presentable(text: &str, longest: usize) -> String {
    let mut shown = String::new();
    let mut left = longest;
    for (c, hidden) in seen(text) {
        let piece = if hidden { c.escape_default().to_string() } else { c.to_string() };
        let Some(rest) = left.checked_sub(piece.chars().count()) else {
            shown.push('…');
            break;
        };
        left = rest;
        shown.push_str(&piece);
    }
    shown
}

/// A text of several lines as it may be shown on a terminal: what stands in files and folder names can end
/// up in it.
pub fn printable(text: &str) -> String {
    let show = |(c, hidden): (char, bool)| {
        if hidden && c != '\n' { c.escape_default().to_string() } else { c.to_string() }
    };
    seen(text).map(show).collect()
}

/// Every character of a text, and whether it is hidden where it stands: what joins and parts the letters of a word
/// (Persian, Hindi) or the parts of an emoji is not, between two of them.
pub fn seen(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let (mut before, mut rest) = (None, text.chars().peekable());
    let is_part = |c: char| !c.is_ascii() && !c.is_whitespace() && !is_hidden(c);
    std::iter::from_fn(move || {
        let c = rest.next()?;
        let is_inside = before.is_some_and(is_part) && rest.peek().copied().is_some_and(is_part);
        before = Some(c);
        Some((c, is_hidden(c) && !(is_joiner(c) && is_inside)))
    })
}

/// Whether it shows nothing itself and joins or parts its neighbours: ZWNJ, ZWJ.
pub fn is_joiner(c: char) -> bool {
    ['\u{200c}', '\u{200d}'].contains(&c)
}

/// A text as its readers see it: other spellings of the same letters, composed or not, are the same.
pub fn as_seen(text: &str) -> String {
    text.nfc().filter(|c| !is_joiner(*c)).collect()
}

/// Whether a terminal obeys a character instead of showing it, or shows nothing: controls, what turns the
/// direction of writing around, and what has no width and joins nothing.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, at: usize) -> (usize, usize) {
        let problem = &locate(text, vec![Finding { at, message: String::new() }])[0];
        (problem.line, problem.column)
    }

    #[test]
    fn columns_count_characters_and_lines_end_with_lf_or_crlf() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab", 2), (1, 3));
        assert_eq!(place("a\nb", 2), (2, 1));
        assert_eq!(place("a\r\nb = 1", 7), (2, 5));
        // Each of these letters has two bytes, the face four.
        assert_eq!(place("éü = 1", 7), (1, 6));
        assert_eq!(place("# 😀\n😀x", 11), (2, 2));
        // Past the end and inside a character: the nearest place before.
        assert_eq!(place("é", 1), (1, 1));
        assert_eq!(place("é", 9), (1, 2));
    }

    #[test]
    fn joiners_are_hidden_but_inside_a_word() {
        for text in ["می\u{200c}خواهم", "👩\u{200d}🔬", "क्\u{200d}ष", "👩\u{200d}❤\u{fe0f}\u{200d}👨"]
        {
            assert_eq!(presentable(text, 40), text);
            assert!(seen(text).all(|(_, hidden)| !hidden));
        }
        for text in
            ["MA\u{200d}ML", "\u{200c}é", "é\u{200d}", "é\u{200d}\u{200d}é", "é\u{200c} é", "é\u{200b}é"]
        {
            assert!(seen(text).any(|(_, hidden)| hidden), "{text:?}");
        }
    }

    #[test]
    fn problems_come_in_the_order_of_the_file_and_only_once() {
        let finding = |at, message: &str| Finding { at, message: message.to_owned() };
        let list = locate("a\nbc", vec![finding(3, "z"), finding(0, "y"), finding(3, "z"), finding(3, "a")]);
        let seen: Vec<_> = list.iter().map(|p| (p.line, p.column, p.message.as_str())).collect();
        assert_eq!(seen, [(1, 1, "y"), (2, 2, "a"), (2, 2, "z")]);
        let shown = Problems { file: "f.toml".to_owned(), list }.to_string();
        assert_eq!(shown, "f.toml:1:1: y\nf.toml:2:2: a\nf.toml:2:2: z");
    }

    #[test]
    fn quotes_stay_on_one_line_and_cannot_drive_the_terminal() {
        assert_eq!(quote("abc"), "`abc`");
        assert_eq!(quote("[1,\n2]"), "`[1,…`");
        assert_eq!(quote("\u{1b}[2J"), "`\\u{1b}[2J`");
        assert_eq!(quote(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
        assert_eq!(presentable(&"\u{7f}".repeat(100), 20), "\\u{7f}\\u{7f}\\u{7f}…");
    }
}
