//! The test loss after n steps of plain SGD of all weights at many rates: where the valley is that a start was trained
//! for, and where it breaks off.

use super::adaptive::Task;
use crate::eval::Adapter;
use crate::model::{Adaptation, Kernels, Precision, Weights};

/// Rates that are tried: 10^(-4 + k/4).
pub const RATES: usize = 17;
/// Numbers of steps after which the loss is taken.
pub const STEPS: [usize; 7] = [0, 1, 2, 3, 5, 10, 32];

/// The k-th rate.
pub fn rate(k: usize) -> f64 {
    libm::pow(10.0, -4.0 + k as f64 / 4.0)
}

/// Losses over tasks: a row a rate, a column a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// Mean over the tasks whose loss is still finite; NaN where none is.
    pub mean: Vec<[f64; STEPS.len()]>,
    /// How many have a loss that is not, now or after fewer steps.
    pub nonfinite: Vec<[usize; STEPS.len()]>,
}

impl Rates {
    /// Of these weights by plain SGD, whatever their own rule; a context stays 0. `None` once nobody wants it any more.
    pub fn new(weights: &Weights, tasks: &[Task], is_wanted: impl Fn() -> bool) -> Option<Self> {
        let mut plain = weights.plain();
        plain.model.precision = Precision::F64;
        let (mut means, mut lost) = (Vec::with_capacity(RATES), Vec::with_capacity(RATES));
        for k in 0..RATES {
            plain.adaptation = Adaptation::sgd(rate(k), 1);
            let mut adapter = Adapter::on(&plain, Kernels::fastest());
            let (mut sums, mut nonfinite) = ([0.0; STEPS.len()], [0; STEPS.len()]);
            for (support, query) in tasks {
                if !is_wanted() {
                    return None;
                }
                adapter.take_task(support, query);
                let mut is_lost = false;
                for n in 0..=STEPS[STEPS.len() - 1] {
                    if n > 0 {
                        adapter.descend();
                    }
                    // A loss that has been infinite once may be finite later, where every unit has died of it.
                    let loss = adapter.loss();
                    is_lost |= !loss.is_finite();
                    if let Some(column) = STEPS.iter().position(|known| *known == n) {
                        match is_lost {
                            true => nonfinite[column] += 1,
                            false => sums[column] += loss,
                        }
                    }
                }
            }
            let column = |at: usize| sums[at] / (tasks.len() - nonfinite[at]) as f64;
            means.push(std::array::from_fn(column));
            lost.push(nonfinite);
        }
        Some(Self { mean: means, nonfinite: lost })
    }

    /// The rate of the least mean loss after the n of a column, among those at which no task is lost, and that loss.
    pub fn best(&self, column: usize) -> Option<(f64, f64)> {
        let whole = (0..self.mean.len()).filter(|k| self.nonfinite[*k][column] == 0);
        let best = whole.min_by(|a, b| self.mean[*a][column].total_cmp(&self.mean[*b][column]));
        best.map(|k| (rate(k), self.mean[k][column]))
    }
}
