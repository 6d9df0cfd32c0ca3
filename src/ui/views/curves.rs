//! Adaptation curves, for the Overview (every experiment) and for one experiment (every seed), and the
//! loss table beneath them.

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::range::{above, x_scale, y_scale};
use crate::{
    eval::{Average, Curve, LossAxis, OverSeeds},
    results::{AxisWords, FLOOR, Scale},
    task::Shots,
    ui::{
        state::{
            app::App,
            look::PREVIEW_TASKS,
            statistics::{Exploding, Shown},
        },
        style::Pattern,
        widgets::{
            plot::{Plot, Series, Shade, Shape, Unseen},
            table::{Entry, Row},
            text::{number, pane, pane_note, width},
        },
    },
};

/// The curve of every experiment, the selected one on top with its seeds as a band.
pub fn draw_all(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let (kind, set) = (app.curves.average.name(), app.test_label());
    let axes = app.axes();
    // One plot has one set of yardsticks: those that were tested on the tasks of the selected one.
    let (subject, drawn) = app.beside_selected();
    let elsewhere = elsewhere(app, &drawn);
    let tasks = if app.experiments.is_empty() { String::new() } else { app.group_title(subject) };
    let axis = app.axis();
    let systems = drawn.iter().map(|index| &*app.experiments[*index].settings);
    // That the axes are logarithmic is the last thing to go without.
    let long = format!("{set}Test loss after {}", AxisWords::of(axis, systems).after);
    let whole = width(&long) + width(&format!(" ({kind}; {})", axes.words()));
    let title =
        if whole <= title_room(area) { long } else { format!("{set}Test loss after {}", short_after(axis)) };
    let words = [tasks.as_str(), kind, axes.words(), "shaded: seeds"];
    let title = titled(title, &words, area);
    let inner = pane(buffer, area, &title, styles);
    let (mut back, mut front) = (Vec::new(), Vec::new());
    let mut kinds = Kinds::default();
    let (mut all, mut marked, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
    for index in drawn {
        let Some(shown) = app.over_seeds(index) else { continue };
        let Shown { over: curve, preview, behind } = &*shown;
        let (preview, behind) = (*preview, *behind);
        kinds.add(preview);
        let selected = app.hue(index) == app.selected_row();
        let mut style = styles.series(app.hue(index));
        if selected {
            style = style.add_modifier(Modifier::BOLD);
        }
        if curve.seeds > 1 {
            let shade = if selected { Shade::Dense } else { Shade::Light };
            back.push((
                selected,
                Series {
                    name: String::new(),
                    style: styles.series(app.hue(index)).patch(styles.dim()),
                    shape: Shape::Band(answered(curve, &curve.high).map(|(_, loss)| loss).collect(), shade),
                    mark: '.',
                    points: answered(curve, &curve.low).collect(),
                },
            ));
        }
        let name = &app.row_name(index);
        front.push((
            selected,
            Series {
                name: match (preview, behind) {
                    (true, true) => format!("~{name} (now)"),
                    (true, false) => format!("~{name}"),
                    _ => name.clone(),
                },
                style,
                shape: Shape::Line(if selected { Pattern::Solid } else { styles.pattern(app.hue(index)) }),
                mark: styles.mark(app.hue(index)),
                points: answered(curve, &curve.mean).collect(),
            },
        ));
        let missing = not_answered(|n| curve.is_answered(n), curve.mean.len(), axis);
        unanswered.extend(missing.map(|missing| format!("{name} has {missing}")));
        marked.push((index, Arc::clone(curve)));
        all.push((name.clone(), Arc::clone(curve)));
    }
    if all.is_empty() {
        waiting(app, inner, buffer);
        return;
    }
    for layer in [&mut back, &mut front] {
        layer.sort_by_key(|(selected, _)| *selected);
    }
    let (x, y) = (x_scale(app, axes), y_scale(app, axes, subject));
    let (mut series, beyond) = floors(app, subject, y, kinds);
    series.extend(back.into_iter().chain(front).map(|(_, series)| series));
    let above = above(axis.letter(), &series, x, y);
    let chosen = app.leader(app.selected_row());
    let is_listed = |_: &Arc<Shown>| app.listed().contains(&chosen);
    let selected = app.over_seeds(chosen).filter(is_listed);
    match axis {
        LossAxis::Steps => {
            series.extend(selected.as_ref().and_then(|shown| trained_mark(app, chosen, &shown.over.mean)));
        }
        // Whoever was trained with few points is not to be blamed for what it does with many.
        LossAxis::Points => {
            series.extend(marked.iter().map(|(index, over)| trained_range(app, *index, &over.mean)))
        }
    }
    let letter = axis.letter();
    let plot =
        Plot { x, y, x_name: letter, series, crosshair: app.curves.crosshair.map(|n| n as f64), names: true };
    // What is above is told by name.
    let unseen = Unseen { above: 0, ..plot.draw(inner, buffer, styles) };
    let crosshair = app.curves.crosshair.map(|n| {
        let mut at: Vec<_> =
            all.iter().filter_map(|(name, curve)| curve.mean.get(n).map(|loss| (*loss, name))).collect();
        at.retain(|(loss, _)| !loss.is_nan());
        at.sort_by(|a, b| a.0.total_cmp(&b.0));
        let list: Vec<String> = at.iter().map(|(loss, name)| format!("{name} {}", number(*loss))).collect();
        format!("{letter}={n}: {}", list.join(", "))
    });
    let preview = match (kinds.previews, app.rewind.shown) {
        (true, Some(_)) => "~ networks of the past, 24 tasks",
        (true, None) => "~ preview: still in training, 24 tasks",
        (false, _) => "",
    };
    let trained = match axis {
        LossAxis::Steps => selected.map(|shown| trained_note(app, chosen, &shown.over)).unwrap_or_default(),
        LossAxis::Points => String::new(),
    };
    // What there is to see when nothing moves any more.
    let is_still = app.is_over() && app.rewind.notch.is_none();
    let replay =
        if is_still { format!("{} replays the training", app.key_of("replay")) } else { String::new() };
    let crosshair = crosshair.unwrap_or_default();
    // Over points it comes first who is the lowest with how many, and what the marks are.
    let [lowest, marks] = match axis {
        LossAxis::Points if crosshair.is_empty() => {
            [app.lowest_over_points(subject).unwrap_or_default(), trained_points_note(app)]
        }
        LossAxis::Points | LossAxis::Steps => [String::new(), String::new()],
    };
    let remarks = [
        crosshair,
        lowest,
        elsewhere,
        marks,
        above,
        unseen.announce(),
        unanswered.join("; "),
        preview.to_owned(),
        replay,
        trained,
        beyond,
    ];
    note(app, area, buffer, &remarks);
}

/// The curve of every seed of one experiment, the chosen seed on top.
pub fn draw_seeds(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let axes = app.axes();
    let title = format!("{}Adaptation by seed", app.test_label());
    let shaded = if app.curves.average == Average::Mean { "shaded: 95 % over tasks" } else { "" };
    let axis = app.axis();
    let after = format!("test loss after {}", short_after(axis));
    let title = titled(title, &[axes.words(), &after, shaded], area);
    let inner = pane(buffer, area, &title, styles);
    let chosen = app.chosen_run(index);
    let Some(shown) = app.over_seeds(index) else {
        waiting(app, inner, buffer);
        return;
    };
    let (mut kinds, mut key, mut at, mut unanswered) = (Kinds::default(), None, Vec::new(), None);
    let (x, y) = (x_scale(app, axes), y_scale(app, axes, index));
    let mut series = Vec::new();
    for &run in &app.experiments[index].runs {
        let state = &app.runs[run];
        let preview = state.preview.as_ref().map(|(_, curve)| curve);
        let past = state.past.front.as_ref().and_then(|front| front.curve.as_ref()).map(|(_, curve)| curve);
        let rewound = app.rewind.shown.is_some();
        let Some(curve) = (if rewound { past } else { app.curve_over_steps(run).or(preview) }) else {
            continue;
        };
        let Some(curve) = axis.of(curve) else { continue };
        kinds.add(rewound || app.curve(run).is_none());
        let losses = app.curves.average.of(curve);
        if let Some(loss) = app.curves.crosshair.and_then(|n| losses.get(n)).filter(|loss| !loss.is_nan()) {
            at.push(format!("seed {} {}", state.seed, number(*loss)));
        }
        let is_chosen = chosen == Some(run);
        if is_chosen && app.curves.average == Average::Mean {
            // The 95 % interval of the mean over tasks: how well this seed is known.
            let edge = |sign: f64| -> Vec<f64> {
                curve.mean.iter().zip(&curve.ci95).map(|(mean, half)| mean + sign * half).collect()
            };
            let is_there = |point: &(f64, f64)| curve.is_answered(point.0 as usize);
            let edge = |sign: f64| points(&edge(sign)).into_iter().filter(is_there);
            series.push(Series {
                name: String::new(),
                style: styles.series(app.hue(index)).patch(styles.dim()),
                shape: Shape::Band(edge(1.0).map(|(_, loss)| loss).collect(), Shade::Dense),
                mark: '.',
                points: edge(-1.0).collect(),
            });
        }
        let line = Series {
            name: if is_chosen { format!("seed {}", state.seed) } else { String::new() },
            style: if is_chosen {
                styles.series(app.hue(index)).add_modifier(Modifier::BOLD)
            } else {
                styles.series(app.hue(index)).patch(styles.dim())
            },
            shape: Shape::Line(if is_chosen { Pattern::Solid } else { Pattern::Dot }),
            mark: if is_chosen { '#' } else { '.' },
            points: points(losses).into_iter().filter(|(n, _)| curve.is_answered(*n as usize)).collect(),
        };
        if is_chosen {
            unanswered = not_answered(|n| curve.is_answered(n), losses.len(), axis);
        }
        if is_chosen { key = Some(line) } else { series.push(line) }
    }
    series.extend(key.as_ref().and_then(|key| {
        let losses: Vec<f64> = key.points.iter().map(|(_, loss)| *loss).collect();
        match axis {
            LossAxis::Steps => trained_mark(app, index, &losses),
            LossAxis::Points => Some(trained_range(app, index, &losses)),
        }
    }));
    series.extend(key);
    let (mut behind, beyond) = floors(app, index, y, kinds);
    behind.append(&mut series);
    let (series, previews) = (behind, kinds.previews);
    let letter = axis.letter();
    let plot =
        Plot { x, y, x_name: letter, series, crosshair: app.curves.crosshair.map(|n| n as f64), names: true };
    let unseen = plot.draw(inner, buffer, styles);
    let crosshair =
        app.curves.crosshair.map(|n| format!("{letter}={n}: {}", at.join(", "))).unwrap_or_default();
    let preview = if previews { "includes previews on 24 tasks" } else { "" };
    let trained = match axis {
        LossAxis::Steps => trained_note(app, index, &shown.over),
        LossAxis::Points => trained_points_note(app),
    };
    note(
        app,
        area,
        buffer,
        &[crosshair, unseen.announce(), unanswered.unwrap_or_default(), preview.to_owned(), trained, beyond],
    );
}

/// Cells that a name has in the loss table.
const TABLE_NAME: usize = 16;

/// Rows of the loss table: the experiments, then the yardsticks.
pub fn table_rows(app: &App, steps: &[usize]) -> Vec<Row> {
    let best = app.best(steps);
    let row = |index: usize| {
        let shown = app.over_seeds(index);
        let entry = |(column, n): (usize, &usize)| {
            let Shown { over: curve, preview, .. } = &**shown.as_ref()?;
            Some(Entry {
                value: *curve.mean.get(*n)?,
                spread: (curve.seeds > 1 && curve.is_answered(*n)).then(|| curve.std[*n]),
                best: !*preview && best[column].contains(&index),
                preview: *preview,
                lossy: curve.nonfinite[*n] > 0.0,
            })
        };
        let progress = app.progress_of(app.experiments_of(app.hue(index)));
        let share = progress.steps.0 as f64 / progress.steps.1.max(1) as f64;
        let moment = app.rewind.shown.and(shown.as_ref()).map(|shown| match shown.behind {
            true => "now".to_owned(),
            false => {
                app.moments(&app.experiments[index].runs).map(|at| format!("at {at}")).unwrap_or_default()
            }
        });
        let after = match (progress.failed, progress.finished == progress.runs) {
            (0, true) => format!("{}/{}", progress.finished, progress.runs),
            (0, false) if progress.steps.1 > 0 => {
                format!("{}/{} {:.0}%", progress.finished, progress.runs, (share * 100.0).floor())
            }
            (0, false) => format!("{}/{}", progress.finished, progress.runs),
            (failed, _) => format!("{}/{} {failed} failed", progress.finished, progress.runs),
        };
        Row {
            experiment: Some(index),
            name: app.short_row_name(index, TABLE_NAME),
            style: app.styles.series(app.hue(index)),
            entries: steps.iter().enumerate().map(entry).collect(),
            after: moment.unwrap_or(after),
            selected: app.hue(index) == app.selected_row(),
        }
    };
    let fixed = |name: &str, value: f64| Row {
        experiment: None,
        name: name.to_owned(),
        style: app.styles.dim(),
        entries: steps.iter().map(|_| Some(Entry { value, ..PLAIN })).collect(),
        after: String::new(),
        selected: false,
    };
    let heading = |title: String| Row { entries: Vec::new(), name: title, ..fixed("", 0.0) };
    let mut rows = Vec::new();
    for group in groups_listed(app) {
        let Some(first) = group.first() else { continue };
        let title = app.group_title(*first);
        rows.extend(Some(title).filter(|title| !title.is_empty()).map(heading));
        rows.extend(group.iter().map(|index| row(*index)));
        let held = yardsticks(app, *first, Kinds::of(app, &group));
        rows.extend(held.into_iter().map(|(name, loss, _)| fixed(name, loss)));
        if let Some(floor) = floor_in_view(app, *first) {
            let losses = app.curves.average.of(&floor);
            let entry = |n: &usize| Some(Entry { value: *losses.get(*n)?, ..PLAIN });
            rows.push(Row { entries: steps.iter().map(entry).collect(), ..fixed(FLOOR, 0.0) });
        }
    }
    if rows.is_empty() {
        rows.extend(
            yardsticks(app, 0, Kinds::default()).into_iter().map(|(name, loss, _)| fixed(name, loss)),
        );
    }
    rows
}

/// A figure about which nothing else is to be said.
const PLAIN: Entry = Entry { value: 0.0, spread: None, best: false, preview: false, lossy: false };

/// What nobody can be expected to be below, where curves are over points and it is known.
fn floor_in_view(app: &App, experiment: usize) -> Option<Arc<Curve>> {
    (app.axis() == LossAxis::Points).then(|| app.floor(experiment))?
}

/// What a loss is taken after, where there is little room.
fn short_after(axis: LossAxis) -> &'static str {
    match axis {
        LossAxis::Steps => "n steps",
        LossAxis::Points => "K points",
    }
}

/// Those that are listed, those together that may be compared.
fn groups_listed(app: &App) -> Vec<Vec<usize>> {
    let listed = app.listed();
    let alike = |one: &usize, other: &usize| app.group_of(*one) == app.group_of(*other);
    listed.chunk_by(alike).map(<[usize]>::to_vec).collect()
}

/// Whether there are results among what is shown, and previews, which are of fewer tasks.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    results: bool,
    previews: bool,
}

impl Kinds {
    fn add(&mut self, preview: bool) {
        match preview {
            true => self.previews = true,
            false => self.results = true,
        }
    }

    /// Of these experiments' curves.
    fn of(app: &App, experiments: &[usize]) -> Self {
        let mut kinds = Self::default();
        let shown = experiments.iter().filter_map(|index| app.over_seeds(*index));
        shown.for_each(|shown| kinds.add(shown.preview));
        kinds
    }
}

/// How many rows headings and yardsticks take in the table.
pub fn yardstick_rows(app: &App) -> u16 {
    let of = |group: &Vec<usize>| {
        let first = group.first().copied().unwrap_or(0);
        let heading = usize::from(!app.group_title(first).is_empty());
        let floor = usize::from(floor_in_view(app, first).is_some());
        heading + yardsticks(app, first, Kinds::of(app, group)).len() + floor
    };
    groups_listed(app).iter().map(of).sum::<usize>().max(2) as u16
}

/// What an experiment's curves are held against, of the same kind as these: over the same tasks, means beside
/// means and medians beside medians.
fn yardsticks(app: &App, experiment: usize, kinds: Kinds) -> Vec<(&'static str, f64, Pattern)> {
    if app.experiments.is_empty() {
        return Vec::new();
    }
    let (set, average) = (app.set(experiment), app.curves.average);
    let mut found = Vec::new();
    if kinds.previews {
        found.push(("~prior mean", set.prior(average, Some(PREVIEW_TASKS)), Pattern::ShortDash));
    }
    if kinds.results || !kinds.previews {
        found.push(("prior mean", set.prior(average, None), Pattern::ShortDash));
    }
    if app.axis() == LossAxis::Points {
        // What the others leave depends on the points.
        return found;
    }
    if !set.task.has_oracle() {
        return found;
    }
    let (oracle, is_of_all) = set.oracle(average);
    found.push((if is_of_all { "oracle" } else { "~oracle" }, oracle, Pattern::Dot));
    found
}

fn points(losses: &[f64]) -> Vec<(f64, f64)> {
    losses.iter().enumerate().map(|(n, loss)| (n as f64, *loss)).collect()
}

/// Points of a system where it has a loss, finite or not: of somebody's answers there may be none.
fn answered<'l>(over: &'l OverSeeds, losses: &'l [f64]) -> impl Iterator<Item = (f64, f64)> + 'l {
    points(losses).into_iter().enumerate().filter(|(n, _)| over.is_answered(*n)).map(|(_, point)| point)
}

/// Where somebody has no answers, in words.
fn not_answered(is_answered: impl Fn(usize) -> bool, points: usize, axis: LossAxis) -> Option<String> {
    let mut ranges: Vec<[usize; 2]> = Vec::new();
    for n in (0..points).filter(|n| !is_answered(*n)) {
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == n => *last = n,
            _ => ranges.push([n, n]),
        }
    }
    let [[first, last], ..] = ranges[..] else { return None };
    if last - first + 1 == points {
        return Some("no answers here".to_owned());
    }
    let words = |[first, last]: &[usize; 2]| match last - first {
        0 => first.to_string(),
        _ => format!("{first} to {last}"),
    };
    let ranges: Vec<String> = ranges.iter().map(words).collect();
    Some(format!("no answer at {} = {}", axis.letter(), ranges.join(", ")))
}

/// The yardsticks behind everything, and in words those that have no place on the axis.
fn floors(app: &App, experiment: usize, y: Scale, kinds: Kinds) -> (Vec<Series>, String) {
    let (mut floors, mut above, mut below) = (Vec::new(), Vec::new(), Vec::new());
    let axis = app.axis();
    let evaluation = app.experiments.get(experiment).map(|_| &app.set(experiment).evaluation);
    let last = evaluation.and_then(|evaluation| axis.last(evaluation)).unwrap_or(0);
    let ends = [0.0, last.max(1) as f64];
    let mut wanted = yardsticks(app, experiment, kinds);
    if axis == LossAxis::Steps && (kinds.results || !kinds.previews) && !app.experiments.is_empty() {
        let linear = app.set(experiment).linear_step(app.curves.average);
        wanted.extend(linear.map(|loss| ("best linear step", loss, Pattern::DashDot)));
    }
    for (name, loss, pattern) in wanted {
        if y.place(loss).is_none_or(|place| !(0.0..=1.0).contains(&place)) {
            let side = if loss > y.high { &mut above } else { &mut below };
            side.push(format!("{name} {}", number(loss)));
            continue;
        }
        floors.push(Series {
            name: name.to_owned(),
            style: app.styles.dim(),
            shape: Shape::Line(pattern),
            mark: '-',
            points: ends.iter().map(|n| (*n, loss)).collect(),
        });
    }
    if let Some(floor) = floor_in_view(app, experiment) {
        let losses = app.curves.average.of(&floor);
        // What is nothing lies below a log axis: its line goes there, and along its lower edge.
        let at = |loss: f64| if loss <= 0.0 && y.place(loss).is_none() { y.low } else { loss };
        let ends_at_nothing = losses.last().is_some_and(|loss| *loss <= 0.0);
        floors.push(Series {
            name: if ends_at_nothing { format!("{FLOOR}: 0") } else { FLOOR.to_owned() },
            style: app.styles.plain(),
            shape: Shape::Line(Pattern::Dot),
            mark: '_',
            points: points(losses).into_iter().map(|(k, loss)| (k, at(loss))).collect(),
        });
        if let Some(k) = losses.iter().position(|loss| *loss <= 0.0) {
            below.push(format!("{FLOOR} 0 from K={k} on"));
        }
    }
    let sides = [("above", above), ("below", below)].into_iter().filter(|(_, names)| !names.is_empty());
    let beyond: Vec<String> = sides.map(|(side, names)| format!("{side}: {}", names.join(", "))).collect();
    (floors, beyond.join("; "))
}

/// A mark on a curve where the inner steps that it was trained for end; what comes after is beyond what anybody
/// asked of it.
fn trained_mark(app: &App, index: usize, losses: &[f64]) -> Option<Series> {
    let settings = &app.experiments[index].settings;
    let steps = settings.training.inner_steps;
    let is_trained = settings.algorithm.trains() && settings.algorithm.uses("inner_steps");
    let loss = *losses.get(steps).filter(|loss| is_trained && loss.is_finite())?;
    Some(Series {
        name: String::new(),
        style: app.styles.series(app.hue(index)).add_modifier(Modifier::BOLD),
        shape: Shape::Points(app.styles.trained_mark()),
        mark: '*',
        points: vec![(steps as f64, loss)],
    })
}

/// Marks on a curve at the fewest and the most points that a system was trained with.
fn trained_range(app: &App, index: usize, losses: &[f64]) -> Series {
    let settings = &app.experiments[index].settings;
    let Shots { fewest, most } = settings.trained_points();
    let ends = if fewest < most { vec![fewest, most] } else { vec![most] };
    let is_trained = settings.algorithm.trains();
    let at = |k: usize| Some((k as f64, *losses.get(k).filter(|loss| is_trained && loss.is_finite())?));
    Series {
        name: String::new(),
        style: app.styles.series(app.hue(index)).add_modifier(Modifier::BOLD),
        shape: Shape::Points(app.styles.trained_mark()),
        mark: '*',
        points: ends.into_iter().filter_map(at).collect(),
    }
}

/// What the marks over points say.
fn trained_points_note(app: &App) -> String {
    format!("{} trained K", app.styles.trained_mark())
}

/// What the mark says, and what becomes of the tasks past it: how many are lost, or that a few of them explode.
fn trained_note(app: &App, index: usize, over: &OverSeeds) -> String {
    let settings = &app.experiments[index].settings;
    let steps = settings.training.inner_steps;
    if !settings.algorithm.trains() || !settings.algorithm.uses("inner_steps") || steps >= over.mean.len() {
        return String::new();
    }
    let trained = format!("{} n={steps}: trained for", app.styles.trained_mark());
    let lost = over.nonfinite[steps..].iter().copied().fold(0.0, f64::max);
    if lost > 0.0 {
        return format!("{trained}; up to {:.1} % of tasks lost after it", 100.0 * lost);
    }
    match app.exploding(index) {
        Some(Exploding { n, mean, median }) => {
            let [mean, median] = [mean, median].map(number);
            format!("{trained}; at n={n} a few tasks explode: mean {mean}, median {median}")
        }
        None => trained,
    }
}

/// Columns that a pane has for its title.
pub fn title_room(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(4)
}

/// That not all that is listed is drawn.
pub fn elsewhere(app: &App, drawn: &[usize]) -> String {
    match app.listed().len() - drawn.len() {
        0 => String::new(),
        others => format!("{others} more on other tasks: select one"),
    }
}

/// A title with as many of the words after it, in brackets, as there is room for.
pub fn titled(title: String, words: &[&str], area: Rect) -> String {
    let room = title_room(area);
    let mut words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    loop {
        let whole = if words.is_empty() { title.clone() } else { format!("{title} ({})", words.join("; ")) };
        if words.pop().is_none() || width(&whole) <= room {
            return whole;
        }
    }
}

/// As many of the remarks as fit into the pane's lower border, the first ones first.
pub fn note(app: &App, area: Rect, buffer: &mut Buffer, remarks: &[String]) {
    let room = usize::from(area.width).saturating_sub(4);
    let mut text = String::new();
    for remark in remarks.iter().filter(|remark| !remark.is_empty()) {
        let joined = if text.is_empty() { remark.clone() } else { format!("{text}; {remark}") };
        if text.is_empty() || width(&joined) <= room {
            text = joined;
        }
    }
    pane_note(buffer, area, &text, app.styles.warn(), &app.styles);
}

fn waiting(app: &App, area: Rect, buffer: &mut Buffer) {
    let failed = app.failures() > 0;
    let tested = (0..app.experiments.len()).any(|index| app.view.has_curve_of(index) && app.is_tested(index));
    let text = match (app.is_over(), failed) {
        _ if app.view.experiment.is_none() && app.listed().is_empty() => "no experiment is listed",
        _ if !tested => "not tested on this set",
        (true, true) => "no curve: runs failed, see the log",
        (true, false) => "no curve: nothing was evaluated",
        _ => "waiting for the first network",
    };
    let text = crate::ui::widgets::text::fit(text, usize::from(area.width), &app.styles);
    let x = area.x + area.width.saturating_sub(width(&text) as u16) / 2;
    crate::ui::widgets::text::put(buffer, area, x, area.y + area.height / 2, &text, app.styles.plain());
}
