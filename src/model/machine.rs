//! The hot path between the tape and the kernels: one task after another, from the initial weights
//! through its inner steps to the query loss and back, without leaving the L1 cache.

use std::marker::PhantomData;

use super::adaptation::{Adaptation, Factors, Gradient, Operator, Pulled};
use super::engine::{InnerSteps, Objective, Order, Predictor, Ticket, tasks_at_once};
use super::kernels::{self, Direction, Kernels, Nonlinearity, Packed, Pieces, Real, Shape, Squares, Trace};
use super::ledger::{Ledger, unpack};
use super::scalar::Scalar;
use super::settings::ModelSettings;
use crate::task::Batch;

/// One point of the trajectory of inner steps.
struct Point<E> {
    weights: Packed<E>,
    /// The hidden weights of `weights`, transposed.
    wt: Squares<E>,
    /// The support points' pass at these weights.
    trace: Trace<E>,
    /// Their gradient; unused where P is a rate.
    gradient: Packed<E>,
}

impl<E: Real> Point<E> {
    fn new(shape: Shape) -> Self {
        let [weights, gradient] = [(); 2].map(|()| Packed::zero(shape));
        Self { weights, wt: Squares::zero(shape), trace: Trace::new(shape), gradient }
    }
}

/// A pass over so many points, whose gradients between hidden layers are products.
struct Passes<'a, E> {
    trace: &'a Trace<E>,
    rows: usize,
}

impl<E: Real> Factors<E> for Passes<'_, E> {
    fn factors(&self, hidden: usize) -> [&[E]; 2] {
        [&self.trace.d[hidden + 1], &self.trace.h[hidden]].map(|rows| rows.get(self.rows).flat())
    }
}

/// Steps of all parameters, one task after another.
pub(super) struct Machine<E: Real, A> {
    kernels: Kernels,
    shape: Shape,
    inner: Box<dyn Operator<E>>,
    inner_lr: E,
    /// The adaptation's meta-parameters, one tensor after another.
    numbers: Vec<E>,
    /// theta_0, theta_1, ...: the loaded weights and what the inner steps made of them.
    trajectory: Vec<Point<E>>,
    /// Inner steps taken to the current weights, for `descend` and `test`; these are the trajectory's point
    /// 0 before the first and its point 1 after it.
    taken: usize,
    /// The query points' pass.
    query: Trace<E>,
    /// The loaded weights in pieces, where they are the same for many points.
    pieces: Pieces<E>,
    /// Scratch of the Hessian-vector product.
    tangent: Trace<E>,
    /// The gradient on its way back, its hidden weights transposed, and where its next value is written.
    v: Packed<E>,
    vt: Squares<E>,
    next: Packed<E>,
    /// Gradients gathered and held.
    ledger: Ledger<E>,
    /// P of something; unused where P is a rate.
    scaled: Packed<E>,
    activation: PhantomData<A>,
}

impl<E: Scalar, A: Nonlinearity> Machine<E, A> {
    /// For a network that adapts by `inner`.
    pub fn new(
        model: &ModelSettings,
        adaptation: &Adaptation,
        inner: Box<dyn Operator<E>>,
        kernels: Kernels,
    ) -> Self {
        let shape = kernels.shape::<E>(model.layers, model.hidden);
        let zero = || Packed::zero(shape);
        let ledger = Ledger::new(model, adaptation, kernels, shape);
        Self {
            kernels,
            shape,
            inner,
            inner_lr: E::rounded(adaptation.inner_lr),
            numbers: ledger.sum.numbers.clone(),
            trajectory: vec![Point::new(shape), Point::new(shape)],
            taken: 0,
            query: Trace::new(shape),
            pieces: Pieces::empty(shape),
            tangent: Trace::new(shape),
            v: zero(),
            vt: Squares::zero(shape),
            next: zero(),
            ledger,
            scaled: zero(),
            activation: PhantomData,
        }
    }

    /// Forward and backward over `x`, `y` at point `at` of the trajectory, then inner step `number` to
    /// point `to`.
    fn step(&mut self, number: usize, (at, to): (usize, usize), x: &[E], y: &[E]) {
        let kernels = self.kernels;
        let Point { weights, wt, trace, gradient } = &mut self.trajectory[at];
        kernels::forward_backward::<E, A>(kernels, weights, wt, x, y, trace);
        match self.inner.uniform() {
            Some(rate) => {
                kernels::add_gradient(kernels, trace, x, weights, E::default() - rate, &mut self.next);
            }
            None => {
                kernels::gradient(kernels, trace, x, gradient);
                let passes = Passes { trace, rows: x.len() };
                let gradient = Gradient { view: gradient.view(), passes: &passes };
                self.inner.apply(number, gradient, self.scaled.view_mut());
                kernels::subtract(kernels, weights, &self.scaled, &mut self.next);
            }
        }
        let point = &mut self.trajectory[to];
        std::mem::swap(&mut point.weights, &mut self.next);
        kernels::transpose(kernels, &point.weights, &mut point.wt);
    }

    /// Pulls `v`, a gradient at point `at + 1`, back through the inner step from point `at`: with
    /// theta' = theta - P g(theta), that is v - H P' v, which from point 0 goes to the sum over tasks. The numbers of P
    /// take their share on the way. `query` is how many points the query's pass has, where `v` is its gradient and
    /// nothing else.
    fn pull_back(&mut self, task: usize, at: usize, x: &[E], order: Order, query: Option<usize>) {
        let kernels = self.kernels;
        let Point { weights, wt, trace, gradient } = &self.trajectory[at];
        let (scale, v) = match self.inner.uniform() {
            Some(rate) => (E::default() - rate, &self.v),
            None => {
                let passes = Passes { trace, rows: x.len() };
                let gradient = Gradient { view: gradient.view(), passes: &passes };
                let query = query.map(|rows| Passes { trace: &self.query, rows });
                let passes = query.as_ref().map(|passes| passes as &dyn Factors<E>);
                let v = Pulled { view: self.v.view(), passes };
                let sums = &mut self.ledger.sum.numbers;
                self.inner.pull_back(at, gradient, v, self.scaled.view_mut(), sums);
                (E::rounded(-1.0), &self.scaled)
            }
        };
        if order == Order::First {
            return;
        }
        kernels::transpose(kernels, v, &mut self.vt);
        let direction = Direction { v, vt: &self.vt };
        let (tangent, base) = (&mut self.tangent, &self.v);
        let (adds, out) = match at {
            0 => (task > 0, &mut self.ledger.sum.network),
            _ => (false, &mut self.next),
        };
        kernels::add_hessian_product::<E, A>(
            kernels, weights, wt, trace, x, direction, base, scale, tangent, adds, out,
        );
        if at > 0 {
            std::mem::swap(&mut self.v, &mut self.next);
        }
    }

    /// Adds `v`, a task's gradient, to the sum over tasks, which it starts for the first one.
    fn add_to_sum(&mut self, task: usize) {
        if task == 0 {
            std::mem::swap(&mut self.ledger.sum.network, &mut self.v);
        } else {
            kernels::add(self.kernels, &mut self.ledger.sum.network, &self.v);
        }
    }

    /// The query loss of one task after the last step; its gradient is added to the sum over tasks.
    fn last_loss(
        &mut self,
        task: usize,
        support_x: &[E],
        (x, y): (&[E], &[E]),
        inner: InnerSteps<'_>,
        gradient: bool,
    ) -> E {
        let kernels = self.kernels;
        let Point { weights, wt, .. } = &self.trajectory[inner.steps];
        if !gradient {
            kernels::loss::<E, A>(kernels, weights, wt, x, y, &mut self.query);
            return self.query.loss;
        }
        kernels::forward_backward::<E, A>(kernels, weights, wt, x, y, &mut self.query);
        kernels::gradient(kernels, &self.query, x, &mut self.v);
        if inner.order == Order::Exact || !self.numbers.is_empty() {
            for at in (0..inner.steps).rev() {
                let is_query = inner.order == Order::First || at + 1 == inner.steps;
                self.pull_back(task, at, support_x, inner.order, is_query.then_some(x.len()));
            }
        }
        if inner.order == Order::First {
            self.add_to_sum(task);
        }
        self.query.loss
    }

    /// The query losses of one task after every step, weighed; the gradient of that is added to the sum over tasks. On
    /// the way back each one's gradient joins at its step, so none has to be kept.
    fn losses_along(
        &mut self,
        task: usize,
        support_x: &[E],
        (x, y): (&[E], &[E]),
        inner: InnerSteps<'_>,
        gradient: bool,
    ) -> E {
        let kernels = self.kernels;
        self.v.flat_mut().fill(E::default());
        let mut total = E::default();
        for at in (0..inner.steps).rev() {
            let importance = inner.importance.get(at).copied().unwrap_or(0.0);
            if importance != 0.0 {
                let importance = E::rounded(importance);
                let Point { weights, wt, .. } = &self.trajectory[at + 1];
                kernels::forward_backward::<E, A>(kernels, weights, wt, x, y, &mut self.query);
                kernels::add_gradient(kernels, &self.query, x, &self.v, importance, &mut self.next);
                std::mem::swap(&mut self.v, &mut self.next);
                total += importance * self.query.loss;
            }
            if gradient {
                self.pull_back(task, at, support_x, inner.order, None);
            }
        }
        if gradient && inner.order == Order::First {
            self.add_to_sum(task);
        }
        total
    }

    /// The loss of the loaded weights, which are the same for all tasks: as many tasks at once as fit the
    /// innermost cache are one pass.
    fn pooled_loss(&mut self, points: &Batch<E>, gradient: bool) -> E {
        let kernels = self.kernels;
        let Point { weights, wt, .. } = &self.trajectory[0];
        self.ledger.sum.numbers.fill(E::default());
        let tasks = points.tasks();
        let group = tasks_at_once(points.rows());
        let by_pieces = gradient && Pieces::<E>::serve::<A>(self.shape.layers(), tasks * points.rows());
        if by_pieces {
            kernels::cut(kernels, weights, wt, points.tasks_from(0, 1).0[0], &mut self.pieces);
        }
        let mut total = E::default();
        for from in (0..tasks).step_by(group) {
            let to = (from + group).min(tasks);
            let (x, y) = points.tasks_from(from, to);
            // Every group's mean weighs as many tasks as it has, in units of a full one.
            let weight = E::rounded((to - from) as f64);
            if !gradient {
                kernels::loss::<E, A>(kernels, weights, wt, x, y, &mut self.query);
                total += weight * self.query.loss;
                continue;
            }
            let (pieces, trace) = (&mut self.pieces, &mut self.query);
            if by_pieces {
                kernels::add_points::<E, A>(kernels, weights, x, y, weight, pieces, trace);
                total += weight * trace.loss;
                continue;
            }
            kernels::forward_backward::<E, A>(kernels, weights, wt, x, y, trace);
            total += weight * trace.loss;
            let sum = &mut self.ledger.sum.network;
            if from == 0 && tasks == 1 {
                kernels::gradient(kernels, &self.query, x, sum);
                continue;
            }
            if from == 0 {
                sum.flat_mut().fill(E::default());
            }
            kernels::add_gradient(kernels, &self.query, x, sum, weight, &mut self.next);
            std::mem::swap(sum, &mut self.next);
        }
        if by_pieces {
            let sum = &mut self.ledger.sum.network;
            kernels::gradient_by_pieces(kernels, weights, wt, &mut self.pieces, sum);
        }
        self.ledger.share = 1.0 / tasks as f64;
        total * E::rounded(self.ledger.share)
    }

    /// The current weights' place in the trajectory.
    fn current(&self) -> usize {
        self.taken.min(1)
    }
}

impl<E: Scalar, A: Nonlinearity> Objective<E> for Machine<E, A> {
    fn load(&mut self, numbers: &[E]) {
        let Point { weights, wt, .. } = &mut self.trajectory[0];
        self.ledger.load(numbers, weights, &mut self.numbers);
        kernels::transpose(self.kernels, weights, wt);
        if !self.numbers.is_empty() {
            self.inner.load(&self.numbers);
        }
        self.taken = 0;
    }

    fn meta_loss(
        &mut self,
        support: &Batch<E>,
        query: &Batch<E>,
        inner: InnerSteps<'_>,
        gradient: bool,
    ) -> E {
        if inner.steps == 0 {
            return self.pooled_loss(query, gradient);
        }
        while self.trajectory.len() <= inner.steps {
            self.trajectory.push(Point::new(self.shape));
        }
        self.ledger.sum.numbers.fill(E::default());
        let mut total = E::default();
        for task in 0..query.tasks() {
            let (x, y) = support.task(task);
            for at in 0..inner.steps {
                self.step(at, (at, at + 1), x, y);
            }
            total += if inner.importance.is_empty() {
                self.last_loss(task, x, query.task(task), inner, gradient)
            } else {
                self.losses_along(task, x, query.task(task), inner, gradient)
            };
        }
        self.ledger.share = 1.0 / query.tasks() as f64;
        total * E::rounded(self.ledger.share)
    }

    fn pull(&mut self, support: &Batch<E>, steps: usize) -> E {
        let mut total = E::default();
        self.ledger.sum.numbers.fill(E::default());
        for task in 0..support.tasks() {
            let (x, y) = support.task(task);
            self.step(0, (0, 1), x, y);
            for step in 1..steps {
                self.step(step, (1, 1), x, y);
            }
            total += self.trajectory[usize::from(steps > 1)].trace.loss;
            let [theta, adapted] = [0, 1].map(|at: usize| &self.trajectory[at].weights);
            kernels::subtract(self.kernels, theta, adapted, &mut self.v);
            self.add_to_sum(task);
        }
        let tasks = support.tasks() as f64;
        self.ledger.share = 1.0 / (tasks * steps as f64 * self.inner_lr.exact());
        total * E::rounded(1.0 / tasks)
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

impl<E: Scalar, A: Nonlinearity> Predictor<E> for Machine<E, A> {
    fn reset(&mut self) {
        self.taken = 0;
    }

    fn see(&mut self, x: &[E], y: &[E]) {
        self.step(self.taken, (self.current(), 1), x, y);
        self.taken += 1;
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        let Point { weights, wt, .. } = &self.trajectory[self.current()];
        if let Some(predictions) = predictions {
            kernels::forward::<E, A>(self.kernels, weights, wt, x, &mut self.query);
            predictions.copy_from_slice(&self.query.d_out[..x.len()]);
        }
        kernels::loss::<E, A>(self.kernels, weights, wt, x, y, &mut self.query);
        self.query.loss
    }

    fn current(&self, out: &mut [E]) {
        unpack(&self.trajectory[Machine::current(self)].weights, out);
    }
}
