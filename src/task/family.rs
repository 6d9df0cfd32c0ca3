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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{TrainTasks, TrainingTasks};

    /// FNV-1a over the bits of numbers.
    fn digest(numbers: impl IntoIterator<Item = f64>) -> u64 {
        let bytes = numbers.into_iter().flat_map(|number| number.to_bits().to_le_bytes());
        bytes
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    #[test]
    fn the_draws_of_0_1_0_are_the_same_bits() {
        let settings = TaskSettings::default();
        let evaluation = EvaluationSettings { test_tasks: 20, ..EvaluationSettings::default() };
        let tested = test_tasks(&settings, &evaluation);
        let points = tested.iter().flat_map(|task| {
            [&task.support.x, &task.support.y, &task.query.x, &task.query.y].into_iter().flatten().copied()
        });
        assert_eq!(digest(points), 0x8035_21b4_3034_5153);
        assert_eq!(digest(waves(&settings, 3, 9).iter().map(|wave| wave.at(1.5))), 0x3532_439d_0d6c_ca71);
        let kinds =
            [(TrainTasks::Pool(30), 0x1969_4993_3cc1_1153), (TrainTasks::Fresh, 0x462e_125b_1a42_045e)];
        for (train_tasks, expected) in kinds {
            let settings = TaskSettings { train_tasks, ..settings.clone() };
            let mut tasks = TrainingTasks::<f32>::new(&settings, 4, true, 7);
            let mut drawn = Vec::new();
            for _ in 0..20 {
                let batch = tasks.draw();
                for task in 0..4 {
                    for (x, y) in [batch.support.task(task), batch.query.task(task)] {
                        drawn.extend(x.iter().chain(y).map(|number| f64::from(*number)));
                    }
                }
            }
            assert_eq!(digest(drawn), expected);
        }
    }
}
