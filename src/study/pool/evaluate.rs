//! What follows training: a run is evaluated, share by share, by whoever is idle; what it has come to is
//! kept, told, and the run closed.

use std::sync::Arc;

use super::evaluation::{Evaluation, Gains, Outcome, Share};
use super::shared::Shared;
use crate::eval::task_losses;
use crate::experiments::TestSettings;
use crate::study::disk::record::Record;
use crate::study::event::{Event, Kind};

/// Evaluates a share; with the last one the curves are known, and what remains is to keep them.
pub fn evaluate(shared: &Shared, evaluation: &Arc<Evaluation>, share: &Share) {
    let set = &evaluation.sets[share.set];
    let losses = task_losses(&set.weights, &set.tasks[share.tasks.clone()], set.asked, evaluation.kernels);
    if let Some(gains) = evaluation.add(share, &losses) {
        conclude(shared, evaluation, gains);
    }
}

/// Tells what an evaluation has brought, in the order of the test sets whoever was done first, and leaves it
/// to be kept.
pub fn conclude(shared: &Shared, evaluation: &Arc<Evaluation>, gains: Gains) {
    let Gains { new, curves, mut record } = gains;
    for (test, curve) in new {
        let of = |name: &String| evaluation.settings.tests.iter().find(|test| test.name == *name);
        let test_hash = test.as_ref().and_then(of).map(TestSettings::hash);
        let evaluated = Kind::Evaluated { test, test_hash, curve };
        shared.report(evaluation.run, record.as_mut(), evaluated);
    }
    let seconds = evaluation.clock.seconds();
    let outcome = Outcome { evaluation: evaluation.clone(), record, curves, seconds };
    if outcome.record.is_some() {
        // A disk takes milliseconds to say that it has something: others wait for it.
        shared.hand_over(outcome);
    } else {
        keep(shared, outcome);
    }
}

/// Keeps what a run has come to, tells it, and closes the run.
pub fn keep(shared: &Shared, outcome: Outcome) {
    let Outcome { evaluation, mut record, curves, seconds } = outcome;
    let entry = shared.entry(evaluation.run);
    let checkpoint = record.as_ref().map(|record| record.checkpoint_path().display().to_string());
    let finished = Event { run: entry.run.name(), kind: Kind::Finished { seconds, checkpoint } };
    let kept = record.as_mut().map_or(Ok(()), |record| {
        let header = evaluation.progress.header(evaluation.kernels, seconds, &evaluation.state);
        record.finish(&entry.run, &finished, header, evaluation.state.clone())
    });
    let is_lost = kept.is_err() && record.as_ref().is_some_and(Record::is_lost);
    // Before anybody may start it over.
    drop(record);
    if is_lost {
        // Whoever has it comes to the same.
        return shared.leave_to_others(evaluation.run);
    }
    let last = match kept {
        Ok(()) => finished.kind,
        Err(error) => Kind::Failed {
            step: entry.run.settings.total_steps(),
            error: format!("trained and tested, but not saved: {error}"),
        },
    };
    // Logged already, if at all.
    shared.report(evaluation.run, None, last);
    shared.close(evaluation.run, Some((curves, evaluation.settings.clone())));
}
