//! The family of tasks as the screen needs it: the frozen test tasks of each experiment, and pictures
//! of the family.

use crate::{
    eval::{Average, median},
    experiments::Test,
    task::{self, Function, Points, TestTask},
    task::{EvaluationSettings, TaskSettings},
};

/// Frozen test tasks and the floor that belongs to them.
pub struct TestSet {
    /// Where the tasks come from.
    pub task: TaskSettings,
    /// How they are tested.
    pub evaluation: EvaluationSettings,
    /// The tasks.
    pub tasks: Vec<TestTask>,
    /// Test loss of the best constant guess, over all tasks that there can be.
    pub prior_mean: f64,
    /// That of the best step that is linear in the targets.
    pub linear_step: Option<f64>,
    /// Its loss on each of the frozen tasks.
    pub prior: Vec<f64>,
}

/// What the Tasks view shows.
pub struct Illustration {
    /// Waves overlaid.
    pub waves: Vec<Function>,
    /// x and the average over many waves there.
    pub average: Points,
    /// How many waves the average is over.
    pub averaged: usize,
    /// The first of the three waves shown.
    pub first: usize,
}

impl TestSet {
    /// Whether these are the tasks of this test.
    pub fn is_of(&self, test: Test<'_>) -> bool {
        self.task == *test.task && self.evaluation == *test.evaluation
    }

    /// The frozen tasks of these settings.
    pub fn new(task: &TaskSettings, evaluation: &EvaluationSettings) -> Self {
        let tasks = task::test_tasks(task, evaluation);
        let guess = |x: f64| task.family.moments(&task.own, x)[0];
        let loss = |task: &TestTask| {
            let errors = task.query.x.iter().zip(&task.query.y).map(|(x, y)| (guess(*x) - y).powi(2));
            errors.sum::<f64>() / task.query.x.len().max(1) as f64
        };
        Self {
            task: task.clone(),
            evaluation: evaluation.clone(),
            prior: tasks.iter().map(loss).collect(),
            prior_mean: task.prior_mean_loss(),
            linear_step: task.linear_step_loss(),
            tasks,
        }
    }

    /// Test loss of the best guess that is the same for all tasks, of the kind that curves beside it are of:
    /// over so many of the frozen tasks where those are previews, the median where those are medians.
    pub fn prior(&self, average: Average, preview: Option<usize>) -> f64 {
        let losses = &self.prior[..preview.unwrap_or(self.prior.len()).min(self.prior.len())];
        match (average, preview) {
            (Average::Mean, None) => self.prior_mean,
            (Average::Mean, Some(_)) => losses.iter().sum::<f64>() / losses.len().max(1) as f64,
            (Average::Median, _) => {
                let mut sorted = losses.to_vec();
                sorted.sort_by(f64::total_cmp);
                median(&sorted)
            }
        }
    }

    /// A y range that holds every wave of the family and stays where it is, so that motion means
    /// something.
    pub fn y_range(&self) -> [f64; 2] {
        let [lowest, highest] = self.task.heights();
        let most = lowest.abs().max(highest.abs()).max(1e-9) * 1.25;
        [-most, most]
    }
}

impl Illustration {
    /// A thousand waves of the family, and the average of ten thousand.
    pub fn new(settings: &TaskSettings) -> Self {
        let averaged = 10_000;
        let x = task::grid(settings.x, 60);
        let waves = task::illustration(settings, 0, averaged);
        let y =
            x.iter().map(|&x| waves.iter().map(|wave| wave.at(x)).sum::<f64>() / averaged as f64).collect();
        let waves = waves.into_iter().take(1_000).collect();
        Self { waves, average: Points { x, y }, averaged, first: 0 }
    }
}
