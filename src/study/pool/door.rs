//! A study's folder in this process's hands, and how it is let go of: whoever may still write in it holds a
//! share of its lock, so the lock is free when the last of them has ended, never before. A thread beside the
//! workers answers requests of other processes, because the thread that draws may wait for a terminal
//! that takes no more bytes; it also counts for how long something has been worked on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::board::Board;
use super::guard::guard;
use super::shared::Shared;
use crate::study::claim::lock::{Holder, Lock, Share};
use crate::study::claim::request;
use crate::study::disk::steered::{self, Steered};

/// A request waits no longer than this.
const LOOK: Duration = Duration::from_millis(150);
/// How long it has been worked on is written down this often.
const TELL: Duration = Duration::from_secs(1);

/// The folder's lock, and what became of it.
pub struct Door {
    /// This session's own share; gone once the folder has been let go of, or where nothing is kept.
    share: Mutex<Option<Arc<Share>>>,
    /// Who asked for the folder.
    given_to: OnceLock<Holder>,
    /// Milliseconds for which something has been worked on, by all processes.
    worked: AtomicU64,
    jobs: usize,
}

impl Door {
    /// With this lock, where there is a folder, of a study that was worked on for so many seconds before.
    pub fn new(lock: Option<Arc<Lock>>, seconds: u64, jobs: usize) -> Self {
        let worked = AtomicU64::new(seconds.saturating_mul(1_000));
        let share = Mutex::new(lock.map(Share::new));
        let door = Self { share, given_to: OnceLock::new(), worked, jobs };
        door.tell();
        door
    }

    /// A share of the lock, for whoever is going to write; `None` where nothing is kept.
    pub fn share(&self) -> Option<Arc<Share>> {
        guard(&self.share).clone()
    }

    /// Who the folder was given to, if another process has asked for it.
    pub fn given_to(&self) -> Option<&Holder> {
        self.given_to.get()
    }

    /// For how long something of the study has been worked on, by all processes.
    pub fn worked(&self) -> Duration {
        Duration::from_millis(self.worked.load(Ordering::Relaxed))
    }

    /// Nothing is written here any more.
    pub fn leave(&self) {
        drop(guard(&self.share).take());
    }

    fn tell(&self) {
        // The note names one process.
        if let Some(share) = self.share().filter(|share| !share.lock().is_shared()) {
            // Only for those who look on.
            let _ = share.lock().tell(self.jobs, self.worked().as_secs());
        }
    }

    /// Lets go of the folder: the workers stop and save, and with the last of them the lock is free.
    fn give(&self, shared: &Shared, to: Holder) {
        // In this order: what is done for a person from now on is refused.
        let _ = self.given_to.set(to);
        if let Some(lock) = &shared.lock {
            request::forget(lock.folder());
            let _ = steered::forget(lock.folder());
        }
        drop(guard(&self.share).take());
        shared.stop();
    }

    /// The life of the thread at the door.
    pub fn keep(&self, shared: &Shared) {
        let (mut told, mut steered) = (Instant::now(), Vec::new());
        let mut before = told;
        while !shared.rests(LOOK) {
            let now = Instant::now();
            if !shared.look(Board::is_idle) {
                self.worked.fetch_add((now - before).as_millis() as u64, Ordering::Relaxed);
            }
            before = now;
            if now - told >= TELL {
                self.tell();
                told = now;
            }
            self.tell_steered(shared, &mut steered);
            let alone = shared.lock.as_ref().filter(|lock| !lock.is_divided());
            if let Some(asks) = alone.and_then(|lock| request::asked(lock.folder())) {
                self.tell();
                return self.give(shared, asks);
            }
        }
        self.tell();
        self.tell_steered(shared, &mut steered);
        if shared.lock.as_ref().is_some_and(|lock| lock.is_shared()) {
            // Others go on with what is let go of.
            self.tell_of(shared, &[]);
        }
    }

    /// Tells which runs a person has made wait, or has ended, where that has changed.
    fn tell_steered(&self, shared: &Shared, known: &mut Vec<(usize, Steered)>) {
        let steered = shared.look(Board::steered);
        if steered != *known {
            self.tell_of(shared, &steered);
            *known = steered;
        }
    }

    fn tell_of(&self, shared: &Shared, steered: &[(usize, Steered)]) {
        let Some(share) = self.share() else { return };
        let runs: Vec<_> = steered.iter().map(|(run, how)| (shared.entry(*run).run.clone(), *how)).collect();
        // Only for those who look on.
        let _ = share.lock().hold().and_then(|_| steered::write(share.lock().folder(), &runs));
    }
}
