//! Work that takes longer than a frame, for looking at: an update asks for it, a thread of its own does it, the newest
//! answer waits in a slot until an update takes it, and what nobody looks at any more is cancelled. Keys never wait for
//! it, it has less of a claim to the cores than training has, and nobody waits for it at the end.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    thread::{self, JoinHandle},
};

/// How much less of a claim, as `nice` counts: on Linux this much leaves training 1024 of 1060 parts of a core, which is 97 %.
const NICENESS: i32 = 15;

/// A place for one kind of work: one at a time, of which `K` says what it is of.
pub struct Job<K, T> {
    asked: Option<(K, Arc<Slot<T>>)>,
    thread: Option<JoinHandle<()>>,
    /// Whether the last look wanted it.
    wanted: bool,
    /// Whether it waits for the work before it to notice that nobody wants it.
    waits: bool,
}

type Slot<T> = Mutex<Option<T>>;

/// What work has of whoever asked for it.
pub struct Asker<T>(Weak<Slot<T>>);

impl<T> Asker<T> {
    /// Whether nobody wants it any more.
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl<K, T> Default for Job<K, T> {
    fn default() -> Self {
        Self { asked: None, thread: None, wanted: false, waits: false }
    }
}

impl<K: PartialEq, T: Send + 'static> Job<K, T> {
    /// Wants this to be worked out, unless it is already. Work on something else is cancelled, and this begins once that
    /// has noticed.
    pub fn want(&mut self, of: K, work: impl FnOnce(&Asker<T>) -> T + Send + 'static) {
        self.wanted = true;
        if self.asked.as_ref().is_some_and(|(asked, _)| *asked == of) {
            return;
        }
        self.asked = None;
        self.waits = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        if self.waits {
            return;
        }
        let slot = Arc::new(Mutex::new(None));
        let asker = Asker(Arc::downgrade(&slot));
        let work = move || {
            // On Linux this is about the calling thread alone.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let answer = work(&asker);
            if let Some(slot) = asker.0.upgrade() {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            }
        };
        // Without a thread nothing comes of it, which is only for looking at.
        self.thread = thread::Builder::new().name("pictures".to_owned()).spawn(work).ok();
        self.asked = Some((of, slot));
    }

    /// Cancels it if nothing was wanted since this was asked last.
    pub fn tidy(&mut self) {
        if !std::mem::take(&mut self.wanted) {
            (self.asked, self.waits) = (None, false);
        }
    }

    /// Whether somebody works on what was asked for.
    pub fn is_under_way(&self) -> bool {
        self.asked.is_some() && self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Whether there is an answer, or one may come.
    pub fn is_awaited(&self) -> bool {
        let is_there = |slot: &Slot<T>| slot.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        self.waits || self.is_under_way() || self.asked.as_ref().is_some_and(|(_, slot)| is_there(slot))
    }

    /// What it is of.
    pub fn asked(&self) -> Option<&K> {
        self.asked.as_ref().map(|(of, _)| of)
    }

    /// The answer, once there is one, and what it is of.
    pub fn take(&mut self) -> Option<(K, T)> {
        let (_, slot) = self.asked.as_ref()?;
        let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        self.asked.take().map(|(of, _)| (of, answer))
    }
}

/// The newest answer, kept until another one comes.
pub struct Newest<K, T> {
    known: Option<(K, T)>,
    job: Job<K, T>,
}

impl<K, T> Default for Newest<K, T> {
    fn default() -> Self {
        Self { known: None, job: Job::default() }
    }
}

impl<K: PartialEq, T: Send + 'static> Newest<K, T> {
    /// Whether this is known, or worked out already, which then goes on.
    pub fn has(&mut self, of: &K) -> bool {
        let is_asked = self.job.asked() == Some(of);
        self.job.wanted |= is_asked;
        is_asked || self.known.as_ref().is_some_and(|(known, _)| known == of)
    }

    /// As [`Job::want`], unless it is known.
    pub fn want(&mut self, of: K, work: impl FnOnce(&Asker<T>) -> T + Send + 'static) {
        if self.known.as_ref().is_none_or(|(known, _)| *known != of) {
            self.job.want(of, work);
        }
    }

    /// The answer, and what it is of.
    pub fn known(&self) -> Option<&(K, T)> {
        self.known.as_ref()
    }

    /// Takes the newest one in and cancels what was not wanted since; whether there is one.
    pub fn take_in(&mut self) -> bool {
        let arrived = self.job.take();
        let is_new = arrived.is_some();
        self.known = arrived.or(self.known.take());
        self.job.tidy();
        is_new
    }

    /// Whether one may come.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn wait<T>(mut until: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if let Some(found) = until() {
                return found;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("nothing came of it");
    }

    #[test]
    fn nobody_waits_for_it_and_the_answer_says_what_it_is_of() {
        let mut job = Job::default();
        assert!(job.take().is_none() && !job.is_awaited());
        let began = Instant::now();
        job.want(1, |_| {
            thread::sleep(Duration::from_millis(300));
            7
        });
        assert!(job.take().is_none() && job.is_awaited());
        assert!(began.elapsed() < Duration::from_millis(250));
        job.want(1, |_| panic!("it is asked for already"));
        assert_eq!(wait(|| job.take()), (1, 7));
        assert!(!job.is_awaited());
    }

    #[test]
    fn what_nobody_looks_at_is_cancelled_and_makes_room() {
        let mut job = Job::default();
        let until_gone = |asker: &Asker<u32>| {
            wait(|| asker.is_gone().then_some(()));
            1
        };
        job.want("first", until_gone);
        job.tidy();
        assert!(job.is_awaited(), "it was wanted");
        job.tidy();
        assert!(!job.is_awaited() && job.asked().is_none(), "nobody has wanted it since");
        // The next one begins when the one before has noticed, and is awaited until then.
        wait(|| {
            job.want("second", |_| 2);
            assert!(job.is_awaited());
            job.asked().is_some().then_some(())
        });
        assert_eq!(wait(|| job.take()), ("second", 2));
    }

    #[test]
    fn one_that_panics_leaves_nobody_waiting() {
        let mut job = Job::<u32, u32>::default();
        job.want(1, |_| panic!("of a test"));
        wait(|| (!job.is_awaited()).then_some(()));
        assert_eq!(job.take(), None);
        job.want(2, |_| 1);
        assert_eq!(wait(|| job.take()), (2, 1));
    }
}
