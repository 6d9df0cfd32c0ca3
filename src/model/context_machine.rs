//! Engine of a context: a few numbers beside the input that adapt to a task, while all weights stay as they
//! are. They enter the first layer through columns of its weight, so to the rest of the network they are a shift
//! of its bias, and the points of several tasks are one pass.
//!
//! With phi the context, C its columns, b = bias + C phi what the first layer adds, and g the derivative of a
//! task's support loss by b: phi' = phi - alpha C'g. Backwards, p the derivative by phi': the columns receive
//! -alpha g p', the weights H u along the shift u = -alpha C p, and p grows by C' of what of H u falls on b;
//! whatever falls on b at context phi is also the columns', times phi.

use std::marker::PhantomData;
use std::ops::Range;

use super::adaptation::Adaptation;
use super::engine::{InnerSteps, Objective, Order, Predictor, Ticket, tasks_at_once};
use super::kernels::{self, Kernels, Nonlinearity, Packed, Rows, Shape, Squares, Trace, vectors};
use super::ledger::{Ledger, unpack};
use super::scalar::Scalar;
use super::settings::ModelSettings;
use crate::task::Batch;

/// Number of the first layer's bias.
const BIAS: usize = 1;

/// The contexts of a group of tasks at one moment.
struct Moment<E> {
    /// Context numbers, task by task.
    contexts: Vec<E>,
    /// What the first layer adds for each task.
    first: Rows<E>,
    /// The pass over the support points there.
    trace: Trace<E>,
    /// The derivative of each task's loss by `first`.
    slopes: Rows<E>,
}

/// A context that adapts, beside weights that do not.
///
/// # Panics
/// If it is asked for a pull, or for losses along the way: these are for rules that step all parameters.
pub(super) struct ContextMachine<E: Scalar, A> {
    kernels: Kernels,
    shape: Shape,
    /// Context numbers.
    count: usize,
    rate: E,
    numbers: Vec<E>,
    /// The columns of the context as rows.
    columns: Rows<E>,
    /// Derivatives by them.
    column_sums: Rows<E>,
    weights: Packed<E>,
    wt: Squares<E>,
    moments: Vec<Moment<E>>,
    query: Trace<E>,
    tangent: Trace<E>,
    /// The derivative by the contexts, the shift it makes, and what falls on the first layer's bias.
    back: Vec<E>,
    shifts: Rows<E>,
    slopes: Rows<E>,
    next: Packed<E>,
    /// The weights at the current context, and that context.
    adapted: Packed<E>,
    context: Vec<E>,
    ledger: Ledger<E>,
    activation: PhantomData<A>,
}

impl<E: Scalar, A: Nonlinearity> ContextMachine<E, A> {
    /// For a network that adapts `count` context numbers at this rate.
    pub fn new(
        model: &ModelSettings,
        adaptation: &Adaptation,
        (count, rate): (usize, E),
        kernels: Kernels,
    ) -> Self {
        let shape = kernels.shape::<E>(model.layers, model.hidden);
        let ledger = Ledger::new(model, adaptation, kernels, shape);
        Self {
            kernels,
            shape,
            count,
            rate,
            numbers: ledger.sum.numbers.clone(),
            columns: Rows::zero(shape, count),
            column_sums: Rows::zero(shape, count),
            weights: Packed::zero(shape),
            wt: Squares::zero(shape),
            moments: Vec::new(),
            query: Trace::new(shape),
            tangent: Trace::new(shape),
            back: Vec::new(),
            shifts: Rows::zero(shape, 0),
            slopes: Rows::zero(shape, 0),
            next: Packed::zero(shape),
            adapted: Packed::zero(shape),
            context: vec![E::default(); count],
            ledger,
            activation: PhantomData,
        }
    }

    /// Makes room for so many steps of so many tasks.
    fn reserve(&mut self, steps: usize, tasks: usize) {
        let (shape, count) = (self.shape, self.count);
        self.moments.resize_with((steps + 1).max(self.moments.len()), || Moment {
            contexts: Vec::new(),
            first: Rows::zero(shape, 0),
            trace: Trace::new(shape),
            slopes: Rows::zero(shape, 0),
        });
        for moment in &mut self.moments[..=steps] {
            moment.contexts.clear();
            moment.contexts.resize(tasks * count, E::default());
            moment.first.reserve(tasks);
            moment.slopes.reserve(tasks);
        }
        self.back.resize(tasks * count, E::default());
        self.shifts.reserve(tasks);
        self.slopes.reserve(tasks);
    }

    /// From moment `at` to the next: a step of each task's context on its support points.
    fn step(&mut self, at: usize, tasks: usize, x: &[E], y: &[E]) {
        let (kernels, count) = (self.kernels, self.count);
        let (before, after) = self.moments.split_at_mut(at + 1);
        let (before, after) = (&mut before[at], &mut after[0]);
        // At first all contexts are 0.
        let first = before.first.get(if at == 0 { 1 } else { tasks });
        let (weights, wt) = (&self.weights, &self.wt);
        kernels::forward_backward_shifted::<E, A>(kernels, weights, wt, first, x, y, &mut before.trace);
        // The pass is over the mean of the group.
        let weight = E::rounded(tasks as f64);
        let mut slopes = before.slopes.get_mut(tasks);
        kernels::first_bias_gradients(kernels, &before.trace, x.len(), weight, slopes.reborrow());
        let columns = self.columns.get(count);
        for (task, slope) in slopes.shared().iter().enumerate() {
            let contexts = task * count..(task + 1) * count;
            let (old, new) = (&before.contexts[contexts.clone()], &mut after.contexts[contexts]);
            let first = after.first.get_mut(tasks).row(task);
            first.copy_from_slice(weights.view().tensor(BIAS));
            for ((column, &old), new) in columns.iter().zip(old).zip(new) {
                *new = old - self.rate * vectors::dot(kernels, column, slope);
                vectors::add_scaled(kernels, *new, column, first);
            }
        }
    }

    /// The slopes of some loss by `first` at the contexts of moment `at`, taken on: by the columns, and by the
    /// contexts.
    fn take_slopes(&mut self, at: usize, tasks: usize) {
        let (kernels, count) = (self.kernels, self.count);
        let (columns, mut sums) = (self.columns.get(count), self.column_sums.get_mut(count));
        let contexts = self.moments[at].contexts.chunks(count).zip(self.back.chunks_mut(count));
        for (slope, (context, back)) in self.slopes.get(tasks).iter().zip(contexts) {
            let sums = sums.reborrow().iter_mut();
            for (((column, sum), &context), back) in columns.iter().zip(sums).zip(context).zip(back) {
                vectors::add_scaled(kernels, context, slope, sum);
                *back += vectors::dot(kernels, column, slope);
            }
        }
    }

    /// Pulls the derivative by the contexts back through the step from moment `at`.
    fn pull_back(&mut self, at: usize, tasks: usize, x: &[E]) {
        let (kernels, count) = (self.kernels, self.count);
        let (columns, mut sums) = (self.columns.get(count), self.column_sums.get_mut(count));
        let Moment { trace, slopes, .. } = &self.moments[at];
        let moved = slopes.get(tasks).iter().zip(self.shifts.get_mut(tasks).iter_mut());
        for ((slope, shift), back) in moved.zip(self.back.chunks(count)) {
            shift.fill(E::default());
            for ((column, sum), &back) in columns.iter().zip(sums.reborrow().iter_mut()).zip(back) {
                let scale = E::default() - self.rate * back;
                vectors::add_scaled(kernels, scale, slope, sum);
                vectors::add_scaled(kernels, scale, column, shift);
            }
        }
        let weight = E::rounded(tasks as f64);
        let (sum, shifts) = (&mut self.ledger.sum.network, self.shifts.get(tasks));
        let (weights, wt, tangent, next) = (&self.weights, &self.wt, &mut self.tangent, &mut self.next);
        kernels::add_shift_product::<E, A>(
            kernels, weights, wt, trace, x, shifts, sum, weight, tangent, next,
        );
        std::mem::swap(sum, next);
        kernels::first_bias_gradients(kernels, tangent, x.len(), weight, self.slopes.get_mut(tasks));
        self.take_slopes(at, tasks);
    }

    /// The outer losses of the tasks in `range`; their gradients are added to the sum.
    fn group(
        &mut self,
        (support, query): (&Batch<E>, &Batch<E>),
        range: Range<usize>,
        inner: InnerSteps<'_>,
        gradient: bool,
    ) -> E {
        let (kernels, tasks) = (self.kernels, range.len());
        self.reserve(inner.steps, tasks);
        self.moments[0].first.get_mut(1).row(0).copy_from_slice(self.weights.view().tensor(BIAS));
        let (x, y) = support.tasks_from(range.start, range.end);
        for at in 0..inner.steps {
            self.step(at, tasks, x, y);
        }
        let first = self.moments[inner.steps].first.get(if inner.steps == 0 { 1 } else { tasks });
        let (query_x, query_y) = query.tasks_from(range.start, range.end);
        let (weights, wt, trace) = (&self.weights, &self.wt, &mut self.query);
        kernels::forward_backward_shifted::<E, A>(kernels, weights, wt, first, query_x, query_y, trace);
        let weight = E::rounded(tasks as f64);
        if gradient {
            let (sum, next) = (&mut self.ledger.sum.network, &mut self.next);
            kernels::add_gradient(kernels, trace, query_x, sum, weight, next);
            std::mem::swap(sum, next);
            kernels::first_bias_gradients(kernels, trace, query_x.len(), weight, self.slopes.get_mut(tasks));
            self.back.fill(E::default());
            self.take_slopes(inner.steps, tasks);
            // To first order a step's gradient, by the context, is a constant, and with it all before the last.
            let back = if inner.order == Order::Exact { inner.steps } else { 0 };
            for at in (0..back).rev() {
                self.pull_back(at, tasks, x);
            }
        }
        self.query.loss * weight
    }
}

impl<E: Scalar, A: Nonlinearity> Objective<E> for ContextMachine<E, A> {
    fn load(&mut self, numbers: &[E]) {
        self.ledger.load(numbers, &mut self.weights, &mut self.numbers);
        kernels::transpose(self.kernels, &self.weights, &mut self.wt);
        let columns = self.columns.get_mut(self.count).iter_mut();
        for (column, numbers) in columns.zip(self.numbers.chunks(self.shape.hidden())) {
            column[..self.shape.hidden()].copy_from_slice(numbers);
        }
        self.reset();
    }

    fn meta_loss(
        &mut self,
        support: &Batch<E>,
        query: &Batch<E>,
        inner: InnerSteps<'_>,
        gradient: bool,
    ) -> E {
        assert!(inner.importance.is_empty(), "losses along the way are for rules that step all parameters");
        self.ledger.sum.network.flat_mut().fill(E::default());
        self.column_sums.get_mut(self.count).flat().fill(E::default());
        let tasks = query.tasks();
        let group = tasks_at_once(support.rows().max(query.rows()));
        let mut total = E::default();
        for from in (0..tasks).step_by(group) {
            let range = from..(from + group).min(tasks);
            total += self.group((support, query), range, inner, gradient);
        }
        let sums = self.ledger.sum.numbers.chunks_mut(self.shape.hidden());
        for (sums, column) in sums.zip(self.column_sums.get(self.count).iter()) {
            sums.copy_from_slice(&column[..self.shape.hidden()]);
        }
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

impl<E: Scalar, A: Nonlinearity> Predictor<E> for ContextMachine<E, A> {
    fn reset(&mut self) {
        self.context.fill(E::default());
        self.adapted.flat_mut().copy_from_slice(self.weights.flat());
    }

    fn see(&mut self, x: &[E], y: &[E]) {
        let (kernels, count) = (self.kernels, self.count);
        kernels::forward_backward::<E, A>(kernels, &self.adapted, &self.wt, x, y, &mut self.query);
        self.slopes.reserve(1);
        let mut slope = self.slopes.get_mut(1);
        kernels::first_bias_gradients(kernels, &self.query, x.len(), E::rounded(1.0), slope.reborrow());
        let slope = slope.shared().row(0);
        let mut adapted = self.adapted.view_mut();
        for (column, context) in self.columns.get(count).iter().zip(&mut self.context) {
            let step = self.rate * vectors::dot(kernels, column, slope);
            *context -= step;
            vectors::add_scaled(kernels, E::default() - step, column, adapted.tensor_mut(BIAS));
        }
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        let (kernels, weights, wt) = (self.kernels, &self.adapted, &self.wt);
        if let Some(predictions) = predictions {
            kernels::forward::<E, A>(kernels, weights, wt, x, &mut self.query);
            predictions.copy_from_slice(&self.query.d_out[..x.len()]);
        }
        kernels::loss::<E, A>(kernels, weights, wt, x, y, &mut self.query);
        self.query.loss
    }

    fn current(&self, out: &mut [E]) {
        unpack(&self.adapted, out);
    }

    fn context(&self) -> &[E] {
        &self.context
    }
}
