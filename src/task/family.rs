//! The sine family: how waves and their points are drawn, within the ranges of `[task]`.

use rand::distr::{Distribution, Uniform};

use super::{EvaluationSettings, TaskSettings};
use super::{Number, Purpose, Sine, Stream, TestTask, grid, stream};

/// Draws waves and inputs from the ranges of `[task]`.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    amplitude: Uniform<f64>,
    phase: Uniform<f64>,
    x: Uniform<f64>,
}

impl Family {
    /// The family of these settings, whose ranges validation has found finite and in order.
    pub fn new(settings: &TaskSettings) -> Self {
        let uniform = |[low, high]: [f64; 2]| {
            Uniform::new_inclusive(low, high).expect("validated: low <= high, both finite")
        };
        Self {
            amplitude: uniform(settings.amplitude),
            phase: uniform(settings.phase),
            x: uniform(settings.x),
        }
    }

    /// A random wave: amplitude first, then phase.
    pub fn wave(&self, stream: &mut Stream) -> Sine {
        Sine { amplitude: self.amplitude.sample(stream), phase: self.phase.sample(stream) }
    }

    /// Random points of a wave.
    pub fn draw<E: Number>(&self, wave: &Sine, (x, y): (&mut [E], &mut [E]), stream: &mut Stream) {
        for x in &mut *x {
            *x = E::rounded(self.x(stream));
        }
        wave.fill(x, y);
    }

    /// A random input.
    pub fn x(&self, stream: &mut Stream) -> f64 {
        self.x.sample(stream)
    }
}

/// The frozen test tasks: they depend on `[task]` and on `[evaluation]`'s own seed, on nothing else.
/// Task i is the same however many there are.
pub fn test_tasks(task: &TaskSettings, evaluation: &EvaluationSettings) -> Vec<TestTask> {
    let family = Family::new(task);
    let mut stream = stream(evaluation.seed, Purpose::TestTasks);
    let x = grid(task.x, evaluation.grid);
    (0..evaluation.test_tasks)
        .map(|_| {
            let sine = family.wave(&mut stream);
            let support = (0..task.shots).map(|_| family.x(&mut stream)).collect();
            TestTask { sine, support: sine.points(support), query: sine.points(x.clone()) }
        })
        .collect()
}

/// `count` waves of the family, to show what it looks like.
pub fn waves(task: &TaskSettings, seed: u64, count: usize) -> Vec<Sine> {
    let family = Family::new(task);
    let mut stream = stream(seed, Purpose::Illustration);
    (0..count).map(|_| family.wave(&mut stream)).collect()
}
