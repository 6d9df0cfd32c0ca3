//! What follows training: a run is evaluated, share by share, by whoever is idle; what it has come to is
//! kept, told, and the run closed.

use std::ops::Range;
use std::sync::Arc;

use super::evaluation::{Evaluation, Outcome};
use super::shared::Shared;
use crate::eval::{statistics, task_losses};
use crate::study::event::Event;
use crate::study::plan::Run;

/// Evaluates a share; with the last one the curve is known, and what remains is to keep it.
pub fn evaluate(shared: &Shared, evaluation: &Arc<Evaluation>, share: Range<usize>) {
    let entry = shared.entry(evaluation.run);
    let Run { settings, seed, .. } = &entry.run;
    let how = &settings.evaluation;
    let (tasks, weights) = (&evaluation.tasks[share.clone()], settings.tested(&evaluation.state.weights));
    let losses = task_losses(&weights, tasks, how.steps, shared.kernels);
    let Some((losses, mut record)) = evaluation.add(share, &losses) else { return };
    let curve = statistics(&losses, how.steps);
    let (experiment, seed) = (settings.name.clone(), *seed);
    let evaluated = Event::Evaluated { experiment, seed, curve: curve.clone() };
    shared.report(evaluation.run, record.as_mut(), evaluated);
    let seconds = evaluation.clock.seconds();
    let outcome = Outcome { evaluation: evaluation.clone(), record, curve, seconds };
    if outcome.record.is_some() {
        // A disk takes milliseconds to say that it has something: others wait for it.
        shared.hand_over(outcome);
    } else {
        keep(shared, outcome);
    }
}

/// Keeps what a run has come to, tells it, and closes the run.
pub fn keep(shared: &Shared, outcome: Outcome) {
    let Outcome { evaluation, mut record, curve, seconds } = outcome;
    let entry = shared.entry(evaluation.run);
    let Run { settings, seed, .. } = &entry.run;
    let checkpoint = record.as_ref().map(|record| record.checkpoint_path().display().to_string());
    let finished = Event::Finished { experiment: settings.name.clone(), seed: *seed, seconds, checkpoint };
    let kept = record.as_mut().map_or(Ok(()), |record| {
        let header = evaluation.progress.header(shared.kernels, seconds, &evaluation.state);
        record.finish(&entry.run, &finished, header, evaluation.state.clone())
    });
    // Before anybody may start it over.
    drop(record);
    let last = match kept {
        Ok(()) => finished,
        Err(error) => shared.failure(
            evaluation.run,
            settings.total_steps(),
            format!("trained and tested, but not saved: {error}"),
        ),
    };
    // Logged already, if at all.
    shared.report(evaluation.run, None, last);
    shared.close(evaluation.run, Some(curve));
}
