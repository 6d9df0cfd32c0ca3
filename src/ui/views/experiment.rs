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

use crossterm::event::KeyCode::{Char, Down, Home, Left, PageDown, PageUp, Right, Up};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    about,
    binding::{Binding, Press, bind, keys},
    curves,
    entry::{Entry, always, as_it_is, unmoved},
    fit, settings, training,
    why::why,
};
use crate::model::ModelSettings;
use crate::ui::{
    action::Action,
    state::{
        app::App,
        controls::{Ask, Focus},
        runs::Phase,
        view::Kind,
    },
    widgets::text::{count, fit as fit_text, number, pane, pane_note, put, short_count, whereabouts, wrap},
};

/// The view.
pub static VIEW: Entry = Entry {
    kind: Kind { title: "Experiment", each: true, sweep: false, curves: true, undoes: false },
    heading: "A view of one experiment",
    wanted: always,
    keys: KEYS,
    draw,
    point: unmoved,
    open: as_it_is,
};

/// Its keys.
static KEYS: &[Binding] = &[
    bind(keys![Left], "Left", Action::PreviousTask, "previous test task", "task").paired("Left/Right"),
    bind(keys![Right], "Right", Action::NextTask, "next test task", ""),
    bind(keys![Up, Char('k')], "Up", Action::Steps(1), "one inner step more", "steps").paired("Up/Down"),
    bind(keys![Down, Char('j')], "Down", Action::Steps(-1), "one inner step less", ""),
    bind(keys![Char('g'), Home], "g", Action::Ends(false), "the first test task", ""),
    bind(keys![Char('G')], "G", Action::Ends(true), "the last test task", ""),
    bind(&[Press::Ctrl('d'), Press::Key(PageDown)], "Ctrl-D", Action::Pages(1), "ten test tasks on", ""),
    bind(&[Press::Ctrl('u'), Press::Key(PageUp)], "Ctrl-U", Action::Pages(-1), "ten test tasks back", ""),
    bind(
        keys![Char('o')],
        "o",
        Action::OneSided,
        "next one-sided task: support all left or all right of zero",
        "one-sided",
    ),
    bind(
        keys![Char('E')],
        "E",
        Action::Order,
        "test tasks in another order: hard first, easy first, only one-sided, as they were drawn",
        "order",
    ),
    bind(keys![Char('F')], "F", Action::FixY, "the same y for every task, or what each one needs", ""),
    bind(keys![Char('(')], "(", Action::Rate(-1), "inner rate down", "rate").paired("(/)"),
    bind(keys![Char(')')], ")", Action::Rate(1), "inner rate up", ""),
    bind(keys![Char('0')], "0", Action::Reset, "test rate, K and n back to the file's", ""),
    bind(keys![Char('>'), Char('.')], ">", Action::Seed(1), "next seed", "seed").paired("</>"),
    bind(keys![Char('<'), Char(',')], "<", Action::Seed(-1), "previous seed", ""),
    bind(
        keys![Char('c')],
        "c",
        Action::Compare,
        "compare: the next other experiment on the same task",
        "compare",
    ),
    bind(keys![Char('f')], "f", Action::Focus, "one pane alone: fit, loss, adaptation, about", "full pane"),
    bind(keys![Char('S')], "S", Action::Smooth, "smooth the training loss more, then not at all", ""),
    bind(keys![Char(';')], ";", Action::Shots(-1), "one support point less", ""),
    bind(keys![Char('\'')], "'", Action::Shots(1), "one support point more", ""),
    bind(keys![Char('n')], "n", Action::Ask(Ask::Steps), "type the number of inner steps (0 to 100)", ""),
    bind(keys![Char('R')], "R", Action::Ask(Ask::Rate), "type the inner rate", ""),
    bind(keys![Char('t')], "t", Action::Ask(Ask::Task), "type the test task (1, 2, ...)", ""),
    bind(keys![Char('#')], "#", Action::Ask(Ask::Shots), "type the number of support points", ""),
];

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(index) = app.view.experiment.filter(|index| *index < app.experiments.len()) else { return };
    match app.fit.focus {
        Focus::All => {}
        Focus::Fit => return fit::draw(app, index, area, buffer),
        Focus::Loss => return training::draw(app, index, area, buffer),
        Focus::Adaptation => return curves::draw_seeds(app, index, area, buffer),
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
        curves::draw_seeds(app, index, other, buffer);
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
    curves::draw_seeds(app, index, Rect { x: lower.x + half, width: left.width - half, ..lower }, buffer);
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
            Phase::Paused => (format!("paused at step {}: p goes on", count(run.step)), styles.warn()),
            Phase::Left => (format!("not running, at step {}", count(run.step)), styles.warn()),
            Phase::Stopped => (format!("stopped at step {}: p goes on", count(run.step)), styles.plain()),
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
                let n = 10.min(app.set(index).evaluation.steps);
                let loss = app.curve(at).and_then(|curve| curve.mean.get(n));
                let loss = loss.map(|loss| format!(", {} at n={n}", number(*loss))).unwrap_or_default();
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
