//! `metascope export`: the results of run folders as tidy rows, as JSON, or as a picture of the curves or
//! of a fit.

mod curves;
mod fit;
mod rows;
mod svg;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};

use super::outcome::{Exit, Misuse};
use crate::cli::{ExportCommand, Format};
use crate::study::{Event, Watcher, replace};
use rows::Tested;

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
        Format::Csv => rows::csv(&tested),
        Format::Json => rows::as_json(&tested)?,
        Format::Svg => curves::picture(&tested),
    })
}
