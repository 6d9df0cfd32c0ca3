//! A frozen test task whose points come one by one, and the losses of every system after its first K of them: what the
//! walk of Play is made of.

use std::sync::Arc;

use crate::{
    eval::{Asked, task_losses},
    model::{Kernels, Weights},
    task::{Points, TaskSettings, TestTask},
    ui::state::job::Newest,
};

/// A walk through the points of a task.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The number of the test task, from 0.
    pub(super) index: usize,
    /// The task, with all the points that it is drawn with.
    pub(super) whole: Arc<TestTask>,
    /// The family that it is of.
    pub(super) family: TaskSettings,
    /// Points shown.
    pub(super) k: usize,
}

impl Walk {
    /// How many points there are.
    pub(super) fn most(&self) -> usize {
        self.whole.support.x.len() + self.whole.further.x.len()
    }

    /// The task as far as it is shown.
    pub(super) fn task(&self) -> TestTask {
        let TestTask { function, query, .. } = &*self.whole;
        TestTask {
            function: *function,
            support: self.whole.first_points(self.k),
            further: Points::default(),
            query: query.clone(),
        }
    }

    /// The point that came last.
    pub(super) fn newest(&self) -> Option<(f64, f64)> {
        let points = self.whole.first_points(self.k);
        points.x.last().copied().zip(points.y.last().copied())
    }

    /// The range of x.
    pub(super) fn range(&self) -> [f64; 2] {
        self.family.x
    }

    /// How low and how high the plot has to reach.
    pub(super) fn heights(&self) -> [f64; 2] {
        let all = self.whole.first_points(self.most());
        let values = || all.y.iter().chain(&self.whole.query.y).copied();
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let air = 0.12 * (high - low).max(1e-9);
        [low - air, high + air]
    }
}

/// What losses over K are of.
#[derive(Clone, Debug, PartialEq)]
pub struct PathsOf {
    /// The number of the task and the test set.
    pub(super) task: (usize, usize),
    /// The experiments with their runs, the steps of these and the rates that they adapt at.
    pub(super) networks: Vec<(usize, usize, u64, f64)>,
}

impl PathsOf {
    /// Whether it is the same task and the same runs, if perhaps at another moment of their training.
    fn is_like(&self, other: &Self) -> bool {
        let runs = |of: &Self| of.networks.iter().map(|(_, run, ..)| *run).collect::<Vec<_>>();
        self.task == other.task && runs(self) == runs(other)
    }
}

/// Losses on one task after its first K = 0, 1, .. points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths {
    /// By experiment.
    pub losses: Vec<(usize, Vec<f64>)>,
    /// Of the Bayes-optimal prediction, where it is known.
    pub best: Option<Vec<f64>>,
}

impl Paths {
    /// An experiment's losses.
    pub fn of(&self, experiment: usize) -> Option<&[f64]> {
        self.losses.iter().find(|(of, _)| *of == experiment).map(|(_, losses)| &losses[..])
    }
}

/// The losses over K, worked out as a job.
#[derive(Default)]
pub struct Walked {
    newest: Newest<PathsOf, Paths>,
}

impl Walked {
    /// Wants the losses of these networks.
    pub(super) fn want(&mut self, of: PathsOf, walk: Walk, networks: impl FnOnce() -> Vec<(usize, Weights)>) {
        if self.newest.has(&of) {
            return;
        }
        let networks = networks();
        self.newest.want(of, move |asker| {
            let most = walk.most();
            let asked = Asked { steps: 0, points: Some(most), tells_deviations: false };
            let mut paths = Paths::default();
            for (index, weights) in networks {
                if asker.is_gone() {
                    break;
                }
                let task = std::slice::from_ref(&*walk.whole);
                let losses = task_losses(&weights, task, asked, Kernels::fastest());
                // The first is that of the adaptation curve.
                paths.losses.push((index, losses[1..].to_vec()));
            }
            let all = walk.whole.first_points(most);
            paths.best = walk.family.posterior(most).map(|best| best.losses(&all, &walk.whole.query));
            paths
        });
    }

    /// The newest losses of this, be they of another moment of training.
    pub(super) fn paths(&self, of: &PathsOf) -> Option<&Paths> {
        let (known, paths) = self.newest.known()?;
        known.is_like(of).then_some(paths)
    }

    /// Takes the newest ones in; whether there are any.
    pub(in crate::ui) fn take_in(&mut self) -> bool {
        self.newest.take_in()
    }

    /// Whether some may come.
    pub fn is_awaited(&self) -> bool {
        self.newest.is_awaited()
    }
}
