//! Ridge regression on a network's features: the solve, the outer loss after it and the derivatives of both, as
//! [`super::ridge_head`] writes them down. Systems are solved in double precision.

use super::outer_loss::OuterLossKind;
use crate::model::kernels::{Real, vectors};
use crate::model::{Features, Head, HeadGradient, HeadTask, Kernels, Order, Output, Seen};

/// Right-hand sides come in multiples of these, as many as a vector holds.
const COLUMNS: usize = 4;

/// The solve and its derivatives. What is as large as the features is in their type; the K x K systems are in
/// double precision, for lambda may come to be small.
pub(super) struct Solver<E> {
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
    pub(super) fn new(kernels: Kernels, outer_loss: OuterLossKind, features: Option<Features>) -> Self {
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
