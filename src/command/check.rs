//! `metascope check`: every problem of an experiments file at once.

use std::io::Write as _;
use std::path::Path;

use super::inputs::study;
use super::outcome::Exit;
use super::run::{cores, workers};
use crate::config::printable;
use crate::experiments::FIRST_TEST;
use crate::results::test_names;
use crate::study::needs::{Needs, available, size};
use crate::study::plan;

/// Prints what the file asks for, or fails with all its problems.
pub fn check(file: Option<&Path>) -> anyhow::Result<Exit> {
    let study = study(file)?;
    let runs = plan(&study);
    let steps: u64 = runs.iter().map(|run| run.settings.total_steps()).sum();
    let name =
        study.path.as_ref().map_or("the built-in experiments".into(), |path| path.display().to_string());
    let jobs = cores();
    let needs = Needs::of(&runs, jobs);
    let (experiments, runs) = (study.experiments.len(), runs.len());
    let (bytes, work, jobs) = (size(needs.bytes), operations(needs.flop), workers(jobs));
    let mut lines = vec![
        format!("{name}: no problems; {experiments} experiments, {runs} runs, {steps} outer steps"),
        format!("about {work} operations, and {bytes} of memory with {jobs}"),
    ];
    let tests = test_names(study.experiments.iter());
    let figures: usize = study.experiments.iter().map(|experiment| experiment.published.len()).sum();
    if !tests.is_empty() {
        lines.push(format!("{} test sets: {FIRST_TEST}, {}", tests.len() + 1, tests.join(", ")));
    }
    if figures > 0 {
        lines.push(format!("{figures} published figures to hold the results against"));
    }
    if let Some(available) = available().filter(|available| needs.bytes > *available) {
        lines.push(format!("this machine gives {}: `run` refuses it without --force", size(available)));
    }
    let mut out = std::io::stdout();
    for line in lines {
        writeln!(out, "{}", printable(&line))?;
    }
    Ok(Exit::Done)
}

/// Operations in words: `3.2e12`.
fn operations(flop: f64) -> String {
    if flop < 1e6 { "less than 1e6".to_owned() } else { format!("{flop:.1e}") }
}
