//! Support points moved by hand inside Why: placed, taken up, dropped and undone as in Play, whose hand it is, so that the
//! sum of their contributions moves with them.

use ratatui::layout::Rect;

use super::{
    draw::{below_name, plot},
    layout::{places, shown_task, task_in_view},
};
use crate::{
    results::why::{Found, GRID, Hue, Line, Mark, Part, Row, Shape},
    task::grid,
    term::{Button, Mouse, MouseKind},
    ui::{state::app::App, update::curves::step, views::play::state::Play, widgets::geometry::Geometry},
};

/// The x at the cursor.
fn at_cursor(app: &App, experiment: usize) -> f64 {
    let x = grid(app.set(experiment).task.x, GRID);
    x[app.why.cursor.min(x.len() - 1)]
}

/// The hand over the points of the task in view, at the cursor.
fn hand(app: &mut App) -> Option<&mut Play> {
    let experiment = app.view.experiment?;
    let task = app.shown_task(experiment)?;
    let (of, settings) = (task_in_view(app, experiment), app.set(experiment).task.clone());
    let x = at_cursor(app, experiment);
    let play = app.why.by_hand_mut(of, &task, &settings);
    let y = play.nearest_at(x).unwrap_or(0.0);
    if play.held().is_none() {
        play.move_to(x, y);
    }
    Some(play)
}

/// Changes the points, so that it can be undone.
fn change<T>(app: &mut App, of: impl FnOnce(&mut Play) -> T) -> Option<T> {
    let play = hand(app)?;
    Some(play.change(of))
}

/// Places a point on the true curve at the cursor.
pub fn place(app: &mut App) {
    let Some(experiment) = app.view.experiment else { return };
    let Some(task) = app.shown_task(experiment) else { return };
    let x = at_cursor(app, experiment);
    let y = task.function.at(x);
    if !y.is_finite() {
        return app.say("the task is not known there");
    }
    let placed = change(app, |play| {
        let placed = play.place_at(x, Some(y));
        play.let_go();
        placed
    });
    if placed == Some(false) {
        app.say("that is enough support points");
    }
}

/// Takes up the point next to the cursor, or lets go of it.
pub fn grab(app: &mut App) {
    change(app, Play::grab);
    follow(app);
}

/// Deletes the point next to the cursor.
pub fn delete(app: &mut App) {
    change(app, Play::delete);
}

/// Deletes every point.
pub fn clear(app: &mut App) {
    change(app, Play::clear);
}

/// As they were before the last change.
pub fn undo(app: &mut App) {
    let undone = hand(app).is_some_and(Play::undo);
    if !undone {
        app.say("nothing has been changed here");
    }
}

/// The cursor to the left or right, and the held point with it.
pub fn across(app: &mut App, by: i32) {
    app.why.cursor = step(app.why.cursor, by, GRID);
    let Some(experiment) = app.view.experiment else { return };
    let x = at_cursor(app, experiment);
    if is_holding(app) {
        change(app, |play| {
            let y = play.cursor_y();
            play.move_to(x, y);
        });
    }
}

/// The held point up or down; whether one is held.
pub fn up(app: &mut App, by: i32) -> bool {
    let holds = is_holding(app);
    if holds {
        change(app, |play| play.move_by(0.0, f64::from(by) / 60.0));
    }
    holds
}

fn is_holding(app: &App) -> bool {
    let points = app.view.experiment.and_then(|experiment| app.why.by_hand(task_in_view(app, experiment)));
    points.is_some_and(|points| points.held().is_some())
}

/// The cursor goes to the held point.
fn follow(app: &mut App) {
    let Some(experiment) = app.view.experiment else { return };
    let held = app
        .why
        .by_hand(task_in_view(app, experiment))
        .and_then(|points| points.held().and_then(|held| points.support().x.get(held).copied()));
    if let Some(x) = held {
        let range = app.set(experiment).task.x;
        let place = (x - range[0]) / (range[1] - range[0]) * (GRID - 1) as f64;
        app.why.cursor = (place.round().max(0.0) as usize).min(GRID - 1);
    }
}

/// The picture of an experiment, with the held point marked.
pub fn picture(app: &App, experiment: usize, found: &Found) -> Vec<Row> {
    let mut rows = found.picture(app.why.cursor);
    let points = app.why.by_hand(task_in_view(app, experiment));
    let held = points.and_then(|points| Some((points, points.held()?)));
    let Some((points, held)) = held else { return rows };
    // The sorted place of the held point, which is what it is called by.
    let x = points.support().x;
    let place = x.iter().filter(|other| **other < x[held]).count();
    for part in rows.iter_mut().flat_map(|row| &mut row.parts) {
        let Part::Curves(curves) = part else { continue };
        let marks: Vec<&Line> =
            curves.lines.iter().filter(|line| matches!(line.shape, Shape::Marks(_))).collect();
        if let Some(at) = marks.get(place).and_then(|line| line.points.first().copied()) {
            curves.lines.push(Line::marks("held", Hue::Key, Mark::Cursor, vec![at]));
        }
    }
    rows
}

/// The mouse places, drags and deletes support points, where they are drawn.
pub fn point(app: &mut App, area: Rect, mouse: &Mouse) -> bool {
    let Some((geometry, before)) = drawn(app, area, mouse) else { return false };
    let (column, row) = (mouse.column, mouse.row);
    let (x, above) = geometry.at(column, row);
    let Some(experiment) = app.view.experiment else { return false };
    let ends = app.set(experiment).task.x;
    let grid = grid(ends, GRID);
    let seen = |x: f64| {
        let at = (x - ends[0]) / (ends[1] - ends[0]) * (GRID - 1) as f64;
        let low = (at.floor().max(0.0) as usize).min(before.len() - 2);
        let share = (x - grid[low]) / (grid[low + 1] - grid[low]);
        before[low] + share * (before[low + 1] - before[low])
    };
    let inside = geometry.canvas.contains((column, row).into());
    let near = shown_task(app, experiment).and_then(|task| {
        let points = task.support.x.iter().zip(&task.support.y).enumerate();
        let cells = points.filter_map(|(point, (x, y))| {
            let (across, down) = geometry.cell(*x, y - seen(*x))?;
            let (across, down) = (across.abs_diff(column), down.abs_diff(row));
            (across <= 1 && down <= 1).then_some((across + down, point))
        });
        cells.min().map(|(_, point)| point)
    });
    match mouse.kind {
        MouseKind::Press(Button::Left) if inside => {
            change(app, |play| match near {
                Some(point) => play.hold(point),
                None => {
                    play.place_at(x, Some(above + seen(x)));
                }
            });
        }
        MouseKind::Drag(Button::Left) if is_holding(app) => {
            let y = above + seen(x.clamp(ends[0], ends[1]));
            change(app, |play| play.move_to(x, y));
        }
        MouseKind::Press(Button::Right) if inside => match near {
            Some(point) => {
                change(app, |play| play.remove(point));
            }
            None => return false,
        },
        _ => return false,
    }
    follow(app);
    true
}

/// Where values lie in the picture under the mouse, where that is one of support points, and what its network predicts.
fn drawn(app: &App, area: Rect, mouse: &Mouse) -> Option<(Geometry, Vec<f64>)> {
    let (_, places) = places(app, area);
    // A point that is dragged out of its picture stays at the edge.
    let under = places.iter().find(|place| place.picture.contains((mouse.column, mouse.row).into()));
    let place = under.or(places.first().filter(|_| is_holding(app)))?;
    let found = app.why.known(place.experiment)?.1?;
    let before = found.before()?;
    let rows = found.picture(app.why.cursor);
    let [Row { parts, .. }] = &rows[..] else { return None };
    let [Part::Curves(curves)] = &parts[..] else { return None };
    Some((plot(app, place.experiment, curves).geometry(below_name(curves, place.picture))?, before.to_vec()))
}
