//! Play: a task and support points of one's own; every learner adapts on the same points, and the
//! ranking answers each key.
//!
//! ```text
//! + y = 2.55 sin(x + 1.00), K 10, noise 0, n=10 -------------------++ Ranking by test loss ----+
//! |  truth, support points, the best three fits, the cursor        || 1 MAML          0.41     |
//! |                                                                || 2 Reptile       0.52     |
//! +----------------------------------------------------------------++ oracle 0 ----------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

mod beside;
mod change;
pub mod seeds;
pub mod state;
#[cfg(test)]
mod tests;

use self::state::Play;
use super::fit::band;
use crate::{
    eval::Fit,
    results::Scale,
    task::TestTask,
    term::{Button, Mouse, MouseKind},
    ui::{
        command::Group,
        state::app::{App, Command, Kind},
        style::Pattern,
        update::fit::{
            FEWER_STEPS, MORE_STEPS, NEXT_SEED, PREVIOUS_SEED, RATE, RATE_DOWN, RATE_UP, RESET, STEPS,
        },
        widgets::{
            geometry::Geometry,
            plot::{Plot, Series, Shape},
            text::{fit, inside, number, pad, pane, pane_note, put, rate, whereabouts, wrap},
        },
    },
};

/// The view.
pub static VIEW: Kind = Kind { point, look, commands: COMMANDS, ..Kind::new("Play", "play", draw) };

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("cursor-left", "Left h", "cursor left", |app| cursor(app, -1.0, 0.0))
        .hint("cursor")
        .group(Group::Move),
    Command::new("cursor-right", "Right l", "cursor right", |app| cursor(app, 1.0, 0.0))
        .shares_hint()
        .group(Group::Move),
    Command::new("cursor-up", "Up k", "cursor up", |app| cursor(app, 0.0, 1.0))
        .shares_hint()
        .group(Group::Move),
    Command::new("cursor-down", "Down j", "cursor down", |app| cursor(app, 0.0, -1.0))
        .shares_hint()
        .group(Group::Move),
    Command::new("place", "Space", "place a support point at the cursor", |app| place(app, Play::place))
        .hint("place"),
    Command::new("place-on-task", "w", "place a support point on the task", |app| {
        place(app, Play::place_on_task)
    })
    .hint("on task"),
    Command::new("grab", "Enter", "take up the nearest point, or let go of it", |app| {
        change(app, Play::grab)
    })
    .hint("grab"),
    Command::new("delete-point", "d Delete Backspace", "delete the nearest point", |app| {
        change(app, Play::delete)
    })
    .hint("delete"),
    Command::new("delete-points", "D", "delete every support point", |app| change(app, Play::clear)),
    Command::new("undo", "u U", "undo: points, task and noise as they were before the last change", |app| {
        if !app.play.undo() {
            app.say("nothing has been changed here");
        }
    })
    .hint("undo"),
    Command::new("hard-task", "t", "take a hard task, drawn anew", |app| {
        let words = change(app, Play::surprise);
        app.say(words);
    })
    .hint("hard task"),
    Command::new("parts", "P", "the next step of the lowest learner: what each point adds", beside::toggle),
    FEWER_STEPS.keys("J").hint("steps"),
    MORE_STEPS.keys("K").shares_hint(),
    STEPS,
    RATE_DOWN.hint("rate"),
    RATE_UP.shares_hint(),
    RATE,
    RESET.help("rate and n back to the file's"),
    Command::new("first-number-down", "{", "the task's first number down: an amplitude, a length", |app| {
        turn(app, 0, -1)
    })
    .hint("task"),
    Command::new("first-number-up", "}", "the task's first number up", |app| turn(app, 0, 1)).shares_hint(),
    Command::new("second-number-down", "[", "its second number down: a phase, a scale", |app| {
        turn(app, 1, -1)
    })
    .shares_hint(),
    Command::new("second-number-up", "]", "its second number up", |app| turn(app, 1, 1)).shares_hint(),
    Command::new("third-number-down", "-", "its third number down, if it has one", |app| turn(app, 2, -1))
        .shares_hint(),
    Command::new("third-number-up", "*", "its third number up", |app| turn(app, 2, 1)).shares_hint(),
    Command::new("noise-down", ";", "less noise on the support points", |app| {
        change(app, |play| play.roughen(-1))
    })
    .hint("noise"),
    Command::new("noise-up", "'", "more noise", |app| change(app, |play| play.roughen(1))).shares_hint(),
    PREVIOUS_SEED,
    NEXT_SEED,
];

/// Fits drawn; all are ranked.
const DRAWN: usize = 3;

/// A learner on the task: its experiment, its loss before the first step, its fit.
type Ranked<'a> = (usize, f64, &'a Fit);

/// The plot's pane and the ranking's.
fn panes(area: Rect) -> (Rect, Rect) {
    let right = (area.width / 3).clamp(30, 44);
    let left = Rect { width: area.width - right, ..area };
    (left, Rect { x: left.right(), width: right, ..area })
}

/// Where the plot's values lie when the view is drawn into `area`.
pub fn geometry(app: &App, area: Rect) -> Option<Geometry> {
    let inner = inside(panes(area).0);
    plot(app, &app.play.task(), &[], inner.width).geometry(inner)
}

/// Every learner with a fit, the lowest first, and those without.
fn ranked(app: &App) -> (Vec<Ranked<'_>>, Vec<usize>) {
    let (mut ranking, mut unready) = (Vec::new(), Vec::new());
    for index in app.leaders() {
        match (app.fit_after(index, 0), app.fit_after(index, app.fit.n)) {
            (Some(start), Some(fit)) => ranking.push((index, start.loss, fit)),
            _ => unready.push(index),
        }
    }
    let key = |loss: f64| if loss.is_finite() { loss } else { f64::INFINITY };
    ranking.sort_by(|a: &Ranked<'_>, b| key(a.2.loss).total_cmp(&key(b.2.loss)));
    (ranking, unready)
}

/// Draws the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let play = &app.play;
    let task = play.task();
    let (left, right) = panes(area);
    let table = play.function.family.table();
    let is_trained_on = table.is_some_and(|table| !table.is_test(&play.function.numbers));
    let title = format!(
        "{}{}, K {}, noise {}, n={}",
        play.function.equation(),
        if is_trained_on { ", trained on" } else { "" },
        play.points.len(),
        rate(play.noise),
        app.fit.n
    );
    let inner = pane(buffer, left, &title, styles);
    let (ranking, unready) = ranked(app);
    let unseen = plot(app, &task, &ranking, inner.width).draw(inner, buffer, styles);
    let at = format!("cursor x {:.2}, y {:.2}", play.x, play.y);
    let note = if unseen.announce().is_empty() { at } else { format!("{}; {at}", unseen.announce()) };
    pane_note(buffer, left, &note, styles.warn(), styles);
    draw_ranking(app, &ranking, &unready, right, buffer);
}

/// The truth, the points, the cursor and the best fits. Every experiment's name has a place kept for it,
/// so that the plot does not move under the hand when another learner gets better.
fn plot(app: &App, task: &TestTask, ranking: &[Ranked<'_>], width: u16) -> Plot<'static> {
    let styles = &app.styles;
    let play = &app.play;
    let longest = if width < 60 { 9 } else { 18 };
    let name = |index: usize| fit(&app.row_name(index), longest, styles);
    let line = task.drawn_at();
    let curve = |y: &[f64]| line.iter().copied().zip(y.iter().copied()).collect::<Vec<_>>();
    let is_table = play.table().is_some();
    let mut series = vec![Series {
        name: if is_table { "asked for" } else { "truth" }.to_owned(),
        style: styles.plain(),
        shape: if is_table { Shape::Points(styles.asked_mark()) } else { Shape::Line(Pattern::Dot) },
        mark: '.',
        points: task.query.x.iter().copied().zip(task.query.y.iter().copied()).collect(),
    }];
    let drawn = &ranking[..ranking.len().min(DRAWN)];
    for index in app.leaders() {
        if drawn.iter().all(|(other, ..)| *other != index) {
            series.push(Series {
                name: name(index),
                style: styles.series(app.hue(index)),
                shape: Shape::Line(styles.pattern(app.hue(index))),
                mark: styles.mark(app.hue(index)),
                points: Vec::new(),
            });
        }
    }
    if let Some((lowest, ..)) = ranking.first() {
        series.extend(beside::series(app, *lowest, task));
    }
    for (index, _, fitted) in drawn.iter().rev() {
        series.extend(band(&line, fitted, "", styles.series(app.hue(*index)).patch(styles.dim())));
        let best = *index == ranking[0].0;
        let style = styles.series(app.hue(*index));
        series.push(Series {
            name: name(*index),
            style: if best { style.add_modifier(Modifier::BOLD) } else { style },
            shape: Shape::Line(if best { Pattern::Solid } else { styles.pattern(app.hue(*index)) }),
            mark: styles.mark(app.hue(*index)),
            points: curve(&fitted.y),
        });
    }
    series.push(Series {
        name: "support".to_owned(),
        style: styles.support(),
        shape: Shape::Points(styles.support_mark()),
        mark: 'O',
        points: task.support.x.iter().copied().zip(task.support.y.iter().copied()).collect(),
    });
    series.push(Series {
        name: if play.held.is_some() { "held" } else { "cursor" }.to_owned(),
        style: styles.key(),
        shape: Shape::Points(styles.cursor_mark()),
        mark: 'X',
        points: vec![(play.x, play.y)],
    });
    Plot {
        x: Scale::linear(play.range[0], play.range[1]),
        y: Scale::linear(play.heights[0], play.heights[1]),
        x_name: app.sets.first().map_or("x", |set| set.x_name()),
        series,
        crosshair: None,
        names: true,
    }
}

/// Every learner, the best first, and what the numbers mean.
fn draw_ranking(app: &App, ranking: &[Ranked<'_>], unready: &[usize], area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, "Ranking by test loss", styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    // A place, a blank, the name, two figures of six cells with a blank before each.
    let places = if ranking.len() > 9 { 2 } else { 1 };
    let name = usize::from(inner.width).saturating_sub(places + 15);
    // The words below give way to the learners, and of these the last ones.
    let rows = usize::from(inner.height).saturating_sub(1);
    let all = ranking.len() + unready.len();
    pane_note(buffer, area, &whereabouts(0, rows, all), styles.warn(), styles);
    let mut y = inner.y;
    let head =
        format!("{} {:>6} {:>6}", pad("", name + places + 1, styles), "n=0", format!("n={}", app.fit.n));
    put(buffer, inner, inner.x, y, &head, styles.plain());
    for (place, (index, start, fit)) in ranking.iter().enumerate() {
        y += 1;
        let title = pad(&app.row_name(*index), name, styles);
        let x = put(
            buffer,
            inner,
            inner.x,
            y,
            &format!("{:>places$} {title}", place + 1),
            styles.readable(styles.series(app.hue(*index))),
        );
        let x = put(buffer, inner, x, y, &format!(" {:>6}", number(*start)), styles.plain());
        let style = if place == 0 { styles.best() } else { styles.plain() };
        let text = number(fit.loss);
        put(buffer, inner, x + 1 + 6u16.saturating_sub(text.len() as u16), y, &text, style);
    }
    for index in unready {
        y += 1;
        let title = pad(&app.row_name(*index), name, styles);
        let is_read = app.experiments[*index].settings.algorithm.reads_answers();
        let why = if is_read { "tests only" } else { "no network" };
        put(buffer, inner, inner.x, y, &format!("{:>places$} {title} {why}", "-"), styles.plain());
    }
    y += 2;
    let sliders = app.play.sliders();
    let turned: Vec<String> = sliders
        .iter()
        .zip(["first", "second", "third"])
        .map(|(slider, place)| {
            let keys = ["down", "up"].map(|way| app.key_of(&format!("{place}-number-{way}")));
            format!("{} {} {}", keys[0], keys[1], slider.name)
        })
        .collect();
    let (over, places) = match app.play.table() {
        Some(_) => ("the other points", "takes the nearest point of the task"),
        None => ("the whole task", "places a point"),
    };
    let is_read = |index: &usize| app.experiments[*index].settings.algorithm.reads_answers();
    let only = match unready.iter().any(is_read) {
        true => {
            " Answers that are read from a file are of the test tasks alone, so that they say nothing here."
        }
        false => "",
    };
    let text = format!(
        "{}Every learner takes {} steps of its own test rate on your points; the loss is over {over}. {} {places}, {} \
         moves one, {} draws a hard task. {}.",
        app.oracle().map_or(String::new(), |oracle| format!("oracle {}. ", number(oracle))),
        app.fit.n,
        app.key_of("place"),
        app.key_of("grab"),
        app.key_of("hard-task"),
        turned.join(", ")
    ) + only;
    for line in wrap(&text, usize::from(inner.width), styles) {
        put(buffer, inner, inner.x, y, &line, styles.plain());
        y += 1;
    }
}

/// The fits of every learner.
fn look(app: &mut App) {
    let task = app.play.task();
    for index in app.leaders() {
        if app.experiments[index].settings.algorithm.reads_answers() {
            // Nobody was asked about these points.
            continue;
        }
        app.want_fits(index, &task, &[0, app.fit.n]);
    }
    if let Some(lowest) = ranked(app).0.first().map(|(index, ..)| *index) {
        beside::look(app, lowest, &task);
    }
    let settings = app.sets.first().map(|set| set.task.clone()).unwrap_or_default();
    app.want_oracle(&settings, &task);
}

/// Changes the task, so that it can be undone.
fn change<T>(app: &mut App, of: impl FnOnce(&mut Play) -> T) -> T {
    app.play.change(of)
}

/// Turns one of the task's numbers, if it has so many.
fn turn(app: &mut App, slider: usize, by: i32) {
    if !change(app, |play| play.turn(slider, by)) {
        let names: Vec<&str> = app.play.sliders().iter().map(|slider| slider.name).collect();
        app.say(format!("what can be turned of this task: {}", names.join(", ")));
    }
}

/// Moves the cursor by so many steps.
fn cursor(app: &mut App, across: f64, up: f64) {
    change(app, |play| play.move_by(across / 60.0, up / 30.0));
}

/// Places a support point, if there is room for it.
fn place(app: &mut App, of: impl FnOnce(&mut Play) -> bool) {
    if !change(app, of) {
        app.say("that is enough support points");
    }
}

/// The mouse places, drags and deletes support points.
fn point(app: &mut App, area: Rect, mouse: &Mouse) -> bool {
    let Some(plot) = &geometry(app, area) else { return false };
    let (column, row) = (mouse.column, mouse.row);
    let inside = plot.canvas.contains((column, row).into());
    let (x, y) = plot.at(column, row);
    match mouse.kind {
        MouseKind::Press(Button::Left) if inside => match near(app, plot, column, row) {
            Some(point) => change(app, |play| play.hold(point)),
            None => {
                // Where the task runs through this very cell, on the task.
                let is_wave = plot.cell(x, app.play.function.at(x)) == Some((column, row));
                place(app, |play| play.place_at(x, (!is_wave).then_some(y)));
            }
        },
        // A point that is dragged out of the plot stays at its edge.
        MouseKind::Drag(Button::Left) if app.play.held.is_some() => change(app, |play| play.move_to(x, y)),
        MouseKind::Press(Button::Right) if inside => match near(app, plot, column, row) {
            Some(point) => change(app, |play| play.remove(point)),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// The support point drawn at this cell or beside it, the nearest one first.
fn near(app: &App, plot: &Geometry, column: u16, row: u16) -> Option<usize> {
    let support = app.play.task().support;
    let points = support.x.iter().zip(&support.y).enumerate();
    let distances = points.filter_map(|(point, (x, y))| {
        let (across, down) = plot.cell(*x, *y)?;
        let (across, down) = (across.abs_diff(column), down.abs_diff(row));
        (across <= 1 && down <= 1).then_some((across + down, point))
    });
    distances.min().map(|(_, point)| point)
}
