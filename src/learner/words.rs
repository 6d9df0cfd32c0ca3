//! Words that several learners share.

use super::settings::{OuterSchedule, Training};

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

/// The rate and the inner steps, with a word for an inner step, and all of the outer step.
pub fn settings(settings: &Training, steps: &str) -> String {
    format!("α {}, {} {steps}, {}", rate(settings.inner_lr), settings.inner_steps, outer(settings))
}

/// The same where the rate is learned and this is what it starts from.
pub fn settings_from(settings: &Training) -> String {
    format!("r from {}, {} inner, {}", rate(settings.inner_lr), settings.inner_steps, outer(settings))
}

/// Settings to measure the speed with: so many inner steps, clipped as they have to be.
pub fn clipped(inner_steps: usize) -> Training {
    Training { inner_steps, clip: Some(10.0), ..Training::default() }
}

/// The settings of the outer step: its rate, what bounds it, and over how many tasks it is taken.
pub fn outer(settings: &Training) -> String {
    let schedule = match settings.outer_schedule {
        OuterSchedule::Constant => "",
        OuterSchedule::Cosine => ", cosine",
    };
    let clip = settings.clip.map(|clip| format!(", clip {}", rate(clip))).unwrap_or_default();
    format!("β {} (Adam{schedule}{clip}), meta-batch {}", rate(settings.outer_lr), settings.meta_batch)
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
