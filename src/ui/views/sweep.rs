//! A sweep: the test loss of every combination as a heat map over two of its axes, and beside it how the cell under
//! the cursor adapts.
//!
//! ```text
//! + rate x shots: test loss at n=10 of 9 cells ----------++ Adaptation by seed -----------+
//! |          shots                                       ||  curves.rs, of the cell        |
//! | inner_lr   5        10       20                      ||                                |
//! |    0.001    3.10     2.90     2.50                   ||                                |
//! |     0.01    1.20    [0.70]    0.50                   |+ [inner_lr=0.01 shots=10] ------+
//! |      0.1    0.91!   failed     ~1.3                  || what is known of it            |
//! |  lower is better: 0.50 ████▓▓▓▒▒▒░░░ 4.3             || which cell is best             |
//! +------------------------------------------------------++--------------------------------+
//! ```
//!
//! Below 100 columns the map stands over the rest. Where there are colours enough a cell's ground is its loss; else
//! shades stand beside the value.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{curves, experiment};
use crate::{
    eval::Average,
    experiments::Experiment,
    results::{CellLoss, text::rate},
    term::{Button, Mouse, MouseKind},
    ui::{
        state::{
            app::{App, Command, Kind, View},
            look::PREVIEW_TASKS,
            runs::Phase,
            sweep::{Known, SweepState},
        },
        style::Styles,
        update::{
            curves::{LARGER_N, SMALLER_N},
            show::show,
            sweep::{move_by, slice, to, to_best, turn_axes},
        },
        widgets::{
            heat::{Cell, LossScale, legend},
            text::{fit, inside, number, pane, pane_note, put, short_spread, width, wrap},
        },
    },
};

/// The view.
pub static VIEW: Kind = Kind {
    heading: "A sweep",
    each: true,
    sweep: true,
    curves: true,
    wanted,
    point,
    open,
    look: App::want_own_rates,
    commands: COMMANDS,
    ..Kind::new("Sweep", "sweep", draw)
};

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("cell-left", "Left h", "the cell to the left", |app| move_by(app, -1, 0)).hint("cell"),
    Command::new("cell-right", "Right l", "the cell to the right", |app| move_by(app, 1, 0)).shares_hint(),
    Command::new("cell-up", "Up k", "the cell above", |app| move_by(app, 0, -1)).shares_hint(),
    Command::new("cell-down", "Down j", "the cell below", |app| move_by(app, 0, 1)).shares_hint(),
    Command::new("best-cell", "b", "the lowest cell so far", to_best).hint("lowest"),
    Command::new("open-cell", "Enter", "open the cell as an experiment", |app| {
        let experiment = app.view.experiment;
        if experiment.is_some() {
            show(app, View { kind: &experiment::VIEW, experiment });
        }
    })
    .hint("open"),
    Command::new(
        "own-rate",
        "o",
        "test each cell at the inner rate that it was trained at, on a few tasks, or as the study has it",
        |app| app.own_rate.is_on ^= true,
    )
    .hint("own rate"),
    SMALLER_N.keys("(").help("the map, and the crosshair, at a smaller n").hint("n"),
    LARGER_N.keys(")").help("the map, and the crosshair, at a larger n").shares_hint(),
    Command::new("turn-axes", "c", "two other axes on the map", turn_axes).hint("axes"),
    Command::new("previous-slice", "< ,", "previous value of the axes that are not on the map", |app| {
        slice(app, -1)
    })
    .hint("other axes"),
    Command::new("next-slice", "> .", "their next value", |app| slice(app, 1)).shares_hint(),
];

/// Cells of the screen that a cell of the map takes with its value, and without.
const WIDE: u16 = 11;
const NARROW: u16 = 3;
/// Lines of the map's pane that are no cells: two of heads, two of the legend.
const HEADS: u16 = 2;
const LEGEND: u16 = 2;

fn wanted(experiments: &[Experiment]) -> bool {
    experiments.iter().any(|experiment| experiment.cell.is_some())
}

/// The cursor is where it was.
fn open(app: &mut App) {
    let of = app.view.experiment.and_then(|index| app.sweep_of(index));
    if let Some(cell) = of.and_then(|sweep| sweep.grid.at(&sweep.place)) {
        app.view.experiment = Some(cell);
        app.selected = cell;
    }
}

/// Where the panes are: the map, the curve, the words.
fn panes(area: Rect) -> (Rect, Option<Rect>, Option<Rect>) {
    if area.width >= 100 && area.height >= 16 {
        let right = (area.width * 2 / 5).min(64);
        let map = Rect { width: area.width - right, ..area };
        let words = 11.min(area.height / 2);
        let column = Rect { x: map.right(), width: right, ..area };
        let curve = Rect { height: area.height - words, ..column };
        return (map, Some(curve), Some(Rect { y: curve.bottom(), height: words, ..column }));
    }
    if area.height >= 18 {
        let map = Rect { height: area.height / 2, ..area };
        let below = Rect { y: map.bottom(), height: area.height - map.height, ..area };
        let words = area.width / 2;
        let curve = Rect { width: area.width - words, ..below };
        return (map, Some(curve), Some(Rect { x: curve.right(), width: words, ..below }));
    }
    (area, None, None)
}

/// Draws the view.
fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(index) = app.view.experiment.filter(|index| *index < app.experiments.len()) else { return };
    let Some(sweep) = app.sweep_of(index) else { return };
    let (map, curve, words) = panes(area);
    draw_map(app, sweep, map, buffer);
    if let Some(curve) = curve {
        curves::draw_seeds(app, index, curve, buffer);
    }
    if let Some(words) = words {
        draw_words(app, index, words, buffer);
    }
}

/// Where the cells of the map are.
struct Map {
    /// Where the first one in view begins.
    x: u16,
    y: u16,
    /// Size of one.
    wide: u16,
    tall: u16,
    /// The first row and column in view, and how many of them.
    first: (usize, usize),
    shown: (usize, usize),
}

impl Map {
    fn of(sweep: &SweepState, inner: Rect) -> Self {
        let (rows, columns) = sweep.size();
        let (row, column) = sweep.cursor();
        let axis = &sweep.grid.axes[sweep.down];
        let labels = axis.values.iter().map(|value| width(&value.in_short()));
        let left = (labels.chain([width(&axis.word)]).max().unwrap_or(0) as u16 + 2).min(inner.width / 2);
        let room = (inner.width.saturating_sub(left), inner.height.saturating_sub(HEADS + LEGEND));
        let wide = if columns as u16 <= room.0 / WIDE { WIDE } else { NARROW };
        let tall = (room.1 / (rows as u16).max(1)).clamp(1, 3);
        let shown = (rows.min(usize::from(room.1 / tall)), columns.min(usize::from(room.0 / wide)));
        let first = |at: usize, shown: usize| (at + 1).saturating_sub(shown);
        Self {
            x: inner.x + left,
            y: inner.y + HEADS,
            wide,
            tall,
            first: (first(row, shown.0), first(column, shown.1)),
            shown,
        }
    }

    /// The row and column that are drawn at a cell of the screen.
    fn at(&self, x: u16, y: u16) -> Option<(usize, usize)> {
        let across = usize::from(x.checked_sub(self.x)? / self.wide);
        let down = usize::from(y.checked_sub(self.y)? / self.tall);
        (down < self.shown.0 && across < self.shown.1).then_some((self.first.0 + down, self.first.1 + across))
    }
}

/// On how many tasks they are tested at their own rates.
fn few(app: &App, cells: &[usize]) -> usize {
    cells.first().map_or(0, |cell| app.set(*cell).few().len().min(PREVIEW_TASKS))
}

/// At which inner rate the cells are tested, which is not the one that a cell was trained at.
fn tested_at(app: &App, cells: &[usize]) -> String {
    if app.is_at_own_rates() && app.rewind.shown.is_none() {
        return format!("each at its own inner_lr, {} tasks", few(app, cells));
    }
    let mut rates: Vec<String> = cells.iter().map(|cell| rate(app.test_rate(*cell))).collect();
    rates.dedup();
    match &rates[..] {
        [one] => format!("test inner_lr {one}"),
        _ => "tested at own inner_lr".to_owned(),
    }
}

fn draw_map(app: &App, sweep: &SweepState, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let grid = &sweep.grid;
    let hidden = sweep.hidden().into_iter().map(|axis| {
        let SweepAxis { word, value } = shown(sweep, axis);
        format!(", {word}={value}")
    });
    let (set, kind, n) = (app.test_label(), app.curves.average.name(), app.judged_at());
    let title = format!(
        "{set}{}: loss at {}={n} ({kind}){}, {}",
        grid.name,
        app.axis().letter(),
        hidden.collect::<String>(),
        tested_at(app, &grid.experiments),
    );
    let inner = pane(buffer, area, &title, styles);
    let map = Map::of(sweep, inner);
    draw_heads(sweep, &map, inner, buffer, styles);
    let places = || (0..map.shown.0).flat_map(|down| (0..map.shown.1).map(move |across| (down, across)));
    let known: Vec<_> = places()
        .map(|(down, across)| {
            let cell = sweep.cell(map.first.0 + down, map.first.1 + across);
            (down, across, cell.map(|cell| (cell, app.known(cell))))
        })
        .collect();
    let is_shown = |what: fn(&Known) -> bool| {
        known.iter().any(|(.., cell)| cell.as_ref().is_some_and(|(_, known)| what(known)))
    };
    let marks = |lost| {
        let marks = [
            (is_shown(|known| matches!(known, Known::Preview(_))), "  ~ preview"),
            (is_shown(|known| matches!(known, Known::Loss(loss) if !loss.counts())), lost),
        ];
        marks.iter().filter(|(is_shown, _)| *is_shown).map(|(_, mark)| *mark).collect::<String>()
    };
    let (marks, short) = (marks("  ! tasks or seeds lost"), marks("  ! lost"));
    let losses = known.iter().filter_map(|(.., cell)| match cell {
        Some((_, Known::Loss(loss))) if loss.counts() => Some(loss.mean),
        Some((_, Known::Preview(loss))) if loss.mean.is_finite() => Some(loss.mean),
        _ => None,
    });
    let losses: Vec<f64> = losses.collect();
    let prior = app.set(grid.experiments[0]).prior(Average::Mean, None);
    let scale = LossScale::of(&losses, prior);
    let best = app
        .experiments
        .get(grid.experiments[0])
        .and_then(|_| app.best_cell(app.sweep_number(grid.experiments[0])?).map(|(best, _)| best));
    let cursor = sweep.cursor();
    for (down, across, cell) in known {
        let at = Rect {
            x: map.x + across as u16 * map.wide,
            y: map.y + down as u16 * map.tall,
            width: map.wide,
            height: map.tall,
        };
        let is_cursor = cursor == (map.first.0 + down, map.first.1 + across);
        let is_best = cell.is_some_and(|(cell, _)| best == Some(cell));
        draw_cell(cell.map(|(_, known)| known), is_cursor, is_best, scale, at, inner, buffer, styles);
    }
    if !losses.is_empty() && inner.height > HEADS + LEGEND {
        let at = Rect { y: inner.bottom() - 1, height: 1, ..inner };
        // What the marks mean goes before what the colours do.
        let rests = [format!(" and more (log scale){marks}"), format!(" and more{marks}"), marks, short];
        legend(scale, &rests, at, buffer, styles);
    }
    let note = match best
        .filter(|_| !app.is_at_own_rates())
        .map(|best| (best, &app.experiments[best].settings.cell))
    {
        Some((best, Some(cell))) => match app.known(best) {
            Known::Loss(loss) => {
                let at = cell.combination();
                let short = format!("lowest: {} at {at}", loss_with_interval(&loss, styles));
                let notes = [
                    format!("lowest so far: {} at {at}", spread(&loss, styles)),
                    short,
                    format!("lowest: {at}"),
                ];
                let room = usize::from(area.width).saturating_sub(4);
                let fits = notes.iter().find(|note| width(note) <= room);
                fits.unwrap_or(&notes[2]).clone()
            }
            _ => format!("lowest so far: {}", cell.combination()),
        },
        _ if app.is_at_own_rates() => {
            format!("a preview; {} tests all cells at one inner_lr again", app.key_of("own-rate"))
        }
        _ => "no cell has a result yet".to_owned(),
    };
    pane_note(buffer, area, &note, styles.warn(), styles);
}

/// An axis and the value of it that is looked at.
struct SweepAxis<'a> {
    word: &'a str,
    value: String,
}

fn shown(sweep: &SweepState, axis: usize) -> SweepAxis<'_> {
    let of = &sweep.grid.axes[axis];
    SweepAxis { word: &of.word, value: of.values[sweep.place[axis]].in_short() }
}

/// The names and values of the axes.
fn draw_heads(sweep: &SweepState, map: &Map, inner: Rect, buffer: &mut Buffer, styles: &Styles) {
    let left = usize::from(map.x - inner.x).saturating_sub(1);
    let down = &sweep.grid.axes[sweep.down];
    let right = |text: &str| format!("{:>left$}", fit(text, left, styles));
    put(buffer, inner, inner.x, inner.y + 1, &right(&down.word), styles.bold());
    if let Some(across) = sweep.across.map(|across| &sweep.grid.axes[across]) {
        put(buffer, inner, map.x, inner.y, &across.word, styles.bold());
        let room = usize::from(map.wide) - 1;
        for (i, value) in across.values.iter().skip(map.first.1).take(map.shown.1).enumerate() {
            let text = format!("{:^room$}", fit(&value.in_short(), room, styles));
            put(buffer, inner, map.x + i as u16 * map.wide, inner.y + 1, &text, styles.plain());
        }
    }
    for (i, value) in down.values.iter().skip(map.first.0).take(map.shown.0).enumerate() {
        let y = map.y + i as u16 * map.tall + (map.tall - 1) / 2;
        put(buffer, inner, inner.x, y, &right(&value.in_short()), styles.plain());
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "a cell is drawn in one place, and all of it says how it looks"
)]
fn draw_cell(
    known: Option<Known>,
    is_cursor: bool,
    is_best: bool,
    scale: LossScale,
    at: Rect,
    inner: Rect,
    buffer: &mut Buffer,
    styles: &Styles,
) {
    let is_known = known.is_some();
    let (text, loss) = match known {
        None => (String::new(), None),
        Some(Known::Loss(loss)) if !loss.mean.is_finite() => ("lost".to_owned(), None),
        Some(Known::Loss(loss)) => {
            // What leaves tasks out has no place among those that do not.
            (
                format!("{}{}", number(loss.mean), if loss.counts() { "" } else { "!" }),
                Some(loss.mean).filter(|_| loss.counts()),
            )
        }
        Some(Known::Preview(loss)) => {
            (format!("~{}", number(loss.mean)), Some(loss.mean).filter(|loss| loss.is_finite()))
        }
        Some(Known::Failed) => ("failed".to_owned(), None),
        Some(Known::Waiting(share)) if share > 0.0 => (format!("{:.0}%", (share * 100.0).floor()), None),
        Some(Known::Waiting(_)) => (".".to_owned(), None),
    };
    let share = loss.map(|loss| scale.share(loss));
    Cell { text: &text, share, is_cursor, is_best, is_known }.draw(at, inner, buffer, styles);
}

/// A loss with half its interval.
fn loss_with_interval(loss: &CellLoss, styles: &Styles) -> String {
    let half = loss.ci95.map(|half| format!("{}{}", styles.plus_minus(), short_spread(half, loss.mean)));
    format!("{}{}", number(loss.mean), half.unwrap_or_default())
}

/// The same, and what the interval is.
fn spread(loss: &CellLoss, styles: &Styles) -> String {
    let seeds = match (loss.ci95, loss.seeds) {
        (Some(_), seeds) => format!(" (95 % interval over {seeds} seeds)"),
        (None, 1) => " (one seed)".to_owned(),
        (None, seeds) => format!(" ({seeds} seeds, fewer than two finite)"),
    };
    format!("{}{seeds}", loss_with_interval(loss, styles))
}

/// What is known of the cell under the cursor, and of the sweep.
fn draw_words(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let settings = &app.experiments[index].settings;
    let Some(cell) = &settings.cell else { return };
    let room = usize::from(area.width).saturating_sub(4);
    let inner = pane(buffer, area, &fit(&cell.combination(), room, styles), styles);
    let runs = || app.experiments[index].runs.iter().map(|run| &app.runs[*run]);
    let mut lines = vec![match app.known(index) {
        Known::Loss(loss) => spread(&loss, styles),
        Known::Preview(loss) => format!("~{}: a preview on a few tasks", number(loss.mean)),
        Known::Failed => "no result".to_owned(),
        Known::Waiting(share) => format!("no result yet, {:.0} % of its steps taken", 100.0 * share),
    }];
    if let Known::Loss(loss) = app.known(index)
        && loss.nonfinite > 0.0
        && runs().all(|run| !matches!(run.phase, Phase::Failed { .. }))
    {
        lines.push(format!("up to {:.1} % of tasks lost", 100.0 * loss.nonfinite));
    }
    lines.extend(by_rate(app, index));
    let failed = runs().filter_map(|run| match &run.phase {
        Phase::Failed { step, error } => Some(format!("seed {} failed at step {step}: {error}", run.seed)),
        _ => None,
    });
    lines.extend(failed.take(1));
    if let Some(number) = app.sweep_number(index) {
        let cells = &app.sweeps[number].grid.experiments;
        let all = || cells.iter().flat_map(|cell| &app.experiments[*cell].runs).map(|run| &app.runs[*run]);
        let done = all().filter(|run| matches!(run.phase, Phase::Finished { .. })).count();
        let failed = all().filter(|run| matches!(run.phase, Phase::Failed { .. })).count();
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        lines.push(format!("{done}/{} runs of {} cells done{failed}", all().count(), cells.len()));
        if app.best_cell(number).is_some() {
            lines.push(
                "The lowest of many may be so by the luck of its tasks and seeds: a [[test]] with another seed tells."
                    .to_owned(),
            );
        }
    }
    let lines = lines.iter().flat_map(|line| wrap(line, room, styles));
    for (row, line) in lines.take(usize::from(inner.height)).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, &line, styles.plain());
    }
}

/// What the rate of the tests has to do with the loss of a cell that was trained at another.
fn by_rate(app: &App, index: usize) -> Option<String> {
    let settings = &app.experiments[index].settings;
    let (own, test) = (settings.training.inner_lr, app.test_rate(index));
    let tested = app.cell_loss(index)?.mean;
    if own == test || !settings.adaptation().inner.has_rate() {
        return None;
    }
    // Worse by far than knowing nothing.
    let explodes = |loss: f64| !loss.is_finite() || loss > 2.0 * app.set(index).prior(Average::Mean, None);
    let (at_test, key) = (format!("at the {} of the tests", rate(test)), app.key_of("own-rate"));
    match app.loss_at_own_rate(index).map(|loss| loss.mean).filter(|_| app.is_at_own_rates()) {
        Some(at_own) if explodes(tested) && !explodes(at_own) => Some(format!(
            "It explodes only {at_test} ({}): at the {} that it was trained at it does not.",
            number(tested),
            rate(own)
        )),
        Some(_) => Some(format!("{}, {at_test}.", number(tested))),
        None if explodes(tested) => Some(format!(
            "It explodes {at_test}; it was trained at {}. {key} tests each cell at its own.",
            rate(own)
        )),
        None => None,
    }
}

/// A click puts the cursor on a cell.
fn point(app: &mut App, area: Rect, mouse: &Mouse) -> bool {
    let sweep = app.view.experiment.and_then(|index| app.sweep_of(index));
    let map = sweep.map(|sweep| Map::of(sweep, inside(panes(area).0)));
    let cell = map.and_then(|map| map.at(mouse.column, mouse.row));
    match cell.filter(|_| mouse.kind == MouseKind::Press(Button::Left)) {
        Some((row, column)) => to(app, row, column),
        None => return false,
    }
    true
}
