//! A fit as a picture: how the networks of every experiment take to one of the frozen test tasks, side by
//! side on the same scales.

use anyhow::{anyhow, bail};

use super::super::outcome::Misuse;
use super::paper::Paper;
use crate::config::{Value, presentable};
use crate::eval::{BAND_90, Fit, fits};
use crate::results::{Scale, svg::Picture};
use crate::study::{Run, Watcher};
use crate::task::{Points, TestTask, grid, test_tasks};

/// The largest n: what takes longer belongs to `metascope eval`.
const MOST_STEPS: usize = 10_000;
/// The most different n a picture can hold.
const MOST_FITS: usize = 7;
/// Points a line is drawn through.
const POINTS: usize = 201;
/// One experiment's answer.
pub struct Panel {
    run: Run,
    /// What test tasks it was tested on, where not all panels have the same.
    tasks: Vec<(&'static str, Value)>,
    /// The ranges of x and y, and what they are.
    x: [f64; 2],
    y: [f64; 2],
    labels: [String; 2],
    task: TestTask,
    /// Predictions at the points of the test, with their losses.
    tested: Vec<Fit>,
    /// The task as a line, or where it is known at points alone, those that are asked for; predictions at enough points
    /// for a line.
    truth: Points,
    drawn: Vec<Fit>,
}

/// The picture of test task `number` (from 1) of a test set after these numbers of steps.
pub fn picture(
    watcher: &Watcher,
    shown: &[String],
    number: usize,
    steps: &[usize],
    test: Option<&str>,
    paper: &Paper,
) -> anyhow::Result<String> {
    let mut steps = steps.to_vec();
    steps.sort_unstable();
    steps.dedup();
    if steps.last().is_some_and(|&most| most > MOST_STEPS) || steps.len() > MOST_FITS {
        return Err(Misuse(format!("--steps: at most {MOST_FITS} numbers, up to {MOST_STEPS}")).into());
    }
    let panels = panels(watcher, shown, number, &steps, test)?;
    if panels.is_empty() {
        bail!("none of the {} runs is trained yet, so there is nothing to fit with", watcher.runs().len());
    }
    Ok(draw(&panels, number, &steps, test, paper))
}

/// How the first trained network of each of these experiments takes to that task.
pub fn panels(
    watcher: &Watcher,
    shown: &[String],
    number: usize,
    steps: &[usize],
    test: Option<&str>,
) -> anyhow::Result<Vec<Panel>> {
    let mut panels: Vec<Panel> = Vec::new();
    let runs = watcher.runs();
    for (index, run) in runs.iter().enumerate() {
        // Every experiment's first seed that is trained.
        let has_one = panels.last().is_some_and(|panel| panel.run.experiment == run.experiment);
        let is_of = shown.contains(&run.settings.name);
        if has_one || !is_of || watcher.doubt(index).is_some() {
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
        let tested = fits(&weights, &task.support, &task.query, steps);
        let x = grid(of.task.x, POINTS);
        let line = Points { y: vec![0.0; x.len()], x };
        let drawn = fits(&weights, &task.support, &line, steps);
        panels.push(Panel {
            run: run.clone(),
            tasks: of.tasks(),
            x: of.task.x,
            y: of.task.y_range(),
            labels: of.task.labels().map(|label| presentable(label, 40)),
            truth: match of.task.family.table() {
                Some(_) => task.query.clone(),
                None => task.function.points(line.x),
            },
            task,
            tested,
            drawn,
        });
    }
    Ok(panels)
}

/// The picture: panels of the same test tasks under one heading, on one scale.
pub fn draw(panels: &[Panel], number: usize, steps: &[usize], test: Option<&str>, paper: &Paper) -> String {
    let mut picture = Picture::new();
    let font = paper.font;
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    let mut groups: Vec<Vec<&Panel>> = Vec::new();
    for panel in panels {
        match groups.iter_mut().find(|group| group[0].tasks == panel.tasks) {
            Some(group) => group.push(panel),
            None => groups.push(vec![panel]),
        }
    }
    let tables = panels.first().filter(|panel| panel.task.function.family.table().is_some());
    let called = tables.map_or(String::new(), |panel| format!(", {}", panel.task.function.title()));
    let title = match groups.len() {
        0 | 1 => format!("{on}Test task {number}{called}: fits after n steps on its points"),
        _ => format!("{on}Fits after n steps on the points of a task, of several kinds of tasks"),
    };
    let title = paper.wrapped(&title, paper.width - font, font);
    let top = paper.paragraph(&mut picture, [0.5 * font, 0.2 * font], (font, ""), &title);
    let is_table = panels.iter().any(|panel| panel.task.function.family.table().is_some());
    let truth = if is_table { "points asked for" } else { "the task" };
    let mut top = legend(&mut picture, paper, (steps, truth), top + 0.3 * font);
    let columns = ((paper.width / (15.0 * font)) as usize).clamp(1, 3).min(panels.len().max(1));
    let across = paper.width / columns as f64;
    let mut drawn = 0;
    for group in &groups {
        if groups.len() > 1 {
            let others = groups.iter().filter(|other| other[0].tasks != group[0].tasks);
            let apart = |(name, value): &(&'static str, Value)| {
                let is_same = |other: &Vec<&Panel>| {
                    other[0].tasks.iter().any(|(same, theirs)| same == name && theirs == value)
                };
                (!others.clone().all(is_same)).then(|| format!("{name} {}", value.in_short()))
            };
            let words: Vec<String> = group[0].tasks.iter().filter_map(apart).collect();
            let heading = format!("Test task {number} of tasks with {}", words.join(", "));
            let lines = paper.wrapped(&heading, paper.width - font, font);
            top = paper.paragraph(
                &mut picture,
                [0.5 * font, top + 0.3 * font],
                (font, "font-style=\"italic\""),
                &lines,
            );
        }
        // One scale for all: waves and points fill two thirds of it, and what leaves it leaves the picture.
        let values = group.iter().flat_map(|panel| panel.truth.y.iter().chain(&panel.task.support.y));
        let most = 1.5 * values.fold(0.1_f64, |most, value| most.max(value.abs()));
        // Those of a table are where its values are, which may be far from 0.
        let is_table = group[0].task.function.family.table().is_some();
        let heights = if is_table { group[0].y } else { [-most, most] };
        for row in group.chunks(columns) {
            let mut lowest = top;
            for (column, panel) in row.iter().enumerate() {
                let at = [across * column as f64, top, across];
                lowest = lowest.max(draw_panel(&mut picture, paper, panel, at, (heights, drawn)));
                drawn += 1;
            }
            top = lowest;
        }
    }
    paper.document(picture, top + 0.6 * font)
}

/// What the lines mean; how far down it reaches.
fn legend(picture: &mut Picture, paper: &Paper, (steps, truth): (&[usize], &str), top: f64) -> f64 {
    let font = paper.font;
    let stroke = paper.stroke();
    let mut entries = vec![(truth.to_owned(), truth_look(paper))];
    entries
        .extend(steps.iter().enumerate().map(|(place, n)| (format!("n = {n}"), paper.look(place, stroke))));
    let (mut x, mut y) = (0.5 * font, top + font);
    for (name, look) in entries {
        let long = 3.8 * font + paper.width_of(&name, font);
        if x + long > paper.width {
            (x, y) = (0.5 * font, y + 1.3 * font);
        }
        picture.draw(&format!(
            "<path d=\"M{x:.1} {:.1}h{:.1}\" fill=\"none\" {look}/>",
            y - 0.32 * font,
            2.2 * font
        ));
        paper.write(picture, (x + 2.6 * font, y), (font, ""), &name);
        x += long;
    }
    y + 0.5 * font
}

/// The wave lies behind everything, broad and pale.
fn truth_look(paper: &Paper) -> String {
    format!("stroke=\"#999\" stroke-width=\"{:.2}\" opacity=\".5\"", 0.45 * paper.font)
}

/// A panel into this column from here on; how far down it reaches.
fn draw_panel(
    picture: &mut Picture,
    paper: &Paper,
    panel: &Panel,
    [left, top, across]: [f64; 3],
    (heights, place): ([f64; 2], usize),
) -> f64 {
    let (font, small, stroke) = (paper.font, 0.85 * paper.font, paper.stroke());
    let scale = Scale::linear(heights[0], heights[1]);
    let [from, to] = panel.x;
    let along = Scale::linear(from, to);
    let margin = 4.4 * small;
    let (width, height) = (across - margin - 0.8 * font, (0.5 * across).max(7.0 * font));
    let (x0, y0) = (left + margin, top + 1.8 * font);
    let x = |value: f64| x0 + width * along.place(value).unwrap_or(0.0);
    // A fit that has blown up ends a picture away, which is clipped, and not where numbers end.
    let [middle, half] = [0.5 * (heights[0] + heights[1]), 0.5 * (heights[1] - heights[0])];
    let y = |value: f64| y0 + height / 2.0 * (1.0 - ((value - middle) / half).clamp(-3.0, 3.0));
    let line = |values: &[f64]| {
        let last = (values.len() - 1).max(1) as f64;
        let at = |i: usize| x(from + (to - from) * i as f64 / last);
        values.iter().enumerate().map(|(i, &value)| (at(i), y(value))).collect::<Vec<_>>().into_iter()
    };
    let name = format!("{}, seed {}", panel.run.settings.name, panel.run.seed);
    paper.write(picture, (x0, top + 1.3 * font), (font, ""), &paper.fitted(&name, width, font));
    // Inside a page there are several pictures, whose frames must not be taken for each other's.
    let ground = if paper.dark { "dark" } else { "light" };
    let id = format!("panel{place}-{x0:.0}-{y0:.0}-{width:.0}-{ground}");
    picture.draw(&format!(
        "<clipPath id=\"{id}\"><rect x=\"{x0:.1}\" y=\"{y0:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/></clipPath>\n\
         <g clip-path=\"url(#{id})\">"
    ));
    if scale.place(0.0).is_some_and(|place| (0.0..=1.0).contains(&place)) {
        picture.draw(&format!("<path d=\"M{x0:.1} {:.1}h{width:.1}\" stroke=\"{}\"/>", y(0.0), paper.grid()));
    }
    match panel.task.function.family.table() {
        None => picture.line(line(&panel.truth.y), &truth_look(paper)),
        Some(_) => {
            for (&at, &value) in panel.truth.x.iter().zip(&panel.truth.y) {
                picture.draw(&format!(
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.2}\" fill=\"none\" stroke=\"{}\"/>",
                    x(at),
                    y(value),
                    0.24 * font,
                    paper.faint()
                ));
            }
        }
    }
    for (place, fit) in panel.drawn.iter().enumerate() {
        for sign in fit.deviations.iter().flat_map(|_| [-1.0, 1.0]) {
            let deviations = fit.deviations.iter().flatten();
            let end: Vec<f64> = fit.y.iter().zip(deviations).map(|(y, s)| y + sign * BAND_90 * s).collect();
            picture.line(line(&end), &format!("{} opacity=\".4\"", paper.look(place, stroke)));
        }
        picture.line(line(&fit.y), &paper.look(place, stroke));
    }
    let support = &panel.task.support;
    for (&at, &value) in support.x.iter().zip(&support.y) {
        picture.draw(&format!(
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.2}\" fill=\"{}\"/>",
            x(at),
            y(value),
            0.28 * font,
            paper.ink()
        ));
    }
    picture.draw(&format!(
        "</g>\n<rect x=\"{x0:.1}\" y=\"{y0:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"none\" \
         stroke=\"{}\" stroke-width=\".7\"/>",
        paper.faint()
    ));
    for (value, text) in scale.ticks(4) {
        paper.write(
            picture,
            (x0 - 0.4 * small, y(value) + 0.34 * small),
            (small, "text-anchor=\"end\""),
            &text,
        );
    }
    let bottom = y0 + height;
    for (value, text) in along.ticks(4) {
        paper.write(picture, (x(value), bottom + 1.2 * small), (small, "text-anchor=\"middle\""), &text);
    }
    paper.write(
        picture,
        (x0 + 0.5 * width, bottom + 2.2 * small),
        (small, "text-anchor=\"middle\""),
        &panel.labels[0],
    );
    let (turn_x, turn_y) = (left + small, y0 + 0.5 * height);
    let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 {turn_x:.1} {turn_y:.1})\"");
    paper.write(picture, (turn_x, turn_y), (small, &turned), &panel.labels[1]);
    // The caption: the loss after each number of steps, as many to a line as fit.
    let words: Vec<String> = panel
        .tested
        .iter()
        .map(|fit| {
            format!(
                "n={}: {}",
                fit.n,
                if fit.loss.is_finite() { format!("{:.3}", fit.loss) } else { "not finite".to_owned() }
            )
        })
        .collect();
    let longest = words.iter().map(|word| paper.width_of(word, small) + small).fold(1.0, f64::max);
    let to_a_line = ((width / longest) as usize).max(1);
    for (at, word) in words.iter().enumerate() {
        let x = x0 + (at % to_a_line) as f64 * width / to_a_line as f64;
        paper.write(picture, (x, bottom + (3.5 + 1.3 * (at / to_a_line) as f64) * small), (small, ""), word);
    }
    bottom + (3.0 + 1.3 * words.len().div_ceil(to_a_line) as f64) * small
}
