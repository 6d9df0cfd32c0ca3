//! The endless stream of meta-batches a run trains on: a pool visited in a fresh random order every
//! epoch, or new tasks for ever.

use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::{Batch, Draw, Function, Number, Purpose, Shots, Stream, stream};
use super::{TaskSettings, TrainTasks};

/// The tasks of one outer step.
#[derive(Clone, Debug)]
pub struct MetaBatch<E> {
    /// K points a task, to adapt on.
    pub support: Batch<E>,
    /// Fresh points of the same tasks, for the outer loss; empty for learners that do without.
    pub query: Batch<E>,
}

/// How far a run has come in its random streams, in 32-bit words of each: all that is needed to go on
/// from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The stream of new tasks.
    tasks: u64,
    /// The stream of epochs' orders, before the current epoch was shuffled.
    epoch: u64,
    /// Tasks of the current epoch that have been drawn; 0 before the first epoch.
    drawn: u64,
    /// The stream of query points.
    query: u64,
    /// The stream of K; absent where it is not drawn.
    #[serde(default, skip_serializing_if = "is_at_its_beginning")]
    shots: u64,
}

fn is_at_its_beginning(words: &u64) -> bool {
    *words == 0
}

/// The training tasks of one run.
#[derive(Debug)]
pub struct TrainingTasks<E> {
    draw: Draw,
    source: Source<E>,
    query: Option<Stream>,
    /// Query points that are wanted; where tasks have fewer left, as many as all of a meta-batch have.
    query_rows: usize,
    shots: Option<(Shots, Stream)>,
    /// The tasks of the meta-batch.
    chosen: Vec<Function>,
    batch: MetaBatch<E>,
}

#[derive(Debug)]
enum Source<E> {
    /// Tasks whose support points stay the same.
    Pool {
        functions: Vec<Function>,
        support: Batch<E>,
        /// This epoch's order, and how far it has been walked.
        order: Vec<u32>,
        next: usize,
        stream: Stream,
        /// Where `stream` stood before this epoch was shuffled.
        epoch: u64,
    },
    /// Every task is new.
    Fresh { stream: Stream },
}

impl<E: Number> TrainingTasks<E> {
    /// The tasks of the run with this seed; `with_query` says whether query points are drawn. Without them there is
    /// nothing to learn from a task without support points, so at least one is drawn.
    pub fn new(settings: &TaskSettings, meta_batch: usize, with_query: bool, seed: u64) -> Self {
        let draw = Draw::for_training(settings);
        let mut tasks = stream(seed, Purpose::TrainingTasks);
        let source = match settings.train_tasks {
            TrainTasks::Fresh => Source::Fresh { stream: tasks },
            TrainTasks::Pool(size) => {
                let mut support = Batch::new(size, settings.shots.most);
                let functions = (0..size)
                    .map(|task| {
                        let function = draw.function(&mut tasks);
                        draw.support(&function, support.task_mut(task), &mut tasks);
                        function
                    })
                    .collect();
                let order: Vec<u32> = (0..size as u32).collect();
                // Beyond the end: the first task drawn shuffles the first epoch.
                Source::Pool {
                    functions,
                    support,
                    next: size,
                    order,
                    stream: stream(seed, Purpose::Order),
                    epoch: 0,
                }
            }
        };
        let shots = Shots { fewest: settings.shots.fewest.max(usize::from(!with_query)), ..settings.shots };
        let query_rows = if with_query { settings.query } else { 0 };
        Self {
            draw,
            source,
            query: with_query.then(|| stream(seed, Purpose::Query)),
            query_rows,
            chosen: Vec::new(),
            shots: shots.is_drawn().then(|| (shots, stream(seed, Purpose::Shots))),
            batch: MetaBatch {
                support: Batch::new(meta_batch, shots.most),
                query: Batch::new(meta_batch, query_rows),
            },
        }
    }

    /// How far the streams have come.
    pub fn position(&self) -> Position {
        let mut position = Position { query: self.query.as_ref().map_or(0, words), ..Position::default() };
        position.shots = self.shots.as_ref().map_or(0, |(_, stream)| words(stream));
        match &self.source {
            Source::Fresh { stream } => position.tasks = words(stream),
            Source::Pool { order, next, stream, epoch, .. } => {
                // Before the first epoch nothing is drawn and the stream is at its beginning.
                let begun = words(stream) > 0 || *next < order.len();
                (position.epoch, position.drawn) = (*epoch, if begun { *next as u64 } else { 0 });
            }
        }
        position
    }

    /// Goes to where [`TrainingTasks::position`] was.
    pub fn seek(&mut self, position: &Position) {
        if let Some(query) = &mut self.query {
            query.set_word_pos(u128::from(position.query));
        }
        if let Some((_, stream)) = &mut self.shots {
            stream.set_word_pos(u128::from(position.shots));
        }
        match &mut self.source {
            Source::Fresh { stream } => stream.set_word_pos(u128::from(position.tasks)),
            Source::Pool { order, next, stream, epoch, .. } => {
                stream.set_word_pos(u128::from(position.epoch));
                *epoch = position.epoch;
                *next = order.len();
                if position.drawn > 0 {
                    shuffle(order, stream);
                    *next = order.len().min(position.drawn as usize);
                }
            }
        }
    }

    /// The next meta-batch.
    pub fn draw(&mut self) -> &MetaBatch<E> {
        let Self { draw, source, query, query_rows, shots, chosen: chosen_tasks, batch } = self;
        if let Some((shots, stream)) = shots {
            batch.support.set_rows(stream.random_range(shots.fewest as u32..=shots.most as u32) as usize);
        }
        let points = batch.support.rows();
        chosen_tasks.clear();
        for task in 0..batch.support.tasks() {
            let (x, y) = batch.support.task_mut(task);
            let function = match source {
                Source::Fresh { stream } => {
                    let function = draw.function(stream);
                    draw.support(&function, (x, y), stream);
                    function
                }
                Source::Pool { functions, support, order, next, stream, epoch } => {
                    if *next == order.len() {
                        *epoch = words(stream);
                        shuffle(order, stream);
                        *next = 0;
                    }
                    let chosen = order[*next] as usize;
                    *next += 1;
                    let (pool_x, pool_y) = support.task(chosen);
                    x.copy_from_slice(&pool_x[..points]);
                    y.copy_from_slice(&pool_y[..points]);
                    functions[chosen]
                }
            };
            chosen_tasks.push(function);
        }
        if let Some(stream) = query {
            batch.query.set_rows(draw.query_rows(chosen_tasks, points, *query_rows));
            draw.query(chosen_tasks, points, &mut batch.query, stream);
        }
        batch
    }
}

/// A fresh random order, whatever the one before it was.
fn shuffle(order: &mut [u32], stream: &mut Stream) {
    for (place, task) in (0..).zip(&mut *order) {
        *task = place;
    }
    order.shuffle(stream);
}

/// How far a stream has come. No run draws 2^64 words.
fn words(stream: &Stream) -> u64 {
    stream.get_word_pos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(train_tasks: TrainTasks) -> TaskSettings {
        TaskSettings { shots: 3.into(), query: 2, train_tasks, ..TaskSettings::default() }
    }

    #[test]
    fn every_epoch_visits_every_task_once() {
        let mut tasks = TrainingTasks::<f64>::new(&settings(TrainTasks::Pool(12)), 4, false, 1);
        let mut epochs = Vec::new();
        for _ in 0..3 {
            let mut seen: Vec<u64> = Vec::new();
            for _ in 0..3 {
                let batch = tasks.draw();
                seen.extend((0..4).map(|task| batch.support.task(task).0[0].to_bits()));
            }
            epochs.push(seen.clone());
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 12);
        }
        assert_ne!(epochs[0], epochs[1]);
        assert_ne!(epochs[1], epochs[2]);
    }

    #[test]
    fn the_number_of_points_is_drawn_anew_for_every_step_and_is_the_same_for_its_tasks() {
        for (train_tasks, with_query, fewest) in
            [(TrainTasks::Pool(7), true, 0), (TrainTasks::Fresh, true, 0), (TrainTasks::Fresh, false, 1)]
        {
            let shots = Shots { fewest: 0, most: 4 };
            let settings = TaskSettings { shots, ..settings(train_tasks) };
            let mut tasks = TrainingTasks::<f64>::new(&settings, 3, with_query, 1);
            let mut counts = [0; 5];
            for _ in 0..1_000 {
                let batch = tasks.draw();
                let points = batch.support.rows();
                counts[points] += 1;
                assert_eq!((batch.support.tasks(), batch.query.tasks()), (3, 3));
                assert!((0..3).all(|task| batch.support.task(task).0.len() == points));
                let last = batch.support.task(2);
                assert!(last.0.iter().zip(last.1).all(|(x, y)| x.abs() <= 5.0 && y.abs() <= 5.0));
            }
            let expected = 1_000.0 / (5 - fewest) as f64;
            let near = |count: i32| (f64::from(count) - expected).abs() < 5.0 * expected.sqrt();
            assert!(counts[fewest..].iter().all(|count| near(*count)), "{counts:?}");
            assert_eq!(counts[..fewest].iter().sum::<i32>(), 0, "{counts:?}");
        }
    }

    #[test]
    fn fewer_points_of_a_pool_are_the_first_of_its_tasks() {
        let pool = |shots: Shots| {
            let settings = TaskSettings { shots, ..settings(TrainTasks::Pool(6)) };
            TrainingTasks::<f64>::new(&settings, 2, true, 4)
        };
        let (mut all, mut some) = (pool(9.into()), pool(Shots { fewest: 0, most: 9 }));
        for _ in 0..50 {
            let (all, some) = (&all.draw().support, &some.draw().support);
            for task in 0..2 {
                let (x, y) = all.task(task);
                assert_eq!(some.task(task), (&x[..some.rows()], &y[..some.rows()]));
            }
        }
    }

    #[test]
    fn any_position_can_be_gone_back_to() {
        let kinds = [TrainTasks::Pool(7), TrainTasks::Fresh].map(|kind| [(kind, 3), (kind, 0)]);
        for (train_tasks, fewest) in kinds.into_iter().flatten() {
            let shots = Shots { fewest, most: 3 };
            let settings = TaskSettings { shots, ..settings(train_tasks) };
            let make = || TrainingTasks::<f32>::new(&settings, 2, true, 9);
            let mut straight = make();
            for step in 0..20 {
                let position = straight.position();
                let written = serde_json::to_string(&position).expect("plain data");
                assert_eq!(written.contains("shots"), fewest < 3 && step > 0, "{written}");
                assert_eq!(serde_json::from_str::<Position>(&written).expect("the same"), position);
                let mut resumed = make();
                resumed.seek(&position);
                assert_eq!(resumed.position(), position);
                for _ in 0..9 {
                    resumed.draw();
                }
                let mut expected = make();
                for _ in 0..step + 9 {
                    expected.draw();
                }
                assert_eq!(resumed.batch.support, expected.batch.support, "{train_tasks:?} step {step}");
                assert_eq!(resumed.batch.query, expected.batch.query, "{train_tasks:?} step {step}");
                straight.draw();
            }
        }
    }
}
