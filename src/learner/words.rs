//! Words that several learners share.

use super::settings::Training;

/// Rates up to here are usual for these networks and tasks; the notebook's is 0.01.
const USUAL_INNER: f64 = 0.1;
/// The same for Adam; the notebook's is 0.001.
const USUAL_OUTER: f64 = 0.01;

/// A rate as a person would type it: no trailing zeros.
pub fn rate(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = if value.abs() < 1e-4 { format!("{value:.2e}") } else { format!("{value:.6}") };
    match text.split_once('e') {
        Some((digits, exponent)) => {
            format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        None => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// The rates, the inner steps and the meta-batch, with a word for an inner step.
pub fn settings(settings: &Training, steps: &str) -> String {
    let (alpha, beta) = (rate(settings.inner_lr), rate(settings.outer_lr));
    let (inner_steps, batch) = (settings.inner_steps, settings.meta_batch);
    format!("α {alpha}, {inner_steps} {steps}, β {beta} (Adam), meta-batch {batch}")
}

/// The setting to change first after training has diverged.
pub fn remedy(adapts: bool, settings: &Training) -> String {
    let (inner, outer) = (settings.inner_lr, settings.outer_lr);
    if adapts && inner > USUAL_INNER {
        format!("Inner steps of rate {} overshoot; try inner_lr = {}", rate(inner), rate(inner / 10.0))
    } else if outer > USUAL_OUTER {
        format!("Outer steps of rate {} overshoot; try outer_lr = {}", rate(outer), rate(outer / 10.0))
    } else if adapts && settings.inner_steps > 5 {
        let steps = settings.inner_steps;
        format!(
            "The derivative runs through {steps} inner steps; try fewer, or inner_lr = {}",
            rate(inner / 3.0)
        )
    } else {
        format!("Both rates are usual; try outer_lr = {} or another seed", rate(outer / 3.0))
    }
}
