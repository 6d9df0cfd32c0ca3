//! Names that a file gives to what it lists: short enough to head a pane, and each given once.

use std::collections::HashMap;

use toml::{Spanned, de::DeValue};

use super::resolved::RECORDED;
use crate::config::{Setting, Table, as_seen, quote, seen};

/// A name that is there, of at most `longest` characters, and not taken by another of `what`; spaces around it do not
/// count.
pub(super) fn read_name<'a>(
    table: &mut Table<'_, 'a, '_>,
    what: &str,
    value: &Spanned<DeValue<'a>>,
    longest: usize,
    names: &mut HashMap<String, usize>,
) -> Option<String> {
    let name = read_text(table, "name", value, longest)?;
    let at = value.span().start;
    // Two that look alike would be told apart by nobody.
    let key = as_seen(&name);
    if let Some(first) = names.get(&key) {
        let line = 1 + table.report.text[..*first].matches('\n').count();
        let message = format!("the name {} is taken: {what} on line {line} has it", quote(&name));
        table.report.problem(at, message);
        return None;
    }
    names.insert(key, at);
    Some(name)
}

/// A text that is there, and not too long to be shown; spaces around it do not count. Earlier versions have
/// let people use characters that nobody sees, and what they recorded stays readable.
pub(super) fn read_text<'a>(
    table: &mut Table<'_, 'a, '_>,
    key: &str,
    value: &Spanned<DeValue<'a>>,
    longest: usize,
) -> Option<String> {
    let expected = format!("a text of 1 to {longest} characters in double quotes");
    let is_record = table.report.text.starts_with(RECORDED);
    let is_refused = |(c, hidden): (char, bool)| c.is_control() || !is_record && hidden;
    let acceptable =
        |text: &&str| (1..=longest).contains(&text.chars().count()) && !seen(text).any(is_refused);
    let text = value.get_ref().as_str().map(str::trim);
    if let Some(text) = text.filter(acceptable) {
        return Some(text.to_owned());
    }
    let why = match text {
        Some(text) if text.chars().any(char::is_control) => " and without control characters",
        Some(text) if seen(text).any(is_refused) => " and without characters that nobody sees",
        _ => "",
    };
    let _: Setting<()> = table.refuse(key, value, &(expected + why));
    None
}
