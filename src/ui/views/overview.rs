//! Overview: which systems are lowest, by how much, and what is still running.
//!
//! ```text
//! + Test loss after n gradient steps --------------++ Loss table (mean +- seeds) --------+
//! |                                                ||            n=0   1   2   5  10  32 |
//! |  every experiment on one axis, floor, oracle   || MAML      4.30 ...                 |
//! |                                                |+ How to read this ------------------+
//! |                                                || ...                                |
//! +------------------------------------------------++------------------------------------+
//! + Runs --------------------------------------------------------------------------------+
//! | MAML  3/5 ██████▌     seeds 3, 4   26,400/40,000   121k steps/s   0:07 left          |
//! +--------------------------------------------------------------------------------------+
//! ```
//!
//! Below 100 columns the plot stands over the table, whose rows end in the runs' progress.

use std::{collections::BTreeSet, sync::Arc};

use ratatui::{buffer::Buffer, layout::Rect};

use super::{contrasts, curves, differences, distribution, training};
use crate::{
    config::presentable,
    eval::LossAxis,
    results::FLOOR,
    study::Holder,
    task::TaskSettings,
    term::{Button, Mouse, MouseKind},
    ui::{
        command::Group,
        state::{
            app::{App, Command, Kind, Mode},
            controls::OverviewPlot,
            runs::Phase,
        },
        update::{
            curves::{LARGER_N, OTHER_AXIS, SMALLER_N},
            list,
            show::show,
        },
        widgets::{
            progress,
            table::{Row, Table},
            text::{count, fit, inside, number, pane, pane_note, put, short_count, width, wrap},
        },
    },
};

/// The view.
pub static VIEW: Kind = Kind {
    curves: true,
    points: true,
    point,
    look: App::want_distributions,
    commands: COMMANDS,
    ..Kind::new("Overview", "overview", draw)
};

/// Its commands.
static COMMANDS: &[Command] = &[
    list::ABOVE.help("select the experiment above").keys("Up k").hint("select"),
    list::BELOW.help("select the experiment below").keys("Down j").shares_hint(),
    Command::new("first-experiment", "g Home", "select the first experiment", |app| {
        list::select(app, -i32::MAX)
    })
    .group(Group::Move),
    Command::new("last-experiment", "G", "select the last experiment", |app| list::select(app, i32::MAX))
        .group(Group::Move),
    Command::new("ten-down", "Ctrl-D PgDn", "ten experiments down", |app| list::select(app, 10))
        .group(Group::Move),
    Command::new("ten-up", "Ctrl-U PgUp", "ten experiments up", |app| list::select(app, -10))
        .group(Group::Move),
    Command::new("open", "Enter", "open the selected experiment", |app| {
        let tab = app.tab_of(app.selected);
        show(app, app.tabs[tab]);
    })
    .hint("open")
    .group(Group::Move),
    SMALLER_N.keys("Left").help("crosshair to a smaller n").hint("crosshair"),
    LARGER_N.keys("Right").help("crosshair to a larger n").shares_hint(),
    OTHER_AXIS,
    Command::new(
        "compare-systems",
        "c",
        "by how much each system is higher than the selected one, in place of the curves",
        |app| app.curves.plot = OverviewPlot::Contrasts.or_curves(app.curves.plot),
    ),
    Command::new(
        "distribution",
        "d",
        "how each system's losses are spread over test tasks, in place of the curves",
        |app| app.curves.plot = OverviewPlot::Distribution.or_curves(app.curves.plot),
    ),
    Command::new(
        "filter",
        "/",
        "list only experiments with a word: in name, algorithm or what differs",
        |app| {
            app.list.filter.clear();
            app.modes.push(Mode::Search);
        },
    )
    .hint("filter"),
    Command::new("sort", "E", "another order: by each n of the table, by name, the file's", list::sort),
    Command::new("hide", "-", "hide the selected experiment from plot, table and runs", list::hide),
    Command::new("show-hidden", "_", "show what was hidden", |app| app.list.hidden.clear()),
    Command::new("differences", "V", "what differs between experiments, in place of their losses", |app| {
        app.list.differences ^= true;
    }),
];

/// Where everything is; what there is no room for is `None`.
struct Panes {
    plot: Option<Rect>,
    table: Rect,
    reading: Option<Rect>,
    differences: Option<Rect>,
    training: Option<Rect>,
    runs: Option<Rect>,
}

/// Rows from which a pane that not every screen has is worth its border.
const SMALL: u16 = 5;
const PLOT: u16 = 10;
/// As many curves of training loss as can be told apart.
const FEW: usize = 12;

fn panes(app: &App, area: Rect) -> Panes {
    let rows = app.listed().len() as u16;
    if area.width >= 100 && area.height >= 20 {
        let runs = (rows + 2).min(area.height / 3).max(3);
        let top = Rect { height: area.height - runs, ..area };
        let steps = app.table_steps();
        let rows = curves::table_rows(app, &steps);
        let table = table(app, &steps, &rows);
        // The spread stands beside the mean where that leaves the plot the larger half.
        let wide = table.wide() as u16 + 3;
        let beside = wide * 5 / 2 <= area.width;
        let right = if beside { wide } else { 55.min(area.width / 2) };
        let plot = Some(Rect { width: area.width - right, ..top });
        let runs = Some(Rect { y: top.bottom(), height: runs, ..area });
        let lines = if beside { 1 } else { 2 };
        return Panes {
            plot,
            runs,
            ..right_column(app, lines, Rect { x: area.right() - right, width: right, ..top })
        };
    }
    // Rows, floors, head and border.
    let table =
        (rows + curves::yardstick_rows(app) + 3).min(area.height.saturating_sub(9).max(9)).min(area.height);
    let plot = area.height - table;
    let only =
        |table| Panes { plot: None, table, reading: None, differences: None, training: None, runs: None };
    if plot < 6 {
        return only(area);
    }
    let table = Rect { y: area.y + plot, height: table, ..area };
    Panes { plot: Some(Rect { height: plot, ..area }), ..only(table) }
}

/// The table, what there is to read, what differs, the training loss: one below the other, as many as fit.
fn right_column(app: &App, lines: u16, area: Rect) -> Panes {
    let rows = app.listed().len() as u16;
    let yardsticks = rows + curves::yardstick_rows(app);
    let full = lines * yardsticks + 3;
    let table = if area.height >= full { full } else { (yardsticks + 3).min(area.height) };
    let mut left = Rect { y: area.y + table, height: area.height - table, ..area };
    let mut panes = Panes {
        plot: None,
        table: Rect { height: table, ..area },
        reading: None,
        differences: None,
        training: None,
        runs: None,
    };
    let mut take = |rows: u16| {
        let taken = Rect { height: rows.min(left.height), ..left };
        left = Rect { y: taken.bottom(), height: left.height - taken.height, ..left };
        (taken, left.height)
    };
    if area.height - table < SMALL {
        panes.table = area;
        return panes;
    }
    let (reading, rest) = take(reading_lines(app, area.width).len() as u16 + 2);
    panes.reading = Some(reading);
    if rest < SMALL || app.list.differences || app.differences.is_empty() {
        panes.reading = Some(Rect { height: reading.height + rest, ..reading });
        return panes;
    }
    let (differences, rest) = take(rows + 3);
    panes.differences = Some(differences);
    let trains = app.experiments.iter().any(|experiment| experiment.settings.algorithm.trains());
    if rest >= PLOT && rows as usize <= FEW && trains {
        panes.training = Some(take(rest).0);
    } else {
        panes.differences = Some(Rect { height: differences.height + rest, ..differences });
    }
    panes
}

/// The loss table with the selected experiment in view.
fn table<'a>(app: &App, steps: &'a [usize], rows: &'a [Row]) -> Table<'a> {
    let keep = rows.iter().position(|row| row.selected).unwrap_or(0);
    Table { steps, letter: app.axis().letter(), rows, keep, plus_minus: app.styles.plus_minus() }
}

/// Where the selected experiment stands in the list.
fn place(app: &App, listed: &[usize]) -> usize {
    listed.iter().position(|index| app.hue(*index) == app.selected_row()).unwrap_or(0)
}

/// Draws the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let panes = panes(app, area);
    if let Some(plot) = panes.plot {
        match app.curves.plot {
            OverviewPlot::Curves => curves::draw_all(app, plot, buffer),
            OverviewPlot::Contrasts => contrasts::draw(app, plot, buffer),
            OverviewPlot::Distribution => distribution::draw(app, plot, buffer),
        }
    }
    match app.list.differences {
        true => differences::draw(app, panes.table, buffer),
        false => draw_table(app, panes.table, buffer),
    }
    if let Some(reading) = panes.reading {
        draw_reading(app, reading, buffer);
    }
    if let Some(area) = panes.differences {
        differences::draw(app, area, buffer);
    }
    if let Some(area) = panes.training {
        training::draw_all(app, area, buffer);
    }
    if let Some(runs) = panes.runs {
        draw_runs(app, runs, buffer);
    }
}

/// A click selects the experiment in whose row it is.
fn point(app: &mut App, area: Rect, mouse: &Mouse) -> bool {
    let pressed = mouse.kind == MouseKind::Press(Button::Left);
    let experiment = pressed.then(|| experiment_at(app, area, mouse.column, mouse.row)).flatten();
    app.selected = experiment.unwrap_or(app.selected);
    experiment.is_some()
}

/// The experiment whose row of a table or of the runs is drawn at this cell.
pub fn experiment_at(app: &App, area: Rect, column: u16, row: u16) -> Option<usize> {
    let panes = panes(app, area);
    let at = (column, row).into();
    let is_in = |pane: Option<Rect>| pane.map(inside).filter(|inner| inner.contains(at));
    let listed = app.listed();
    if let Some(inner) =
        is_in(panes.differences).or(is_in(Some(panes.table)).filter(|_| app.list.differences))
    {
        return differences::row_at(app, inner, row);
    }
    if inside(panes.table).contains(at) {
        let steps = app.table_steps();
        let rows = curves::table_rows(app, &steps);
        // Some rows are headings and yardsticks.
        return rows.get(table(app, &steps, &rows).row_at(table_room(panes.table), row)?)?.experiment;
    }
    listed.get(progress::row_at(listed.len(), place(app, &listed), is_in(panes.runs)?, row)?).copied()
}

/// The room of the loss table in its pane.
fn table_room(area: Rect) -> Rect {
    let (inner, air) = (inside(area), u16::from(area.width >= 90));
    Rect { x: inner.x + air, width: inner.width.saturating_sub(air), ..inner }
}

/// The loss table in its pane; shared with whoever shows it.
pub fn draw_table(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let steps = app.table_steps();
    let rows = curves::table_rows(app, &steps);
    let kind = app.curves.average.name();
    let set = app.test_label();
    let title = format!("{set}Test loss: {kind} over tasks, {} std over seeds", styles.plus_minus());
    pane(buffer, area, &title, styles);
    let (table, room) = (table(app, &steps, &rows), table_room(area));
    table.draw(room, buffer, styles);
    let mut notes = vec![table.whereabouts(room), app.list_in_words()];
    notes.retain(|note| !note.is_empty());
    // What a mark means comes before what a row is called.
    if rows.iter().flat_map(|row| &row.entries).flatten().any(|entry| entry.lossy) {
        notes.push("! some tasks not finite".to_owned());
    }
    if rows.iter().flat_map(|row| &row.entries).flatten().any(|entry| entry.preview) {
        notes.push("~ preview".to_owned());
    }
    if !app.sweeps.is_empty() {
        let cells = app.comparable_cells(0).len();
        notes.push(format!("lowest/{cells}: of {cells} cells on the same tasks"));
    }
    if rows.iter().flat_map(|row| &row.entries).flatten().any(|entry| entry.best) {
        let mut by_medians: Vec<usize> =
            app.compared().iter().flat_map(|group| group.by_medians(&steps, app.curves.average)).collect();
        by_medians.sort_unstable();
        by_medians.dedup();
        let list: Vec<String> = by_medians.iter().map(usize::to_string).collect();
        notes.push(match list.is_empty() {
            true => "underlined: lowest, or not told from it".to_owned(),
            false => format!(
                "underlined: not told from lowest ({}={}: medians)",
                app.axis().letter(),
                list.join(",")
            ),
        });
    }
    // As many as there is room for, the first ones first.
    let mut said = String::new();
    for note in notes {
        let between = if said.is_empty() { "" } else { "   " };
        if said.is_empty() || (said.len() + between.len() + note.len()) + 4 <= usize::from(area.width) {
            said = said + between + &note;
        }
    }
    pane_note(buffer, area, &said, styles.plain(), styles);
}

/// What a newcomer should look at first.
fn reading_lines(app: &App, wide: u16) -> Vec<String> {
    // Where systems are tested on different tasks, those of the one that is selected.
    let set = (!app.experiments.is_empty()).then(|| app.set(app.beside_selected().0));
    let shots = set.map_or(0, |set| set.task.shots.most);
    let networks =
        || app.experiments.iter().filter(|experiment| !experiment.settings.algorithm.reads_answers());
    let plain = networks().all(|experiment| experiment.settings.adaptation().is_plain());
    let steps = if plain { "plain SGD steps" } else { "steps of its own rule" };
    let family = set.map_or_else(|| TaskSettings::default().family, |set| set.task.family);
    let (one, oracle) = (family.one(), family.oracle_in_words());
    let oracle = if family.has_oracle() { format!(" oracle: {oracle}.") } else { String::new() };
    let linear = match set.and_then(|set| set.linear_step(app.curves.average)) {
        Some(_) => " best linear step: the best step with the features fixed.",
        None => "",
    };
    // What came of it first, then how the curves that show it are to be read.
    let mut text = String::new();
    if app.is_over() && app.rewind.notch.is_none() {
        text.push_str(&format!("{} replays the training.\n", app.key_of("replay")));
        let found = app.found().join(" ");
        text.push_str(&found);
        text.push_str(if found.is_empty() { "" } else { "\n" });
    }
    let number = format!("Press a system's number to see it fit a single {}.", family.word());
    text += &match (app.curves.plot, app.axis()) {
        (OverviewPlot::Contrasts, _) => contrasts::HOW_TO_READ.to_owned(),
        (OverviewPlot::Distribution, _) => distribution::how_to_read(app),
        (OverviewPlot::Curves, LossAxis::Steps) => format!(
            "Each system starts from the weights it has learned and takes n {steps} on {shots} points of {one} it \
             has never seen. Lower is better; a steep fall at the left is what learning to learn means.\n\
             prior mean: the best guess without points.{linear}{oracle}\n{number}"
        ),
        (OverviewPlot::Curves, LossAxis::Points) => format!(
            "Each system is shown K points of {one} it has never seen, one more at a time, and adapts as it was trained \
             to. Lower is better; who is lowest may change with K. {}: the fewest and the most points it was \
             trained with.\n\
             prior mean: the best guess without points. {FLOOR}: the best prediction there is from K points, exactly.\n{number}",
            app.styles.trained_mark()
        ),
    };
    wrap(&text, usize::from(wide).saturating_sub(4), &app.styles)
}

fn draw_reading(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, "How to read this", styles);
    let (lines, rows) = (reading_lines(app, area.width), usize::from(inner.height));
    for (row, line) in lines.iter().take(rows).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, styles.plain());
    }
    if lines.len() > rows {
        let note = format!("more on the tour: {}", app.key_of("tour"));
        pane_note(buffer, area, &note, styles.key(), styles);
    }
}

fn draw_runs(app: &App, area: Rect, buffer: &mut Buffer) {
    let inner = pane(buffer, area, "Runs", &app.styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let listed = app.listed();
    let keep = place(app, &listed);
    let rows: Vec<_> = listed.iter().map(|index| row(app, *index)).collect();
    let at = progress::in_view(rows.len(), keep, usize::from(inner.height));
    let apart = if at.is_empty() { "" } else { "   " };
    let queue = queue(app, usize::from(area.width).saturating_sub(width(&at) + apart.len()));
    pane_note(buffer, area, &format!("{at}{apart}{queue}"), app.styles.plain(), &app.styles);
    progress::draw(&rows, keep, inner, buffer, &app.styles);
}

/// The queue in as many names as fit.
fn queue(app: &App, room: usize) -> String {
    let mut text = String::new();
    for (place, run) in app.queue.iter().filter_map(|run| app.runs.get(*run)).enumerate() {
        let Some(experiment) = app.experiments.get(run.experiment) else { continue };
        let name = format!("{} {}", experiment.settings.name, run.seed);
        let more = app.queue.len() - place;
        if width(&text) + width(&name) + 24 > room {
            return if place == 0 { format!("{more} runs wait") } else { format!("{text}, {more} more") };
        }
        text.push_str(if place == 0 { "next: " } else { ", " });
        text.push_str(&name);
    }
    text
}

/// The progress row of an experiment.
pub fn row(app: &App, index: usize) -> progress::Row {
    let experiments = app.experiments_of(app.hue(index));
    let progress = app.progress_of(experiments);
    let all: Vec<usize> =
        experiments.iter().flat_map(|index| app.experiments[*index].runs.iter().copied()).collect();
    let ended = progress.finished + progress.failed == progress.runs;
    let held = progress.paused + progress.stopped;
    let mut facts = Vec::new();
    if app.rewind.shown.is_some() {
        facts.push(match app.moments(&all) {
            Some(at) => format!("shown at {at}"),
            None => "had not come so far: shown as it is now".to_owned(),
        });
    }
    let (taken, planned) = progress.steps;
    if ended {
        if progress.failed == 0 {
            facts.push("done".to_owned());
        }
        let settings = &app.experiments[index].settings;
        facts.push(match (settings.algorithm.trains(), &settings.answers) {
            (true, _) => format!("{} steps", count(taken)),
            (false, Some(answers)) => format!("not trained: read from {}", presentable(answers.file(), 24)),
            (false, None) if settings.algorithm.reads_answers() => {
                "not trained: was read from a file".to_owned()
            }
            (false, None) => "untrained".to_owned(),
        });
        let over = app.over_seeds(index).map(|shown| Arc::clone(&shown.over));
        if let Some(curve) = over.filter(|curve| curve.seeds > 1 && curve.mean.len() > 1) {
            let n = 10.min(curve.mean.len() - 1);
            let [low, high] = [curve.low[n], curve.high[n]].map(number);
            let said = format!("seeds from {low} to {high} at {}={n}", app.axis().letter());
            facts.extend(curve.is_answered(n).then_some(said));
        }
    } else if progress.training.is_empty() {
        facts.push(match progress {
            _ if app.is_over() || progress.stopped + progress.finished + progress.failed == progress.runs => {
                format!("stopped{}", app.how_it_goes_on(&all))
            }
            _ if progress.left_behind > 0 => "not running".to_owned(),
            _ if progress.paused > 0 => format!("paused{}", app.how_it_goes_on(&all)),
            _ => app.place_in_queue(&all),
        });
        if !app.is_over() && held == 0 && progress.left_behind == 0 {
            facts.extend(app.starts_in(&all).map(|time| format!("starts in {}", time.words())));
        }
        if planned > 0 {
            facts.push(format!("{}/{} steps", count(taken), count(planned)));
        }
    } else {
        let word = if progress.training.len() == 1 { "seed" } else { "seeds" };
        let place = |holder: &Holder| format!(" ({} {})", presentable(&holder.host, 16), holder.pid);
        let seeds = progress.training.iter();
        let seeds = seeds.map(|(seed, _, by)| format!("{seed}{}", by.as_ref().map_or(String::new(), place)));
        let seeds: Vec<String> = seeds.collect();
        facts.push(format!("{}/{} steps", count(taken), count(planned)));
        if progress.speed > 0.0 {
            facts.push(format!("{} steps/s", short_count(progress.speed)));
        }
        if let Some(left) = progress.left {
            // What waits is part of the time, and seen to be.
            let waiting = all.iter().filter(|run| app.runs[**run].phase == Phase::Queued).count();
            facts.push(match waiting {
                0 => format!("{} left", left.words()),
                waiting => format!("{} left, {waiting} waiting", left.words()),
            });
        }
        // Of a sweep several cells may be at the same seed.
        let distinct: BTreeSet<&String> = seeds.iter().collect();
        if distinct.len() < seeds.len() {
            facts.push(format!("{} runs at work", seeds.len()));
        } else {
            facts.push(format!("{word} {}", seeds.join(", ")));
        }
        if held > 0 {
            facts.push(format!("{held} paused or stopped"));
        }
    }
    let bad = match progress.failed {
        0 => String::new(),
        failed => {
            let tab = app.tab_of(index) + 1;
            let place = if tab <= 9 { format!("see view {tab}") } else { "see its view".to_owned() };
            format!("{failed} failed: {place}")
        }
    };
    progress::Row {
        name: match app.sweep_of(index) {
            Some(sweep) => {
                let cells = format!(" ({})", sweep.grid.experiments.len());
                format!("{}{cells}", fit(&sweep.grid.name, 18 - cells.len(), &app.styles))
            }
            None => app.experiments[index].settings.name.clone(),
        },
        style: app.styles.series(app.hue(index)),
        runs: format!("{}/{}", progress.finished, progress.runs),
        share: taken as f64 / planned.max(1) as f64,
        bar: !ended && planned > 0,
        facts,
        bad,
    }
}
