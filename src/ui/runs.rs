//! What the dashboard knows of experiments and their runs, as plain data.

use std::{collections::HashSet, sync::Arc};

use super::{
    app::{App, View},
    rewind::Past,
};
use crate::{
    eval::Curve,
    experiments::{Experiment, Study},
    study::{Run, Snapshot, landmarks},
    ui::family::TestSet,
};

/// One experiment.
pub struct ExperimentState {
    /// Its settings.
    pub settings: Arc<Experiment>,
    /// Its runs.
    pub runs: Vec<usize>,
    /// Its test tasks.
    pub set: usize,
    /// Steps at which its runs keep their parameters.
    pub landmarks: Vec<u64>,
}

/// One run.
#[derive(Clone)]
pub struct RunState {
    /// The experiment it belongs to.
    pub experiment: usize,
    /// Its seed.
    pub seed: u64,
    /// Outer steps it will take.
    pub total: u64,
    /// Where it stands.
    pub phase: Phase,
    /// Outer steps taken.
    pub step: u64,
    /// Outer steps a second, as last reported.
    pub speed: f64,
    /// Training losses as reported: step, mean loss.
    pub losses: Vec<(u64, f64)>,
    /// The adaptation curve of the trained network.
    pub curve: Option<Curve>,
    /// A curve over a few tasks of the network at this step.
    pub preview: Option<(u64, Curve)>,
    /// The newest parameters.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Parameters of its past.
    pub past: Past,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Waiting for a worker.
    Queued,
    /// A worker has it.
    Training,
    /// A person lets it wait.
    Paused,
    /// A person ended it.
    Stopped,
    /// Trained and evaluated.
    Finished {
        /// Wall time.
        seconds: f64,
        /// Where its checkpoint is, if anywhere.
        checkpoint: Option<String>,
    },
    /// Diverged, panicked or could not be saved.
    Failed {
        /// The outer step it happened at.
        step: u64,
        /// Why, in a sentence.
        error: String,
    },
}

impl RunState {
    /// Before anything happened.
    pub fn new(experiment: usize, seed: u64, total: u64) -> Self {
        Self {
            experiment,
            seed,
            total,
            phase: Phase::Queued,
            step: 0,
            speed: f64::NAN,
            losses: Vec::new(),
            curve: None,
            preview: None,
            snapshot: None,
            past: Past::default(),
        }
    }

    /// Whether it will take no more steps by itself.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Finished { .. } | Phase::Failed { .. } | Phase::Stopped)
    }

    /// Whether a worker has it or will.
    pub fn is_moving(&self) -> bool {
        matches!(self.phase, Phase::Queued | Phase::Training)
    }
}

impl App {
    /// Takes over a study whose runs, in the order of the plan, are known under these numbers. Runs that
    /// were there before stay as they are.
    pub fn replan(&mut self, study: &Study, plan: &[Run], numbers: &[usize]) {
        let kept: HashSet<usize> = self.active().collect();
        let name_of = |index: usize| self.experiments.get(index).map(|other| other.settings.name.clone());
        let shown = if let View::Experiment(index) = self.view { name_of(index) } else { None };
        let selected = name_of(self.selected);
        self.experiments.clear();
        for (index, settings) in study.experiments.iter().enumerate() {
            let set = self.sets.iter().position(|set| set.is_of(settings)).unwrap_or_else(|| {
                self.sets.push(TestSet::new(&settings.task, &settings.evaluation));
                self.sets.len() - 1
            });
            let runs = plan.iter().zip(numbers).filter(|(run, _)| run.experiment == index);
            let runs = runs.map(|(_, number)| *number).collect();
            let landmarks = landmarks(settings.total_steps());
            self.experiments.push(ExperimentState {
                settings: Arc::new(settings.clone()),
                runs,
                set,
                landmarks,
            });
        }
        for (run, &number) in plan.iter().zip(numbers) {
            let fresh = || RunState::new(run.experiment, run.seed, run.settings.total_steps());
            while self.runs.len() <= number {
                self.runs.push(fresh());
            }
            match kept.contains(&number) {
                true => self.runs[number].experiment = run.experiment,
                false => self.runs[number] = fresh(),
            }
        }
        let named = |name: &str| self.experiments.iter().position(|other| other.settings.name == name);
        if let Some(shown) = shown {
            self.view = named(&shown).map_or(View::Overview, View::Experiment);
        }
        self.selected = selected.and_then(|name| named(&name)).unwrap_or(0);
        self.fit.compare = None;
        self.study = study.clone();
        self.ended = None;
    }

    /// How far at the front of the queue the first of these runs is, in words.
    pub fn place_in_queue(&self, runs: &[usize]) -> String {
        match self.queue.iter().position(|other| runs.contains(other)) {
            Some(0) => "next in the queue".to_owned(),
            Some(place) => format!("queued, {place} before it"),
            None => "queued".to_owned(),
        }
    }

    /// Runs of the study that failed.
    pub fn failures(&self) -> usize {
        self.active().filter(|run| matches!(self.runs[*run].phase, Phase::Failed { .. })).count()
    }

    /// The numbers of the runs that belong to the study, experiment by experiment.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.experiments.iter().flat_map(|experiment| experiment.runs.iter().copied())
    }
}
