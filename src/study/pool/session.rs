//! The worker threads as everybody else sees them: runs go in, events and snapshots come out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::board::Board;
use super::control::Control;
use super::others::follow_others;
use super::ownership::Ownership;
use super::shared::{Reported, Shared};
use super::work::{keep_outcomes, work};
use crate::model::Kernels;
use crate::study::claim::holder::Holder;
use crate::study::claim::note::has_locks;
use crate::study::claim::request::forget;
use crate::study::claim::right::{Busy, Claim};
use crate::study::disk::folders::{announce, set_aside};
use crate::study::disk::steered::clear;
use crate::study::event::Event;
use crate::study::files::remove_leftovers;
use crate::study::layout::{claim_of, run_folder, run_folders, study_folder};
use crate::study::plan::{Partition, Run};
use crate::study::snapshot::Snapshot;

/// How a session is run.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// Worker threads.
    pub jobs: usize,
    /// Where run folders go; `None` saves nothing.
    pub out: Option<PathBuf>,
    /// The study's name, which is its folder's.
    pub study: String,
    /// Start every run over, keeping what was there under another name.
    pub fresh: bool,
    /// The kernels that compute; the fastest where nothing else is asked for.
    pub kernels: Option<Kernels>,
    /// Whether the study is shared with other processes, and how.
    pub together: Option<Together>,
    /// Take the study also from a process of which nobody can tell whether it lives, unless it gives a sign of life.
    pub force: bool,
}

/// How a study is shared with other processes.
#[derive(Clone, Debug, Default)]
pub struct Together {
    /// Which part of the plan the runs are, and the whole of it, where nobody else is given that part.
    pub part: Option<(Partition, Vec<Run>)>,
    /// Whether everything that others report is told as it happens, and not only what their runs come to.
    pub tells: bool,
}

/// Threads that wait for the disk. A run's files are brought to it one after the other, and a file system brings what
/// several wait for to the disk at once: 200 runs of 2,000 steps, width 16, take three quarters of the time that they
/// take with one keeper.
const KEEPERS: usize = 8;

/// How long the workers have for their current outer step when they are asked to stop. After that they are
/// left to it, and what was saved last is what counts: a step may take hours.
const PATIENCE: Duration = Duration::from_millis(800);

/// A running study. Dropping it stops the workers after their current outer step, or leaves them where that
/// takes too long.
pub struct Session {
    shared: Arc<Shared>,
    events: Receiver<Reported>,
    /// Those of them that were not asked for yet.
    told: RefCell<VecDeque<(usize, Event)>>,
    workers: Vec<JoinHandle<()>>,
    /// Its claim is held as long as anything may be written.
    ownership: Arc<Ownership>,
    /// The study's folder, where it is shared.
    shares: Option<PathBuf>,
    /// Worker threads that could be started.
    begun: usize,
}

/// That a thread cannot be started, which has nothing to do with any file.
pub fn no_thread(error: &std::io::Error) -> anyhow::Error {
    anyhow!(
        "no thread can be started ({error}): this process has come to its limit of threads or of memory \
         (`ulimit -u`, `ulimit -v`, or its control group's); nothing was trained"
    )
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
        let (mut held, mut seconds) = (None, 0);
        if let Some(folder) = &folder {
            let what = || format!("{} cannot be written", folder.display());
            std::fs::create_dir_all(folder).with_context(what)?;
            let taken = match &options.together {
                None => Claim::take(folder, options.force),
                Some(together) => {
                    clean_if_alone(folder, &runs);
                    Claim::join(folder, together.part.as_ref().map(|(part, _)| *part), options.force)
                }
            };
            match taken.with_context(what)? {
                Ok((claim, before)) => {
                    (held, seconds) = (Some(claim), if options.fresh { 0 } else { before });
                }
                Err(why) => return Err(Busy { why, folder: folder.clone() }.into()),
            }
            if options.together.is_none() {
                clean(folder, &runs);
            }
        }
        if let (Some(claim), true) = (&held, options.fresh) {
            for run in &runs {
                set_aside(claim, run)?;
            }
        }
        let part = options.together.as_ref().and_then(|together| together.part.as_ref());
        let planned = part.map_or_else(|| runs.clone(), |(_, whole)| whole.clone());
        let (sender, events) = channel();
        let jobs = options.jobs.max(1);
        let follows_others = options.together.as_ref().is_some_and(|together| together.tells);
        let shared = Shared::new(runs, held.clone(), sender, options.kernels, follows_others);
        let shared = Arc::new(shared);
        let ownership = Arc::new(Ownership::new(held, seconds, jobs));
        let shares = folder.filter(|_| options.together.is_some());
        let (told, workers) = (RefCell::default(), Vec::new());
        let mut session = Self { shared, events, told, workers, ownership, shares, begun: 0 };
        if let Some(claim) = session.shared.claim.clone() {
            // Beside the workers, which do not wait for ten thousand folders.
            session.begin("announcer", move |shared| announce(&claim, &planned, || shared.is_stopping()))?;
        }
        // Nobody shall find that none is at work before they are.
        (0..jobs).for_each(|_| session.shared.join());
        if session.shared.claim.is_some() {
            session.begin("keeper-0", keep_outcomes)?;
        }
        if options.together.is_some() {
            session.begin("others", follow_others)?;
        }
        let (shared, ownership) = (session.shared.clone(), session.ownership.clone());
        let thread = std::thread::Builder::new().name("ownership".to_owned());
        let ownership =
            thread.spawn(move || ownership.answer_requests(&shared)).map_err(|error| no_thread(&error))?;
        session.workers.push(ownership);
        // Last, and as many as there can be: any number comes to the same.
        for worker in 0..jobs {
            match session.begin(&format!("worker-{worker}"), work) {
                Err(error) if worker == 0 => return Err(error),
                Err(_) => {
                    (worker..jobs).for_each(|_| session.shared.leave());
                    break;
                }
                Ok(()) => session.begun = worker + 1,
            }
        }
        if session.shared.claim.is_some() {
            // One does it alone where there can be no more threads.
            (1..KEEPERS)
                .try_for_each(|keeper| session.begin(&format!("keeper-{keeper}"), keep_outcomes))
                .ok();
        }
        Ok(session)
    }

    /// Starts a thread that may write in the study's folder.
    fn begin(&mut self, name: &str, life: impl FnOnce(&Shared) + Send + 'static) -> anyhow::Result<()> {
        let (shared, share) = (self.shared.clone(), self.ownership.share());
        let thread = std::thread::Builder::new().name(name.to_owned());
        let begun = thread.spawn(move || {
            life(&shared);
            drop(share);
        });
        self.workers.push(begun.map_err(|error| no_thread(&error))?);
        Ok(())
    }

    /// The process that asked for the study's folder, which was given to it: nothing is trained here any more.
    pub fn given_to(&self) -> Option<&Holder> {
        self.ownership.given_to()
    }

    /// Which other process has a run, where the study is shared.
    pub fn holder(&self, run: usize) -> Option<Holder> {
        let is_elsewhere = self.shared.look(|board| board.is_elsewhere(run));
        self.shared.find(run).filter(|_| is_elsewhere)?.holder()
    }

    /// The processes that have runs of the study, where it is shared, once for each of those runs.
    pub fn others(&self) -> Vec<Holder> {
        let elsewhere = self.shared.look(Board::elsewhere);
        elsewhere.into_iter().filter_map(|run| self.shared.find(run)?.holder()).collect()
    }

    /// Worker threads.
    pub fn jobs(&self) -> usize {
        self.begun
    }

    /// For how long something of the study has been worked on, by all processes that have.
    pub fn worked(&self) -> Duration {
        self.ownership.worked()
    }

    /// Makes these runs the study: those it has already go on undisturbed, new ones are queued, and
    /// those that are not among them are stopped, saved and forgotten. The numbers under which events,
    /// snapshots and controls know the runs, in this order; [`Session::start`] numbers from 0.
    pub fn plan(&self, runs: Vec<Run>) -> Vec<usize> {
        // Not in a folder that was given to another process.
        if let Some(share) = self.ownership.share() {
            announce(share.claim(), &runs, || false);
        }
        self.shared.plan(runs)
    }

    /// Does with a run what a person wants; what its worker has to do happens after its current outer
    /// step, and is told as an event.
    ///
    /// # Errors
    /// If the folder of a run that starts over cannot be put aside, or is another process's by now.
    pub fn control(&self, run: usize, control: Control) -> anyhow::Result<()> {
        let _share = self.ownership.share();
        if let Some(holder) = self.given_to() {
            bail!("{holder} trains these runs now");
        }
        if self.shared.look(|board| board.is_elsewhere(run)) {
            let holder = self.holder(run).map_or("another process".to_owned(), |holder| holder.to_string());
            bail!("{holder} trains this run: it can be steered there");
        }
        if control == Control::Restore && self.shared.claim.is_none() {
            bail!("nothing is kept on disk (--no-save), so nothing can be brought back");
        }
        Ok(self.shared.control(run, control)?)
    }

    /// The runs that wait for a worker, the next one first.
    pub fn queue(&self) -> Vec<usize> {
        self.shared.look(Board::queue)
    }

    /// The parameters of a run at a landmark of its training (see [`crate::study::landmarks`]), or at the last
    /// one before it that was kept.
    pub fn past(&self, run: usize, landmark: usize) -> Option<Arc<Snapshot>> {
        let entry = self.shared.find(run)?;
        let found = match &self.shared.claim {
            Some(claim) => entry.trail.read(&run_folder(claim.folder(), &entry.run), landmark),
            None => entry.past(landmark),
        };
        found.map(Arc::new)
    }

    /// The next event and the index of the run it belongs to (for a summary: the last run its
    /// experiment has in the plan), without waiting.
    pub fn try_event(&self) -> Option<(usize, Event)> {
        let told = self.told.borrow_mut().pop_front();
        told.or_else(|| self.first_of(self.events.try_recv().ok()?))
    }

    /// The first of these events; the others are next.
    fn first_of(&self, (run, events): Reported) -> Option<(usize, Event)> {
        let mut told = self.told.borrow_mut();
        told.extend(events.into_iter().map(|event| (run, event)));
        told.pop_front()
    }

    /// The next event, waiting for it up to `patience`.
    pub fn wait_event(&self, patience: Duration) -> Option<(usize, Event)> {
        let told = self.try_event();
        if told.is_some() {
            return told;
        }
        match self.events.recv_timeout(patience) {
            Ok(told) => self.first_of(told),
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
        self.shared.find(run)?.newest()
    }

    /// Whether every run is done, failed or stopped, or the session was stopped, and every event sent
    /// (though perhaps not yet taken).
    pub fn is_over(&self) -> bool {
        self.shared.look(Board::is_over) || self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Whether nothing moves until a person does something: every run is over or paused.
    pub fn is_idle(&self) -> bool {
        self.shared.look(Board::is_idle) || self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Asks every worker to stop after its current outer step.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Whether the workers that were asked to stop take longer than a person waits, and none of them writes.
    pub fn is_overdue(&self) -> bool {
        let writes = self.shared.claim.as_ref().is_some_and(|claim| claim.is_written());
        !writes && self.shared.stopped_since().is_some_and(|since| since.elapsed() > PATIENCE)
    }
}

/// Removes what killed processes have left in a study's folder, which is held by nobody else: requests to them,
/// files half written, claims.
fn clean(folder: &Path, runs: &[Run]) {
    forget(folder);
    clear(folder);
    remove_leftovers(folder);
    for run_folder in run_folders(folder, runs) {
        // Hardly ever there.
        let _ = std::fs::remove_file(claim_of(&run_folder));
    }
}

/// Whoever shares a study cleans up where nobody else is there: the first, and the last.
fn clean_if_alone(folder: &Path, runs: &[Run]) {
    if has_locks(folder) == Some(true)
        && let Ok(Ok(_claim)) = Claim::take(folder, false)
    {
        clean(folder, runs);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
        for worker in std::mem::take(&mut self.workers) {
            while !worker.is_finished() {
                if self.is_overdue() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            // A worker's panic has been reported as its run's failure.
            let _ = worker.join();
        }
        if let Some(folder) = &self.shares {
            self.ownership.leave();
            clean_if_alone(folder, &self.shared.look(|board| board.runs().cloned().collect::<Vec<_>>()));
        }
    }
}
