//! What the dashboard shows: a study that is trained here, or one that another process trains; the one can become the
//! other while the dashboard stays up. Which it is, the study's claim decides: never do two processes train.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};

use super::run::{start, too_few};
use crate::cli::RunArgs;
use crate::experiments::Study;
use crate::study::{
    Busy, Control, Event, Found, Holder, Refused, Session, Snapshot, Together, Watcher, ask, has_locks, plan,
    study_folder, withdraw,
};
use crate::ui::{Source, Trainer, Trainers};

/// Whether the lock is free is tried this often once it was asked for.
const TRY: Duration = Duration::from_millis(100);
/// A process that has not let go by then will not: a step and a save take a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// With whom the study is trained. A person sees what others do as it happens.
fn together(args: &RunArgs) -> Option<Together> {
    args.join.then_some(Together { part: None, tells: true })
}

/// What is done with the study from here.
enum Doing {
    Training(Session),
    LookingOn(Box<Watcher>),
    /// Between the two; only for as long as it takes to start or to stop.
    Nothing,
}

/// The study was asked for.
struct Asked {
    since: Instant,
    tried: Instant,
    /// Who had it then.
    of: Trainer,
}

/// A study that is trained here or watched.
pub struct TrainOrWatch {
    args: RunArgs,
    folder: PathBuf,
    /// The study as it is trained, here or there.
    study: RefCell<Study>,
    doing: RefCell<Doing>,
    asked: RefCell<Option<Asked>>,
    /// Whether it is trained together with other processes.
    joins: Cell<bool>,
    /// What was made of the plan here, until somebody asks.
    planned: RefCell<Option<Found>>,
    /// What a person is to be told.
    said: Cell<Option<String>>,
}

impl TrainOrWatch {
    /// Trains the study or, where another process does, looks on.
    ///
    /// # Errors
    /// As [`start`].
    pub fn take(study: &Study, args: &RunArgs) -> anyhow::Result<Self> {
        let mut said = None;
        let doing = match start(study, plan(study), args, together(args)) {
            Ok(session) => {
                said = too_few(&session, args);
                Doing::Training(session)
            }
            Err(error) => {
                let busy = error.downcast::<Busy>()?;
                if busy.why == Refused::NoLocks {
                    return Err(busy.into());
                }
                Doing::LookingOn(Box::new(Watcher::of(&busy.folder, study)))
            }
        };
        Ok(Self {
            args: args.clone(),
            folder: study_folder(&args.out, &study.name),
            study: RefCell::new(study.clone()),
            doing: RefCell::new(doing),
            asked: RefCell::default(),
            joins: Cell::new(args.join),
            planned: RefCell::default(),
            said: Cell::new(said),
        })
    }

    /// Tries to begin, if it was asked for and it is time.
    fn try_to_begin(&self) -> Option<anyhow::Result<Found>> {
        let mut asked = self.asked.borrow_mut();
        let wanted = asked.as_mut().filter(|asked| asked.tried.elapsed() >= TRY)?;
        wanted.tried = Instant::now();
        // What was there is gone on with, whatever this process was told at first.
        let args = RunArgs { fresh: false, join: self.joins.get(), ..self.args.clone() };
        let study = self.study.borrow().clone();
        let (late, of) = (wanted.since.elapsed() > PATIENCE, wanted.of.clone());
        let error = match start(&study, plan(&study), &args, together(&args)) {
            Ok(session) => {
                *asked = None;
                *self.doing.borrow_mut() = Doing::Training(session);
                let runs = plan(&study);
                let numbers = (0..runs.len()).collect();
                return Some(Ok(Found { study, runs, numbers }));
            }
            Err(error) => error,
        };
        let refusal = match error.downcast::<Busy>() {
            Ok(Busy { why: Refused::One(holder), .. })
                if of == Trainer::Elsewhere(holder.clone()) && !late =>
            {
                return None;
            }
            Ok(Busy { why: Refused::One(holder), .. }) if late => {
                anyhow!("{holder} does not let go; end it, and O takes over")
            }
            Ok(Busy { why: Refused::One(holder), .. }) => {
                anyhow!("{holder} was faster and trains these runs")
            }
            Ok(busy) => busy.into(),
            Err(error) => error,
        };
        *asked = None;
        withdraw(&self.folder);
        Some(Err(refusal))
    }

    /// Looks on, once another process has asked for the study.
    fn step_back(&self) -> Option<Found> {
        let given = match &*self.doing.borrow() {
            Doing::Training(session) => session.given_to().is_some(),
            _ => false,
        };
        if !given {
            return None;
        }
        // Waits for the workers, which have been told to stop.
        drop(self.doing.replace(Doing::Nothing));
        let study = self.study.borrow().clone();
        let watcher = Watcher::of(&self.folder, &study);
        let runs = watcher.runs();
        *self.doing.borrow_mut() = Doing::LookingOn(Box::new(watcher));
        let numbers = (0..runs.len()).collect();
        Some(Found { study, runs, numbers })
    }

    /// What this process does, asked of whichever it is.
    fn of<T>(&self, trains: impl FnOnce(&Session) -> T, looks: impl FnOnce(&Watcher) -> T, none: T) -> T {
        match &*self.doing.borrow() {
            Doing::Training(session) => trains(session),
            Doing::LookingOn(watcher) => looks(watcher),
            Doing::Nothing => none,
        }
    }
}

impl Drop for TrainOrWatch {
    fn drop(&mut self) {
        // What was asked for and not given would be given to nobody.
        if self.asked.get_mut().is_some() {
            withdraw(&self.folder);
        }
    }
}

impl Source for TrainOrWatch {
    fn said(&self) -> Option<String> {
        self.said.take()
    }

    fn try_event(&self) -> Option<(usize, Event)> {
        self.of(Session::try_event, Watcher::try_event, None)
    }

    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        self.of(|session| session.snapshot(run), |watcher| watcher.snapshot(run), None)
    }

    fn past(&self, run: usize, landmark: usize) -> Poll<Option<Arc<Snapshot>>> {
        let none = Poll::Ready(None);
        self.of(
            |session| Source::past(session, run, landmark),
            |watcher| Source::past(watcher, run, landmark),
            none,
        )
    }

    fn is_over(&self) -> bool {
        self.of(Session::is_over, Watcher::is_over, false)
    }

    fn is_idle(&self) -> bool {
        self.of(Source::is_idle, Source::is_idle, false)
    }

    fn trainers(&self) -> Trainers {
        let trainers = self.of(Source::trainers, Source::trainers, Trainers::default());
        Trainers { can_take: true, asked: self.asked.borrow().is_some(), ..trainers }
    }

    fn is_trained(&self, run: usize) -> bool {
        self.of(|_| true, |watcher| watcher.is_trained(run), true)
    }

    fn holder(&self, run: usize) -> Option<Holder> {
        self.of(|session| session.holder(run), |watcher| watcher.holder(run), None)
    }

    fn take_over(&self) -> anyhow::Result<()> {
        let of = self.trainers().trainer;
        if of == Trainer::Here {
            bail!("this process trains already");
        }
        if of != Trainer::Nobody && has_locks(&self.folder) == Some(false) {
            return Err(Busy { why: Refused::NoLocks, folder: self.folder.clone() }.into());
        }
        if let Trainer::Elsewhere(holder) = &of {
            ask(&self.folder).map_err(|error| {
                anyhow!("{holder} cannot be asked: {} cannot be written: {error}", self.folder.display())
            })?;
        }
        // Those that share a study are joined.
        self.joins.set(self.args.join || matches!(of, Trainer::Several(_)));
        let now = Instant::now();
        *self.asked.borrow_mut() = Some(Asked { since: now, tried: now, of });
        Ok(())
    }

    fn changed_hands(&self) -> Option<anyhow::Result<Found>> {
        self.step_back().map(Ok).or_else(|| self.try_to_begin())
    }

    fn found(&self) -> Option<Found> {
        if let Some(planned) = self.planned.take() {
            return Some(planned);
        }
        let found = self.of(|_| None, Watcher::found, None)?;
        *self.study.borrow_mut() = found.study.clone();
        Some(found)
    }

    fn looks_again(&self) -> Option<Duration> {
        let looks = self.of(|_| None, Source::looks_again, None);
        looks.map(|time| if self.asked.borrow().is_some() { TRY } else { time })
    }

    fn queue(&self) -> Vec<usize> {
        self.of(Session::queue, Source::queue, Vec::new())
    }

    fn control(&self, run: usize, control: Control) -> anyhow::Result<()> {
        self.of(|session| session.control(run, control), |watcher| watcher.control(run, control), Ok(()))
    }

    fn plan(&self, study: &Study) -> anyhow::Result<()> {
        let runs = plan(study);
        let Some(numbers) = self.of(|session| Some(session.plan(runs.clone())), |_| None, None) else {
            bail!("another process trains these runs: change them there");
        };
        *self.study.borrow_mut() = study.clone();
        *self.planned.borrow_mut() = Some(Found { study: study.clone(), runs, numbers });
        Ok(())
    }

    fn stop(&self) {
        self.of(Session::stop, |_| (), ());
    }
}
