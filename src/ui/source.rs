//! What the dashboard asks of a study, whether it is trained here or by another process.

use std::{sync::Arc, time::Duration};

use crate::study::{Control, Event, Found, Run, Session, Snapshot, Watcher};

/// What the main loop asks of a study; tests have a stand-in.
pub trait Source {
    /// The next event and its run, without waiting.
    fn try_event(&self) -> Option<(usize, Event)>;
    /// The newest parameters of a run.
    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>>;
    /// The parameters of a run at a landmark of its training, or at one before it.
    fn past(&self, run: usize, landmark: usize) -> Option<Arc<Snapshot>>;
    /// Whether everything has ended and been told.
    fn is_over(&self) -> bool;
    /// Whether nothing moves until a person does something.
    fn is_idle(&self) -> bool {
        self.is_over()
    }
    /// Whether this process does the training, which then outlives a lost line.
    fn is_training(&self) -> bool {
        false
    }
    /// Runs that others have added or taken away since it was asked last.
    fn found(&self) -> Option<Found> {
        None
    }
    /// How often to look when everything has ended, where others may go on with it.
    fn looks_again(&self) -> Option<Duration> {
        None
    }
    /// The runs that wait for a worker, the next one first.
    fn queue(&self) -> Vec<usize> {
        Vec::new()
    }
    /// Does with a run what a person wants.
    ///
    /// # Errors
    /// If it cannot be done.
    fn control(&self, _run: usize, _control: Control) -> anyhow::Result<()> {
        Err(anyhow::anyhow!("another process trains these runs: steer them there"))
    }
    /// Makes these runs the study; the numbers they are known under, or `None` where that is not ours
    /// to do.
    fn plan(&self, _runs: Vec<Run>) -> Option<Vec<usize>> {
        None
    }
    /// Asks what trains here to stop.
    fn stop(&self) {}
}

impl Source for Watcher {
    fn try_event(&self) -> Option<(usize, Event)> {
        Watcher::try_event(self)
    }

    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        Watcher::snapshot(self, run)
    }

    fn past(&self, run: usize, landmark: usize) -> Option<Arc<Snapshot>> {
        Watcher::past(self, run, landmark)
    }

    fn is_over(&self) -> bool {
        Watcher::is_over(self)
    }

    fn found(&self) -> Option<Found> {
        Watcher::found(self)
    }

    fn looks_again(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

impl Source for Session {
    fn try_event(&self) -> Option<(usize, Event)> {
        Session::try_event(self)
    }

    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        Session::snapshot(self, run)
    }

    fn past(&self, run: usize, landmark: usize) -> Option<Arc<Snapshot>> {
        Session::past(self, run, landmark)
    }

    fn is_over(&self) -> bool {
        Session::is_over(self)
    }

    fn is_idle(&self) -> bool {
        Session::is_idle(self)
    }

    fn is_training(&self) -> bool {
        true
    }

    fn queue(&self) -> Vec<usize> {
        Session::queue(self)
    }

    fn control(&self, run: usize, control: Control) -> anyhow::Result<()> {
        Session::control(self, run, control)
    }

    fn plan(&self, runs: Vec<Run>) -> Option<Vec<usize>> {
        Some(Session::plan(self, runs))
    }

    fn stop(&self) {
        Session::stop(self);
    }
}
