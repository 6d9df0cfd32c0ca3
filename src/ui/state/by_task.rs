//! Two networks held against each other task by task: by how much the one's loss on each test task is higher than the
//! other's. Worked out where a person compares them, and kept nowhere.

use super::job::Newest;
use crate::{
    eval::{LossAxis, losses_at, statistics},
    model::Weights,
    task::TestTask,
};

/// Which networks, on what, and after how many inner steps at which rates.
#[derive(Clone, Debug, PartialEq)]
pub struct PairOf {
    /// This one's run and step, and the other's.
    pub networks: [(usize, u64); 2],
    /// The test set.
    pub set: usize,
    /// Inner steps.
    pub n: usize,
    /// Inner rates.
    pub rates: [f64; 2],
}

/// By how much the other's loss is higher, task by task.
#[derive(Clone, Debug, PartialEq)]
pub struct ByTask {
    /// In ascending order; without tasks on which either has no finite loss.
    pub higher: Vec<f64>,
    /// On how many tasks that is.
    pub lost: usize,
    /// The mean over tasks, and half its 95 % interval.
    pub mean: (f64, f64),
}

impl ByTask {
    /// Of these losses on the same tasks.
    fn of(this: &[f64], other: &[f64]) -> Self {
        let all: Vec<f64> = this.iter().zip(other).map(|(this, other)| other - this).collect();
        let mut higher: Vec<f64> = all.iter().copied().filter(|by| by.is_finite()).collect();
        higher.sort_by(f64::total_cmp);
        let over = statistics(&higher, 0);
        Self { lost: all.len() - higher.len(), mean: (over.mean[0], over.ci95[0]), higher }
    }

    /// On how many tasks the other's loss is higher.
    pub fn higher_on(&self) -> usize {
        self.higher.iter().filter(|by| **by > 0.0).count()
    }

    /// Whether its mean is known to be on one side of 0.
    pub fn is_apart(&self) -> bool {
        let (mean, half) = self.mean;
        self.higher.len() > 1 && mean.abs() > half
    }
}

/// What is known of the two that are compared.
#[derive(Default)]
pub struct Paired {
    newest: Newest<PairOf, Option<ByTask>>,
}

impl Paired {
    /// Takes in what has been worked out. Whether anything is new.
    pub fn take_in(&mut self) -> bool {
        self.newest.take_in()
    }

    /// Whether something may be new soon.
    pub fn is_awaited(&self) -> bool {
        self.newest.is_awaited()
    }

    /// What is known of this.
    pub fn of(&self, of: &PairOf) -> Option<&ByTask> {
        self.newest.known().filter(|(known, _)| known == of)?.1.as_ref()
    }

    /// Has it worked out for these two networks, unless it is known.
    pub fn want(&mut self, of: PairOf, networks: impl FnOnce() -> ([Weights; 2], Vec<TestTask>)) {
        if self.newest.has(&of) {
            return;
        }
        let ([this, other], tasks) = networks();
        let at = (LossAxis::Steps, of.n);
        self.newest.want(of, move |asker| {
            let losses = |weights: &Weights| losses_at(weights, &tasks, at, || !asker.is_gone());
            Some(ByTask::of(&losses(&this)?, &losses(&other)?))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_of_the_same_tasks_and_lost_ones_are_counted() {
        let by_task = ByTask::of(&[1.0, 2.0, f64::NAN, 4.0, 1.0], &[3.0, 1.0, 1.0, f64::INFINITY, 1.5]);
        assert_eq!(by_task.higher, [-1.0, 0.5, 2.0]);
        assert_eq!((by_task.lost, by_task.higher_on(), by_task.is_apart()), (2, 2, false));
        // Mean 0.5, deviation 1.5, three tasks.
        assert!(
            (by_task.mean.0 - 0.5).abs() < 1e-12 && (by_task.mean.1 - 1.96 * 1.5 / 3f64.sqrt()).abs() < 1e-12
        );
        assert!(ByTask::of(&[1.0, 1.0, 1.0], &[2.0, 2.1, 1.9]).is_apart());
        assert!(!ByTask::of(&[1.0], &[2.0]).is_apart(), "one task says nothing");
    }
}
