//! Engine of rules that adapt the output layer alone: the hidden layers are the same for all tasks, so the
//! points of several tasks, support and query together, are one pass forward and one back.

use std::marker::PhantomData;
use std::ops::Range;

use super::adaptation::Adaptation;
use super::engine::{InnerSteps, Objective, Predictor, Ticket, tasks_at_once};
use super::head::{Features, Head, HeadGradient, HeadTask, Output, Seen};
use super::kernels::{
    self, Kernels, Linear, Matrix, Nonlinearity, Packed, Pieces, Real, Relu, Shape, Squares, Tanh, Trace,
};
use super::ledger::{Ledger, unpack};
use super::scalar::Scalar;
use super::settings::ModelSettings;
use crate::task::Batch;

/// Points with these features.
fn seen<'a, E: Real>(shape: Shape, features: Matrix<'a, E>, y: &'a [E]) -> Seen<'a, E> {
    Seen { features: features.flat(), stride: features.stride(), width: shape.height(), y }
}

/// Calls a kernel with the nonlinearity that makes these features.
macro_rules! with_features {
    ($features:expr, $E:ident, $kernel:ident($($argument:expr),*)) => {
        match $features {
            Features::Linear => kernels::$kernel::<$E, Linear>($($argument),*),
            Features::Relu => kernels::$kernel::<$E, Relu>($($argument),*),
            Features::Tanh => kernels::$kernel::<$E, Tanh>($($argument),*),
        }
    };
}

/// An output layer that adapts, over hidden layers that do not.
///
/// # Panics
/// If it is asked for a pull, or for losses along the way: these are for rules that step all parameters.
pub(super) struct HeadMachine<E: Scalar, A> {
    kernels: Kernels,
    shape: Shape,
    head: Box<dyn Head<E>>,
    features: Features,
    numbers: Vec<E>,
    weights: Packed<E>,
    wt: Squares<E>,
    /// The output layer as it was loaded, and as it is now.
    loaded: Output<E>,
    adapted: Output<E>,
    /// Inner steps taken to it, and the support points of the last.
    taken: usize,
    support: (Vec<E>, Vec<E>),
    trace: Trace<E>,
    /// The loaded weights in pieces, where a pass is done by them.
    pieces: Pieces<E>,
    x: Vec<E>,
    errors: Vec<E>,
    next: Packed<E>,
    output_sum: Output<E>,
    ledger: Ledger<E>,
    activation: PhantomData<A>,
}

impl<E: Scalar, A: Nonlinearity> HeadMachine<E, A> {
    /// For a network that adapts by `head`.
    pub fn new(
        model: &ModelSettings,
        adaptation: &Adaptation,
        head: Box<dyn Head<E>>,
        kernels: Kernels,
    ) -> Self {
        let shape = kernels.shape::<E>(model.layers, model.hidden);
        let ledger = Ledger::new(model, adaptation, kernels, shape);
        Self {
            kernels,
            shape,
            features: head.features().unwrap_or(Features::of(model.activation)),
            head,
            numbers: ledger.sum.numbers.clone(),
            weights: Packed::zero(shape),
            wt: Squares::zero(shape),
            loaded: Output::zero(shape.stride()),
            adapted: Output::zero(shape.stride()),
            taken: 0,
            support: (Vec::new(), Vec::new()),
            trace: Trace::new(shape),
            pieces: Pieces::empty(shape),
            x: Vec::new(),
            errors: Vec::new(),
            next: Packed::zero(shape),
            output_sum: Output::zero(shape.stride()),
            ledger,
            activation: PhantomData,
        }
    }

    /// The features of these points, in the trace.
    fn look(&mut self, x: &[E]) {
        kernels::features::<E, A>(self.kernels, &self.weights, &self.wt, x, &mut self.trace);
        with_features!(self.features, E, activate_last(self.kernels, x.len(), &mut self.trace));
    }

    /// Points whose features the trace holds first.
    fn seen<'a>(shape: Shape, trace: &'a Trace<E>, y: &'a [E]) -> Seen<'a, E> {
        seen(shape, trace.h[trace.h.len() - 1].get(y.len()), y)
    }

    /// The outer losses of these tasks; their gradients are added to the sum, or to that of the pieces.
    fn group(
        &mut self,
        (support, query): (&Batch<E>, &Batch<E>),
        tasks: Range<usize>,
        inner: InnerSteps<'_>,
        by_pieces: bool,
    ) -> E {
        let (kernels, shape) = (self.kernels, self.shape);
        let (support_x, support_y) = support.tasks_from(tasks.start, tasks.end);
        let (query_x, query_y) = query.tasks_from(tasks.start, tasks.end);
        self.x.clear();
        self.x.extend(support_x.iter().chain(query_x));
        let rows = self.x.len();
        if by_pieces {
            let (pieces, trace) = (&mut self.pieces, &mut self.trace);
            with_features!(self.features, E, features_by_pieces(kernels, &self.x, pieces, trace));
        } else {
            kernels::features::<E, A>(kernels, &self.weights, &self.wt, &self.x, &mut self.trace);
            with_features!(self.features, E, activate_last(kernels, rows, &mut self.trace));
        }
        let last = self.shape.layers() - 1;
        let Trace { h, d, d_out, .. } = &mut self.trace;
        // The output layer's own gradient is its rule's affair.
        d_out[..rows].fill(E::default());
        let (of_support, of_query) = h[last].get(rows).split_at(support_x.len());
        let (d_support, d_query) = d[last].get_mut(rows).split_at(support_x.len());
        let (d_support, d_query) = (d_support.flat(), d_query.flat());
        let (stride, width) = (shape.stride(), shape.height());
        let mut total = E::default();
        for task in 0..tasks.len() {
            // Of no support points too.
            let place = |rows: usize, stride: usize| task * rows * stride..(task + 1) * rows * stride;
            let (s, q) = (place(support.rows(), stride), place(query.rows(), stride));
            let task = HeadTask {
                support: Seen {
                    features: &of_support.flat()[s.clone()],
                    stride,
                    width,
                    y: &support_y[place(support.rows(), 1)],
                },
                query: Seen {
                    features: &of_query.flat()[q.clone()],
                    stride,
                    width,
                    y: &query_y[place(query.rows(), 1)],
                },
                output: &self.loaded,
            };
            let gradient = HeadGradient {
                support: &mut d_support[s],
                query: &mut d_query[q],
                output: &mut self.output_sum,
                numbers: &mut self.ledger.sum.numbers,
            };
            total += self.head.outer_loss(task, inner.steps, inner.order, Some(gradient));
        }
        let (sum, one) = (&mut self.ledger.sum.network, E::rounded(1.0));
        if by_pieces {
            let (pieces, trace) = (&mut self.pieces, &self.trace);
            with_features!(self.features, E, add_features(kernels, &self.x, one, pieces, trace));
            return total;
        }
        with_features!(self.features, E, last_slopes(kernels, rows, &mut self.trace));
        kernels::backward_from_features::<E, A>(kernels, &self.weights, rows, &mut self.trace);
        kernels::add_gradient(kernels, &self.trace, &self.x, sum, one, &mut self.next);
        std::mem::swap(sum, &mut self.next);
        total
    }
}

impl<E: Scalar, A: Nonlinearity> Objective<E> for HeadMachine<E, A> {
    fn load(&mut self, numbers: &[E]) {
        self.ledger.load(numbers, &mut self.weights, &mut self.numbers);
        kernels::transpose(self.kernels, &self.weights, &mut self.wt);
        let view = self.weights.view();
        self.loaded.weight.copy_from_slice(view.tensor(2 * self.shape.layers()));
        self.loaded.bias = view.tensor(2 * self.shape.layers() + 1)[0];
        if !self.numbers.is_empty() {
            self.head.load(&self.numbers);
        }
        self.reset();
    }

    fn meta_loss(&mut self, support: &Batch<E>, query: &Batch<E>, inner: InnerSteps<'_>, _: bool) -> E {
        assert!(inner.importance.is_empty(), "losses along the way are for rules that step all parameters");
        self.ledger.sum.numbers.fill(E::default());
        self.output_sum.clear();
        let (kernels, tasks) = (self.kernels, query.tasks());
        let points = support.rows() + query.rows();
        let by_pieces = Pieces::<E>::serve::<A>(self.shape.layers(), tasks * points);
        if by_pieces {
            kernels::cut(kernels, &self.weights, &self.wt, query.task(0).0[0], &mut self.pieces);
        } else {
            self.ledger.sum.network.flat_mut().fill(E::default());
        }
        let group = tasks_at_once(points);
        let mut total = E::default();
        for from in (0..tasks).step_by(group) {
            let range = from..(from + group).min(tasks);
            total += self.group((support, query), range, inner, by_pieces);
        }
        if by_pieces {
            let sum = &mut self.ledger.sum.network;
            kernels::gradient_by_pieces(kernels, &self.weights, &self.wt, &mut self.pieces, sum);
        }
        let mut sum = self.ledger.sum.network.view_mut();
        sum.tensor_mut(2 * self.shape.layers()).copy_from_slice(&self.output_sum.weight);
        sum.tensor_mut(2 * self.shape.layers() + 1)[0] = self.output_sum.bias;
        self.ledger.share = 1.0 / tasks as f64;
        total * E::rounded(self.ledger.share)
    }

    fn take_gradient(&mut self) -> Ticket {
        self.ledger.take()
    }

    fn add_gradient(&self, ticket: &Ticket, tensor: (usize, usize), scale: E, sums: &mut [E]) {
        self.ledger.add(ticket, tensor, scale, sums);
    }

    fn release(&mut self, ticket: Ticket) {
        self.ledger.release(ticket);
    }
}

impl<E: Scalar, A: Nonlinearity> Predictor<E> for HeadMachine<E, A> {
    fn reset(&mut self) {
        self.taken = 0;
        self.adapted.copy_from(&self.loaded);
    }

    fn see(&mut self, x: &[E], y: &[E]) {
        self.look(x);
        let seen = Self::seen(self.shape, &self.trace, y);
        self.head.adapt(self.taken, seen, &mut self.adapted);
        let (features, targets) = &mut self.support;
        features.clear();
        features.extend_from_slice(seen.features);
        targets.clear();
        targets.extend_from_slice(y);
        self.taken += 1;
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        self.look(x);
        let seen = Self::seen(self.shape, &self.trace, y);
        let loss = self.adapted.errors(self.kernels, seen, &mut self.errors);
        if let Some(predictions) = predictions {
            for ((prediction, &error), &y) in predictions.iter_mut().zip(&self.errors).zip(y) {
                *prediction = error + y;
            }
        }
        loss
    }

    fn current(&self, out: &mut [E]) {
        let mut weights = self.weights.clone();
        let mut view = weights.view_mut();
        view.tensor_mut(2 * self.shape.layers()).copy_from_slice(&self.adapted.weight);
        view.tensor_mut(2 * self.shape.layers() + 1)[0] = self.adapted.bias;
        unpack(&weights, out);
    }

    fn deviations(&mut self, x: &[E], deviations: &mut [E]) -> bool {
        self.look(x);
        let (features, y) = &self.support;
        let (stride, width) = (self.shape.stride(), self.shape.height());
        let support = (self.taken > 0).then_some(Seen { features, stride, width, y });
        // There are no targets to look at.
        let points = Seen { y: x, ..Self::seen(self.shape, &self.trace, x) };
        self.head.deviations(support, points, deviations)
    }
}
