//! How hard a test task is: the loss that is left on it, so that a person finds those where a learner fails, and
//! does not begin with one that says little.

use super::{
    app::App,
    controls::{Ranking, TaskOrder},
};
use crate::{eval::Adapter, learner::Cost, model::Weights, task::TestTask};

/// Operations spent on putting tasks in order: what a key may take.
const MOST_WORK: usize = 400_000_000;
/// As many tasks as that are put in order in any case.
const FEW: usize = 24;

impl App {
    /// The losses on an experiment's test tasks: of the chosen seed's network after the n in view or, before there is
    /// one, of the best guess without points. Of very many tasks, or very expensive ones, the first.
    fn hardness(&self, experiment: usize) -> Vec<f64> {
        let set = self.set(experiment);
        let tasks = set.tasks();
        let Some(snapshot) = self.chosen_run(experiment).and_then(|run| self.shown_snapshot(run)) else {
            return tasks.iter().map(|task| set.guess(task)).collect();
        };
        let adaptation = snapshot.weights.adaptation.at_rate(self.inner_lr(experiment));
        let weights = Weights { adaptation, ..snapshot.weights.clone() };
        let cost = Cost { support: self.fit.n, query: 1, hessian_products: 0 };
        let a_task = cost.flop(&weights.model, set.task.shots.most, set.evaluation.grid).max(1);
        let most = (MOST_WORK / a_task).max(FEW).min(tasks.len());
        let mut adapter = Adapter::new(&weights);
        let loss = |task: &TestTask| {
            adapter.take_task(&task.support, &task.query);
            (0..self.fit.n).for_each(|_| adapter.descend());
            adapter.loss()
        };
        tasks[..most].iter().map(loss).collect()
    }

    /// The test task that half of the others are harder than.
    pub(in crate::ui) fn median_task(&self, experiment: usize) -> usize {
        let tasks = from_hard_to_easy(&self.hardness(experiment));
        tasks.get(tasks.len() / 2).copied().unwrap_or(0)
    }

    /// What a ranking of an experiment's tasks would be of now.
    fn ranked_by(&self, experiment: usize) -> (usize, usize, usize, usize, TaskOrder) {
        (experiment, self.test, self.fit.seed, self.fit.n, self.fit.order)
    }

    /// The ranking of an experiment's tasks, if it is of what is in view.
    pub fn ranking(&self, experiment: usize) -> Option<&Ranking> {
        self.fit.ranking.as_ref().filter(|ranking| ranking.of == self.ranked_by(experiment))
    }

    /// The test tasks in the order that was asked for; `None` where that is the one they were drawn in.
    pub(in crate::ui) fn rank(&self, experiment: usize) -> Option<Ranking> {
        let tasks = match self.fit.order {
            TaskOrder::Drawn => return None,
            TaskOrder::Hard => from_hard_to_easy(&self.hardness(experiment)),
            TaskOrder::Easy => from_hard_to_easy(&self.hardness(experiment)).into_iter().rev().collect(),
            TaskOrder::OneSided => {
                let tasks = self.set(experiment).tasks().iter().enumerate();
                tasks.filter(|(_, task)| task.is_one_sided()).map(|(index, _)| index).collect()
            }
        };
        Some(Ranking { of: self.ranked_by(experiment), tasks })
    }
}

/// Losses that are no number are the hardest.
fn from_hard_to_easy(losses: &[f64]) -> Vec<usize> {
    let key = |task: &usize| if losses[*task].is_nan() { f64::INFINITY } else { losses[*task] };
    let mut tasks: Vec<usize> = (0..losses.len()).collect();
    tasks.sort_by(|a, b| key(b).total_cmp(&key(a)));
    tasks
}
