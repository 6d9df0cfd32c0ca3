//! The axes of adaptation curves: what range they show, and in words what lies beyond it.

use crate::{
    eval::OverSeeds,
    results::{Scale, loss_scale},
    ui::{
        state::{app::App, axes::Axes},
        widgets::{plot::Series, text::number},
    },
};

/// The axis of n.
pub fn x_scale(app: &App, axes: Axes) -> Scale {
    let last = app.most_steps().max(1);
    let (first, last) = app.curves.window.unwrap_or((0, last));
    let (first, last) = (first as f64, last as f64);
    if axes.log_n { Scale::counts(first, last) } else { Scale::linear(first, last) }
}

/// The axis of the loss, as `loss_scale` has it. Zoomed in, what is in view fills the plot. What lies beyond is
/// announced.
pub fn y_scale(app: &App, axes: Axes, experiment: usize) -> Scale {
    let (first, last) = app.curves.window.unwrap_or((0, usize::MAX));
    let curves = app.deciding();
    fn in_view(losses: &[f64], first: usize, last: usize) -> &[f64] {
        let end = losses.len().min(last.saturating_add(1));
        losses.get(first.min(end)..end).unwrap_or_default()
    }
    let of = |losses: fn(&OverSeeds) -> &[f64]| {
        let all = curves.iter().flat_map(move |curve| in_view(losses(curve), first, last));
        all.copied().filter(|loss| loss.is_finite())
    };
    if app.curves.window.is_some() {
        return Scale::around(of(|curve| &curve.mean), axes.log_loss);
    }
    let prior = if app.experiments.is_empty() { 1.0 } else { app.set(experiment).prior_mean };
    loss_scale(of(|curve| &curve.mean), of(|curve| &curve.low), prior, axes.log_loss)
}

/// What of these curves is above the axis, each by its name with its largest loss.
pub fn above(letter: &str, series: &[Series], x: Scale, y: Scale) -> String {
    let in_view = |n: f64| x.place(n).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place));
    let largest = |series: &&Series| {
        let above =
            series.points.iter().filter(|(n, loss)| in_view(*n) && loss.is_finite() && *loss > y.high);
        let (n, loss) = above.max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(format!("{} {} at {letter}={n}", series.name, number(*loss)))
    };
    let named = series.iter().filter(|series| !series.name.is_empty());
    let list: Vec<String> = named.filter_map(|series| largest(&series)).collect();
    if list.is_empty() { String::new() } else { format!("above: {}", list.join(", ")) }
}
