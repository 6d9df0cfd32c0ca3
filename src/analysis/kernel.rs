//! The kernel of the rule, K(x, x') = df(x)/dtheta . P(df(x')/dtheta): to first order, what a step on an error at x'
//! does to the prediction at x. With P a rate it is that rate times the neural tangent kernel (Jacot, Gabriel, Hongler
//! 2018, arXiv:1806.07572, section 4).

use super::adaptive::Adaptive;
use super::linear::dot;
use crate::task::TaskSettings;

/// Both kernels of a network over some points: row x, column x'.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// How many points: rows and columns.
    pub points: usize,
    /// With the rule's P, row after row.
    pub rule: Vec<f64>,
    /// With the identity in place of P, over the weights that adapt.
    pub tangent: Vec<f64>,
}

impl Kernel {
    /// At the start of a network, over these points.
    pub fn new(adaptive: &mut Adaptive, x: &[f64]) -> Self {
        let start = adaptive.start.clone();
        let pass = start.pass(x);
        let shares = |point: usize| [(point, 1.0)];
        let slopes: Vec<Vec<f64>> =
            (0..x.len()).map(|at| adaptive.gradient(&start, &pass, &shares(at))).collect();
        let moves: Vec<Vec<f64>> =
            (0..x.len()).map(|at| adaptive.moved(0, &start, &pass, &shares(at))).collect();
        let products = |others: &[Vec<f64>]| -> Vec<f64> {
            slopes.iter().flat_map(|slope| others.iter().map(|other| dot(slope, other))).collect()
        };
        Self { points: x.len(), rule: products(&moves), tangent: products(&slopes) }
    }

    /// What the first step on an error of 1 at each x' takes away at x: a row.
    pub fn row(&self, x: usize) -> &[f64] {
        &self.rule[x * self.points..(x + 1) * self.points]
    }

    /// Share of the sum of all entries' sizes that negative entries have.
    pub fn negative_part(&self) -> f64 {
        let negative: f64 = self.rule.iter().filter(|value| **value < 0.0).sum();
        let all: f64 = self.rule.iter().map(|value| value.abs()).sum();
        -negative / all
    }
}

/// How alike two matrices are: `<K, C> / (|K| |C|)` (Cristianini, Shawe-Taylor, Elisseeff, Kandola 2001, "On
/// Kernel-Target Alignment", definition 1); NaN where one is 0.
pub fn alignment(kernel: &[f64], covariance: &[f64]) -> f64 {
    super::linear::cosine(kernel, covariance)
}

/// The tasks' own covariance, not centred: E[g(x) g(x')] over the tasks g of a family, row after row; x and g as a network
/// sees them.
pub fn covariance(task: &TaskSettings, x: &[f64]) -> Vec<f64> {
    let units = task.family.units();
    let of = |x: f64| units.x_outward(x);
    let mean = |x: f64| task.family.moments(&task.own, x)[0];
    let [middle, deviation] = units.y;
    let at = |one: f64, other: f64| {
        let product = task.family.product_moment(&task.own, of(one), of(other));
        if units.are_own() {
            return product;
        }
        let centred = product - middle * (mean(of(one)) + mean(of(other)) - middle);
        centred / (deviation * deviation)
    };
    x.iter().flat_map(|&one| x.iter().map(move |&other| at(one, other))).collect()
}
