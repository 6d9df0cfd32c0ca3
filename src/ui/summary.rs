//! What the views show of many runs at once: statistics over seeds, progress, time left, and the loss
//! table. Derived from the state each time it is drawn, so it is never out of date.

use std::time::Duration;

use super::{app::App, runs::Phase};
use crate::{eval::Curve, experiments::Experiment, learner::Algorithm};

/// The n of the loss table; those the evaluation reaches are shown.
pub const TABLE_STEPS: [usize; 6] = [0, 1, 2, 5, 10, 32];

/// An experiment's adaptation curve over its seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct OverSeeds {
    /// Mean over seeds of the mean (or median) test loss at n = 0, 1, ...
    pub mean: Vec<f64>,
    /// Sample standard deviation over seeds; 0 for one seed.
    pub std: Vec<f64>,
    /// Best seed.
    pub low: Vec<f64>,
    /// Worst seed.
    pub high: Vec<f64>,
    /// Largest share over seeds of test tasks that went non-finite.
    pub nonfinite: Vec<f64>,
    /// Seeds in it.
    pub seeds: usize,
    /// Whether it is a preview: a few tasks, networks still in training.
    pub preview: bool,
}

/// How far an experiment is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Runs it has.
    pub runs: usize,
    /// Runs finished.
    pub finished: usize,
    /// Runs failed.
    pub failed: usize,
    /// Runs that a person lets wait.
    pub paused: usize,
    /// Runs that a person ended.
    pub stopped: usize,
    /// Seeds in training, each with its step.
    pub training: Vec<(u64, u64)>,
    /// Steps taken and steps planned, over all runs.
    pub steps: (u64, u64),
    /// Steps a second over the runs in training.
    pub speed: f64,
    /// Time until its last run ends, once it can be told.
    pub left: Option<Duration>,
}

impl OverSeeds {
    fn of(curves: &[&Curve], median: bool, preview: bool) -> Option<Self> {
        let length = curves.iter().map(|curve| curve.mean.len()).min().filter(|length| *length > 0)?;
        let mut summary = Self {
            mean: Vec::with_capacity(length),
            std: Vec::with_capacity(length),
            low: Vec::with_capacity(length),
            high: Vec::with_capacity(length),
            nonfinite: Vec::with_capacity(length),
            seeds: curves.len(),
            preview,
        };
        for n in 0..length {
            let losses = curves.iter().map(|curve| if median { curve.median[n] } else { curve.mean[n] });
            let losses: Vec<f64> = losses.collect();
            let finite: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
            let count = finite.len() as f64;
            let mean = if finite.is_empty() { f64::NAN } else { finite.iter().sum::<f64>() / count };
            let squares = finite.iter().map(|loss| (loss - mean) * (loss - mean)).sum::<f64>();
            summary.mean.push(mean);
            summary.std.push(if finite.len() < 2 { 0.0 } else { (squares / (count - 1.0)).sqrt() });
            summary.low.push(finite.iter().copied().fold(f64::INFINITY, f64::min));
            summary.high.push(finite.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            // A seed without a finite loss is a share of its own: it is said, never averaged away.
            let lost = if finite.len() < losses.len() { 1.0 } else { 0.0 };
            let share = curves.iter().map(|curve| curve.nonfinite.get(n).copied().unwrap_or(0.0));
            summary.nonfinite.push(share.fold(lost, f64::max));
        }
        Some(summary)
    }
}

impl App {
    /// The adaptation curve of an experiment: over the seeds that have been evaluated or, before there
    /// is any, over previews of those in training.
    pub fn over_seeds(&self, experiment: usize) -> Option<OverSeeds> {
        let runs = || self.experiments[experiment].runs.iter().map(|run| &self.runs[*run]);
        if self.rewind.notch.is_some() {
            let past: Vec<&Curve> =
                runs().filter_map(|run| run.past.curve.as_ref().map(|(_, curve)| curve)).collect();
            return OverSeeds::of(&past, self.curves.median, true);
        }
        if let Some(result) = self.result(experiment) {
            return Some(result);
        }
        let previews: Vec<&Curve> =
            runs().filter_map(|run| run.preview.as_ref().map(|(_, curve)| curve)).collect();
        OverSeeds::of(&previews, self.curves.median, true)
    }

    /// The adaptation curve of an experiment's finished runs, whatever the views look at.
    pub fn result(&self, experiment: usize) -> Option<OverSeeds> {
        let runs = self.experiments[experiment].runs.iter();
        let evaluated: Vec<&Curve> = runs.filter_map(|run| self.runs[*run].curve.as_ref()).collect();
        OverSeeds::of(&evaluated, self.curves.median, false)
    }

    /// How far an experiment is.
    pub fn progress(&self, experiment: usize) -> Progress {
        let mut progress = Progress {
            runs: 0,
            finished: 0,
            failed: 0,
            paused: 0,
            stopped: 0,
            training: Vec::new(),
            steps: (0, 0),
            speed: 0.0,
            left: None,
        };
        for run in self.experiments[experiment].runs.iter().map(|run| &self.runs[*run]) {
            progress.runs += 1;
            progress.steps.1 = progress.steps.1.saturating_add(run.total);
            // A run that failed takes no more steps, so it counts as over.
            let taken = match run.phase {
                Phase::Queued | Phase::Training | Phase::Paused | Phase::Stopped => run.step.min(run.total),
                Phase::Finished { .. } | Phase::Failed { .. } => run.total,
            };
            progress.steps.0 = progress.steps.0.saturating_add(taken);
            match run.phase {
                Phase::Queued => {}
                Phase::Paused => progress.paused += 1,
                Phase::Stopped => progress.stopped += 1,
                Phase::Training => {
                    progress.training.push((run.seed, run.step));
                    progress.speed += if run.speed.is_finite() { run.speed } else { 0.0 };
                }
                Phase::Finished { .. } => progress.finished += 1,
                Phase::Failed { .. } => progress.failed += 1,
            }
        }
        progress.left = self.left_of(&[experiment]);
        progress
    }

    /// Runs that have ended, and all runs.
    pub fn runs_done(&self) -> (usize, usize) {
        (self.active().filter(|run| self.runs[*run].has_ended()).count(), self.active().count())
    }

    /// Time until everything has ended, once it can be told.
    pub fn left(&self) -> Option<Duration> {
        let all: Vec<usize> = (0..self.experiments.len()).collect();
        self.left_of(&all)
    }

    /// The work left in these experiments, shared by as many workers as are busy now. An experiment that
    /// has not reported a speed yet is taken to work as fast as the others do, at its own cost a step.
    fn left_of(&self, experiments: &[usize]) -> Option<Duration> {
        let cost = |experiment: usize| cost(&self.experiments[experiment].settings);
        let speed_of = |experiment: usize| {
            let speeds = self.experiments[experiment].runs.iter().map(|run| self.runs[*run].speed);
            mean(speeds.filter(|speed| speed.is_finite() && *speed > 0.0))
        };
        let work = |experiment| speed_of(experiment).map(|speed| speed * cost(experiment));
        let common = mean((0..self.experiments.len()).filter_map(work))?;
        let mut seconds = 0.0;
        for &experiment in experiments {
            let speed = speed_of(experiment).unwrap_or(common / cost(experiment));
            for run in self.experiments[experiment].runs.iter().map(|run| &self.runs[*run]) {
                if run.is_moving() {
                    seconds += run.total.saturating_sub(run.step) as f64 / speed;
                }
            }
        }
        let busy = self.active().filter(|run| self.runs[*run].phase == Phase::Training).count();
        let unended = experiments
            .iter()
            .flat_map(|experiment| &self.experiments[*experiment].runs)
            .filter(|run| self.runs[**run].is_moving())
            .count();
        let workers = busy.min(unended).max(1) as f64;
        Duration::try_from_secs_f64(seconds / workers).ok()
    }

    /// The n of the loss table: 0, 1, 2, 5, 10, 32 as far as the evaluation goes, and its last step.
    pub fn table_steps(&self) -> Vec<usize> {
        let last = self.sets.iter().map(|set| set.evaluation.steps).max().unwrap_or(0);
        let mut steps: Vec<usize> = TABLE_STEPS.into_iter().filter(|n| *n <= last).collect();
        if steps.last().is_some_and(|n| *n < last) && steps.len() < TABLE_STEPS.len() {
            steps.push(last);
        }
        steps
    }

    /// For each n of the table, the experiment with the smallest finished mean.
    pub fn best(&self, steps: &[usize]) -> Vec<Option<usize>> {
        let curves: Vec<_> = (0..self.experiments.len())
            .map(|index| self.over_seeds(index).filter(|curve| !curve.preview))
            .collect();
        // A mean that leaves tasks out wins nothing.
        let loss = |index: usize, n: usize| {
            let curve = curves[index].as_ref().filter(|curve| curve.nonfinite.get(n) == Some(&0.0))?;
            curve.mean.get(n).copied().filter(|loss| loss.is_finite())
        };
        steps
            .iter()
            .map(|&n| {
                (0..curves.len())
                    .filter_map(|index| loss(index, n).map(|loss| (index, loss)))
                    .min_by(|a, b| a.1.total_cmp(&b.1))
                    .map(|(index, _)| index)
            })
            .collect()
    }

    /// What the header says of the study: `sine, 10-shot, 5 systems x 5 seeds`.
    pub fn subject(&self) -> String {
        let mut shots: Vec<usize> =
            self.experiments.iter().map(|experiment| experiment.settings.task.shots).collect();
        shots.sort_unstable();
        shots.dedup();
        let shots: Vec<String> = shots.iter().map(usize::to_string).collect();
        let systems = self.experiments.len();
        let seeds: Vec<usize> = self.experiments.iter().map(|experiment| experiment.runs.len()).collect();
        let plural =
            |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let seeds = match (seeds.iter().min(), seeds.iter().max()) {
            (Some(low), Some(high)) if low == high => plural(*low, "seed"),
            (Some(low), Some(high)) => format!("{low} to {high} seeds"),
            _ => "no runs".to_owned(),
        };
        let times = if self.styles.ascii { "x" } else { "×" };
        format!("sine, {}-shot, {} {times} {seeds}", shots.join("/"), plural(systems, "system"))
    }

    /// Whether an experiment is not trained at all.
    pub fn is_untrained(&self, experiment: usize) -> bool {
        self.experiments[experiment].settings.training.rule() == Algorithm::Random
    }
}

/// Work of one outer step in gradients of one task: a Hessian-vector product is worth two of them.
fn cost(settings: &Experiment) -> f64 {
    let inner = settings.training.inner_steps as f64;
    let gradients = match settings.training.rule() {
        Algorithm::Random | Algorithm::Transfer => 1.0,
        Algorithm::Maml => 1.0 + 3.0 * inner,
        Algorithm::FirstOrderMaml => 1.0 + inner,
        Algorithm::Reptile => inner,
    };
    gradients.max(1.0) * settings.training.meta_batch.max(1) as f64
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    (count > 0.0).then_some(sum / count)
}
