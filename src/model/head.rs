//! Adaptation of the output layer alone, over features that do not move: what the engine asks of it, and SGD
//! as its simplest kind.

use super::engine::Order;
use super::kernels::{Kernels, Real, vectors};
use super::settings::Activation;
use crate::config::words;

/// Points as the output layer sees them.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a, E> {
    /// What the rule sees of the last hidden layer, one row of `stride` numbers a point, the padding zero.
    pub features: &'a [E],
    /// Numbers from the beginning of a row to that of the next, which depends on the kernels.
    pub stride: usize,
    /// Numbers of a row that count, and padding up to a multiple of eight, which does not: what decides how something
    /// is computed has to ask this.
    pub width: usize,
    /// Targets, one a point.
    pub y: &'a [E],
}

/// An output layer.
#[derive(Clone, Debug)]
pub struct Output<E> {
    /// As many as a row of features, the padding zero.
    pub weight: Vec<E>,
    /// The bias.
    pub bias: E,
}

impl<E: Real> Output<E> {
    /// All zero, for features of this stride.
    pub fn zero(stride: usize) -> Self {
        Self { weight: vec![E::default(); stride], bias: E::default() }
    }

    /// All zero again.
    pub fn clear(&mut self) {
        self.weight.fill(E::default());
        self.bias = E::default();
    }

    /// Overwrites this one.
    pub fn copy_from(&mut self, other: &Self) {
        self.weight.copy_from_slice(&other.weight);
        self.bias = other.bias;
    }

    /// Its predictions less the targets, and the mean of their squares.
    pub fn errors(&self, kernels: Kernels, points: Seen<'_, E>, errors: &mut Vec<E>) -> E {
        errors.resize(points.y.len(), E::default());
        vectors::rows_times(kernels, points.features, &self.weight, errors);
        let mut sum = E::default();
        for (error, &y) in errors.iter_mut().zip(points.y) {
            *error = *error + self.bias - y;
            sum += *error * *error;
        }
        sum * E::rounded(1.0 / points.y.len() as f64)
    }
}

/// A task of a meta-batch as the output layer sees it.
#[derive(Clone, Copy, Debug)]
pub struct HeadTask<'a, E> {
    /// The points that it adapts to.
    pub support: Seen<'a, E>,
    /// The points that the outer loss is taken on.
    pub query: Seen<'a, E>,
    /// The output layer before adaptation.
    pub output: &'a Output<E>,
}

/// Where the derivatives of one task's outer loss go.
#[derive(Debug)]
pub struct HeadGradient<'a, E> {
    /// By the support features: overwritten.
    pub support: &'a mut [E],
    /// By the query features: overwritten.
    pub query: &'a mut [E],
    /// By the output layer before adaptation: added to.
    pub output: &'a mut Output<E>,
    /// By the rule's own numbers: added to.
    pub numbers: &'a mut [E],
}

words! {
    /// What an output layer that adapts sees of the last hidden layer.
    pub enum Features {
        /// What enters its units, as it is.
        Linear = "linear",
        /// That after relu.
        Relu = "relu",
        /// That after the hyperbolic tangent.
        Tanh = "tanh",
    }
}

impl Features {
    /// What the rest of a network with this activation sees.
    pub fn of(activation: Activation) -> Self {
        match activation {
            Activation::Relu => Self::Relu,
            Activation::Tanh => Self::Tanh,
        }
    }
}

/// A way to adapt an output layer.
pub trait Head<E: Real> {
    /// What it sees of the last hidden layer; `None` is what the network's activation makes of it.
    fn features(&self) -> Option<Features> {
        None
    }

    /// Takes the rule's meta-parameters, one tensor after another.
    fn load(&mut self, _numbers: &[E]) {}

    /// Step `step`, counted from 0, of `output` towards the support points.
    fn adapt(&mut self, step: usize, support: Seen<'_, E>, output: &mut Output<E>);

    /// The outer loss of a task after `steps` steps, and its derivatives where they are wanted; to first
    /// order, inner gradients are taken for constants.
    fn outer_loss(
        &mut self,
        task: HeadTask<'_, E>,
        steps: usize,
        order: Order,
        gradient: Option<HeadGradient<'_, E>>,
    ) -> E;

    /// Standard deviations of the targets at points of these features after `adapt` on these support points,
    /// for a rule that has them; `None` before the first step is what it expects of a task it knows nothing
    /// of.
    fn deviations(
        &mut self,
        _support: Option<Seen<'_, E>>,
        _points: Seen<'_, E>,
        _deviations: &mut [E],
    ) -> bool {
        false
    }
}

/// SGD of the output layer on the mean squared error.
pub struct HeadSgd<E> {
    kernels: Kernels,
    rate: E,
    adapted: Output<E>,
    /// The output layer before each step, and its errors there.
    path: Vec<(Output<E>, Vec<E>)>,
    errors: Vec<E>,
    moves: Vec<E>,
}

impl<E: Real> HeadSgd<E> {
    /// At this rate.
    pub fn new(rate: f64, kernels: Kernels) -> Self {
        let adapted = Output::zero(0);
        let (errors, moves) = (Vec::new(), Vec::new());
        Self { kernels, rate: E::rounded(rate), adapted, path: Vec::new(), errors, moves }
    }

    /// The factor of `features' errors` in a step.
    fn scale(&self, points: usize) -> E {
        self.rate * E::rounded(-2.0 / points as f64)
    }
}

/// `output += scale * (features' errors, sum of errors)`.
fn add_rows<E: Real>(kernels: Kernels, points: Seen<'_, E>, errors: &[E], scale: E, output: &mut Output<E>) {
    vectors::add_rows(kernels, points.features, errors, scale, &mut output.weight);
    let sum = errors.iter().fold(E::default(), |sum, &error| sum + error);
    output.bias += scale * sum;
}

impl<E: Real> Head<E> for HeadSgd<E> {
    fn adapt(&mut self, _: usize, support: Seen<'_, E>, output: &mut Output<E>) {
        output.errors(self.kernels, support, &mut self.errors);
        add_rows(self.kernels, support, &self.errors, self.scale(support.y.len()), output);
    }

    fn outer_loss(
        &mut self,
        task: HeadTask<'_, E>,
        steps: usize,
        order: Order,
        gradient: Option<HeadGradient<'_, E>>,
    ) -> E {
        let HeadTask { support, query, output } = task;
        let (kernels, stride, points) = (self.kernels, support.stride, support.y.len());
        let scale = self.scale(points);
        if self.adapted.weight.len() != stride {
            (self.adapted, self.path) = (Output::zero(stride), Vec::new());
        }
        while self.path.len() < steps {
            self.path.push((Output::zero(stride), Vec::new()));
        }
        self.adapted.copy_from(output);
        for (before, errors) in &mut self.path[..steps] {
            before.copy_from(&self.adapted);
            before.errors(kernels, support, errors);
            add_rows(kernels, support, errors, scale, &mut self.adapted);
        }
        let loss = self.adapted.errors(kernels, query, &mut self.errors);
        let Some(gradient) = gradient else { return loss };
        let two_n = E::rounded(2.0 / query.y.len() as f64);
        for error in &mut self.errors {
            *error = *error * two_n;
        }
        // dL/dfeatures = d_out w', and v = dL/dw' to be pulled back.
        vectors::outer(kernels, &self.errors, &self.adapted.weight, gradient.query);
        let v = &mut self.adapted;
        v.clear();
        add_rows(kernels, query, &self.errors, E::rounded(1.0), v);
        gradient.support.fill(E::default());
        if order == Order::Exact {
            self.moves.resize(points, E::default());
            for (before, errors) in self.path[..steps].iter().rev() {
                // With e = A w - y and q = A v: d/dA of <v, scale A'e> = scale (e v' + q w'), d/dw = scale A'q.
                vectors::rows_times(kernels, support.features, &v.weight, &mut self.moves);
                for q in &mut self.moves {
                    *q += v.bias;
                }
                let pairs = [(&errors[..], &v.weight[..]), (&self.moves, &before.weight)];
                vectors::add_outers(kernels, pairs, scale, gradient.support);
                add_rows(kernels, support, &self.moves, scale, v);
            }
        }
        for (sum, &v) in gradient.output.weight.iter_mut().zip(&v.weight) {
            *sum += v;
        }
        gradient.output.bias += v.bias;
        loss
    }
}
