//! Why: how a network comes to adapt as it does, in panes that one walks through, each of one quantity of
//! [`crate::analysis`]: a sentence on what to look for, a computed one on what is there, a picture. All of it is of the
//! experiment's chosen seed, on the test task in view, at the moment of time travel; a second experiment may stand beside.
//!
//! ```text
//!  Look for: stripes. ...
//! + 1/7 Kernel: MAML, seed 0 at step 40,000 ----------++ Transfer, seed 0 at step 10,000 ----------------+
//! | Alignment with the tasks' covariance 0.60 ...     || Alignment with the tasks' covariance 0.06 ...   |
//! |  heat map            | curve at the cursor        ||  heat map            | curve at the cursor      |
//! + Enter: One step, point by point ------------------++-------------------------------------------------+
//! ```
//!
//! A pane is a [`Panel`] in a file of its own and a line in [`PANES`].

mod along_the_step;
mod head_or_body;
mod kernel;
mod one_step;
mod rates;
mod ring;
pub mod state;
#[cfg(test)]
mod tests;
mod units;

use ratatui::{buffer::Buffer, layout::Rect};

use self::state::{Answer, Find, GRID, Question, Subject};
use super::experiment::take_task;
use crate::{
    model::Weights,
    ui::{
        command::Group,
        state::app::{App, Command, Kind},
        update::{
            curves::step,
            fit::{
                FEWER_STEPS, MORE_STEPS, NEXT_SEED, PREVIOUS_SEED, RATE, RATE_DOWN, RATE_UP, RESET, STEPS,
            },
            tasks::{self, next_task, one_sided},
        },
        widgets::text::{count, fit, pane, pane_note, put, wrap},
    },
};

/// The view.
pub static VIEW: Kind =
    Kind { open, look, travels: true, commands: COMMANDS, ..Kind::new("Why", "why", draw) };

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("next-pane", "Enter f", "the next pane", |app| walk(app, 1)).hint("pane").group(Group::Move),
    Command::new("previous-pane", "Backspace b", "the pane before", |app| walk(app, -1))
        .shares_hint()
        .group(Group::Move),
    Command::new("cursor-left", "Left h", "cursor left", |app| cursor(app, -1))
        .hint("cursor")
        .group(Group::Move),
    Command::new("cursor-right", "Right l", "cursor right", |app| cursor(app, 1))
        .shares_hint()
        .group(Group::Move),
    Command::new("above", "Up k", "the experiment above", |app| other(app, -1))
        .hint("experiment")
        .group(Group::Move),
    Command::new("below", "Down j", "the experiment below", |app| other(app, 1))
        .shares_hint()
        .group(Group::Move),
    Command::new("compare", "c", "compare: the next other experiment on the same task", compare)
        .hint("compare"),
    Command::new("next-task", "PgDn", "next test task", |app| next_task(app, 1))
        .hint("task")
        .group(Group::Move),
    Command::new("previous-task", "PgUp", "previous test task", |app| next_task(app, -1))
        .shares_hint()
        .group(Group::Move),
    Command::number("task", "t", "type the test task (1, 2, ...)", |_| "test task".to_owned(), take_task)
        .group(Group::Move),
    Command::new(
        "one-sided-task",
        "o",
        "next one-sided task: support all left or all right of zero",
        one_sided,
    )
    .group(Group::Move),
    FEWER_STEPS.keys("J").hint("steps"),
    MORE_STEPS.keys("K").shares_hint(),
    STEPS,
    RATE_DOWN.hint("rate"),
    RATE_UP.shares_hint(),
    RATE,
    RESET,
    PREVIOUS_SEED.hint("seed"),
    NEXT_SEED.shares_hint(),
];

/// A pane: what it works out of a network and how that is shown.
trait Panel {
    /// What is worked out.
    type Found: Send + 'static;
    /// Its name.
    const TITLE: &'static str;
    /// What to look for, in a sentence or two.
    const LOOK_FOR: &'static str;

    /// Works it out; `None` where there is nothing to show, or once nobody wants it any more.
    fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Self::Found>;

    /// What is there, in a sentence or two of its own figures.
    fn says(found: &Self::Found) -> String;

    /// Draws it for an experiment.
    fn draw(app: &App, experiment: usize, found: &Self::Found, area: Rect, buffer: &mut Buffer);
}

/// A [`Panel`] of any type.
struct Pane {
    title: &'static str,
    look_for: &'static str,
    find: Find,
    says: fn(&Answer) -> String,
    draw: fn(&App, usize, &Answer, Rect, &mut Buffer),
}

impl Pane {
    const fn of<P: Panel>() -> Self {
        Self {
            title: P::TITLE,
            look_for: P::LOOK_FOR,
            find: |subject, is_wanted| P::find(subject, is_wanted).map(|found| Box::new(found) as Answer),
            says: |answer| answer.downcast_ref().map(P::says).unwrap_or_default(),
            draw: |app, experiment, answer, area, buffer| {
                if let Some(found) = answer.downcast_ref() {
                    P::draw(app, experiment, found, area, buffer);
                }
            },
        }
    }
}

/// The panes, in the order of what they teach.
static PANES: &[Pane] = &[
    Pane::of::<kernel::Stripes>(),
    Pane::of::<one_step::OneStep>(),
    Pane::of::<head_or_body::HeadOrBody>(),
    Pane::of::<ring::Phases>(),
    Pane::of::<rates::Valley>(),
    Pane::of::<units::Bumps>(),
    Pane::of::<along_the_step::Along>(),
];

/// The pane in view.
fn pane_in_view(app: &App) -> &'static Pane {
    &PANES[app.why.pane.min(PANES.len() - 1)]
}

/// It shows the experiment that is selected.
fn open(app: &mut App) {
    let index = app.view.experiment.unwrap_or(app.selected);
    app.view.experiment = (index < app.experiments.len()).then_some(index);
    if app.view.experiment.is_some() && !app.fit.chosen {
        app.fit.task = app.median_task(index);
    }
}

/// Walks on by so many panes, and around at the ends.
fn walk(app: &mut App, by: i64) {
    app.why.pane = (app.why.pane as i64 + by).rem_euclid(PANES.len() as i64) as usize;
}

fn cursor(app: &mut App, by: i32) {
    app.why.cursor = step(app.why.cursor, by, GRID);
}

/// The experiment so many lines of the list on.
fn other(app: &mut App, by: i32) {
    let listed = app.listed();
    let row = |app: &App, index: usize| app.experiments.get(index).map(|experiment| experiment.row);
    let shown = app.view.experiment.and_then(|index| row(app, index));
    let place = listed.iter().position(|index| row(app, *index) == shown).unwrap_or(0);
    if let Some(index) = listed.get(step(place, by, listed.len())).copied() {
        (app.view.experiment, app.selected) = (Some(index), index);
        if app.fit.compare == Some(index) {
            app.fit.compare = None;
        }
    }
}

/// Another experiment beside it: at first one that learns without adapting, which teaches most.
fn compare(app: &mut App) {
    let learns_without = |index: &usize| {
        let algorithm = app.experiments[*index].settings.algorithm;
        algorithm.trains() && !algorithm.uses_query() && Some(*index) != app.view.experiment
    };
    match app.leaders().into_iter().find(learns_without).filter(|_| app.fit.compare.is_none()) {
        Some(index) => app.fit.compare = Some(index),
        None => tasks::compare(app),
    }
}

/// The experiments in view: the one that is looked at, and the one beside it.
fn shown(app: &App) -> Vec<usize> {
    let there = |index: &usize| *index < app.experiments.len();
    app.view.experiment.into_iter().chain(app.fit.compare).filter(there).collect()
}

/// Has the pane worked out for the networks in view.
fn look(app: &mut App) {
    let shown = shown(app);
    app.why.begin(&shown);
    for experiment in shown {
        let Some(run) = app.chosen_run(experiment) else { continue };
        let Some(snapshot) = app.shown_snapshot(run).cloned() else { continue };
        let Some(task) = app.shown_task(experiment) else { continue };
        let question = Question {
            pane: app.why.pane,
            experiment,
            run: (run, snapshot.step),
            task: (app.test, app.fit.task),
            support: task.support.clone(),
            n: app.fit.n,
            rate: app.inner_lr(experiment),
        };
        if app.why.knows(&question) {
            continue;
        }
        let algorithm = app.experiments[experiment].settings.algorithm;
        let rule = &snapshot.weights.adaptation;
        let set = app.set(experiment);
        let subject = Subject {
            weights: Weights { adaptation: rule.at_rate(question.rate), ..snapshot.weights.clone() },
            trained: algorithm.uses("inner_steps").then_some((rule.inner_lr, rule.inner_steps)),
            task,
            tasks: set.few().to_vec(),
            settings: set.task.clone(),
            n: question.n,
        };
        let find = pane_in_view(app).find;
        app.why.want(question, subject, find);
    }
}

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let pane = pane_in_view(app);
    let room = usize::from(area.width).saturating_sub(2);
    let most = match area.height {
        20.. => 3,
        16.. => 2,
        _ => 1,
    };
    let lines = lines(&format!("Look for: {}", pane.look_for), room, most, app);
    for (row, line) in lines.iter().enumerate() {
        put(buffer, area, area.x + 1, area.y + row as u16, line, styles.plain());
    }
    let below = lines.len() as u16;
    let area = Rect { y: area.y + below, height: area.height.saturating_sub(below), ..area };
    let shown = shown(app);
    let parts = match shown.len() {
        2 if area.width >= 100 => {
            let left = Rect { width: area.width / 2, ..area };
            vec![left, Rect { x: left.right(), width: area.width - left.width, ..area }]
        }
        2 => {
            let upper = Rect { height: area.height / 2, ..area };
            vec![upper, Rect { y: upper.bottom(), height: area.height - upper.height, ..area }]
        }
        _ => vec![area],
    };
    for (place, (experiment, part)) in shown.iter().zip(parts).enumerate() {
        draw_network(app, *experiment, place == 0, part, buffer);
    }
}

/// `text` in at most so many lines; what is left out is marked.
fn lines(text: &str, room: usize, most: usize, app: &App) -> Vec<String> {
    let mut lines = wrap(text, room, &app.styles);
    if lines.len() > most {
        let rest = lines.split_off(most - 1).join(" ");
        lines.push(fit(&rest, room, &app.styles));
    }
    lines
}

/// The pane for one network.
fn draw_network(app: &App, experiment: usize, is_first: bool, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let (pane_of, at) = (pane_in_view(app), app.why.pane + 1);
    let name = &app.experiments[experiment].settings.name;
    let heading =
        if is_first { format!("{at}/{} {}: {name}", PANES.len(), pane_of.title) } else { name.clone() };
    let known = app.why.known(experiment);
    let title = match known {
        Some((of, _)) => {
            let (run, step) = of.run;
            let seed = app.runs.get(run).map_or(0, |run| run.seed);
            format!("{heading}, seed {seed} at step {}, task {}", count(step), of.task.1 + 1)
        }
        None => heading,
    };
    let inner = pane(buffer, area, &title, styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let has_network = app.chosen_run(experiment).is_some_and(|run| app.shown_snapshot(run).is_some());
    let says = match known {
        Some((_, Some(answer))) => (pane_of.says)(answer),
        Some((_, None)) => format!("{name} takes no gradient steps: there is none to take apart."),
        None if has_network => "being computed".to_owned(),
        None => format!("{name} has no network yet."),
    };
    let most = if inner.height >= 12 { 3 } else { 2 };
    let lines = lines(&says, usize::from(inner.width), most, app);
    for (row, line) in lines.iter().enumerate() {
        put(buffer, inner, inner.x, inner.y + row as u16, line, styles.bold());
    }
    let below = lines.len() as u16;
    let rest = Rect { y: inner.y + below, height: inner.height.saturating_sub(below), ..inner };
    if let Some((_, Some(answer))) = known {
        (pane_of.draw)(app, experiment, answer, rest, buffer);
    }
    if is_first {
        let next = PANES[(app.why.pane + 1) % PANES.len()].title;
        let note = format!("{}: {next}", app.key_of("next-pane"));
        pane_note(buffer, area, &note, styles.key(), styles);
    }
}

/// A picture and what belongs to it: side by side, or the second alone where there is no room for both.
fn side_by_side(area: Rect) -> (Option<Rect>, Rect) {
    if area.width < 56 || area.height < 5 {
        return (None, area);
    }
    let left = Rect { width: area.width / 2 - 1, ..area };
    (Some(left), Rect { x: left.right() + 2, width: area.width - left.width - 2, ..area })
}

/// Labels of a few rows that lie evenly over a range.
fn even_labels(range: [f64; 2], rows: usize) -> Vec<(usize, String)> {
    let last = rows.saturating_sub(1);
    let at = |row: usize| range[0] + (range[1] - range[0]) * row as f64 / last.max(1) as f64;
    [0, last / 4, last / 2, last - last / 4, last].map(|row| (row, format!("{:.1}", at(row)))).to_vec()
}

/// The largest size among numbers, at least a little.
fn most<'v>(values: impl IntoIterator<Item = &'v f64>) -> f64 {
    let sizes = values.into_iter().filter(|value| value.is_finite()).map(|value| value.abs());
    sizes.fold(1e-12, f64::max)
}
