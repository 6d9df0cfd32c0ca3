//! `metascope check`: every problem of an experiments file at once.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::inputs::study;
use super::outcome::Exit;
use super::run::{cores, workers};
use crate::config::printable;
use crate::experiments::{Experiment, FIRST_TEST, Study};
use crate::learner::{Budget, Trainer, Training};
use crate::model::Kernels;
use crate::results::{rows, test_names};
use crate::study::needs::{Needs, available, size};
use crate::study::plan;
use crate::task::{TaskSettings, TrainTasks};

/// Prints what the file asks for, or fails with all its problems.
pub fn check(file: Option<&Path>) -> anyhow::Result<Exit> {
    let study = study(file)?;
    let runs = plan(&study);
    let steps: u64 = runs.iter().map(|run| run.settings.total_steps()).sum();
    let name =
        study.path.as_ref().map_or("the built-in experiments".into(), |path| path.display().to_string());
    let cores = cores();
    let needs = Needs::of(&runs, cores);
    let (experiments, runs) = (study.experiments.len(), runs.len());
    let (bytes, work, jobs) = (size(needs.bytes), operations(needs.flop), workers(cores));
    let mut lines = vec![
        format!("{name}: no problems; {experiments} experiments, {runs} runs, {steps} outer steps"),
        format!("about {work} operations, and {bytes} of memory with {jobs}"),
    ];
    if let Some(seconds) = seconds(&study, &needs, runs, cores) {
        let (time, disk) = (duration(seconds), size(needs.disk));
        lines.push(format!(
            "an estimate for this machine: about {time} with {jobs} (measured on a few outer steps), {disk} of disk"
        ));
    }
    let (_, sweeps) = rows(study.experiments.iter());
    for sweep in &sweeps {
        let axes: Vec<String> =
            sweep.axes.iter().map(|axis| format!("{} ({})", axis.key, axis.values.len())).collect();
        let (cells, name) = (sweep.experiments.len(), &sweep.name);
        let runs: usize = sweep.experiments.iter().map(|index| study.experiments[*index].seeds.len()).sum();
        lines.push(format!("sweep {name}: {} are {cells} experiments, {runs} runs", axes.join(" x ")));
    }
    let tests = test_names(study.experiments.iter());
    let figures: usize = study.experiments.iter().map(|experiment| experiment.published.len()).sum();
    if !tests.is_empty() {
        lines.push(format!("{} test sets: {FIRST_TEST}, {}", tests.len() + 1, tests.join(", ")));
    }
    if figures > 0 {
        lines.push(format!("{figures} published figures to hold the results against"));
    }
    if let Some(available) = available().filter(|available| needs.bytes > *available) {
        lines.push(format!("this machine gives {}: `run` refuses it without --force", size(available)));
    }
    let mut out = std::io::stdout();
    for line in lines {
        writeln!(out, "{}", printable(&line))?;
    }
    Ok(Exit::Done)
}

/// How long is measured how fast this machine is.
const MEASURED: Duration = Duration::from_millis(40);
/// Operations of an outer step that is not too long to be measured, tens of milliseconds.
const LONGEST_STEP: f64 = 1e8;
/// Seconds that the files of a run take, each of which is on the disk before the next: as 500 runs of one step took,
/// two at a time, on a virtual machine's disk.
const FILES: f64 = 0.024;

/// About how long the study will take with so many workers; `None` if no outer step is short enough to be measured.
fn seconds(study: &Study, needs: &Needs, runs: usize, jobs: usize) -> Option<f64> {
    let step = |experiment: &Experiment| {
        let Experiment { training, model, task, .. } = experiment;
        let cost = experiment.algorithm.cost(training).flop(model, task.shots, task.query) as f64;
        cost * training.meta_batch as f64
    };
    let total = |experiment: &&Experiment| {
        step(experiment) * experiment.total_steps() as f64 * experiment.seeds.len() as f64
    };
    let short = |experiment: &&Experiment| experiment.algorithm.trains() && step(experiment) <= LONGEST_STEP;
    // What takes the longest decides, so its speed counts.
    let most =
        study.experiments.iter().filter(short).max_by(|one, other| total(one).total_cmp(&total(other)));
    let Some(experiment) = most else {
        // Nothing is trained, and testing takes its time in the same operations.
        return study.experiments.iter().all(|one| !one.algorithm.trains()).then_some(runs as f64 * FILES);
    };
    // A pool of tasks may be large, and to draw it is not what is measured.
    let training = Training { budget: Budget::OuterSteps(1), ..experiment.training.clone() };
    let task = TaskSettings { train_tasks: TrainTasks::Fresh, ..experiment.task.clone() };
    let settings = (&training, &task, &experiment.model);
    let mut trainer = Trainer::new(&*experiment.algorithm, settings, 0, Kernels::fastest());
    // The first step also brings memory and caches into use.
    trainer.outer_step().ok()?;
    let (start, mut steps) = (Instant::now(), 0.0);
    while start.elapsed() < MEASURED {
        trainer.outer_step().ok()?;
        steps += 1.0;
    }
    let speed = step(experiment) * steps / start.elapsed().as_secs_f64();
    let jobs = jobs.min(runs).max(1) as f64;
    Some(needs.flop / speed / jobs + runs as f64 * FILES)
}

/// Seconds in words, no finer than an estimate is.
fn duration(seconds: f64) -> String {
    match seconds {
        ..1.5 => "a second".to_owned(),
        ..90.0 => format!("{seconds:.0} seconds"),
        ..5_400.0 => format!("{:.0} minutes", seconds / 60.0),
        ..172_800.0 => format!("{:.1} hours", seconds / 3_600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

/// Operations in words: `3.2e12`.
fn operations(flop: f64) -> String {
    if flop < 1e6 { "less than 1e6".to_owned() } else { format!("{flop:.1e}") }
}
