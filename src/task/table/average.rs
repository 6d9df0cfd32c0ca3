//! What the training tasks of a table have in common: their mean at every x, how they vary around it, and the best step
//! that is linear in what is shown. A task is taken to run straight from point to point, over the x that it covers.

use crate::task::{LinearStep, Points};

/// Places of the range at which it is known; between them it is on a straight line.
const NODES: usize = 101;
/// Tasks that it is taken over: the rest of a larger table says the same.
const MOST_TASKS: usize = 2_000;

/// The average task.
pub struct Average {
    range: [f64; 2],
    mean: Vec<f64>,
    square: Vec<f64>,
    /// The tasks at the nodes; constant beyond their ends.
    tasks: Vec<Vec<f64>>,
}

impl Average {
    /// Of these tasks, over this range of x.
    pub fn new<'p>(range: [f64; 2], tasks: impl Iterator<Item = &'p Points>) -> Self {
        let x = crate::task::grid(range, NODES);
        let half = 0.5 * (range[1] - range[0]) / (NODES - 1) as f64;
        let (mut sums, mut rows) = (vec![[0.0; 3]; NODES], Vec::new());
        for points in tasks.take(MOST_TASKS).filter(|points| !points.x.is_empty()) {
            let ends = [points.x[0] - half, points.x[points.x.len() - 1] + half];
            let row: Vec<f64> = x.iter().map(|x| between(points, *x)).collect();
            for ((sum, x), y) in sums.iter_mut().zip(&x).zip(&row) {
                if (ends[0]..=ends[1]).contains(x) {
                    *sum = [sum[0] + 1.0, sum[1] + y, sum[2] + y * y];
                }
            }
            rows.push(row);
        }
        let known: Vec<usize> = (0..NODES).filter(|node| sums[*node][0] > 0.0).collect();
        let nearest = |node: usize| known.iter().min_by_key(|known| known.abs_diff(node)).copied();
        let of = |which: usize| {
            let at = |node| nearest(node).map_or(0.0, |known| sums[known][which] / sums[known][0]);
            (0..NODES).map(at).collect()
        };
        Self { range, mean: of(1), square: of(2), tasks: rows }
    }

    fn at(&self, values: &[f64], x: f64) -> f64 {
        along(self.range, values, x)
    }

    /// Mean and mean square at x.
    pub fn moments(&self, x: f64) -> [f64; 2] {
        [self.at(&self.mean, x), self.at(&self.square, x)]
    }

    /// Mean of the products at two places.
    pub fn product_moment(&self, x: f64, other: f64) -> f64 {
        let products = self.tasks.iter().map(|task| self.at(task, x) * self.at(task, other));
        products.sum::<f64>() / self.tasks.len().max(1) as f64
    }

    /// The two directions in which the tasks differ most from their mean, at the nodes, each of mean square 1.
    fn directions(&self) -> [Vec<f64>; 2] {
        /// Far more than two directions that differ at all need to part.
        const ROUNDS: usize = 200;
        let scaled = |values: &mut Vec<f64>| {
            let size = (values.iter().map(|value| value * value).sum::<f64>() / NODES as f64).sqrt();
            if size > 0.0 {
                values.iter_mut().for_each(|value| *value /= size);
            }
        };
        let off: Vec<Vec<f64>> = self
            .tasks
            .iter()
            .map(|task| task.iter().zip(&self.mean).map(|(y, mean)| y - mean).collect())
            .collect();
        let mut found: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        for which in 0..2 {
            let start =
                |node: usize| if which == 0 { 1.0 } else { 2.0 * node as f64 / (NODES - 1) as f64 - 1.0 };
            let mut direction: Vec<f64> = (0..NODES).map(start).collect();
            for _ in 0..ROUNDS {
                let mut next = vec![0.0; NODES];
                for task in &off {
                    let along: f64 = task.iter().zip(&direction).map(|(one, other)| one * other).sum();
                    next.iter_mut().zip(task).for_each(|(next, y)| *next += along * y);
                }
                if which == 1 {
                    let along = next.iter().zip(&found[0]).map(|(one, other)| one * other).sum::<f64>()
                        / NODES as f64;
                    next.iter_mut().zip(&found[0]).for_each(|(next, first)| *next -= along * first);
                }
                if next.iter().all(|value| value.abs() < 1e-300) {
                    break;
                }
                scaled(&mut next);
                direction = next;
            }
            found[which] = direction;
        }
        found
    }

    /// The best step from the mean in these directions, over these episodes.
    pub fn linear_step(&self, episodes: &[(Points, Points)]) -> LinearStep {
        let directions = self.directions();
        let nodes = (self.range, self.mean.clone(), directions);
        let mean = {
            let (range, mean, _) = nodes.clone();
            move |x: f64| along(range, &mean, x)
        };
        let (range, _, [first, second]) = nodes;
        let basis = move |x: f64| [along(range, &first, x), along(range, &second, x)];
        LinearStep::measured(basis, mean, episodes)
    }
}

/// The value at x of what is known at even places of a range.
fn along([low, high]: [f64; 2], values: &[f64], x: f64) -> f64 {
    let last = values.len() - 1;
    let place = ((x - low) / (high - low)).clamp(0.0, 1.0) * last as f64;
    let node = (place as usize).min(last - 1);
    values[node] + (place - node as f64) * (values[node + 1] - values[node])
}

/// The value at x on the line between the points on both sides of it; that of the first or last beyond them. Of several
/// at one x, their mean.
pub fn between(points: &Points, x: f64) -> f64 {
    let Points { x: places, y } = points;
    let (from, to) =
        (places.partition_point(|place| *place < x), places.partition_point(|place| *place <= x));
    let mean = |from: usize, to: usize| y[from..to].iter().sum::<f64>() / (to - from) as f64;
    if places.is_empty() {
        return 0.0;
    }
    if from < to {
        return mean(from, to);
    }
    // All at the x below, and all at the x above.
    let alike = |at: usize| {
        let place = places[at];
        mean(places.partition_point(|other| *other < place), places.partition_point(|other| *other <= place))
    };
    match (from.checked_sub(1), places.get(from)) {
        (None, _) => alike(0),
        (Some(below), None) => alike(below),
        (Some(below), Some(above)) => {
            let share = (x - places[below]) / (above - places[below]);
            alike(below) + share * (alike(from) - alike(below))
        }
    }
}
