//! `metascope check`: every problem of an experiments file at once.

use std::io::Write;
use std::path::Path;

use super::inputs::study;
use super::outcome::Exit;
use crate::study::plan;

/// Prints what the file asks for, or fails with all its problems.
pub fn check(file: Option<&Path>) -> anyhow::Result<Exit> {
    let study = study(file)?;
    let runs = plan(&study);
    let steps: u64 = runs.iter().map(|run| run.settings.total_steps()).sum();
    let name =
        study.path.as_ref().map_or("the built-in experiments".into(), |path| path.display().to_string());
    let (experiments, runs) = (study.experiments.len(), runs.len());
    writeln!(
        std::io::stdout(),
        "{name}: no problems; {experiments} experiments, {runs} runs, {steps} outer steps"
    )?;
    Ok(Exit::Done)
}
