//! Moving about on the map of a sweep. The cell under the cursor is the experiment in view, so that everything that is
//! about one experiment is about it.

use super::curves::step;
use crate::ui::state::app::App;

/// The sweep in view.
fn number(app: &App) -> Option<usize> {
    app.sweep_number(app.view.experiment?)
}

/// Puts the cursor on this place, or on the nearest one behind it that has a cell.
fn put(app: &mut App, number: usize, place: Vec<usize>) {
    if let Some(experiment) = app.sweeps[number].grid.at(&place) {
        app.sweeps[number].place = place;
        app.view.experiment = Some(experiment);
        app.selected = experiment;
    } else {
        app.say("the study has no such cell");
    }
}

/// Moves the cursor so many cells to the right and down.
pub fn move_by(app: &mut App, right: i32, down: i32) {
    let Some(number) = number(app) else { return };
    let sweep = &app.sweeps[number];
    let (rows, columns) = sweep.size();
    let (row, column) = sweep.cursor();
    to(app, step(row, down, rows), step(column, right, columns));
}

/// Moves the cursor to a row and column of the map.
pub fn to(app: &mut App, row: usize, column: usize) {
    let Some(number) = number(app) else { return };
    let sweep = &app.sweeps[number];
    let mut place = sweep.place.clone();
    place[sweep.down] = row;
    if let Some(across) = sweep.across {
        place[across] = column;
    }
    put(app, number, place);
}

/// Moves the cursor to the best cell so far.
pub fn to_best(app: &mut App) {
    let Some(number) = number(app) else { return };
    let best = app.best_cell(number).and_then(|(best, _)| app.sweeps[number].grid.place(best));
    match best.map(<[usize]>::to_vec) {
        Some(place) => put(app, number, place),
        None => app.say("no cell has a finite loss on all test tasks yet"),
    }
}

/// Steps through the values of the axes that do not lie on the map, the last one fastest.
pub fn slice(app: &mut App, by: i32) {
    let Some(number) = number(app) else { return };
    let sweep = &app.sweeps[number];
    let hidden = sweep.hidden();
    if hidden.is_empty() {
        return app.say("all axes of this sweep lie on the map");
    }
    let mut place = sweep.place.clone();
    for axis in hidden.iter().rev() {
        let values = sweep.grid.axes[*axis].values.len();
        let next = place[*axis] as i64 + i64::from(by.signum());
        place[*axis] = next.rem_euclid(values as i64) as usize;
        if (0..values as i64).contains(&next) {
            break;
        }
    }
    put(app, number, place);
}

/// Lays the next two axes on the map.
pub fn turn_axes(app: &mut App) {
    let Some(number) = number(app) else { return };
    let sweep = &mut app.sweeps[number];
    let axes = sweep.place.len();
    let Some(across) = sweep.across else { return app.say("this sweep has one axis") };
    // Every ordered pair, the axis from left to right fastest.
    let pair = (sweep.down * axes + across + 1..).map(|pair| (pair / axes % axes, pair % axes));
    let next = pair.into_iter().find(|(down, across)| down != across);
    if let Some((down, across)) = next {
        (sweep.down, sweep.across) = (down, Some(across));
    }
}

/// From the view of a cell back to the map, whose tab it is. Whether there is one.
pub fn back_to_map(app: &mut App) -> bool {
    let map = app.tabs[app.tab(app.view)].kind;
    let is_cell = map.sweep && !app.view.kind.sweep;
    if is_cell {
        app.view.kind = map;
    }
    is_cell
}
