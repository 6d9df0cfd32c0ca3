//! The claim of this process on a study's folder, and how it is let go of: whoever may still write in it holds a
//! share of the claim, so the folder is free when the last of them has ended, never before. A thread beside the
//! workers answers requests of other processes, because the thread that draws may wait for a terminal
//! that takes no more bytes; it also counts for how long something has been worked on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::board::Board;
use super::guard::guard;
use super::shared::Shared;
use crate::study::claim::holder::Holder;
use crate::study::claim::request;
use crate::study::claim::right::{Claim, Share};
use crate::study::disk::steered::{self, Steered};

/// A request waits no longer than this.
const LOOK: Duration = Duration::from_millis(150);
/// How long it has been worked on is written down this often.
const TELL: Duration = Duration::from_secs(1);

/// The claim on the folder, and what became of it.
pub struct Ownership {
    /// This session's own share; gone once the folder has been let go of, or where nothing is kept.
    share: Mutex<Option<Arc<Share>>>,
    /// Who asked for the folder.
    given_to: OnceLock<Holder>,
    /// Milliseconds for which something has been worked on, by all processes.
    worked: AtomicU64,
    jobs: usize,
}

impl Ownership {
    /// By this claim, where there is a folder, of a study that was worked on for so many seconds before.
    pub fn new(claim: Option<Arc<Claim>>, seconds: u64, jobs: usize) -> Self {
        let worked = AtomicU64::new(seconds.saturating_mul(1_000));
        let share = Mutex::new(claim.map(Share::new));
        let ownership = Self { share, given_to: OnceLock::new(), worked, jobs };
        ownership.tell();
        ownership
    }

    /// A share of the claim, for whoever is going to write; `None` where nothing is kept.
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
        if let Some(share) = self.share().filter(|share| !share.claim().is_shared()) {
            // Only for those who look on.
            let _ = share.claim().tell(self.jobs, self.worked().as_secs());
        }
    }

    /// Lets go of the folder: the workers stop and save, and with the last of them the folder is free.
    fn give(&self, shared: &Shared, to: Holder) {
        // In this order: what is done for a person from now on is refused.
        let _ = self.given_to.set(to);
        if let Some(claim) = &shared.claim {
            request::forget(claim.folder());
            let _ = steered::forget(claim.folder());
        }
        drop(guard(&self.share).take());
        shared.stop();
    }

    /// The life of the thread that answers requests.
    pub fn answer_requests(&self, shared: &Shared) {
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
            let alone = shared.claim.as_ref().filter(|claim| !claim.is_divided());
            if let Some(asks) = alone.and_then(|claim| request::asked(claim.folder())) {
                self.tell();
                return self.give(shared, asks);
            }
        }
        self.tell();
        self.tell_steered(shared, &mut steered);
        if shared.claim.as_ref().is_some_and(|claim| claim.is_shared()) {
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
        let _ = share.claim().hold().and_then(|_| steered::write(share.claim().folder(), &runs));
    }
}
