//! A setting in the words of JSON Schema (2020-12), from the definition that checks the file, so that an
//! editor knows while somebody types what the reader will say.

use std::ops::RangeInclusive;

use serde_json::{Value as Json, json};

use super::key::{AnyKey, Domain, Keys, RATE};
use super::problem::{is_hidden, is_joiner};
use super::value::Value;

/// The values of this domain, as far as a schema can tell: it does not know 4 from 4.0, nor which of two
/// numbers is the larger one.
fn domain(domain: &Domain) -> Json {
    match domain {
        Domain::Count(bounds) => whole_number(bounds),
        Domain::CountOr { bounds, word, .. } => json!({ "anyOf": [{ "const": word }, whole_number(bounds)] }),
        Domain::CountOrCounts { bounds, low } => {
            let ends = whole_number(&(*low..=*bounds.end()));
            let pair = json!({ "type": "array", "items": ends, "minItems": 2, "maxItems": 2 });
            json!({ "anyOf": [whole_number(bounds), pair] })
        }
        Domain::Menu { numbers, .. } => json!({ "type": "integer", "enum": numbers }),
        Domain::Rate => number(&RATE),
        Domain::Size(most) => number(&(0.0..=*most)),
        Domain::Range { ends, .. } => {
            json!({ "type": "array", "items": number(ends), "minItems": 2, "maxItems": 2 })
        }
        Domain::Switch => json!({ "type": "boolean" }),
        Domain::Words(words) => json!({ "enum": words }),
        Domain::Names(names) => json!({ "enum": names() }),
        Domain::Text { longest, .. } => text(*longest, ""),
        Domain::Seeds(bounds) => {
            let seed = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
            let list = json!({
                "type": "array", "items": seed, "minItems": 1, "maxItems": bounds.end(), "uniqueItems": true
            });
            json!({ "anyOf": [whole_number(bounds), list] })
        }
    }
}

/// A setting: its values, what it does, and what holds where nothing is said.
pub fn setting(key: &dyn AnyKey) -> Json {
    let mut schema = domain(key.domain());
    schema["description"] = key.doc().into();
    match key.default() {
        // Seeds 0, 1, ... are a count.
        Some(Value::List(list)) => schema["default"] = list.len().into(),
        Some(value) => schema["default"] = json!(value),
        None => {}
    }
    schema
}

/// A table with these settings and nothing else.
pub fn table(keys: &Keys) -> Json {
    let mut table = closed(keys.iter().map(|key| (key.name(), setting(*key))));
    if let Some(rivals) = rivals(keys) {
        table["not"] = rivals;
    }
    table
}

/// A table with these entries and nothing else.
pub fn closed<'k>(entries: impl IntoIterator<Item = (&'k str, Json)>) -> Json {
    let properties: serde_json::Map<_, _> =
        entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// What no table may have: two ways to say the same.
pub fn rivals(keys: &Keys) -> Option<Json> {
    let pair = |key: &&dyn AnyKey| Some(json!({ "required": [key.instead_of()?.0, key.name()] }));
    let pairs: Vec<Json> = keys.iter().filter_map(pair).collect();
    (!pairs.is_empty()).then(|| json!({ "anyOf": pairs }))
}

/// A text of at most so many characters, all of which can be seen; spaces around it do not count. Characters
/// beyond the first 65,536 are left to the reader: patterns do not agree on how to write them.
pub fn text(longest: usize, description: &str) -> Json {
    let hidden = hidden();
    let (any, end) = (format!("[^{hidden}]"), format!("[^\\s{hidden}]"));
    json!({
        "type": "string", "description": description,
        "pattern": format!("^\\s*{end}(?:{any}{{0,{}}}{end})?\\s*$", longest.saturating_sub(2))
    })
}

/// The characters that nobody sees, as a pattern's class has them.
fn hidden() -> String {
    let mut ranges: Vec<[u16; 2]> = Vec::new();
    for code in 0..=u16::MAX {
        // Where a joiner may stand takes more than a class.
        if !char::from_u32(code.into()).is_some_and(|c| is_hidden(c) && !is_joiner(c)) {
            continue;
        }
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == code => *last = code,
            _ => ranges.push([code, code]),
        }
    }
    ranges.iter().map(|[first, last]| format!("\\u{first:04x}-\\u{last:04x}")).collect()
}

fn whole_number(bounds: &RangeInclusive<u64>) -> Json {
    json!({ "type": "integer", "minimum": bounds.start(), "maximum": bounds.end() })
}

fn number(bounds: &RangeInclusive<f64>) -> Json {
    json!({ "type": "number", "minimum": bounds.start(), "maximum": bounds.end() })
}
