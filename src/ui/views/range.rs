//! The axes of adaptation curves: what range they show, and in words what lies beyond it.

use crate::{
    results::Scale,
    eval::OverSeeds,
    ui::{
        state::{app::App, axes::Axes},
        widgets::{plot::Series, text::number},
    },
};

/// A little over the best constant guess: what is above it has learned less than nothing.
const OVER_PRIOR: f64 = 1.1;

/// The axis of n.
pub fn x_scale(app: &App, axes: Axes) -> Scale {
    let last = app.most_steps().max(1);
    let (first, last) = app.curves.window.unwrap_or((0, last));
    let (first, last) = (first as f64, last as f64);
    if axes.log_n { Scale::counts(first, last) } else { Scale::linear(first, last) }
}

/// The axis of the loss: up to a little over the best constant guess, from zero or, on a logarithmic axis, from
/// the best seed on. Where hardly anything is below that guess, up to most of what is there. Zoomed in, what is in
/// view fills the plot. What lies beyond is announced.
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
    let mut values: Vec<f64> = of(|curve| &curve.mean).collect();
    if app.curves.window.is_some() {
        return Scale::around(values.into_iter(), axes.log_loss);
    }
    values.sort_by(f64::total_cmp);
    let prior = if app.experiments.is_empty() { 1.0 } else { app.set(experiment).prior_mean };
    let most = values.get(values.len() * 19 / 20).or(values.last()).copied().unwrap_or(prior);
    let below = values.iter().filter(|loss| **loss <= prior).count();
    let high = match 4 * below >= values.len() {
        true => prior * OVER_PRIOR,
        false => (most * OVER_PRIOR).clamp(prior * OVER_PRIOR, prior * 4.0),
    };
    if !axes.log_loss {
        return Scale::linear(0.0, high);
    }
    let low = of(|curve| &curve.low).filter(|loss| *loss > 0.0).fold(f64::INFINITY, f64::min);
    let air = (high / low).powf(0.04).max(1.05);
    Scale::log(low / air, high)
}

/// What of these curves is above the axis, each by its name with its largest loss.
pub fn above(series: &[Series], x: Scale, y: Scale) -> String {
    let in_view = |n: f64| x.place(n).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place));
    let largest = |series: &&Series| {
        let above =
            series.points.iter().filter(|(n, loss)| in_view(*n) && loss.is_finite() && *loss > y.high);
        let (n, loss) = above.max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(format!("{} {} at n={n}", series.name, number(*loss)))
    };
    let named = series.iter().filter(|series| !series.name.is_empty());
    let list: Vec<String> = named.filter_map(|series| largest(&series)).collect();
    if list.is_empty() { String::new() } else { format!("above: {}", list.join(", ")) }
}
