//! Moving about in curves: the crosshair, zooming in, panning, test sets.

use crate::{
    experiments::FIRST_TEST,
    ui::state::{
        app::{App, Command},
        controls::Focus,
    },
};

/// The crosshair to the left; views have keys of their own for it.
pub const SMALLER_N: Command =
    Command::new("smaller-n", "", "crosshair to a smaller n, or step of the loss pane alone", |app| {
        crosshair(app, -1)
    });

/// The crosshair to the right.
pub const LARGER_N: Command =
    Command::new("larger-n", "", "crosshair to a larger n, or step of the loss pane alone", |app| {
        crosshair(app, 1)
    });

/// Loss over support points in place of inner steps, and back.
pub const OTHER_AXIS: Command =
    Command::new("other-axis", "K", "loss over support points K, or over inner steps n", |app| {
        let has_points = |index| app.set(index).evaluation.points.is_some();
        if !(0..app.experiments.len()).any(has_points) {
            return app.say("no test has a points curve: [evaluation] points = 20 asks for one");
        }
        app.curves.axis = app.curves.axis.other();
        (app.curves.crosshair, app.curves.window, app.curves.log_x, app.curves.log_y) =
            (None, None, None, None);
    });

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

/// Shows the next test set.
pub fn next_test(app: &mut App) {
    if app.tests.is_empty() {
        return app.say("there is one test set; a [[test]] in the file adds another");
    }
    show_test(app, (app.test + 1) % (app.tests.len() + 1));
}

/// Shows this test set. What was computed for the one before is of no use there.
pub fn show_test(app: &mut App, test: usize) {
    app.test = test;
    for run in &mut app.runs {
        (run.preview, run.past.curve) = (None, None);
    }
    app.forget_statistics();
    (app.curves.crosshair, app.curves.window) = (None, None);
    if let Some(index) = app.view.experiment {
        app.fit.task = app.fit.task.min(app.set(index).count().saturating_sub(1));
    }
    let name = app.test_name().unwrap_or(FIRST_TEST).to_owned();
    app.say(format!("test set {} of {}: {name}", app.test + 1, app.tests.len() + 1));
}
