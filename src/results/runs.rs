//! The results of a study's runs as their events tell them: all that is left to say when nobody watched.

use super::{
    figures::{Figure, figures},
    outcome::{Outcome, Ran, Tally},
    table::{LossTable, tables},
    text::Glyphs,
};
use crate::{
    eval::{Average, LossAxis},
    experiments::{Experiment, Study},
    study::{Event, Run, Told},
};

/// What is known of a study's runs.
#[derive(Clone, Debug)]
pub struct Results {
    experiments: Vec<Experiment>,
    /// In the order of the plan.
    runs: Vec<RunResult>,
}

#[derive(Clone, Debug)]
struct RunResult {
    experiment: usize,
    seed: u64,
    told: Told,
}

impl RunResult {
    fn as_ran(&self) -> Ran<'_> {
        Ran { seed: self.seed, curves: &self.told.curves, failure: self.told.failure() }
    }
}

impl Results {
    /// Before anything happened. `plan` is the study's, numbered in its order.
    pub fn new(study: &Study, plan: &[Run]) -> Self {
        let runs = plan.iter().map(|run| RunResult {
            experiment: run.experiment,
            seed: run.seed,
            told: Told::new(run.settings.total_steps()),
        });
        Self { experiments: study.experiments.clone(), runs: runs.collect() }
    }

    /// Takes in what a run reports.
    pub fn on_event(&mut self, run: usize, event: &Event) {
        if let Some(run) = self.runs.get_mut(run) {
            run.told.take(event);
        }
    }

    /// What there is, experiment by experiment.
    pub fn outcomes(&self) -> Vec<Outcome<'_>> {
        let outcome = |settings| Outcome { settings, runs: Vec::new(), axis: LossAxis::Steps };
        let mut outcomes: Vec<Outcome<'_>> = self.experiments.iter().map(outcome).collect();
        for run in &self.runs {
            if let Some(outcome) = outcomes.get_mut(run.experiment) {
                outcome.runs.push(run.as_ran());
            }
        }
        outcomes
    }

    /// How many runs have come how far.
    pub fn tally(&self) -> Tally {
        Tally::of(self.runs.iter().map(|run| &run.told.phase))
    }

    /// The loss tables of what there is, one a test set.
    pub fn loss_tables(&self, average: Average, glyphs: Glyphs) -> Vec<LossTable> {
        tables(&self.outcomes(), average, glyphs)
    }

    /// The published figures of an experiment and how the results stand to them: it is asked for one after another,
    /// of which most have none.
    pub fn figures_of(&self, experiment: &str) -> Vec<Figure> {
        let named = |settings: &Experiment| !settings.published.is_empty() && settings.name == experiment;
        let Some(index) = self.experiments.iter().position(named) else { return Vec::new() };
        let runs = self.runs.iter().filter(|run| run.experiment == index).map(RunResult::as_ran).collect();
        figures(&[Outcome { settings: &self.experiments[index], runs, axis: LossAxis::Steps }])
    }

    /// The published figures and how the results stand to them.
    pub fn figures(&self) -> Vec<Figure> {
        figures(&self.outcomes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::Curve,
        experiments::parse,
        study::{Kind, RunName, plan},
    };

    fn events() -> (Results, Vec<Event>) {
        let text = "[defaults]\nseeds = 2\n[evaluation]\nsteps = 1\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";
        let study = parse("x", None, text).expect("a good file");
        let curve = |mean: [f64; 2]| Curve {
            steps: vec![0, 1],
            median: mean.to_vec(),
            mean: mean.to_vec(),
            ci95: vec![0.0; 2],
            nonfinite: vec![0.0; 2],
            tasks: 4,
            points: None,
            calibration: None,
        };
        let evaluated = |seed, mean| Event {
            run: RunName::new("A", seed),
            kind: Kind::Evaluated { test: None, test_hash: None, curve: curve(mean) },
        };
        let events = vec![evaluated(0, [4.0, 1.0]), evaluated(1, [6.0, 2.0])];
        (Results::new(&study, &plan(&study)), events)
    }

    #[test]
    fn the_table_is_of_what_has_been_told() {
        let (mut results, events) = events();
        let text = |results: &Results| results.loss_tables(Average::Mean, Glyphs::default())[0].to_string();
        assert!(text(&results).contains("A           0/2        -        -\n"), "{}", text(&results));
        for (run, event) in events.iter().enumerate() {
            results.on_event(run, event);
        }
        assert!(text(&results).contains("A           2/2 5.00±1.4 1.50±.71\n"), "{}", text(&results));
        let error = "diverged".to_owned();
        let tells = |kind| Event { run: RunName::new("A", 1), kind };
        results.on_event(1, &tells(Kind::Failed { step: 7, error }));
        assert!(text(&results).ends_with("A, seed 1: failed at step 7: diverged\n"), "{}", text(&results));
        results.on_event(1, &tells(Kind::Started { total_steps: 9 }));
        assert!(text(&results).contains("A           1/2     4.00     1.00\n"), "{}", text(&results));
        results.on_event(9, &events[0]);
    }
}
