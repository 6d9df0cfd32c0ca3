//! The board in the hands of many threads: one lock around it, one bell for those who wait for something on
//! it, and whoever asks it something does what it answers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::board::{Answer, Board};
use super::control::Control;
use super::entry::Entry;
use super::evaluation::{Evaluation, Outcome, TestSets};
use super::going::Going;
use super::guard::guard;
use super::stages::Work;
use crate::eval::Curves;
use crate::experiments::Experiment;
use crate::model::Kernels;
use crate::study::claim::holder::Holder;
use crate::study::claim::right::Claim;
use crate::study::disk::folders::{bring_back, set_aside};
use crate::study::disk::record::Record;
use crate::study::disk::steered::Steered;
use crate::study::disk::trail::Trail;
use crate::study::disk::trouble::{RecordError, trouble};
use crate::study::event::{Event, Kind};
use crate::study::layout::run_folder;
use crate::study::plan::Run;

/// What is needed to go on is kept this often: what a power cut may cost. `METASCOPE_SAVE_MS` in the
/// environment says otherwise.
const SAVE_INTERVAL: Duration = Duration::from_secs(3);

/// Most outcomes that wait for the disk. Runs of a moment are trained faster than they are kept, and each of those that
/// wait holds its whole state.
const MOST_OUTCOMES: usize = 64;

/// What is done with what a run has left on disk, before it begins again.
enum Remains {
    PutAside,
    BroughtBack,
}

/// Why a run's folder may not be written in.
pub enum Refused {
    /// Another process has claimed it.
    Claimed(Holder),
    Trouble(RecordError),
}

impl From<Refused> for RecordError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Claimed(holder) => Self::new(format!("{holder} trains this run")),
            Refused::Trouble(error) => error,
        }
    }
}

/// Events of a run, in their order. Together, because it costs more to wake whoever waits for them than to tell them.
pub type Reported = (usize, Vec<Event>);

/// What the workers of a session share.
pub struct Shared {
    /// Every run there has been, under its number on the board.
    entries: RwLock<Vec<Arc<Entry>>>,
    /// Where runs are kept, held against other processes; `None` keeps nothing.
    pub claim: Option<Arc<Claim>>,
    events: Sender<Reported>,
    board: Mutex<Board>,
    /// Signalled when something on the board has changed that somebody may wait for, ...
    bell: Condvar,
    /// ... and this one for those who wait for the disk, when there is something to keep.
    keepers: Condvar,
    stopping: AtomicBool,
    /// Since when.
    stopped: OnceLock<Instant>,
    pub tests: TestSets,
    /// Of how many landmarks one is kept in memory.
    stride: AtomicUsize,
    pub kernels: Kernels,
    /// Whether somebody follows what the other processes do that share the study; else only what their runs come
    /// to matters.
    pub follows_others: bool,
    pub save_interval: Duration,
}

/// How often what is needed to go on is kept.
fn save_interval() -> Duration {
    let asked = std::env::var("METASCOPE_SAVE_MS").ok().and_then(|text| text.parse().ok());
    asked.map_or(SAVE_INTERVAL, Duration::from_millis)
}

impl Shared {
    /// Of a study of these runs that is kept in this folder and told through this channel, by these kernels or by
    /// the fastest.
    pub fn new(
        runs: Vec<Run>,
        claim: Option<Arc<Claim>>,
        events: Sender<Reported>,
        kernels: Option<Kernels>,
        follows_others: bool,
    ) -> Self {
        let shared = Self {
            entries: RwLock::default(),
            claim,
            events,
            board: Mutex::default(),
            bell: Condvar::new(),
            keepers: Condvar::new(),
            stopping: AtomicBool::new(false),
            stopped: OnceLock::new(),
            tests: TestSets::default(),
            stride: AtomicUsize::new(1),
            kernels: kernels.unwrap_or_else(Kernels::fastest),
            follows_others,
            save_interval: save_interval(),
        };
        shared.plan(runs);
        shared
    }

    /// A run's entry. `run` is one of those [`Shared::plan`] has given.
    pub fn entry(&self, run: usize) -> Arc<Entry> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)[run].clone()
    }

    /// The entry of a run that somebody outside names.
    pub fn find(&self, run: usize) -> Option<Arc<Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(run).cloned()
    }

    /// Asks every worker to end after its current outer step.
    pub fn stop(&self) {
        self.stopped.get_or_init(Instant::now);
        self.stopping.store(true, Ordering::Relaxed);
        self.with_board(|_| ());
    }

    /// Since when the workers should end.
    pub fn stopped_since(&self) -> Option<Instant> {
        self.stopped.get().copied()
    }

    /// Whether the workers should end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Looks at the board.
    pub fn look<T>(&self, question: impl FnOnce(&Board) -> T) -> T {
        question(&guard(&self.board))
    }

    /// Tells the board something that others may wait for.
    fn with_board<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        let mut board = guard(&self.board);
        let answer = change(&mut board);
        self.bell.notify_all();
        answer
    }

    /// Waits for this bell until there is something on the board, or nothing more to wait for.
    fn wait_for<T>(
        &self,
        bell: &Condvar,
        take: impl Fn(&mut Board) -> Option<T>,
        no_more: impl Fn(&Board) -> bool,
    ) -> Option<T> {
        let mut board = guard(&self.board);
        loop {
            if let Some(taken) = take(&mut board) {
                return Some(taken);
            }
            if no_more(&board) {
                return None;
            }
            board = bell.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for so long, or until the workers should end. Whether they should.
    pub fn rests(&self, time: Duration) -> bool {
        self.rests_while(time, |_| true)
    }

    /// The same, but no longer than this is so of the board.
    pub fn rests_while(&self, time: Duration, is_so: impl Fn(&Board) -> bool) -> bool {
        let board = guard(&self.board);
        let waits = |board: &mut Board| !self.is_stopping() && is_so(board);
        let waited = self.bell.wait_timeout_while(board, time, waits);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.is_stopping()
    }

    /// The next job; `None` when there will be no more.
    pub fn next_job(&self) -> Option<Work> {
        let waits = |board: &Board| self.is_stopping() || board.outcomes() >= MOST_OUTCOMES;
        let take = |board: &mut Board| if waits(board) { None } else { board.next_job() };
        self.wait_for(&self.bell, take, |_| self.is_stopping())
    }

    /// The next outcome to keep; `None` when no worker is left to have any.
    pub fn next_outcome(&self) -> Option<Outcome> {
        let take = |board: &mut Board| {
            if board.outcomes() == MOST_OUTCOMES {
                // Workers wait for one to be taken.
                self.bell.notify_all();
            }
            board.next_outcome()
        };
        self.wait_for(&self.keepers, take, |board| !board.has_workers())
    }

    /// See [`Board::hand_out`].
    pub fn hand_out(&self, evaluation: &Arc<Evaluation>) {
        self.with_board(|board| board.hand_out(evaluation));
    }

    /// See [`Board::hand_over`].
    pub fn hand_over(&self, outcome: Outcome) {
        guard(&self.board).hand_over(outcome);
        self.keepers.notify_one();
    }

    /// See [`Board::join`].
    pub fn join(&self) {
        self.with_board(Board::join);
    }

    /// See [`Board::leave`].
    pub fn leave(&self) {
        self.with_board(Board::leave);
        self.keepers.notify_all();
    }

    /// Makes these runs the study; their numbers (see [`Board::plan`]).
    pub fn plan(&self, runs: Vec<Run>) -> Vec<usize> {
        self.with_board(|board| {
            let numbers = board.plan(runs);
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            let known = entries.len();
            entries.extend(board.runs().skip(known).cloned().map(Entry::new));
            for ((number, entry), run) in entries.iter().enumerate().zip(board.runs()) {
                entry.set_wanted_back(board.is_wanted_back(number));
                entry.ask(run.settings.clone());
            }
            let stride = Trail::stride(numbers.iter().map(|number| &entries[*number].trail));
            self.stride.store(stride, Ordering::Relaxed);
            numbers
        })
    }

    /// The right to write in a run's folder, where anything is kept: the study's, or, where it is shared, a
    /// claim of the run.
    ///
    /// # Errors
    /// Who has claimed the run, or why nobody can.
    pub fn right(&self, run: &Run) -> Result<Option<Arc<Claim>>, Refused> {
        let Some(study) = self.claim.as_ref() else { return Ok(None) };
        if !study.is_shared() {
            return Ok(Some(study.clone()));
        }
        let folder = run_folder(study.folder(), run);
        match study.of_run(&folder) {
            Ok(Ok(claim)) => Ok(Some(claim)),
            Ok(Err(holder)) => Err(Refused::Claimed(holder)),
            Err(error) => Err(Refused::Trouble(trouble(&folder, &error))),
        }
    }

    /// See [`Board::leave_to_others`].
    pub fn leave_to_others(&self, run: usize) {
        self.with_board(|board| board.leave_to_others(run));
    }

    /// See [`Board::steered_elsewhere`].
    pub fn steered_elsewhere(&self, run: usize, how: Option<Steered>, step: u64) {
        self.tell(run, |board| board.steered_elsewhere(run, how, step));
    }

    /// See [`Board::freed`].
    pub fn freed(&self, run: usize) {
        self.with_board(|board| board.freed(run));
    }

    /// See [`Board::close_elsewhere`].
    pub fn close_elsewhere(&self, run: usize, tested: Option<(Curves, Arc<Experiment>)>) {
        self.tell(run, |board| board.close_elsewhere(run, tested));
    }

    /// Does with a run what a person wants (see [`Board::control`]).
    ///
    /// # Errors
    /// If the folder of a run that starts over cannot be put aside.
    pub fn control(&self, run: usize, control: Control) -> Result<(), RecordError> {
        let Some(entry) = self.find(run) else { return Ok(()) };
        self.ask(run, &entry, |board| board.control(run, control)).inspect_err(|_| {
            // The person is told, and nobody else waits for it.
            let _ = self.with_board(|board| board.abandon(run));
        })
    }

    /// See [`Board::take_back`].
    pub fn take_back(&self, run: usize, going: Box<Going>) {
        self.tell(run, |board| board.take_back(run, going));
    }

    /// See [`Board::close`].
    pub fn close(&self, run: usize, tested: Option<(Curves, Arc<Experiment>)>) {
        self.tell(run, |board| board.close(run, tested));
    }

    /// Tells the board what has become of a run. Where what follows cannot be done, the run has failed.
    fn tell(&self, run: usize, news: impl FnOnce(&mut Board) -> Answer) {
        let entry = self.entry(run);
        if let Err(error) = self.ask(run, &entry, news) {
            self.report(run, None, Kind::Failed { step: 0, error: error.to_string() });
            self.send_answer(run, &entry, |board| board.abandon(run));
        }
    }

    /// Asks the board about a run and does what it answers, until it has no more to say.
    fn ask(
        &self,
        run: usize,
        entry: &Entry,
        question: impl FnOnce(&mut Board) -> Answer,
    ) -> Result<(), RecordError> {
        let mut remains = self.send_answer(run, entry, question);
        while let Some(remains_are) = remains {
            let right = self.right(&entry.run).map_err(RecordError::from)?;
            match (&right, remains_are) {
                (Some(claim), Remains::PutAside) => set_aside(claim, &entry.run)?,
                (Some(claim), Remains::BroughtBack) => bring_back(claim, &entry.run)?,
                (None, _) => {}
            }
            drop(right);
            entry.clear();
            remains = self.send_answer(run, entry, |board| board.cleared(run));
        }
        Ok(())
    }

    /// Sends the event that the board answers with, before anybody can act on what it is about. Whether it
    /// wants something done with the run's remains.
    fn send_answer(
        &self,
        run: usize,
        entry: &Entry,
        question: impl FnOnce(&mut Board) -> Answer,
    ) -> Option<Remains> {
        self.with_board(|board| {
            let answer = question(board);
            entry.set_wanted_back(board.is_wanted_back(run));
            match answer {
                Answer::Tell(of, events) => {
                    self.pass_on(of, events);
                    None
                }
                Answer::Nothing => None,
                Answer::Clear => Some(Remains::PutAside),
                Answer::Restore => Some(Remains::BroughtBack),
            }
        })
    }

    /// Tells these events of a run.
    pub fn pass_on(&self, run: usize, events: Vec<Event>) {
        if !events.is_empty() {
            // Whoever listened may be gone; the work is worth finishing all the same.
            let _ = self.events.send((run, events));
        }
    }

    /// Logs the event, where there is a log, and sends it.
    pub fn report(&self, run: usize, record: Option<&mut Record>, kind: Kind) {
        let event = Event { run: self.entry(run).run.name(), kind };
        if let Some(record) = record {
            record.append(&event);
        }
        self.pass_on(run, vec![event]);
    }

    /// A run has failed.
    pub fn fail(&self, run: usize, step: u64, error: String) {
        self.report(run, None, Kind::Failed { step, error });
        self.close(run, None);
    }

    /// Whether the landmark of this number is kept where no file holds it.
    pub fn is_kept(&self, number: usize, of: usize) -> bool {
        number.is_multiple_of(self.stride.load(Ordering::Relaxed)) || number + 1 == of
    }
}
