//! What the views look at: which run, which network of its past or its newest, which task, and what the
//! network makes of it. Derived from the state, nothing here changes it.

use std::{sync::Arc, time::Duration};

use super::{
    app::{App, Previewed},
    rewind::NOTCHES,
    runs::Phase,
};
use crate::{
    eval::{self, Asked},
    model::Weights,
    results::text::count,
    study::Snapshot,
    task::{self, Draw, Purpose, TestTask},
};

/// Test tasks a live preview of an adaptation curve is computed on: a few milliseconds of work.
pub const PREVIEW_TASKS: usize = 24;

/// Time between two previews of a run. Half a second's training moves a curve more than an eye can follow, and every
/// point of it is sent over the line.
const PREVIEW: Duration = Duration::from_millis(400);

/// Previews that are asked for together.
const PREVIEWS_AT_ONCE: usize = 32;

/// What a preview is computed from.
pub struct PreviewJob {
    /// The run.
    pub run: usize,
    rewound: bool,
    test: usize,
    step: u64,
    weights: Weights,
    tasks: Vec<TestTask>,
    asked: Asked,
}

impl PreviewJob {
    /// The preview.
    pub fn compute(&self) -> Previewed {
        let curve = eval::curve(&self.weights, &self.tasks, self.asked);
        Previewed { run: self.run, rewound: self.rewound, test: self.test, step: self.step, curve }
    }
}

impl App {
    /// The rate in use for an experiment's fits.
    pub fn inner_lr(&self, experiment: usize) -> f64 {
        self.fit.inner_lr.unwrap_or_else(|| self.test_rate(experiment))
    }

    /// Whether what the view in front shows takes inner steps of a rate at all.
    pub fn has_rate(&self) -> bool {
        let has_rate = |index: usize| self.experiments[index].settings.adaptation().inner.has_rate();
        match self.view.experiment {
            Some(index) => has_rate(index),
            None => (0..self.experiments.len()).any(has_rate),
        }
    }

    /// The run whose network an experiment's fit shows: the chosen seed's.
    pub fn chosen_run(&self, experiment: usize) -> Option<usize> {
        let runs = &self.experiments[experiment].runs;
        runs.get(self.fit.seed.min(runs.len().saturating_sub(1))).copied()
    }

    /// The test task in view, with as many support points as were asked for: fewer leaves out the last
    /// ones, more draws new ones that belong to the task.
    pub fn shown_task(&self, experiment: usize) -> Option<TestTask> {
        let set = self.set(experiment);
        let index = self.fit.task.min(set.count().saturating_sub(1));
        let mut task = set.tasks().get(index)?.clone();
        if let (Some(shots), Some(table)) = (self.fit.shots, set.task.family.table()) {
            // One has to be left to be asked for.
            let shots = shots.min(table.left(&task.function.numbers, 1)).max(1);
            return Some(task::test_task(task.function, table, [shots, shots, set.evaluation.grid]));
        }
        if let Some(shots) = self.fit.shots {
            task.support.x.truncate(shots);
            task.support.y.truncate(shots);
            let draw = Draw::new(&set.task);
            let mut stream = task::stream(set.evaluation.seed ^ index as u64, Purpose::Illustration);
            while task.support.x.len() < shots {
                let (x, y) = draw.point(&task.function, &mut stream);
                task.support.x.push(x);
                task.support.y.push(y);
            }
        }
        Some(task)
    }

    /// Steps a fit is shown after: 0, 1 and the chosen n.
    pub fn shown_steps(&self) -> Vec<usize> {
        let mut steps = vec![0, 1, self.fit.n];
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// The run whose preview is the most out of date among those that views show; `None` when every
    /// preview is as new as its parameters.
    pub fn next_preview(&self) -> Option<usize> {
        self.stale_previews().max().map(|(_, index)| index)
    }

    /// What is to be computed next for a preview, the most out of date first.
    pub fn preview_jobs(&self) -> Vec<PreviewJob> {
        let mut stale: Vec<_> = self.stale_previews().collect();
        stale.sort_unstable();
        stale.iter().rev().take(PREVIEWS_AT_ONCE).filter_map(|(_, run)| self.preview_job(*run)).collect()
    }

    /// Runs whose preview is older than their parameters, after how much they differ.
    fn stale_previews(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        let rewound = self.rewind.notch.is_some();
        self.active()
            .filter(move |&index| {
                let run = &self.runs[index];
                let unfinished = run.phase == Phase::Training && self.curve(index).is_none();
                let shown = self.view.has_curve_of(run.experiment) && self.is_tested(run.experiment);
                (rewound || unfinished) && shown
            })
            .filter_map(move |index| {
                let run = &self.runs[index];
                let wanted = self.wanted_snapshot(index)?.step;
                match if rewound { &run.past.curve } else { &run.preview } {
                    None => Some((u64::MAX, index)),
                    // Of a run that is shown as it is now the newest curve waits for the others' past.
                    Some(_)
                        if rewound
                            && self.landmark(index).is_none()
                            && self.rewind.shown != self.rewind.notch =>
                    {
                        None
                    }
                    Some(_) if !rewound && self.now.saturating_sub(run.previewed) < PREVIEW => None,
                    Some((step, _)) if *step != wanted => Some((step.abs_diff(wanted), index)),
                    Some(_) => None,
                }
            })
    }

    /// What the preview of a run is computed from.
    fn preview_job(&self, run: usize) -> Option<PreviewJob> {
        let state = self.runs.get(run)?;
        let snapshot = self.wanted_snapshot(run)?;
        let set = self.set(state.experiment);
        let tasks = set.few()[..set.few().len().min(PREVIEW_TASKS)].to_vec();
        let adaptation = snapshot.weights.adaptation.at_rate(self.test_rate(state.experiment));
        let weights = Weights { adaptation, ..snapshot.weights.clone() };
        let (step, asked) = (snapshot.step, Asked::from(&set.evaluation));
        Some(PreviewJob {
            run,
            rewound: self.rewind.notch.is_some(),
            test: self.test,
            step,
            weights,
            tasks,
            asked,
        })
    }

    /// The preview of a run.
    #[cfg(test)]
    pub fn preview(&self, run: usize) -> Option<(u64, eval::Curve)> {
        self.preview_job(run).map(|job| (job.step, job.compute().curve))
    }

    /// The landmark of a run that the views look at; `None` is the newest parameters.
    pub(in crate::ui) fn landmark(&self, run: usize) -> Option<usize> {
        let notch = self.rewind.notch?;
        let run = self.runs.get(run)?;
        let landmarks = &self.experiments.get(run.experiment)?.landmarks;
        let share = notch as f64 / NOTCHES as f64;
        let landmark = (share * landmarks.len().saturating_sub(1) as f64).round() as usize;
        // What it has not reached yet is now.
        let newest = run.snapshot.as_ref().map_or(0, |snapshot| snapshot.step);
        landmarks.get(landmark).is_some_and(|step| *step < newest).then_some(landmark)
    }

    /// A run and landmark in view that have not been asked for yet, those of the view in front first.
    pub fn missing_past(&self) -> Option<(usize, usize)> {
        self.missing_pasts().next()
    }

    /// All of them; those in view first, and then once more.
    pub fn missing_pasts(&self) -> impl Iterator<Item = (usize, usize)> {
        let wanted = |run: usize| {
            self.rewind.notch?;
            let landmark = self.landmark(run)?;
            let known = self.runs[run].past.found.as_ref().map(|(known, _)| *known);
            (known != Some(landmark)).then_some((run, landmark))
        };
        let front = self.view.experiment.and_then(|index| self.chosen_run(index));
        let compared = self.fit.compare.and_then(|index| self.chosen_run(index));
        front.into_iter().chain(compared).chain(self.active()).filter_map(wanted)
    }

    /// The parameters in view: the newest or, once every run's are known, those of the notch.
    pub fn shown_snapshot(&self, run: usize) -> Option<&Arc<Snapshot>> {
        let state = self.runs.get(run)?;
        match (self.rewind.notch, &state.past.front) {
            (Some(_), Some(front)) => front.snapshot.as_ref(),
            _ => state.snapshot.as_ref(),
        }
    }

    /// The step or steps of the past at which these runs are on screen, in words; `None` where none of them is
    /// of its past.
    pub fn moments(&self, runs: &[usize]) -> Option<String> {
        let fronts = runs.iter().filter_map(|run| self.runs[*run].past.front.as_ref());
        let steps =
            || fronts.clone().filter(|front| front.reached).filter_map(|front| front.snapshot.as_ref());
        let (low, high) = (steps().map(|at| at.step).min()?, steps().map(|at| at.step).max()?);
        Some(match low == high {
            true => format!("step {}", count(low)),
            false => format!("steps {} to {}", count(low), count(high)),
        })
    }

    /// The parameters that will be in view: the newest, or those of the notch.
    pub fn wanted_snapshot(&self, run: usize) -> Option<&Arc<Snapshot>> {
        let state = self.runs.get(run)?;
        match (self.landmark(run), &state.past.found) {
            // Until the one asked for is there, the one before it.
            (Some(_), Some((_, found))) => found.as_ref(),
            (Some(_), None) => None,
            (None, _) => state.snapshot.as_ref(),
        }
    }

    /// The rate the view in front uses.
    pub fn current_rate(&self) -> f64 {
        self.inner_lr(self.view.experiment.unwrap_or(0))
    }
}
