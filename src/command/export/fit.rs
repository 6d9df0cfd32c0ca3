//! A fit as a picture: how the networks of every experiment take to one of the frozen test tasks, side by
//! side on the same scales.

use anyhow::{anyhow, bail};

use super::super::outcome::Misuse;
use super::svg::{LETTER, document, look};
use crate::eval::{BAND_90, Fit, fits};
use crate::results::svg::Picture;
use crate::study::{Run, Watcher};
use crate::task::{TestTask, grid, test_tasks};

/// The largest n: what takes longer belongs to `metascope eval`.
const MOST_STEPS: usize = 10_000;
/// The most different n a picture can hold.
const MOST_FITS: usize = 7;
/// Points a line is drawn through.
const POINTS: usize = 201;
/// Panels side by side.
const COLUMNS: usize = 3;
/// Size of a panel's plot.
const PLOT: [f64; 2] = [300.0, 200.0];
/// Room for what stands around a plot; below, for the ticks.
const LEFT: f64 = 34.0;
const ABOVE: f64 = 24.0;
const RIGHT: f64 = 14.0;
const BELOW: f64 = 26.0;
/// Width of a fit's line.
const STROKE: f64 = 1.8;
/// Height of a line of text.
const LINE: f64 = 16.0;

/// One experiment's answer.
struct Panel<'a> {
    run: &'a Run,
    /// The range of x.
    x: [f64; 2],
    task: TestTask,
    /// Predictions at the points of the test, with their losses.
    tested: Vec<Fit>,
    /// The same wave and predictions, at enough points for a line.
    truth: Vec<f64>,
    drawn: Vec<Fit>,
}

/// The picture of test task `number` (from 1) of a test set after these numbers of steps.
pub fn picture(
    watcher: &Watcher,
    number: usize,
    steps: &[usize],
    test: Option<&str>,
) -> anyhow::Result<String> {
    let mut steps = steps.to_vec();
    steps.sort_unstable();
    steps.dedup();
    if steps.last().is_some_and(|&most| most > MOST_STEPS) || steps.len() > MOST_FITS {
        return Err(Misuse(format!("--steps: at most {MOST_FITS} numbers, up to {MOST_STEPS}")).into());
    }
    let mut panels: Vec<Panel> = Vec::new();
    let runs = watcher.runs();
    for (index, run) in runs.iter().enumerate() {
        // Every experiment's first seed that is trained.
        let shown = panels.last().is_some_and(|panel| panel.run.experiment == run.experiment);
        if shown || watcher.doubt(index).is_some() {
            continue;
        }
        let settings = &run.settings;
        let Some(of) = settings.test(test) else { continue };
        let mut evaluation = of.evaluation.clone();
        if number > evaluation.test_tasks {
            let (name, tasks) = (&settings.name, evaluation.test_tasks);
            return Err(Misuse(format!("--fit {number}: {name} has {tasks} test tasks")).into());
        }
        let trained = watcher.trained(index);
        let Some(weights) =
            trained.map_err(|error| anyhow!("{error}; the command that trained it writes it anew"))?
        else {
            continue;
        };
        // A task does not depend on how many come after it.
        evaluation.test_tasks = number;
        let task = test_tasks(of.task, &evaluation).pop();
        let task = task.ok_or_else(|| Misuse("--fit: test tasks are counted from 1".to_owned()))?;
        let weights = settings.tested(&weights, of);
        let tested = fits(&weights, &task.support, &task.query, &steps);
        let line = task.function.points(grid(of.task.x, POINTS));
        let drawn = fits(&weights, &task.support, &line, &steps);
        panels.push(Panel { run, x: of.task.x, task, tested, truth: line.y, drawn });
    }
    if panels.is_empty() {
        bail!("none of the {} runs is trained yet, so there is nothing to fit with", runs.len());
    }
    Ok(draw(&panels, number, &steps, test))
}

fn draw(panels: &[Panel], number: usize, steps: &[usize], test: Option<&str>) -> String {
    // One scale for all: waves and points fill two thirds of it, and what leaves it leaves the picture.
    let values = panels.iter().flat_map(|panel| panel.truth.iter().chain(&panel.task.support.y));
    let top = 1.5 * values.fold(0.1_f64, |most, value| most.max(value.abs()));
    // The caption: the loss after each number of steps, three to a line.
    let caption = steps.len().div_ceil(3);
    let columns = panels.len().min(COLUMNS);
    let size = [LEFT + PLOT[0] + RIGHT, ABOVE + PLOT[1] + BELOW + LINE * caption as f64];
    let mut picture = Picture::new();
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    let title = format!("{on}Test task {number}: fits after n gradient steps on its points");
    picture.text((LEFT, 22.0), "font-size=\"14\"", &title);
    let head = legend(&mut picture, steps, columns as f64 * size[0]);
    for (place, panel) in panels.iter().enumerate() {
        let at = [(place % columns) as f64 * size[0], head + (place / columns) as f64 * size[1]];
        draw_panel(&mut picture, panel, at, top, place);
    }
    let height = head + panels.len().div_ceil(columns) as f64 * size[1];
    document(picture, [columns as f64 * size[0], height])
}

/// What the lines mean; how far down it reaches.
fn legend(picture: &mut Picture, steps: &[usize], width: f64) -> f64 {
    let mut entries =
        vec![("the wave".to_owned(), "stroke=\"#999\" stroke-width=\"5\" opacity=\".5\"".to_owned())];
    entries.extend(steps.iter().enumerate().map(|(place, n)| (format!("n = {n}"), look(place, STROKE))));
    let (mut x, mut y) = (LEFT, 40.0);
    for (name, look) in entries {
        let long = 40.0 + LETTER * name.len() as f64;
        if x + long > width {
            (x, y) = (LEFT, y + LINE);
        }
        picture.draw(&format!("<path d=\"M{x:.1} {:.1}h24\" {look}/>", y - 4.0));
        picture.text((x + 28.0, y), "", &name);
        x += long;
    }
    y + LINE
}

fn draw_panel(picture: &mut Picture, panel: &Panel, [left, top]: [f64; 2], most: f64, place: usize) {
    let [from, to] = panel.x;
    let (left, top) = (left + LEFT, top + ABOVE);
    let [width, height] = PLOT;
    let x = |value: f64| left + width * (value - from) / (to - from);
    // A fit that has blown up ends a picture away, which is clipped, and not where numbers end.
    let y = |value: f64| top + height / 2.0 * (1.0 - (value / most).clamp(-3.0, 3.0));
    let line = |values: &[f64]| {
        let last = (values.len() - 1) as f64;
        let at = |i: usize| x(from + (to - from) * i as f64 / last);
        values.iter().enumerate().map(|(i, &value)| (at(i), y(value))).collect::<Vec<_>>().into_iter()
    };
    let name = format!("{}, seed {}", panel.run.settings.name, panel.run.seed);
    let fitting = (width / LETTER) as usize;
    let shown: String = if name.chars().count() > fitting {
        name.chars().take(fitting - 1).chain(['\u{2026}']).collect()
    } else {
        name
    };
    picture.text((left, top - 6.0), "font-weight=\"bold\"", &shown);
    picture.draw(&format!(
        "<clipPath id=\"panel{place}\"><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width}\" \
         height=\"{height}\"/></clipPath>\n<g clip-path=\"url(#panel{place})\">"
    ));
    picture.draw(&format!("<path d=\"M{left:.1} {:.1}h{width}\" stroke=\"#ddd\"/>", y(0.0)));
    picture.line(line(&panel.truth), "stroke=\"#999\" stroke-width=\"5\" opacity=\".5\"");
    for (place, fit) in panel.drawn.iter().enumerate() {
        for sign in fit.deviations.iter().flat_map(|_| [-1.0, 1.0]) {
            let deviations = fit.deviations.iter().flatten();
            let end: Vec<f64> = fit.y.iter().zip(deviations).map(|(y, s)| y + sign * BAND_90 * s).collect();
            picture.line(line(&end), &format!("{} opacity=\".4\"", look(place, STROKE)));
        }
        picture.line(line(&fit.y), &look(place, STROKE));
    }
    let support = &panel.task.support;
    for (&at, &value) in support.x.iter().zip(&support.y) {
        picture.draw(&format!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>", x(at), y(value)));
    }
    picture.draw(&format!(
        "</g>\n<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width}\" height=\"{height}\" fill=\"none\" \
         stroke=\"#888\"/>"
    ));
    for value in [-most / 1.5, 0.0, most / 1.5] {
        picture.text(
            (left - 4.0, y(value) + 4.0),
            "text-anchor=\"end\" font-size=\"10\"",
            &format!("{value:.1}"),
        );
    }
    for value in [from, f64::midpoint(from, to), to] {
        let anchor =
            format!("text-anchor=\"{}\" font-size=\"10\"", if value == to { "end" } else { "middle" });
        picture.text((x(value), top + height + 13.0), &anchor, &format!("{value:.1}"));
    }
    for (place, fit) in panel.tested.iter().enumerate() {
        let at =
            (left + (place % 3) as f64 * width / 3.0, top + height + BELOW + LINE * (place / 3) as f64 + 4.0);
        let loss = if fit.loss.is_finite() { format!("{:.3}", fit.loss) } else { "not finite".to_owned() };
        picture.text(at, "", &format!("n={}: {loss}", fit.n));
    }
}
