//! `metascope export`: the results of run folders as tidy rows, as JSON, as a picture of the curves or
//! of a fit, or as event files of TensorBoard.

mod curves;
mod fit;
mod rows;
mod svg;
mod tensorboard;

pub use rows::is_taken_amiss;

use std::io::Write as _;

use anyhow::{Context, bail};

use super::outcome::{Exit, Misuse};
use crate::cli::{ExportCommand, Format};
use crate::config::{as_seen, printable};
use crate::eval::Average;
use crate::experiments::Study;
use crate::results::{ListRow, Outcome, Results, groups, judged_at, rows, table_comparisons, test_names};
use crate::study::{Event, Kind, Watcher, write_out};

/// Reads the folders and writes.
pub fn export(command: &ExportCommand) -> anyhow::Result<Exit> {
    let ExportCommand { dirs, format, out, fit, steps, test, verdicts, comparisons, safe } = command;
    if fit.is_some() && *format != Format::Svg {
        return Err(Misuse("--fit is a picture: it needs --format svg".to_owned()).into());
    }
    if test.is_some() && *format != Format::Svg {
        let text =
            "--test says what a picture is of: it needs --format svg; rows and JSON have every test set";
        return Err(Misuse(text.to_owned()).into());
    }
    for (option, given) in [("--verdicts", verdicts), ("--comparisons", comparisons)] {
        if *given && *format != Format::Csv {
            let text = format!("{option} are rows: they need --format csv; the JSON has them anyway");
            return Err(Misuse(text).into());
        }
    }
    if *safe && *format != Format::Csv {
        return Err(Misuse("--safe is of cells: it needs --format csv".to_owned()).into());
    }
    if *format == Format::Tensorboard && out.is_none() {
        return Err(Misuse("--format tensorboard is many files: it needs --out FOLDER".to_owned()).into());
    }
    let (study, watcher) = Watcher::open(dirs)?;
    let names = test_names(study.experiments.iter());
    // As the letters look, whichever way they are written.
    let called = |wanted: &String| names.iter().find(|name| as_seen(name) == as_seen(wanted)).cloned();
    let test = &test.as_ref().map(|wanted| called(wanted).unwrap_or_else(|| wanted.clone()));
    if let Some(test) = test.as_ref().filter(|test| !names.contains(test)) {
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let text = format!("--test {test:?}: no run here has such a further test set; there are: {known}");
        return Err(Misuse(text).into());
    }
    let told = watcher.read_all();
    let (notes, skipped) = notes(&watcher, &told);
    let mut stderr = std::io::stderr();
    for note in notes {
        // Nobody may be left to read it.
        let _ = writeln!(stderr, "{}", printable(&note));
    }
    if let (Format::Tensorboard, Some(out)) = (format, out) {
        let runs = watcher.runs();
        let sound = runs.iter().zip(&told).enumerate().filter(|(index, _)| watcher.doubt(*index).is_none());
        if tensorboard::write(out, sound.map(|(_, (run, events))| (run, &events[..])))? == 0 {
            bail!("none of these {} runs has anything to show yet", runs.len());
        }
        return Ok(if skipped { Exit::Failed } else { Exit::Done });
    }
    let text = match fit {
        Some(task) => fit::picture(&watcher, *task, steps, test.as_deref())?,
        None => results(command, &study, &watcher, &told)?,
    };
    match out {
        Some(out) => {
            write_out(out, text.as_bytes())
                .with_context(|| format!("{} could not be written", out.display()))?;
        }
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(if skipped { Exit::Failed } else { Exit::Done })
}

/// What the runs of a folder do not give, and why, a line each. Whether any was skipped that should have
/// given something.
fn notes(watcher: &Watcher, told: &[Vec<Event>]) -> (Vec<String>, bool) {
    let (mut skipped, mut unfinished, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (run, events)) in watcher.runs().iter().zip(told).enumerate() {
        let name = format!("{}, seed {}", run.settings.name, run.seed);
        if let Some(why) = watcher.doubt(index) {
            skipped.push(format!("skipped: {name} ({}): {why}", watcher.folder(index).display()));
            continue;
        }
        if watcher.is_unverified(index) {
            others
                .push(format!("unverified: {name}: an earlier version wrote it, or its resume.bin is lost"));
        }
        match events.last().map(|event| &event.kind) {
            Some(Kind::Failed { step, error, .. }) => {
                others.push(format!("without a result: {name} failed at step {step}: {error}"));
            }
            Some(Kind::Finished { .. }) => {}
            _ => unfinished.push(name),
        }
    }
    for (path, why) in watcher.passed_over() {
        skipped.push(format!("skipped: {}: {why}", path.display()));
    }
    for (left_out, counts) in watcher.twice() {
        others.push(format!(
            "twice: {} is the run of {}, which counts",
            left_out.display(),
            counts.display()
        ));
    }
    let any = !skipped.is_empty();
    if !unfinished.is_empty() {
        others.push(format!("not finished yet: {}", unfinished.join("; ")));
    }
    skipped.append(&mut others);
    (skipped, any)
}

/// What the tests of the trained networks gave.
fn results(
    command: &ExportCommand,
    study: &Study,
    watcher: &Watcher,
    told: &[Vec<Event>],
) -> anyhow::Result<String> {
    let ExportCommand { dirs, format, test, verdicts, comparisons, safe, .. } = command;
    let quoted = if *safe { rows::safely_quoted } else { rows::quoted };
    let names: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    let names = names.join(", ");
    let runs = watcher.runs();
    let mut results = Results::new(study, &runs);
    for (run, events) in told.iter().enumerate() {
        events.iter().for_each(|event| results.on_event(run, event));
    }
    let mut outcomes = results.outcomes();
    if *verdicts {
        return rows::verdicts(&results.figures(), quoted)
            .with_context(|| format!("{names}: its runs have no published figures"));
    }
    let compared = table_comparisons(&outcomes);
    if *comparisons {
        return rows::comparisons(&compared, &outcomes, quoted)
            .with_context(|| format!("{names}: no two of its systems have results on the same test tasks"));
    }
    let compared = compared.iter().map(|comparison| serde_json::to_value(comparison.event(&outcomes)));
    let compared: Vec<_> = compared.collect::<Result<_, _>>()?;
    let figures = results.figures();
    outcomes
        .iter_mut()
        .for_each(|outcome| outcome.runs.retain(|run| run.curves.of(test.as_deref()).is_some()));
    outcomes.retain(|outcome| !outcome.runs.is_empty());
    if outcomes.is_empty() {
        bail!("{names}: none of its {} runs has been tested yet", runs.len());
    }
    Ok(match format {
        Format::Csv => self::rows::csv(&outcomes, quoted),
        Format::Json => self::rows::as_json(&outcomes, &figures, compared)?,
        // Tensorboard's are no text, and have been written.
        Format::Svg | Format::Tensorboard => {
            curves::picture(&one_a_row(outcomes, test.as_deref()), test.as_deref())
        }
    })
}

/// The outcomes that a picture of curves has: of a sweep the best cell alone, under a name that says so.
fn one_a_row<'a>(outcomes: Vec<Outcome<'a>>, test: Option<&str>) -> Vec<(String, Outcome<'a>)> {
    let (list, sweeps) = rows(outcomes.iter().map(|outcome| outcome.settings));
    let groups = groups(&outcomes, test);
    let named = |row: &ListRow| match *row {
        ListRow::One(index) => (outcomes[index].settings.name.clone(), index),
        ListRow::Sweep(sweep) => {
            let sweep = &sweeps[sweep];
            let steps = |index: &usize| Some(outcomes[*index].test(test)?.evaluation.steps);
            let n = judged_at(sweep.experiments.iter().filter_map(steps).max().unwrap_or(0));
            // Of the cells that were tested on the same tasks as the first.
            let cells = groups.iter().map(|group| sweep.comparable(group)).find(|cells| !cells.is_empty());
            let cells = cells.unwrap_or_default();
            let best = sweep.best_of(&cells, |index| outcomes[index].cell_loss(test, n, Average::Mean));
            let index = best.map_or(sweep.experiments[0], |(index, _)| index);
            (sweep.row_name(best.map(|(index, _)| outcomes[index].settings), cells.len()), index)
        }
    };
    let shown: Vec<(String, usize)> = list.iter().map(named).collect();
    let mut outcomes: Vec<Option<Outcome<'_>>> = outcomes.into_iter().map(Some).collect();
    shown.into_iter().filter_map(|(name, index)| Some((name, outcomes[index].take()?))).collect()
}
