//! The runs that other processes have, where a study is shared: a thread follows their files, tells what they
//! tell, closes those that come to their end and takes back those that are let go of before.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::board::Board;
use super::shared::Shared;
use crate::eval::Curves;
use crate::experiments::Experiment;
use crate::study::claim::holder::Holder;
use crate::study::claim::note::claimant;
use crate::study::claim::right::Claim;
use crate::study::disk::finished::{Finished, finished};
use crate::study::disk::follow::{Files, last_written};
use crate::study::disk::steered::{self, Steered};
use crate::study::event::{Event, Kind};
use crate::study::layout::{CHECKPOINT, run_folder};
use crate::study::plan::Run;
use crate::study::told::Told;

/// A run that is let go of waits no longer than this for a worker that has nothing to do, ...
const LOOK: Duration = Duration::from_millis(250);
/// ... or shorter where there are few, since each costs the file system this little, ...
const LOOK_AT_ONE: Duration = Duration::from_millis(20);
/// ... and this is time enough where all workers have something to do, and nobody looks on.
const LOOK_WHILE_BUSY: Duration = Duration::from_secs(1);
/// What people have done with runs of others is looked at this often.
const LOOK_AT_STEERED: Duration = Duration::from_secs(1);
/// Parameters of others are looked at this often.
const LOOK_AT_PARAMETERS: Duration = Duration::from_secs(1);

/// One run that another process has.
struct Other {
    /// The settings under which its files are read.
    asked: Arc<Experiment>,
    files: Files,
    /// What it has come to so far.
    results: Vec<Event>,
    /// Why it has failed, if it has.
    failed: Option<Event>,
}

/// What people have done with runs where they are trained, as it was said at the last look.
#[derive(Default)]
struct Said {
    runs: HashMap<PathBuf, (Holder, Steered)>,
    looked: Option<Instant>,
}

impl Said {
    /// Looks, if it is time; whether it was.
    fn look(&mut self, study_folder: &Path) -> bool {
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_AT_STEERED);
        if is_due {
            (self.runs, self.looked) = (steered::read(study_folder), Some(Instant::now()));
        }
        is_due
    }

    /// What was done with the run of this folder; only whoever has it is believed.
    fn of(&self, folder: &Path, held_by: Option<&Holder>) -> Option<Steered> {
        let (holder, how) = self.runs.get(folder)?;
        (Some(holder) == held_by).then_some(*how)
    }
}

/// The life of the thread that follows them. Where somebody follows the others, everything that they report is told
/// as it happens; else only what they have come to, as something that was recorded elsewhere.
pub fn follow_others(shared: &Shared) {
    let Some(claim) = shared.claim.clone() else { return };
    let mut others: HashMap<usize, Other> = HashMap::new();
    let mut said = Said::default();
    // Whether it is time to end.
    let rests = || {
        let (busy, elsewhere) = shared.look(|board| (board.has_work(), board.elsewhere().len()));
        match shared.follows_others {
            true => shared.rests(LOOK),
            false if busy => shared.rests_while(LOOK_WHILE_BUSY, Board::has_work),
            false => shared.rests((LOOK_AT_ONE * elsewhere as u32).clamp(LOOK_AT_ONE, LOOK)),
        }
    };
    while !rests() {
        let elsewhere = shared.look(Board::elsewhere);
        others.retain(|run, _| elsewhere.contains(run));
        if said.look(claim.folder()) {
            find_held_back(shared, claim.folder());
        }
        for run in elsewhere {
            let (planned, asked) = (shared.entry(run).run.clone(), shared.entry(run).asked());
            let folder = run_folder(claim.folder(), &planned);
            let new = || {
                let files = Files::new(folder.clone(), asked.clone(), planned.seed);
                Other { asked: asked.clone(), files, results: Vec::new(), failed: None }
            };
            let other = others.entry(run).or_insert_with(new);
            if !Arc::ptr_eq(&other.asked, &asked) {
                *other = new();
            }
            if look_at(shared, &claim, run, other, &said) {
                others.remove(&run);
            }
        }
    }
}

/// Tells what a run has come to that another process has finished, where nobody follows the others: its curves, and
/// the settings that asked for them. `None` where somebody does, or where the run is not as it should be.
pub fn end_elsewhere(shared: &Shared, run: usize) -> Option<(Curves, Arc<Experiment>)> {
    let claim = shared.claim.as_ref().filter(|claim| claim.is_shared() && !shared.follows_others)?;
    let entry = shared.entry(run);
    let settings = entry.asked();
    let asked = Run { settings: settings.clone(), ..entry.run.clone() };
    let Finished { events, weights, at } = finished(claim.folder(), &asked)?;
    entry.leave(settings.total_steps(), weights);
    shared.report(run, None, Kind::Recorded { at, events: events.len() });
    let curves = Told::of(&events).curves;
    shared.pass_on(run, events);
    Some((curves, settings))
}

/// Finds what a person has made wait here, or has ended, before it began, and another process has or has done meanwhile.
fn find_held_back(shared: &Shared, study_folder: &Path) {
    for run in shared.look(Board::held_back) {
        let entry = shared.entry(run);
        let folder = run_folder(study_folder, &entry.run);
        let asked = Run { settings: entry.asked(), ..entry.run.clone() };
        let is_done = || folder.join(CHECKPOINT).exists() && finished(study_folder, &asked).is_some();
        if claimant(&folder).is_some() || is_done() {
            shared.leave_to_others(run);
        }
    }
}

/// Looks at a run; whether there is nothing more to look at.
fn look_at(shared: &Shared, claim: &Arc<Claim>, run: usize, other: &mut Other, said: &Said) -> bool {
    // Asked first: after whoever had it has let go, nothing more is added.
    let held_by = claimant(&other.files.folder);
    let entry = shared.entry(run);
    entry.set_holder(held_by.clone());
    let tells = shared.follows_others;
    let how = said.of(&other.files.folder, held_by.as_ref());
    if how.is_none() {
        // Before what it tells next, and before it is given to anybody here.
        shared.steered_elsewhere(run, None, other.files.step());
    }
    if held_by.is_some() && !tells && how.is_none() {
        // Nobody wants to know how it gets on; what it comes to is read once.
        return false;
    }
    if let Some(tested) = end_elsewhere(shared, run) {
        shared.close_elsewhere(run, Some(tested));
        return true;
    }
    for event in other.files.read_on() {
        match &event.kind {
            Kind::Failed { .. } => other.failed = Some(event.clone()),
            Kind::Started { .. } => (other.results, other.failed) = (Vec::new(), None),
            Kind::Evaluated { .. } | Kind::Finished { .. } => other.results.push(event.clone()),
            _ => {}
        }
        // What nothing proves is not what the run has come to: whoever claims it next sees to it.
        if event.is_outcome() && other.files.unverified {
            other.results.clear();
            continue;
        }
        if tells {
            shared.pass_on(run, vec![event]);
        }
    }
    shared.steered_elsewhere(run, how, other.files.step());
    let is_due = |looked: Instant| looked.elapsed() >= LOOK_AT_PARAMETERS;
    if tells && other.files.snapshot_looked.is_none_or(is_due) {
        other.files.read_snapshot();
        if let Some(snapshot) = &other.files.snapshot {
            entry.leave(snapshot.step, snapshot.weights.clone());
        }
    }
    let is_finished = other.results.last().is_some_and(|event| matches!(event.kind, Kind::Finished { .. }));
    if is_finished {
        let results = std::mem::take(&mut other.results);
        let curves = Told::of(&results).curves;
        if !tells {
            let at = last_written(claim.folder(), &entry.run);
            shared.report(run, None, Kind::Recorded { at, events: results.len() });
            shared.pass_on(run, results);
        }
        shared.close_elsewhere(run, Some((curves, other.asked.clone())));
        return true;
    }
    if held_by.is_some() {
        return false;
    }
    match other.failed.take() {
        // It would fail again, at the same step.
        Some(failed) => {
            if !tells {
                shared.pass_on(run, vec![failed]);
            }
            shared.close_elsewhere(run, None);
        }
        None => shared.freed(run),
    }
    true
}
