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
//! The panes are [`crate::results::why`]'s.

mod course;
mod draw;
mod hand;
mod layout;
pub mod state;
#[cfg(test)]
mod tests;

use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    course::{Moment, Wanted},
    layout::{Place, pane_in_view, places, shown, shown_task, title},
    state::{Question, at_rate},
};
use crate::{
    eval::Average,
    results::why::{Course, Found, Of, PANES, Subject, TASKS, closer, looks, pairs},
    ui::{
        command::Group,
        state::{
            app::{App, Command, Kind},
            runs::Phase,
        },
        update::{
            curves::step,
            fit::{
                FEWER_STEPS, MORE_STEPS, NEXT_SEED, PREVIOUS_SEED, RATE, RATE_DOWN, RATE_UP, STEPS, reset,
            },
            tasks::{self, NEXT_TASK, ONE_SIDED, PREVIOUS_TASK, TASK},
        },
        widgets::text::{pane, pane_note, put},
    },
};

/// The view.
pub static VIEW: Kind = Kind {
    open,
    look,
    travels: true,
    point: hand::point,
    commands: COMMANDS,
    ..Kind::new("Why", "why", draw)
};

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("next-pane", "Enter f", "the next pane", |app| walk(app, 1)).hint("pane").group(Group::Move),
    Command::new("previous-pane", "Backspace b", "the pane before", |app| walk(app, -1))
        .shares_hint()
        .group(Group::Move),
    Command::new("cursor-left", "Left h", "cursor left, and the point that is held", |app| {
        hand::across(app, -1)
    })
    .hint("cursor")
    .group(Group::Move),
    Command::new("cursor-right", "Right l", "cursor right, and the point that is held", |app| {
        hand::across(app, 1)
    })
    .shares_hint()
    .group(Group::Move),
    Command::new("above", "Up k", "the experiment above, or the held point up", |app| up(app, 1))
        .hint("experiment")
        .group(Group::Move),
    Command::new("below", "Down j", "the experiment below, or the held point down", |app| up(app, -1))
        .shares_hint()
        .group(Group::Move),
    Command::new("compare", "c", "compare: the next other experiment on the same task", compare)
        .hint("compare"),
    Command::new("place-point", "w", "place a support point on the true curve at the cursor", hand::place)
        .hint("point"),
    Command::new("grab", "g", "take up the support point next to the cursor, or let go of it", hand::grab)
        .shares_hint(),
    Command::new("delete-point", "d Delete", "delete the support point next to the cursor", hand::delete)
        .shares_hint(),
    Command::new("delete-points", "D", "delete every support point", hand::clear),
    Command::new("undo", "u U", "undo the last change of support points", hand::undo),
    NEXT_TASK.keys("PgDn").hint("task"),
    PREVIOUS_TASK.keys("PgUp").shares_hint(),
    TASK,
    ONE_SIDED,
    FEWER_STEPS.keys("J").hint("steps"),
    MORE_STEPS.keys("K").shares_hint(),
    STEPS,
    RATE_DOWN.hint("rate"),
    RATE_UP.shares_hint(),
    RATE,
    Command::new("reset", "0", "test rate, n and the task's own points again", |app| {
        app.why.drop_by_hand();
        reset(app);
    }),
    PREVIOUS_SEED.hint("seed"),
    NEXT_SEED.shares_hint(),
];

/// Brings a pane to the front.
pub fn show_pane(app: &mut App, name: &str) {
    app.why.pane = PANES.iter().position(|pane| pane.name == name).unwrap_or(app.why.pane);
}

/// A figure of what is known of an experiment in the pane in view, once it is known.
pub fn figure(app: &App, experiment: usize, name: &str) -> Option<f64> {
    app.why.known(experiment)?.1?.figure(name).filter(|figure| figure.is_finite())
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

/// The held point up, or the experiment above.
fn up(app: &mut App, by: i32) {
    if !hand::up(app, by) {
        other(app, -by);
    }
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

/// Has the pane worked out for the networks in view.
fn look(app: &mut App) {
    let shown = shown(app);
    app.why.begin(&shown);
    app.why.courses.begin();
    for experiment in shown {
        if app.experiments[experiment].settings.algorithm.reads_answers() {
            continue;
        }
        match pane_in_view(app).of {
            Of::Network(find) => look_at_network(app, experiment, find),
            Of::Course(find) => look_at_course(app, experiment, find),
        }
    }
}

fn look_at_network(app: &mut App, experiment: usize, find: state::Find) {
    let Some(run) = app.chosen_run(experiment) else { return };
    let Some(snapshot) = app.shown_snapshot(run).cloned() else { return };
    let Some(task) = shown_task(app, experiment) else { return };
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
        return;
    }
    let settings = &app.experiments[experiment].settings;
    let rule = &snapshot.weights.adaptation;
    let set = app.set(experiment);
    let subject = Subject {
        weights: at_rate(&snapshot.weights, question.rate),
        trained: settings.algorithm.uses("inner_steps").then_some((rule.inner_lr, rule.inner_steps)),
        task,
        tasks: set.few().iter().take(TASKS).cloned().collect(),
        settings: set.task.clone(),
        training: settings.training.clone(),
        seed: app.runs[run].seed,
        n: question.n,
    };
    app.why.want(question, subject.inward(), find);
}

/// Whether a run stays where it is.
fn has_ended(app: &App, run: usize) -> bool {
    !matches!(app.runs[run].phase, Phase::Training)
}

/// What is known of the training of an experiment, and asks for the rest: where a seed has come to its end, also for what
/// tells what has come first.
fn look_at_course(app: &mut App, experiment: usize, find: fn(&Course) -> Found) {
    let (test, rate) = (app.test, app.inner_lr(experiment));
    let runs = app.experiments[experiment].runs.clone();
    let landmarks = app.experiments[experiment].landmarks.clone();
    let mut wanted: Vec<Wanted> = Vec::new();
    for look in looks(landmarks.len()) {
        for &run in &runs {
            let Some(newest) = app.runs[run].snapshot.clone() else { continue };
            let (step, landmark, network) = match landmarks[look] {
                step if step < newest.step => (step, Some(look), None),
                // What it has not reached yet is where it is now, once it stays there.
                _ if has_ended(app, run) => (newest.step, None, Some(newest.weights.clone())),
                _ => continue,
            };
            let moment = Moment { run, step, test, rate };
            if wanted.iter().all(|wanted| wanted.moment != moment) {
                wanted.push(Wanted { moment, landmark, network });
            }
        }
    }
    let mut seeds = Vec::with_capacity(runs.len());
    for &run in &runs {
        let Some(newest) = app.runs[run].snapshot.as_ref().map(|newest| newest.step) else { continue };
        let ended = has_ended(app, run);
        app.why.courses.forget_after(run, newest);
        let looks = app.why.courses.looks(run, test, rate);
        let is_coarse =
            wanted.iter().filter(|of| of.moment.run == run).all(|of| app.why.courses.has(&of.moment));
        if let Some(landmark) = closer(&landmarks, &looks).filter(|_| ended && is_coarse) {
            let moment = Moment { run, step: landmarks[landmark], test, rate };
            wanted.push(Wanted { moment, landmark: Some(landmark), network: None });
        }
        seeds.push((app.runs[run].seed, looks));
    }
    let known: usize = seeds.iter().map(|(_, looks)| looks.len()).sum();
    let all = known + wanted.iter().filter(|of| !app.why.courses.has(&of.moment)).count();
    let (tasks, settings) = (app.set(experiment).few(), app.set(experiment).task.clone());
    let tasks = pairs(&tasks[..tasks.len().min(TASKS)]);
    app.why.courses.want(wanted, &tasks, &settings);
    let course = Course {
        seeds,
        tasks: tasks.len(),
        prior: settings
            .family
            .units()
            .loss_inward(app.set(experiment).prior(Average::Mean, Some(tasks.len()))),
        inner_steps: app.experiments[experiment].settings.training.inner_steps.max(1),
    };
    let question = Question {
        pane: app.why.pane,
        experiment,
        run: (known, all as u64),
        task: (test, 0),
        support: Default::default(),
        n: 0,
        rate,
    };
    if !app.why.knows(&question) && known > 0 {
        app.why.learn(question, Some(find(&course)));
    }
}

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let (head, places) = places(app, area);
    for (row, line) in head.iter().enumerate() {
        put(buffer, area, area.x + 1, area.y + row as u16, line, styles.plain());
    }
    for (number, place) in places.iter().enumerate() {
        let Place { experiment, frame, says, inner, picture } = place;
        let is_first = number == 0;
        let room = usize::from(frame.width).saturating_sub(4);
        pane(buffer, *frame, &title(app, *experiment, is_first, room), styles);
        for (row, line) in says.iter().enumerate() {
            put(buffer, *inner, inner.x, inner.y + row as u16, line, styles.bold());
        }
        if let Some((_, Some(found))) = app.why.known(*experiment) {
            draw::draw(app, *experiment, &hand::picture(app, *experiment, found), *picture, buffer);
        }
        if is_first {
            let next = PANES[(app.why.pane + 1) % PANES.len()].title;
            let note = format!("{}: {next}", app.key_of("next-pane"));
            pane_note(buffer, *frame, &note, styles.key(), styles);
        }
    }
}
