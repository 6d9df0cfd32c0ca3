//! A run under way, as it is handed from one thread to another: how far it has come, the time it has taken,
//! and everything its next step depends on.

use std::time::Instant;

use crate::learner::State;
use crate::model::Kernels;
use crate::study::disk::record::Record;
use crate::study::disk::resume::Header;

/// A run between two outer steps, outside any thread.
pub struct Going {
    pub state: State,
    pub progress: Progress,
    /// Seconds it has taken so far.
    pub seconds: f64,
    /// Its folder, where there is one.
    pub record: Option<Record>,
}

/// How far a run has come, and the losses since its last progress event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Outer steps taken.
    pub step: u64,
    pub sum: f64,
    /// How many losses that is the sum of.
    pub losses: u64,
}

impl Progress {
    /// What a saved state says of it.
    pub fn header(&self, kernels: Kernels, seconds: f64, state: &State) -> Header {
        Header::new(kernels.name(), self.step, self.sum, self.losses, seconds, state)
    }
}

/// The moments a run looks back on. Nothing but how often things are told and kept depends on them.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    /// Seconds spent before this process took the run up.
    before: f64,
    lapped: Instant,
    /// When what there is to see was told.
    pub told: Instant,
    /// When the run was saved.
    pub saved: Instant,
}

impl Clock {
    /// Of a run that has taken this many seconds before.
    pub fn new(before: f64) -> Self {
        let now = Instant::now();
        Self { started: now, before, lapped: now, told: now, saved: now }
    }

    /// Seconds spent on the run, by all processes.
    pub fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    /// Steps a second since the lap before, and a new lap.
    pub fn lap(&mut self, steps: u64) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.lapped).as_secs_f64().max(1e-9);
        self.lapped = now;
        steps as f64 / seconds
    }
}
