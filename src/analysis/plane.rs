//! The losses of two tasks over the plane through the start and where n steps lead on each: two bowls, and one start
//! from which a step leads into either.

use super::adaptive::{Adaptive, Task};
use super::linear::{add, difference, dot, length};
use super::network::{Network, mean_square};

/// Places along an axis: -0.5, -0.4, .. 1.5, in units of |theta_A - theta|.
pub const AXIS: usize = 21;

/// The i-th place.
fn place(i: usize) -> f64 {
    -0.5 + i as f64 / 10.0
}

/// Two tasks on their plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Places along both axes.
    pub axis: Vec<f64>,
    /// Test losses of A and of B: a row a place along e1, which leads to theta_A, a column one along e2.
    pub losses: [Vec<f64>; 2],
    /// The paths of the steps on A and on B, projected on the plane: n + 1 places each.
    pub paths: [Vec<[f64; 2]>; 2],
    /// |theta_A - theta|.
    pub unit: f64,
}

impl Plane {
    /// Of these two tasks after `steps` steps on each; `None` where the two do not span a plane.
    pub fn new(adaptive: &mut Adaptive, tasks: [&Task; 2], steps: usize) -> Option<Self> {
        let start = adaptive.start.clone();
        let from = adaptive.adapting(&start).to_vec();
        let ways = tasks.map(|(support, _)| {
            let path = adaptive.path(support, steps);
            path.iter().map(|network| difference(adaptive.adapting(network), &from)).collect::<Vec<_>>()
        });
        let [to_a, to_b] = ways.each_ref().map(|way| &way[steps]);
        let unit = length(to_a);
        let mut other = to_b.clone();
        add(&mut other, -dot(to_a, to_b) / (unit * unit), to_a);
        let beside = length(&other);
        // What is left of one direction after another that is parallel is rounding.
        if !unit.is_finite() || !beside.is_finite() || unit == 0.0 || beside <= 1e-9 * length(to_b) {
            return None;
        }
        other.iter_mut().for_each(|number| *number *= unit / beside);
        let axes = [to_a.clone(), other];
        let axis: Vec<f64> = (0..AXIS).map(place).collect();
        let losses = tasks.map(|(_, query)| {
            let along = axis.iter().map(|at| adaptive.less(&start, -at, &axes[0]));
            let at = |network: Network| {
                let loss = |at: &f64| {
                    mean_square(&adaptive.less(&network, -at, &axes[1]).predict(&query.x), &query.y)
                };
                axis.iter().map(loss).collect::<Vec<f64>>()
            };
            along.flat_map(at).collect()
        });
        let project = |way: &Vec<f64>| axes.each_ref().map(|axis| dot(axis, way) / (unit * unit));
        let paths = ways.each_ref().map(|way| way.iter().map(project).collect());
        Some(Self { axis, losses, paths, unit })
    }
}
