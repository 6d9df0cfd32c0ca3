//! Moving through test tasks, in the order that was asked for.

use super::curves::step;
use crate::ui::{
    command::Group,
    state::{
        app::{App, Command},
        controls::TaskOrder,
    },
};

/// The next task.
pub const NEXT_TASK: Command =
    Command::new("next-task", "", "next test task", |app| next_task(app, 1)).group(Group::Move);
/// The one before.
pub const PREVIOUS_TASK: Command =
    Command::new("previous-task", "", "previous test task", |app| next_task(app, -1)).group(Group::Move);
/// A task by its number.
pub const TASK: Command =
    Command::number("task", "t", "type the test task (1, 2, ...)", |_| "test task".to_owned(), take_task)
        .group(Group::Move);
/// The next one that is hard to guess.
pub const ONE_SIDED: Command = Command::new(
    "one-sided-task",
    "o",
    "next one-sided task: support all left or all right of zero",
    one_sided,
)
.group(Group::Move);

/// The experiment whose tasks are gone through: that of the view, or in a view of several the selected one.
fn subject(app: &App) -> Option<usize> {
    Some(app.view.experiment.unwrap_or(app.selected)).filter(|index| *index < app.experiments.len())
}

/// Moves by so many tasks in the order in use.
pub fn next_task(app: &mut App, by: i32) {
    let Some(index) = subject(app) else { return };
    app.fit.chosen = true;
    if app.fit.order == TaskOrder::Drawn {
        app.fit.task = step(app.fit.task, by, app.set(index).count());
        return;
    }
    if app.ranking(index).is_none() {
        app.fit.ranking = app.rank(index);
    }
    let Some(ranking) = &app.fit.ranking else { return };
    let place = ranking.tasks.iter().position(|task| *task == app.fit.task);
    // From a task that is not among them to the first.
    let place = place.map_or(0, |place| step(place, by, ranking.tasks.len()));
    app.fit.task = ranking.tasks.get(place).copied().unwrap_or(app.fit.task);
}

/// The next order, from its first task on.
pub fn order(app: &mut App) {
    let Some(index) = app.view.experiment else { return };
    app.fit.order = app.fit.order.next();
    app.fit.ranking = app.rank(index);
    let count = app.fit.ranking.as_ref().map_or(0, |ranking| ranking.tasks.len());
    let tasks = app.set(index).count();
    let first = app.fit.ranking.as_ref().and_then(|ranking| ranking.tasks.first());
    if let Some(first) = first {
        (app.fit.task, app.fit.chosen) = (*first, true);
    }
    let known = app.chosen_run(index).is_some_and(|run| app.shown_snapshot(run).is_some());
    let by = match known {
        true => format!("of {} after n={} steps", app.experiments[index].settings.name, app.fit.n),
        false => "of the best guess without points".to_owned(),
    };
    app.say(match app.fit.order {
        TaskOrder::Drawn => "test tasks: as they were drawn".to_owned(),
        TaskOrder::Hard => format!("{count} of {tasks} test tasks, the largest loss {by} first"),
        TaskOrder::Easy => format!("{count} of {tasks} test tasks, the smallest loss {by} first"),
        TaskOrder::OneSided if count == 0 => format!("none of the {tasks} test tasks is one-sided"),
        TaskOrder::OneSided => format!("only the {count} of {tasks} test tasks that are one-sided"),
    });
}

/// The next task whose support points are all on one side of zero.
pub fn one_sided(app: &mut App) {
    let Some(index) = subject(app) else { return };
    let tasks = app.set(index).tasks();
    let found = (1..=tasks.len())
        .map(|ahead| (app.fit.task + ahead) % tasks.len())
        .find(|task| tasks[*task].is_one_sided());
    match found {
        Some(task) => (app.fit.task, app.fit.chosen) = (task, true),
        None => app.say(format!("none of the {} test tasks is one-sided", tasks.len())),
    }
}

/// Another experiment on the same task: the next one, after the last none.
pub fn compare(app: &mut App) {
    let Some(shown) = app.view.experiment else { return };
    let after = app.fit.compare.map_or(0, |index| index + 1);
    // Of a sweep the best cell, and not every one of a hundred.
    let mut others = app.leaders();
    others.sort_unstable();
    app.fit.compare = others.into_iter().find(|index| *index != shown && *index >= after);
    if app.rows.len() < 2 {
        app.say("there is no other experiment to compare with");
    }
}

/// Goes to the test task of this number, from 1.
fn take_task(app: &mut App, text: &str) -> Result<(), String> {
    let tasks = subject(app).map_or(0, |index| app.set(index).count());
    match text.parse::<usize>() {
        Ok(task) if (1..=tasks).contains(&task) => {
            (app.fit.task, app.fit.chosen) = (task - 1, true);
            Ok(())
        }
        _ => Err(format!("test tasks are 1 to {tasks}")),
    }
}
