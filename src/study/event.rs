//! What a study reports while it works. `--json` prints these, a run's log keeps them, the dashboard
//! draws them.

use serde::{Deserialize, Deserializer, Serialize};

use crate::eval::{Curve, LossAxis, numbers};
use crate::experiments::Experiment;

use super::plan::RunName;

/// What a run reports, and which run it is.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// Who reports it.
    #[serde(flatten)]
    pub run: RunName,
    /// What it reports.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What can be reported, in the order in which it happens. `--json` prints these, but for what is between a run, its
/// disk and a person at a dashboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Kind {
    /// A worker took the run up.
    Started {
        /// Outer steps it will take.
        total_steps: u64,
    },
    /// About 200 a run, at steps that do not depend on time.
    Progress {
        /// Outer steps taken.
        step: u64,
        /// Mean training loss since the progress event before.
        #[serde(deserialize_with = "number")]
        loss: f64,
        /// Outer steps a second since the progress event before.
        #[serde(deserialize_with = "number")]
        steps_per_second: f64,
    },
    /// The adaptation curve of the trained network on one test set.
    Evaluated {
        /// The test set; absent for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test: Option<String>,
        /// The hash of that set's settings, which tells it from another one of its name; absent for the first set,
        /// which goes with the run's own settings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test_hash: Option<String>,
        /// The curve; its fields stand beside the others in JSON.
        #[serde(flatten)]
        curve: Curve,
    },
    /// Trained, evaluated and (where asked) saved.
    Finished {
        /// Wall time of training and evaluation.
        seconds: f64,
        /// Where the checkpoint is; absent when nothing is saved.
        #[serde(skip_serializing_if = "Option::is_none")]
        checkpoint: Option<String>,
    },
    /// The run diverged, panicked or could not be saved; the others go on.
    Failed {
        /// The outer step it happened at.
        step: u64,
        /// A sentence for a person.
        error: String,
    },
    /// The state of the run cannot be written for now; training goes on, and writing is tried again. In no log, since
    /// the log could not be written.
    Unsaved {
        /// The outer step it happened at.
        step: u64,
        /// A sentence for a person.
        error: String,
    },
    /// The next events of the run, so many, were recorded before somebody began to look, the last of them at this
    /// time. Never logged or printed: it tells a listener that they are old.
    #[serde(skip_deserializing)]
    Recorded {
        /// Seconds since 1970, UTC.
        at: u64,
        /// How many events.
        events: usize,
    },
    /// Something about what was found in the run's folder that a person should know. In no log and never
    /// printed as JSON: it is about files, not results.
    Noted {
        /// A sentence for a person.
        note: String,
        /// Whether it was something that nobody should go on without looking at.
        alarming: bool,
    },
    /// A person wants the run to wait. This and the two below say what somebody did in a dashboard; they
    /// are in no log and never printed, because without a screen nobody can.
    Paused {
        /// Outer steps taken.
        step: u64,
    },
    /// A person stopped the run; what it has reached is kept.
    Stopped {
        /// Outer steps taken.
        step: u64,
    },
    /// A person put the run (back) into the queue.
    Queued {
        /// The outer step it goes on from; 0 is its beginning.
        step: u64,
    },
    /// One an experiment and test set, after its last run: statistics over seeds.
    Summary {
        /// The test set; absent for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test: Option<String>,
        /// Seeds that have a curve.
        seeds: usize,
        /// n.
        steps: Vec<usize>,
        /// Mean over seeds of the mean test loss.
        #[serde(deserialize_with = "numbers")]
        mean: Vec<f64>,
        /// Sample standard deviation over seeds; 0 for one seed.
        #[serde(deserialize_with = "numbers")]
        seed_std: Vec<f64>,
        /// Largest share over seeds of test tasks that went non-finite: `mean` is of the others.
        #[serde(default, deserialize_with = "numbers")]
        nonfinite: Vec<f64>,
    },
}

impl Event {
    /// An event from its line in the log of a run with these settings; `None` if it is none. Whoever draws
    /// or averages curves relies on their lengths.
    pub fn read(line: &[u8], settings: &Experiment) -> Option<Self> {
        let event: Self = serde_json::from_slice(line).ok()?;
        let whole = match &event.kind {
            Kind::Evaluated { test, curve, .. } => {
                // The length of a further set is not known once nobody asks for it any more.
                let counts = test.is_none() || event.counts_for(settings);
                let asked = settings.test(test.as_deref()).filter(|_| counts);
                let last = |axis: LossAxis, of: &Curve| match asked {
                    Some(test) => axis.last(test.evaluation),
                    None => of.steps.len().checked_sub(1),
                };
                let whole = |axis: LossAxis| match axis.of(curve) {
                    Some(of @ Curve { steps, mean, median, ci95, nonfinite, calibration, .. }) => {
                        calibration.as_ref().is_none_or(|of| of.has(steps.len()))
                            && last(axis, of).is_some_and(|last| steps.iter().copied().eq(0..=last))
                            && [mean, median, ci95, nonfinite]
                                .iter()
                                .all(|losses| losses.len() == steps.len())
                    }
                    None => asked.is_none_or(|test| axis.last(test.evaluation).is_none()),
                };
                whole(LossAxis::Steps) && whole(LossAxis::Points)
            }
            _ => true,
        };
        let is_whose = event.run.seed.is_some() || matches!(event.kind, Kind::Summary { .. });
        (whole && is_whose).then_some(event)
    }

    /// Whether a run with these settings would tell it: all but what a test set brought that is no longer
    /// asked for, or has other settings now.
    pub fn counts_for(&self, settings: &Experiment) -> bool {
        let Kind::Evaluated { test: Some(name), test_hash, .. } = &self.kind else { return true };
        let test = settings.tests.iter().find(|test| test.name == *name);
        test.is_some_and(|test| Some(test.hash()) == *test_hash)
    }

    /// Whether it says what a run has come to: a test, or its end.
    pub fn is_outcome(&self) -> bool {
        matches!(self.kind, Kind::Evaluated { .. } | Kind::Finished { .. })
    }

    /// The same of a line of a log that is known to be one of ours, without taking it apart.
    pub fn tells_outcome(line: &str) -> bool {
        [r#"{"event":"evaluated""#, r#"{"event":"finished""#].iter().any(|begins| line.starts_with(begins))
    }

    /// Whether it is one of those that `--json` promises: the others are between a run, its disk and a person
    /// at a screen.
    pub fn is_result(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Unsaved { .. }
                | Kind::Noted { .. }
                | Kind::Recorded { .. }
                | Kind::Paused { .. }
                | Kind::Stopped { .. }
                | Kind::Queued { .. }
        )
    }

    /// The event as one line of JSON, without the line's end. Numbers that are not finite are null.
    pub fn to_json(&self) -> String {
        let run = serde_json::to_string(&self.run).expect("a name is plain data");
        let kind = serde_json::to_string(&self.kind).expect("events are plain data with string keys");
        // `{"event":"progress"` comes first, then the run, then the rest.
        let (name, rest) = kind.split_at(kind.find(',').unwrap_or(kind.len() - 1));
        format!("{name},{}{rest}", &run[1..run.len() - 1])
    }
}

/// A number that may have been written as null because it was not finite.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    /// A curve of n = 0 and 1, as its line in a log.
    const CURVE: &str = r#"{"event":"evaluated","experiment":"A","seed":0,"steps":[0,1],"mean":[2.0,null],"median":[2.0,1.0],"ci95":[0.5,0.25],"nonfinite":[0.0,1.0],"tasks":3}"#;

    #[test]
    fn a_curve_has_every_number_that_its_settings_ask_for() {
        let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n[evaluation]\nsteps = ";
        let settings = |steps: usize| {
            parse("x", None, &format!("{text}{steps}\n")).expect("a good file").experiments.remove(0)
        };
        let event = Event::read(CURVE.as_bytes(), &settings(1)).expect("a good line");
        assert_eq!(event.to_json(), CURVE);
        for steps in [0, 2] {
            assert!(Event::read(CURVE.as_bytes(), &settings(steps)).is_none(), "{steps}");
        }
        for (whole, broken) in [
            ("[0,1]", "[]"),
            ("[0,1]", "[0,2]"),
            ("[0,1]", "[1,0]"),
            ("[2.0,null]", "[2.0]"),
            ("[2.0,1.0]", "[]"),
            ("[0.5,0.25]", "[0.5]"),
            ("[0.0,1.0]", "[0.0,0.0,1.0]"),
        ] {
            let line = CURVE.replace(whole, broken);
            assert!(Event::read(line.as_bytes(), &settings(1)).is_none(), "{line}");
        }
    }

    #[test]
    fn how_sure_a_network_is_is_told_where_it_says_so() {
        let text =
            "[evaluation]\nsteps = 1\npoints = 1\n[[experiment]]\nname = \"A\"\nalgorithm = \"ridge-head\"\n";
        let settings = parse("x", None, text).expect("a good file").experiments.remove(0);
        let told = r#""loglik":[-1.5,null],"coverage":{"50":[0.5,0.25],"80":[0.75,0.5],"90":[0.9,0.6],"95":[1.0,0.7]}"#;
        let points = format!(
            r#""points":{{"k":[0,1],"mean":[3.0,2.0],"median":[3.0,2.0],"ci95":[0.1,0.1],"nonfinite":[0.0,0.0],{told}}}"#
        );
        let line = CURVE.replace("\"tasks\":3", &format!("\"tasks\":3,{points},{told}"));
        let event = Event::read(line.as_bytes(), &settings).expect("a good line");
        assert_eq!(event.to_json(), line);
        let Kind::Evaluated { curve, .. } = &event.kind else { panic!("{event:?}") };
        let calibration = curve.calibration.as_ref().expect("told");
        assert_eq!(calibration.coverage.of_80, [0.75, 0.5]);
        // Numbers that are missing are not made up.
        let cut = line.replace("[0.75,0.5]", "[0.75]");
        assert!(Event::read(cut.as_bytes(), &settings).is_none(), "{cut}");
    }

    #[test]
    fn a_points_curve_is_there_if_and_only_if_it_is_asked_for() {
        let text = "[evaluation]\nsteps = 1\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";
        let asked = |points: &str| {
            let text = format!("{text}[experiment.evaluation]\n{points}\n");
            parse("x", None, &text).expect("a good file").experiments.remove(0)
        };
        let with = |points: &str| CURVE.replace("\"tasks\":3", &format!("\"tasks\":3,\"points\":{points}"));
        let points = r#"{"k":[0,1,2],"mean":[3.0,2.0,null],"median":[3.0,2.0,1.0],"ci95":[0.1,0.1,0.1],"nonfinite":[0.0,0.0,1.0]}"#;
        let line = with(points);
        let event = Event::read(line.as_bytes(), &asked("points = 2")).expect("a good line");
        assert_eq!(event.to_json(), line);
        let Kind::Evaluated { curve, .. } = &event.kind else { panic!("{event:?}") };
        assert_eq!(curve.points.as_ref().map(|points| points.tasks), Some(3));
        assert!(Event::read(CURVE.as_bytes(), &asked("")).is_some(), "as earlier versions have written it");
        for (line, settings) in [
            (CURVE, "points = 2"),
            (&line, ""),
            (&line, "points = 3"),
            (&with(&points.replace("[0,1,2]", "[0,2,1]")), "points = 2"),
            (&with(&points.replace("[3.0,2.0,1.0]", "[3.0]")), "points = 2"),
            (&with("[]"), "points = 2"),
        ] {
            assert!(Event::read(line.as_bytes(), &asked(settings)).is_none(), "{settings}: {line}");
        }
    }
}
