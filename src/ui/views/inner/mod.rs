//! Inner: the numbers that a learner has learned for its inner steps beside the network, and for a learner
//! with a context what that has come to know of tasks. Time travel shows how they came about.
//!
//! ```text
//! + Meta-SGD, seed 0 at step 26,400: learned for its inner steps -------------------+
//! |  inner_lr.hidden1.weight   ▁▂▅█▃▁         -0.03    0.012   0.31                  |
//! |  inner_lr.out.bias         ·              0.21                                   |
//! +---------------------------------------------------------------------------------+
//! ```

mod plotted;
mod reading;
pub mod state;

use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    plotted::Plotted,
    state::{PlaneOf, Seen},
};
use crate::{
    experiments::Experiment,
    learner::{Algorithm, Training},
    model::{self, ModelSettings, Weights},
    ui::{
        state::app::{App, Command, Kind},
        update::{
            fit::{FEWER_STEPS, MORE_STEPS, NEXT_SEED, PREVIOUS_SEED},
            list,
            tasks::{NEXT_TASK, ONE_SIDED, PREVIOUS_TASK, TASK},
        },
        widgets::text::{count, fit, number, pad, pane, pane_note, put, width, wrap},
    },
};

/// The view.
pub static VIEW: Kind =
    Kind { wanted, look, travels: true, commands: COMMANDS, ..Kind::new("Inner", "inner", draw) };

/// Its commands.
static COMMANDS: &[Command] = &[
    list::ABOVE.keys("Up").hint("experiment"),
    list::BELOW.keys("Down").shares_hint(),
    FEWER_STEPS
        .keys("Left")
        .help("one inner step less before the context is looked at, or one point less that is read")
        .hint("steps"),
    MORE_STEPS
        .keys("Right")
        .help("one inner step more before the context is looked at, or one point more that is read")
        .shares_hint(),
    Command::new("ask-left", "h", "where a network that reads is asked: to the left", |app| {
        reading::ask(app, -1)
    })
    .hint("ask at"),
    Command::new("ask-right", "l", "where a network that reads is asked: to the right", |app| {
        reading::ask(app, 1)
    })
    .shares_hint(),
    NEXT_TASK.keys("PgDn").hint("task"),
    PREVIOUS_TASK.keys("PgUp").shares_hint(),
    TASK,
    ONE_SIDED,
    PREVIOUS_SEED.hint("seed"),
    NEXT_SEED.shares_hint(),
];

/// Where some learner learns more than initial weights, or reads.
fn wanted(experiments: &[Experiment]) -> bool {
    let is_shown = |settings: &Experiment| {
        let adaptation = settings.adaptation();
        adaptation.inner.scale().is_some() || !adaptation.tensors(&settings.model).is_empty()
    };
    experiments.iter().any(is_shown)
}

/// As many numbers as this are told one by one.
const FEW: usize = 8;

/// The plane in view: of the selected experiment's chosen seed.
fn plane_of(app: &App, run: usize, step: u64) -> PlaneOf {
    let task = (app.fit.task, app.fit.shots);
    PlaneOf { run: (run, step), test: app.test, n: app.fit.n, rate: app.inner_lr(app.selected), task }
}

/// The plane that contexts put tasks on.
fn look(app: &mut App) {
    let Some(run) = app.experiments.get(app.selected).and_then(|_| app.chosen_run(app.selected)) else {
        return;
    };
    let Some(snapshot) = app.shown_snapshot(run).cloned() else { return };
    let of = plane_of(app, run, snapshot.step);
    let adaptation = snapshot.weights.adaptation.at_rate(of.rate);
    if adaptation.inner.has_context() || adaptation.inner.scale().is_some() {
        let Some(chosen) = app.shown_task(app.selected) else { return };
        let tasks = app.set(app.selected).few().to_vec();
        app.inner.want(of, Weights { adaptation, ..snapshot.weights.clone() }, chosen, tasks);
    }
}

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let Some(experiment) = app.experiments.get(app.selected) else { return };
    let name = &experiment.settings.name;
    let snapshot = app.chosen_run(app.selected).and_then(|run| Some((run, app.shown_snapshot(run)?)));
    let Some((run, snapshot)) = snapshot else {
        let inner = pane(buffer, area, &format!("{name}: no network yet"), styles);
        put(buffer, inner, inner.x + 1, inner.y, &others(app), styles.plain());
        return;
    };
    let (seed, step) = (app.runs[run].seed, count(snapshot.step));
    let what = match snapshot.weights.adaptation.inner.scale() {
        Some(_) => "what it makes of the points it reads",
        None => "learned for its inner steps",
    };
    let title = format!("{name}, seed {seed} at step {step}: {what}");
    let inner = pane(buffer, area, &title, styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let weights = &snapshot.weights;
    if weights.adaptation.inner.scale().is_some() {
        let of = plane_of(app, run, snapshot.step);
        return match app.inner.seen(&of) {
            Some((of, Seen::Reading(found))) => reading::draw(app, of, found, (area, inner), buffer),
            _ if app.inner.is_awaited() => {
                put(buffer, inner, inner.x, inner.y, "being computed", styles.plain());
            }
            _ => nothing(app, app.selected, weights, inner, buffer),
        };
    }
    if weights.adaptation.tensors(&weights.model).is_empty() {
        nothing(app, app.selected, weights, inner, buffer);
    } else if weights.adaptation.inner.has_context() {
        let Some((of, Seen::Context(plane))) = app.inner.seen(&plane_of(app, run, snapshot.step)) else {
            put(buffer, inner, inner.x, inner.y, "being computed", styles.plain());
            return;
        };
        let names = app.set(app.selected).task.family.plane_names();
        let x_name = names.map_or_else(
            || "first context number".to_owned(),
            |[x, _]| format!("{x}, as the context has it"),
        );
        let most = plane.points.iter().flatten().filter(|value| value.is_finite());
        let most = most.fold(0.1_f64, |most, value| most.max(value.abs()));
        let plotted = Plotted { points: &plane.points, truth: plane.truth.as_deref(), most, x_name: &x_name };
        plotted.draw(app, inner, buffer);
        let share = plane
            .explained
            .zip(names)
            .map(|(share, [x, y])| format!("context explains {:.1} % of ({x}, {y}); ", 100.0 * share));
        let at =
            if of.run.1 == snapshot.step { String::new() } else { format!(" at step {}", count(of.run.1)) };
        let (share, tasks) = (share.unwrap_or_default(), plane.points.len());
        let note = format!("{share}{tasks} tasks after n={} steps{at}", of.n);
        let note = fit(&note, usize::from(area.width).saturating_sub(4), styles);
        pane_note(buffer, area, &note, styles.plain(), styles);
    } else {
        draw_numbers(app, weights, inner, buffer);
    }
}

/// How to get to another experiment.
fn others(app: &App) -> String {
    format!("{} and {} go to another experiment.", app.key_of("above"), app.key_of("below"))
}

/// For a learner that learns only where to start, or to read.
fn nothing(app: &App, experiment: usize, weights: &Weights, area: Rect, buffer: &mut Buffer) {
    let learns_more = |algorithm: &&Algorithm| {
        !algorithm
            .adaptation(&Training::default(), model::Scale::default())
            .tensors(&ModelSettings::default())
            .is_empty()
    };
    let more: Vec<&str> =
        Algorithm::ALL.iter().filter(learns_more).map(|algorithm| algorithm.title()).collect();
    let is_network = !app.experiments[experiment].settings.algorithm.reads_answers();
    let what = match weights.adaptation.inner.scale().is_some() {
        _ if !is_network => "There is no network here: the answers of another program are read.",
        true => {
            "This network reads its support points and takes no inner steps: all that it has learned are its weights."
        }
        false => {
            "This learner learns initial weights and nothing else: its inner steps are what its file says."
        }
    };
    let text =
        format!("{what} These learn numbers for their inner steps: {}. {}", more.join(", "), others(app));
    for (row, line) in wrap(&text, usize::from(area.width), &app.styles).iter().enumerate() {
        put(buffer, area, area.x, area.y + row as u16, line, app.styles.plain());
    }
}

/// Tensor by tensor: few numbers one by one, many as how often which occur.
fn draw_numbers(app: &App, weights: &Weights, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let tensors = weights.adaptation.tensors(&weights.model);
    let name_width = tensors.iter().map(|tensor| width(&tensor.name)).max().unwrap_or(0) + 2;
    let room = usize::from(area.width).saturating_sub(name_width);
    let cells = room.saturating_sub(34).clamp(0, 48);
    let head = format!(
        "{}{}{:>10}{:>10}{:>10}",
        pad("", name_width, styles),
        pad("how often", cells + 2, styles),
        "least",
        "median",
        "most"
    );
    put(buffer, area, area.x, area.y, &fit(&head, usize::from(area.width), styles), styles.plain());
    let mut from = weights.model.parameters();
    for (row, tensor) in tensors.iter().enumerate() {
        let values = &weights.values[from..from + tensor.count()];
        from += tensor.count();
        let y = area.y + 1 + row as u16;
        if y + 1 == area.bottom() && row + 1 < tensors.len() {
            let more = format!("and {} more tensors", tensors.len() - row);
            put(buffer, area, area.x, y, &fit(&more, usize::from(area.width), styles), styles.warn());
            break;
        }
        put(buffer, area, area.x, y, &tensor.name, styles.plain());
        let x = area.x + name_width as u16;
        if values.len() <= FEW {
            let words: Vec<String> = values.iter().map(|value| format!("{:>9}", number(*value))).collect();
            let text = words.join(if values.len() > 1 { " " } else { "" });
            put(buffer, area, x, y, &fit(&text, room, styles), styles.series(app.hue(app.selected)));
            continue;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        let strip = strip(values, [least, most], cells, styles.ascii);
        put(buffer, area, x, y, &strip, styles.series(app.hue(app.selected)));
        let words = [least, sorted[sorted.len() / 2], most].map(|value| format!("{:>10}", number(value)));
        put(buffer, area, x + cells as u16 + 2, y, &words.concat(), styles.plain());
    }
}

/// How often values occur between two ends, as a row of bars.
fn strip(values: &[f64], [least, most]: [f64; 2], cells: usize, ascii: bool) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const ASCII: [char; 9] = [' ', '.', '.', ':', ':', '+', '*', '#', '#'];
    let mut counts = vec![0_usize; cells];
    for value in values.iter().filter(|value| value.is_finite()) {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        if let Some(count) = counts.get_mut(((share * cells as f64) as usize).min(cells.saturating_sub(1))) {
            *count += 1;
        }
    }
    let highest = counts.iter().copied().max().unwrap_or(0).max(1);
    let bars = if ascii { ASCII } else { BARS };
    // What occurs at all is seen.
    counts.iter().map(|&count| bars[(count * 8).div_ceil(highest)]).collect()
}
