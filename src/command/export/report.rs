//! The results as one page that needs nothing else: settings that differ, curves, tables, comparisons, verdicts, fits and
//! who computed it all. Without scripts; light and dark as the reader has it, light on paper.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::paper::Paper;
use super::shown::{self, one_a_row, tested};
use super::tables::{Cell, Line, Spread, Table};
use super::{contrasts, curves, fit, heat, profile, tables};
use crate::cli::Interval;
use crate::eval::{Average, LossAxis};
use crate::experiments::Study;
use crate::results::{
    Figure, Findings, Outcome, Results, TableComparison, best_guess, compare, differences, floor, judged_at,
    rows, test_names,
    text::{Glyphs, number},
};
use crate::study::{Watcher, provenance_of};
use crate::task::Shots;

/// What a page is made of.
pub struct Report<'a> {
    pub study: &'a Study,
    pub watcher: &'a Watcher,
    pub results: &'a Results,
    /// Those that have been tested.
    pub outcomes: &'a [Outcome<'a>],
    pub compared: &'a [TableComparison],
    pub figures: &'a [Figure],
    pub interval: Interval,
    /// What its runs do not give.
    pub notes: &'a [String],
}

/// Points across of its pictures, and of their letters.
const WIDTH: f64 = 520.0;
const LETTERS: f64 = 10.0;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #555; --ground: #fff; --line: #ddd; --band: #f4f4f2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --soft: #aaa; --ground: #16181c; --line: #3a3d44; --band: #1f2228; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; color: var(--ink); background: var(--ground);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, li { max-width: 46rem; overflow-wrap: anywhere; } .note { color: var(--soft); font-size: .85rem; margin: .3rem 0; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
a { color: inherit; }
.wide { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
thead th { border-bottom: 2px solid var(--ink); white-space: nowrap; } tr.heading td { font-style: italic; text-align: left; background: var(--band); }
td { white-space: nowrap; } td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; max-width: 15rem; } .words td { white-space: normal; overflow-wrap: break-word; } td.best { font-weight: 700; }
td span { color: var(--soft); font-weight: 400; } td.best span { color: inherit; font-weight: 700; }
figure { margin: .8rem 0; overflow-x: auto; } figure svg { width: 100%; min-width: 32rem; max-width: 46rem; height: auto; display: block; }
@media (max-width: 40rem) { body { font-size: 15px; } td:first-child { max-width: 8rem; } th, td { padding: .25rem .35rem; } }
.dark { display: none; }
@media (prefers-color-scheme: dark) { .light { display: none; } .dark { display: block; } }
@media print {
  :root { --ink: #000; --soft: #444; --ground: #fff; --line: #bbb; --band: #f4f4f2; color-scheme: light; }
  .light { display: block; } .dark { display: none; } body { max-width: none; padding: 0; font-size: 10pt; }
  figure, tr { break-inside: avoid; } figure svg { min-width: 0; } h2, h3 { break-after: avoid; } nav { display: none; } .wide { overflow: visible; }
}
";

/// The page.
pub fn page(report: &Report<'_>) -> anyhow::Result<String> {
    let name = &report.study.name;
    let mut sections: Vec<(&str, String)> = vec![("What came of it", found(report))];
    sections.push(("Losses", losses(report)));
    for (title, section) in [
        ("Adaptation curves", curves_along(report, LossAxis::Steps)),
        ("Loss over support points", curves_along(report, LossAxis::Points)),
        ("Sweeps", sweeps(report)?),
        ("Comparisons", comparisons(report)),
        (
            "Published figures",
            tables::verdicts(report.figures).map_or(String::new(), |table| self::table(&table, true)),
        ),
        ("Distribution over tasks and a fit", tasks(report)?),
        ("Settings that differ", settings(report)),
        ("Where this comes from", provenance(report)),
    ] {
        if !section.is_empty() {
            sections.push((title, section));
        }
    }
    let mut body =
        format!("<h1>{}</h1>\n<p class=\"note\">{}</p>\n<nav><ul>", safe(name), safe(&subject(report)));
    for (at, (title, _)) in sections.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(body, "<li><a href=\"#s{at}\">{title}</a></li>");
    }
    body.push_str("</ul></nav>\n<main>\n");
    for (at, (title, section)) in sections.iter().enumerate() {
        let _ = write!(body, "<section id=\"s{at}\">\n<h2>{title}</h2>\n{section}</section>\n");
    }
    body.push_str("</main>\n");
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"metascope {}\">\n<title>{}: metascope</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n{body}</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        safe(name)
    ))
}

/// Text as HTML wants it.
fn safe(text: &str) -> String {
    let tame = text.replace(|letter: char| letter.is_control(), " ");
    tame.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn paragraphs(lines: &[String], class: &str) -> String {
    lines.iter().map(|line| format!("<p{class}>{}</p>\n", safe(line))).collect()
}

fn subject(report: &Report<'_>) -> String {
    let runs: usize = report.outcomes.iter().map(|outcome| outcome.runs.len()).sum();
    let families: BTreeSet<&str> =
        report.outcomes.iter().map(|outcome| outcome.settings.task.family.name()).collect();
    let shots = report.outcomes.iter().map(|outcome| outcome.settings.task.shots);
    let shots: BTreeSet<(usize, usize)> = shots.map(|shots| (shots.fewest, shots.most)).collect();
    let shots: Vec<String> =
        shots.into_iter().map(|(fewest, most)| Shots { fewest, most }.in_words()).collect();
    format!(
        "Few-shot regression ({}), {} support points; {} systems, {runs} tested runs of {}.",
        families.into_iter().collect::<Vec<_>>().join(", "),
        shots.join(", "),
        report.outcomes.len(),
        report.watcher.runs().len()
    )
}

/// The names of the test sets, the first of which has none.
fn tests(report: &Report<'_>) -> Vec<Option<String>> {
    let names = test_names(report.outcomes.iter().map(|outcome| outcome.settings));
    std::iter::once(None).chain(names.into_iter().map(Some)).collect()
}

/// The sentences that the rules allow.
fn found(report: &Report<'_>) -> String {
    let mut text = paragraphs(report.notes, " class=\"note\"");
    let mut any = false;
    for test in tests(report) {
        let test = test.as_deref();
        let said = [LossAxis::Steps, LossAxis::Points].map(|axis| said(&along(report, axis), test));
        let [of_steps, of_points] = &said;
        if of_steps.is_empty() && of_points.is_empty() {
            continue;
        }
        any = true;
        if let Some(test) = test {
            let _ = writeln!(text, "<h3>On [{}]</h3>", safe(test));
        }
        text += &paragraphs(of_steps, "");
        if !of_points.is_empty() {
            text.push_str("<h3>Over support points</h3>\n");
            text += &paragraphs(of_points, "");
        }
    }
    if !any {
        text.push_str(
            "<p>There is nothing to compare: no two systems have results on the same test tasks.</p>\n",
        );
    }
    text
}

/// Of one test set, over the axis of these outcomes.
fn said(outcomes: &[Outcome<'_>], test: Option<&str>) -> Vec<String> {
    let compared = compare(outcomes, test, Average::Mean);
    let (average, glyphs) = (Average::Mean, Glyphs::default());
    let findings = Findings { outcomes, compared: &compared, test, average, glyphs };
    let guess = |experiment: usize, average| {
        outcomes[experiment].test(test).map_or(f64::NAN, |test| best_guess(test, average))
    };
    match outcomes.first().map(|outcome| outcome.axis) {
        Some(LossAxis::Points) => {
            findings.over_points(guess, |experiment| floor(outcomes[experiment].test(test)?))
        }
        _ => findings.sentences(guess),
    }
}

fn losses(report: &Report<'_>) -> String {
    let mut text: String = tables::losses(report.outcomes, report.interval)
        .iter()
        .map(|table| self::table(table, false))
        .collect();
    let failures: Vec<String> = report
        .results
        .loss_tables(Average::Mean, Glyphs::default())
        .iter()
        .flat_map(|table| &table.failures)
        .map(|failure| {
            let others = if failure.others > 0 {
                format!(" ({} more runs of the sweep failed)", failure.others)
            } else {
                String::new()
            };
            format!(
                "{}, seed {}: failed at step {}: {}{others}",
                failure.experiment, failure.seed, failure.step, failure.error
            )
        })
        .collect();
    text += &paragraphs(&failures, " class=\"note\"");
    text
}

/// A picture twice, for light and for dark.
fn both(draw: impl Fn(&Paper) -> String) -> String {
    let picture = |dark: bool| {
        let svg = draw(&Paper { width: WIDTH, font: LETTERS, dark });
        let class = if dark { "dark" } else { "light" };
        // Inside a page a picture takes the room that there is.
        format!("<div class=\"{class}\">{svg}</div>\n")
    };
    format!("<figure>\n{}{}</figure>\n", picture(false), picture(true))
}

/// The outcomes over this axis.
fn along<'a>(report: &Report<'a>, axis: LossAxis) -> Vec<Outcome<'a>> {
    report.outcomes.iter().map(|outcome| outcome.along(axis)).collect()
}

fn curves_along(report: &Report<'_>, axis: LossAxis) -> String {
    let outcomes = along(report, axis);
    let mut text = String::new();
    for test in tests(report) {
        let test = test.as_deref();
        let shown = one_a_row(tested(&outcomes, test), test);
        if shown.is_empty() {
            continue;
        }
        let figure = curves::figure(&shown, test, report.interval);
        text += &both(|paper| figure.draw(paper));
    }
    text
}

fn sweeps(report: &Report<'_>) -> anyhow::Result<String> {
    let (_, sweeps) = rows(report.outcomes.iter().map(|outcome| outcome.settings));
    let mut text = String::new();
    for sweep in &sweeps {
        for test in tests(report) {
            let map = |dark| {
                heat::picture(
                    sweep,
                    report.outcomes,
                    test.as_deref(),
                    &Paper { width: WIDTH, font: LETTERS, dark },
                )
            };
            match (map(false), map(true)) {
                (Ok(light), Ok(dark)) => {
                    let _ = write!(
                        text,
                        "<figure>\n<div class=\"light\">{light}</div>\n<div class=\"dark\">{dark}</div>\n</figure>\n"
                    );
                }
                // Of too many maps the rows say it.
                (Err(error), _) | (_, Err(error)) => {
                    text += &paragraphs(&[format!("{error:#}")], " class=\"note\"")
                }
            }
        }
    }
    Ok(text)
}

/// As many differences are drawn; all are in the table.
const MOST_CHARTS: usize = 24;

fn comparisons(report: &Report<'_>) -> String {
    let mut text = String::new();
    for axis in [LossAxis::Steps, LossAxis::Points] {
        let outcomes = along(report, axis);
        for test in tests(report) {
            let test = test.as_deref();
            if let Some(figure) = contrasts::figure(&outcomes, &shown::shown(&outcomes, test), test)
                .filter(|figure| figure.charts.len() <= MOST_CHARTS)
            {
                text += &both(|paper| figure.draw(paper));
            }
        }
    }
    // Of a sweep every cell is a line; the CSV has them.
    const MOST_LINES: usize = 400;
    for table in tables::comparisons(report.compared, report.outcomes) {
        text += &match table.rows.len() {
            ..=MOST_LINES => self::table(&table, false),
            lines => paragraphs(
                &[format!("{lines} comparisons: --format csv --comparisons has them.")],
                " class=\"note\"",
            ),
        };
    }
    text
}

/// The profile and the fits on a task of median loss.
fn tasks(report: &Report<'_>) -> anyhow::Result<String> {
    let shown = one_a_row(tested(report.outcomes, None), None);
    let only: Vec<Outcome<'_>> = shown.iter().map(|(_, outcome)| outcome.clone()).collect();
    let Some(steps) = only.iter().filter_map(|outcome| Some(outcome.test(None)?.evaluation.steps)).min()
    else {
        return Ok(String::new());
    };
    let n = judged_at(steps);
    let losses = profile::losses(report.watcher, &only, n, None)?;
    if losses.iter().all(Vec::is_empty) {
        return Ok(String::new());
    }
    let figure = profile::figure(&shown, &losses, (n, None), report.interval);
    let mut text = both(|paper| figure.draw(paper));
    let names: Vec<String> = only.iter().map(|outcome| outcome.settings.name.clone()).collect();
    if let Some(task) = losses.iter().find_map(|losses| profile::median_task(losses)) {
        let panels = fit::panels(report.watcher, &names, task + 1, &[0, 1, n], None)?;
        let _ = writeln!(
            text,
            "<p class=\"note\">Test task {} is the one of median loss for {}.</p>",
            task + 1,
            safe(
                shown
                    .iter()
                    .zip(&losses)
                    .find(|(_, losses)| !losses.is_empty())
                    .map_or("", |((name, _), _)| name)
            )
        );
        text += &both(|paper| fit::draw(&panels, task + 1, &[0, 1, n], None, paper));
    }
    Ok(text)
}

fn settings(report: &Report<'_>) -> String {
    let apart = differences(report.outcomes.iter().map(|outcome| outcome.settings));
    if apart.is_empty() {
        return "<p>All systems have the same settings.</p>\n".to_owned();
    }
    let head =
        std::iter::once("system".to_owned()).chain(apart.iter().map(|difference| difference.name.clone()));
    let row = |(at, outcome): (usize, &Outcome<'_>)| {
        let values = apart.iter().map(|difference| Cell::of(&difference.values[at]));
        Line::Cells(std::iter::once(Cell::of(&outcome.settings.name)).chain(values).collect())
    };
    self::table(
        &Table {
            title: String::new(),
            head: head.collect(),
            rows: report.outcomes.iter().enumerate().map(row).collect(),
            notes: vec!["What all systems have the same of is not listed.".to_owned()],
        },
        true,
    )
}

fn provenance(report: &Report<'_>) -> String {
    let mut made: Vec<(String, Vec<String>)> = Vec::new();
    for (index, run) in report.watcher.runs().iter().enumerate() {
        let who = provenance_of(&report.watcher.folder(index)).unwrap_or_else(|| "not known".to_owned());
        let name = format!("{} {}", run.settings.name, run.seed);
        match made.iter_mut().find(|(other, _)| *other == who) {
            Some((_, runs)) => runs.push(name),
            None => made.push((who, vec![name])),
        }
    }
    let row = |(who, runs): (String, Vec<String>)| {
        let few = if runs.len() > 12 { format!("{} runs", runs.len()) } else { runs.join(", ") };
        Line::Cells(vec![Cell::of(who), Cell::of(few)])
    };
    let table = Table {
        title: String::new(),
        head: ["made by", "runs (system and seed)"].map(str::to_owned).to_vec(),
        rows: made.into_iter().map(row).collect(),
        notes: vec![
            "The same settings, seed and kernels give the same bits: metascope verify trains runs again and compares."
                .to_owned(),
        ],
    };
    self::table(&table, true)
}

/// A table as HTML; with `words` its cells break into lines.
fn table(table: &Table, words: bool) -> String {
    let mut text = String::new();
    if !table.title.is_empty() {
        let _ = writeln!(text, "<h3>{}</h3>", safe(&table.title));
    }
    let class = if words { " class=\"words\"" } else { "" };
    let _ = write!(text, "<div class=\"wide\"><table{class}>\n<thead><tr>");
    for word in &table.head {
        let _ = write!(text, "<th scope=\"col\">{}</th>", safe(word));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for line in &table.rows {
        match line {
            Line::Heading(title) => {
                let _ = writeln!(
                    text,
                    "<tr class=\"heading\"><td colspan=\"{}\">{}</td></tr>",
                    table.head.len(),
                    safe(title)
                );
            }
            Line::Cells(cells) => {
                let cells: String = cells.iter().map(cell).collect();
                let _ = writeln!(text, "<tr>{cells}</tr>");
            }
        }
    }
    text.push_str("</tbody>\n</table></div>\n");
    text + &paragraphs(&table.notes, " class=\"note\"")
}

/// A cell; the number in full is in its attribute.
fn cell(cell: &Cell) -> String {
    let class = if cell.is_best { " class=\"best\"" } else { "" };
    let exact =
        cell.exact.map_or(String::new(), |exact| format!(" data-value=\"{exact}\" title=\"{exact}\""));
    let spread = match &cell.spread {
        Some(Spread::Half(half)) => format!(" <span>\u{b1} {}</span>", number(*half)),
        Some(Spread::Ends([low, high])) => format!(" <span>[{}, {}]</span>", number(*low), number(*high)),
        None => String::new(),
    };
    format!("<td{class}{exact}>{}{spread}</td>", safe(&cell.text))
}
