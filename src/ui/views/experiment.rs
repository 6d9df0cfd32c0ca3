//! One experiment: what its network makes of a single wave, how it trained, how each seed adapts.
//!
//! ```text
//! + MAML on test task 17 of 1,000 -----------------------++ About MAML --------------------+
//! |  fit.rs                                              ||  about.rs                      |
//! +------------------------------------------------------++--------------------------------+
//! + Training loss, seed 0 (log) -++ Adaptation, every seed ++ Runs -------------------------+
//! |  dim: raw, bold: smoothed    ||  curves.rs             ||  3/5, seeds and how they are |
//! +------------------------------++------------------------++------------------------------+
//! ```
//!
//! Below 100 columns About and Runs share a column at the right; below 20 rows the lower row goes.

use crossterm::event::KeyCode::{Char, Down, Home, Left, PageDown, PageUp, Right, Up};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    about,
    binding::{Binding, Press, bind, keys},
    curves,
    entry::{Entry, always, as_it_is, unmoved},
    fit,
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
    style::Pattern,
    widgets::{
        plot::{Plot, Series, Shape},
        scale::Scale,
        text::{count, fit as fit_text, number, pane, pane_note, put, short_count, wrap},
    },
};

/// The view.
pub static VIEW: Entry = Entry {
    kind: Kind { title: "Experiment", each: true, curves: true },
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
    bind(keys![Char('i')], "i", Action::Rate(-1), "inner rate down", "rate").paired("i/I"),
    bind(keys![Char('I')], "I", Action::Rate(1), "inner rate up", ""),
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
    bind(keys![Char('d')], "d", Action::Shots(-1), "one support point less", ""),
    bind(keys![Char('D')], "D", Action::Shots(1), "one support point more", ""),
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
        Focus::Loss => return draw_loss(app, index, area, buffer),
        Focus::Adaptation => return curves::draw_seeds(app, index, area, buffer),
        Focus::About => return about::draw(app, index, area, buffer),
    }
    let seeds = app.experiments[index].runs.len() as u16;
    if area.width >= 100 {
        let lower = (area.height * 2 / 5).clamp(8, 18).min(area.height);
        let upper = Rect { height: area.height - lower, ..area };
        let right = (area.width / 3).clamp(36, 56);
        fit::draw(app, index, Rect { width: area.width - right, ..upper }, buffer);
        about::draw(app, index, Rect { x: area.right() - right, width: right, ..upper }, buffer);
        let lower = Rect { y: upper.bottom(), height: lower, ..area };
        let third = (area.width - right) / 2;
        draw_loss(app, index, Rect { width: third, ..lower }, buffer);
        let middle = Rect { x: area.x + third, width: area.width - right - third, ..lower };
        curves::draw_seeds(app, index, middle, buffer);
        draw_runs(app, index, Rect { x: area.right() - right, width: right, ..lower }, buffer);
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
    draw_loss(app, index, Rect { width: half, ..lower }, buffer);
    curves::draw_seeds(app, index, Rect { x: lower.x + half, width: left.width - half, ..lower }, buffer);
}

/// Smoothing of the training loss: an exponential mean over about this many reports.
const SMOOTH_OVER: f64 = 12.0;

/// An exponential moving average, corrected for its start at nothing; what is not finite is left out.
fn smooth(losses: &[(u64, f64)]) -> Vec<(f64, f64)> {
    let keep = 1.0 - 1.0 / SMOOTH_OVER;
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut curve = Vec::with_capacity(losses.len());
    for (step, loss) in losses.iter().filter(|(_, loss)| loss.is_finite()) {
        sum = keep * sum + loss;
        weight = keep * weight + 1.0;
        curve.push((*step as f64, sum / weight));
    }
    curve
}

fn draw_loss(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let Some(run) = app.chosen_run(index).map(|run| &app.runs[run]) else { return };
    let title = if area.width >= 44 {
        format!("Training loss, seed {} (log axis; dots: raw)", run.seed)
    } else {
        format!("Training loss, seed {}", run.seed)
    };
    let inner = pane(buffer, area, &title, styles);
    if run.losses.is_empty() {
        let text = match (&run.phase, app.experiments[index].settings.algorithm.trains()) {
            (_, false) => "not trained",
            (Phase::Queued, _) => "queued",
            (Phase::Failed { .. }, _) => "failed before its first report",
            _ => "waiting for the first report",
        };
        let text = fit_text(text, usize::from(inner.width), styles);
        let x = inner.x + inner.width.saturating_sub(text.len() as u16) / 2;
        put(buffer, inner, x, inner.y + inner.height / 2, &text, styles.plain());
        return;
    }
    let raw: Vec<(f64, f64)> = run.losses.iter().map(|(step, loss)| (*step as f64, *loss)).collect();
    let smooth = smooth(&run.losses);
    let y = Scale::around(raw.iter().map(|(_, loss)| *loss), true);
    let line = |points, style: Style, shape, mark| Series { name: String::new(), style, shape, mark, points };
    let shown = app.chosen_run(index).and_then(|run| app.shown_snapshot(run));
    let shown = shown.map(|snapshot| snapshot.step as f64);
    let newest = smooth.last().map(|(_, loss)| *loss);
    // The report under the crosshair, and what the mean had come to there.
    let marked = app.curves.report.filter(|_| app.fit.focus == Focus::Loss).and_then(|report| {
        let &(step, loss) = run.losses.get(report).or(run.losses.last())?;
        let smoothed =
            smooth.iter().rev().find(|(at, _)| *at <= step as f64).map_or(f64::NAN, |(_, mean)| *mean);
        Some((step, loss, smoothed))
    });
    let plot = Plot {
        x: Scale::linear(0.0, run.total.max(run.step).max(1) as f64),
        y,
        x_name: "step",
        series: vec![
            line(raw, styles.dim(), Shape::Dots, '.'),
            line(smooth, styles.series(index).add_modifier(Modifier::BOLD), Shape::Line(Pattern::Solid), '#'),
        ],
        // Where the parameters in view come from.
        crosshair: marked.map(|(step, ..)| step as f64).or(app.rewind.notch.and(shown)),
        names: false,
    };
    let unseen = plot.draw(inner, buffer, styles);
    let mut note = unseen.announce();
    if let Some((step, raw, smoothed)) = marked {
        note = format!("step {}: {}, smoothed {}", count(step), number(raw), number(smoothed));
    }
    if note.is_empty() {
        note = newest.map(|loss| format!("now {}", number(loss))).unwrap_or_default();
    }
    pane_note(buffer, area, &note, styles.warn(), styles);
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
                (format!("{bar} {}{speed}", count(run.step)), styles.readable(styles.series(index)))
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
    let fits = |form: &&String| form.len() + 4 <= usize::from(area.width);
    let note = forms.iter().find(fits).map_or("", String::as_str);
    pane_note(buffer, area, note, styles.plain(), styles);
}
