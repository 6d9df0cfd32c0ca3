//! From an experiments file to trained networks: the plan, its worker threads, what they report.

use std::sync::Arc;

use serde::Serialize;

use crate::{config::Experiment, eval::Curve, model::Weights};

/// One training run of the plan; its index in the plan is how everything else refers to it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Index into [`crate::config::Study::experiments`].
    pub experiment: usize,
    /// The resolved settings.
    pub settings: Arc<Experiment>,
    /// The run's seed.
    pub seed: u64,
}

/// What a run reports, in the order it happens. `--json` prints exactly these.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A worker took the run up.
    Started {
        /// Experiment name.
        experiment: String,
        /// Seed.
        seed: u64,
        /// Outer steps it will take.
        total_steps: u64,
    },
    /// About 200 a run, at steps that do not depend on time.
    Progress {
        /// Experiment name.
        experiment: String,
        /// Seed.
        seed: u64,
        /// Outer steps taken.
        step: u64,
        /// Mean training loss since the progress event before.
        loss: f64,
        /// Outer steps a second since the progress event before.
        steps_per_second: f64,
    },
    /// The adaptation curve of the trained network.
    Evaluated {
        /// Experiment name.
        experiment: String,
        /// Seed.
        seed: u64,
        /// The curve; its fields stand beside the others in JSON.
        #[serde(flatten)]
        curve: Curve,
    },
    /// Trained, evaluated and (where asked) saved.
    Finished {
        /// Experiment name.
        experiment: String,
        /// Seed.
        seed: u64,
        /// Wall time of training and evaluation.
        seconds: f64,
        /// Where the checkpoint is; absent when nothing is saved.
        #[serde(skip_serializing_if = "Option::is_none")]
        checkpoint: Option<String>,
    },
    /// The run diverged, panicked or could not be saved; the others go on.
    Failed {
        /// Experiment name.
        experiment: String,
        /// Seed.
        seed: u64,
        /// The outer step it happened at.
        step: u64,
        /// A sentence for a person.
        error: String,
    },
    /// One an experiment, after its last run: statistics over seeds.
    Summary {
        /// Experiment name.
        experiment: String,
        /// Seeds that have a curve.
        seeds: usize,
        /// n.
        steps: Vec<usize>,
        /// Mean over seeds of the mean test loss.
        mean: Vec<f64>,
        /// Sample standard deviation over seeds; 0 for one seed.
        seed_std: Vec<f64>,
    },
}

/// The newest state of a run, left in a slot for whoever wants to look.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Outer steps taken.
    pub step: u64,
    /// Parameters at that step.
    pub weights: Weights,
}

/// A running study: worker threads that train the plan, and what they report.
pub struct Session {
    runs: Vec<Run>,
    events: std::sync::mpsc::Receiver<(usize, Event)>,
    snapshots: Vec<Arc<std::sync::Mutex<Option<Arc<Snapshot>>>>>,
}

impl Session {
    /// The plan: experiments in the file's order, seeds within them.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The next event and the index of the run it belongs to (for a summary: the experiment's last
    /// run), without waiting.
    pub fn try_event(&self) -> Option<(usize, Event)> {
        self.events.try_recv().ok()
    }

    /// The newest snapshot of a run, from step 0 (the initialisation) on; `None` before it starts.
    pub fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        self.snapshots[run].lock().ok()?.clone()
    }

    /// Whether every run has ended (or been stopped) and every event has been sent.
    pub fn is_over(&self) -> bool {
        false
    }

    /// Asks every worker to stop after its current outer step.
    pub fn stop(&self) {}
}
