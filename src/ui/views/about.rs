//! What a learner does, in its paper's letters, with the settings in use and what to look for: all of it
//! the learner's own words.

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    eval::{BANDS, Calibration, Curve, LossAxis},
    results::{BEST_GAUSSIAN, percent},
    ui::{
        state::app::App,
        widgets::text::{number, pane, pane_note, put, wrap},
    },
};

/// What this study has measured, at the trained step and at the last; over points at the first, at the most that it was
/// trained with, and at the last.
fn measured(app: &App, index: usize) -> Option<String> {
    let settings = &app.experiments[index].settings;
    let axis = app.axis();
    let over = app.result_along(index, axis)?;
    let last = over.mean.len().checked_sub(1)?;
    let trained = match axis {
        LossAxis::Points => settings.task.shots.most.min(last),
        LossAxis::Steps if settings.algorithm.trains() => settings.adaptation().inner_steps.min(last),
        LossAxis::Steps => last,
    };
    let first = (axis == LossAxis::Points).then_some(1.min(last));
    let mut steps: Vec<usize> = first.into_iter().chain([trained, last]).collect();
    steps.dedup();
    let at = |n: &usize| {
        let spread = if over.seeds > 1 { format!(" ± {}", number(over.std[*n])) } else { String::new() };
        format!("{}{spread} at {} = {n}", number(over.mean[*n]), axis.letter())
    };
    let list: Vec<String> = steps.iter().map(at).collect();
    let seeds = if over.seeds == 1 { "1 seed".to_owned() } else { format!("{} seeds", over.seeds) };
    let said = app.findings(|findings| [findings.standing(index, trained), findings.features(index)]);
    let said = said.into_iter().flatten().map(|said| format!(" {said}"));
    Some(format!("Here, {seeds}: {}.{}", list.join(", "), said.collect::<String>()))
}

/// How well it knows how sure it is, after what it was trained for: in this study, of who says so at all.
fn calibrated(app: &App, index: usize) -> Option<String> {
    let settings = &app.experiments[index].settings;
    let axis = app.axis();
    let runs = app.experiments[index].runs.iter();
    let curves: Vec<&Curve> = runs.filter_map(|run| app.curve(*run)).collect();
    let told: Vec<&Calibration> = curves.iter().filter_map(|curve| curve.calibration.as_deref()).collect();
    let last = told.iter().filter_map(|of| of.loglik.len().checked_sub(1)).min()?;
    let n = match axis {
        LossAxis::Steps => settings.adaptation().inner_steps,
        LossAxis::Points => settings.task.shots.most,
    };
    let n = n.min(last);
    let mean =
        |of: &dyn Fn(&Calibration) -> f64| told.iter().map(|run| of(run)).sum::<f64>() / told.len() as f64;
    let shares = [0, 1, 2, 3].map(|band| percent(mean(&|run| run.coverage.bands()[band][n])));
    // Over steps it is shown all points.
    let k = if axis == LossAxis::Points { n } else { app.set(index).task.shots.most };
    let best = app.best_log_likelihood(index, k).map(number);
    let best = best.map_or(String::new(), |best| format!(", the {BEST_GAUSSIAN} has {best}"));
    Some(format!(
        "At {}={n} its bands of {} % hold {} % of the test targets; log-likelihood of a target {}{best}.",
        axis.letter(),
        BANDS.map(|band| band.to_string()).join(", "),
        shares.join(", "),
        number(mean(&|run| run.loglik[n]))
    ))
}

/// What was measured of it in this study, in sentences: worked out where there is something new, before a frame.
pub fn told(app: &App, index: usize) -> Arc<Vec<String>> {
    let best = app.best_log_likelihood(index, 0).is_some();
    let of = (app.test, index, app.curves.average, app.axis(), app.styles.ascii, best);
    app.about.of(of, || [measured(app, index), calibrated(app, index)].into_iter().flatten().collect())
}

/// Rows that the pane would like to have in this width.
pub fn height(app: &App, index: usize, wide: u16) -> u16 {
    lines(app, index, wide).len() as u16 + 2
}

/// What it says in a pane of this width.
fn lines(app: &App, index: usize, wide: u16) -> Vec<(String, Style)> {
    let styles = &app.styles;
    let settings = &app.experiments[index].settings;
    let (algorithm, training) = (settings.algorithm, &settings.training);
    let room = usize::from(wide).saturating_sub(4);
    let mut lines = Vec::new();
    let mut write = |text: &str, style: Style| {
        let wrapped = wrap(&styles.formula(text), room, styles);
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    };
    for line in algorithm.rule(training) {
        write(line, styles.readable(styles.bold().patch(styles.series(app.hue(index)))));
    }
    write(&algorithm.settings(training), styles.plain());
    write(algorithm.paper(), styles.plain());
    for line in told(app, index).iter() {
        write(line, styles.bold());
    }
    for line in algorithm.notes(training) {
        write(line, styles.plain());
    }
    lines
}

/// Draws the pane.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let title = app.experiments[index].settings.algorithm.title();
    let inner = pane(buffer, area, &format!("About {title}"), styles);
    let lines = lines(app, index, area.width);
    let rows = usize::from(inner.height);
    for (row, (line, style)) in lines.iter().take(rows).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, *style);
    }
    if lines.len() > rows {
        pane_note(buffer, area, &format!("more: {}", app.key_of("one-pane")), styles.key(), styles);
    }
}
