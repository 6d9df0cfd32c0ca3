//! The endless stream of meta-batches a run trains on: a pool visited in a fresh random order every
//! epoch, or new tasks for ever.

use rand::seq::SliceRandom;

use super::{Batch, Family, Number, Purpose, Sine, Stream, stream};
use crate::config::{TaskSettings, TrainTasks};

/// The tasks of one outer step.
#[derive(Clone, Debug)]
pub struct MetaBatch<E> {
    /// K points a task, to adapt on.
    pub support: Batch<E>,
    /// Fresh points of the same tasks, for the outer loss; empty for learners that do without.
    pub query: Batch<E>,
}

/// The training tasks of one run.
#[derive(Debug)]
pub struct TrainingTasks<E> {
    family: Family,
    source: Source<E>,
    query: Option<Stream>,
    batch: MetaBatch<E>,
}

#[derive(Debug)]
enum Source<E> {
    /// Tasks whose support points stay the same.
    Pool { waves: Vec<Sine>, support: Batch<E>, order: Vec<u32>, next: usize, stream: Stream },
    /// Every task is new.
    Fresh { stream: Stream },
}

impl<E: Number> TrainingTasks<E> {
    /// The tasks of the run with this seed; `with_query` says whether query points are drawn.
    pub fn new(settings: &TaskSettings, meta_batch: usize, with_query: bool, seed: u64) -> Self {
        let family = Family::new(settings);
        let mut tasks = stream(seed, Purpose::TrainingTasks);
        let source = match settings.train_tasks {
            TrainTasks::Fresh => Source::Fresh { stream: tasks },
            TrainTasks::Pool(size) => {
                let mut support = Batch::new(size, settings.shots);
                let waves = (0..size)
                    .map(|task| {
                        let wave = family.wave(&mut tasks);
                        family.draw(&wave, support.task_mut(task), &mut tasks);
                        wave
                    })
                    .collect();
                let order: Vec<u32> = (0..size as u32).collect();
                // Beyond the end: the first task drawn shuffles the first epoch.
                Source::Pool { waves, support, next: size, order, stream: stream(seed, Purpose::Order) }
            }
        };
        let query_rows = if with_query { settings.query } else { 0 };
        Self {
            family,
            source,
            query: with_query.then(|| stream(seed, Purpose::Query)),
            batch: MetaBatch {
                support: Batch::new(meta_batch, settings.shots),
                query: Batch::new(meta_batch, query_rows),
            },
        }
    }

    /// The next meta-batch.
    pub fn draw(&mut self) -> &MetaBatch<E> {
        let Self { family, source, query, batch } = self;
        for task in 0..batch.support.tasks() {
            let (x, y) = batch.support.task_mut(task);
            let wave = match source {
                Source::Fresh { stream } => {
                    let wave = family.wave(stream);
                    family.draw(&wave, (x, y), stream);
                    wave
                }
                Source::Pool { waves, support, order, next, stream } => {
                    if *next == order.len() {
                        order.shuffle(stream);
                        *next = 0;
                    }
                    let chosen = order[*next] as usize;
                    *next += 1;
                    let (pool_x, pool_y) = support.task(chosen);
                    x.copy_from_slice(pool_x);
                    y.copy_from_slice(pool_y);
                    waves[chosen]
                }
            };
            if let Some(stream) = query {
                family.draw(&wave, batch.query.task_mut(task), stream);
            }
        }
        batch
    }
}
