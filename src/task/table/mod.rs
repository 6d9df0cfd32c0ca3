//! Tasks of one's own, from a CSV file: growth curves, dose and response, learning curves. A task is known at its points
//! alone, so an episode draws its support points from them without replacement, and what is left is asked for.

mod average;
mod episode;
mod read;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use rand::RngExt;
use sha2::{Digest, Sha256};

pub use self::average::Average;
use self::average::between;
use self::episode::Episode;
pub use self::read::{Contents, LARGEST_TABLE, read};
use super::{LinearStep, Number, Points, Purpose, Stream, Units, stream};
use crate::config::{presentable, thousands};

/// The x or the y of points.
type Axis = fn(&Points) -> &Vec<f64>;

/// What an episode is known by: the place of its task in the file, and its own number.
type Numbers = [f64; 4];

/// The tasks of one file, with what is tested on told apart from what is trained on.
pub struct Table {
    contents: Arc<Contents>,
    /// Places of its tasks, in an order that has nothing to do with the file's.
    train: Vec<u32>,
    test: Vec<u32>,
    /// Of all its points.
    range: [f64; 2],
    heights: [f64; 2],
    /// By the points that are trained on.
    units: Units,
    average: OnceLock<Average>,
}

impl Table {
    /// Of this file, so split: where it has no column for that, this share of it is for the test, by this seed.
    pub fn new(contents: Arc<Contents>, test_share: f64, split_seed: u64) -> Self {
        // By their names and the seed alone, so that neither the order of rows nor further points change the split.
        let hash = |name: &str| -> [u8; 32] {
            Sha256::digest([&split_seed.to_le_bytes()[..], name.as_bytes()].concat()).into()
        };
        let mut order: Vec<(u32, [u8; 32])> =
            (0..).zip(&contents.tasks).map(|(place, task)| (place, hash(&task.name))).collect();
        order.sort_by_key(|(_, hash)| *hash);
        let places = order.into_iter().map(|(place, _)| place);
        let is_test = |place: &u32| contents.tasks[*place as usize].is_test;
        let has_split = contents.tasks.first().is_some_and(|task| task.is_test.is_some());
        let (test, train): (Vec<u32>, Vec<u32>) = if has_split {
            places.partition(|place| is_test(place) == Some(true))
        } else {
            let count = contents.tasks.len();
            let tested = (test_share * count as f64).round() as usize;
            let tested = tested.clamp(1.min(count), count.saturating_sub(1).max(1.min(count)));
            let places: Vec<u32> = places.collect();
            let (test, train) = places.split_at(tested);
            (test.to_vec(), train.to_vec())
        };
        let points = |which: Axis, places: &[u32]| -> Vec<f64> {
            let tasks = places.iter().map(|place| &contents.tasks[*place as usize].points);
            tasks.flat_map(|points| which(points).iter().copied()).collect()
        };
        let all: Vec<u32> = train.iter().chain(&test).copied().collect();
        let ends = |which: Axis| {
            let values = points(which, &all);
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if low < high { [low, high] } else { [0.0, 1.0] }
        };
        let units = |which: Axis| unit(&points(which, &train));
        let (range, heights) = (ends(|of| &of.x), ends(|of| &of.y));
        let units = Units { x: units(|of| &of.x), y: units(|of| &of.y) };
        Self { contents, range, heights, units, train, test, average: OnceLock::new() }
    }

    /// The file.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The range of x.
    pub fn range(&self) -> [f64; 2] {
        self.range
    }

    /// What x and y are, as the file says.
    pub fn labels(&self) -> &[String; 2] {
        &self.contents.labels
    }

    /// The points of a task.
    pub fn points(&self, numbers: &Numbers) -> &Points {
        static NONE: Points = Points { x: Vec::new(), y: Vec::new() };
        self.contents.tasks.get(numbers[0] as usize).map_or(&NONE, |task| &task.points)
    }

    /// How many tasks there are to train on or to test on, and how many of them have more points than this.
    pub fn count(&self, is_test: bool, points: usize) -> [usize; 2] {
        let places = if is_test { &self.test } else { &self.train };
        [places.len(), self.with_more(places, points).count()]
    }

    /// The most points that a task has.
    pub fn most_points(&self, is_test: bool) -> usize {
        let places = if is_test { &self.test } else { &self.train };
        places.iter().map(|place| self.size(*place)).max().unwrap_or(0)
    }

    fn size(&self, place: u32) -> usize {
        self.contents.tasks[place as usize].points.x.len()
    }

    fn with_more<'p>(&'p self, places: &'p [u32], points: usize) -> impl Iterator<Item = u32> + 'p {
        places.iter().copied().filter(move |place| self.size(*place) > points)
    }

    /// How training tasks with more than so many points are drawn, each with the number of an episode.
    pub fn training_sampler(&self, shots: usize) -> impl Fn(&mut Stream) -> Numbers + use<> {
        let places: Vec<u32> = self.with_more(&self.train, shots).collect();
        move |stream| {
            let place = places.get(stream.random_range(0..places.len().max(1))).copied().unwrap_or(0);
            [f64::from(place), episode_number(stream), 0.0, 0.0]
        }
    }

    /// The support points of an episode, as many as there is room for.
    pub fn support<E: Number>(&self, numbers: &Numbers, units: &Units, (x, y): (&mut [E], &mut [E])) {
        let points = self.points(numbers);
        let places = self.places(numbers, x.len());
        for ((x, y), at) in x.iter_mut().zip(y).zip(places) {
            (*x, *y) = (E::rounded(units.x_inward(points.x[at])), E::rounded(units.y_inward(points.y[at])));
        }
    }

    /// The places of an episode's support points among those of its task.
    pub fn places(&self, numbers: &Numbers, count: usize) -> Vec<usize> {
        let mut episode = Episode::new(self.points(numbers).x.len());
        let mut stream = stream(numbers[1] as u64, Purpose::Episode);
        (0..count).map_while(|_| episode.next(&mut stream)).collect()
    }

    /// Points that are no support points of an episode with so many of these, as many as there is room for, drawn anew.
    pub fn query<E: Number>(
        &self,
        numbers: &Numbers,
        shots: usize,
        (x, y): (&mut [E], &mut [E]),
        units: &Units,
        query: &mut Stream,
    ) {
        let points = self.points(numbers);
        let mut episode = Episode::new(points.x.len());
        let mut support = stream(numbers[1] as u64, Purpose::Episode);
        (0..shots).for_each(|_| {
            episode.next(&mut support);
        });
        for (x, y) in x.iter_mut().zip(y) {
            let Some(at) = episode.next(query) else { break };
            (*x, *y) = (E::rounded(units.x_inward(points.x[at])), E::rounded(units.y_inward(points.y[at])));
        }
    }

    /// How many points an episode with so many support points leaves to be asked for.
    pub fn left(&self, numbers: &Numbers, shots: usize) -> usize {
        self.points(numbers).x.len().saturating_sub(shots)
    }

    /// Episodes of so many of the tasks that are tested on and have more points than this, each of another task, in an
    /// order that the seed decides.
    pub fn test_episodes(&self, points: usize, seed: u64, count: usize) -> Vec<Numbers> {
        let places: Vec<u32> = self.with_more(&self.test, points).collect();
        let mut stream = stream(seed, Purpose::TestTasks);
        let mut order = Episode::new(places.len());
        let mut episode = || {
            let place = places[order.next(&mut stream)?];
            Some([f64::from(place), episode_number(&mut stream), 0.0, 0.0])
        };
        (0..count.min(places.len())).filter_map(|_| episode()).collect()
    }

    /// The points of an episode in units of their own: so many support points, and what is left, at most so many, in the
    /// order of x.
    pub fn episode(&self, numbers: &Numbers, points: usize, most: usize) -> (Points, Points) {
        let room = |count: usize| Points { x: vec![0.0; count], y: vec![0.0; count] };
        let own = Units::default();
        let mut support = room(points.min(self.points(numbers).x.len()));
        self.support(numbers, &own, (&mut support.x, &mut support.y));
        let mut query = room(self.left(numbers, points).min(most));
        // What is asked for is the same whenever it is drawn.
        let mut drawn = stream(numbers[1] as u64, Purpose::Query);
        self.query(numbers, points, (&mut query.x, &mut query.y), &own, &mut drawn);
        let mut order: Vec<usize> = (0..query.x.len()).collect();
        order.sort_by(|one, other| query.x[*one].total_cmp(&query.x[*other]));
        let sorted = |values: &[f64]| order.iter().map(|at| values[*at]).collect();
        (support, Points { x: sorted(&query.x), y: sorted(&query.y) })
    }

    /// Every task, those that are trained on first.
    pub fn every_task(&self) -> impl Iterator<Item = Numbers> + '_ {
        self.train.iter().chain(&self.test).map(|place| [f64::from(*place), 0.0, 0.0, 0.0])
    }

    /// What the file has, and what was recognised in it, in a sentence.
    pub fn in_words(&self, file: &str) -> String {
        let Contents { recognised, tasks, rows, .. } = &*self.contents;
        let recognised = match &recognised[..] {
            [] => String::new(),
            known => format!("; recognised: {}", known.join(", ")),
        };
        let [train, test] = self.split();
        format!(
            "{}: {} points of {} tasks, {} to train on and {} to test on{recognised}",
            presentable(file, 60),
            thousands(*rows as u64),
            thousands(tasks.len() as u64),
            thousands(train as u64),
            thousands(test as u64)
        )
    }

    /// Which tasks are left out, because they have too few points: for training one more than are shown, and for tests too.
    pub fn left_out(&self, training: usize, test: usize) -> Option<String> {
        let mut said = Vec::new();
        for (is_test, points, what) in [(false, training, "train"), (true, test, "test")] {
            let [all, left] = self.count(is_test, points);
            if left < all {
                let (out, all) = (thousands((all - left) as u64), thousands(all as u64));
                said.push(format!(
                    "{out} of {all} tasks to {what} on, which have fewer than {} points",
                    points + 1
                ));
            }
        }
        (!said.is_empty()).then(|| format!("Left out: {}.", said.join("; ")))
    }

    /// What its training tasks have in common.
    pub fn average(&self) -> &Average {
        self.average
            .get_or_init(|| Average::new(self.range, self.train.iter().map(|place| self.task(*place))))
    }

    fn task(&self, place: u32) -> &Points {
        &self.contents.tasks[place as usize].points
    }

    /// On the line between the points on both sides; not a number beyond them.
    pub fn between(&self, numbers: &Numbers, x: f64) -> f64 {
        let points = self.points(numbers);
        let is_within =
            points.x.first().zip(points.x.last()).is_some_and(|(low, high)| (*low..=*high).contains(&x));
        if is_within { between(points, x) } else { f64::NAN }
    }

    /// Mean squared error of the average task over the points that are trained on.
    pub fn variance(&self) -> f64 {
        let errors = self.train.iter().map(|place| self.task(*place)).flat_map(|points| {
            points.x.iter().zip(&points.y).map(|(x, y)| {
                let off = y - self.average().moments(*x)[0];
                off * off
            })
        });
        let (count, sum) = errors.fold((0_usize, 0.0), |(count, sum), error| (count + 1, sum + error));
        sum / count.max(1) as f64
    }

    /// The best step from the average task that is linear in the targets of so many points, over episodes of the tasks that
    /// are trained on; `None` where none has so many.
    pub fn linear_step(&self, shots: usize) -> Option<LinearStep> {
        /// Enough for three digits.
        const EPISODES: usize = 2_000;
        /// Query points of each.
        const QUERY: usize = 20;
        let places: Vec<u32> = self.with_more(&self.train, shots).collect();
        let episode = |number: usize| {
            let place = *places.get(number % places.len().max(1))?;
            Some(self.episode(&[f64::from(place), number as f64, 0.0, 0.0], shots, QUERY))
        };
        let episodes: Vec<(Points, Points)> = (0..EPISODES).filter_map(episode).collect();
        (!episodes.is_empty()).then(|| self.average().linear_step(&episodes))
    }

    /// The name of a task.
    pub fn name(&self, numbers: &Numbers) -> &str {
        self.contents.tasks.get(numbers[0] as usize).map_or("", |task| &task.name)
    }

    /// Whether a task is one of those that are tested on.
    pub fn is_test(&self, numbers: &Numbers) -> bool {
        self.test.iter().any(|place| f64::from(*place) == numbers[0])
    }

    /// The range of y.
    pub fn heights(&self) -> [f64; 2] {
        self.heights
    }

    /// The units of the points that are trained on.
    pub fn units(&self) -> Units {
        self.units
    }

    /// How many are trained on, and how many tested on.
    pub fn split(&self) -> [usize; 2] {
        [self.train.len(), self.test.len()]
    }
}

/// Mean and standard deviation; 1 for that of what does not vary.
fn unit(values: &[f64]) -> [f64; 2] {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    [mean, if variance > 0.0 { variance.sqrt() } else { 1.0 }]
}

/// Exact as a float.
fn episode_number(stream: &mut Stream) -> f64 {
    (stream.random::<u64>() >> 11) as f64
}
