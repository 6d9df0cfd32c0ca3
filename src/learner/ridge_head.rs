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

use super::{Cost, Learner, Rule, Shapes, Training, words};
use crate::config::{Domain, Keys, settings, words as choice};
use crate::model::kernels::{Real, vectors};
use crate::model::{
    Adaptation, Features, Head, HeadGradient, HeadTask, Initial, Inner, InnerLoop, InnerSettings, Kernels,
    ModelSettings, Order, Output, Scalar, Scale, Seen, TensorInfo, in_both_precisions,
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

choice! {
    /// What the predictions on the query points are judged by.
    pub enum OuterLossKind {
        /// Mean squared error.
        Mse = "mse",
        /// Mean negative log-likelihood of a Gaussian whose variance is predicted too.
        Nll = "nll",
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
                "The output layer is solved for on the support points; its features are of either sign, so one point moves predictions up here and down there. After a relu none is negative, and one point moves all predictions one way.",
                "Look for: few points. Trained on any number of them it is low from two on, where features after a relu need four or five.",
            ],
            OuterLossKind::Mse => &[
                "The output layer is solved for on the support points; one step and all is done, so the curve is flat from n = 1 on.",
                "Look for: how far below the gradient learners it ends, at a fraction of their time.",
            ],
            OuterLossKind::Nll => &[
                "The output layer is solved for on the support points, and with it how sure the prediction is; the curve is flat from n = 1 on.",
                "Look for: a band that is narrow at the support points and wide where there are none. Its 90 % should hold nine in ten.",
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
        InnerLoop::Head(Box::new(Solver::new(settings.kernels, *self)))
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

/// Right-hand sides come in multiples of these, as many as a vector holds.
const COLUMNS: usize = 4;

/// The solve and its derivatives. What is as large as the features is in their type; the K x K systems are in
/// double precision, for lambda may come to be small.
struct Solver<E> {
    kernels: Kernels,
    features: Option<Features>,
    outer_loss: OuterLossKind,
    lambda: f64,
    noise: f64,
    system: System<E>,
    adapted: Output<E>,
    back: Output<E>,
    errors: Vec<E>,
    /// c, z and t, the last one column a query point.
    c: Vec<f64>,
    z: Vec<f64>,
    t: Vec<f64>,
    /// q of every query point, later its derivative, and |r|^2.
    q: Vec<(f64, f64)>,
    /// Rows r, and their last numbers.
    residuals: Vec<E>,
    ones: Vec<E>,
    row: Vec<E>,
}

impl<E: Real> Solver<E> {
    fn new(kernels: Kernels, Ridge { outer_loss, features }: Ridge) -> Self {
        Self {
            kernels,
            features,
            outer_loss,
            lambda: 1.0,
            noise: 1.0,
            system: System::default(),
            adapted: Output::zero(0),
            back: Output::zero(0),
            errors: Vec::new(),
            c: Vec::new(),
            z: Vec::new(),
            t: Vec::new(),
            q: Vec::new(),
            residuals: Vec::new(),
            ones: Vec::new(),
            row: Vec::new(),
        }
    }

    /// `out += scale * A' times`, of features and ones.
    fn add_rows(&mut self, points: Seen<'_, E>, times: &[f64], scale: f64, out: &mut Output<E>) {
        self.row.clear();
        self.row.extend(times.iter().map(|&time| E::rounded(time)));
        vectors::add_rows(self.kernels, points.features, &self.row, E::rounded(scale), &mut out.weight);
        out.bias += E::rounded(scale * times.iter().sum::<f64>());
    }

    /// Solves for the output layer: leaves c, and w in `output`, which was w0.
    fn solve(&mut self, support: Seen<'_, E>, output: &mut Output<E>) {
        self.system.factor(self.kernels, support, self.lambda);
        output.errors(self.kernels, support, &mut self.errors);
        let mut c = std::mem::take(&mut self.c);
        c.clear();
        c.extend(self.errors.iter().map(|error| -error.exact()));
        self.system.solve(self.kernels, support, &mut c);
        self.add_rows(support, &c, 1.0, output);
        self.c = c;
    }

    /// t and r of every point, and q.
    fn spread(&mut self, support: Seen<'_, E>, points: Seen<'_, E>) {
        let (kernels, stride) = (self.kernels, support.stride);
        let (known, count) = (support.y.len(), points.y.len());
        self.row.clear();
        self.row.resize(known * count, E::default());
        vectors::gram(kernels, stride, support.features, points.features, &mut self.row);
        // Whole vectors of columns are solved for at once.
        let columns = count.next_multiple_of(COLUMNS);
        self.t.clear();
        self.t.resize(known * columns, 0.0);
        for (t, products) in self.t.chunks_exact_mut(columns).zip(self.row.chunks_exact(count)) {
            for (t, product) in t.iter_mut().zip(products) {
                *t = product.exact() + 1.0;
            }
        }
        if known > 0 {
            self.system.solve(kernels, support, &mut self.t);
        }
        self.residuals.clear();
        self.residuals.extend_from_slice(points.features);
        self.ones.clear();
        self.q.clear();
        self.row.clear();
        self.row.resize(known, E::default());
        for (point, residual) in self.residuals.chunks_exact_mut(stride).enumerate() {
            let (mut sum, mut squares) = (0.0, 0.0);
            for (time, t) in self.row.iter_mut().zip(self.t.chunks_exact(columns)) {
                *time = E::rounded(t[point]);
                sum += t[point];
                squares += t[point] * t[point];
            }
            vectors::add_rows(kernels, support.features, &self.row, E::rounded(-1.0), residual);
            let one = 1.0 - sum;
            self.ones.push(E::rounded(one));
            let norm = vectors::dot(kernels, residual, residual).exact() + one * one;
            self.q.push((norm / self.lambda + squares, norm));
        }
    }

    /// The mean negative log-likelihood, its derivative by every prediction in place of the errors, and by
    /// every q in place of it; and by `log_noise`.
    fn likelihood(&mut self) -> (f64, f64) {
        let share = 1.0 / self.q.len() as f64;
        let (mut loss, mut by_noise) = (0.0, 0.0);
        for (error, (q, _)) in self.errors.iter_mut().zip(&mut self.q) {
            let (e, variance) = (error.exact(), self.noise * (1.0 + *q));
            let ratio = e * e / variance;
            loss += share * 0.5 * (libm::log(std::f64::consts::TAU * variance) + ratio);
            let by_variance = share * 0.5 * (1.0 - ratio) / variance;
            by_noise += by_variance * variance;
            *q = by_variance * self.noise;
            *error = E::rounded(share * e / variance);
        }
        (loss, by_noise)
    }

    /// The derivatives of what [`Solver::likelihood`] left of every q: onto the features' derivatives; returns
    /// that by lambda.
    fn pull_spread(&mut self, support: &mut [E], query: &mut [E], stride: usize) -> f64 {
        let kernels = self.kernels;
        let mut by_lambda = 0.0;
        let rows = self.residuals.chunks_exact(stride).zip(query.chunks_exact_mut(stride));
        for ((residual, query), (by, norm)) in rows.zip(&mut self.q) {
            by_lambda -= *by * *norm / (self.lambda * self.lambda);
            *by *= 2.0 / self.lambda;
            vectors::add_scaled(kernels, E::rounded(*by), residual, query);
        }
        let columns = self.q.len().next_multiple_of(COLUMNS);
        self.row.resize(self.q.len(), E::default());
        for (row, t) in support.chunks_exact_mut(stride).zip(self.t.chunks_exact(columns)) {
            for (time, (t, (by, _))) in self.row.iter_mut().zip(t.iter().zip(&self.q)) {
                *time = E::rounded(-t * by);
            }
            vectors::add_rows(kernels, &self.residuals, &self.row, E::rounded(1.0), row);
        }
        by_lambda
    }
}

impl<E: Real> Head<E> for Solver<E> {
    fn features(&self) -> Option<Features> {
        self.features
    }

    fn load(&mut self, numbers: &[E]) {
        self.lambda = libm::exp(numbers[0].exact());
        self.noise = numbers.get(1).map_or(1.0, |log| libm::exp(log.exact()));
    }

    fn adapt(&mut self, step: usize, support: Seen<'_, E>, output: &mut Output<E>) {
        // All is done in the first step.
        if step == 0 {
            self.solve(support, output);
        }
    }

    fn outer_loss(
        &mut self,
        task: HeadTask<'_, E>,
        steps: usize,
        _: Order,
        gradient: Option<HeadGradient<'_, E>>,
    ) -> E {
        let HeadTask { support, query, output } = task;
        let (kernels, stride) = (self.kernels, support.stride);
        // Before the first step it knows nothing.
        let nothing = Seen { features: &[], y: &[], ..support };
        let known = if steps == 0 { nothing } else { support };
        let mut adapted = std::mem::replace(&mut self.adapted, Output::zero(0));
        adapted.weight.resize(stride, E::default());
        adapted.copy_from(output);
        self.c.clear();
        if steps > 0 {
            self.solve(support, &mut adapted);
        }
        let loss = adapted.errors(kernels, query, &mut self.errors);
        let (mut loss, mut by_noise) = (loss.exact(), 0.0);
        if self.outer_loss == OuterLossKind::Nll {
            self.spread(known, query);
            (loss, by_noise) = self.likelihood();
        } else {
            let two_n = E::rounded(2.0 / query.y.len() as f64);
            self.errors.iter_mut().for_each(|error| *error = *error * two_n);
        }
        let Some(gradient) = gradient else {
            self.adapted = adapted;
            return E::rounded(loss);
        };
        vectors::outer(kernels, &self.errors, &adapted.weight, gradient.query);
        // dw, and from it z and dw0.
        let mut back = std::mem::replace(&mut self.back, Output::zero(0));
        back.weight.resize(stride, E::default());
        back.clear();
        vectors::add_rows(kernels, query.features, &self.errors, E::rounded(1.0), &mut back.weight);
        back.bias = self.errors.iter().fold(E::default(), |sum, &error| sum + error);
        gradient.support.fill(E::default());
        let mut by_lambda = 0.0;
        if steps > 0 {
            self.errors.resize(support.y.len(), E::default());
            vectors::rows_times(kernels, support.features, &back.weight, &mut self.errors);
            let mut z = std::mem::take(&mut self.z);
            z.clear();
            z.extend(self.errors.iter().map(|&product| (product + back.bias).exact()));
            self.system.solve(kernels, support, &mut z);
            self.add_rows(support, &z, -1.0, &mut back);
            let signed = self.c.iter().copied().chain(z.iter().map(|z| -z));
            self.row.clear();
            self.row.extend(signed.map(E::rounded));
            let (c, minus_z) = self.row.split_at(z.len());
            let pairs = [(c, &back.weight[..]), (minus_z, &adapted.weight)];
            vectors::add_outers(kernels, pairs, E::rounded(1.0), gradient.support);
            by_lambda -= z.iter().zip(&self.c).map(|(z, c)| z * c).sum::<f64>();
            self.z = z;
        }
        if self.outer_loss == OuterLossKind::Nll {
            by_lambda += self.pull_spread(gradient.support, gradient.query, stride);
            gradient.numbers[1] += E::rounded(by_noise);
        }
        gradient.numbers[0] += E::rounded(by_lambda * self.lambda);
        vectors::add_scaled(kernels, E::rounded(1.0), &back.weight, &mut gradient.output.weight);
        gradient.output.bias += back.bias;
        (self.adapted, self.back) = (adapted, back);
        E::rounded(loss)
    }

    fn deviations(
        &mut self,
        support: Option<Seen<'_, E>>,
        points: Seen<'_, E>,
        deviations: &mut [E],
    ) -> bool {
        if self.outer_loss == OuterLossKind::Mse {
            return false;
        }
        if let Some(support) = support {
            self.system.factor(self.kernels, support, self.lambda);
        }
        let known = support.unwrap_or(Seen { features: &[], y: &[], ..points });
        self.spread(known, points);
        for (deviation, (q, _)) in deviations.iter_mut().zip(&self.q) {
            *deviation = E::rounded((self.noise * (1.0 + q)).sqrt());
        }
        true
    }
}

/// M = A A' + lambda, ready to be solved with: by its own factor, or where there are more points than numbers in
/// a row by that of S = A'A + lambda, since M^-1 = (1 - A S^-1 A') / lambda.
struct System<E> {
    lambda: f64,
    /// Rows of `factor`.
    size: usize,
    is_small: bool,
    factor: Vec<f64>,
    gram: Vec<E>,
    /// A with its ones, in double precision, where the other side's factor is used.
    rows: Vec<f64>,
}

impl<E> Default for System<E> {
    fn default() -> Self {
        Self { lambda: 1.0, size: 0, is_small: true, factor: Vec::new(), gram: Vec::new(), rows: Vec::new() }
    }
}

impl<E: Real> System<E> {
    fn factor(&mut self, kernels: Kernels, support: Seen<'_, E>, lambda: f64) {
        let (points, width) = (support.y.len(), support.width + 1);
        (self.lambda, self.is_small, self.size) = (lambda, points <= width, points.min(width));
        self.factor.clear();
        if self.is_small {
            self.gram.resize(points * points, E::default());
            vectors::own_gram(kernels, support.stride, support.features, &mut self.gram);
            self.factor.extend(self.gram.iter().map(|product| product.exact() + 1.0));
        } else {
            self.rows.clear();
            for row in support.features.chunks_exact(support.stride) {
                self.rows.extend(row[..support.width].iter().map(|value| value.exact()));
                self.rows.push(1.0);
            }
            self.factor.resize(width * width, 0.0);
            for row in self.rows.chunks_exact(width) {
                for (sums, &value) in self.factor.chunks_exact_mut(width).zip(row) {
                    vectors::add_scaled(kernels, value, row, sums);
                }
            }
        }
        for place in 0..self.size {
            self.factor[place * (self.size + 1)] += lambda;
        }
        vectors::cholesky(kernels, self.size, &mut self.factor);
    }

    /// `sides = M^-1 sides`, for columns of them.
    fn solve(&self, kernels: Kernels, support: Seen<'_, E>, sides: &mut [f64]) {
        if self.is_small {
            return vectors::solve(kernels, self.size, &self.factor, sides);
        }
        let (width, columns) = (self.size, sides.len() / support.y.len());
        let mut inside = vec![0.0; width * columns];
        for (row, side) in self.rows.chunks_exact(width).zip(sides.chunks_exact(columns)) {
            for (inside, &value) in inside.chunks_exact_mut(columns).zip(row) {
                vectors::add_scaled(kernels, value, side, inside);
            }
        }
        vectors::solve(kernels, width, &self.factor, &mut inside);
        for (row, side) in self.rows.chunks_exact(width).zip(sides.chunks_exact_mut(columns)) {
            for (inside, &value) in inside.chunks_exact(columns).zip(row) {
                vectors::add_scaled(kernels, -value, inside, side);
            }
            side.iter_mut().for_each(|x| *x /= self.lambda);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{Trainable, meta_gradient};
    use crate::model::{Activation, Precision, Weights};
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
