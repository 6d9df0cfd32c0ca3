//! Play: a task and support points of one's own; every learner adapts on the same points, and the
//! ranking answers each key.
//!
//! ```text
//! + y = 2.55 sin(x + 1.00), K 10, noise 0, n=10 -------------------++ Ranking by test loss ----+
//! |  truth, support points, the best three fits, the cursor        || 1 MAML          0.41     |
//! |                                                                || 2 Reptile       0.52     |
//! +----------------------------------------------------------------++ oracle 0 ----------------+
//! ```
//!
//! On a walk the points are those of a frozen test task, one more at each key, and below the plot is the loss of every
//! system against K so far.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

mod beside;
mod change;
pub mod frozen;
pub mod seeds;
pub mod state;
#[cfg(test)]
mod tests;
mod walk;

use self::{frozen::Walk, state::Play};
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
    Command::new("next-point", "f", "the next point of a frozen test task, every system redrawn", |app| {
        walk::go(app, 1)
    })
    .hint("points"),
    Command::new("previous-point", "b", "the point before taken away again", |app| walk::go(app, -1))
        .shares_hint(),
    Command::new("next-frozen-task", "F", "another test task, with as many of its points", walk::next_task),
    Command::new("cursor-left", "Left h", "cursor left", |app| cursor(app, -1.0, 0.0))
        .hint("cursor")
        .group(Group::Move)
        .unless(walk::refusal),
    Command::new("cursor-right", "Right l", "cursor right", |app| cursor(app, 1.0, 0.0))
        .shares_hint()
        .group(Group::Move)
        .unless(walk::refusal),
    Command::new("cursor-up", "Up k", "cursor up", |app| cursor(app, 0.0, 1.0))
        .shares_hint()
        .group(Group::Move)
        .unless(walk::refusal),
    Command::new("cursor-down", "Down j", "cursor down", |app| cursor(app, 0.0, -1.0))
        .shares_hint()
        .group(Group::Move)
        .unless(walk::refusal),
    Command::new("place", "Space", "place a support point at the cursor", |app| place(app, Play::place))
        .hint("place")
        .unless(walk::refusal),
    Command::new("place-on-task", "w", "place a support point on the task", |app| {
        place(app, Play::place_on_task)
    })
    .hint("on task")
    .unless(walk::refusal),
    Command::new("grab", "Enter", "take up the nearest point, or let go of it", |app| {
        change(app, Play::grab)
    })
    .hint("grab")
    .unless(walk::refusal),
    Command::new("delete-point", "d Delete Backspace", "delete the nearest point", |app| {
        change(app, Play::delete)
    })
    .hint("delete")
    .unless(walk::refusal),
    Command::new("delete-points", "D", "delete every support point", |app| change(app, Play::clear))
        .unless(walk::refusal),
    Command::new("undo", "u U", "undo: points, task and noise as they were before the last change", |app| {
        if !app.play.undo() {
            app.say("nothing has been changed here");
        }
    })
    .hint("undo")
    .unless(walk::refusal),
    Command::new("hard-task", "t", "take a hard task, drawn anew", |app| {
        let words = change(app, Play::surprise);
        app.say(words);
    })
    .hint("hard task")
    .unless(walk::refusal),
    Command::new("parts", "i", "the next step of the lowest learner: what each point adds", beside::toggle)
        .unless(walk::refusal),
    FEWER_STEPS.keys("J").hint("steps").unless(walk::refusal),
    MORE_STEPS.keys("K").shares_hint().unless(walk::refusal),
    STEPS.unless(walk::refusal),
    RATE_DOWN.hint("rate"),
    RATE_UP.shares_hint(),
    RATE,
    RESET.help("rate and n back to the file's"),
    Command::new("first-number-down", "{", "the task's first number down: an amplitude, a length", |app| {
        turn(app, 0, -1)
    })
    .hint("task")
    .unless(walk::refusal),
    Command::new("first-number-up", "}", "the task's first number up", |app| turn(app, 0, 1))
        .shares_hint()
        .unless(walk::refusal),
    Command::new("second-number-down", "[", "its second number down: a phase, a scale", |app| {
        turn(app, 1, -1)
    })
    .shares_hint()
    .unless(walk::refusal),
    Command::new("second-number-up", "]", "its second number up", |app| turn(app, 1, 1))
        .shares_hint()
        .unless(walk::refusal),
    Command::new("third-number-down", "-", "its third number down, if it has one", |app| turn(app, 2, -1))
        .shares_hint()
        .unless(walk::refusal),
    Command::new("third-number-up", "*", "its third number up", |app| turn(app, 2, 1))
        .shares_hint()
        .unless(walk::refusal),
    Command::new("noise-down", ";", "less noise on the support points", |app| {
        change(app, |play| play.roughen(-1))
    })
    .hint("noise")
    .unless(walk::refusal),
    Command::new("noise-up", "'", "more noise", |app| change(app, |play| play.roughen(1)))
        .shares_hint()
        .unless(walk::refusal),
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
        match (app.fit_after(index, 0), app.fit_after(index, app.played_steps(index))) {
            (Some(start), Some(fit)) => ranking.push((index, start.loss, fit)),
            _ => unready.push(index),
        }
    }
    let key = |loss: f64| if loss.is_finite() { loss } else { f64::INFINITY };
    ranking.sort_by(|a: &Ranked<'_>, b| key(a.2.loss).total_cmp(&key(b.2.loss)));
    (ranking, unready)
}

/// The plot's pane of a walk, and that of the losses over K below it.
fn split(left: Rect) -> [Rect; 2] {
    let below = (left.height * 2 / 5).clamp(7, 16).min(left.height);
    let above = Rect { height: left.height - below, ..left };
    [above, Rect { y: above.bottom(), height: below, ..left }]
}

/// Draws the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let play = &app.play;
    let task = play.task();
    let (left, right) = panes(area);
    if let Some(walk) = &play.walk {
        return draw_walk(app, walk, [left, right], buffer);
    }
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

/// Draws a walk: the task with its points so far, the losses over K, the ranking.
fn draw_walk(app: &App, walk: &Walk, [left, right]: [Rect; 2], buffer: &mut Buffer) {
    let styles = &app.styles;
    let [above, below] = split(left);
    let task = walk.task();
    let (k, most) = (walk.k, walk.most());
    let function = task.function.equation();
    let title = format!("{}Test task {}: {function}, K {k} of {most}", app.test_label(), walk.index + 1);
    let inner = pane(buffer, above, &title, styles);
    let (ranking, unready) = ranked(app);
    let unseen = plot(app, &task, &ranking, inner.width).draw(inner, buffer, styles);
    let note = match unseen.announce() {
        unseen if unseen.is_empty() => "each system adapted as it was trained to".to_owned(),
        unseen => unseen,
    };
    pane_note(buffer, above, &note, styles.warn(), styles);
    draw_paths(app, walk, below, buffer);
    draw_ranking(app, &ranking, &unready, right, buffer);
}

/// The losses of every system on the task of a walk against K, as far as it has gone.
fn draw_paths(app: &App, walk: &Walk, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, "Test loss on this task after K points (log loss)", styles);
    let Some(paths) = app.paths() else {
        put(buffer, inner, inner.x + 1, inner.y, "being computed", styles.plain());
        return;
    };
    let best = paths.best.as_deref().unwrap_or_default();
    // The axis holds the whole walk, so that it stays where it is.
    let all = paths.losses.iter().flat_map(|(_, losses)| losses).chain(best).copied();
    let so_far = |losses: &[f64]| -> Vec<(f64, f64)> {
        losses.iter().take(walk.k + 1).enumerate().map(|(k, loss)| (k as f64, *loss)).collect()
    };
    let mut series = vec![Series {
        name: if best.is_empty() { String::new() } else { "Bayes-optimal".to_owned() },
        style: styles.plain(),
        shape: Shape::Line(Pattern::Dot),
        mark: '_',
        // What is nothing has no place on a log axis, and is said.
        points: so_far(best).into_iter().filter(|(_, loss)| *loss > 0.0).collect(),
    }];
    let longest = if inner.width < 60 { 9 } else { 18 };
    let mut now: Vec<(f64, usize)> = Vec::new();
    for (index, losses) in &paths.losses {
        now.push((losses.get(walk.k).copied().unwrap_or(f64::NAN), *index));
        let points = so_far(losses);
        // A single value is no line yet.
        let shape = match points.len() {
            1 => Shape::Points(styles.mark(app.hue(*index))),
            _ => Shape::Line(styles.pattern(app.hue(*index))),
        };
        series.push(Series {
            name: fit(&app.row_name(*index), longest, styles),
            style: styles.series(app.hue(*index)),
            shape,
            mark: styles.mark(app.hue(*index)),
            points,
        });
    }
    let plot = Plot {
        x: Scale::linear(0.0, walk.most().max(1) as f64),
        y: Scale::around(all, true),
        x_name: "K",
        series,
        crosshair: None,
        names: true,
    };
    let unseen = plot.draw(inner, buffer, styles);
    let lowest = now.iter().filter(|(loss, _)| loss.is_finite()).min_by(|a, b| a.0.total_cmp(&b.0));
    let mut notes = Vec::new();
    if let Some((loss, index)) = lowest {
        notes.push(format!("K={}: lowest {} {}", walk.k, app.row_name(*index), number(*loss)));
    }
    match best.get(walk.k) {
        Some(loss) if *loss > 0.0 => notes.push(format!("Bayes-optimal {}", number(*loss))),
        Some(_) => notes.push("Bayes-optimal 0".to_owned()),
        None => {}
    }
    notes.push(unseen.announce());
    notes.retain(|note| !note.is_empty());
    pane_note(buffer, area, &notes.join("; "), styles.warn(), styles);
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
        points: task.query.x.iter().copied().zip(task.truth()).collect(),
    }];
    // Parts of a step are those of the lowest, alone.
    let lowest = ranking.first().map(|(index, ..)| *index);
    let in_parts = lowest.filter(|lowest| beside::has_parts(app, *lowest, task));
    let drawn = &ranking[..ranking.len().min(if in_parts.is_some() { 1 } else { DRAWN })];
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
    if let Some(lowest) = lowest {
        series.extend(beside::series(app, lowest, task));
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
    if let Some(lowest) = in_parts {
        series.extend(beside::numbers(app, lowest, task));
    }
    let (name, at) = match &play.walk {
        Some(walk) => ("newest", walk.newest()),
        None if play.held.is_some() => ("held", Some((play.x, play.y))),
        None => ("cursor", Some((play.x, play.y))),
    };
    series.push(Series {
        name: name.to_owned(),
        style: styles.key(),
        shape: Shape::Points(styles.cursor_mark()),
        mark: 'X',
        points: at.into_iter().collect(),
    });
    let [bottom, top] = play.walk.as_ref().map_or(play.heights, Walk::heights);
    let [low, high] = play.walk.as_ref().map_or(play.range, Walk::range);
    Plot {
        x: Scale::linear(low, high),
        y: Scale::linear(bottom, top),
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
    let columns = match &app.play.walk {
        Some(walk) => [format!("K={}", walk.k.saturating_sub(1)), format!("K={}", walk.k)],
        None => ["n=0".to_owned(), format!("n={}", app.fit.n)],
    };
    let head = format!("{} {:>6} {:>6}", pad("", name + places + 1, styles), columns[0], columns[1]);
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
        let before = match &app.play.walk {
            Some(walk) => {
                app.paths().and_then(|paths| paths.of(*index)?.get(walk.k.saturating_sub(1)).copied())
            }
            None => Some(*start),
        };
        let before = before.map_or(String::new(), number);
        let x = put(buffer, inner, x, y, &format!(" {before:>6}"), styles.plain());
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
    let of_ones_own = || {
        format!(
            "{}Every learner takes {} of its own on your points, at its test rate if it has one; the loss is over {over}. {} {places}, {} \
         moves one, {} draws a hard task. {}.",
            app.oracle().map_or(String::new(), |oracle| format!("oracle {}. ", number(oracle))),
            match app.fit.n {
                1 => "1 step".to_owned(),
                n => format!("{n} steps"),
            },
            app.key_of("place"),
            app.key_of("grab"),
            app.key_of("hard-task"),
            turned.join(", ")
        )
    };
    let on_walk = || {
        let [next, previous, task] =
            ["next-point", "previous-point", "next-frozen-task"].map(|name| app.key_of(name));
        format!(
            "Every system is shown the same points and adapts as it was trained to; the loss is over the \
             whole task. Bayes-optimal is the best prediction there is from these points; on a single task a system \
             may be lucky. {next} adds a point, {previous} takes it away, {task} is another task."
        )
    };
    let text = if app.play.walk.is_some() { on_walk() } else { of_ones_own() + only };
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
        app.want_fits(index, &task, &[0, app.played_steps(index)]);
    }
    walk::want(app);
    if app.play.walk.is_none()
        && let Some(lowest) = ranked(app).0.first().map(|(index, ..)| *index)
    {
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
    if app.play.walk.is_some() {
        return false;
    }
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
