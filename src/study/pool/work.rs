//! The lives of a pool's threads: workers train and evaluate whatever is next, keepers wait for the disk in
//! their stead. A panic on the way is a failure of the run it happened to.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::evaluate::{evaluate, keep};
use super::shared::Shared;
use super::stages::Work;
use super::train::{End, train};

/// A worker thread's life.
pub fn work(shared: &Shared) {
    while let Some(job) = shared.next_job() {
        let run = match &job {
            Work::Train(run, _) => *run,
            Work::Test(evaluation, _) => evaluation.run,
        };
        let ended = catch_unwind(AssertUnwindSafe(|| match job {
            Work::Train(run, going) => train(shared, run, going),
            Work::Test(evaluation, share) => {
                evaluate(shared, &evaluation, &share);
                Ok(())
            }
        }));
        match ended {
            Ok(Ok(()) | Err(End::Stopped)) => {}
            Ok(Err(End::Claimed)) => shared.leave_to_others(run),
            Ok(Err(End::WantedBack(going))) => shared.take_back(run, going),
            Ok(Err(End::Failed { step, error })) => shared.fail(run, step, error),
            Err(panic) => {
                let reached = shared.entry(run).newest().map_or(0, |snapshot| snapshot.step);
                shared.fail(run, reached, bug(&*panic));
            }
        }
    }
    shared.leave();
}

/// The life of a thread that waits for the disk.
pub fn keep_outcomes(shared: &Shared) {
    while let Some(outcome) = shared.next_outcome() {
        let run = outcome.evaluation.run;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| keep(shared, outcome))) {
            shared.fail(run, shared.entry(run).run.settings.total_steps(), bug(&*panic));
        }
    }
}

/// What a panic said.
fn bug(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let words = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a bug in metascope: {}", words.unwrap_or("a panic without a message"))
}
