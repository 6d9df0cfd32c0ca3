//! `metascope eval`: how well a checkpoint adapts to the tasks of a file.

use std::io::Write;

use serde::Serialize;

use super::inputs::{adapt_at, checkpoint};
use super::outcome::{Exit, Misuse};
use super::tasks::read_tasks;
use crate::cli::EvalCommand;
use crate::eval::{Adapter, Curve, statistics};
use crate::model::Adaptation;

/// The largest n: a million steps take seconds a task.
const MOST_STEPS: usize = 1_000_000;

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    curve: Curve,
    /// Absent where the checkpoint's rule has no rate that is one number.
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_lr: Option<f64>,
    /// One row a task, one column an element of `steps`.
    losses: Vec<Vec<f64>>,
}

/// Adapts and prints.
pub fn eval(command: &EvalCommand) -> anyhow::Result<Exit> {
    let mut steps = command.steps.clone();
    steps.sort_unstable();
    steps.dedup();
    let most = steps.last().copied().unwrap_or(0);
    if most > MOST_STEPS {
        return Err(Misuse(format!("--steps {most}: at most {MOST_STEPS} steps")).into());
    }
    let mut weights = checkpoint(&command.checkpoint)?;
    if command.plain {
        if weights.adaptation.inner.scale().is_some() {
            let text =
                "--plain: this checkpoint's network reads its support points; SGD steps do not adapt it";
            return Err(Misuse(text.to_owned()).into());
        }
        weights = weights.plain();
    }
    adapt_at(&mut weights, command.inner_lr)?;
    let inner_lr = weights.adaptation.inner.has_rate().then_some(weights.adaptation.inner_lr);
    let tasks = read_tasks(&command.tasks)?;
    let mut adapter = Adapter::new(&weights);
    let losses: Vec<Vec<f64>> = tasks
        .iter()
        .map(|(support, query)| {
            adapter.take_task(support, query);
            let mut taken = 0;
            let mut loss_after = |n: usize| {
                for _ in taken..n {
                    adapter.descend();
                }
                taken = n;
                adapter.loss()
            };
            steps.iter().map(|&n| loss_after(n)).collect()
        })
        .collect();
    let mut curve = statistics(&losses.concat(), steps.len() - 1);
    curve.steps = steps;
    let mut out = std::io::stdout().lock();
    if command.json {
        let report = Report { curve, inner_lr, losses };
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
        return Ok(Exit::Done);
    }
    let rule = &weights.adaptation;
    let is_plain = *rule == Adaptation::sgd(rule.inner_lr, rule.inner_steps);
    let how = match inner_lr {
        Some(rate) if is_plain => format!("SGD steps of {rate}"),
        Some(rate) => format!("steps of its own rule, rate {rate}"),
        None => "steps of its own rule, whose rates are learned or not needed".to_owned(),
    };
    writeln!(out, "{} tasks, {how}", curve.tasks)?;
    writeln!(out, "{:>7}  {:>12}  {:>12}  {:>12}  not finite", "n", "mean loss", "median", "95 % +-")?;
    for i in 0..curve.steps.len() {
        writeln!(
            out,
            "{:>7}  {:>12.6}  {:>12.6}  {:>12.6}  {:>8.1} %",
            curve.steps[i],
            curve.mean[i],
            curve.median[i],
            curve.ci95[i],
            100.0 * curve.nonfinite[i]
        )?;
    }
    Ok(Exit::Done)
}
