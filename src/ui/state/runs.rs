//! What the dashboard knows of experiments and their runs, as plain data.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use super::rewind::Past;
use crate::{
    eval::Curve,
    experiments::Experiment,
    study::{Holder, Snapshot, Told},
};

pub use crate::study::Phase;

/// One experiment.
pub struct ExperimentState {
    /// Its settings.
    pub settings: Arc<Experiment>,
    /// Its runs.
    pub runs: Vec<usize>,
    /// Its test tasks, one set for each that the study has; `None` where it is not tested on that.
    pub sets: Vec<Option<usize>>,
    /// Steps at which its runs keep their parameters.
    pub landmarks: Vec<u64>,
    /// The row of lists that it is in, which also gives it its colour: the cells of a sweep share one.
    pub row: usize,
}

/// One run.
#[derive(Clone)]
pub struct RunState {
    /// The experiment it belongs to.
    pub experiment: usize,
    /// Its seed.
    pub seed: u64,
    /// What it has told; its fields stand for this run's.
    pub told: Told,
    /// A curve over a few tasks of the network at this step.
    pub preview: Option<(u64, Curve)>,
    /// When that was, since the screen was opened.
    pub previewed: Duration,
    /// The step of its last report.
    pub step_told: u64,
    /// Events that are still to come of what was recorded before anybody looked, and when the last of them
    /// was, in seconds since 1970.
    pub recorded: Option<(usize, u64)>,
    /// Whether it had ended before anybody looked.
    pub loaded: bool,
    /// Which other process has it, where the study is shared.
    pub holder: Option<Holder>,
    /// The newest parameters.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Parameters of its past.
    pub past: Past,
}

/// What was seen of the workers since somebody looks on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Seconds of workers that had something to do.
    pub busy: f64,
    /// Of these, seconds of training.
    pub trained: f64,
    /// Evaluations that came to their end, in inner steps on one test task.
    pub tested: f64,
    /// Seconds of a unit, as they were seen when the last one came to its end.
    pub unit: f64,
}

impl RunState {
    /// Before anything happened.
    pub fn new(experiment: usize, seed: u64, total: u64) -> Self {
        Self {
            experiment,
            seed,
            told: Told::new(total),
            preview: None,
            previewed: Duration::ZERO,
            step_told: 0,
            recorded: None,
            loaded: false,
            holder: None,
            snapshot: None,
            past: Past::default(),
        }
    }
}

impl Deref for RunState {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.told
    }
}

impl DerefMut for RunState {
    fn deref_mut(&mut self) -> &mut Told {
        &mut self.told
    }
}
