//! `metascope check`: every problem of an experiments file at once.

use std::io::Write as _;
use std::path::Path;

use super::inputs::study;
use super::outcome::Exit;
use crate::experiments::FIRST_TEST;
use crate::results::test_names;
use crate::study::plan;

/// Prints what the file asks for, or fails with all its problems.
pub fn check(file: Option<&Path>) -> anyhow::Result<Exit> {
    let study = study(file)?;
    let runs = plan(&study);
    let steps: u64 = runs.iter().map(|run| run.settings.total_steps()).sum();
    let name =
        study.path.as_ref().map_or("the built-in experiments".into(), |path| path.display().to_string());
    let (experiments, runs) = (study.experiments.len(), runs.len());
    let mut out = std::io::stdout();
    writeln!(out, "{name}: no problems; {experiments} experiments, {runs} runs, {steps} outer steps")?;
    let tests = test_names(study.experiments.iter());
    let figures: usize = study.experiments.iter().map(|experiment| experiment.published.len()).sum();
    if !tests.is_empty() {
        writeln!(out, "{} test sets: {FIRST_TEST}, {}", tests.len() + 1, tests.join(", "))?;
    }
    if figures > 0 {
        writeln!(out, "{figures} published figures to hold the results against")?;
    }
    Ok(Exit::Done)
}
