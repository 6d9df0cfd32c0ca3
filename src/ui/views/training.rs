//! The training loss of a seed: what it reported as dots, and a line through them that neither lags behind nor
//! runs ahead.
//!
//! ```text
//! + Training loss, seed 0 (log axis; dots: reports; smoothed over 17: S) -+
//! |  dots: reports, line: smoothed                                        |
//! + now 0.73 -------------------------------------------------------------+
//! ```

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    results::Scale,
    ui::{
        state::{
            app::App,
            controls::{Focus, Smoothing},
            runs::Phase,
        },
        style::Pattern,
        widgets::{
            plot::{Plot, Series, Shape},
            text::{count, fit, number, pane, pane_note, put, width},
        },
    },
};

/// At every report a straight line through those around it, the nearer ones counting more: in the middle that is
/// a centred mean, and at the ends, where there are reports on one side only, it still follows a slope. What is not
/// finite is left out.
fn smooth(losses: &[(u64, f64)], Smoothing(half): Smoothing) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> = losses
        .iter()
        .filter(|(_, loss)| loss.is_finite())
        .map(|(step, loss)| (*step as f64, *loss))
        .collect();
    if half == 0 {
        return finite;
    }
    let at = |i: usize| {
        let (here, own) = finite[i];
        let around = &finite[i.saturating_sub(half)..(i + half + 1).min(finite.len())];
        let reach = around.iter().map(|(step, _)| (step - here).abs()).fold(0.0, f64::max) * 1.001;
        let (mut weight, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (step, loss) in around {
            let from = (step - here) / reach.max(f64::MIN_POSITIVE);
            let w = (1.0 - from.abs().powi(3)).powi(3);
            weight += w;
            x += w * from;
            y += w * loss;
            xx += w * from * from;
            xy += w * from * loss;
        }
        let spread = weight * xx - x * x;
        let level = (y * xx - x * xy) / spread;
        // Reports of one step have no slope.
        let level = if spread > 1e-9 * weight * weight { level } else { y / weight };
        (here, if level.is_finite() { level } else { own })
    };
    (0..finite.len()).map(at).collect()
}

/// The longest title that fits.
fn title(app: &App, seed: u64, room: u16) -> String {
    let smoothing = app.curves.smoothing;
    let plain = format!("Training loss, seed {seed}");
    let forms = [
        format!("{plain} (log axis; dots: reports; {}: {})", app.key_of("smooth"), smoothing.words()),
        format!("{plain} (log axis; dots: reports)"),
        format!("{plain} (log)"),
    ];
    let fits = |form: &&String| width(form) + 4 <= usize::from(room);
    forms.iter().find(fits).unwrap_or(&plain).clone()
}

/// Draws the pane.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let Some(run) = app.chosen_run(index).map(|run| &app.runs[run]) else { return };
    let inner = pane(buffer, area, &title(app, run.seed, area.width), styles);
    if run.losses.is_empty() {
        let algorithm = app.experiments[index].settings.algorithm;
        let text = match (&run.phase, algorithm.trains()) {
            (_, false) if algorithm.reads_answers() => "not trained: its answers are read",
            (_, false) => "not trained",
            (Phase::Queued, _) => "queued",
            (Phase::Failed { .. }, _) => "failed before its first report",
            _ => "waiting for the first report",
        };
        let text = fit(text, usize::from(inner.width), styles);
        let x = inner.x + inner.width.saturating_sub(text.len() as u16) / 2;
        put(buffer, inner, x, inner.y + inner.height / 2, &text, styles.plain());
        return;
    }
    let raw: Vec<(f64, f64)> = run.losses.iter().map(|(step, loss)| (*step as f64, *loss)).collect();
    let smooth = smooth(&run.losses, app.curves.smoothing);
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
            line(
                smooth,
                styles.series(app.hue(index)).add_modifier(Modifier::BOLD),
                Shape::Line(Pattern::Solid),
                '#',
            ),
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

/// The smoothed training loss of every listed experiment's chosen seed.
pub fn draw_all(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, &format!("Training loss (log; {})", app.curves.smoothing.words()), styles);
    let of = |index: usize| {
        let run = &app.runs[app.chosen_run(index)?];
        let selected = app.hue(index) == app.selected_row();
        let style = styles.series(app.hue(index));
        let points = smooth(&run.losses, app.curves.smoothing);
        let name = app.experiments[index].settings.name.clone();
        let pattern = if selected { Pattern::Solid } else { styles.pattern(app.hue(index)) };
        let style = if selected { style.add_modifier(Modifier::BOLD) } else { style };
        let series =
            Series { name, style, shape: Shape::Line(pattern), mark: styles.mark(app.hue(index)), points };
        Some((selected, run.total.max(run.step), series)).filter(|(.., series)| !series.points.is_empty())
    };
    let mut all: Vec<_> = app.listed().into_iter().filter_map(of).collect();
    all.sort_by_key(|(selected, ..)| *selected);
    let last = all.iter().map(|(_, total, _)| *total).max().unwrap_or(1).max(1);
    let losses = all.iter().flat_map(|(.., series)| &series.points).map(|(_, loss)| *loss);
    let plot = Plot {
        x: Scale::linear(0.0, last as f64),
        y: Scale::around(losses, true),
        x_name: "step",
        series: all.iter().map(|(.., series)| series.clone()).collect(),
        crosshair: None,
        names: true,
    };
    let unseen = plot.draw(inner, buffer, styles);
    let note = match all.is_empty() {
        true => "nothing has been trained yet".to_owned(),
        false => unseen.announce(),
    };
    pane_note(buffer, area, &note, styles.warn(), styles);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_neither_lags_nor_leads() {
        // A slope is its own mean, at both ends too; a wave of every second report is gone.
        let slope: Vec<(u64, f64)> = (0..60).map(|i| (200 * i, 9.0 - 0.1 * i as f64)).collect();
        for ((step, loss), (at, mean)) in slope.iter().zip(smooth(&slope, Smoothing(8))) {
            assert!((loss - mean).abs() < 1e-9 && *step as f64 == at, "{step}: {loss} {mean}");
        }
        let wave: Vec<(u64, f64)> =
            (0..60).map(|i| (200 * i, 2.0 + if i % 2 == 0 { 1.0 } else { -1.0 })).collect();
        let smoothed = smooth(&wave, Smoothing(8));
        assert!(smoothed[20..40].iter().all(|(_, mean)| (mean - 2.0).abs() < 0.05), "{smoothed:?}");
        // A jump is half way up where it is.
        let jump: Vec<(u64, f64)> =
            (0..61).map(|i| (i, f64::from(u8::from(i > 30)) + if i == 30 { 0.5 } else { 0.0 })).collect();
        assert!((smooth(&jump, Smoothing(8))[30].1 - 0.5).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_smoothed_is_left_as_it_is() {
        let odd = [(0, 5.0), (200, f64::NAN), (200, 3.0), (200, 4.0)];
        assert_eq!(smooth(&odd, Smoothing(0)), [(0.0, 5.0), (200.0, 3.0), (200.0, 4.0)]);
        assert!(smooth(&odd, Smoothing(3)).iter().all(|(_, mean)| mean.is_finite()));
        assert_eq!(smooth(&[(7, 2.0)], Smoothing(8)), [(7.0, 2.0)]);
        assert!(smooth(&[], Smoothing(8)).is_empty());
    }
}
