//! What a run has told so far. Whoever listens to a study folds its events here: the table at the end, an export, the
//! screen, a process that shares it. So nobody takes the same report for something else.

use super::event::{Event, Kind};
use crate::eval::Curves;

/// What the events of one run add up to.
#[derive(Clone, Debug)]
pub struct Told {
    /// Outer steps that it will take.
    pub total: u64,
    /// Where it stands.
    pub phase: Phase,
    /// Outer steps taken.
    pub step: u64,
    /// Outer steps a second, as last reported.
    pub speed: f64,
    /// Training losses as reported: step, mean loss.
    pub losses: Vec<(u64, f64)>,
    /// The adaptation curves of the trained network.
    pub curves: Curves,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Waiting for a worker.
    Queued,
    /// A worker has it.
    Training,
    /// A person lets it wait.
    Paused,
    /// A person ended it.
    Stopped,
    /// Whoever trained it is gone; what it had reached is kept. No event says so, for nobody is left to tell it.
    Left,
    /// Trained and evaluated.
    Finished {
        /// Wall time.
        seconds: f64,
        /// Where its checkpoint is, if anywhere.
        checkpoint: Option<String>,
    },
    /// Diverged, panicked or could not be saved.
    Failed {
        /// The outer step it happened at.
        step: u64,
        /// Why, in a sentence.
        error: String,
    },
}

impl Told {
    /// Before anything happened; `total` is how many outer steps there will be.
    pub fn new(total: u64) -> Self {
        Self {
            total,
            phase: Phase::Queued,
            step: 0,
            speed: f64::NAN,
            losses: Vec::new(),
            curves: Curves::default(),
        }
    }

    /// What these events add up to.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut told = Self::new(0);
        events.into_iter().for_each(|event| told.take(event));
        told
    }

    /// Whether the event begins the run anew: what was known is of an earlier attempt.
    pub fn begins_anew(event: &Event) -> bool {
        matches!(event.kind, Kind::Started { .. } | Kind::Queued { step: 0, .. })
    }

    /// Takes in what the run reports next.
    pub fn take(&mut self, event: &Event) {
        if Self::begins_anew(event) {
            *self = Self::new(self.total);
        }
        match &event.kind {
            Kind::Started { total_steps, .. } => (self.total, self.phase) = (*total_steps, Phase::Training),
            Kind::Progress { step, loss, steps_per_second, .. } => {
                (self.phase, self.step, self.speed) = (Phase::Training, *step, *steps_per_second);
                self.losses.push((*step, *loss));
            }
            Kind::Evaluated { test, curve, .. } => self.curves.put(test.clone(), curve.clone()),
            Kind::Finished { seconds, checkpoint, .. } => {
                self.step = self.total;
                self.phase = Phase::Finished { seconds: *seconds, checkpoint: checkpoint.clone() };
            }
            Kind::Failed { step, error, .. } => {
                self.step = *step;
                self.phase = Phase::Failed { step: *step, error: error.clone() };
            }
            Kind::Paused { .. } => self.phase = Phase::Paused,
            Kind::Stopped { .. } => self.phase = Phase::Stopped,
            Kind::Queued { .. } => self.phase = Phase::Queued,
            // About its files, about how it is told, or about several runs.
            Kind::Unsaved { .. } | Kind::Noted { .. } | Kind::Recorded { .. } | Kind::Summary { .. } => {}
        }
    }

    /// The outer step it failed at, and why.
    pub fn failure(&self) -> Option<(u64, &str)> {
        if let Phase::Failed { step, error } = &self.phase { Some((*step, error)) } else { None }
    }

    /// Whether it will take no more steps by itself.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Finished { .. } | Phase::Failed { .. } | Phase::Stopped)
    }

    /// Whether a worker has it or will.
    pub fn is_moving(&self) -> bool {
        matches!(self.phase, Phase::Queued | Phase::Training)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> Event {
        serde_json::from_str(line).expect("an event")
    }

    #[test]
    fn a_run_that_begins_anew_has_told_nothing() {
        let name = r#""experiment":"A","seed":0"#;
        let of = |rest: &str| event(&format!(r#"{{"event":{rest},{name}}}"#));
        let mut told = Told::of(&[
            of(r#""started","total_steps":9"#),
            of(r#""progress","step":4,"loss":2.5,"steps_per_second":100.0"#),
        ]);
        assert_eq!((told.total, told.step, told.speed, &told.losses[..]), (9, 4, 100.0, &[(4, 2.5)][..]));
        assert_eq!((&told.phase, told.is_moving(), told.has_ended()), (&Phase::Training, true, false));
        told.take(&of(r#""failed","step":5,"error":"diverged""#));
        assert_eq!((told.failure(), told.step, told.has_ended()), (Some((5, "diverged")), 5, true));
        // A person lets it go on: it has not failed, and keeps what it has told.
        told.take(&of(r#""queued","step":4"#));
        assert_eq!((told.failure(), &told.phase, told.losses.len()), (None, &Phase::Queued, 1));
        told.take(&of(
            r#""evaluated","test":"far","steps":[0],"mean":[1.0],"median":[1.0],"ci95":[0.1],"nonfinite":[0.0],"tasks":2"#,
        ));
        told.take(&of(r#""finished","seconds":1.5"#));
        assert_eq!((told.step, told.curves.of(Some("far")).is_some()), (9, true));
        assert_eq!(told.phase, Phase::Finished { seconds: 1.5, checkpoint: None });
        for begins in [r#""queued","step":0"#, r#""started","total_steps":9"#] {
            let mut again = told.clone();
            again.take(&of(begins));
            assert_eq!(
                (again.total, again.step, again.curves.is_empty(), again.losses.len()),
                (9, 0, true, 0)
            );
            assert!(again.is_moving() && again.failure().is_none());
        }
    }
}
