//! One experiment: what its network makes of a single wave, how it trained, how each seed adapts.
//!
//! ```text
//! + MAML on test task 17 of 1,000 -----------------------++ About MAML --------------------+
//! |  fit.rs                                              ||  about.rs                      |
//! +------------------------------------------------------++--------------------------------+
//! + Training loss, seed 0 (log) -++ Adaptation, every seed ++ Runs -------------------------+
//! |  training.rs                 ||  curves.rs             ||  3/5, seeds and how they are |
//! |                              ||                        |+ Settings ---------------------+
//! |                              ||                        ||  settings.rs, what has room   |
//! +------------------------------++------------------------++------------------------------+
//! ```
//!
//! Below 100 columns About and Runs share a column at the right; below 20 rows the lower row goes.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{about, by_task, curves, diverged::why, fit, settings, training};
use crate::model::ModelSettings;
use crate::ui::{
    command::Group,
    state::{
        app::{App, Command, Kind, MOST_SHOTS},
        controls::Focus,
        runs::Phase,
    },
    update::{
        curves::{OTHER_AXIS, step},
        fit::{FEWER_STEPS, MORE_STEPS, NEXT_SEED, PREVIOUS_SEED, RATE, RATE_DOWN, RATE_UP, RESET, STEPS},
        tasks::{NEXT_TASK, ONE_SIDED, PREVIOUS_TASK, TASK, compare, next_task, order},
    },
    widgets::text::{count, fit as fit_text, number, pane, pane_note, put, short_count, whereabouts, wrap},
};

/// The view.
pub static VIEW: Kind = Kind {
    heading: "A view of one experiment",
    each: true,
    curves: true,
    points: true,
    look,
    commands: COMMANDS,
    ..Kind::new("Experiment", "experiment", draw)
};

/// Its commands.
static COMMANDS: &[Command] = &[
    PREVIOUS_TASK.keys("Left").hint("task"),
    NEXT_TASK.keys("Right").shares_hint(),
    MORE_STEPS.keys("Up k").hint("steps"),
    FEWER_STEPS.keys("Down j").shares_hint(),
    Command::new("first-task", "g Home", "the first test task", |app| next_task(app, -i32::MAX))
        .group(Group::Move),
    Command::new("last-task", "G", "the last test task", |app| next_task(app, i32::MAX)).group(Group::Move),
    Command::new("tasks-on", "Ctrl-D PgDn", "ten test tasks on", |app| next_task(app, 10)).group(Group::Move),
    Command::new("tasks-back", "Ctrl-U PgUp", "ten test tasks back", |app| next_task(app, -10))
        .group(Group::Move),
    ONE_SIDED.hint("one-sided"),
    Command::new(
        "order-tasks",
        "E",
        "test tasks in another order: hard first, easy first, only one-sided, as they were drawn",
        order,
    )
    .hint("order"),
    Command::new("same-y", "F", "the same y for every task, or what each one needs", |app| {
        app.fit.fixed_y ^= true;
        app.say(match app.fit.fixed_y {
            true => "y: all that the family reaches, the same for every task",
            false => "y: what each task needs",
        });
    }),
    RATE_DOWN.hint("rate"),
    RATE_UP.shares_hint(),
    RESET,
    PREVIOUS_SEED.hint("seed"),
    NEXT_SEED.shares_hint(),
    Command::new(
        "compare",
        "c",
        "compare: the next other experiment on the same task, and task by task",
        compare,
    )
    .hint("compare"),
    Command::new("one-pane", "f", "one pane alone: fit, loss, adaptation, about", |app| {
        app.curves.report = None;
        app.fit.focus = app.fit.focus.next();
    })
    .hint("full pane"),
    Command::new("smooth", "S", "smooth the training loss more, then not at all", |app| {
        app.curves.smoothing = app.curves.smoothing.next();
        app.say(format!("training loss: {}", app.curves.smoothing.words()));
    }),
    OTHER_AXIS,
    Command::new("fewer-shots", ";", "one support point less", |app| more_shots(app, -1)),
    Command::new("more-shots", "'", "one support point more", |app| more_shots(app, 1)),
    STEPS,
    RATE,
    TASK,
    Command::number(
        "shots",
        "#",
        "type the number of support points",
        |_| format!("support points (1 to {MOST_SHOTS})"),
        |app, text| match text.parse() {
            Ok(shots) if (1..=MOST_SHOTS).contains(&shots) => {
                app.fit.shots = Some(shots);
                Ok(())
            }
            _ => Err(format!("support points are a whole number from 1 to {MOST_SHOTS}")),
        },
    ),
];

/// The fits of the experiment and of the one that it is compared with.
fn look(app: &mut App) {
    if let Some(index) = app.view.experiment {
        about::told(app, index);
    }
    let Some(index) = app.view.experiment.filter(|index| *index < app.experiments.len()) else { return };
    let Some(task) = app.shown_task(index) else { return };
    // The tour speaks of ten steps.
    let ten = app.visit().map(|_| 10);
    let steps: Vec<usize> = app.shown_steps().into_iter().chain(ten).collect();
    app.want_fits(index, &task, &steps);
    if let Some(other) = app.fit.compare.filter(|other| *other < app.experiments.len()) {
        app.want_fits(other, &task, &[app.fit.n]);
        app.want_by_task(index);
    }
    let settings = app.set(index).task.clone();
    app.want_oracle(&settings, &task);
}

/// More or fewer support points than the file says.
fn more_shots(app: &mut App, by: i32) {
    let of_file = app.set(app.view.experiment.unwrap_or(0)).task.shots.most;
    app.fit.shots = Some(step(app.fit.shots.unwrap_or(of_file), by, MOST_SHOTS + 1).max(1));
}

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(index) = app.view.experiment.filter(|index| *index < app.experiments.len()) else { return };
    match app.fit.focus {
        Focus::All => {}
        Focus::Fit => return fit::draw(app, index, area, buffer),
        Focus::Loss => return training::draw(app, index, area, buffer),
        Focus::Adaptation => return draw_adaptation(app, index, area, buffer),
        Focus::About => return draw_about(app, index, area, buffer),
    }
    let seeds = app.experiments[index].runs.len() as u16;
    if area.width >= 100 {
        let right = (area.width / 3).clamp(36, 56);
        let left = Rect { width: area.width - right, ..area };
        draw_right(app, index, Rect { x: left.right(), width: right, ..area }, buffer);
        let lower = (area.height * 2 / 5).clamp(8, 20).min(area.height);
        let upper = Rect { height: area.height - lower, ..left };
        fit::draw(app, index, upper, buffer);
        let lower = Rect { y: upper.bottom(), height: lower, ..left };
        let half = left.width / 2;
        training::draw(app, index, Rect { width: half, ..lower }, buffer);
        let other = Rect { x: left.x + half, width: left.width - half, ..lower };
        draw_adaptation(app, index, other, buffer);
        return;
    }
    let right = (area.width * 3 / 8).clamp(24, 34);
    let runs = (seeds + 4).clamp(5, 9).min(area.height / 2);
    let left = Rect { width: area.width - right, ..area };
    let column = Rect { x: left.right(), width: right, ..area };
    about::draw(app, index, Rect { height: area.height - runs, ..column }, buffer);
    draw_runs(app, index, Rect { y: column.bottom() - runs, height: runs, ..column }, buffer);
    if area.height < 18 {
        fit::draw(app, index, left, buffer);
        return;
    }
    let lower = (area.height * 2 / 5).max(8);
    fit::draw(app, index, Rect { height: area.height - lower, ..left }, buffer);
    let lower = Rect { y: left.bottom() - lower, height: lower, ..left };
    let half = left.width / 2;
    training::draw(app, index, Rect { width: half, ..lower }, buffer);
    draw_adaptation(app, index, Rect { x: lower.x + half, width: left.width - half, ..lower }, buffer);
}

/// The adaptation curve or, while another experiment is compared, how the two differ task by task.
fn draw_adaptation(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    match app.fit.compare.filter(|other| *other < app.experiments.len()) {
        Some(other) => by_task::draw(app, index, other, area, buffer),
        None => curves::draw_seeds(app, index, area, buffer),
    }
}

/// The column at the right: each pane as tall as what it has to say, the settings in what is left.
fn draw_right(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let seeds = app.experiments[index].runs.len() as u16;
    // A reason takes more lines than a seed.
    let failed = u16::from(app.progress(index).failed > 0) * 5;
    let runs = (seeds + failed + 2).min(area.height / 3).max(5).min(area.height);
    let about = about::height(app, index, area.width).min(area.height - runs);
    let rest = area.height - runs - about;
    let (about, settings) = if rest >= 5 { (about, rest) } else { (about + rest, 0) };
    about::draw(app, index, Rect { height: about, ..area }, buffer);
    draw_runs(app, index, Rect { y: area.y + about, height: runs, ..area }, buffer);
    if settings > 0 {
        settings::draw(app, index, Rect { y: area.bottom() - settings, height: settings, ..area }, buffer);
    }
}

/// About the learner, alone: no wider than is good to read, with every setting beside or below it.
fn draw_about(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let (about, settings) = if area.width >= 120 {
        let wide = (area.width / 2).min(100);
        (Rect { width: wide, ..area }, Rect { x: area.x + wide, width: area.width - wide, ..area })
    } else {
        let tall = about::height(app, index, area.width).min(area.height);
        (Rect { height: tall, ..area }, Rect { y: area.y + tall, height: area.height - tall, ..area })
    };
    if settings.height < 3 {
        return about::draw(app, index, area, buffer);
    }
    about::draw(app, index, about, buffer);
    settings::draw(app, index, settings, buffer);
}

/// How every seed is, and why a run that failed did.
fn draw_runs(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let progress = app.progress(index);
    let inner = pane(buffer, area, &format!("Runs {}/{}", progress.finished, progress.runs), styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let room = usize::from(inner.width);
    let runs = &app.experiments[index].runs;
    // The chosen seed stays in view when there are more seeds than lines.
    let lines = usize::from(inner.height);
    let chosen = app.fit.seed.min(runs.len().saturating_sub(1));
    let first = if runs.len() <= lines { 0 } else { (chosen + 1).saturating_sub(lines) };
    let mut y = inner.y;
    for (i, &at) in runs.iter().enumerate().skip(first) {
        let run = &app.runs[at];
        let (words, style) = match &run.phase {
            Phase::Queued if app.is_over() => ("stopped".to_owned(), styles.plain()),
            Phase::Queued => (app.place_in_queue(&[at]), styles.plain()),
            Phase::Paused => {
                (format!("paused at step {}{}", count(run.step), app.how_it_goes_on(&[at])), styles.warn())
            }
            Phase::Left => (format!("not running, at step {}", count(run.step)), styles.warn()),
            Phase::Stopped => {
                (format!("stopped at step {}{}", count(run.step), app.how_it_goes_on(&[at])), styles.plain())
            }
            Phase::Training => {
                let share = run.step as f64 / run.total.max(1) as f64;
                let speed = if run.speed.is_finite() {
                    format!(" {}/s", short_count(run.speed))
                } else {
                    String::new()
                };
                let bar = styles.bar(share, room.saturating_sub(24).clamp(4, 12));
                (format!("{bar} {}{speed}", count(run.step)), styles.readable(styles.series(app.hue(index))))
            }
            Phase::Finished { seconds, .. } => {
                let axis = app.axis();
                let n = 10.min(axis.last(&app.set(index).evaluation).unwrap_or(0));
                let loss = app.curve(at).and_then(|curve| curve.mean.get(n));
                let loss = loss.map(|loss| format!(", {} at {}={n}", number(*loss), axis.letter()));
                let loss = loss.unwrap_or_default();
                (format!("{seconds:.1} s{loss}"), styles.plain())
            }
            Phase::Failed { step, error } => {
                (format!("failed at step {}: {error}", count(*step)), styles.error())
            }
        };
        if y >= inner.bottom() {
            break;
        }
        let label = format!("seed {}", run.seed);
        let label_style = if i == chosen { styles.selected() } else { styles.plain() };
        let x = put(buffer, inner, inner.x, y, &label, label_style) + 1;
        let room = usize::from(inner.right().saturating_sub(x));
        // A reason is worth more than one line where the chosen run has one.
        let failed = matches!(run.phase, Phase::Failed { .. });
        let wrapped = if failed && i == chosen {
            let settings = &app.experiments[index].settings;
            let words = match &run.phase {
                Phase::Failed { step, error } if error.starts_with("diverged") => {
                    // The log has the whole reason; here is room for what matters.
                    format!("diverged at step {}\n{}", count(*step), why(settings, &run.losses, *step))
                }
                _ => words,
            };
            wrap(&words, room, styles)
        } else {
            vec![fit_text(&words, room, styles)]
        };
        for line in wrapped {
            if y < inner.bottom() {
                put(buffer, inner, x, y, &line, style);
                y += 1;
            }
        }
    }
    let settings = &app.experiments[index].settings;
    let steps = count(settings.total_steps());
    let ModelSettings { layers, hidden, activation, .. } = settings.model;
    let activation = activation.name();
    let network =
        if layers == 2 { format!("width {hidden}") } else { format!("{layers} layers of {hidden}") };
    let forms = [format!("{steps} steps, {network}, {activation}"), format!("{steps} steps, {activation}")];
    let at = whereabouts(first, lines, runs.len());
    let forms = if at.is_empty() { forms.to_vec() } else { vec![at] };
    let fits = |form: &&String| form.len() + 4 <= usize::from(area.width);
    let note = forms.iter().find(fits).map_or("", String::as_str);
    pane_note(buffer, area, note, styles.plain(), styles);
}
