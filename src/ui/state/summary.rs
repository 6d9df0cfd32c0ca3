//! What the views show of many runs at once: progress, time left, what came of them. Counted each time it is drawn, so it
//! is never out of date; what is worked out over seeds is in `gathered.rs`.

use std::sync::Arc;

use super::{app::App, countdown::Remaining, runs::Phase};
use crate::{
    eval::LossAxis,
    results::{Figure, Findings, Outcome, Ran, Tally, figures, table_steps},
    study::Holder,
    task::Shots,
};

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
    /// Runs that nobody trains any more.
    pub left_behind: usize,
    /// Seeds in training, each with its step and the other process that has it, if one does.
    pub training: Vec<(u64, u64, Option<Holder>)>,
    /// Steps taken and steps planned, over all runs.
    pub steps: (u64, u64),
    /// Steps a second over the runs in training.
    pub speed: f64,
    /// Time until its last run ends, once it can be told.
    pub left: Option<Remaining>,
}

impl App {
    /// How far an experiment is.
    pub fn progress(&self, experiment: usize) -> Progress {
        self.progress_of(&[experiment])
    }

    /// How far these experiments are together.
    pub fn progress_of(&self, experiments: &[usize]) -> Progress {
        let mut progress = Progress {
            runs: 0,
            finished: 0,
            failed: 0,
            paused: 0,
            stopped: 0,
            left_behind: 0,
            training: Vec::new(),
            steps: (0, 0),
            speed: 0.0,
            left: None,
        };
        let runs = experiments.iter().flat_map(|experiment| &self.experiments[*experiment].runs);
        for run in runs.map(|run| &self.runs[*run]) {
            progress.runs += 1;
            progress.steps.1 = progress.steps.1.saturating_add(run.total);
            // A run that failed takes no more steps, so it counts as over.
            let taken = match run.phase {
                Phase::Queued | Phase::Training | Phase::Paused | Phase::Stopped | Phase::Left => {
                    run.step.min(run.total)
                }
                Phase::Finished { .. } | Phase::Failed { .. } => run.total,
            };
            progress.steps.0 = progress.steps.0.saturating_add(taken);
            match run.phase {
                Phase::Queued => {}
                Phase::Left => progress.left_behind += 1,
                Phase::Paused => progress.paused += 1,
                Phase::Stopped => progress.stopped += 1,
                Phase::Training => {
                    progress.training.push((run.seed, run.step, run.holder.clone()));
                    progress.speed += if run.speed.is_finite() { run.speed } else { 0.0 };
                }
                Phase::Finished { .. } => progress.finished += 1,
                Phase::Failed { .. } => progress.failed += 1,
            }
        }
        progress.left = self.left_of(experiments);
        progress
    }

    /// How many of all runs have come how far.
    pub fn tally(&self) -> Tally {
        Tally::of(self.active().map(|run| &self.runs[run].phase))
    }

    /// Runs that have ended, and all runs.
    pub fn runs_done(&self) -> (usize, usize) {
        (self.active().filter(|run| self.runs[*run].has_ended()).count(), self.active().count())
    }

    /// What came of every experiment's runs, whatever the views look at.
    pub fn outcomes(&self) -> Vec<Outcome<'_>> {
        self.outcomes_along(LossAxis::Steps)
    }

    /// The same over this axis.
    pub fn outcomes_along(&self, axis: LossAxis) -> Vec<Outcome<'_>> {
        let ran = |run: &usize| {
            let run = &self.runs[*run];
            Ran { seed: run.seed, curves: &run.curves, failure: run.failure() }
        };
        self.experiments
            .iter()
            .map(|experiment| Outcome {
                settings: &experiment.settings,
                runs: experiment.runs.iter().map(ran).collect(),
                axis,
            })
            .collect()
    }

    /// The published figures, and how the results stand to them.
    pub fn figures(&self) -> Arc<Vec<Figure>> {
        self.published.of((), || figures(&self.outcomes()))
    }

    /// What is to be said of the results on the test set in view, over the axis in view.
    pub fn findings<T>(&self, say: impl FnOnce(&Findings<'_>) -> T) -> T {
        let (outcomes, compared) = (self.outcomes_along(self.axis()), self.compared());
        say(&Findings {
            outcomes: &outcomes,
            compared: &compared,
            test: self.test_name(),
            average: self.curves.average,
            glyphs: self.styles.glyphs(),
        })
    }

    /// The last n of any evaluation on the test set in view, or the last K where curves are over points.
    pub fn most_steps(&self) -> usize {
        let axis = self.axis();
        let last = |index| axis.last(&self.set(index).evaluation);
        (0..self.experiments.len()).filter_map(last).max().unwrap_or(0)
    }

    /// The n of the loss table.
    pub fn table_steps(&self) -> Vec<usize> {
        table_steps(self.most_steps())
    }

    /// What the header says of the study: `sine, 10-shot, 5 systems x 5 seeds`.
    pub fn subject(&self) -> String {
        let shots = self.experiments.iter().map(|experiment| experiment.settings.task.shots);
        let mut shots: Vec<Shots> = shots.collect();
        shots.sort_unstable_by_key(|shots| (shots.fewest, shots.most));
        shots.dedup();
        // One range over all would be nobody's; a sweep may have dozens.
        let shots = match shots[..] {
            [one] => format!("{}-shot", one.in_words()),
            [one, other] => format!("{}/{}-shot", one.in_words(), other.in_words()),
            _ => "mixed shots".to_owned(),
        };
        let mut families: Vec<&str> =
            self.experiments.iter().map(|experiment| experiment.settings.task.family.name()).collect();
        families.sort_unstable();
        families.dedup();
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
        format!("{}, {shots}, {} {times} {seeds}", families.join("/"), plural(systems, "system"))
    }
}
