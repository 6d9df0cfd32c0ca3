//! The `--tasks` file: tasks as other programs write them, read with every problem named.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::outcome::Misuse;
use crate::config::{looks_like_utf16, nearest, presentable, read_given};
use crate::task::{Function, Points, Wave};

/// More than any such file has, and little enough to read.
const LARGEST_FILE: u64 = 64 << 20;
/// Points of one task: as many as an experiments file allows.
const MOST_POINTS: usize = 10_000;

#[derive(Deserialize)]
struct TasksFile {
    tasks: Option<Vec<RawTask>>,
}

/// The names in a table, whatever they stand for.
type Names = BTreeMap<String, IgnoredAny>;

/// The same file, but for the names in its tasks.
#[derive(Deserialize)]
struct TasksNames {
    #[serde(default)]
    tasks: Vec<Names>,
}

/// What a task may have.
const KEYS: [&str; 8] =
    ["support_x", "support_y", "query_x", "query_y", "amplitude", "phase", "further_x", "further_y"];

#[derive(Deserialize)]
struct RawTask {
    amplitude: Option<f64>,
    phase: Option<f64>,
    support_x: Option<Vec<f64>>,
    support_y: Option<Vec<f64>>,
    query_x: Option<Vec<f64>>,
    query_y: Option<Vec<f64>>,
}

/// A task of a file.
pub(super) struct ReadTask {
    /// Support and query points.
    pub points: (Points, Points),
    /// The wave, where the file says its amplitude and phase.
    pub wave: Option<Function>,
}

/// Reads (support, query) points of every task, as [`read_waves`] does.
pub(super) fn read_tasks(path: &Path) -> anyhow::Result<Vec<(Points, Points)>> {
    Ok(read_waves(path)?.into_iter().map(|task| task.points).collect())
}

/// Reads every task. Exit code 1 if the file cannot be read, 2 with all problems if it is wrong.
pub(super) fn read_waves(path: &Path) -> anyhow::Result<Vec<ReadTask>> {
    let shown = path.display();
    let text = read_given(path, LARGEST_FILE).with_context(|| format!("{shown} cannot be read"))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(Misuse(format!("{shown}: larger than {} MiB", LARGEST_FILE >> 20)).into());
    }
    parse(&shown.to_string(), &text).map_err(|problems| Misuse(problems).into())
}

/// Reads (support, query) points of every task from the bytes of a tasks file called `shown`; `*_y` may
/// be left out where amplitude and phase are given.
///
/// # Errors
/// All problems, one a line, each with the file's name and its place.
pub fn parse_tasks(shown: &str, text: &[u8]) -> Result<Vec<(Points, Points)>, String> {
    parse(shown, text).map(|tasks| tasks.into_iter().map(|task| task.points).collect())
}

fn parse(shown: &str, text: &[u8]) -> Result<Vec<ReadTask>, String> {
    let file: TasksFile = serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = error.to_string();
        // It may quote the file at any length.
        let what = presentable(what.split(" at line ").next().unwrap_or_default(), 200);
        // Python writes NaN and Infinity as bare words, which JSON does not have.
        let hint = if has_bare_word(text, line, column) {
            "; NaN and Infinity are not numbers in JSON, and no point may have them"
        } else if looks_like_utf16(text) {
            "; it looks like UTF-16: save it as UTF-8"
        } else {
            ""
        };
        format!("{shown}:{line}:{column}: {what}{hint}")
    })?;
    let mut problems = unknown_keys(text);
    let tasks = file.tasks.unwrap_or_default();
    if tasks.is_empty() && problems.is_empty() {
        problems.push("tasks: there is none; at least one is needed".to_owned());
    }
    let tasks: Vec<_> = tasks
        .into_iter()
        .enumerate()
        .map(|(i, task)| {
            let wave = match (task.amplitude, task.phase) {
                (Some(amplitude), Some(phase)) => Some(Wave { amplitude, phase, frequency: 1.0 }.into()),
                _ => None,
            };
            let mut points = |set: &str, x: Option<Vec<f64>>, y: Option<Vec<f64>>| {
                points(&format!("tasks[{i}].{set}"), wave, x, y).unwrap_or_else(|problem| {
                    problems.push(problem);
                    Points::default()
                })
            };
            let support = points("support", task.support_x, task.support_y);
            ReadTask { points: (support, points("query", task.query_x, task.query_y)), wave }
        })
        .collect();
    if problems.is_empty() {
        return Ok(tasks);
    }
    let lines: Vec<String> = problems.into_iter().map(|problem| format!("{shown}: {problem}")).collect();
    Err(lines.join("\n"))
}

/// Every name that a task has and that means nothing here, at its first place. Beside the tasks a file may say what it
/// likes, but nothing that is one of their names misspelt.
fn unknown_keys(text: &[u8]) -> Vec<String> {
    let top = serde_json::from_slice::<Names>(text).unwrap_or_default();
    let tasks = serde_json::from_slice::<TasksNames>(text).map_or_else(|_| Vec::new(), |names| names.tasks);
    let meant = |name: &str, known: &[&'static str]| {
        nearest(name, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
    };
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (i, task) in tasks.iter().enumerate() {
        for name in task.keys().filter(|name| !KEYS.contains(&name.as_str())) {
            places.entry(name).or_insert((i, 0)).1 += 1;
        }
    }
    let top = top.keys().filter(|name| *name != "tasks").filter_map(|name| {
        let meant = meant(name, &[&["tasks"][..], &KEYS].concat());
        (!meant.is_empty()).then(|| format!("{}: unknown key{meant}", presentable(name, 60)))
    });
    let of_tasks = places.into_iter().map(|(name, (first, count))| {
        let others = if count > 1 { format!(", as in {} other tasks", count - 1) } else { String::new() };
        let (shown, meant, all) = (presentable(name, 60), meant(name, &KEYS), KEYS.join(", "));
        format!("tasks[{first}].{shown}: unknown key{others}{meant}; a task has {all}")
    });
    top.chain(of_tasks).collect()
}

/// One set of points of one task, `place` its name in the file.
fn points(
    place: &str,
    wave: Option<Function>,
    x: Option<Vec<f64>>,
    y: Option<Vec<f64>>,
) -> Result<Points, String> {
    let x = x.ok_or_else(|| format!("{place}_x: missing; it is the list of the points' x"))?;
    if x.is_empty() || x.len() > MOST_POINTS {
        return Err(format!("{place}_x: has {} points; 1 to {MOST_POINTS} are allowed", x.len()));
    }
    let points = match (y, wave) {
        (Some(y), _) => Points { x, y },
        (None, Some(wave)) => wave.points(x),
        (None, None) => {
            return Err(format!("{place}_y: missing, and without amplitude and phase it cannot be computed"));
        }
    };
    if points.x.len() != points.y.len() {
        let (x, y) = (points.x.len(), points.y.len());
        return Err(format!("{place}_y: has {y} points where {place}_x has {x}"));
    }
    for (axis, values) in [("x", &points.x), ("y", &points.y)] {
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(format!("{place}_{axis}[{at}]: {} is not a finite number", values[at]));
        }
    }
    Ok(points)
}

/// Whether a NaN or Infinity stands where the parser stopped.
fn has_bare_word(text: &[u8], line: usize, column: usize) -> bool {
    let Some(line) = text.split(|&byte| byte == b'\n').nth(line.saturating_sub(1)) else { return false };
    let from = column.saturating_sub(2).min(line.len());
    let rest = &line[from..(from + 12).min(line.len())];
    let rest = String::from_utf8_lossy(rest);
    rest.contains("NaN") || rest.contains("Infinity") || rest.contains("nan") || rest.contains("inf")
}
