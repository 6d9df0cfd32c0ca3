//! What the mouse means: over which part of the screen it is decides. State in, action out; where things
//! are is asked of the views that draw them.

use ratatui::layout::Rect;

use crate::{
    term::{Button, Mouse, MouseKind},
    ui::{
        action::Action,
        frame::{areas, banner, tabs},
        state::app::{App, View},
        views::{self, play},
        widgets::geometry::Geometry,
    },
};

/// Lines that the wheel scrolls at once.
const WHEEL: i32 = 3;

/// What the mouse asks for, if anything.
pub fn action(app: &App, mouse: &Mouse) -> Option<Action> {
    // Reports may still come in after it was switched off.
    if !app.mouse || app.prompt.is_some() {
        return None;
    }
    let screen = Rect { x: 0, y: 0, width: app.size.0, height: app.size.1 };
    let (tabs, body) = areas(screen)?;
    let (column, row) = (mouse.column, mouse.row);
    match mouse.kind {
        MouseKind::Press(Button::Left) if tabs.contains((column, row).into()) => {
            tabs::at(app, tabs, column).map(Action::GoTo)
        }
        MouseKind::Release(Button::Left) => app.play.held.is_some().then_some(Action::LetGo),
        kind if app.help.is_some() => wheel(kind),
        // The log's newest lines are at its end.
        kind if app.view == View::Log => wheel(kind).map(|action| match action {
            Action::Scroll(by) => Action::Scroll(-by),
            other => other,
        }),
        MouseKind::Press(Button::Left) if app.view == View::Overview => {
            let body = banner::below(app, body);
            views::overview::experiment_at(app, body, column, row).map(Action::SelectThis)
        }
        kind if app.view == View::Play => {
            let body = banner::below(app, body);
            in_play(app, &play::geometry(app, body)?, kind, column, row)
        }
        _ => None,
    }
}

/// Scrolling, where the first line is at the top.
fn wheel(kind: MouseKind) -> Option<Action> {
    match kind {
        MouseKind::WheelUp => Some(Action::Scroll(-WHEEL)),
        MouseKind::WheelDown => Some(Action::Scroll(WHEEL)),
        _ => None,
    }
}

fn in_play(app: &App, plot: &Geometry, kind: MouseKind, column: u16, row: u16) -> Option<Action> {
    let inside = plot.canvas.contains((column, row).into());
    let (x, y) = plot.at(column, row);
    match kind {
        MouseKind::Press(Button::Left) if inside => Some(match near(app, plot, column, row) {
            Some(point) => Action::Hold(point),
            None => match plot.cell(x, app.play.sine.at(x)) {
                // The wave runs through this very cell.
                Some(cell) if cell == (column, row) => Action::PlaceAt { x, y: None },
                _ => Action::PlaceAt { x, y: Some(y) },
            },
        }),
        // A point that is dragged out of the plot stays at its edge.
        MouseKind::Drag(Button::Left) => app.play.held.map(|_| Action::DragTo { x, y }),
        MouseKind::Press(Button::Right) if inside => near(app, plot, column, row).map(Action::Delete),
        _ => None,
    }
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
