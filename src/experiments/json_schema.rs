//! The experiments file as a JSON Schema (2020-12), from the definitions that check it: an editor that is given
//! it completes keys and words, shows what they do, and marks what the reader would refuse. What takes several
//! settings together, such as the memory of a study, only the reader knows; and the settings file of a run,
//! which says everything be it of use or not, is no file of a person's.

use serde_json::{Value as Json, json};

use super::published::Figure;
use super::schema::{
    FIRST_TEST, LONGEST_NAME, LONGEST_SOURCE, MOST_EXPERIMENTS, MOST_FIGURES, MOST_TESTS, OWN, TABLES, names,
    training,
};
use super::test_set::task_keys;
use crate::config::json_schema::{closed, rivals, setting, table, text};
use crate::config::{AnyKey, Keys};
use crate::learner::Algorithm;
use crate::model::ModelSettings;
use crate::task::{EvaluationSettings, Family, TaskSettings, families::FAMILIES};

/// The schema of an experiments file.
pub fn json_schema() -> Json {
    let described = |mut schema: Json, words: &str| {
        schema["description"] = words.into();
        schema
    };
    let mut file = closed([
        ("defaults", described(table(&training()), "What experiments have that say nothing else.")),
        (
            "task",
            described(
                by_family(TaskSettings::keys_with, Vec::new()),
                "Where tasks and their points come from.",
            ),
        ),
        ("model", described(table(ModelSettings::keys()), "Which network is trained.")),
        ("evaluation", described(table(EvaluationSettings::keys()), "How the trained networks are tested.")),
        ("experiment", described(list(experiment(), 1, MOST_EXPERIMENTS), "What is trained, side by side.")),
        ("test", described(list(test(), 0, MOST_TESTS), "Further test sets, which change no training.")),
    ]);
    file["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    file["title"] = concat!("experiments.toml of metascope ", env!("CARGO_PKG_VERSION")).into();
    file["required"] = json!(["experiment"]);
    file["allOf"] = FAMILIES.iter().map(|family| shared_family(*family)).collect();
    file
}

/// An `[[experiment]]`; what its algorithm has no use for is refused.
fn experiment() -> Json {
    let training = training();
    let settings = training.iter().map(|key| (key.name(), setting(*key)));
    let algorithms: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let own = [
        ("name", text(LONGEST_NAME, "Heads its pane and its rows; each is given once.")),
        ("algorithm", json!({ "enum": algorithms, "description": "Which learner trains it." })),
        ("task", by_family(TaskSettings::keys_with, Vec::new())),
        ("model", table(ModelSettings::keys())),
        ("evaluation", table(EvaluationSettings::keys())),
        ("published", list(figure(), 0, MOST_FIGURES)),
        ("sweep", sweep()),
    ];
    let mut experiment = closed(own.into_iter().chain(settings));
    experiment["required"] = json!(OWN);
    // A figure is about one experiment, and a sweep is of several.
    let mut unlike = vec![json!({ "required": ["sweep", "published"] })];
    unlike.extend(rivals(&training));
    experiment["not"] = json!({ "anyOf": unlike });
    let tables = sweep_tables();
    let used = |algorithm: &Algorithm| {
        let settings = ["seeds"].into_iter().chain(algorithm.used_keys());
        let known: Vec<&str> =
            OWN.into_iter().chain(TABLES).chain(["published", "sweep"]).chain(settings).collect();
        let mut then = only(&known);
        let mut swept: Vec<&str> = algorithm.used_keys().collect();
        let network = algorithm.network_keys();
        let counts = |name: &&str| name.strip_prefix("model.").is_none_or(|key| network.contains(&key));
        swept.extend(tables.iter().map(|(name, _)| name.as_str()).filter(counts));
        let mut sweep = only(&swept);
        sweep["properties"] = json!({ "model": only(network) });
        then["properties"] = json!({ "sweep": sweep, "model": only(network) });
        json!({ "if": says("algorithm", algorithm.name()), "then": then })
    };
    experiment["allOf"] = Algorithm::ALL.iter().map(used).collect();
    experiment
}

/// A list of values for a setting of a sweep.
fn axis(setting: &Json) -> Json {
    let mut axis = list(setting.clone(), 1, MOST_EXPERIMENTS);
    axis["uniqueItems"] = true.into();
    axis
}

/// What a sweep can go through of an experiment's tables: `task.shots`, or `shots` in a table `task`.
fn sweep_tables() -> Vec<(String, Json)> {
    let mut task: Vec<(&str, Json)> = Vec::new();
    for key in FAMILIES.iter().flat_map(|family| TaskSettings::keys_with(*family)) {
        let schema = setting(key);
        match task.iter_mut().find(|(name, _)| *name == key.name()) {
            None => task.push((key.name(), schema)),
            Some((_, known)) if *known == schema => {}
            Some((_, known)) => *known = json!({ "anyOf": [known, schema] }),
        }
    }
    task.retain(|(name, _)| *name != "family");
    let plain = |keys: &Keys| keys.iter().map(|key| (key.name(), setting(*key))).collect();
    let mut entries = Vec::new();
    for (table, keys) in
        TABLES.into_iter().zip([task, plain(ModelSettings::keys()), plain(EvaluationSettings::keys())])
    {
        entries.extend(keys.iter().map(|(key, schema)| (format!("{table}.{key}"), axis(schema))));
        entries.push((table.to_owned(), closed(keys.iter().map(|(key, schema)| (*key, axis(schema))))));
    }
    entries
}

/// A `sweep`.
fn sweep() -> Json {
    let own = Algorithm::every_key();
    let own = own.iter().map(|key| (key.name(), axis(&setting(*key))));
    let tables = sweep_tables();
    let mut sweep = closed(own.chain(tables.iter().map(|(name, schema)| (name.as_str(), schema.clone()))));
    sweep["minProperties"] = 1.into();
    sweep["description"] = "Every combination of these values is an experiment of its own.".into();
    sweep
}

/// A `[[test]]`.
fn test() -> Json {
    let mut name = text(LONGEST_NAME, "Stands in titles and rows; each is given once.");
    name["not"] = json!({ "pattern": format!("^\\s*{FIRST_TEST}\\s*$") });
    let evaluation = EvaluationSettings::keys().iter().map(|key| (key.name(), setting(*key)));
    let mut test = by_family(task_keys, [("name", name)].into_iter().chain(evaluation).collect());
    test["required"] = json!(["name"]);
    test
}

/// An `[[experiment.published]]`.
fn figure() -> Json {
    const REQUIRED: [&str; 3] = ["source", "n", "loss"];
    let settings = Figure::keys().iter().map(|key| {
        let mut schema = setting(*key);
        if let Some(schema) = schema.as_object_mut().filter(|_| REQUIRED.contains(&key.name())) {
            schema.remove("default");
        }
        (key.name(), schema)
    });
    let own = [
        ("source", text(LONGEST_SOURCE, "Where it stands.")),
        ("test", text(LONGEST_NAME, "The test set it is compared on; left out, the first one.")),
    ];
    let mut figure = closed(own.into_iter().chain(settings));
    figure["required"] = json!(REQUIRED);
    figure
}

/// Settings of a task by family, and others: with the name of a family its keys, without one those of any:
/// which one, what stands around this table says.
fn by_family(
    keys: fn(&'static dyn Family) -> Vec<&'static dyn AnyKey>,
    others: Vec<(&'static str, Json)>,
) -> Json {
    let other_names: Vec<&str> = others.iter().map(|(name, _)| *name).collect();
    let mut entries = others;
    let mut rules = Vec::new();
    for family in FAMILIES.iter() {
        let keys = keys(*family);
        for key in &keys {
            let schema = setting(*key);
            match entries.iter_mut().find(|(name, _)| *name == key.name()) {
                None => entries.push((key.name(), schema)),
                Some((_, known)) if *known == schema => {}
                Some((_, known)) => *known = json!({ "anyOf": [known, schema] }),
            }
        }
        let mut then = only(&[&other_names[..], &names(&keys)].concat());
        then["properties"] = keys.iter().map(|key| (key.name().to_owned(), setting(*key))).collect();
        rules.push(json!({ "if": says("family", family.name()), "then": then }));
    }
    let mut table = closed(entries);
    table["allOf"] = rules.into();
    table
}

/// Where `[task]` says this family, or says none and this is the default, tables that name none have its keys.
fn shared_family(family: &'static dyn Family) -> Json {
    let unnamed = |others: &[&str], keys: &[&'static dyn AnyKey]| {
        let known = [others, &names(keys)].concat();
        json!({ "if": { "not": { "required": ["family"] } }, "then": only(&known) })
    };
    let task = unnamed(&[], &TaskSettings::keys_with(family));
    let test = unnamed(&[&["name"][..], &names(EvaluationSettings::keys())].concat(), &task_keys(family));
    let is_default = TaskSettings::default().family.name() == family.name();
    let mut said = json!({ "properties": { "task": says("family", family.name()) }, "required": ["task"] });
    if is_default {
        said =
            json!({ "properties": { "task": { "properties": { "family": { "const": family.name() } } } } });
    }
    let experiment = json!({ "items": { "properties": { "task": task } } });
    let then = json!({ "properties": { "task": task, "experiment": experiment, "test": { "items": test } } });
    json!({ "if": said, "then": then })
}

/// A schema of tables in which this key has this word.
fn says(key: &str, word: &str) -> Json {
    json!({ "properties": { key: { "const": word } }, "required": [key] })
}

/// A schema of tables without other keys than these.
fn only(keys: &[&str]) -> Json {
    json!({ "propertyNames": { "enum": keys } })
}

fn list(items: Json, least: usize, most: usize) -> Json {
    json!({ "type": "array", "items": items, "minItems": least, "maxItems": most })
}
