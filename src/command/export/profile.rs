//! The distribution over tasks as charts: the share of test tasks whose loss is at most so much, a line a system
//! (Agarwal et al. 2021, Deep reinforcement learning at the edge of the statistical precipice, arXiv:2108.13264).

use anyhow::anyhow;

use super::chart::{Axis, Chart, Figure, Series};
use super::curves::{band_in_words, seeds_in_words};
use crate::cli::Interval;
use crate::eval::{LossAxis, losses_at};
use crate::results::{Outcome, Profile, Scale, groups, tasks_at_hand};
use crate::study::Watcher;
use crate::task::{EvaluationSettings, test_tasks};

/// The losses on every test task after n steps, a list a seed, of each of these experiments: worked out from their
/// checkpoints.
pub fn losses(
    watcher: &Watcher,
    outcomes: &[Outcome<'_>],
    n: usize,
    test: Option<&str>,
) -> anyhow::Result<Vec<Vec<Vec<f64>>>> {
    let runs = watcher.runs();
    let of = |outcome: &Outcome<'_>| {
        let settings = outcome.settings;
        let Some(of) = settings.test(test) else { return Ok(Vec::new()) };
        let count = tasks_at_hand(of.task, of.evaluation);
        let tasks = test_tasks(of.task, &EvaluationSettings { test_tasks: count, ..of.evaluation.clone() });
        let mut losses = Vec::new();
        for ran in &outcome.runs {
            let is_it = |run: &crate::study::Run| run.seed == ran.seed && run.settings.name == settings.name;
            let Some(index) = runs.iter().position(is_it) else { continue };
            let trained = watcher.trained(index);
            let trained =
                trained.map_err(|error| anyhow!("{error}; the command that trained it writes it anew"))?;
            let Some(weights) = trained else { continue };
            let of_run = losses_at(&settings.tested(&weights, of), &tasks, (LossAxis::Steps, n), || true);
            // Somebody's answers are finite: where no task has one, nothing was answered.
            let is_there = |of_run: &Vec<f64>| {
                !settings.algorithm.reads_answers() || of_run.iter().any(|loss| loss.is_finite())
            };
            losses.extend(of_run.filter(is_there));
        }
        Ok(losses)
    };
    outcomes.iter().map(of).collect()
}

/// The charts of these losses, one a group of systems that were tested on the same tasks.
pub fn figure(
    outcomes: &[(String, Outcome<'_>)],
    losses: &[Vec<Vec<f64>>],
    (n, test): (usize, Option<&str>),
    interval: Interval,
) -> Figure {
    let only: Vec<Outcome<'_>> = outcomes.iter().map(|(_, outcome)| outcome.clone()).collect();
    let mut charts = Vec::new();
    let mut tasks = 0;
    for group in groups(&only, test) {
        let members = group.members.iter().filter(|index| !losses[**index].is_empty());
        let profiles: Vec<(usize, Profile)> = {
            let members: Vec<usize> = members.copied().collect();
            let taus =
                Profile::taus(members.iter().flat_map(|index| losses[*index].iter().flatten().copied()));
            members.into_iter().map(|index| (index, Profile::of(&losses[index], &taus))).collect()
        };
        let Some((_, any)) = profiles.first() else { continue };
        let (low, high) = (any.taus.first().copied().unwrap_or(0.1), any.taus.last().copied().unwrap_or(1.0));
        let series = profiles.iter().map(|(index, profile)| {
            let (name, _) = &outcomes[*index];
            let seeds = losses[*index].len();
            tasks = tasks.max(losses[*index].first().map_or(0, Vec::len));
            let band = |at: usize| {
                let [low, high] = match interval {
                    Interval::Seeds => profile.ends[at],
                    Interval::Std => [profile.mean[at] - profile.std[at], profile.mean[at] + profile.std[at]],
                    Interval::Ci95 => {
                        let half = crate::eval::half_width(profile.std[at], seeds).unwrap_or(f64::NAN);
                        [profile.mean[at] - half, profile.mean[at] + half]
                    }
                };
                (profile.taus[at], low.max(0.0), high.min(1.0))
            };
            Series {
                name: format!("{name} ({})", seeds_in_words(seeds)),
                place: *index,
                points: profile.taus.iter().copied().zip(profile.mean.iter().copied()).collect(),
                band: if seeds > 1 { (0..profile.taus.len()).map(band).collect() } else { Vec::new() },
                marked: true,
                stands_out: Vec::new(),
            }
        });
        charts.push(Chart {
            title: if group.title.is_empty() { String::new() } else { format!("Tasks with {}", group.title) },
            series: series.collect(),
            x: Axis {
                scale: Scale::log(low, high),
                label: "test loss \u{3c4} (MSE)".to_owned(),
                whole: false,
            },
            y: Axis { scale: Scale::linear(0.0, 1.0), label: "share of tasks".to_owned(), whole: false },
            rules: Vec::new(),
        });
    }
    let on = test.map_or(String::new(), |test| format!("[{test}] "));
    Figure {
        title: format!("{on}Share of test tasks with a loss of at most \u{3c4} after {}", steps(n)),
        columns: 2,
        charts,
        notes: vec![format!(
            "Mean over seeds of the share of {tasks} test tasks; shaded: {}. A task whose loss is not finite never counts.",
            band_in_words(interval).replace("of the mean over seeds", "over seeds")
        )],
    }
}

fn steps(n: usize) -> String {
    if n == 1 { "one step".to_owned() } else { format!("{n} steps") }
}

/// The place of the task of median loss among these, of a system's first seed.
pub fn median_task(losses: &[Vec<f64>]) -> Option<usize> {
    let first = losses.first()?;
    let mut order: Vec<usize> = (0..first.len()).collect();
    let key = |task: &usize| if first[*task].is_nan() { f64::INFINITY } else { first[*task] };
    order.sort_by(|a, b| key(a).total_cmp(&key(b)));
    order.get(order.len() / 2).copied()
}
