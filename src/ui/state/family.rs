//! The family of tasks as the screen needs it: the frozen test tasks of each experiment, and pictures
//! of the family.

use std::cell::OnceCell;

use crate::{
    eval::{Average, median},
    experiments::Test,
    results::guess_loss,
    task::{self, Function, Points, TestTask},
    task::{EvaluationSettings, TaskSettings},
};

/// Bytes of test tasks that a set keeps for looking at: tens of thousands of usual ones.
const MOST_BYTES: usize = 32 << 20;
/// Tasks that previews and floors are computed on.
const FEW: usize = 50;
/// Bytes they may have: hundreds of times those of usual ones. Fewer of larger ones are enough for a look.
const FEW_BYTES: usize = 4 << 20;

/// Frozen test tasks and the floor that belongs to them. They are drawn when a view looks at them: a study may
/// have thousands of sets.
pub struct TestSet {
    /// Where the tasks come from.
    pub task: TaskSettings,
    /// How they are tested.
    pub evaluation: EvaluationSettings,
    all: OnceCell<Vec<TestTask>>,
    few: OnceCell<Vec<TestTask>>,
    /// Losses of the oracle on the first few, and of the best constant guess on all, in order of size.
    oracle: OnceCell<Vec<f64>>,
    prior: OnceCell<Vec<f64>>,
    /// Test loss of the best constant guess, over all tasks that there can be: how large losses are expected to be.
    pub prior_mean: f64,
    /// That of the best step that is linear in the targets.
    pub linear_step: Option<f64>,
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
        Self {
            task: task.clone(),
            evaluation: evaluation.clone(),
            all: OnceCell::new(),
            few: OnceCell::new(),
            oracle: OnceCell::new(),
            prior: OnceCell::new(),
            prior_mean: task.prior_mean_loss(),
            linear_step: task.linear_step_loss(),
        }
    }

    /// Test loss of the best guess that is the same for all tasks, of the kind that curves beside it are of:
    /// over so many of the frozen tasks where those are previews, the median where those are medians.
    pub fn prior(&self, average: Average, preview: Option<usize>) -> f64 {
        match preview {
            None => {
                let losses = self.prior.get_or_init(|| in_order(self.tasks(), |task| self.guess(task)));
                average_of(losses, average)
            }
            Some(most) => {
                let few = self.few();
                average_of(&in_order(&few[..most.min(few.len())], |task| self.guess(task)), average)
            }
        }
    }

    /// Loss of the best constant guess on a task.
    pub(super) fn guess(&self, task: &TestTask) -> f64 {
        guess_loss(&self.task, task)
    }

    /// How many can be looked at: all, but for sets of more than some ten megabytes.
    pub fn count(&self) -> usize {
        self.evaluation.test_tasks.min((MOST_BYTES / self.a_task()).max(FEW))
    }

    /// Bytes of a task.
    fn a_task(&self) -> usize {
        size_of::<TestTask>() + 2 * size_of::<f64>() * (self.task.shots + self.evaluation.grid)
    }

    /// The tasks.
    pub fn tasks(&self) -> &[TestTask] {
        self.all.get_or_init(|| self.draw(self.count()))
    }

    /// The first few.
    pub fn few(&self) -> &[TestTask] {
        let count = FEW.min((FEW_BYTES / self.a_task()).max(1));
        self.few.get_or_init(|| self.draw(count.min(self.evaluation.test_tasks)))
    }

    /// The oracle's loss over the first few: least squares, done once; exact from two noiseless points.
    pub fn oracle(&self, average: Average) -> f64 {
        let losses = self.oracle.get_or_init(|| in_order(self.few(), |task| oracle_loss(&self.task, task)));
        let loss = average_of(losses, average);
        // Rounding of the least squares, far below anything a reader could mean by a loss.
        if loss < 1e-12 { 0.0 } else { loss }
    }

    /// Task i is the same however many are drawn.
    fn draw(&self, count: usize) -> Vec<TestTask> {
        task::test_tasks(&self.task, &EvaluationSettings { test_tasks: count, ..self.evaluation.clone() })
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

/// Test loss of the oracle on a task.
pub fn oracle_loss(settings: &TaskSettings, task: &TestTask) -> f64 {
    let answers = settings.oracle(&task.support, &task.query.x);
    let errors = answers.iter().zip(&task.query.y).map(|(answer, y)| (answer - y).powi(2));
    let loss = errors.sum::<f64>() / task.query.x.len().max(1) as f64;
    if loss < 1e-12 { 0.0 } else { loss }
}

/// Losses on tasks, in order of size.
fn in_order(tasks: &[TestTask], loss: impl Fn(&TestTask) -> f64) -> Vec<f64> {
    let mut losses: Vec<f64> = tasks.iter().map(loss).collect();
    losses.sort_by(f64::total_cmp);
    losses
}

/// Mean or median of losses in order of size.
fn average_of(losses: &[f64], average: Average) -> f64 {
    match average {
        Average::Mean => losses.iter().sum::<f64>() / losses.len().max(1) as f64,
        Average::Median => median(losses),
    }
}
