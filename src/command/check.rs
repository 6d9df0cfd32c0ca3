//! `metascope check`: every problem of an experiments file at once.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::inputs::study;
use super::notes::notes;
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
    let stdin = Path::new("/dev/stdin");
    let study = study(file.map(|file| if file == Path::new("-") { stdin } else { file }))?;
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
    lines.extend(notes(&study));
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
        let cost = experiment.algorithm.cost(training).flop(model, task.shots.middle(), task.query) as f64;
        cost * training.meta_batch as f64
    };
    let total = |experiment: &&Experiment| {
        step(experiment) * experiment.total_steps() as f64 * experiment.seeds.len() as f64
    };
    let short = |experiment: &&Experiment| experiment.algorithm.trains() && step(experiment) <= LONGEST_STEP;
    // Algorithms differ in how fast they do what is counted; of each the experiment that takes the longest speaks.
    let mut longest: Vec<&Experiment> = Vec::new();
    for experiment in study.experiments.iter().filter(short) {
        match longest.iter_mut().find(|other| other.algorithm == experiment.algorithm) {
            Some(other) if total(other) >= total(&experiment) => {}
            Some(other) => *other = experiment,
            None => longest.push(experiment),
        }
    }
    let speeds = longest.into_iter().map(|experiment| Some((experiment, speed(experiment, &step)?)));
    let speeds: Vec<_> = speeds.collect::<Option<_>>()?;
    let Some(slowest) = speeds.iter().map(|(_, speed)| *speed).min_by(f64::total_cmp) else {
        // Nothing is trained, and testing takes its time in the same operations.
        return study.experiments.iter().all(|one| !one.algorithm.trains()).then_some(runs as f64 * FILES);
    };
    let of = |experiment: &Experiment| {
        let known = speeds.iter().find(|(known, _)| known.algorithm == experiment.algorithm);
        known.map_or(slowest, |(_, speed)| *speed)
    };
    let trained = || study.experiments.iter().filter(|experiment| experiment.algorithm.trains());
    let training: f64 = trained().map(|experiment| total(&experiment) / of(experiment)).sum();
    let testing = (needs.flop - trained().map(|experiment| total(&experiment)).sum::<f64>()) / slowest;
    let jobs = jobs.min(runs).max(1) as f64;
    Some((training + testing) / jobs + runs as f64 * FILES)
}

/// Operations a second of this experiment's outer steps; `None` if memory runs out.
fn speed(experiment: &Experiment, step: &dyn Fn(&Experiment) -> f64) -> Option<f64> {
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
    Some(step(experiment) * steps / start.elapsed().as_secs_f64())
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
