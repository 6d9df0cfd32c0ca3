//! `metascope export`: the results of run folders as tidy rows, as JSON, or as a picture of the curves or
//! of a fit.

mod curves;
mod fit;
mod svg;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::json;

use super::{Exit, Misuse};
use crate::cli::{ExportCommand, Format};
use crate::eval::Curve;
use crate::study::{Event, Run, Watcher, replace};

/// A run that has been tested.
struct Tested<'a> {
    run: &'a Run,
    curve: Curve,
}

/// Reads the folders and writes.
pub fn export(command: &ExportCommand) -> anyhow::Result<Exit> {
    let ExportCommand { dir, format, out, fit, steps } = command;
    if fit.is_some() && *format != Format::Svg {
        return Err(Misuse("--fit is a picture: it needs --format svg".to_owned()).into());
    }
    if !dir.exists() {
        bail!("{}: there is no such folder", dir.display());
    }
    let (_, watcher) = Watcher::open(dir)?;
    let text = match fit {
        Some(task) => fit::picture(&watcher, *task, steps)?,
        None => results(dir, &watcher, *format)?,
    };
    match out {
        Some(out) => {
            replace(out, text.as_bytes())
                .with_context(|| format!("{} could not be written", out.display()))?;
        }
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(Exit::Done)
}

/// What the tests of the trained networks gave.
fn results(dir: &Path, watcher: &Watcher, format: Format) -> anyhow::Result<String> {
    let (runs, curves) = (watcher.runs(), watcher.read_all());
    let tested: Vec<Tested> = runs
        .iter()
        .zip(curves)
        .filter_map(|(run, events)| {
            let curve = events.into_iter().rev().find_map(|event| match event {
                Event::Evaluated { curve, .. } => Some(curve),
                _ => None,
            })?;
            Some(Tested { run, curve })
        })
        .collect();
    if tested.is_empty() {
        bail!("{}: none of its {} runs has been tested yet", dir.display(), runs.len());
    }
    Ok(match format {
        Format::Csv => csv(&tested),
        Format::Json => as_json(&tested)?,
        Format::Svg => curves::picture(&tested),
    })
}

/// One row an experiment, seed and n; empty fields where a number is not finite.
fn csv(tested: &[Tested]) -> String {
    let number = |x: f64| if x.is_finite() { x.to_string() } else { String::new() };
    let mut text = "experiment,algorithm,seed,n,mean,median,ci95,nonfinite,tasks\n".to_owned();
    for Tested { run, curve } in tested {
        // Quoted as RFC 4180 asks, whatever is in the name.
        let name = run.settings.name.replace('"', "\"\"");
        for (i, n) in curve.steps.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "\"{name}\",{},{},{n},{},{},{},{},{}",
                run.settings.training.algorithm.name(),
                run.seed,
                number(curve.mean[i]),
                number(curve.median[i]),
                number(curve.ci95[i]),
                number(curve.nonfinite[i]),
                curve.tasks
            );
        }
    }
    text
}

/// Settings and curve of every run.
fn as_json(tested: &[Tested]) -> anyhow::Result<String> {
    let runs: Vec<_> = tested
        .iter()
        .map(|Tested { run, curve }| json!({ "seed": run.seed, "settings": &*run.settings, "curve": curve }))
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "runs": runs }))? + "\n")
}
