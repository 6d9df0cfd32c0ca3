//! Ridge head: a new output layer for every task, solved for in closed form on the last hidden layer. No inner
//! gradient, no inner rate: the features are learned so that ridge regression on them is what a task needs.
//!
//! Bertinetto, Henriques, Torr and Vedaldi 2019, "Meta-learning with differentiable closed-form solvers" (R2-D2),
//! <https://arxiv.org/abs/1805.08136>, section 3; with a learned prior mean, and with `outer_loss = "nll"` the
//! predictive distribution of Harrison, Sharma and Pavone 2018, "Meta-Learning Priors for Efficient Online
//! Bayesian Regression" (ALPaCA), <https://arxiv.org/abs/1807.08912>, section 3.
//!
//! With phi = [h; 1] the last hidden layer, before or after an activation, and a one, A the support's rows, w0 the output layer (the prior mean)
//! and lambda = exp(`log_lambda`):
//!
//! ```text
//! w     = w0 + A' c,   c = M^-1 (y - A w0),   M = A A' + lambda         (K x K)
//! m(x)  = phi w,   s2(x) = exp(log_noise) (1 + q),   q = phi' (A'A + lambda)^-1 phi
//! ```
//!
//! Backwards, with z = M^-1 A dw and dw0 = dw - A'z: dA = c dw0' - z w', dlambda = -z c; and for q with
//! t = M^-1 A phi and r = phi - A't: q = |r|^2 / lambda + |t|^2, dphi = 2 r / lambda, dA = -2 t r' / lambda,
//! dlambda = -|r|^2 / lambda^2.

use super::outer_loss::OuterLossKind;
use super::ridge_solver::Solver;
use super::{Cost, Learner, Rule, Shapes, Training, words};
use crate::config::{Domain, Keys, settings};
use crate::model::{
    Adaptation, Features, Initial, Inner, InnerLoop, InnerSettings, ModelSettings, Scalar, Scale, TensorInfo,
    in_both_precisions,
};
use crate::task::Stream;

settings! {
    /// What only the ridge head has.
    struct RidgeSettings {
        /// Squared error, or negative log-likelihood, which also gives error bands (ridge-head, cnp, transformer, metafun).
        outer_loss: OuterLossKind = Domain::Words(OuterLossKind::NAMES), OuterLossKind::Mse;
        /// Features: the last hidden layer before its activation (linear), or after one; off: after the network's (ridge-head).
        features: Option<Features> = Domain::Words(Features::NAMES), None;
    }
}

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(w)`, w the ridge regression of the support's
/// targets on its features, towards theta's own output layer.
#[derive(Clone, Copy, Debug)]
pub struct RidgeHead;

impl Learner for RidgeHead {
    fn name(&self) -> &'static str {
        "ridge-head"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["ridge", "r2d2", "r2-d2", "alpaca"]
    }

    fn title(&self) -> &'static str {
        "ridge head"
    }

    fn paper(&self) -> &'static str {
        "Bertinetto et al. 2019, section 3, arXiv:1805.08136; Harrison et al. 2018, arXiv:1807.08912"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["outer_lr"]
    }

    fn own_keys(&self) -> &'static Keys {
        RidgeSettings::keys()
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match RidgeSettings::new(&settings.own).outer_loss {
            OuterLossKind::Mse => &["w = argmin Σ (φw − y)² + λ|w − w₀|²", "θ ← θ − β dL_query(w)/dθ, λ too"],
            OuterLossKind::Nll => {
                &["w = argmin Σ (φw − y)² + λ|w − w₀|²", "θ ← θ − β d[−log N(y; φw, s²)]/dθ, λ and noise too"]
            }
        }
    }

    fn settings(&self, settings: &Training) -> String {
        let RidgeSettings { outer_loss, features } = RidgeSettings::new(&settings.own);
        let features = features.map(|features| format!("{} features, ", features.name()));
        format!(
            "outer_loss {}, {}{}",
            outer_loss.name(),
            features.unwrap_or_default(),
            words::outer(settings)
        )
    }

    fn notes(&self, settings: &Training) -> &'static [&'static str] {
        let RidgeSettings { outer_loss, features } = RidgeSettings::new(&settings.own);
        match outer_loss {
            OuterLossKind::Mse if matches!(features, Some(Features::Linear | Features::Tanh)) => &[
                "The output layer is solved for on the support points; its features are of either sign, so one point can move predictions up here and down there. After a relu none is negative, and one point moves all predictions one way.",
                "Look for: how few points it needs beside features after a relu. Reference of 5 seeds, phase 0 to π, trained on any number of them: 0.30 after two, 0.012 after five.",
            ],
            OuterLossKind::Mse => &[
                "The output layer is solved for on the support points; one step and all is done, so the curve is flat from n = 1 on.",
                "Look for: where it ends beside the gradient learners, and after how much time.",
            ],
            OuterLossKind::Nll => &[
                "The output layer is solved for on the support points, and with it how sure the prediction is; the curve is flat from n = 1 on.",
                "Look for: whether its band is narrow at the support points and wide where there are none, and whether its 90 % hold nine in ten.",
            ],
        }
    }

    fn cost(&self, _: &Training) -> Cost {
        // The features of support and query, forward and back; the solve is small beside them.
        Cost { support: 1, query: 1, hessian_products: 0 }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        let own = |outer_loss| RidgeSettings { outer_loss, features: None }.values();
        let with = |outer_loss| Training { own: own(outer_loss), ..Training::default() };
        vec![("ridge-mse", with(OuterLossKind::Mse)), ("ridge-nll", with(OuterLossKind::Nll))]
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        let RidgeSettings { outer_loss, features } = RidgeSettings::new(&settings.own);
        let inner = Ridge { outer_loss, features };
        Adaptation { inner_lr: 0.0, inner_steps: 1, ..settings.adapting(inner) }
    }

    /// Up to 1 its `exp` and `ln` were the C library's.
    fn arithmetic(&self) -> u32 {
        2
    }

    fn read_tensors(&self, settings: &mut Training, shape: Shapes<'_>) {
        // Only the likelihood has a noise; its words may have been left out.
        if shape("ridge.log_noise").is_some() {
            let said = RidgeSettings::new(&settings.own);
            settings.own = RidgeSettings { outer_loss: OuterLossKind::Nll, ..said }.values();
        }
    }
}

/// Its outer loss is the query loss after the solve, which the first step is.
impl Rule for RidgeHead {}

/// Ridge regression on the features.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ridge {
    outer_loss: OuterLossKind,
    features: Option<Features>,
}

impl Ridge {
    fn inner_loop<E: Scalar>(&self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Head(Box::new(Solver::new(settings.kernels, self.outer_loss, self.features)))
    }
}

impl Inner for Ridge {
    fn tensors(&self, _: &ModelSettings) -> Vec<TensorInfo> {
        let mut tensors = vec![TensorInfo::new("ridge.log_lambda", [1])];
        if self.outer_loss == OuterLossKind::Nll {
            tensors.push(TensorInfo::new("ridge.log_noise", [1]));
        }
        tensors
    }

    fn initial(&self, of: Initial<'_>, _: &mut Stream) -> Vec<f64> {
        vec![0.0; self.tensors(of.model).len()]
    }

    fn has_rate(&self) -> bool {
        false
    }

    fn has_order(&self) -> bool {
        false
    }

    in_both_precisions!(inner_loop);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{Trainable, meta_gradient};
    use crate::model::{Activation, Kernels, Order, Precision, Weights};
    use crate::task::{Points, TaskSettings};

    /// The rows phi, by the network's own definition.
    fn rows(features: Features, model: &ModelSettings, values: &[f64], x: &[f64]) -> Vec<Vec<f64>> {
        let activation = |kind, z: f64| match kind {
            Features::Linear => z,
            Features::Relu => z.max(0.0),
            Features::Tanh => libm::tanh(z),
        };
        let of = |&x: &f64| {
            let (mut layer, mut rest) = (vec![x], values);
            for at in 0..model.layers {
                let (weight, after) = rest.split_at(model.hidden * layer.len());
                let (bias, after) = after.split_at(model.hidden);
                let kind = if at + 1 < model.layers { Features::of(model.activation) } else { features };
                let unit = |(weight, bias): (&[f64], &f64)| {
                    activation(kind, bias + weight.iter().zip(&layer).map(|(w, h)| w * h).sum::<f64>())
                };
                (layer, rest) = (weight.chunks(layer.len()).zip(bias).map(unit).collect(), after);
            }
            layer.push(1.0);
            layer
        };
        x.iter().map(of).collect()
    }

    /// The query loss of the minimiser of |phi w - y|^2 + lambda |w - w0|^2, by elimination in its normal equations.
    fn loss(features: Features, model: &ModelSettings, values: &[f64], task: &(Points, Points)) -> f64 {
        let lambda = libm::exp(values[model.parameters()]);
        let prior = &values[model.parameters() - model.hidden - 1..model.parameters()];
        let n = prior.len();
        let mut system = vec![vec![0.0; n + 1]; n];
        for i in 0..n {
            system[i][i] = lambda;
            system[i][n] = lambda * prior[i];
        }
        for (row, y) in rows(features, model, values, &task.0.x).iter().zip(&task.0.y) {
            for i in 0..n {
                (0..n).for_each(|j| system[i][j] += row[i] * row[j]);
                system[i][n] += row[i] * y;
            }
        }
        for i in 0..n {
            let pivot = system[i].clone();
            for j in (0..n).filter(|j| *j != i) {
                let factor = system[j][i] / pivot[i];
                system[j].iter_mut().zip(&pivot).for_each(|(entry, pivot)| *entry -= factor * pivot);
            }
        }
        let w: Vec<f64> = (0..n).map(|i| system[i][n] / system[i][i]).collect();
        let rows = rows(features, model, values, &task.1.x);
        let errors = rows.iter().zip(&task.1.y).map(|(row, y)| {
            let error = row.iter().zip(&w).map(|(phi, w)| phi * w).sum::<f64>() - y;
            error * error
        });
        errors.sum::<f64>() / task.1.x.len() as f64
    }

    fn points(count: usize, shift: f64) -> Points {
        let x: Vec<f64> = (0..count).map(|n| libm::fmod(2.7 * n as f64 + shift, 10.0) - 5.0).collect();
        let y = x.iter().map(|x| 2.0 * libm::sin(x + shift)).collect();
        Points { x, y }
    }

    /// A meta-batch of few points goes through the products of the layers, one of many through the pieces of two relu
    /// layers; both with features of every kind, against central differences of another way to say the same.
    #[test]
    fn any_features_have_the_exact_gradient() {
        let shapes =
            [(1, Activation::Relu), (2, Activation::Relu), (2, Activation::Tanh), (3, Activation::Relu)];
        for (layers, activation) in shapes {
            let model = ModelSettings { hidden: 16, layers, activation, precision: Precision::F64 };
            for said in [None, Some(Features::Linear), Some(Features::Relu), Some(Features::Tanh)] {
                let features = said.unwrap_or(Features::of(activation));
                let own = RidgeSettings { outer_loss: OuterLossKind::Mse, features: said }.values();
                let training = Training { own, ..Training::default() };
                let trainer =
                    RidgeHead.trainer((&training, &TaskSettings::default(), &model), 5, Kernels::fastest());
                let mut weights: Weights = trainer.weights();
                weights.values[model.parameters()] = -0.5;
                for (known, asked) in [(0, 7), (1, 7), (3, 7), (10, 40), (25, 40)] {
                    let task = (points(known, 0.3), points(asked, 1.1));
                    let case = format!("{layers} {activation:?} {said:?} {known}");
                    let by = |values: &[f64]| loss(features, &model, values, &task);
                    let tasks = [task.clone()];
                    let found = meta_gradient(&weights, &tasks, 1, Order::Exact, Kernels::fastest())
                        .expect("memory for sixteen units");
                    let expected = by(&weights.values);
                    assert!((found.losses[0] - expected).abs() < 1e-10 * (1.0 + expected), "{case}");
                    let gradient = &found.gradient.values;
                    let largest = gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
                    for at in (0..gradient.len()).step_by(5).chain([gradient.len() - 1]) {
                        let moved = |by: f64| {
                            let mut values = weights.values.clone();
                            values[at] += by;
                            values
                        };
                        let step = 1e-6;
                        let slope = (by(&moved(step)) - by(&moved(-step))) / (2.0 * step);
                        let gap = (gradient[at] - slope).abs();
                        assert!(gap < 2e-7 * (1.0 + largest), "{case} at {at}: {} for {slope}", gradient[at]);
                    }
                }
            }
        }
    }
}
