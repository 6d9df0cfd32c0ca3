//! `metascope export`: the results of run folders as tidy rows, as JSON, or as a picture.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::json;

use super::Exit;
use crate::cli::Format;
use crate::eval::{Curve, mean_and_deviation, prior_mean_loss};
use crate::study::{Event, Run, Watcher, replace};

/// A run that has been tested.
struct Tested<'a> {
    run: &'a Run,
    curve: Curve,
}

/// Reads the folders and writes.
pub fn export(dir: &Path, format: Format, out: Option<&Path>) -> anyhow::Result<Exit> {
    if !dir.exists() {
        bail!("{}: there is no such folder", dir.display());
    }
    let (_, watcher) = Watcher::open(dir)?;
    let curves = watcher.read_all();
    let tested: Vec<Tested> = watcher
        .runs()
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
        bail!("{}: none of its {} runs has been tested yet", dir.display(), watcher.runs().len());
    }
    let text = match format {
        Format::Csv => csv(&tested),
        Format::Json => as_json(&tested)?,
        Format::Svg => svg(&tested),
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
                run.settings.algorithm.name(),
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

/// Colours that colour-blind readers tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// And dashes, so that nothing hangs on colour alone.
const DASHES: [&str; 4] = ["", "8 3", "2 3", "8 3 2 3"];
/// Size of the picture and of its margins: left, right, top, bottom.
const SIZE: [f64; 2] = [760.0, 460.0];
const MARGINS: [f64; 4] = [60.0, 170.0, 40.0, 50.0];

/// The adaptation curves: the mean over seeds as a line, each seed's own mean as a thin one.
fn svg(tested: &[Tested]) -> String {
    let most_steps = tested.iter().map(|tested| tested.curve.steps.len() - 1).max().unwrap_or(1).max(1);
    let floor = prior_mean_loss(&tested[0].run.settings.task);
    let finite = tested.iter().flat_map(|tested| &tested.curve.mean).copied().filter(|mean| mean.is_finite());
    // One that diverges must not flatten the others: what is above the axis is said in words.
    let top = finite.clone().fold(floor, f64::max).min(2.0 * floor);
    let cut = finite.filter(|mean| *mean > top).count();
    let [left, right, above, below] = MARGINS;
    let x = |n: f64| left + (SIZE[0] - left - right) * n / most_steps as f64;
    let y = |loss: f64| SIZE[1] - below - (SIZE[1] - above - below) * (loss / top).min(1.0);
    let path = |means: &[f64]| {
        let points = means.iter().enumerate().filter(|(_, mean)| mean.is_finite());
        points.map(|(n, &mean)| format!("{:.1},{:.1}", x(n as f64), y(mean))).collect::<Vec<_>>().join(" ")
    };
    let mut body = String::new();
    let mut draw = |line: String| {
        body.push_str(&line);
        body.push('\n');
    };
    for tick in 0..=5 {
        let (loss, n) = (top * f64::from(tick) / 5.0, most_steps as f64 * f64::from(tick) / 5.0);
        let (at, bottom, edge) = (y(loss), SIZE[1] - below, SIZE[0] - right);
        draw(format!("<path d=\"M{left} {at:.1}H{edge}\" stroke=\"#ddd\"/>"));
        draw(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{loss:.2}</text>",
            left - 6.0,
            at + 4.0
        ));
        draw(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{n:.0}</text>",
            x(n),
            bottom + 18.0
        ));
    }
    let at = y(floor);
    draw(format!(
        "<path d=\"M{left} {at:.1}H{}\" stroke=\"#888\" stroke-dasharray=\"1 4\"/>",
        SIZE[0] - right
    ));
    draw(format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#666\">prior mean</text>",
        SIZE[0] - right + 8.0,
        at + 4.0
    ));
    let mut experiments: Vec<usize> = tested.iter().map(|tested| tested.run.experiment).collect();
    experiments.dedup();
    for (place, &experiment) in experiments.iter().enumerate() {
        let seeds: Vec<&Tested> =
            tested.iter().filter(|tested| tested.run.experiment == experiment).collect();
        let (colour, dash) = (COLOURS[place % COLOURS.len()], DASHES[place % DASHES.len()]);
        for seed in &seeds {
            let points = path(&seed.curve.mean);
            draw(format!(
                "<polyline points=\"{points}\" stroke=\"{colour}\" opacity=\".25\" fill=\"none\"/>"
            ));
        }
        let means: Vec<f64> = (0..seeds[0].curve.mean.len())
            .map(|n| mean_and_deviation(&seeds.iter().map(|seed| seed.curve.mean[n]).collect::<Vec<_>>()).0)
            .collect();
        let points = path(&means);
        draw(format!(
            "<polyline points=\"{points}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\" fill=\"none\"/>"
        ));
        let (from, at) = (SIZE[0] - right + 8.0, above + 30.0 + 18.0 * place as f64);
        draw(format!(
            "<path d=\"M{from} {at}h24\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>"
        ));
        let name = escaped(&seeds[0].run.settings.name);
        draw(format!("<text x=\"{}\" y=\"{}\">{name} ({})</text>", from + 30.0, at + 4.0, seeds.len()));
    }
    let clipped = if cut > 0 { format!(", {cut} points above the range") } else { String::new() };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{left}\" y=\"22\" font-size=\"14\">Test loss after n gradient steps, mean over tasks; thin: each \
         seed{clipped}</text>\n{body}<text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">n</text>\n</svg>\n",
        w = SIZE[0],
        h = SIZE[1],
        middle = x(most_steps as f64 / 2.0),
        base = SIZE[1] - 12.0,
    )
}

/// Text as XML wants it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
