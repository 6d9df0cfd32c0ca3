//! A study on a thread of its own, and what the screen has of it. Run folders may lie on a disk that does not
//! answer: the thread waits for it, the screen shows what was heard last, and nobody waits for the thread at the end.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use super::{source::Source, state::trainers::Trainers};
use crate::experiments::Study;
use crate::study::{Control, Event, Found, Holder, Snapshot, no_thread};

/// Time between looks at the study while anything moves, ...
const LOOK: Duration = Duration::from_millis(50);
/// ... and once everything is over.
const REST: Duration = Duration::from_millis(500);
/// The longest that events are gathered for before the screen gets them.
const ROUND: Duration = Duration::from_millis(25);
/// Most events that wait for the screen.
const MOST_EVENTS: usize = 10_000;
/// Most of the past that is asked for or kept at once: a person looks at one moment.
const MOST_PASTS: usize = 64;
/// After this time without a word something does not answer.
const SILENCE: Duration = Duration::from_secs(2);
/// How long the study has to let go of its folder at the end. Nobody waits for more than a second.
const PARTING: Duration = Duration::from_millis(900);

/// What is asked of the study.
enum Ask {
    Past(usize, usize),
    TakeOver,
    Control(usize, Control),
    Plan(Box<Study>),
}

impl Ask {
    /// Whether what is over may not be over once it is answered.
    fn changes(&self) -> bool {
        matches!(self, Self::Control(..) | Self::Plan(_))
    }
}

/// How the study stands.
#[derive(Default)]
struct State {
    is_over: bool,
    is_idle: bool,
    trainers: Trainers,
    /// Runs that nobody trains.
    left: HashSet<usize>,
    holders: HashMap<usize, Holder>,
    queue: Vec<usize>,
    looks_again: Option<Duration>,
}

/// What has come since the screen looked.
#[derive(Default)]
struct News {
    /// How the study stands now, and how many questions are answered.
    state: Option<(State, usize)>,
    changed: VecDeque<anyhow::Result<Found>>,
    found: Option<Found>,
    events: VecDeque<(usize, Event)>,
    /// `None` for a run that has none any more.
    snapshots: HashMap<usize, Option<Arc<Snapshot>>>,
    pasts: HashMap<(usize, usize), Option<Arc<Snapshot>>>,
    said: VecDeque<String>,
    failure: Option<anyhow::Error>,
}

impl News {
    /// The runs have other numbers from here on.
    fn renumber(&mut self) {
        self.found = None;
        self.events.clear();
        self.snapshots.clear();
        self.pasts.clear();
    }
}

/// Where the thread leaves what it hears.
struct Place {
    news: Mutex<News>,
    /// When the thread was last seen to go on.
    heard: Mutex<Instant>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A study on a thread of its own, as the screen has it.
pub struct Apart {
    /// Until it is told to stop.
    asks: RefCell<Option<Sender<Ask>>>,
    place: Arc<Place>,
    /// What the thread leaves at its end: what could not be shown, and why.
    end: Receiver<Vec<(PathBuf, String)>>,
    /// What was taken and not yet given on.
    news: RefCell<News>,
    state: RefCell<State>,
    /// Whether the study was heard of.
    is_open: Cell<bool>,
    /// Changes asked for, and answered.
    asked: Cell<[usize; 2]>,
    /// Moments of the past that were asked for.
    pasts: RefCell<HashSet<(usize, usize)>>,
    told_to_stop: Cell<Option<Instant>>,
}

impl Apart {
    /// Opens a study of so many runs, which may take its time.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn open<S: Source>(
        runs: usize,
        open: impl FnOnce() -> anyhow::Result<S> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (asks, to_do) = channel();
        let (tell_end, end) = channel();
        let place = Arc::new(Place { news: Mutex::default(), heard: Mutex::new(Instant::now()) });
        let there = Arc::clone(&place);
        thread::Builder::new()
            .name("study".to_owned())
            .spawn(move || match open() {
                Ok(source) => {
                    Server {
                        source: &source,
                        place: &there,
                        numbers: (0..runs).collect(),
                        shown: HashMap::new(),
                    }
                    .serve(&to_do);
                    source.stop();
                    let passed_over = source.passed_over();
                    drop(source);
                    let _ = tell_end.send(passed_over);
                }
                Err(error) => lock(&there.news).failure = Some(error),
            })
            .map_err(|error| no_thread(&error))?;
        Ok(Self {
            asks: RefCell::new(Some(asks)),
            place,
            end,
            news: RefCell::default(),
            state: RefCell::default(),
            is_open: Cell::new(false),
            asked: Cell::default(),
            pasts: RefCell::default(),
            told_to_stop: Cell::default(),
        })
    }

    /// Waits until the study is open, but not for long: most are before anybody has seen anything.
    pub fn wait(&self, patience: Duration) {
        let began = Instant::now();
        while began.elapsed() < patience {
            let news = lock(&self.place.news);
            if news.state.is_some() || news.failure.is_some() {
                return;
            }
            drop(news);
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn ask(&self, ask: Ask) {
        let [asked, answered] = self.asked.get();
        let changes = usize::from(ask.changes());
        if self.asks.borrow().as_ref().is_some_and(|asks| asks.send(ask).is_ok()) {
            self.asked.set([asked + changes, answered]);
        }
    }

    /// Lets go of the study, and waits for that as long as a person does. What could not be shown, and why.
    pub fn leave(self) -> Vec<(PathBuf, String)> {
        Source::stop(&self);
        let since = self.told_to_stop.get().map_or(Duration::ZERO, |since| since.elapsed());
        self.end.recv_timeout(PARTING.saturating_sub(since)).unwrap_or_default()
    }
}

impl Source for Apart {
    fn refresh(&self) {
        let mut news = std::mem::take(&mut *lock(&self.place.news));
        let mut kept = self.news.borrow_mut();
        if news.changed.iter().any(Result::is_ok) {
            kept.renumber();
            self.pasts.borrow_mut().clear();
        }
        if let Some((state, answered)) = news.state {
            self.is_open.set(true);
            *self.state.borrow_mut() = state;
            self.asked.set([self.asked.get()[0], answered]);
        }
        if kept.pasts.len() > MOST_PASTS {
            // Somebody has looked elsewhere meanwhile.
            kept.pasts.clear();
        }
        self.pasts.borrow_mut().retain(|past| !news.pasts.contains_key(past));
        kept.changed.append(&mut news.changed);
        kept.found = news.found.or(kept.found.take());
        kept.events.append(&mut news.events);
        for (run, snapshot) in news.snapshots {
            kept.snapshots.insert(run, snapshot);
        }
        kept.pasts.extend(news.pasts);
        kept.said.append(&mut news.said);
        kept.failure = news.failure.or(kept.failure.take());
    }

    fn waits_for(&self) -> Option<String> {
        let silent = lock(&self.place.heard).elapsed();
        let seconds = silent.as_secs();
        match self.is_open.get() {
            false if silent < SILENCE => Some("looking at what is kept of this study".to_owned()),
            false => Some(format!("the study's folder has not answered for {seconds} s; q leaves")),
            true if silent < SILENCE => None,
            true => Some(format!("the study's folder has not answered for {seconds} s: this is how it was")),
        }
    }

    fn is_asked(&self) -> bool {
        let [asked, answered] = self.asked.get();
        asked > answered || !self.is_open.get()
    }

    fn failure(&self) -> Option<anyhow::Error> {
        self.news.borrow_mut().failure.take()
    }

    fn said(&self) -> Option<String> {
        self.news.borrow_mut().said.pop_front()
    }

    fn try_event(&self) -> Option<(usize, Event)> {
        self.news.borrow_mut().events.pop_front()
    }

    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        self.news.borrow().snapshots.get(&run).cloned().flatten()
    }

    fn past(&self, run: usize, landmark: usize) -> Poll<Option<Arc<Snapshot>>> {
        if let Some(found) = self.news.borrow_mut().pasts.remove(&(run, landmark)) {
            return Poll::Ready(found);
        }
        let mut pasts = self.pasts.borrow_mut();
        if pasts.len() < MOST_PASTS && pasts.insert((run, landmark)) {
            self.ask(Ask::Past(run, landmark));
        }
        Poll::Pending
    }

    fn is_over(&self) -> bool {
        // What is to be changed may not be over then.
        self.state.borrow().is_over && !self.is_asked()
    }

    fn is_idle(&self) -> bool {
        self.state.borrow().is_idle
    }

    fn trainers(&self) -> Trainers {
        self.state.borrow().trainers.clone()
    }

    fn is_trained(&self, run: usize) -> bool {
        !self.state.borrow().left.contains(&run)
    }

    fn holder(&self, run: usize) -> Option<Holder> {
        self.state.borrow().holders.get(&run).cloned()
    }

    fn take_over(&self) -> anyhow::Result<()> {
        self.ask(Ask::TakeOver);
        Ok(())
    }

    fn changed_hands(&self) -> Option<anyhow::Result<Found>> {
        self.news.borrow_mut().changed.pop_front()
    }

    fn found(&self) -> Option<Found> {
        self.news.borrow_mut().found.take()
    }

    fn looks_again(&self) -> Option<Duration> {
        self.state.borrow().looks_again
    }

    fn queue(&self) -> Vec<usize> {
        self.state.borrow().queue.clone()
    }

    fn control(&self, run: usize, control: Control) -> anyhow::Result<()> {
        self.ask(Ask::Control(run, control));
        Ok(())
    }

    fn plan(&self, study: &Study) -> anyhow::Result<()> {
        self.ask(Ask::Plan(Box::new(study.clone())));
        Ok(())
    }

    fn stop(&self) {
        if self.told_to_stop.get().is_none() {
            self.told_to_stop.set(Some(Instant::now()));
            *self.asks.borrow_mut() = None;
        }
    }
}

/// What the thread works with.
struct Server<'a, S> {
    source: &'a S,
    place: &'a Place,
    /// The runs that there are.
    numbers: Vec<usize>,
    /// The parameters of each that the screen knows.
    shown: HashMap<usize, Arc<Snapshot>>,
}

impl<S: Source> Server<'_, S> {
    /// Answers and looks until nobody asks any more.
    fn serve(&mut self, asks: &Receiver<Ask>) {
        let (mut pause, mut answered) = (Duration::ZERO, 0);
        loop {
            let mut ask = match asks.recv_timeout(pause) {
                Ok(ask) => Some(ask),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Some(asked) = ask {
                answered += usize::from(asked.changes());
                if let Err(error) = self.answer(asked) {
                    lock(&self.place.news).said.push_back(format!("{error:#}"));
                }
                ask = asks.try_recv().ok();
            }
            pause = self.look(answered);
            *lock(&self.place.heard) = Instant::now();
        }
    }

    fn answer(&self, ask: Ask) -> anyhow::Result<()> {
        match ask {
            Ask::Past(run, landmark) => {
                if let Poll::Ready(found) = self.source.past(run, landmark) {
                    lock(&self.place.news).pasts.insert((run, landmark), found);
                }
                Ok(())
            }
            Ask::TakeOver => self.source.take_over(),
            Ask::Control(run, control) => self.source.control(run, control),
            Ask::Plan(study) => self.source.plan(&study),
        }
    }

    /// Looks at the study and leaves what is new. How long to wait before the next look.
    fn look(&mut self, answered: usize) -> Duration {
        let source = self.source;
        if let Some(changed) = source.changed_hands() {
            let mut news = lock(&self.place.news);
            if let Ok(found) = &changed {
                self.numbers.clone_from(&found.numbers);
                self.shown.clear();
                news.renumber();
            }
            news.changed.push_back(changed);
        }
        if let Some(found) = source.found() {
            self.numbers.clone_from(&found.numbers);
            lock(&self.place.news).found = Some(found);
        }
        while let Some(words) = source.said() {
            lock(&self.place.news).said.push_back(words);
        }
        // Asked before the events are read: what was over then has nothing more to tell afterwards.
        let over = source.is_over();
        let room = MOST_EVENTS.saturating_sub(lock(&self.place.news).events.len());
        let (began, mut events, mut drained) = (Instant::now(), VecDeque::new(), false);
        while !drained && events.len() < room && began.elapsed() < ROUND {
            match source.try_event() {
                Some(event) => events.push_back(event),
                None => drained = true,
            }
        }
        let state = State {
            is_over: over && drained,
            is_idle: source.is_idle(),
            trainers: source.trainers(),
            left: self.numbers.iter().copied().filter(|run| !source.is_trained(*run)).collect(),
            holders: self.numbers.iter().filter_map(|&run| Some((run, source.holder(run)?))).collect(),
            queue: source.queue(),
            looks_again: source.looks_again(),
        };
        let pause = match () {
            () if room == 0 || drained && !over => LOOK,
            () if !drained => Duration::ZERO,
            () => state.looks_again.map_or(REST, |again| again.min(REST)),
        };
        let snapshots = self.newer_snapshots();
        // Nothing is asked of the study from here on: the screen waits for this lock.
        let mut news = lock(&self.place.news);
        news.events.append(&mut events);
        news.snapshots.extend(snapshots);
        news.state = Some((state, answered));
        pause
    }

    /// The parameters that are others than those the screen knows.
    fn newer_snapshots(&mut self) -> Vec<(usize, Option<Arc<Snapshot>>)> {
        let mut newer = Vec::new();
        for &run in &self.numbers {
            let snapshot = self.source.snapshot(run);
            let known = self.shown.get(&run);
            if known.map(Arc::as_ptr) != snapshot.as_ref().map(Arc::as_ptr) {
                match &snapshot {
                    Some(snapshot) => self.shown.insert(run, Arc::clone(snapshot)),
                    None => self.shown.remove(&run),
                };
                newer.push((run, snapshot));
            }
        }
        newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tests::fixture;

    /// A study whose folder answers when it is told to, and says what it was asked.
    struct Slow {
        answers: Receiver<()>,
        asked: RefCell<Vec<String>>,
        events: RefCell<VecDeque<(usize, Event)>>,
        found: RefCell<Option<Found>>,
    }

    fn found(numbers: &[usize]) -> Found {
        let study = fixture::notebook();
        Found { runs: fixture::plan(&study), study, numbers: numbers.to_vec() }
    }

    impl Source for Slow {
        fn try_event(&self) -> Option<(usize, Event)> {
            // As long as nobody answers, and for good once nobody will.
            while self.answers.recv().is_err() {
                thread::sleep(Duration::from_secs(1));
            }
            self.events.borrow_mut().pop_front()
        }

        fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
            self.asked.borrow().get(run).map(|_| fixture::snapshot(run as u64, 0))
        }

        fn past(&self, run: usize, landmark: usize) -> Poll<Option<Arc<Snapshot>>> {
            Poll::Ready((run == 0).then(|| fixture::snapshot(landmark as u64, 0)))
        }

        fn is_over(&self) -> bool {
            self.events.borrow().is_empty()
        }

        fn found(&self) -> Option<Found> {
            self.found.take()
        }

        fn control(&self, run: usize, control: Control) -> anyhow::Result<()> {
            self.asked.borrow_mut().push(format!("{run} {control:?}"));
            anyhow::bail!("run {run} is another's")
        }

        fn plan(&self, _: &Study) -> anyhow::Result<()> {
            *self.found.borrow_mut() = Some(found(&[4, 5]));
            self.events.borrow_mut().push_back((4, fixture::started("late", 0, 9)));
            Ok(())
        }
    }

    /// The study, and who has it answer so many times.
    fn slow() -> (Apart, Sender<()>) {
        let (answer, answers) = channel();
        let opened = move || {
            let (asked, events) =
                (RefCell::default(), RefCell::new([(0, fixture::started("A", 0, 9))].into()));
            Ok(Slow { answers, asked, events, found: RefCell::default() })
        };
        (Apart::open(2, opened).expect("a thread"), answer)
    }

    /// Looks until there is something, for as long as a busy machine may take.
    fn comes<T>(apart: &Apart, look: impl Fn(&Apart) -> Option<T>) -> T {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            apart.refresh();
            if let Some(found) = look(apart) {
                return found;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("it never came");
    }

    #[test]
    fn nobody_waits_for_a_folder_that_does_not_answer() {
        let (apart, answer) = slow();
        let began = Instant::now();
        apart.refresh();
        assert!(apart.try_event().is_none() && apart.snapshot(0).is_none() && !apart.is_over());
        assert!(apart.past(0, 3).is_pending() && apart.control(0, Control::Pause).is_ok());
        assert!(apart.waits_for().expect("that it waits").contains("looking at"));
        assert!(began.elapsed() < SILENCE, "it would still wait if it had looked itself");
        let said = comes(&apart, |apart| apart.waits_for().filter(|words| words.contains("not answered")));
        assert!(said.contains("q leaves"), "{said}");
        let began = Instant::now();
        assert!(apart.leave().is_empty());
        assert!(began.elapsed() < PARTING + Duration::from_secs(5), "{:?}", began.elapsed());
        drop(answer);
    }

    #[test]
    fn what_is_asked_is_answered_in_its_time() {
        let (apart, answer) = slow();
        (0..10_000).for_each(|_| answer.send(()).expect("it listens"));
        assert_eq!(comes(&apart, Source::try_event).0, 0);
        comes(&apart, |apart| apart.is_over().then_some(()));
        assert!(apart.waits_for().is_none());
        apart.control(1, Control::Pause).expect("it is asked");
        assert!(!apart.is_over(), "nobody knows until it is answered");
        assert_eq!(comes(&apart, Source::said), "run 1 is another's");
        comes(&apart, |apart| apart.is_over().then_some(()));
        comes(&apart, |apart| apart.snapshot(0));
        // Asked once, answered once.
        let past = |run| {
            move |apart: &Apart| match apart.past(run, 3) {
                Poll::Ready(found) => Some(found.map(|found| found.step)),
                Poll::Pending => None,
            }
        };
        assert_eq!((comes(&apart, past(0)), comes(&apart, past(1))), (Some(3), None));
        // Its runs come before what they tell.
        apart.plan(&fixture::notebook()).expect("it is asked");
        assert_eq!(comes(&apart, Source::found).numbers, [4, 5]);
        assert_eq!(comes(&apart, Source::try_event).0, 4);
        drop(apart.leave());
    }

    #[test]
    fn other_numbers_take_what_was_told_of_the_old_ones_with_them() {
        let mut news = News::default();
        news.events.push_back((0, fixture::started("A", 0, 9)));
        news.snapshots.insert(0, None);
        news.changed.push_back(Ok(found(&[0])));
        news.renumber();
        assert!(news.events.is_empty() && news.snapshots.is_empty() && news.changed.len() == 1);
    }

    #[test]
    fn why_there_is_no_study_is_told() {
        let apart = Apart::open(1, || Err::<Slow, _>(anyhow::anyhow!("no such folder"))).expect("a thread");
        apart.wait(Duration::from_secs(20));
        assert_eq!(comes(&apart, Source::failure).to_string(), "no such folder");
    }
}
