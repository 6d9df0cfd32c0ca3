//! The family of tasks as the screen needs it: the frozen test tasks of each experiment, and pictures
//! of the family.

use std::cell::OnceCell;

use crate::{
    eval::{Average, median},
    experiments::Test,
    results::{Yardstick, guess_loss, tasks_at_hand},
    task::{self, Function, Points, TestTask},
    task::{EvaluationSettings, TaskSettings},
};

/// Tasks that previews are computed on.
const FEW: usize = 50;
/// Bytes they may have: hundreds of times those of usual ones. Fewer of larger ones are enough for a look.
const FEW_BYTES: usize = 4 << 20;
/// Support points that an oracle may go through at once: some ten milliseconds' worth. What takes longer is another
/// thread's.
const AT_ONCE: usize = 400_000;

/// Frozen test tasks and the floor that belongs to them. They are drawn when a view looks at them: a study may
/// have thousands of sets.
pub struct TestSet {
    /// Where the tasks come from.
    pub task: TaskSettings,
    /// How they are tested.
    pub evaluation: EvaluationSettings,
    all: OnceCell<Vec<TestTask>>,
    few: OnceCell<Vec<TestTask>>,
    /// Losses of the yardsticks, in order of size.
    prior: OnceCell<Vec<f64>>,
    linear_step: OnceCell<Option<Vec<f64>>>,
    oracle: OnceCell<Vec<f64>>,
    /// The same of the oracle on the first few.
    oracle_on_few: OnceCell<Vec<f64>>,
    /// Test loss of the best guess without points, over all tasks that there can be: how large losses are expected to be.
    pub prior_mean: f64,
}

/// The oracle's losses on a set of test tasks, which may take long.
#[derive(Clone, PartialEq)]
pub struct OracleJob {
    /// The number of the set.
    pub(super) set: usize,
    task: TaskSettings,
    evaluation: EvaluationSettings,
}

impl OracleJob {
    /// The losses.
    pub fn compute(&self) -> Vec<f64> {
        let tasks = task::test_tasks(&self.task, &self.evaluation);
        Yardstick::Oracle.losses(&self.task, &tasks).unwrap_or_default()
    }

    /// Whether it is still about this set.
    pub(super) fn is_of(&self, set: &TestSet) -> bool {
        let EvaluationSettings { seed, grid, test_tasks, .. } = &self.evaluation;
        let same = (*seed, *grid, *test_tasks) == (set.evaluation.seed, set.evaluation.grid, set.count());
        same && self.task == set.task
    }
}

/// What the Tasks view shows.
pub struct Illustration {
    /// Waves overlaid.
    pub tasks: Vec<Function>,
    /// x and the average over many tasks there.
    pub average: Points,
    /// How many tasks the average is over.
    pub averaged: usize,
    /// The first of the three shown.
    pub first: usize,
}

impl TestSet {
    /// As a test.
    pub fn test(&self) -> Test<'_> {
        Test { name: None, task: &self.task, evaluation: &self.evaluation }
    }

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
            prior: OnceCell::new(),
            linear_step: OnceCell::new(),
            oracle: OnceCell::new(),
            oracle_on_few: OnceCell::new(),
            prior_mean: task.prior_mean_loss(),
        }
    }

    /// Test loss of the best guess that is the same for all tasks, of the kind that curves beside it are of:
    /// over so many of the frozen tasks where those are previews, the median where those are medians.
    pub fn prior(&self, average: Average, preview: Option<usize>) -> f64 {
        match preview {
            None => {
                let losses = self.prior.get_or_init(|| self.measure(Yardstick::Guess, self.tasks()));
                average_of(losses, average)
            }
            Some(most) => {
                let few = self.few();
                average_of(&self.measure(Yardstick::Guess, &few[..most.min(few.len())]), average)
            }
        }
    }

    /// That of the best step that is linear in the targets; `None` where it is not known.
    pub fn linear_step(&self, average: Average) -> Option<f64> {
        let measure = || {
            self.task.linear_step()?;
            Some(self.measure(Yardstick::LinearStep, self.tasks()))
        };
        self.linear_step.get_or_init(measure).as_ref().map(|losses| average_of(losses, average))
    }

    /// That of the oracle, and whether it is of all tasks: where those take long it is of the first few until all are
    /// measured, which `App::oracle_job` asks for.
    pub fn oracle(&self, average: Average) -> (f64, bool) {
        let all = match self.work() <= AT_ONCE {
            true => Some(self.oracle.get_or_init(|| self.measure(Yardstick::Oracle, self.tasks()))),
            false => self.oracle.get(),
        };
        let few = || self.oracle_on_few.get_or_init(|| self.measure(Yardstick::Oracle, self.few()));
        (average_of(all.unwrap_or_else(few), average), all.is_some())
    }

    /// What there is to measure still that takes long.
    pub(super) fn oracle_job(&self, set: usize) -> Option<OracleJob> {
        let evaluation = EvaluationSettings { test_tasks: self.count(), ..self.evaluation.clone() };
        let waits = self.task.has_oracle() && self.work() > AT_ONCE && self.oracle.get().is_none();
        waits.then(|| OracleJob { set, task: self.task.clone(), evaluation })
    }

    /// The oracle's losses on all tasks are known.
    pub(super) fn take_oracle(&self, losses: Vec<f64>) {
        // Of a second measurement, which says the same, nothing comes.
        let _ = self.oracle.set(ordered(losses));
    }

    /// Points that the oracle goes through.
    fn work(&self) -> usize {
        self.count() * (self.task.oracle_passes() * self.task.shots.most + self.evaluation.grid)
    }

    fn measure(&self, yardstick: Yardstick, tasks: &[TestTask]) -> Vec<f64> {
        ordered(yardstick.losses(&self.task, tasks).unwrap_or_default())
    }

    /// Loss of the best guess without points on a task.
    pub(super) fn guess(&self, task: &TestTask) -> f64 {
        guess_loss(&self.task, task)
    }

    /// How many can be looked at: all, but for sets of more than some ten megabytes.
    pub fn count(&self) -> usize {
        tasks_at_hand(&self.task, &self.evaluation)
    }

    /// Bytes of a task.
    fn a_task(&self) -> usize {
        size_of::<TestTask>() + 2 * size_of::<f64>() * (self.task.shots.most + self.evaluation.grid)
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

    /// Task i is the same however many are drawn.
    fn draw(&self, count: usize) -> Vec<TestTask> {
        task::test_tasks(&self.task, &EvaluationSettings { test_tasks: count, ..self.evaluation.clone() })
    }

    /// What x is, for the end of an axis.
    pub fn x_name(&self) -> &'static str {
        /// Bytes that an axis has room for.
        const LONGEST: usize = 16;
        let [x, _] = self.task.labels();
        x.get(..x.floor_char_boundary(LONGEST)).unwrap_or("x")
    }

    /// A y range that holds every task of the family and stays where it is, so that motion means
    /// something.
    pub fn y_range(&self) -> [f64; 2] {
        self.task.y_range()
    }
}

impl Illustration {
    /// A thousand tasks of the family, and the average of ten thousand; of a table its first thousand tasks, and the
    /// average of those to train on.
    pub fn new(settings: &TaskSettings) -> Self {
        let x = task::grid(settings.x, 60);
        let (tasks, y, averaged) = match settings.family.table() {
            Some(table) => {
                let average = |x: &f64| settings.family.moments(&settings.own, *x)[0];
                (task::illustration(settings, 0, 1_000), x.iter().map(average).collect(), table.split()[0])
            }
            None => {
                let averaged = 10_000;
                let drawn = task::illustration(settings, 0, averaged);
                let average = |x: &f64| drawn.iter().map(|task| task.at(*x)).sum::<f64>() / averaged as f64;
                let y = x.iter().map(average).collect();
                (drawn.into_iter().take(1_000).collect(), y, averaged)
            }
        };
        Self { tasks, average: Points { x, y }, averaged, first: 0 }
    }
}

/// Losses in order of size.
fn ordered(mut losses: Vec<f64>) -> Vec<f64> {
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
