//! The adaptation curves as charts, one a group of systems that were tested on the same tasks: the mean over seeds as a
//! line, what it varies by as a band.

use super::chart::{Axis, Chart, Figure, Rule, Series};
use super::paper::NO_SYSTEM;
use crate::cli::Interval;
use crate::eval::{Average, LossAxis, OverSeeds};
use crate::results::{
    AxisWords, FLOOR, Group, Outcome, Scale, Yardstick, are_far_apart, floor as floor_of, groups, loss_scale,
    text::number,
};
use crate::task::Shots;

/// The ends of what a system varies by after n steps; `None` where there is nothing to vary.
pub fn ends(over: &OverSeeds, n: usize, interval: Interval) -> Option<[f64; 2]> {
    if over.lost[n] > 0 || over.seeds < 2 {
        return None;
    }
    let half = match interval {
        Interval::Seeds => return Some([over.low[n], over.high[n]]),
        Interval::Std => over.std[n],
        Interval::Ci95 => over.half_width(n)?,
    };
    Some([over.mean[n] - half, over.mean[n] + half])
}

/// What a band is, in words.
pub fn band_in_words(interval: Interval) -> &'static str {
    match interval {
        Interval::Seeds => "lowest to highest seed",
        Interval::Std => "standard deviation over seeds",
        Interval::Ci95 => "95 % interval of the mean over seeds (Student's t)",
    }
}

/// How many seeds stand behind a system, after its name.
pub fn seeds_in_words(seeds: usize) -> String {
    if seeds == 1 { "1 seed".to_owned() } else { format!("{seeds} seeds") }
}

/// The curves of these systems on a test set, under these names; each has at least one.
pub fn figure(outcomes: &[(String, Outcome<'_>)], test: Option<&str>, interval: Interval) -> Figure {
    let only: Vec<Outcome<'_>> = outcomes.iter().map(|(_, outcome)| outcome.clone()).collect();
    let of_groups = groups(&only, test);
    let mut notes = Notes::default();
    let charts = of_groups.iter().filter_map(|group| chart(group, outcomes, test, interval, &mut notes));
    let charts: Vec<Chart> = charts.collect();
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    let tasks = only.iter().flat_map(|outcome| outcome.curves(test)).map(|curve| curve.tasks).max();
    let axis = only.first().map_or(LossAxis::Steps, |outcome| outcome.axis);
    let trained = match axis {
        LossAxis::Steps => "Diamond: the inner steps a system was trained for.",
        LossAxis::Points => {
            "Diamonds: the fewest and the most points a system was trained with. Each adapts as it was trained to."
        }
    };
    let mut said = vec![format!(
        "MSE: mean squared error, its mean over {} test tasks and over seeds; shaded: {}. {trained}",
        tasks.unwrap_or(0),
        band_in_words(interval)
    )];
    said.extend(notes.in_words());
    Figure {
        title: format!("{on}Test loss after {}", AxisWords::of_outcomes(&only).after),
        columns: 2,
        charts,
        notes: said,
    }
}

/// What is not to be seen.
#[derive(Default)]
struct Notes {
    above: Vec<String>,
    lost: Vec<String>,
}

impl Notes {
    fn in_words(self) -> Vec<String> {
        let mut said = Vec::new();
        if !self.above.is_empty() {
            said.push(format!("Above the range: {}.", self.above.join(", ")));
        }
        if !self.lost.is_empty() {
            said.push(format!(
                "Without a finite loss on some seed (cross: from there on): {}.",
                self.lost.join(", ")
            ));
        }
        said
    }
}

fn chart(
    group: &Group,
    outcomes: &[(String, Outcome<'_>)],
    test: Option<&str>,
    interval: Interval,
    notes: &mut Notes,
) -> Option<Chart> {
    let of = |index: &usize| {
        let curves = outcomes[*index].1.curves(test);
        let points = curves.iter().map(|curve| curve.mean.len()).max()?;
        Some((*index, OverSeeds::of(&curves, points, Average::Mean)))
    };
    let all: Vec<(usize, OverSeeds)> = group.members.iter().filter_map(of).collect();
    let first = outcomes[*group.members.first()?].1.test(test)?;
    let rules = Yardstick::ALL.into_iter().filter_map(|yardstick| {
        Some(Rule { name: yardstick.name().to_owned(), at: yardstick.loss(first, Average::Mean)? })
    });
    let axis = outcomes[*group.members.first()?].1.axis;
    // Over points the oracle and the linear step are curves of their own: the floor stands for them.
    let rules: Vec<Rule> = rules.take(if axis == LossAxis::Points { 1 } else { usize::MAX }).collect();
    let prior = rules.first().map_or(1.0, |rule| rule.at);
    let means = || all.iter().flat_map(|(_, over)| &over.mean).copied();
    let is_log = are_far_apart(means(), prior);
    let last = all.iter().map(|(_, over)| over.mean.len() - 1).max().unwrap_or(0).max(1) as f64;
    let y = loss_scale(means(), all.iter().flat_map(|(_, over)| &over.low).copied(), prior, is_log);
    let series = all.iter().map(|(index, over)| {
        let (name, outcome) = &outcomes[*index];
        let (means, _) = over.of_every_seed();
        let above = means.iter().enumerate().filter(|(_, mean)| mean.is_finite() && **mean > y.high);
        if let Some((n, mean)) = above.max_by(|a, b| a.1.total_cmp(b.1)) {
            notes.above.push(format!("{name} {} at {} = {n}", number(*mean), axis.letter()));
        }
        // What was not answered is not lost: the line goes on from what was.
        let answered = || (0..means.len()).filter(|n| over.is_answered(*n));
        if answered().any(|n| !means[n].is_finite()) {
            notes.lost.push(name.clone());
        }
        let settings = outcome.settings;
        let is_trained = settings.algorithm.trains() && settings.algorithm.uses("inner_steps");
        let band = |n: usize| {
            let [low, high] = ends(over, n, interval).unwrap_or([f64::NAN; 2]);
            (n as f64, low, high)
        };
        Series {
            name: format!("{name} ({})", seeds_in_words(over.seeds)),
            place: *index,
            points: answered().map(|n| (n as f64, means[n])).collect(),
            band: answered().map(band).collect(),
            marked: true,
            stands_out: match axis {
                LossAxis::Steps if is_trained => vec![settings.training.inner_steps as f64],
                LossAxis::Points if settings.algorithm.trains() => {
                    let Shots { fewest, most } = settings.trained_points();
                    [fewest, most].map(|k| k as f64).to_vec()
                }
                LossAxis::Steps | LossAxis::Points => Vec::new(),
            },
        }
    });
    let mut series: Vec<Series> = series.collect();
    let floor = group.members.iter().filter_map(|index| outcomes[*index].1.test(test));
    let floor = floor.max_by_key(|test| test.evaluation.points).filter(|_| axis == LossAxis::Points);
    if let Some(floor) = floor.and_then(floor_of) {
        series.push(Series {
            name: FLOOR.to_owned(),
            place: NO_SYSTEM,
            // On a log axis a loss of nothing has no place.
            points: floor.mean.iter().enumerate().map(|(k, mean)| (k as f64, *mean)).collect(),
            band: Vec::new(),
            marked: false,
            stands_out: Vec::new(),
        });
    }
    let words = AxisWords::of(axis, group.members.iter().map(|index| outcomes[*index].1.settings));
    Some(Chart {
        title: if group.title.is_empty() { String::new() } else { format!("Tasks with {}", group.title) },
        x: Axis {
            scale: if is_log { Scale::counts(0.0, last) } else { Scale::linear(0.0, last) },
            label: words.label.to_owned(),
            whole: true,
        },
        y: Axis { scale: y, label: "test loss (MSE)".to_owned(), whole: false },
        series,
        rules,
    })
}
