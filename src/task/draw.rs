//! How tasks and their points are drawn, within the ranges of `[task]`.

use std::fmt;

use rand::distr::{Distribution, Uniform};

use super::{
    Batch, EvaluationSettings, Function, Number, Points, Purpose, Stream, TaskSettings,
    family::{Family, Sampler},
    grid,
    normal::standard_normal,
    stream,
    table::Table,
    units::Units,
};

/// Draws tasks and their points.
pub struct Draw {
    family: &'static dyn Family,
    sampler: Sampler,
    x: Uniform<f64>,
    noise: f64,
    /// What a table's points are brought to.
    units: Units,
}

impl fmt::Debug for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draw").field("family", &self.family).finish_non_exhaustive()
    }
}

impl Draw {
    /// With these settings, whose ranges validation has found finite and in order. Points are in units of their own.
    pub fn new(settings: &TaskSettings) -> Self {
        let [low, high] = settings.x;
        let sampler = match settings.family.table() {
            Some(table) => Box::new(table.training_sampler(settings.shots.most)),
            None => settings.family.sampler(&settings.own, settings.x),
        };
        Self {
            family: settings.family,
            sampler,
            units: Units::default(),
            x: Uniform::new_inclusive(low, high).expect("validated: low < high, both finite"),
            noise: settings.family.noise(&settings.own),
        }
    }

    /// The same with points in the units that a network is trained in.
    pub fn for_training(settings: &TaskSettings) -> Self {
        Self { units: settings.family.units(), ..Self::new(settings) }
    }

    /// A random task.
    pub fn function(&self, stream: &mut Stream) -> Function {
        Function { family: self.family, numbers: (self.sampler)(stream) }
    }

    /// How many query points these tasks have in common beside so many support points, where at most so many are wanted.
    pub fn query_rows(&self, tasks: &[Function], shots: usize, wanted: usize) -> usize {
        let Some(table) = self.family.table() else { return wanted };
        tasks
            .iter()
            .map(|task| table.left(&task.numbers, shots))
            .min()
            .map_or(wanted, |left| left.min(wanted))
    }

    /// Random query points of tasks, none of which is one of its task's so many support points where there are no others to
    /// choose from than a table's.
    pub fn query<E: Number>(
        &self,
        tasks: &[Function],
        shots: usize,
        points: &mut Batch<E>,
        stream: &mut Stream,
    ) {
        if let Some(table) = self.family.table() {
            for (at, task) in tasks.iter().enumerate() {
                table.query(&task.numbers, shots, points.task_mut(at), &self.units, stream);
            }
            return;
        }
        // The inputs of all tasks before the first target: what has been stored one at a time is slow to load several at
        // once just after.
        self.inputs(points.every_x_mut(), stream);
        for (at, task) in tasks.iter().enumerate() {
            let (x, y) = points.task_mut(at);
            task.targets(x, y);
        }
    }

    fn inputs<E: Number>(&self, x: &mut [E], stream: &mut Stream) {
        x.iter_mut().for_each(|x| *x = E::rounded(self.x(stream)));
    }

    /// Random support points of a task: first all inputs, then the noise of each, if there is any.
    pub fn support<E: Number>(&self, task: &Function, (x, y): (&mut [E], &mut [E]), stream: &mut Stream) {
        if let Some(table) = self.family.table() {
            return table.support(&task.numbers, &self.units, (x, y));
        }
        self.inputs(x, stream);
        task.targets(x, y);
        if self.noise > 0.0 {
            for y in y {
                *y = E::rounded(y.exact() + self.deviation(stream));
            }
        }
    }

    /// One more support point of a task.
    pub fn point(&self, task: &Function, stream: &mut Stream) -> (f64, f64) {
        let x = self.x(stream);
        let deviation = if self.noise > 0.0 { self.deviation(stream) } else { 0.0 };
        (x, task.at(x) + deviation)
    }

    fn x(&self, stream: &mut Stream) -> f64 {
        self.x.sample(stream)
    }

    fn deviation(&self, stream: &mut Stream) -> f64 {
        self.noise * standard_normal(stream)
    }
}

/// A frozen test task: adapt on `support`, test on `query` (an even grid over the x range).
#[derive(Clone, Debug, PartialEq)]
pub struct TestTask {
    /// The function behind the points.
    pub function: Function,
    /// K points to adapt on.
    pub support: Points,
    /// Support points beyond those, which only the points curve has.
    pub further: Points,
    /// The test grid; of a table, other points of the task.
    pub query: Points,
}

impl TestTask {
    /// Whether every support point lies on the same side of zero, or of the middle of a table's x.
    pub fn is_one_sided(&self) -> bool {
        let middle = self.middle();
        self.support.x.iter().all(|x| *x < middle) || self.support.x.iter().all(|x| *x > middle)
    }

    /// The x that its sides are told by.
    pub fn middle(&self) -> f64 {
        self.function.family.table().map_or(0.0, |table| table.range().iter().sum::<f64>() / 2.0)
    }

    /// Its first support points, so many, or as many as it has: K + 1 are K and one more.
    pub fn first_points(&self, k: usize) -> Points {
        let first =
            |support: &[f64], further: &[f64]| support.iter().chain(further).take(k).copied().collect();
        Points { x: first(&self.support.x, &self.further.x), y: first(&self.support.y, &self.further.y) }
    }

    /// Where a network's answer is drawn: at the test grid, or where there is none, evenly over the range of x.
    pub fn drawn_at(&self) -> Vec<f64> {
        match self.function.family.table() {
            Some(table) => grid(table.range(), DRAWN),
            None => self.query.x.clone(),
        }
    }

    /// What the function really is at the test grid: its targets there, without the noise that they may carry. Of a table's
    /// task nothing is known beside its points.
    pub fn truth(&self) -> Vec<f64> {
        match self.function.family.table() {
            Some(_) => self.query.y.clone(),
            None => self.function.points(self.query.x.clone()).y,
        }
    }

    /// Mean squared error of these answers at the test grid.
    pub fn loss(&self, answers: &[f64]) -> f64 {
        let errors = answers.iter().zip(&self.query.y).map(|(answer, y)| (answer - y) * (answer - y));
        errors.sum::<f64>() / self.query.x.len().max(1) as f64
    }
}

/// Places at which a line is drawn where no test grid says it.
const DRAWN: usize = 101;

/// The frozen test tasks: they depend on `[task]` and on `[evaluation]`'s own seed, on nothing else.
/// Task i is the same however many there are. With a points curve a task has as many support points as that goes to, the
/// same for every system, whose K are the first of them. Noise on the test targets comes from a stream of its own, so that
/// the tasks are the same with and without.
pub fn test_tasks(task: &TaskSettings, evaluation: &EvaluationSettings) -> Vec<TestTask> {
    if let Some(table) = task.family.table() {
        let points = task.test_points(evaluation);
        let episodes = table.test_episodes(points, evaluation.seed, evaluation.test_tasks);
        let task = |numbers| {
            test_task(
                Function { family: task.family, numbers },
                table,
                [points, task.shots.most, evaluation.grid],
            )
        };
        return episodes.into_iter().map(task).collect();
    }
    let draw = Draw::new(task);
    let mut stream = stream(evaluation.seed, Purpose::TestTasks);
    let x = grid(task.x, evaluation.grid);
    let mut target_noise = evaluation.target_noise.then(|| noise_of_targets(evaluation.seed));
    (0..evaluation.test_tasks)
        .map(|_| {
            let function = draw.function(&mut stream);
            let points = task.test_points(evaluation);
            let mut support = Points { x: vec![0.0; points], y: vec![0.0; points] };
            draw.support(&function, (&mut support.x, &mut support.y), &mut stream);
            let shots = task.shots.most;
            let further = Points { x: support.x.split_off(shots), y: support.y.split_off(shots) };
            let mut query = function.points(x.clone());
            if let Some(stream) = target_noise.as_mut().filter(|_| draw.noise > 0.0) {
                query.y.iter_mut().for_each(|y| *y += draw.deviation(stream));
            }
            TestTask { function, support, further, query }
        })
        .collect()
}

/// An episode of a table's task with so many support points, of which so many are adapted to, and at most so many query
/// points.
pub fn test_task(function: Function, table: &Table, [points, shots, most]: [usize; 3]) -> TestTask {
    let (mut support, query) = table.episode(&function.numbers, points, most);
    let shots = shots.min(support.x.len());
    let further = Points { x: support.x.split_off(shots), y: support.y.split_off(shots) };
    TestTask { function, support, further, query }
}

fn noise_of_targets(seed: u64) -> Stream {
    stream(seed, Purpose::TargetNoise)
}

/// `count` tasks of the family, to show what it looks like; of a table no more than it has.
pub fn illustration(task: &TaskSettings, seed: u64, count: usize) -> Vec<Function> {
    if let Some(table) = task.family.table() {
        let task = |numbers| Function { family: task.family, numbers };
        return table.every_task().take(count).map(task).collect();
    }
    let draw = Draw::new(task);
    let mut stream = stream(seed, Purpose::Illustration);
    (0..count).map(|_| draw.function(&mut stream)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::families::sine::SineSettings;
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
        assert_eq!(
            digest(illustration(&settings, 3, 9).iter().map(|wave| wave.at(1.5))),
            0x3532_439d_0d6c_ca71
        );
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

    #[test]
    fn only_the_support_is_noisy() {
        let own = SineSettings { noise: 0.5, ..SineSettings::default() }.values();
        let noisy = TaskSettings { own, ..TaskSettings::default() };
        let tested = test_tasks(&noisy, &EvaluationSettings::default());
        let errors = |of: fn(&TestTask) -> &Points| -> f64 {
            let square = |task: &TestTask| {
                let points = of(task);
                let errors = points.x.iter().zip(&points.y).map(|(x, y)| (task.function.at(*x) - y).powi(2));
                errors.sum::<f64>() / points.x.len() as f64
            };
            tested.iter().map(square).sum::<f64>() / tested.len() as f64
        };
        assert!((errors(|task| &task.support) - 0.25).abs() < 0.01);
        assert_eq!(errors(|task| &task.query), 0.0);
    }

    #[test]
    fn noise_on_test_targets_leaves_the_tasks_as_they_are() {
        let own = SineSettings { noise: 0.5, ..SineSettings::default() }.values();
        let noisy = TaskSettings { own, ..TaskSettings::default() };
        let without = EvaluationSettings { test_tasks: 200, ..EvaluationSettings::default() };
        let with = EvaluationSettings { target_noise: true, ..without.clone() };
        let (without, with) = (test_tasks(&noisy, &without), test_tasks(&noisy, &with));
        let mut errors = Vec::new();
        for (without, with) in without.iter().zip(&with) {
            assert_eq!((&without.function, &without.support), (&with.function, &with.support));
            assert_eq!((&without.query.x, &without.query.y), (&with.query.x, &with.truth()));
            errors.extend(without.query.y.iter().zip(&with.query.y).map(|(one, other)| other - one));
        }
        let count = errors.len() as f64;
        let square = errors.iter().map(|error| error * error).sum::<f64>() / count;
        // 10,000 draws of deviation .5: standard errors .005 of the mean and .0035 of the variance.
        assert!((errors.iter().sum::<f64>() / count).abs() < 0.02 && (square - 0.25).abs() < 0.015);
        // A family without noise has none here either.
        let evaluation = EvaluationSettings { test_tasks: 3, target_noise: true, ..Default::default() };
        let tasks = test_tasks(&TaskSettings::default(), &evaluation);
        assert!(tasks.iter().all(|task| task.query.y == task.truth()));
    }

    #[test]
    fn frequencies_lie_in_their_range() {
        let own = SineSettings { frequency: [0.8, 1.2], ..SineSettings::default() }.values();
        let settings = TaskSettings { own, ..TaskSettings::default() };
        let drawn = illustration(&settings, 1, 1_000);
        let frequency = |task: &Function| task.numbers[2];
        assert!(drawn.iter().all(|task| (0.8..=1.2).contains(&frequency(task))));
        let mean = drawn.iter().map(frequency).sum::<f64>() / 1_000.0;
        assert!((mean - 1.0).abs() < 0.02);
    }
}
