//! Moving about in curves: the crosshair, zooming in, panning.

use crate::ui::state::{app::App, controls::Focus};

/// `value` moved by `by` within `0..length`.
pub fn step(value: usize, by: i32, length: usize) -> usize {
    let last = length.saturating_sub(1) as i64;
    (value as i64 + i64::from(by)).clamp(0, last) as usize
}

/// Moves the crosshair of the curves in view, or of the training loss where that has the screen to itself.
pub fn crosshair(app: &mut App, by: i32) {
    if let (Some(index), Focus::Loss) = (app.view.experiment, app.fit.focus) {
        let reports = app.chosen_run(index).map_or(0, |run| app.runs[run].losses.len());
        app.curves.report = match app.curves.report {
            _ if reports == 0 => None,
            None => Some(if by > 0 { 0 } else { reports - 1 }),
            Some(report) => Some(step(report, by, reports)),
        };
        return;
    }
    let (first, last) = app.curves.window.unwrap_or((0, app.most_steps()));
    app.curves.crosshair = Some(match app.curves.crosshair {
        None => first,
        Some(n) => step(n, by, last + 1).max(first),
    });
}

/// Halves what is in view of n about the crosshair.
pub fn zoom_in(app: &mut App) {
    let last = app.most_steps();
    let (first, end) = app.curves.window.unwrap_or((0, last));
    let span = ((end - first) / 2).max(2);
    if span >= last {
        app.curves.window = None;
        return;
    }
    let middle = app.curves.crosshair.unwrap_or((first + end) / 2);
    let first = middle.saturating_sub(span / 2).min(last - span);
    app.curves.window = Some((first, first + span));
}

/// Moves what is in view by a quarter of it.
pub fn pan(app: &mut App, by: i32) {
    let last = app.most_steps();
    if let Some((first, end)) = app.curves.window {
        let span = end - first;
        let first = step(first, by * (span as i32 / 4).max(1), last - span + 1);
        app.curves.window = Some((first, first + span));
    }
}
