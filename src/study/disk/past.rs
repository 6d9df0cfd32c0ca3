//! What a run has told before, as its log has it, and what of it still counts: test sets come and go in the
//! experiments file, while a log only grows.

use crate::experiments::Experiment;
use crate::study::event::{Event, Kind};

/// How far a run with such a past is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not trained to the end.
    Training,
    /// Trained, and tested on less than is asked for now.
    Trained,
    /// Trained and tested.
    Done,
}

/// Of a past what counts with these settings, each thing once, and how far it goes.
pub fn what_counts(mut past: Vec<Event>, settings: &Experiment) -> (Vec<Event>, Progress) {
    past.retain(|event| event.counts_for(settings));
    let finished = |event: &Event| matches!(event.kind, Kind::Finished { .. });
    // A run that is tested on one more set finishes once more.
    let last = past.iter().rposition(finished).map(|at| past[at].clone());
    past.retain(|event| !finished(event));
    let Some(last) = last else { return (past, Progress::Training) };
    let is_tested = |name: Option<&str>| {
        past.iter()
            .any(|event| matches!(&event.kind, Kind::Evaluated { test, .. } if test.as_deref() == name))
    };
    if !settings.every_test().all(|test| is_tested(test.name)) {
        return (past, Progress::Trained);
    }
    past.push(last);
    (past, Progress::Done)
}
