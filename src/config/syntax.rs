//! From text to a tree of TOML in which everything knows its place, with as many syntax errors as can
//! be told apart from the confusion that the first one leaves behind.

use std::{borrow::Cow, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

use super::problem::{Finding, quote};
use super::words::with_a_point;

/// A file's tree, and what is wrong with its syntax.
pub struct Syntax<'a> {
    /// What could be read.
    pub root: DeTable<'a>,
    /// At most one a line, in order.
    pub errors: Vec<Finding>,
    /// Where an error makes the tree doubtful; disjoint, in order.
    pub shadows: Vec<Range<usize>>,
}

/// How the parser's messages begin after which it leaves out lines that follow.
const STOPS: [&str; 4] = ["key with no value", "unclosed table", "unclosed array table", "recursion limit"];

/// What the parser can read to its end: the text itself, or a copy with spaces for each line that would
/// end its tree.
pub fn readable(text: &str) -> Cow<'_, str> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let stops: Vec<usize> = errors
        .iter()
        .filter(|error| STOPS.iter().any(|stop| error.message().starts_with(stop)))
        .map(|error| place(error, text))
        .collect();
    if stops.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(blank_lines(text, stops)) }
}

/// Reads all that can be read of a text, given its [`readable`] form.
pub fn read<'a>(text: &str, readable: &'a str) -> Syntax<'a> {
    let (root, mut raw) = DeTable::parse_recoverable(readable);
    let root = root.into_inner();
    if text != readable {
        raw.extend(DeTable::parse_recoverable(text).1);
    }
    let mut raw: Vec<(usize, &Error)> = raw.iter().map(|error| (place(error, text), error)).collect();
    raw.sort_by_key(|(at, _)| *at);

    let mut long_values = Vec::new();
    if !raw.is_empty() {
        find_long_values(&root, text, &mut long_values);
        long_values.sort_by_key(|span| span.start);
    }

    let mut errors = Vec::new();
    let mut shadows: Vec<Range<usize>> = Vec::new();
    // Up to here, further syntax errors are echoes of the last one.
    let mut echo_end = 0;
    for (at, error) in raw {
        if at < echo_end {
            continue;
        }
        let line = line_around(text, at);
        let (mut shadow, mut message) = (line.clone(), say(error, text));
        echo_end = line.end;
        if let Some(value) = value_around(&long_values, at) {
            // An unclosed list or text swallows the lines after it.
            if value.start < line.start {
                let first = text[..value.start].matches('\n').count() + 1;
                message += &format!(" (in the value that begins on line {first})");
            }
            echo_end = (value.end + 1).max(line.end);
            shadow = value.start.min(line.start)..echo_end;
        } else if text[line.start..].trim_start_matches([' ', '\t']).starts_with('[') {
            // Without its header, a table's settings end up in the wrong place.
            shadow.end = next_header(text, line.end);
        }
        errors.push(Finding { at, message });
        match shadows.last_mut() {
            Some(last) if shadow.start < last.end => last.end = last.end.max(shadow.end),
            _ => shadows.push(shadow),
        }
    }
    Syntax { root, errors, shadows }
}

/// The text with spaces for the lines around these offsets, so that all else stays in its place.
fn blank_lines(text: &str, mut offsets: Vec<usize>) -> String {
    let mut blanked = String::with_capacity(text.len());
    offsets.sort_unstable();
    for at in offsets {
        if at < blanked.len() {
            continue;
        }
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1).max(blanked.len());
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        blanked.push_str(&text[blanked.len()..start]);
        blanked.extend(std::iter::repeat_n(' ', end - start));
    }
    let rest = &text[blanked.len()..];
    blanked.push_str(rest);
    blanked
}

/// The one of these disjoint, ordered spans that `at` lies in or at the end of.
fn value_around(spans: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let after = spans.partition_point(|span| span.start <= at);
    spans[..after].last().filter(|span| at <= span.end)
}

/// Where an error is. The one that comes without a place is that of too many dotted keys.
fn place(error: &Error, text: &str) -> usize {
    text.floor_char_boundary(error.span().map_or_else(|| longest_chain(text), |span| span.start))
}

/// The number with a comma for its point that stands around or ends before an offset, as it is written here.
fn comma_at(text: &str, at: usize) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || "+-._eE,".contains(c);
    let from = text[..at].rfind(|c| !is_part(c)).map_or(0, |before| before + 1);
    let to = text[at..].find(|c| !is_part(c)).map_or(text.len(), |after| at + after);
    // In a list one number may follow another at once.
    let written = text.get(from..to)?.trim_end_matches(',');
    with_a_point(written)
}

/// Where the line with the most dots starts.
fn longest_chain(text: &str) -> usize {
    let (mut start, mut most, mut longest) = (0, 0, 0);
    for line in text.split_inclusive('\n') {
        let dots = line.bytes().filter(|byte| *byte == b'.').count();
        if dots > most {
            (most, longest) = (dots, start);
        }
        start += line.len();
    }
    longest
}

/// The line around an offset, its line break included: the end of a line belongs to that line.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len() + 1, |newline| at + newline + 1);
    start..end
}

/// Where the next line that begins with `[` starts, from the beginning of a line on.
fn next_header(text: &str, from: usize) -> usize {
    let mut at = from;
    for line in text.get(from..).unwrap_or("").split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            return at;
        }
        at += line.len();
    }
    text.len() + 1
}

/// Collects the spans of values that run over several lines, the outermost only.
fn find_long_values(table: &DeTable<'_>, text: &str, spans: &mut Vec<Range<usize>>) {
    for value in table.iter().map(|(_, value)| value) {
        find_long_value(value, text, spans);
    }
}

fn find_long_value(value: &Spanned<DeValue<'_>>, text: &str, spans: &mut Vec<Range<usize>>) {
    let span = value.span();
    if text.get(span.clone()).is_some_and(|source| source.contains('\n')) {
        spans.push(span);
        return;
    }
    // Tables under a header and dotted keys: their own span is only the header's or the key's.
    match value.get_ref() {
        DeValue::Table(table) => find_long_values(table, text, spans),
        DeValue::Array(list) => list.iter().for_each(|value| find_long_value(value, text, spans)),
        _ => {}
    }
}

/// The parser's words, made kinder where a newcomer is likely to meet them.
fn say(error: &Error, text: &str) -> String {
    let span = error.span().unwrap_or_default();
    let source = text.get(span).unwrap_or("").trim();
    let message = error.message();
    if message.starts_with("string values must be quoted") {
        return if source.is_empty() {
            "a value is missing here".to_owned()
        } else {
            format!("{} is not a value: text must stand in double quotes", quote(source))
        };
    }
    if message.contains("recurs") {
        return "this is nested too deeply: no setting needs more than three levels".to_owned();
    }
    if message == "duplicate key" {
        return format!("{} is defined a second time here", quote(source));
    }
    let message = message.trim_end_matches(", expected nothing").replace('\n', " ");
    if let Some(number) = comma_at(text, place(error, text)) {
        return format!("a number has a point, no comma: {number}");
    }
    match source {
        "" => format!("syntax: {message}"),
        source => format!("syntax: {message} (at {})", quote(source)),
    }
}
