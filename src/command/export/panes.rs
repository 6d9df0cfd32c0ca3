//! A pane of *Why* as a picture: what to look for, and for the first trained seed of every experiment (over training, for
//! all of its seeds) what is there and the picture, of the same data as the screen's.

use anyhow::{anyhow, bail};

use super::super::outcome::Misuse;
use super::chart::{Axis, Chart, pieces, plot_height};
use super::paper::Paper;
use crate::analysis::{Marks, mean};
use crate::experiments::Test;
use crate::model::Weights;
use crate::results::{
    Scale, Yardstick,
    palette::{RAMP, SIGNED, hex, wants_black},
    svg::Picture,
    text::{count, number},
    why::{
        Course, Curves, Field, Found, Hue, Line, Looks, Losses, Mark, Of, PANES, Pane, Part, Row, Shape,
        Stroke, Subject, TASKS, closer, looks, pairs,
    },
};
use crate::study::{Watcher, landmarks};
use crate::task::{EvaluationSettings, TestTask, test_tasks};

/// Where the cursor stands: in the middle of the x axis.
const CURSOR: usize = crate::results::why::GRID / 2;

/// What one experiment shows.
struct Shown {
    heading: String,
    place: usize,
    found: Found,
}

/// The picture of the pane of this name, on test task `number` (from 1) of a test set.
pub fn picture(
    watcher: &Watcher,
    shown: &[String],
    name: &str,
    number: usize,
    test: Option<&str>,
    paper: &Paper,
) -> anyhow::Result<String> {
    let Some(pane) = PANES.iter().find(|pane| pane.name == name) else {
        let known: Vec<&str> = PANES.iter().map(|pane| pane.name).collect();
        return Err(Misuse(format!(
            "--pane {name:?}: there is no such pane; there are: {}",
            known.join(", ")
        ))
        .into());
    };
    let runs = watcher.runs();
    let mut found: Vec<Shown> = Vec::new();
    let mut stepless = Vec::new();
    for (place, experiment) in shown.iter().enumerate() {
        let of: Vec<usize> = (0..runs.len())
            .filter(|run| runs[*run].settings.name == *experiment && watcher.doubt(*run).is_none())
            .collect();
        let Some(settings) = of.first().map(|run| watcher.settings(*run)) else { continue };
        let Some(set) = settings.test(test) else { continue };
        let tasks = set.evaluation.test_tasks;
        if number > tasks {
            return Err(Misuse(format!("--task {number}: {experiment} has {tasks} test tasks")).into());
        }
        if settings.algorithm.reads_answers() {
            stepless.push(experiment.clone());
            continue;
        }
        let look = match pane.of {
            Of::Network(find) => network(watcher, &of, (set, number), find)?,
            Of::Course(find) => Some(course(watcher, &of, set).map(|(course, words)| (find(&course), words))),
        };
        match look {
            None => {}
            Some(None) => stepless.push(experiment.clone()),
            Some(Some((what, words))) => {
                found.push(Shown { heading: format!("{experiment}, {words}"), place, found: what });
            }
        }
    }
    if found.is_empty() {
        match stepless.is_empty() {
            true => {
                bail!("none of the {} runs is trained yet, so there is nothing to take apart", runs.len())
            }
            false => {
                bail!("{}: no gradient steps are taken there that could be taken apart", stepless.join(", "))
            }
        }
    }
    Ok(draw(pane, &found, paper))
}

/// What is found, and of what in words.
type Look = Option<(Found, String)>;

/// What a pane finds in the first trained network of these runs; nothing before there is one.
fn network(
    watcher: &Watcher,
    runs: &[usize],
    (set, number): (Test<'_>, usize),
    find: fn(&Subject, &dyn Fn() -> bool) -> Option<Found>,
) -> anyhow::Result<Option<Look>> {
    for &run in runs {
        let trained = watcher.trained(run);
        let trained =
            trained.map_err(|error| anyhow!("{error}; the command that trained it writes it anew"))?;
        let Some(weights) = trained else { continue };
        let settings = watcher.settings(run);
        let seed = watcher.runs()[run].seed;
        let tasks = few(set, number);
        let rule = &weights.adaptation;
        let trained = settings.algorithm.uses("inner_steps").then_some((rule.inner_lr, rule.inner_steps));
        let Some(task) = tasks.get(number - 1).cloned() else { return Ok(None) };
        let subject = Subject {
            weights: settings.tested(&weights, set),
            trained,
            task,
            tasks: tasks[..tasks.len().min(TASKS)].to_vec(),
            settings: set.task.clone(),
            training: settings.training.clone(),
            seed,
            n: 10,
        };
        let units = if set.task.family.units().are_own() { "" } else { ", in the network's own units" };
        let words =
            format!("seed {seed} at step {}, test task {number}{units}", count(settings.total_steps()));
        return Ok(Some(find(&subject.inward(), &|| true).map(|found| (found, words))));
    }
    Ok(None)
}

/// The first test tasks, at least so many.
fn few(set: Test<'_>, least: usize) -> Vec<TestTask> {
    let count = TASKS.max(least).min(set.evaluation.test_tasks);
    test_tasks(set.task, &EvaluationSettings { test_tasks: count, ..set.evaluation.clone() })
}

/// The training of these runs, which are one experiment's.
fn course(watcher: &Watcher, runs: &[usize], set: Test<'_>) -> Option<(Course, String)> {
    let settings = watcher.settings(*runs.first()?);
    let few = few(set, 1);
    let guesses = Yardstick::Guess.losses(set.task, &few).unwrap_or_default();
    let tasks = pairs(&few);
    let steps = landmarks(settings.total_steps());
    let marks = |weights: &Weights| Marks::new(&settings.tested(weights, set), &tasks, set.task, || true);
    let seed = |run: &usize| {
        let mut known = Looks::new();
        let look = |landmark: usize| {
            let past = watcher.past(*run, landmark).filter(|past| past.step == steps[landmark]);
            past.and_then(|past| Some((past.step, marks(&past.weights)?)))
        };
        known.extend(looks(steps.len()).into_iter().filter_map(look));
        let last = watcher.trained(*run).ok().flatten().and_then(|weights| marks(&weights));
        if let Some(last) = last.filter(|_| known.iter().all(|(step, _)| *step != settings.total_steps())) {
            known.push((settings.total_steps(), last));
        }
        known.sort_by_key(|(step, _)| *step);
        while let Some(found) = closer(&steps, &known).and_then(look) {
            let place = known.partition_point(|(step, _)| *step < found.0);
            known.insert(place, found);
        }
        (watcher.runs()[*run].seed, known)
    };
    let course = Course {
        seeds: runs.iter().map(seed).collect(),
        tasks: tasks.len(),
        prior: set.task.family.units().loss_inward(mean(&guesses)),
        inner_steps: settings.training.inner_steps.max(1),
    };
    let looks: usize = course.seeds.iter().map(|(_, marks)| marks.len()).sum();
    let words = format!("{} seeds, {looks} looks", runs.len());
    (looks > 0).then_some((course, words))
}

fn draw(pane: &Pane, shown: &[Shown], paper: &Paper) -> String {
    let mut picture = Picture::new();
    let (font, small) = (paper.font, 0.9 * paper.font);
    let room = paper.width - font;
    let title = paper.wrapped(pane.title, room, 1.1 * font);
    let bold = "font-weight=\"bold\"";
    let mut top = paper.paragraph(&mut picture, [0.5 * font, 0.2 * font], (1.1 * font, bold), &title);
    let look_for = paper.wrapped(&format!("Look for: {}", pane.look_for), room, small);
    top = paper.paragraph(&mut picture, [0.5 * font, top], (small, "font-style=\"italic\""), &look_for);
    for Shown { heading, place, found } in shown {
        let heading = paper.wrapped(heading, room, font);
        top = paper.paragraph(&mut picture, [0.5 * font, top + 0.8 * font], (font, bold), &heading);
        let says = paper.wrapped(&found.says(), room, small);
        top = paper.paragraph(&mut picture, [0.5 * font, top], (small, ""), &says) + 0.5 * font;
        for row in found.picture(CURSOR) {
            top = draw_row(&mut picture, paper, *place, &row, top);
        }
    }
    paper.document(picture, top + 0.6 * font)
}

/// A row of parts, side by side as far as they have room; where it ends.
fn draw_row(picture: &mut Picture, paper: &Paper, place: usize, row: &Row, top: f64) -> f64 {
    let columns = ((paper.width / (15.0 * paper.font)) as usize).clamp(1, row.parts.len().max(1));
    let across = paper.width / columns as f64;
    let mut top = top;
    for parts in row.parts.chunks(columns) {
        let mut bottom = top;
        for (column, part) in parts.iter().enumerate() {
            let at = [across * column as f64, top, across];
            bottom = bottom.max(match part {
                Part::Curves(curves) => draw_curves(picture, paper, place, curves, at),
                Part::Field(field) => draw_field(picture, paper, field, at),
                Part::Losses(losses) => draw_losses(picture, paper, losses, at),
            });
        }
        top = bottom + 0.5 * paper.font;
    }
    top
}

/// The colour and the dashes of a line.
fn look(paper: &Paper, place: usize, line: &Line) -> (String, String) {
    let colour = match line.hue {
        Hue::Plain => paper.ink().to_owned(),
        Hue::Own | Hue::Faint => paper.colour(place),
        Hue::Series(other) => paper.colour(place + other),
        Hue::Support => paper.colour(5),
        Hue::Key => paper.colour(1),
    };
    let width = paper.stroke() * if line.is_bold { 1.5 } else { 0.8 };
    let dash = |parts: &[f64]| {
        let parts: Vec<String> = parts.iter().map(|part| format!("{:.1}", part * width)).collect();
        format!(" stroke-dasharray=\"{}\"", parts.join(" "))
    };
    let dashes = match line.shape {
        Shape::Line(Stroke::Dash) => dash(&[4.0, 1.6]),
        Shape::Line(Stroke::LongDash) => dash(&[8.0, 2.0]),
        Shape::Line(Stroke::Dot) => dash(&[1.2, 1.8]),
        Shape::Line(Stroke::Series(place)) => match place % 3 {
            0 => String::new(),
            1 => dash(&[3.0, 1.5]),
            _ => dash(&[3.0, 1.5, 1.0, 1.5]),
        },
        _ => String::new(),
    };
    let stroke = format!("stroke=\"{colour}\" stroke-width=\"{width:.2}\" stroke-linejoin=\"round\"{dashes}");
    (colour, stroke)
}

fn draw_curves(
    picture: &mut Picture,
    paper: &Paper,
    place: usize,
    curves: &Curves,
    [left, top, across]: [f64; 3],
) -> f64 {
    let small = 0.9 * paper.font;
    let axis = |scale: Scale, label: &str| Axis { scale, label: label.to_owned(), whole: false };
    // A circle is to look like one.
    let across = if curves.is_square { across.min(28.0 * paper.font) } else { across };
    let chart = Chart {
        title: String::new(),
        x: axis(curves.x, curves.x_name),
        y: axis(curves.y, curves.y_name),
        series: Vec::new(),
        rules: Vec::new(),
    };
    let head = 0.4 * paper.font;
    chart.draw(picture, paper, [left, top, across], head);
    let [x0, y0, width, height] = chart.frame(paper, [left, top, across], head);
    let to = |x: f64, y: f64| (x0 + width * x, y0 + height * (1.0 - y));
    let at = |(x, y): &(f64, f64)| {
        let far = if *y > curves.y.high { 2.0 } else { -1.0 };
        [
            curves.x.place(*x).unwrap_or(f64::NAN),
            curves.y.place(*y).unwrap_or(if y.is_nan() { f64::NAN } else { far }),
        ]
    };
    for line in &curves.lines {
        let (colour, stroke) = look(paper, place, line);
        let points: Vec<[f64; 2]> = line.points.iter().map(at).collect();
        match &line.shape {
            Shape::Line(_) => {
                for piece in pieces(&points).0 {
                    picture.line(piece.iter().map(|[x, y]| to(*x, *y)), &stroke);
                }
            }
            Shape::Band(upper) => {
                let upper: Vec<[f64; 2]> =
                    line.points.iter().zip(upper).map(|((x, _), y)| at(&(*x, *y))).collect();
                let corner = |[x, y]: &[f64; 2]| {
                    let (x, y) = to(*x, y.clamp(0.0, 1.0));
                    format!("{x:.1},{y:.1}")
                };
                let corners: Vec<String> = upper.iter().chain(points.iter().rev()).map(corner).collect();
                picture.draw(&format!(
                    "<path d=\"M{}z\" fill=\"{colour}\" fill-opacity=\".17\"/>",
                    corners.join("L")
                ));
            }
            Shape::Marks(mark) => {
                for [x, y] in
                    points.iter().filter(|[x, y]| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y))
                {
                    draw_mark(picture, (to(*x, *y), small), *mark, &colour);
                }
            }
        }
    }
    let mut bottom = y0 + height + 3.0 * small;
    // What the lines are.
    let (mut x, mut y) = (left + 0.5 * paper.font, bottom + small);
    let mut named: Vec<&Line> = Vec::new();
    for line in curves.lines.iter().filter(|line| !line.name.is_empty()) {
        let wide = 3.0 * small + paper.width_of(&line.name, small) + small;
        if !named.is_empty() && x + wide > left + across {
            (x, y) = (left + 0.5 * paper.font, y + 1.3 * small);
        }
        let (colour, stroke) = look(paper, place, line);
        match &line.shape {
            Shape::Marks(mark) => draw_mark(picture, ((x + 1.2 * small, y - 0.3 * small), small), *mark, &colour),
            Shape::Band(_) => picture.draw(&format!(
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\" fill-opacity=\".17\"/>",
                y - 0.7 * small,
                2.4 * small,
                0.8 * small
            )),
            Shape::Line(_) => {
                let middle = y - 0.3 * small;
                picture.line([(x, middle), (x + 2.4 * small, middle)].into_iter(), &stroke);
            }
        }
        paper.write(picture, (x + 2.8 * small, y), (small, ""), &line.name);
        x += wide;
        named.push(line);
        bottom = y;
    }
    bottom + 0.6 * small
}

fn draw_mark(picture: &mut Picture, ((x, y), size): ((f64, f64), f64), mark: Mark, colour: &str) {
    match mark {
        Mark::Letter(letter) => {
            let look = format!("font-size=\"{size:.2}\" text-anchor=\"middle\" fill=\"{colour}\"");
            picture.text((x, y + 0.34 * size), &look, &letter.to_string());
        }
        Mark::Trained | Mark::Support | Mark::Cursor => {
            let shape = super::paper::mark(if mark == Mark::Support { 0 } else { 4 }, (x, y), 0.3 * size);
            picture.draw(&format!("<path d=\"{shape}\" fill=\"{colour}\"/>"));
        }
    }
}

/// The ground of a share of the strongest.
fn ground(paper: &Paper, share: f64) -> String {
    hex(if paper.dark { SIGNED.0 } else { SIGNED.1 }.tone(share).rgb)
}

fn draw_field(picture: &mut Picture, paper: &Paper, field: &Field, [left, top, across]: [f64; 3]) -> f64 {
    let small = 0.9 * paper.font;
    let labels = field.rows.iter().map(|(_, text)| text.as_str()).chain([field.y_name]);
    let widest = labels.map(|text| paper.width_of(text, small)).fold(0.0, f64::max);
    let (x0, y0) = (left + widest + small, top + 0.4 * paper.font);
    let (rows, columns) = field.size;
    let width = left + across - 1.2 * paper.font - x0;
    let height = if rows < 30 {
        (rows as f64 * 0.7 * small).max(3.0 * small)
    } else {
        plot_height(across, paper.font)
    };
    if field.values.is_empty() {
        paper.write(picture, (x0, y0 + small), (small, ""), &format!("{}: none answers", field.unit));
        return y0 + 2.0 * small;
    }
    let [wide, high] = [width / columns as f64, height / rows as f64];
    for row in 0..rows {
        let shades: Vec<String> =
            (0..columns).map(|column| ground(paper, field.at((column, row), (columns, rows)))).collect();
        let y = y0 + height - high * (row + 1) as f64;
        let mut from = 0;
        while from < columns {
            let same = shades[from..].iter().take_while(|shade| **shade == shades[from]).count();
            picture.draw(&format!(
                "<rect x=\"{:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{}\"/>",
                x0 + wide * from as f64,
                wide * same as f64 + 0.05,
                high + 0.05,
                shades[from]
            ));
            from += same;
        }
    }
    for (row, text) in &field.rows {
        let y = y0 + height - high * (*row as f64 + 0.5) + 0.34 * small;
        paper.write(picture, (x0 - 0.4 * small, y), (small, "text-anchor=\"end\""), text);
    }
    for (row, column, letter) in &field.letters {
        let (x, y) = (x0 + wide * (column + 0.5), y0 + height - high * (row + 0.5));
        if (x0..=x0 + width).contains(&x) && (y0..=y0 + height).contains(&y) {
            let look = format!(
                "font-size=\"{small:.2}\" font-weight=\"bold\" text-anchor=\"middle\" fill=\"{}\"",
                paper.ink()
            );
            picture.text((x, y + 0.34 * small), &look, &letter.to_string());
        }
    }
    let foot = y0 + height + 1.2 * small;
    paper.write(picture, (x0, foot), (small, ""), &number(field.x[0]));
    paper.write(picture, (x0 - 0.4 * small, foot), (small, "text-anchor=\"end\""), field.y_name);
    let right = format!("{} {}", number(field.x[1]), field.x_name);
    paper.write(picture, (x0 + width, foot), (small, "text-anchor=\"end\""), &right);
    // What the colours mean.
    let mut x = x0;
    let y = foot + 1.5 * small;
    let low = format!("{} ", number(-field.most));
    paper.write(picture, (x, y), (small, ""), &low);
    x += paper.width_of(&low, small);
    for step in -4..=4 {
        picture.draw(&format!(
            "<rect x=\"{x:.2}\" y=\"{:.2}\" width=\"{small:.2}\" height=\"{small:.2}\" fill=\"{}\"/>",
            y - 0.8 * small,
            ground(paper, f64::from(step) / 4.0)
        ));
        x += small;
    }
    let unit = format!("{} {}", number(field.most), field.unit);
    let unit = paper.fitted(&unit, left + across - x - small, small);
    paper.write(picture, (x + 0.3 * small, y), (small, ""), &unit);
    y + 0.6 * small
}

fn draw_losses(picture: &mut Picture, paper: &Paper, losses: &Losses, [left, top, across]: [f64; 3]) -> f64 {
    let small = 0.9 * paper.font;
    let widest = losses.rates.iter().map(|text| paper.width_of(text, small)).fold(0.0, f64::max);
    let (x0, y0) = (left + widest + small, top + 1.4 * small);
    let width = left + across - 1.2 * paper.font - x0;
    let [wide, high] = [width / losses.steps.len().max(1) as f64, 1.5 * small];
    let known = losses.cells.iter().flatten().filter(|(mean, lost)| *lost == 0 && mean.is_finite());
    let known: Vec<f64> = known.map(|(mean, _)| *mean).filter(|mean| *mean > 0.0).collect();
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let most = known.iter().copied().fold(0.0, f64::max).min(2.0 * losses.prior);
    let scale = Scale::log(least, most.max(1.05 * least));
    for (column, name) in losses.steps.iter().enumerate() {
        let x = x0 + wide * (column as f64 + 0.5);
        paper.write(picture, (x, y0 - 0.4 * small), (small, "text-anchor=\"middle\""), name);
    }
    for (row, (name, cells)) in losses.rates.iter().zip(&losses.cells).enumerate() {
        let y = y0 + high * row as f64;
        let foot = y + 0.5 * high + 0.34 * small;
        paper.write(picture, (x0 - 0.4 * small, foot), (small, "text-anchor=\"end\""), name);
        for (column, (mean, lost)) in cells.iter().enumerate() {
            let x = x0 + wide * column as f64;
            let place = scale.place(*mean).filter(|_| *lost == 0).map(|place| place.clamp(0.0, 1.0));
            let last = RAMP.len() - 1;
            let shade = place.map(|place| RAMP[last - (place * last as f64).round() as usize].rgb);
            let fill = shade.map_or_else(|| paper.grid().to_owned(), hex);
            let is_trained = losses.trained == Some((row, column));
            let edge = if is_trained { (paper.ink(), 2.0) } else { (paper.ground(), 0.5) };
            picture.draw(&format!(
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{wide:.2}\" height=\"{high:.2}\" fill=\"{fill}\" \
                 stroke=\"{}\" stroke-width=\"{}\"/>",
                edge.0, edge.1
            ));
            let ink = match shade {
                Some(shade) if !wants_black(shade) => "#fff",
                Some(_) => "#000",
                None => paper.ink(),
            };
            let text = match lost {
                0 if *mean < 1e4 => number(*mean),
                0 => ">1e4".to_owned(),
                lost => format!("{lost} lost"),
            };
            let look = format!("font-size=\"{small:.2}\" text-anchor=\"middle\" fill=\"{ink}\"");
            picture.text((x + 0.5 * wide, foot), &look, &paper.fitted(&text, wide, small));
        }
    }
    let y = y0 + high * losses.rates.len() as f64 + 1.3 * small;
    let note =
        "Mean test loss after n steps of plain gradient descent, by rate. Framed: what training was with.";
    let lines = paper.wrapped(note, across - paper.font, small);
    paper.paragraph(picture, [x0, y - small], (small, ""), &lines)
}
