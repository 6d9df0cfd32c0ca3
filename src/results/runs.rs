//! The results of a study's runs as their events tell them: all that is left to say when nobody watched.

use super::{
    table::{Failure, LossTable, Row},
    text::Glyphs,
};
use crate::{
    eval::{Average, Curve, OverSeeds},
    experiments::Study,
    study::{Event, Run},
};

/// What is known of a study's runs.
#[derive(Clone, Debug)]
pub struct Results {
    experiments: Vec<String>,
    /// In the order of the plan.
    runs: Vec<RunResult>,
    prior_mean: Option<f64>,
    most_steps: usize,
}

#[derive(Clone, Debug)]
struct RunResult {
    experiment: usize,
    seed: u64,
    curve: Option<Curve>,
    failure: Option<(u64, String)>,
}

impl Results {
    /// Before anything happened. `plan` is the study's, numbered in its order.
    pub fn new(study: &Study, plan: &[Run]) -> Self {
        let experiments = &study.experiments;
        let runs = plan.iter().map(|run| RunResult {
            experiment: run.experiment,
            seed: run.seed,
            curve: None,
            failure: None,
        });
        Self {
            experiments: experiments.iter().map(|experiment| experiment.name.clone()).collect(),
            runs: runs.collect(),
            prior_mean: experiments.first().map(|experiment| experiment.task.prior_mean_loss()),
            most_steps: experiments.iter().map(|experiment| experiment.evaluation.steps).max().unwrap_or(0),
        }
    }

    /// Takes in what a run reports.
    pub fn on_event(&mut self, run: usize, event: &Event) {
        let Some(run) = self.runs.get_mut(run) else { return };
        match event {
            Event::Evaluated { curve, .. } => run.curve = Some(curve.clone()),
            Event::Failed { step, error, .. } => run.failure = Some((*step, error.clone())),
            Event::Started { .. } | Event::Queued { step: 0, .. } => (run.curve, run.failure) = (None, None),
            Event::Unsaved { .. } | Event::Summary { .. } => {}
            // It goes on, so it has not failed.
            _ => run.failure = None,
        }
    }

    /// The loss table of what there is.
    pub fn loss_table(&self, average: Average, glyphs: Glyphs) -> LossTable {
        let row = |(index, name): (usize, &String)| {
            let runs = || self.runs.iter().filter(move |run| run.experiment == index);
            let curves: Vec<&Curve> = runs().filter_map(|run| run.curve.as_ref()).collect();
            Row { name: name.clone(), runs: runs().count(), over: OverSeeds::of_all(&curves, average) }
        };
        let failure = |run: &RunResult| {
            let (step, error) = run.failure.clone()?;
            let experiment = self.experiments.get(run.experiment)?.clone();
            Some(Failure { experiment, seed: run.seed, step, error })
        };
        LossTable {
            rows: self.experiments.iter().enumerate().map(row).collect(),
            most_steps: self.most_steps,
            prior_mean: self.prior_mean,
            failures: self.runs.iter().filter_map(failure).collect(),
            average,
            glyphs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{experiments::parse, study::plan};

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
        };
        let evaluated =
            |seed, mean| Event::Evaluated { experiment: "A".to_owned(), seed, curve: curve(mean) };
        let events = vec![evaluated(0, [4.0, 1.0]), evaluated(1, [6.0, 2.0])];
        (Results::new(&study, &plan(&study)), events)
    }

    #[test]
    fn the_table_is_of_what_has_been_told() {
        let (mut results, events) = events();
        let text = |results: &Results| results.loss_table(Average::Mean, Glyphs::default()).to_string();
        assert!(text(&results).contains("A           0/2        -        -\n"), "{}", text(&results));
        for (run, event) in events.iter().enumerate() {
            results.on_event(run, event);
        }
        assert!(text(&results).contains("A           2/2 5.00±1.4 1.50±.71\n"), "{}", text(&results));
        let error = "diverged".to_owned();
        results.on_event(1, &Event::Failed { experiment: "A".to_owned(), seed: 1, step: 7, error });
        assert!(text(&results).ends_with("A, seed 1: failed at step 7: diverged\n"), "{}", text(&results));
        results.on_event(1, &Event::Started { experiment: "A".to_owned(), seed: 1, total_steps: 9 });
        assert!(text(&results).contains("A           1/2     4.00     1.00\n"), "{}", text(&results));
        results.on_event(9, &events[0]);
    }
}
