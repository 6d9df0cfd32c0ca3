//! The schema says what the reader says, as far as a schema can: of every file of these tests, of the presets,
//! and of values at and beyond the bounds of every setting there is.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value as Json, json};
use toml::de::{DeTable, DeValue};

use super::MINIMAL;
use crate::config::{Domain, Problems};
use crate::experiments::{json_schema, parse, presets, schema, tables};
use crate::learner::Algorithm;

static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&json_schema()).expect("a schema"));

/// What only the reader knows, by its words: how a number is written, what several settings mean together,
/// which names there are.
const BEYOND: &[&str] = &[
    "without a point or an exponent",
    "with the low end",
    "stands in this list already: each seed is one run",
    "is taken: ",
    "to keep in memory",
    "not one outer step",
    "a pass has no end",
    "has no end: say how long",
    "the study has more than",
    "is a setting of",
    "is not used by any experiment here",
    "there is no test set",
    "but the evaluation",
    "without characters that nobody sees",
    "is an axis of this sweep already",
    "say the same of this sweep",
    "is swept, and ",
    "combinations, and each is an experiment",
    "a combination is called",
    "a combination would be called",
    "unknown key `task.slope` in sweep",
    "cannot be read",
    "need a `file`",
    "is not the file with this SHA-256",
    "the range of x is that of the table",
    "to be shown and one to be asked for",
    "would test on tasks that are trained on",
];

fn as_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => {
            let whole = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
            u64::try_from(whole).map_or_else(|_| json!(whole as f64), |whole| json!(whole))
        }
        // Infinity and what is no number are nothing that JSON knows.
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().ok()),
        DeValue::Boolean(truth) => json!(truth),
        DeValue::Datetime(time) => json!(time.to_string()),
        DeValue::Array(list) => list.iter().map(|value| as_json(value.get_ref())).collect(),
        DeValue::Table(table) => table_as_json(table),
    }
}

fn table_as_json(table: &DeTable<'_>) -> Json {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), as_json(value.get_ref()))).collect()
}

/// Asserts that the schema accepts what the reader accepts, and refuses what it refuses for a reason that a
/// schema can have.
pub fn agrees(text: &str, problems: Option<&Problems>) {
    let Ok(table) = DeTable::parse(text.trim_start_matches('\u{feff}')) else { return };
    let errors: Vec<String> = SCHEMA
        .iter_errors(&table_as_json(table.get_ref()))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    match problems {
        None => assert!(errors.is_empty(), "{text}\n{errors:#?}"),
        Some(Problems { list, .. }) => {
            let is_beyond = |message: &str| BEYOND.iter().any(|words| message.contains(words));
            if list.iter().any(|problem| !is_beyond(&problem.message)) {
                assert!(!errors.is_empty(), "the schema accepts\n{text}\n{list:#?}");
            }
        }
    }
}

#[test]
fn presets_are_valid_and_the_tables_are_the_readers() {
    presets().iter().for_each(|preset| agrees(preset.text, None));
    let schema = json_schema();
    let keys = |table: &Json| -> Vec<String> {
        let mut keys: Vec<_> = table["properties"].as_object().expect("a table").keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(keys(&schema), sorted(schema::TOP.to_vec()));
    assert_eq!(keys(&schema["properties"]["experiment"]["items"]), sorted(schema::experiment()));
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of 2020-12");
}

/// Values of a domain that are in it and values that are not, as TOML has them.
fn samples(domain: &Domain) -> (Vec<String>, Vec<String>) {
    let number = |number: f64| format!("{number:?}");
    let whole = |bounds: &std::ops::RangeInclusive<u64>| {
        let (low, high) = (i128::from(*bounds.start()), i128::from(*bounds.end()));
        ([low, high].map(|n| n.to_string()).to_vec(), [low - 1, high + 1].map(|n| n.to_string()).to_vec())
    };
    let words = |words: &[&str]| {
        let quoted = |word: &str| format!("{word:?}");
        let wrong = words.iter().flat_map(|word| [format!("{word}x"), word.to_uppercase()]);
        (words.iter().copied().map(quoted).collect(), wrong.map(|word| quoted(&word)).collect())
    };
    let (mut good, mut bad): (Vec<String>, Vec<String>) = match domain {
        Domain::Count(bounds) => whole(bounds),
        Domain::CountOr { bounds, word, .. } => {
            let (mut good, mut bad) = whole(bounds);
            good.push(format!("{word:?}"));
            bad.push(format!("\"{word}x\""));
            (good, bad)
        }
        Domain::CountOrCounts { bounds, low } => {
            let (mut good, mut bad) = whole(bounds);
            let high = bounds.end();
            good.push(format!("[{low}, {high}]"));
            bad.extend([format!("[{low}, {}]", high + 1), format!("[-1, {high}]")]);
            bad.extend(["[]", "[1]", "[1, 2, 3]", "[1, 2.5]"].map(str::to_owned));
            (good, bad)
        }
        Domain::Menu { numbers, .. } => {
            let beside = numbers.iter().map(|number| number + 1).filter(|number| !numbers.contains(number));
            (numbers.iter().map(ToString::to_string).collect(), beside.map(|n| n.to_string()).collect())
        }
        Domain::Rate => {
            (vec!["1e-12".into(), "1000".into()], vec!["0".into(), "1000.001".into(), "-0.1".into()])
        }
        Domain::Size(most) => (vec!["0".into(), number(*most)], vec!["-1e-9".into(), number(most * 1.001)]),
        Domain::Range { ends, .. } => {
            let (low, high) = (*ends.start(), *ends.end());
            let pair = |low, high| format!("[{}, {}]", number(low), number(high));
            let few = ["[]", "[1.0]", "[1.0, 2.0, 3.0]"].map(str::to_owned);
            let beyond = [pair(low - 1.0, high), pair(low, high * 1.001)];
            (vec![pair(low, high)], [few.to_vec(), beyond.to_vec()].concat())
        }
        Domain::Switch => (vec!["true".into(), "false".into()], vec!["1".into(), "\"true\"".into()]),
        Domain::Words(known) => words(known),
        Domain::Text { longest, .. } => {
            let quoted = |text: &str| format!("\"{text}\"");
            let bad = vec![
                quoted(""),
                quoted(" "),
                quoted(&"a".repeat(longest + 1)),
                quoted("\\u200b"),
                "1".into(),
            ];
            (vec![quoted("a"), quoted(&"a".repeat(*longest))], bad)
        }
        Domain::Names(names) => words(&names()),
        Domain::Seeds(bounds) => {
            let (mut good, mut bad) = whole(bounds);
            // The largest count is more runs than a study with other experiments may have.
            good.push("[0, 18446744073709551615]".into());
            bad.extend(["[]".into(), "[-1]".into(), "[0, 0]".into(), "[\"0\"]".into()]);
            (good, bad)
        }
    };
    if matches!(domain, Domain::Text { .. }) {
        // Any text is one.
    } else if !matches!(domain, Domain::Words(_) | Domain::Names(_)) {
        bad.push("\"something\"".into());
    } else {
        good.dedup();
        bad.push("1".into());
    }
    bad.extend(["{ a = 1 }".to_owned(), "[[1]]".to_owned()]);
    if !matches!(domain, Domain::Switch) {
        bad.push("true".to_owned());
    }
    (good, bad)
}

#[test]
fn every_setting_is_held_to_its_bounds() {
    let mut tried = 0;
    let file = |title: &str, line: &str| match title.split_once(" with family = ") {
        Some((table, family)) => format!("{table}\nfamily = {family}\n{line}\n{MINIMAL}"),
        None => format!("{title}\n{line}\n{MINIMAL}"),
    };
    let try_value = |text: &str, is_good: bool| {
        let table = DeTable::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let (file, reader) = (table_as_json(table.get_ref()), parse("test", None, text));
        assert_eq!(SCHEMA.is_valid(&file), is_good, "{text}");
        // What several settings mean together may be refused of the largest ones.
        if let (true, Err(problems)) = (is_good, &reader) {
            let known = |message: &str| BEYOND.iter().any(|words| message.contains(words));
            assert!(problems.list.iter().all(|problem| known(&problem.message)), "{text}\n{problems}");
        }
        assert!(is_good || reader.is_err(), "{text}");
    };
    for (title, keys) in tables() {
        for key in keys {
            let (good, bad) = samples(key.domain());
            for (values, is_good) in [(good, true), (bad, false)] {
                for value in values {
                    tried += 1;
                    try_value(&file(&title, &format!("{} = {value}", key.name())), is_good);
                }
            }
        }
        try_value(&file(&title, "no_such_key = 1"), false);
    }
    assert!(tried > 300, "only {tried}");
}

#[test]
fn an_experiment_has_the_keys_of_its_algorithm_and_of_its_family() {
    for algorithm in Algorithm::ALL {
        for key in schema::training().iter().filter(|key| key.name() != "seeds") {
            let value = samples(key.domain()).0.remove(0);
            let text = format!(
                "[[experiment]]\nname = \"A\"\nalgorithm = \"{}\"\n{} = {value}\n",
                algorithm.name(),
                key.name()
            );
            let table = table_as_json(DeTable::parse(&text).expect("TOML").get_ref());
            assert_eq!(SCHEMA.is_valid(&table), algorithm.uses(key.name()), "{text}");
        }
    }
    let line = "family = \"sine-or-line\"\n";
    for (text, is_good) in [
        (format!("{MINIMAL}task.slope = [0, 1]\n"), false),
        (format!("{MINIMAL}task = {{ family = \"sine-or-line\", slope = [0, 1] }}\n"), true),
        (format!("[task]\n{line}{MINIMAL}task.slope = [0, 1]\n"), true),
        (format!("[task]\n{line}{MINIMAL}task.frequency = [0, 1]\n"), false),
        (format!("[task]\n{line}{MINIMAL}task = {{ family = \"sine\", frequency = [0, 1] }}\n"), true),
        (format!("[task]\n{line}slope = [0, 1]\n{MINIMAL}"), true),
        (format!("[task]\nslope = [0, 1]\n{MINIMAL}"), false),
        (format!("{MINIMAL}[[test]]\nname = \"a\"\nslope = [0, 1]\n"), false),
        (format!("[task]\n{line}{MINIMAL}[[test]]\nname = \"a\"\nslope = [0, 1]\n"), true),
    ] {
        match parse("test", None, &text) {
            Ok(_) => assert!(is_good, "{text}"),
            Err(problems) => assert!(!is_good, "{text}\n{problems}"),
        }
        let table = table_as_json(DeTable::parse(&text).expect("TOML").get_ref());
        assert_eq!(SCHEMA.is_valid(&table), is_good, "{text}");
    }
}
