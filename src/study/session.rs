//! The worker threads as everybody else sees them: runs go in, events and snapshots come out.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;

use super::board::Shared;
use super::lock::{self, Holder, Lock};
use super::record::{set_aside, study_folder};
use super::work::work;
use super::{Event, Run};
use crate::model::Weights;

/// How a session is run.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Worker threads.
    pub jobs: usize,
    /// Where run folders go; `None` saves nothing.
    pub out: Option<PathBuf>,
    /// The study's name, which is its folder's.
    pub study: String,
    /// Start every run over, keeping what was there under another name.
    pub fresh: bool,
}

/// Another process trains this study.
#[derive(Debug)]
pub struct Busy {
    /// Which one.
    pub holder: Holder,
    /// The study's folder.
    pub folder: PathBuf,
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is being trained by {}", self.folder.display(), self.holder)
    }
}

impl std::error::Error for Busy {}

/// The newest state of a run, left in a slot for whoever wants to look.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Outer steps taken.
    pub step: u64,
    /// Parameters at that step.
    pub weights: Weights,
}

/// Where a worker leaves a run's newest snapshot.
pub(super) type Slot = Mutex<Option<Arc<Snapshot>>>;

/// A running study. Dropping it stops the workers after their current outer step.
pub struct Session {
    shared: Arc<Shared>,
    events: Receiver<(usize, Event)>,
    workers: Vec<JoinHandle<()>>,
    /// Held as long as anything may be written.
    _lock: Option<Lock>,
}

impl Session {
    /// Takes the study's folder and starts the workers, which load what is finished, go on with what was
    /// interrupted, and start the rest.
    ///
    /// # Errors
    /// [`Busy`] if another process trains this study; otherwise if the folder cannot be written or a
    /// thread cannot be started. Nothing has been trained then.
    pub fn start(runs: Vec<Run>, options: &SessionOptions) -> anyhow::Result<Self> {
        let folder = options.out.as_ref().map(|out| study_folder(out, &options.study));
        let mut held = None;
        if let Some(folder) = &folder {
            let what = || format!("{} cannot be written", folder.display());
            std::fs::create_dir_all(folder).with_context(what)?;
            match lock::take(folder).with_context(what)? {
                Ok(lock) => held = Some(lock),
                Err(holder) => return Err(Busy { holder, folder: folder.clone() }.into()),
            }
            if options.fresh {
                for run in &runs {
                    set_aside(folder, run)?;
                }
            }
        }
        let (sender, events) = channel();
        let shared = Arc::new(Shared::new(runs, folder, sender));
        let mut session = Self { shared, events, workers: Vec::new(), _lock: held };
        for worker in 0..options.jobs.max(1) {
            let shared = session.shared.clone();
            let thread = std::thread::Builder::new().name(format!("worker-{worker}"));
            session.workers.push(thread.spawn(move || work(&shared))?);
        }
        Ok(session)
    }

    /// The plan.
    pub fn runs(&self) -> &[Run] {
        &self.shared.runs
    }

    /// The next event and the index of the run it belongs to (for a summary: the experiment's last
    /// run), without waiting.
    pub fn try_event(&self) -> Option<(usize, Event)> {
        self.events.try_recv().ok()
    }

    /// The next event, waiting for it up to `patience`.
    pub fn wait_event(&self, patience: Duration) -> Option<(usize, Event)> {
        match self.events.recv_timeout(patience) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // The workers are gone and will never wake anybody: do not turn waiting into spinning.
                std::thread::sleep(patience.min(Duration::from_millis(20)));
                None
            }
        }
    }

    /// The newest snapshot of a run, from step 0 (the initialisation) on; `None` before it starts.
    pub fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        self.shared.slots.get(run)?.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the workers have ended: every run is done, failed or stopped, and every event sent
    /// (though perhaps not yet taken).
    pub fn is_over(&self) -> bool {
        self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Asks every worker to stop after its current outer step.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
        for worker in self.workers.drain(..) {
            // A worker's panic has been reported as its run's failure.
            let _ = worker.join();
        }
    }
}
