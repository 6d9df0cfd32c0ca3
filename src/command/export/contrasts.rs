//! The comparison as charts: the lowest system of each group against each other one, over n or over K.

use super::chart::{Axis, Chart, Figure, Rule, Series};
use crate::eval::{Average, LossAxis};
use crate::results::{AxisWords, Outcome, Scale, compare, contrasts, difference_scale, judged_at};

/// The differences of the systems of each group to the one that is lowest at the n that is judged at; `None` where there
/// is nothing to compare. Of those that are not shown, cells of a sweep, it counts that they were looked at.
pub fn figure(outcomes: &[Outcome<'_>], shown: &[(String, usize)], test: Option<&str>) -> Option<Figure> {
    let mut charts = Vec::new();
    let mut lowest = Vec::new();
    let axis = outcomes.first().map_or(LossAxis::Steps, |outcome| outcome.axis);
    let words = AxisWords::of_outcomes(outcomes);
    for compared in compare(outcomes, test, Average::Mean) {
        let steps = compared.group.members.iter().filter_map(|index| outcomes[*index].last(test));
        let n = judged_at(steps.max()?);
        let Some(subject) = (0..=n).rev().find_map(|n| compared.at(n)).map(|at| at.lowest) else { continue };
        let Some(mut found) = contrasts(outcomes, subject, test, Average::Mean) else { continue };
        found.others.retain(|(other, _)| shown.iter().any(|(_, index)| index == other));
        let scale = difference_scale(found.others.iter().flat_map(|(_, at)| at.iter().flatten()));
        let name = |index: usize| {
            let shown = shown.iter().find(|(_, other)| *other == index).map(|(name, _)| name.as_str());
            shown.unwrap_or(&outcomes[index].settings.name)
        };
        lowest.push(name(subject).to_owned());
        charts.extend(found.others.iter().map(|(other, at)| {
            let mean = |n: usize| at[n].as_ref().and_then(|difference| difference.mean).unwrap_or(f64::NAN);
            let band = |n: usize| {
                let interval = at[n].as_ref().and_then(|difference| difference.interval);
                let [low, high] = interval.unwrap_or([f64::NAN; 2]);
                (n as f64, low, high)
            };
            Chart {
                title: format!("{} \u{2212} {}", name(*other), name(subject)),
                x: Axis {
                    scale: Scale::counts(0.0, (at.len() - 1).max(1) as f64),
                    label: words.label.to_owned(),
                    whole: true,
                },
                y: Axis { scale, label: "difference".to_owned(), whole: false },
                series: vec![Series {
                    name: String::new(),
                    place: shown.iter().position(|(_, index)| index == other).unwrap_or(*other),
                    points: (0..at.len()).map(|n| (n as f64, mean(n))).collect(),
                    band: (0..at.len()).map(band).collect(),
                    marked: true,
                    stands_out: Vec::new(),
                }],
                rules: vec![Rule { name: String::new(), at: 0.0 }],
            }
        }));
    }
    if charts.is_empty() {
        return None;
    }
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    Some(Figure {
        title: format!(
            "{on}By how much test losses after {} are higher than those of {}",
            words.after,
            lowest.join(", ")
        ),
        columns: 3,
        charts,
        notes: vec![
            format!(
                "Line: mean over seeds of the difference. Shaded: its interval, seed by seed where the seeds are the same, else \
                 by Welch's t; all intervals of one {} hold together at 95 %. Where it contains 0, the two cannot be told apart.",
                axis.letter()
            ),
            "Medians over tasks are compared where some tasks blow up, means elsewhere.".to_owned(),
        ],
    })
}
