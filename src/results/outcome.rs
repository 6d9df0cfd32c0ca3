//! What came of an experiment's runs, as whoever holds the results hands them over: the loss tables and the
//! figures are made of this, so a screen, a pipe and an export cannot disagree.

use super::sweep::CellLoss;
use crate::config::Value;
use crate::eval::{Average, Curve, Curves, LossAxis, OverSeeds};
use crate::experiments::{Experiment, Test};
use crate::study::Phase;

/// What came of an experiment so far.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// Its settings.
    pub settings: &'a Experiment,
    /// Its runs.
    pub runs: Vec<Ran<'a>>,
    /// What its losses are looked at over.
    pub axis: LossAxis,
}

/// What came of a run so far.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    /// Its seed.
    pub seed: u64,
    /// Its curves, once it is evaluated.
    pub curves: &'a Curves,
    /// The outer step it failed at, and why.
    pub failure: Option<(u64, &'a str)>,
}

/// How the error of a run begins whose loss was no number any more.
const DIVERGED: &str = "diverged";

impl Ran<'_> {
    /// Whether its training ended because the loss was no number any more, which says something of the system: a full
    /// disk does not.
    pub fn has_diverged(&self) -> bool {
        self.failure.is_some_and(|(_, why)| why.starts_with(DIVERGED))
    }
}

impl<'a> Outcome<'a> {
    /// The same over another axis.
    pub fn along(&self, axis: LossAxis) -> Self {
        Self { axis, ..self.clone() }
    }

    /// The curve of a run of it on a test set.
    pub fn curve(&self, run: &Ran<'a>, test: Option<&str>) -> Option<&'a Curve> {
        self.axis.of(run.curves.of(test)?)
    }

    /// The curves on a test set of the runs that have one.
    pub fn curves(&self, test: Option<&str>) -> Vec<&'a Curve> {
        self.runs.iter().filter_map(|run| self.curve(run, test)).collect()
    }

    /// Whether it has a curve over its axis.
    pub fn has_axis(&self) -> bool {
        let tests = self.settings.every_test();
        tests.into_iter().any(|test| !self.curves(test.name).is_empty())
    }

    /// The last number of the axis on a test set; `None` where it is not tested over it.
    pub fn last(&self, test: Option<&str>) -> Option<usize> {
        self.axis.last(self.test(test)?.evaluation)
    }

    /// Every setting that its frozen tasks depend on, as far as its losses over this axis do: systems with the same ones
    /// may be compared.
    pub fn tasks(&self, test: Option<&str>) -> Option<Vec<(&'static str, Value)>> {
        let test = self.test(test)?;
        match self.axis {
            LossAxis::Steps => Some(test.tasks()),
            LossAxis::Points => test.evaluation.points.map(|_| test.tasks_of_points()),
        }
    }

    /// The same as one.
    pub fn over(&self, test: Option<&str>, average: Average) -> Option<OverSeeds> {
        OverSeeds::of_all(&self.curves(test), average)
    }

    /// Its loss after n steps, as a cell of a sweep: with a seed that failed there is none that counts.
    pub fn cell_loss(&self, test: Option<&str>, n: usize, average: Average) -> Option<CellLoss> {
        let loss = CellLoss::of(&self.curves(test), n, average)?;
        let failed = self.runs.iter().any(|run| run.failure.is_some());
        Some(CellLoss { nonfinite: if failed { 1.0 } else { loss.nonfinite }, ..loss })
    }

    /// Its test set of this name.
    pub fn test(&self, name: Option<&str>) -> Option<Test<'_>> {
        self.settings.test(name)
    }
}

/// What losses are taken after, in words that are true of all that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisWords {
    /// In a title: `n gradient steps`.
    pub after: &'static str,
    /// Beside a plot: `gradient steps n`.
    pub label: &'static str,
}

impl AxisWords {
    /// Of these systems over this axis. Not all take gradient steps: some solve for their answer, or read it.
    pub fn of<'a>(axis: LossAxis, systems: impl IntoIterator<Item = &'a Experiment>) -> Self {
        let descends = |system: &Experiment| system.adaptation().inner.has_order();
        let [after, label] = match axis {
            LossAxis::Points => ["K support points", "support points K"],
            LossAxis::Steps if systems.into_iter().all(descends) => ["n gradient steps", "gradient steps n"],
            LossAxis::Steps => ["n steps of adaptation", "steps of adaptation n"],
        };
        Self { after, label }
    }

    /// Of what came of these.
    pub fn of_outcomes(outcomes: &[Outcome<'_>]) -> Self {
        let axis = outcomes.first().map_or(LossAxis::Steps, |outcome| outcome.axis);
        Self::of(axis, outcomes.iter().map(|outcome| outcome.settings))
    }
}

/// The names of the further test sets of these experiments, in the file's order.
pub fn test_names<'a>(experiments: impl Iterator<Item = &'a Experiment>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in experiments.flat_map(|experiment| experiment.tests.iter().map(|test| &test.name)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// How many runs of a study have come how far; the others are still to be trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Trained and tested.
    pub done: usize,
    /// Diverged, or came to another bad end.
    pub failed: usize,
    /// A person lets them wait.
    pub paused: usize,
    /// A person has ended them.
    pub stopped: usize,
    /// All of them.
    pub all: usize,
}

impl Tally {
    /// Of runs that stand so.
    pub fn of<'p>(phases: impl IntoIterator<Item = &'p Phase>) -> Self {
        let mut tally = Self::default();
        for phase in phases {
            tally.all += 1;
            match phase {
                Phase::Finished { .. } => tally.done += 1,
                Phase::Failed { .. } => tally.failed += 1,
                Phase::Paused => tally.paused += 1,
                Phase::Stopped => tally.stopped += 1,
                Phase::Queued | Phase::Training | Phase::Left => {}
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    #[test]
    fn gradient_steps_are_said_of_those_alone_that_all_take_them() {
        let words = |algorithms: &[&str]| {
            let one = |algorithm: &&str| {
                format!("[[experiment]]\nname = \"{algorithm}\"\nalgorithm = \"{algorithm}\"\n")
            };
            let text: String = algorithms.iter().map(one).collect();
            let study = parse("x", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
            AxisWords::of(LossAxis::Steps, &study.experiments).after
        };
        assert_eq!(words(&["transfer", "maml", "cavia", "meta-curvature"]), "n gradient steps");
        for other in ["ridge-head", "cnp", "transformer", "metafun"] {
            assert_eq!(words(&["maml", other]), "n steps of adaptation");
            assert_eq!(words(&[other]), "n steps of adaptation");
        }
    }
}
