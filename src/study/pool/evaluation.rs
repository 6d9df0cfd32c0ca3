//! A trained network under evaluation: the tasks of its test sets are handed out in shares, and whoever brings
//! the last losses finds the curves of all of them.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::going::{Clock, Progress};
use super::guard::guard;
use crate::eval::{Asked, Curve, Curves, statistics};
use crate::experiments::{Experiment, Test};
use crate::learner::State;
use crate::model::{Kernels, Weights};
use crate::study::disk::record::Record;
use crate::task::{EvaluationSettings, TaskSettings};
use crate::task::{TestTask, test_tasks};

/// Test tasks a worker takes at a time: a few milliseconds of work.
const TASKS_PER_SHARE: usize = 64;

/// A run that is trained and being evaluated, share by share.
pub struct Evaluation {
    pub run: usize,
    /// What it was made with, as the plan has it now.
    pub settings: Arc<Experiment>,
    /// The trained learner.
    pub state: State,
    pub progress: Progress,
    pub clock: Clock,
    /// What it was trained by, and is tested by.
    pub kernels: Kernels,
    /// What is evaluated: every test set that has no curve yet.
    pub sets: Vec<Set>,
    /// How many shares have been taken.
    taken: AtomicUsize,
    gathered: Mutex<Gathered>,
}

/// One test set under evaluation.
pub struct Set {
    /// Its name; the first one has none.
    pub name: Option<String>,
    pub asked: Asked,
    pub tasks: Arc<Vec<TestTask>>,
    /// As they are tested on it.
    pub weights: Weights,
}

/// Some tasks of one of the sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub set: usize,
    pub tasks: Range<usize>,
}

/// What is known so far.
struct Gathered {
    /// Set by set.
    sets: Vec<Losses>,
    /// Curves that were there before.
    known: Curves,
    /// The run's folder, for whoever finishes.
    record: Option<Record>,
}

/// What is known of the losses on a set.
struct Losses {
    /// Those of all tasks in order; empty before the first and after the last of them.
    values: Vec<f64>,
    /// Tasks still to come.
    missing: usize,
    curve: Option<Curve>,
}

/// Everything an evaluation has brought.
pub struct Gains {
    /// What is new, set by set.
    pub new: Vec<(Option<String>, Curve)>,
    /// What is known altogether.
    pub curves: Curves,
    pub record: Option<Record>,
}

/// What a run has come to: trained, evaluated, and not yet kept.
pub struct Outcome {
    pub evaluation: Arc<Evaluation>,
    pub record: Option<Record>,
    pub curves: Curves,
    pub seconds: f64,
}

impl Evaluation {
    /// Of a run that is trained, on all of its test sets but for those `known` already.
    pub fn new(
        run: usize,
        settings: Arc<Experiment>,
        state: State,
        (progress, clock, kernels): (Progress, Clock, Kernels),
        record: Option<Record>,
        known: Curves,
        tests: &TestSets,
    ) -> Self {
        let set = |test: Test<'_>| {
            let weights = settings.tested(&state.weights, test);
            Set {
                name: test.name.map(str::to_owned),
                asked: Asked::of(&weights, test.evaluation),
                tasks: tests.of(test),
                weights,
            }
        };
        let missing = settings.every_test().filter(|test| known.of(test.name).is_none());
        let sets: Vec<Set> = missing.map(set).collect();
        let losses = |set: &Set| Losses { values: Vec::new(), missing: set.tasks.len(), curve: None };
        let gathered = Gathered { sets: sets.iter().map(losses).collect(), known, record };
        let (taken, gathered) = (AtomicUsize::new(0), Mutex::new(gathered));
        Self { run, settings, state, progress, clock, kernels, sets, taken, gathered }
    }

    /// The next share, for whoever takes it.
    pub fn next_share(&self) -> Option<Share> {
        self.shares().nth(self.taken.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether there is one.
    pub fn has_shares(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.shares().count()
    }

    /// The tasks in the shares they are evaluated in.
    fn shares(&self) -> impl Iterator<Item = Share> {
        self.sets.iter().enumerate().flat_map(|(set, Set { tasks, .. })| {
            let shares = 0..tasks.len().div_ceil(TASKS_PER_SHARE);
            let end = |share: usize| (share * TASKS_PER_SHARE).min(tasks.len());
            shares.map(move |share| Share { set, tasks: end(share)..end(share + 1) })
        })
    }

    /// Takes the losses of a share. With the last ones of all: what the evaluation has brought.
    pub fn add(&self, share: &Share, found: &[f64]) -> Option<Gains> {
        let set = &self.sets[share.set];
        let points = set.asked.numbers();
        let values = {
            let losses = &mut guard(&self.gathered).sets[share.set];
            losses.values.resize(set.tasks.len() * points, 0.0);
            losses.values[share.tasks.start * points..share.tasks.end * points].copy_from_slice(found);
            losses.missing -= share.tasks.len();
            (losses.missing == 0).then(|| std::mem::take(&mut losses.values))?
        };
        // Sorting takes a while, and nobody else has to wait for it.
        let curve = statistics(&values, set.asked);
        // Where nobody has answered nothing has blown up.
        let curve = if self.settings.algorithm.reads_answers() { curve.as_answered() } else { curve };
        guard(&self.gathered).sets[share.set].curve = Some(curve);
        self.gains()
    }

    /// What the evaluation has brought, once nothing is missing; for whoever asks first.
    pub fn gains(&self) -> Option<Gains> {
        let mut gathered = guard(&self.gathered);
        if gathered.sets.iter().any(|losses| losses.curve.is_none()) {
            return None;
        }
        let found = gathered.sets.iter_mut().filter_map(|losses| losses.curve.take());
        let new: Vec<_> = self.sets.iter().map(|set| set.name.clone()).zip(found).collect();
        let mut curves = std::mem::take(&mut gathered.known);
        new.iter().for_each(|(name, curve)| curves.put(name.clone(), curve.clone()));
        Some(Gains { new, curves, record: gathered.record.take() })
    }
}

/// Test tasks, drawn once for all runs that share them; most studies have one set. Those that nobody works
/// with any more are let go, all but the last.
#[derive(Default)]
pub struct TestSets(Mutex<Sets>);

#[derive(Default)]
struct Sets {
    known: Vec<TestSet>,
    last: Option<Arc<Vec<TestTask>>>,
}

/// Test tasks, while anybody has them, and what they depend on.
struct TestSet {
    task: TaskSettings,
    evaluation: EvaluationSettings,
    tasks: Weak<Vec<TestTask>>,
}

impl TestSets {
    /// The tasks of a test set.
    pub fn of(&self, Test { task, evaluation, .. }: Test<'_>) -> Arc<Vec<TestTask>> {
        let mut sets = guard(&self.0);
        let known = sets.known.iter().find(|set| set.task == *task && set.evaluation == *evaluation);
        if let Some(tasks) = known.and_then(|set| set.tasks.upgrade()) {
            sets.last = Some(tasks.clone());
            return tasks;
        }
        // First let go, then draw.
        sets.last = None;
        sets.known.retain(|set| set.tasks.strong_count() > 0);
        let tasks = Arc::new(test_tasks(task, evaluation));
        let (task, evaluation) = (task.clone(), evaluation.clone());
        sets.known.push(TestSet { task, evaluation, tasks: Arc::downgrade(&tasks) });
        sets.last = Some(tasks.clone());
        tasks
    }
}
