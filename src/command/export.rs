//! `metascope export`: the results of run folders as tidy rows, as JSON, as pictures and tables for a paper, as one page to
//! send to somebody, or as event files of TensorBoard.

mod chart;
mod contrasts;
mod convert;
mod curves;
mod fit;
mod heat;
mod panes;
mod paper;
mod profile;
mod report;
mod rows;
mod shown;
mod tables;
mod tensorboard;

pub use rows::is_taken_amiss;

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context, bail};

use self::paper::Paper;
use self::shown::{one_a_row, shown, tested};
use super::outcome::{Exit, Misuse};
use crate::cli::{ExportCommand, Format};
use crate::config::{as_seen, printable};
use crate::eval::LossAxis;
use crate::experiments::Study;
use crate::results::{Outcome, Results, Sweep, floors, rows, table_comparisons, test_names};
use crate::study::{Event, Kind, Watcher, write_out};

/// Reads the folders and writes.
pub fn export(command: &ExportCommand) -> anyhow::Result<Exit> {
    let ExportCommand { dirs, format, out, fit, steps, test, pane, task, .. } = command;
    sense(command)?;
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
    for note in &notes {
        // Nobody may be left to read it.
        let _ = writeln!(stderr, "{}", printable(note));
    }
    if let (Format::Tensorboard, Some(out)) = (format, out) {
        let runs = watcher.runs();
        let sound = runs.iter().zip(&told).enumerate().filter(|(index, _)| watcher.doubt(*index).is_none());
        if tensorboard::write(out, sound.map(|(_, (run, events))| (run, &events[..])))? == 0 {
            bail!("none of these {} runs has anything to show yet", runs.len());
        }
        return Ok(if skipped { Exit::Failed } else { Exit::Done });
    }
    let mut results = Results::new(&study, &watcher.runs());
    for (run, events) in told.iter().enumerate() {
        events.iter().for_each(|event| results.on_event(run, event));
    }
    let names = || -> Vec<String> {
        let outcomes = results.outcomes();
        let shown = shown(&outcomes, test.as_deref());
        shown.iter().map(|(_, index)| outcomes[*index].settings.name.clone()).collect()
    };
    let (test_name, paper) = (test.as_deref(), paper(command));
    let text = match (fit, pane) {
        (Some(task), _) => fit::picture(&watcher, &names(), *task, steps, test_name, &paper)?,
        (None, Some(pane)) => panes::picture(&watcher, &names(), pane, *task, test_name, &paper)?,
        (None, None) => text(command, &study, &watcher, &results, &notes)?,
    };
    let bytes = match format {
        Format::Pdf | Format::Png => convert::converted(&text, *format)?,
        _ => text.into_bytes(),
    };
    match out {
        Some(out) => {
            write_out(out, &bytes).with_context(|| format!("{} could not be written", out.display()))?;
        }
        None => std::io::stdout().write_all(&bytes)?,
    }
    Ok(if skipped { Exit::Failed } else { Exit::Done })
}

/// Whether these options go together.
fn sense(command: &ExportCommand) -> anyhow::Result<()> {
    let ExportCommand { format, out, fit, test, verdicts, comparisons, profile, sweep, interval, .. } =
        command;
    let (is_picture, is_table) = (format.is_picture(), format.is_table());
    let misuse = |text: &str| Err(Misuse(text.to_owned()).into());
    let pictures = "--format svg, pdf or png";
    for (option, given) in [
        ("--fit", fit.is_some()),
        ("--pane", command.pane.is_some()),
        ("--profile", profile.is_some()),
        ("--sweep", sweep.is_some()),
        ("--points", command.points),
    ] {
        if given && !is_picture {
            return misuse(&format!("{option} is a picture: it needs {pictures}"));
        }
    }
    if test.is_some() && !is_picture {
        return misuse(&format!(
            "--test says what a picture is of: it needs {pictures}; all else has every test set"
        ));
    }
    if *comparisons && !is_picture && !is_table && *format != Format::Csv {
        return misuse(
            "--comparisons: they need --format csv, latex, markdown or a picture; JSON and HTML have them anyway",
        );
    }
    if *verdicts && !is_table && *format != Format::Csv {
        return misuse(
            "--verdicts are rows: they need --format csv, latex or markdown; JSON and HTML have them anyway",
        );
    }
    if command.safe && *format != Format::Csv {
        return misuse("--safe is of cells: it needs --format csv");
    }
    if interval.is_some() && !is_picture && !is_table && *format != Format::Html {
        return misuse(
            "--interval: it needs a picture, a table for a paper, or --format html; rows and JSON have every seed",
        );
    }
    if (command.width.is_some() || command.font_size.is_some()) && !is_picture {
        return misuse(&format!("--width and --font-size are of pictures: they need {pictures}"));
    }
    if *format == Format::Tensorboard && out.is_none() {
        return misuse("--format tensorboard is many files: it needs --out FOLDER");
    }
    if matches!(format, Format::Pdf | Format::Png) && out.is_none() && std::io::stdout().is_terminal() {
        return misuse("a terminal shows no PDF and no PNG: they need --out FILE, or a pipe");
    }
    Ok(())
}

fn paper(command: &ExportCommand) -> Paper {
    /// A page's text is as wide.
    const WIDTH: f64 = 6.5 * 72.0;
    /// A size smaller than that text.
    const LETTERS: f64 = 9.0;
    Paper { width: command.width.unwrap_or(WIDTH), font: command.font_size.unwrap_or(LETTERS), dark: false }
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
fn text(
    command: &ExportCommand,
    study: &Study,
    watcher: &Watcher,
    results: &Results,
    notes: &[String],
) -> anyhow::Result<String> {
    let ExportCommand { dirs, format, test, verdicts, comparisons, safe, .. } = command;
    let test = test.as_deref();
    let interval = command.interval.unwrap_or_default();
    let quoted = if *safe { rows::safely_quoted } else { rows::quoted };
    let names: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    let names = names.join(", ");
    let all = results.outcomes();
    let figures = results.figures();
    if *verdicts {
        let none = || format!("{names}: its runs have no published figures");
        return match format {
            Format::Csv => rows::verdicts(&figures, quoted).with_context(none),
            _ => tables::verdicts(&figures).map(|table| as_table(*format, &[table])).with_context(none),
        };
    }
    let compared = table_comparisons(&all);
    if *comparisons {
        let none = || format!("{names}: no two of its systems have results on the same test tasks");
        return match format {
            Format::Csv => rows::comparisons(&compared, &all, quoted).with_context(none),
            Format::Latex | Format::Markdown => {
                let tables = Some(tables::comparisons(&compared, &all)).filter(|tables| !tables.is_empty());
                tables.map(|tables| as_table(*format, &tables)).with_context(none)
            }
            _ => {
                let paper = paper(command);
                let axis = if command.points { LossAxis::Points } else { LossAxis::Steps };
                let all: Vec<Outcome<'_>> = all.iter().map(|outcome| outcome.along(axis)).collect();
                contrasts::figure(&all, &shown(&all, test), test)
                    .map(|figure| figure.draw(&paper))
                    .with_context(none)
            }
        };
    }
    let outcomes = tested(&all, test);
    if outcomes.is_empty() {
        bail!("{names}: none of its {} runs has been tested yet", watcher.runs().len());
    }
    Ok(match format {
        Format::Csv => self::rows::csv(&outcomes, quoted),
        Format::Json => {
            let compared = compared.iter().map(|comparison| serde_json::to_value(comparison.event(&all)));
            let floors = floors(&outcomes).iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            self::rows::as_json(&outcomes, &figures, compared.collect::<Result<_, _>>()?, floors)?
        }
        Format::Latex | Format::Markdown => as_table(*format, &tables::losses(&outcomes, interval)),
        Format::Html => report::page(&report::Report {
            study,
            watcher,
            results,
            outcomes: &outcomes,
            compared: &table_comparisons(&outcomes),
            figures: &figures,
            interval,
            notes,
        })?,
        // Tensorboard's are no text, and have been written.
        Format::Svg | Format::Pdf | Format::Png | Format::Tensorboard => {
            picture(command, watcher, outcomes, &names)?
        }
    })
}

/// The picture that is asked for: of a sweep, of the distribution over tasks, or of the curves.
fn picture(
    command: &ExportCommand,
    watcher: &Watcher,
    outcomes: Vec<Outcome<'_>>,
    names: &str,
) -> anyhow::Result<String> {
    let (test, paper) = (command.test.as_deref(), paper(command));
    let interval = command.interval.unwrap_or_default();
    if let Some(name) = &command.sweep {
        let (_, sweeps) = rows(outcomes.iter().map(|outcome| outcome.settings));
        let is_it = |sweep: &&Sweep| name.is_empty() || sweep.name == *name;
        let Some(sweep) = sweeps.iter().find(is_it) else {
            let known: Vec<&str> = sweeps.iter().map(|sweep| sweep.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(
                Misuse(format!("--sweep {name:?}: {names} has no such sweep; there are: {known}")).into()
            );
        };
        return heat::picture(sweep, &outcomes, test, &paper);
    }
    if command.points {
        let outcomes: Vec<Outcome<'_>> =
            outcomes.iter().map(|outcome| outcome.along(LossAxis::Points)).collect();
        let shown = one_a_row(outcomes.into_iter().filter(Outcome::has_axis).collect(), test);
        if shown.is_empty() {
            bail!("{names}: no test of its runs has a points curve: [evaluation] points = 20 asks for one");
        }
        return Ok(curves::figure(&shown, test, interval).draw(&paper));
    }
    let shown = one_a_row(outcomes, test);
    let Some(n) = command.profile else { return Ok(curves::figure(&shown, test, interval).draw(&paper)) };
    let only: Vec<Outcome<'_>> = shown.iter().map(|(_, outcome)| outcome.clone()).collect();
    let losses = profile::losses(watcher, &only, n, test)?;
    if losses.iter().all(Vec::is_empty) {
        bail!("{names}: none of its runs has a trained network to test");
    }
    Ok(profile::figure(&shown, &losses, (n, test), interval).draw(&paper))
}

fn as_table(format: Format, tables: &[tables::Table]) -> String {
    let one = if format == Format::Latex { tables::latex } else { tables::markdown };
    tables.iter().map(one).collect::<Vec<_>>().join("\n")
}
