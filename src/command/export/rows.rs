//! What the tests of the trained networks gave, as tidy rows and as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::config;
use crate::eval::{BANDS, LossAxis};
use crate::experiments::Experiment;
use crate::results::{Difference, Figure, Outcome, Ran, TableComparison};

/// One row an experiment, seed, test set and n, and one a K of the points curve, in a column of its own where there is
/// one; empty fields where a number is not finite. The column of the
/// test set is there where there are further ones; those of log-likelihood and coverage where a system says how sure it is; those of a sweep's name and of every setting that is swept, where
/// there are sweeps, empty for what is of another sweep or of none.
pub fn csv(outcomes: &[Outcome<'_>], quoted: Quoted) -> String {
    let several = outcomes.iter().any(|outcome| !outcome.settings.tests.is_empty());
    let mut text = "experiment,algorithm,seed,n,mean,median,ci95,nonfinite,tasks".to_owned();
    text += if several { ",test" } else { "" };
    let has_points = outcomes.iter().any(|outcome| outcome.along(LossAxis::Points).has_axis());
    text += if has_points { ",k" } else { "" };
    let is_told = outcomes.iter().any(|outcome| {
        outcome.runs.iter().any(|run| {
            let tests = outcome.settings.every_test();
            tests
                .into_iter()
                .any(|test| run.curves.of(test.name).is_some_and(|curve| curve.calibration.is_some()))
        })
    });
    if is_told {
        text.push_str(",loglik");
        text.extend(BANDS.map(|band| format!(",coverage_{band}")));
    }
    let axes = axes(outcomes);
    text.extend(
        axes.iter().enumerate().map(|(i, axis)| format!("{}{axis}", if i == 0 { ",sweep," } else { "," })),
    );
    text.push('\n');
    let mut cells = Cells::default();
    for (Outcome { settings, .. }, Ran { seed, curves, .. }) in every_run(outcomes) {
        let name = quoted(&settings.name);
        let cell = cells.of(settings, &axes, quoted);
        for test in settings.every_test() {
            let Some(curve) = curves.of(test.name) else { continue };
            let on = match (several, test.name) {
                (true, Some(test)) => format!(",{}", quoted(test)),
                (true, None) => ",".to_owned(),
                (false, _) => String::new(),
            };
            let rows = [LossAxis::Steps, LossAxis::Points].into_iter().flat_map(|axis| {
                let curve = axis.of(curve).into_iter();
                curve.flat_map(move |curve| curve.steps.iter().enumerate().map(move |row| (axis, curve, row)))
            });
            for (axis, curve, (i, at)) in rows {
                let (n, k) = match axis {
                    LossAxis::Steps => (at.to_string(), String::new()),
                    LossAxis::Points => (String::new(), at.to_string()),
                };
                let k = if has_points { format!(",{k}") } else { String::new() };
                let told = match &curve.calibration {
                    Some(of) => {
                        let bands = of.coverage.bands().map(|band| format!(",{}", number(band[i])));
                        format!(",{}{}", number(of.loglik[i]), bands.concat())
                    }
                    None if is_told => ",".repeat(1 + BANDS.len()),
                    None => String::new(),
                };
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{name},{},{seed},{n},{},{},{},{},{}{on}{k}{told}{cell}",
                    settings.algorithm.name(),
                    number(curve.mean[i]),
                    number(curve.median[i]),
                    number(curve.ci95[i]),
                    number(curve.nonfinite[i]),
                    curve.tasks
                );
            }
        }
    }
    text
}

/// Every setting that some sweep goes through, in the order in which they first come.
fn axes<'a>(outcomes: &'a [Outcome<'_>]) -> Vec<&'a str> {
    let mut axes: Vec<&str> = Vec::new();
    let cells = outcomes.iter().filter_map(|outcome| outcome.settings.cell.as_ref());
    for axis in cells.flat_map(|cell| &cell.axes) {
        if !axes.contains(&axis.key.as_str()) {
            axes.push(&axis.key);
        }
    }
    axes
}

/// The fields of an experiment's cell, which all of its rows have: kept from row to row.
#[derive(Default)]
struct Cells {
    of: String,
    fields: String,
}

impl Cells {
    fn of(&mut self, settings: &Experiment, axes: &[&str], quoted: Quoted) -> &str {
        if self.of != settings.name {
            self.of.clone_from(&settings.name);
            let field = |axis: &&str| {
                let axes = settings.cell.iter().flat_map(|cell| &cell.axes);
                let value = axes.into_iter().find(|other| other.key == *axis).map(|axis| &axis.value);
                value.map_or(String::new(), |value| match value {
                    config::Value::Count(_) | config::Value::Number(_) => value.in_short(),
                    _ => quoted(&value.in_words()),
                })
            };
            let sweep = settings.cell.as_ref().map_or(String::new(), |cell| quoted(&cell.sweep));
            let fields = std::iter::once(sweep).chain(axes.iter().map(field));
            self.fields = if axes.is_empty() {
                String::new()
            } else {
                fields.map(|field| format!(",{field}")).collect()
            };
        }
        &self.fields
    }
}

/// Settings and curves of every run, the comparisons where there are any, and the verdicts where there are published
/// figures.
pub fn as_json(
    outcomes: &[Outcome<'_>],
    figures: &[Figure],
    comparisons: Vec<Value>,
    floors: Vec<Value>,
) -> anyhow::Result<String> {
    let run = |(Outcome { settings, .. }, Ran { seed, curves, .. }): (&Outcome<'_>, &Ran<'_>)| {
        let curve = curves.of(None);
        let mut run = json!({ "seed": seed, "settings": settings, "curve": curve });
        let further = settings.every_test().filter_map(|test| {
            let curve = serde_json::to_value(curves.of(test.name)?).ok()?;
            Some((test.name?.to_owned(), curve))
        });
        let further: Map<_, _> = further.collect();
        if !further.is_empty() {
            run["tests"] = further.into();
        }
        if let Some(Value::Object(cell)) =
            settings.cell.as_ref().and_then(|cell| serde_json::to_value(cell).ok())
        {
            cell.into_iter().for_each(|(key, value)| run[key] = value);
        }
        run
    };
    let mut all = json!({ "runs": every_run(outcomes).map(run).collect::<Vec<_>>() });
    if !figures.is_empty() {
        let verdicts = figures.iter().filter_map(Figure::event).map(serde_json::to_value);
        all["verdicts"] = verdicts.collect::<Result<Vec<_>, _>>()?.into();
    }
    if !comparisons.is_empty() {
        all["comparisons"] = comparisons.into();
    }
    if !floors.is_empty() {
        all["floors"] = floors.into();
    }
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

/// One row a published figure; empty fields where there is no number, or no verdict yet. `None` if there is no
/// figure.
pub fn verdicts(figures: &[Figure], quoted: Quoted) -> Option<String> {
    let mut text =
        "experiment,test,n,measured,ci95,seeds,lost,published,published_ci95,mark,source,verdict\n"
            .to_owned();
    let optional = |value: Option<f64>| value.map_or(String::new(), number);
    for figure in figures {
        let (measured, ci95) = figure.mean();
        let published = &figure.published;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{}",
            quoted(&figure.experiment),
            published.test.as_deref().map_or(String::new(), quoted),
            published.n,
            optional(measured),
            optional(ci95),
            figure.seeds,
            figure.lost(),
            number(published.loss),
            optional(published.ci95),
            published.mark.map_or("", |mark| mark.name()),
            quoted(&published.source),
            figure.verdict().map_or("", |verdict| verdict.name()),
        );
    }
    (!figures.is_empty()).then_some(text)
}

/// One row a system that is held against the lowest of its group; empty fields where there is no number. What is of the
/// points curve has its K in a column of its own, which is there where anything is. `None` if nothing is compared.
pub fn comparisons(
    comparisons: &[TableComparison],
    outcomes: &[Outcome<'_>],
    quoted: Quoted,
) -> Option<String> {
    let mut text =
        "test,n,group,over,lowest,experiment,difference,ci95_low,ci95_high,seeds,verdict".to_owned();
    let has_points = comparisons.iter().any(|comparison| comparison.axis == LossAxis::Points);
    text += if has_points { ",k\n" } else { "\n" };
    let name = |index: usize| quoted(&outcomes[index].settings.name);
    let optional = |value: Option<f64>| value.map_or(String::new(), number);
    for TableComparison { test, axis, group, n, comparison } in comparisons {
        let (n, k) = match axis {
            LossAxis::Steps => (n.to_string(), String::new()),
            LossAxis::Points => (String::new(), n.to_string()),
        };
        let k = if has_points { format!(",{k}") } else { String::new() };
        let test = test.as_deref().map_or(String::new(), quoted);
        let (over, lowest) = (comparison.over.name(), name(comparison.lowest));
        for against in &comparison.others {
            let Difference { mean, interval, seeds, standing } = against.difference;
            let [low, high] = [0, 1].map(|end| optional(interval.map(|interval| interval[end])));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{test},{n},{group},{over},{lowest},{},{},{low},{high},{},{}{k}",
                name(against.experiment),
                optional(mean),
                seeds.name(),
                standing.name()
            );
        }
    }
    (!comparisons.is_empty()).then_some(text)
}

fn every_run<'a>(outcomes: &'a [Outcome<'a>]) -> impl Iterator<Item = (&'a Outcome<'a>, &'a Ran<'a>)> {
    outcomes.iter().flat_map(|outcome| outcome.runs.iter().map(move |run| (outcome, run)))
}

fn number(x: f64) -> String {
    if x.is_finite() { x.to_string() } else { String::new() }
}

/// How a text becomes a cell.
pub type Quoted = fn(&str) -> String;

/// As RFC 4180 asks, whatever is in the text.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The same with a `'` before what other programs take for more than a text, as spreadsheets mark one.
pub fn safely_quoted(text: &str) -> String {
    quoted(&if is_taken_amiss(text) { format!("'{text}") } else { text.to_owned() })
}

/// Whether other programs take the text of a cell for something else, quotes or not: a spreadsheet for a formula, which
/// it carries out, or R and pandas for a missing value.
pub fn is_taken_amiss(text: &str) -> bool {
    const MISSING: [&str; 7] = ["na", "n/a", "<na>", "#n/a", "nan", "null", "none"];
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    is_formula || MISSING.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_carries_out_is_marked() {
        for text in ["=1+1", "+cmd|' /C calc'!A0", "-x", "@SUM(A1)", "NA", "nan", "N/A", "NULL"] {
            assert_eq!(safely_quoted(text), format!("\"'{text}\""));
            assert_eq!(quoted(text), format!("\"{text}\""));
        }
        for text in ["-1", "+0.5", "-1e-3", "MAML", "a=b", "NATO", "Nano"] {
            assert_eq!(safely_quoted(text), quoted(text));
        }
    }
}
