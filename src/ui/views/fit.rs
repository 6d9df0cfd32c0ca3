//! The fit on one test task: support points over the truth and the network before and after its SGD
//! steps.
//!
//! ```text
//! + MAML on test task 17 of 1,000: y = 2.71 sin(x + 1.32) --+
//! |   support points over the truth over 0 / 1 / n steps    |
//! | loss n=0 3.91  n=1 1.22  n=10 0.41  oracle 0            |
//! + K 10   rate 0.01   seed 0 at step 26,400 ---------------+
//! ```

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    eval::{BAND_90, Fit},
    results::Scale,
    task::TestTask,
    ui::{
        state::app::App,
        state::controls::TaskOrder,
        state::runs::Phase,
        style::Pattern,
        widgets::{
            plot::{Plot, Series, Shade, Shape},
            text::{count, fit, number, pane, pane_note, put, put_line, rate, width},
        },
    },
};

/// Draws an experiment's fit.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let name = &app.experiments[index].settings.name;
    let set = app.set(index);
    let Some(task) = app.shown_task(index) else {
        let inner = pane(buffer, area, name, styles);
        put(buffer, inner, inner.x, inner.y, "no test tasks", styles.plain());
        return;
    };
    let number_of = format!("{} of {}", app.fit.task + 1, count(set.count() as u64));
    let (wave, equation) = (task.function.title(), task.function.equation());
    let side = if task.is_one_sided() { ", one-sided" } else { "" };
    let side = format!("{}{side}", place(app, index));
    let set_name = app.test_label();
    let (is_table, room) = (set.task.family.table().is_some(), usize::from(area.width).saturating_sub(4));
    let short = format!("{set_name}Task {}{side}", app.fit.task + 1);
    let mut titles = vec![format!("{set_name}{name} on test task {number_of}{side}: {equation}")];
    // What is measured is worth more than how many tasks there are.
    titles.extend(is_table.then(|| format!("{short}: {equation}")));
    titles.push(format!("{set_name}Test task {number_of}{side}: {wave}"));
    titles.push(format!("{short}: {wave}"));
    let title = titles.iter().find(|title| width(title) <= room).unwrap_or(&titles[titles.len() - 1]);
    let inner = pane(buffer, area, title, styles);
    let plot_area = Rect { height: inner.height.saturating_sub(1), ..inner };

    let line = task.drawn_at();
    let curve = |y: &[f64]| line.iter().copied().zip(y.iter().copied()).collect::<Vec<_>>();
    let mut series = Vec::new();
    let steps = app.shown_steps();
    let mut losses = vec![Span::styled("loss ", styles.plain())];
    let fits: Vec<&Fit> = steps.iter().filter_map(|n| app.fit_after(index, *n)).collect();
    for fit in fits.iter().filter(|fit| fit.n == app.fit.n) {
        series.extend(band(&line, fit, "90 % of y", styles.series(app.hue(index)).patch(styles.dim())));
    }
    let reads_answers = app.experiments[index].settings.algorithm.reads_answers();
    for fit in &fits {
        let last = fit.n == app.fit.n;
        let (style, pattern, mark) = match (last, fit.n) {
            (true, _) => (styles.series(app.hue(index)).add_modifier(Modifier::BOLD), Pattern::Solid, '#'),
            (_, 0) => (styles.dim(), Pattern::ShortDash, '-'),
            _ => (styles.series(app.hue(index)), Pattern::Dash, '+'),
        };
        losses.push(Span::styled(format!("n={} ", fit.n), styles.plain()));
        losses.push(Span::styled(format!("{}  ", number(fit.loss)), styles.readable(style)));
        // Of answers that nobody gave there is no curve.
        if reads_answers && fit.loss.is_nan() {
            continue;
        }
        series.push(Series {
            name: format!("n={}", fit.n),
            style,
            shape: Shape::Line(pattern),
            mark,
            points: curve(&fit.y),
        });
    }
    if let Some(other) = app.fit.compare.filter(|other| *other < app.experiments.len()) {
        compare(app, other, &task, &mut series, &mut losses);
    }
    // Over every fit: what they are held against is never hidden by them.
    let asked = task.query.x.iter().copied().zip(task.truth()).collect();
    series.push(Series {
        name: if is_table { "asked for" } else { "truth" }.to_owned(),
        style: styles.bold(),
        shape: if is_table { Shape::Points(styles.asked_mark()) } else { Shape::Line(Pattern::Dot) },
        mark: '.',
        points: asked,
    });
    if let Some(oracle) = app.oracle() {
        losses.push(Span::styled("oracle ", styles.plain()));
        losses.push(Span::raw(number(oracle)));
    }
    series.push(Series {
        name: "support".to_owned(),
        style: styles.support(),
        shape: Shape::Points(styles.support_mark()),
        mark: 'O',
        points: task.support.x.iter().copied().zip(task.support.y.iter().copied()).collect(),
    });
    let plot = Plot {
        x: Scale::linear(set.task.x[0], set.task.x[1]),
        y: y_scale(app, set.y_range(), &series),
        x_name: set.x_name(),
        series,
        crosshair: None,
        names: true,
    };
    let unseen = plot.draw(plot_area, buffer, styles);
    put_line(buffer, inner, inner.height.saturating_sub(1), &Line::from(losses), styles);
    let state = state(app, index, &fits);
    pane_note(buffer, area, &remark(app, index, &unseen.announce(), &state, room), styles.warn(), styles);
}

/// All that the family reaches, or as much of it as this task and its fits need.
fn y_scale(app: &App, [low, high]: [f64; 2], series: &[Series]) -> Scale {
    if app.fit.fixed_y {
        return Scale::linear(low, high);
    }
    let drawn = series.iter().filter(|series| !matches!(series.shape, Shape::Band(..)));
    let values = drawn.flat_map(|series| &series.points).map(|(_, y)| y.clamp(low, high));
    Scale::around(values, false)
}

/// Where the task stands in the order that was asked for.
fn place(app: &App, index: usize) -> String {
    let Some(ranking) = app.ranking(index) else { return String::new() };
    let place = ranking.tasks.iter().position(|task| *task == app.fit.task).map(|place| place + 1);
    match (place, app.fit.order) {
        (Some(1), TaskOrder::Hard) => ", the hardest".to_owned(),
        (Some(1), TaskOrder::Easy) => ", the easiest".to_owned(),
        (Some(place), TaskOrder::Hard) => format!(", no. {place} of the hardest"),
        (Some(place), TaskOrder::Easy) => format!(", no. {place} of the easiest"),
        (Some(place), TaskOrder::OneSided) => format!(", no. {place} of {}", ranking.tasks.len()),
        _ => String::new(),
    }
}

/// Where a learner that says how sure it is expects nine in ten targets.
pub fn band(x: &[f64], fit: &Fit, name: &str, style: Style) -> Option<Series> {
    let deviations = fit.deviations.as_ref()?;
    let at = |sign: f64| {
        let ends = fit.y.iter().zip(deviations);
        ends.map(move |(y, deviation)| y + sign * BAND_90 * deviation)
    };
    let points = x.iter().copied().zip(at(-1.0)).collect();
    Some(Series {
        name: name.to_owned(),
        style,
        shape: Shape::Band(at(1.0).collect(), Shade::Light),
        mark: ':',
        points,
    })
}

/// Another experiment's fit after the same n on the same task.
fn compare(app: &App, other: usize, task: &TestTask, series: &mut Vec<Series>, losses: &mut Vec<Span<'_>>) {
    let styles = &app.styles;
    let name = &app.experiments[other].settings.name;
    let style = styles.series(app.hue(other)).add_modifier(Modifier::BOLD);
    let Some(fit) = app.fit_after(other, app.fit.n) else {
        let why = if app.fits.is_waiting_for(other) { "is being computed" } else { "has no network yet" };
        losses.push(Span::styled(format!("{name} {why}  "), styles.plain()));
        return;
    };
    losses.push(Span::styled(format!("{} {}  ", fit_name(name), number(fit.loss)), styles.readable(style)));
    if app.experiments[other].settings.algorithm.reads_answers() && fit.loss.is_nan() {
        return;
    }
    let line = task.drawn_at();
    series.extend(band(&line, fit, "", styles.series(app.hue(other)).patch(styles.dim())));
    series.push(Series {
        name: fit_name(name),
        style,
        shape: Shape::Line(Pattern::DashDot),
        mark: 'x',
        points: line.into_iter().zip(fit.y.iter().copied()).collect(),
    });
}

/// A name short enough for the end of a line in a small plot.
fn fit_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or(name).to_owned()
}

/// Which network the fit is of.
fn state(app: &App, index: usize, fits: &[&Fit]) -> String {
    let drawn = !fits.is_empty();
    let Some(run) = app.chosen_run(index).map(|run| &app.runs[run]) else {
        return "no runs".to_owned();
    };
    let seed = run.seed;
    match &run.phase {
        _ if !drawn && app.fits.is_waiting_for(index) => format!("seed {seed}: being computed"),
        _ if !drawn => format!("seed {seed}: no network yet"),
        Phase::Failed { step, .. } => format!("seed {seed}: failed at step {}", count(*step)),
        _ if app.experiments[index].settings.algorithm.reads_answers() => {
            // What was measured is kept, the answers are not.
            if app.experiments[index].settings.answers.is_none() {
                return format!("seed {seed}: its file of answers is not here");
            }
            let n = app.fit.n;
            let is_there = fits.iter().any(|fit| fit.n == n && fit.loss.is_finite());
            if is_there {
                format!("seed {seed}, as it was read")
            } else {
                format!("seed {seed}: no answer for n={n} here")
            }
        }
        phase if *phase == Phase::Training || app.rewind.notch.is_some() => {
            let shown = app.chosen_run(index).and_then(|run| app.shown_snapshot(run));
            format!("seed {seed} at step {}", count(shown.map_or(0, |snapshot| snapshot.step)))
        }
        _ => format!("seed {seed}"),
    }
}

/// What is out of sight first, then what the fit was made with, as far as it fits.
fn remark(app: &App, index: usize, unseen: &str, state: &str, room: usize) -> String {
    let set = app.set(index);
    let own = |changed: bool| if changed { "*" } else { "" };
    let shots = app.fit.shots.unwrap_or(set.task.shots.most);
    let has_rate = app.experiments[index].settings.adaptation().inner.has_rate();
    let at = match app.inner_lr(index) {
        alpha if has_rate => {
            format!(
                "  rate {}{}",
                rate(alpha),
                own(app.fit.inner_lr.is_some_and(|_| alpha != app.test_rate(index)))
            )
        }
        _ => String::new(),
    };
    let shots_of = own(app.fit.shots.is_some_and(|shots| shots != set.task.shots.most));
    let settings = format!("K {shots}{shots_of}{at}");
    let parts: Vec<&str> = [unseen, state, &settings].into_iter().filter(|part| !part.is_empty()).collect();
    let mut text = String::new();
    for part in parts {
        let joined = if text.is_empty() { part.to_owned() } else { format!("{text}  {part}") };
        if width(&joined) <= room || text.is_empty() {
            text = joined;
        }
    }
    fit(&text, room, &app.styles)
}
