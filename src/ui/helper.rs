//! A thread beside the one that draws, for what takes longer than a frame: keys never wait for it. It has less
//! of a claim to the cores than training has, and nobody waits for it at the end.

use std::{
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    thread,
};

type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Somebody who does one thing at a time.
pub struct Helper<T> {
    jobs: Sender<Job<T>>,
    done: Receiver<T>,
    busy: bool,
}

/// How much less of a claim, as `nice` counts.
const NICENESS: i32 = 10;

impl<T: Send + 'static> Helper<T> {
    /// A thread of this name.
    pub fn new(name: &str) -> Self {
        let (jobs, to_do) = channel::<Job<T>>();
        let (tell, done) = channel();
        let work = move || {
            // On Linux this is about the calling thread alone.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            while let Ok(job) = to_do.recv() {
                if tell.send(job()).is_err() {
                    return;
                }
            }
        };
        // Without a thread nothing comes of what it is asked for, which is only for looking at.
        let _ = thread::Builder::new().name(name.to_owned()).spawn(work);
        Self { jobs, done, busy: false }
    }

    /// Whether it has something to do.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Gives it something to do, while it has nothing.
    pub fn ask(&mut self, job: impl FnOnce() -> T + Send + 'static) {
        self.busy = self.jobs.send(Box::new(job)).is_ok();
    }

    /// What it has done, if it has.
    pub fn take(&mut self) -> Option<T> {
        let taken = self.done.try_recv();
        self.busy &= matches!(taken, Err(TryRecvError::Empty));
        taken.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn nobody_waits_for_it() {
        let mut helper = Helper::new("test");
        assert!(helper.take().is_none() && !helper.is_busy());
        let began = Instant::now();
        helper.ask(|| {
            thread::sleep(Duration::from_millis(300));
            7
        });
        assert!(helper.take().is_none() && helper.is_busy());
        assert!(began.elapsed() < Duration::from_millis(200));
        while helper.is_busy() {
            if let Some(answer) = helper.take() {
                assert_eq!(answer, 7);
                assert!(!helper.is_busy());
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it has said nothing");
    }

    #[test]
    fn one_that_panics_leaves_nobody_waiting() {
        let mut helper = Helper::<u32>::new("test");
        helper.ask(|| panic!("of a test"));
        while helper.is_busy() {
            assert_eq!(helper.take(), None);
            thread::sleep(Duration::from_millis(5));
        }
        helper.ask(|| 1);
        assert!(!helper.is_busy());
    }
}
