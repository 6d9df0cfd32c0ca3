//! A trained network under evaluation: its test tasks are handed out in shares, and whoever brings the last
//! losses finds them all.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::going::{Clock, Progress};
use super::guard::guard;
use crate::eval::Curve;
use crate::experiments::Experiment;
use crate::learner::State;
use crate::study::disk::record::Record;
use crate::task::{EvaluationSettings, TaskSettings};
use crate::task::{TestTask, test_tasks};

/// Test tasks a worker takes at a time: a few milliseconds of work.
const TASKS_PER_SHARE: usize = 64;

/// A run that is trained and being evaluated, share by share.
pub struct Evaluation {
    pub run: usize,
    /// The trained learner.
    pub state: State,
    pub progress: Progress,
    pub clock: Clock,
    pub tasks: Arc<Vec<TestTask>>,
    losses: Mutex<Losses>,
}

/// What is known of its losses so far.
struct Losses {
    /// Those of all tasks in order.
    values: Vec<f64>,
    /// Tasks still to come.
    missing: usize,
    /// The run's folder, for whoever finishes.
    record: Option<Record>,
}

/// What a run has come to: trained, evaluated, and not yet kept.
pub struct Outcome {
    pub evaluation: Arc<Evaluation>,
    pub record: Option<Record>,
    pub curve: Curve,
    pub seconds: f64,
}

impl Evaluation {
    /// Of a run that was just trained, on `tasks` with this many losses each.
    pub fn new(
        run: usize,
        state: State,
        (progress, clock): (Progress, Clock),
        record: Option<Record>,
        tasks: Arc<Vec<TestTask>>,
        points: usize,
    ) -> Self {
        let losses = Losses { values: vec![0.0; tasks.len() * points], missing: tasks.len(), record };
        Self { run, state, progress, clock, tasks, losses: Mutex::new(losses) }
    }

    /// The tasks in the shares they are evaluated in.
    pub fn shares(&self) -> impl DoubleEndedIterator<Item = Range<usize>> {
        let tasks = self.tasks.len();
        (0..tasks.div_ceil(TASKS_PER_SHARE))
            .map(move |share| share * TASKS_PER_SHARE..((share + 1) * TASKS_PER_SHARE).min(tasks))
    }

    /// Takes the losses of a share. With the last ones: the losses of all tasks, and the run's folder.
    pub fn add(&self, share: Range<usize>, found: &[f64]) -> Option<(Vec<f64>, Option<Record>)> {
        let mut losses = guard(&self.losses);
        let points = losses.values.len() / self.tasks.len();
        losses.values[share.start * points..share.end * points].copy_from_slice(found);
        losses.missing -= share.len();
        (losses.missing == 0).then(|| (std::mem::take(&mut losses.values), losses.record.take()))
    }
}

/// Test tasks, drawn once for all runs that share them; most studies have one set.
#[derive(Default)]
pub struct TestSets(Mutex<Vec<TestSet>>);

/// Test tasks and what they depend on.
struct TestSet {
    task: TaskSettings,
    evaluation: EvaluationSettings,
    tasks: Arc<Vec<TestTask>>,
}

impl TestSets {
    /// The test tasks of a run of these settings.
    pub fn of(&self, settings: &Experiment) -> Arc<Vec<TestTask>> {
        let Experiment { task, evaluation, .. } = settings;
        let mut sets = guard(&self.0);
        if let Some(known) = sets.iter().find(|set| set.task == *task && set.evaluation == *evaluation) {
            return known.tasks.clone();
        }
        let tasks = Arc::new(test_tasks(task, evaluation));
        sets.push(TestSet { task: task.clone(), evaluation: evaluation.clone(), tasks: tasks.clone() });
        tasks
    }
}
