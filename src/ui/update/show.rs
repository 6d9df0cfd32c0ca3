//! Bringing a view to the front.

use crate::ui::state::app::{App, Mode, View};

/// Brings a view to the front, and what is set there within what it has.
pub fn show(app: &mut App, view: View) {
    app.view = view;
    app.modes.retain(|mode| !matches!(mode, Mode::Help(_)));
    if let Some(index) = view.experiment {
        app.selected = index;
        let runs = app.experiments[index].runs.len();
        app.fit.seed = app.fit.seed.min(runs.saturating_sub(1));
        app.fit.task = match app.fit.chosen {
            true => app.fit.task.min(app.set(index).count().saturating_sub(1)),
            false => app.median_task(index),
        };
        if app.fit.compare == Some(index) {
            app.fit.compare = None;
        }
    }
    (view.kind.open)(app);
}

/// The view so many tabs on.
pub fn turn(app: &mut App, by: i64) {
    let next = (app.tab(app.view) as i64 + by).rem_euclid(app.tabs.len() as i64) as usize;
    show(app, app.tabs[next]);
}

/// The view at a place among the tabs.
pub fn go_to(app: &mut App, tab: usize) {
    match app.tabs.get(tab) {
        Some(view) => show(app, *view),
        None => app.say(format!("there is no view {}", tab + 1)),
    }
}
