//! `metascope gradient`: the meta-gradient for those who check it against their own.

use std::io::Write;

use anyhow::Context;
use serde_json::{Value, json};

use super::inputs::{adapt_at, checkpoint, gradient_of};
use super::outcome::{Exit, Misuse};
use super::run::refuse_beyond;
use super::tasks::read_tasks;
use crate::cli::GradientCommand;
use crate::config::printable;
use crate::learner::{Answer, Question, Resemblance, compare_gradients, meta_gradient};
use crate::model::{Kernels, Order};
use crate::study::needs::Needs;
use crate::study::write_out;

/// Computes, writes and prints.
pub fn gradient(command: &GradientCommand) -> anyhow::Result<Exit> {
    let mut weights = checkpoint(&command.checkpoint)?;
    adapt_at(&mut weights, command.inner_lr)?;
    let inner_lr = weights.adaptation.inner_lr;
    if command.first_order && !weights.adaptation.inner.has_order() {
        let text =
            "--first-order: this checkpoint's learner takes no inner gradient that could be held constant";
        return Err(Misuse(text.to_owned()).into());
    }
    let tasks = read_tasks(&command.tasks)?;
    let order = if command.first_order { Order::First } else { Order::Exact };
    // A file that says nothing of inner steps is asked about one.
    let steps = command.inner_steps.map_or(weights.adaptation.inner_steps.max(1), usize::from);
    if !command.force {
        let points: Vec<_> = tasks.iter().map(|(support, query)| (support.x.len(), query.x.len())).collect();
        let needs = Needs::of_gradient(&weights.model, &points, steps);
        let what = format!("{}: {steps} inner steps on its tasks", command.tasks.display());
        refuse_beyond(&needs, &what, "take fewer points or a smaller --inner-steps")?;
    }
    // Read before the work, which may be long.
    let theirs = command.compare.as_ref().map(|path| gradient_of(&weights, path)).transpose()?;
    let found = meta_gradient(&weights, &tasks, steps, order, Kernels::fastest())?;
    if let Some(out) = &command.out {
        let metadata = [
            ("quantity", "mean over tasks of the gradient of the query loss".to_owned()),
            ("inner_lr", inner_lr.to_string()),
            ("inner_steps", steps.to_string()),
            ("first_order", command.first_order.to_string()),
            ("metascope", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        write_out(out, &found.gradient.to_bytes(&metadata))
            .with_context(|| format!("{} could not be written", out.display()))?;
    }
    let answer = theirs.map(|theirs| {
        let question = Question { weights: &weights, tasks: &tasks, steps, order, theirs: &theirs };
        compare_gradients(&question)
    });
    let answer = answer.transpose()?;
    let exit = if answer.as_ref().is_none_or(Answer::agrees) { Exit::Done } else { Exit::Failed };
    let values = &found.gradient.values;
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    // `max` passes over what is no number, the norm does not.
    let largest = if norm.is_nan() { f64::NAN } else { largest };
    let mean_loss = found.losses.iter().sum::<f64>() / found.losses.len() as f64;
    let mut out = std::io::stdout().lock();
    if command.json {
        let mut report = json!({
            "losses": found.losses,
            "mean_loss": mean_loss,
            "gradient_norm": norm,
            "gradient_max": largest,
            "tasks": found.losses.len(),
            "inner_lr": inner_lr,
            "inner_steps": steps,
            "first_order": command.first_order,
            "kernel": Kernels::fastest().name(),
        });
        if let Some(answer) = &answer {
            report["compare"] = as_json(answer);
        }
        writeln!(out, "{report}")?;
        if let Some(answer) = answer.filter(|answer| !answer.agrees()) {
            eprintln!("{}", verdict(&answer));
        }
        return Ok(exit);
    }
    let order = if command.first_order { "first-order" } else { "exact" };
    let rate = if weights.adaptation.inner.has_rate() { format!(" of {inner_lr}") } else { String::new() };
    writeln!(out, "{order} meta-gradient over {} tasks, {steps} inner steps{rate}", tasks.len())?;
    writeln!(out, "mean query loss  {mean_loss:.9}")?;
    writeln!(out, "norm             {norm:.9}")?;
    writeln!(out, "largest entry    {largest:.9}")?;
    if let Some(path) = &command.out {
        writeln!(out, "written to       {}", printable(&path.display().to_string()))?;
    }
    if let (Some(answer), Some(path)) = (&answer, &command.compare) {
        let name = printable(&path.display().to_string());
        write!(out, "\nheld against {name}\n{}", table(answer))?;
        if answer.agrees() {
            writeln!(out, "{}", verdict(answer))?;
        }
    }
    drop(out);
    if let Some(answer) = answer.filter(|answer| !answer.agrees()) {
        eprintln!("{}", verdict(&answer));
    }
    Ok(exit)
}

/// A comparison for a program.
fn as_json(answer: &Answer) -> Value {
    let tensors: Vec<_> = answer
        .tensors
        .iter()
        .map(|of| json!({ "name": of.name, "largest": of.largest, "difference": of.difference }))
        .collect();
    let is = answer
        .is
        .as_ref()
        .map(|is| json!({ "gradient": is.gradient, "factor": is.factor, "because": is.because }));
    json!({
        "agrees": answer.agrees(),
        "relative": answer.relative,
        "tolerance": answer.tolerance,
        "tensors": tensors,
        "is": is,
    })
}

/// How far apart the two are, a line a tensor.
fn table(answer: &Answer) -> String {
    let width = answer.tensors.iter().map(|tensor| tensor.name.len()).max().unwrap_or(0).max("tensor".len());
    let mut text = format!("{:width$}  largest entry  largest difference\n", "tensor");
    for of in &answer.tensors {
        text += &format!("{:width$}  {:>13.6e}  {:>18.6e}\n", of.name, of.largest, of.difference);
    }
    text
}

/// What a comparison comes to, in a sentence.
fn verdict(answer: &Answer) -> String {
    let text = format!("relative difference {:.1e}: ", answer.relative);
    text + &match &answer.is {
        _ if answer.agrees() => {
            format!("the same, to the rounding of its numbers ({:.0e})", answer.tolerance)
        }
        None => "another gradient, and none of the mistakes that are known".to_owned(),
        Some(Resemblance { gradient, factor, because }) if because.is_empty() => match *factor {
            1.0 => format!("another gradient. It is {gradient}"),
            factor => format!("another gradient. It is {factor:.4} times {gradient}"),
        },
        Some(Resemblance { gradient, factor, because }) => {
            format!("another gradient. It is {factor} times {gradient}: {}", because.join(", "))
        }
    }
}
