//! What the Overview lists: moving through it, putting it in order, hiding some of it. The selection is always on
//! something that is listed.

use super::curves::step;
use crate::ui::{
    command::Group,
    state::{
        app::{App, Command},
        list::Sort,
    },
};

/// Selects the experiment above; views have keys of their own for it.
pub const ABOVE: Command =
    Command::new("above", "", "the experiment above", |app| select(app, -1)).group(Group::Move);
/// Selects the experiment below.
pub const BELOW: Command =
    Command::new("below", "", "the experiment below", |app| select(app, 1)).group(Group::Move);

/// Moves the selection by so many lines of the list.
pub fn select(app: &mut App, by: i32) {
    let listed = app.listed();
    let place = listed.iter().position(|index| app.hue(*index) == app.selected_row()).unwrap_or(0);
    if let Some(index) = listed.get(step(place, by, listed.len())) {
        app.selected = *index;
    }
}

/// Brings the selection back to the list when it has left it.
pub fn stay_listed(app: &mut App) {
    let listed = app.listed();
    if !listed.iter().any(|index| app.hue(*index) == app.selected_row()) && !listed.is_empty() {
        // The next one of the file that is left, or the last.
        let next = listed.iter().copied().filter(|index| *index > app.selected).min();
        app.selected = next.or(listed.iter().copied().max()).unwrap_or(app.selected);
    }
}

/// The file's order, by each column of the table, by name, the file's again.
pub fn sort(app: &mut App) {
    let steps = app.table_steps();
    app.list.sort = match app.list.sort {
        Sort::File => steps.first().map_or(Sort::Name, |n| Sort::Loss(*n)),
        Sort::Loss(n) => steps.iter().find(|other| **other > n).map_or(Sort::Name, |n| Sort::Loss(*n)),
        Sort::Name => Sort::File,
    };
    app.say(match app.list.sort {
        Sort::File => "experiments in the file's order".to_owned(),
        Sort::Name => "experiments by name".to_owned(),
        Sort::Loss(n) => {
            format!("experiments by their loss at {}={n}, the smallest first", app.axis().letter())
        }
    });
}

/// Hides the selected experiment from plot, table and runs; it goes on all the same.
pub fn hide(app: &mut App) {
    let listed = app.listed();
    let Some(experiment) = app.experiments.get(app.selected) else { return };
    if listed.len() < 2 {
        return app.say("the last one stays");
    }
    let name = experiment.settings.listed_as().to_owned();
    app.say(format!("{name} is hidden; {} shows it again", app.key_of("show-hidden")));
    app.list.hidden.insert(name);
    stay_listed(app);
}
