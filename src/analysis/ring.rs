//! Where tasks lie in the two main directions of their first steps: a network that has learned a family steps along its
//! coordinates, so that waves lie around a circle in the order of phases that nobody has told it.

use super::adaptive::{Adaptive, Task};
use super::linear::{dot, mean};
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
        let Principal { scores, shares, .. } = principal(changes);
        Self { scores, shares }
    }

    /// What the scores say of the tasks' coordinates, by regression with an intercept.
    pub fn fitted(&self, coordinates: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let column = |pairs: &[[f64; 2]], at: usize| pairs.iter().map(|pair| pair[at]).collect::<Vec<f64>>();
        let mut fitted = vec![[0.0; 2]; coordinates.len()];
        for target in [0, 1] {
            let values = column(coordinates, target);
            let middle = mean(&values);
            fitted.iter_mut().for_each(|fitted| fitted[target] = middle);
            // Components are centred and at right angles, so each explains its own share.
            for score in [0, 1].map(|at| column(&self.scores, at)) {
                let size = dot(&score, &score);
                let slope = if size > 0.0 { dot(&score, &values) / size } else { 0.0 };
                fitted.iter_mut().zip(&score).for_each(|(fitted, score)| fitted[target] += slope * score);
            }
        }
        fitted
    }

    /// R^2 of that, both coordinates together; NaN where they do not vary.
    pub fn explained(&self, coordinates: &[[f64; 2]]) -> f64 {
        let squares = |pairs: &[[f64; 2]], about: &dyn Fn(usize) -> [f64; 2]| {
            let square = |(task, pair): (usize, &[f64; 2])| {
                let about = about(task);
                let off = [pair[0] - about[0], pair[1] - about[1]];
                dot(&off, &off)
            };
            pairs.iter().enumerate().map(square).sum::<f64>()
        };
        let fitted = self.fitted(coordinates);
        let middle = [0, 1].map(|at| mean(&coordinates.iter().map(|pair| pair[at]).collect::<Vec<f64>>()));
        1.0 - squares(coordinates, &|task| fitted[task]) / squares(coordinates, &|_| middle)
    }
}
