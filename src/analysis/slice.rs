//! The test loss along the first step, before its end and beyond: whether the start has learned how long a step is.

use super::adaptive::{Adaptive, Task};
use super::linear::{mean, quantile};
use super::network::mean_square;

/// Places along the step that are looked at: 0, 0.1, .. 5, where 1 is the step.
pub const SLICE: usize = 51;

/// Test losses over tasks, an entry a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Places: 0 is the start, 1 the step.
    pub t: Vec<f64>,
    /// Mean over the tasks.
    pub mean: Vec<f64>,
    /// The 10 % quantile.
    pub low: Vec<f64>,
    /// The 90 % quantile.
    pub high: Vec<f64>,
}

impl Slice {
    /// L_query(theta - t P(dL_support/dtheta)); `None` once nobody wants it any more.
    pub fn new(adaptive: &mut Adaptive, tasks: &[Task], is_wanted: impl Fn() -> bool) -> Option<Self> {
        let t: Vec<f64> = (0..SLICE).map(|place| place as f64 / 10.0).collect();
        let mut columns = vec![Vec::new(); SLICE];
        let start = adaptive.start.clone();
        for (support, query) in tasks {
            if !is_wanted() {
                return None;
            }
            let step = adaptive.step_of(0, &start, support);
            for (t, column) in t.iter().zip(&mut columns) {
                column.push(mean_square(&adaptive.less(&start, *t, &step).predict(&query.x), &query.y));
            }
        }
        columns.iter_mut().for_each(|column| column.sort_by(f64::total_cmp));
        let of = |statistic: &dyn Fn(&[f64]) -> f64| columns.iter().map(|column| statistic(column)).collect();
        let (low, high) = (of(&|column| quantile(column, 0.1)), of(&|column| quantile(column, 0.9)));
        Some(Self { t, mean: of(&|column| mean(column)), low, high })
    }

    /// Where the mean is least.
    pub fn least_at(&self) -> f64 {
        let least = self.t.iter().zip(&self.mean).min_by(|a, b| a.1.total_cmp(b.1));
        least.map_or(f64::NAN, |(t, _)| *t)
    }
}
