//! `sweep = { inner_lr = [0.001, 0.01], "task.shots" = [5, 10] }` in an `[[experiment]]`: every combination of
//! the values is an experiment of its own, with the settings that it would have if somebody had written it out.

use std::collections::HashMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    cell::{Axis, Cell},
    merge::{Entry, Layers, family},
    schema::{self, LONGEST_CELL, MOST_EXPERIMENTS, TABLES},
};
use crate::config::{AnyKey, Layer, Setting, Table, Value, as_seen, nearest, quote, thousands};
use crate::learner::Algorithm;

/// A sweep as the file has it.
pub(super) struct Sweep {
    /// Where it stands.
    at: usize,
    axes: Vec<Line>,
}

/// One of its axes.
struct Line {
    /// As the name of a setting: `inner_lr`, `task.shots`.
    path: String,
    /// The place in [`TABLES`] of the table that has the setting; `None` for the experiment itself.
    table: Option<usize>,
    key: &'static dyn AnyKey,
    /// The values, and where they stand.
    values: Vec<(Value, usize)>,
}

/// The settings that a sweep can go through, by path.
struct Known(Vec<(String, Option<usize>, &'static dyn AnyKey)>);

impl Known {
    /// The settings of an experiment of these tables.
    fn of(task: &Layer) -> Self {
        let own = Algorithm::every_key().into_iter().map(|key| (key.name().to_owned(), None, key));
        let of_table = |(table, keys): (usize, Vec<&'static dyn AnyKey>)| {
            let path = move |key: &dyn AnyKey| format!("{}.{}", TABLES[table], key.name());
            keys.into_iter().map(move |key| (path(key), Some(table), key))
        };
        let tables = schema::of_tables(family(task)).into_iter().enumerate().flat_map(of_table);
        Self(own.chain(tables).filter(|(path, ..)| path != FAMILY).collect())
    }

    fn find(&self, path: &str) -> Option<(Option<usize>, &'static dyn AnyKey)> {
        self.0.iter().find(|(known, ..)| known == path).map(|(_, table, key)| (*table, *key))
    }

    fn paths(&self) -> Vec<&str> {
        self.0.iter().map(|(path, ..)| path.as_str()).collect()
    }
}

/// The family decides which other settings there are, so a sweep cannot go through families.
const FAMILY: &str = "task.family";

/// Reads the `sweep` of an experiment whose own settings are `own`, over what `[task]` says; `None` if there is none, or
/// something in it was refused.
pub(super) fn read_sweep(
    table: &mut Table<'_, '_, '_>,
    algorithm: Option<Algorithm>,
    own: &Layers,
    base: &Layers,
) -> Setting<Sweep> {
    let Some(value) = table.get("sweep") else { return Setting::Absent };
    let at = value.span().start;
    let DeValue::Table(entries) = value.get_ref() else {
        let expected = "a table of lists, for example { inner_lr = [0.001, 0.01], \"task.shots\" = [5, 10] }";
        return table.refuse("sweep", value, expected);
    };
    let known = Known::of(&base.task);
    let lines = lines(entries);
    if lines.is_empty() {
        let message = "`sweep` has no settings to go through: for example { inner_lr = [0.001, 0.01] }";
        table.report.problem(at, message.to_owned());
        return Setting::Broken;
    }
    let (mut axes, mut is_broken) = (Vec::<Line>::new(), false);
    for (path, at, value) in lines {
        let refusal = match known.find(&path) {
            None => Some(unknown(&path, &known)),
            Some((of, key)) => {
                clash(&path, of, key, &axes).or_else(|| said_too(&path, of, key, own)).or_else(|| {
                    let algorithm = algorithm?;
                    let used: Vec<&str> = match of.map(|table| TABLES[table]) {
                        None => algorithm.used_keys().collect(),
                        Some("model") => algorithm.network_keys().to_vec(),
                        Some(_) => return None,
                    };
                    (!used.contains(&key.name())).then(|| {
                        let used = used.join(", ");
                        format!("`{path}` is not used by {}; what counts there: {used}", algorithm.name())
                    })
                })
            }
        };
        is_broken |= refusal.is_some();
        if let Some(message) = refusal {
            table.report.problem(at, message);
        }
        let Some((of, key)) = known.find(&path) else { continue };
        match read_values(&path, key, value, table) {
            Some(values) => axes.push(Line { path, table: of, key, values }),
            None => is_broken = true,
        }
    }
    if is_broken { Setting::Broken } else { Setting::Given(Sweep { at, axes }, at) }
}

/// Every axis with its place, in the file's order: those of tables may be dotted keys in quotes, or tables in
/// the sweep.
fn lines<'t, 'a>(entries: &'t DeTable<'a>) -> Vec<(String, usize, &'t Spanned<DeValue<'a>>)> {
    let mut lines = Vec::new();
    for (key, value) in entries {
        let (name, at) = (key.get_ref(), key.span().start);
        match value.get_ref() {
            DeValue::Table(of_table) if TABLES.contains(&name.as_ref()) => {
                let within = |(key, value): (&Spanned<_>, &'t _)| {
                    (format!("{name}.{}", key.get_ref()), key.span().start, value)
                };
                lines.extend(of_table.iter().map(within));
            }
            _ => lines.push((name.to_string(), at, value)),
        }
    }
    lines.sort_by_key(|(_, at, _)| *at);
    lines
}

/// The message about a key that a sweep cannot have.
fn unknown(path: &str, known: &Known) -> String {
    let why = match path {
        "seeds" => Some("every combination has the same seeds: set `seeds` beside the sweep"),
        "name" | "algorithm" | FAMILY | "family" => {
            Some("it decides which other settings there are: write an [[experiment]] for each")
        }
        _ => None,
    };
    if let Some(why) = why {
        return format!("`{path}` cannot be swept; {why}");
    }
    let paths = known.paths();
    let guess = nearest(path, &paths).map_or(String::new(), |path| format!("; did you mean `{path}`?"));
    format!("unknown key {} in sweep{guess}; allowed here: {}", quote(path), paths.join(", "))
}

/// The message about a setting that another axis has.
fn clash(path: &str, table: Option<usize>, key: &dyn AnyKey, axes: &[Line]) -> Option<String> {
    let says = |line: &&Line| line.table == table && Layer::of([(line.key, Value::Count(0), 0)]).says(key);
    let other = axes.iter().find(says)?;
    Some(match other.path == path {
        true => format!("`{path}` is an axis of this sweep already: keep one of them"),
        false => format!("both `{}` and `{path}` say the same of this sweep: keep one of them", other.path),
    })
}

/// The message about a setting that the experiment itself has too.
fn said_too(path: &str, table: Option<usize>, key: &dyn AnyKey, own: &Layers) -> Option<String> {
    let of = match table {
        None => "this [[experiment]]".to_owned(),
        Some(table) => format!("[experiment.{}]", TABLES[table]),
    };
    let is_said = own.table(table).says(key);
    is_said
        .then(|| format!("`{path}` is swept, and {of} sets it (or what stands for it) too: keep one of them"))
}

/// The values of an axis and where they stand; `None` if one was refused.
fn read_values<'a>(
    path: &str,
    key: &'static dyn AnyKey,
    value: &Spanned<DeValue<'a>>,
    table: &mut Table<'_, 'a, '_>,
) -> Option<Vec<(Value, usize)>> {
    let Some(list) = value.get_ref().as_array() else {
        let expected = format!("a list of values, each {}", key.domain().in_words());
        let _: Setting<()> = table.refuse(path, value, &expected);
        return None;
    };
    if list.is_empty() {
        let message = format!("`{path}` has no values: a sweep goes through one at least");
        table.report.problem(value.span().start, message);
        return None;
    }
    if list.len() > MOST_EXPERIMENTS {
        let (many, most) = (thousands(list.len() as u64), thousands(MOST_EXPERIMENTS as u64));
        let message = format!("`{path}` has {many} values, but a study may have at most {most} experiments");
        table.report.problem(value.span().start, message);
        return None;
    }
    let (mut values, mut is_broken) = (Vec::<(Value, usize)>::with_capacity(list.len()), false);
    for item in list.iter() {
        match table.read_as(path, key.domain(), item) {
            Setting::Given(value, at) if values.iter().any(|(known, _)| *known == value) => {
                let source = table.source(item);
                table.report.problem(at, format!("{source} stands in this list already: each value once"));
                is_broken = true;
            }
            Setting::Given(value, at) => values.push((value, at)),
            Setting::Absent | Setting::Broken => is_broken = true,
        }
    }
    (!is_broken).then_some(values)
}

impl Sweep {
    /// How many combinations there are.
    pub fn combinations(&self) -> usize {
        self.axes.iter().fold(1, |product: usize, line| product.saturating_mul(line.values.len()))
    }

    /// Every combination as an experiment over `entry`, which says all else; the last axis goes round fastest. If they
    /// would be more than there is room for, or their names cannot be, it is said and `entry` is left.
    pub fn expand(
        self,
        entry: Entry,
        room: usize,
        names: &mut HashMap<String, usize>,
        table: &mut Table<'_, '_, '_>,
    ) -> Vec<Entry> {
        let combinations = self.combinations();
        if combinations > room {
            let (many, most) = (thousands(combinations as u64), thousands(MOST_EXPERIMENTS as u64));
            let message = format!(
                "this sweep has {many} combinations, and each is an experiment, but a study may have at most {most}: {} are left here",
                thousands(room as u64)
            );
            table.report.problem(self.at, message);
            return vec![entry];
        }
        let name = entry.name.clone();
        let mut entries = Vec::with_capacity(combinations);
        for number in 0..combinations {
            let chosen = self.combination(number);
            let axis = |(line, value): &(&Line, &(Value, usize))| Axis {
                key: line.path.clone(),
                value: value.0.clone(),
            };
            let sweep = name.clone().unwrap_or_default();
            let cell = Cell { sweep, axes: chosen.iter().map(axis).collect() };
            let whole = cell.name();
            let refusal = if name.is_none() {
                None
            } else if whole.chars().count() > LONGEST_CELL {
                Some(format!(
                    "a combination would be called {}, which is {} characters, but may be at most {LONGEST_CELL}: \
                     give the experiment a shorter name, or sweep fewer settings at once",
                    quote(&whole),
                    whole.chars().count()
                ))
            } else if let Some(first) = names.insert(as_seen(&whole), entry.at) {
                let line = 1 + table.report.text[..first].matches('\n').count();
                Some(format!("a combination is called {}, as is an experiment on line {line}", quote(&whole)))
            } else {
                None
            };
            if let Some(message) = refusal {
                table.report.problem(self.at, message);
                return vec![entry];
            }
            let said = Layers::of(|table| {
                let of_table = chosen.iter().filter(|(line, _)| line.table == table);
                Layer::of(of_table.map(|(line, (value, at))| (line.key, value.clone(), *at)))
            });
            entries.push(Entry {
                at: entry.at,
                name: name.as_ref().map(|_| whole),
                algorithm: entry.algorithm.clone(),
                layers: said.over(&entry.layers),
                published: Vec::new(),
                cell: Some((cell.sweep, cell.axes.into_iter().map(|axis| axis.key).collect())),
            });
        }
        entries
    }

    /// The value of every axis in a combination.
    fn combination(&self, number: usize) -> Vec<(&Line, &(Value, usize))> {
        let mut rest = number;
        let mut chosen: Vec<_> = self
            .axes
            .iter()
            .rev()
            .map(|line| {
                let at = rest % line.values.len();
                rest /= line.values.len();
                (line, &line.values[at])
            })
            .collect();
        chosen.reverse();
        chosen
    }
}

/// Reads the `cell` table of a run's settings file: of which sweep it is, and which of its settings were swept.
pub(super) fn read_cell(table: &mut Table<'_, '_, '_>, base: &Layers) -> Option<(String, Vec<String>)> {
    let value = table.get("cell")?;
    let known = Known::of(&base.task);
    let read = value.get_ref().as_table().and_then(|cell| {
        let sweep = cell.get("sweep")?.get_ref().as_str()?;
        let axes = cell.get("axes")?.get_ref().as_array()?;
        let axis = |axis: &Spanned<DeValue<'_>>| {
            axis.get_ref().as_str().filter(|path| known.find(path).is_some()).map(str::to_owned)
        };
        let axes: Vec<String> = axes.iter().map(axis).collect::<Option<_>>()?;
        let is_name =
            (1..=schema::LONGEST_NAME).contains(&sweep.chars().count()) && !sweep.contains(char::is_control);
        (is_name && !axes.is_empty()).then(|| (sweep.to_owned(), axes))
    });
    if read.is_none() {
        let _: Setting<()> = table.refuse("cell", value, "a table with the sweep's name and its axes");
    }
    read
}
