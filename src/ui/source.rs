//! What the dashboard asks of a study, whether it is trained here or by another process.

use std::{path::PathBuf, sync::Arc, task::Poll, time::Duration};

use super::state::trainers::{Trainer, Trainers};
use crate::experiments::Study;
use crate::study::{Control, Event, Found, Hold, Holder, Note, Session, Snapshot, Watcher};

/// What the main loop asks of a study; tests have a stand-in.
pub trait Source {
    /// Takes what has come since the last time, where it comes by itself.
    fn refresh(&self) {}
    /// What is waited for, in words, if anything is.
    fn waits_for(&self) -> Option<String> {
        None
    }
    /// Whether something was asked for that is not answered yet.
    fn is_asked(&self) -> bool {
        false
    }
    /// Why there is no study to show, once that is known.
    fn failure(&self) -> Option<anyhow::Error> {
        None
    }
    /// What a person is to be told of what was asked for.
    fn said(&self) -> Option<String> {
        None
    }
    /// What looks like a run and cannot be shown, and why.
    fn passed_over(&self) -> Vec<(PathBuf, String)> {
        Vec::new()
    }
    /// The next event and its run, without waiting.
    fn try_event(&self) -> Option<(usize, Event)>;
    /// The newest parameters of a run.
    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>>;
    /// The parameters of a run at a landmark of its training, or at one before it; they may still have to be read.
    fn past(&self, run: usize, landmark: usize) -> Poll<Option<Arc<Snapshot>>>;
    /// Whether everything has ended and been told.
    fn is_over(&self) -> bool;
    /// Whether nothing moves until a person does something.
    fn is_idle(&self) -> bool {
        self.is_over()
    }
    /// Who trains the study.
    fn trainers(&self) -> Trainers {
        Trainers::default()
    }
    /// Whether some process trains the study that this run is of.
    fn is_trained(&self, _run: usize) -> bool {
        true
    }
    /// Which other process has a run of a study that is shared.
    fn holder(&self, _run: usize) -> Option<Holder> {
        None
    }
    /// Asks whoever trains to let go, so that this process trains on.
    ///
    /// # Errors
    /// If that cannot be asked for.
    fn take_over(&self) -> anyhow::Result<()> {
        Err(anyhow::anyhow!("this view only looks on"))
    }
    /// The study and the new numbers of its runs, once this process has begun to train or was asked to let go;
    /// why it has not, where it was to begin.
    fn changed_hands(&self) -> Option<anyhow::Result<Found>> {
        None
    }
    /// Runs that were added or taken away since it was asked last.
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
    /// Makes this the study, whose runs are then [`Source::found`].
    ///
    /// # Errors
    /// If that is not ours to do.
    fn plan(&self, _study: &Study) -> anyhow::Result<()> {
        Err(anyhow::anyhow!("another process trains these runs: change them there"))
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

    fn past(&self, run: usize, landmark: usize) -> Poll<Option<Arc<Snapshot>>> {
        Poll::Ready(Watcher::past(self, run, landmark))
    }

    fn passed_over(&self) -> Vec<(PathBuf, String)> {
        Watcher::never_shown(self)
    }

    fn is_over(&self) -> bool {
        Watcher::is_over(self)
    }

    fn trainers(&self) -> Trainers {
        match self.trainer() {
            Hold::One(Note { holder, jobs, seconds }) => Trainers {
                trainer: Trainer::Elsewhere(holder),
                worked: Some(Duration::from_secs(seconds)),
                jobs: Some(jobs).filter(|jobs| *jobs > 0),
                ..Trainers::default()
            },
            Hold::Shared(holders) => Trainers { trainer: Trainer::Several(holders), ..Trainers::default() },
            Hold::Free => Trainers { trainer: Trainer::Nobody, ..Trainers::default() },
        }
    }

    fn holder(&self, run: usize) -> Option<Holder> {
        Watcher::holder(self, run)
    }

    fn is_trained(&self, run: usize) -> bool {
        Watcher::is_trained(self, run)
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

    fn past(&self, run: usize, landmark: usize) -> Poll<Option<Arc<Snapshot>>> {
        Poll::Ready(Session::past(self, run, landmark))
    }

    fn is_over(&self) -> bool {
        Session::is_over(self)
    }

    fn is_idle(&self) -> bool {
        Session::is_idle(self)
    }

    fn trainers(&self) -> Trainers {
        let mut others = self.others();
        // A run that another process has, a worker of it has.
        let jobs = Some(self.jobs() + others.len());
        others.sort_by(|one, other| (&one.host, one.pid).cmp(&(&other.host, other.pid)));
        others.dedup();
        Trainers {
            worked: Some(Duration::from_secs(self.worked().as_secs())),
            jobs,
            others,
            ..Trainers::default()
        }
    }

    fn holder(&self, run: usize) -> Option<Holder> {
        Session::holder(self, run)
    }

    fn queue(&self) -> Vec<usize> {
        Session::queue(self)
    }

    fn control(&self, run: usize, control: Control) -> anyhow::Result<()> {
        Session::control(self, run, control)
    }

    fn stop(&self) {
        Session::stop(self);
    }
}
