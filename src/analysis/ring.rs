//! Where tasks lie in the two main directions of their first steps: a network that has learned a family steps along its
//! coordinates, so that waves lie around a circle in the order of phases that nobody has told it.

use super::adaptive::{Adaptive, Task};
use super::linear::dot;
use super::principal::{Principal, principal};

/// Tasks by their first steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// Each task along the first two principal components of what a step changes.
    pub scores: Vec<[f64; 2]>,
    /// Their shares of its variance.
    pub shares: [f64; 2],
}

impl Ring {
    /// Of the first steps on these tasks; `None` once nobody wants it any more.
    pub fn new(adaptive: &mut Adaptive, tasks: &[Task], is_wanted: impl Fn() -> bool) -> Option<Self> {
        let start = adaptive.start.clone();
        let mut changes = Vec::with_capacity(tasks.len());
        for (support, _) in tasks {
            if !is_wanted() {
                return None;
            }
            let step = adaptive.step_of(0, &start, support);
            changes.push(step.into_iter().map(|number| -number).collect());
        }
        Some(Self::of(&changes))
    }

    /// Of what tasks make of a network, be it a step or what is read of their points.
    pub fn of(changes: &[Vec<f64>]) -> Self {
        let Principal { scores, shares } = principal(changes);
        Self { scores, shares }
    }

    /// R^2 of the tasks' coordinates, both together, by regression on the scores with an intercept.
    pub fn explained(&self, coordinates: &[[f64; 2]]) -> f64 {
        let of = |pairs: &[[f64; 2]], at: usize| pairs.iter().map(|pair| pair[at]).collect::<Vec<f64>>();
        // Components are centred and at right angles, so each explains its own share.
        let (mut explained, mut all) = (0.0, 0.0);
        for target in [0, 1].map(|at| of(coordinates, at)) {
            let mean = super::linear::mean(&target);
            let target: Vec<f64> = target.iter().map(|value| value - mean).collect();
            all += dot(&target, &target);
            for score in [0, 1].map(|at| of(&self.scores, at)) {
                let size = dot(&score, &score);
                let along = dot(&score, &target);
                explained += if size > 0.0 { along * along / size } else { 0.0 };
            }
        }
        explained / all
    }
}
