//! The hot path between the tape and the kernels: one task after another, from the initial weights
//! through its inner steps to the query loss and back, without leaving the L1 cache.

use std::marker::PhantomData;

use super::adaptation::{Adaptation, Operator};
use super::engine::{Engine, Order, Ticket};
use super::kernels::{self, Direction, Kernels, Nonlinearity, Packed, Real, Relu, Squares, Tanh, Trace};
use super::mlp::Scalar;
use super::settings::{Activation, ModelSettings};
use super::tensors::TensorInfo;
use crate::task::Batch;

/// The engine of a network that adapts so.
///
/// # Panics
/// For a width off the menu, which validation and checkpoint reading refuse.
pub fn engine<E: Scalar>(
    model: &ModelSettings,
    adaptation: &Adaptation,
    kernels: Kernels,
) -> Box<dyn Engine<E>> {
    macro_rules! widths {
        ($($hidden:literal => $padded:literal),*) => {
            match (model.hidden, model.activation) {
                $(($hidden, Activation::Relu) => {
                    Box::new(Machine::<E, Relu, $padded>::new(model, adaptation, kernels))
                }
                ($hidden, Activation::Tanh) => {
                    Box::new(Machine::<E, Tanh, $padded>::new(model, adaptation, kernels))
                })*
                (hidden, _) => unreachable!("width {hidden} is not on the menu"),
            }
        };
    }
    widths!(16 => 16, 32 => 32, 40 => 40, 64 => 64, 100 => 104, 128 => 128)
}

/// One point of the trajectory of inner steps.
struct Point<E, const P: usize> {
    weights: Packed<E, P>,
    /// The squares of `weights`, transposed.
    wt: Squares<E, P>,
    /// The support points' pass at these weights.
    trace: Trace<E, P>,
}

impl<E: Real, const P: usize> Point<E, P> {
    fn new(layers: usize) -> Self {
        Self { weights: Packed::zero(layers), wt: Squares::zero(layers), trace: Trace::new(layers) }
    }
}

/// The gradient of everything that training moves.
struct Gradient<E, const P: usize> {
    network: Packed<E, P>,
    /// By the adaptation's learned numbers, one tensor after another.
    numbers: Vec<E>,
}

struct Machine<E: Real, A, const P: usize> {
    kernels: Kernels,
    hidden: usize,
    layers: usize,
    inner: Box<dyn Operator<E>>,
    inner_lr: E,
    /// Where the adaptation's learned numbers lie in a flat vector, tensor by tensor.
    places: Vec<std::ops::Range<usize>>,
    numbers: Vec<E>,
    /// theta_0, theta_1, ...: the loaded weights and what the inner steps made of them.
    trajectory: Vec<Point<E, P>>,
    /// Inner steps taken to the current weights, for `descend` and `test`; these are the trajectory's point
    /// 0 before the first and its point 1 after it.
    taken: usize,
    /// The query points' pass.
    query: Trace<E, P>,
    /// Scratch of the Hessian-vector product.
    tangent: Trace<E, P>,
    /// The gradient on its way back, its squares transposed, and where its next value is written.
    v: Packed<E, P>,
    vt: Squares<E, P>,
    next: Packed<E, P>,
    /// Sum over the tasks of a meta-batch, and what makes it their mean.
    sum: Gradient<E, P>,
    share: f64,
    /// Gradients that wait for the backward pass, and memory for more.
    held: Vec<Option<Gradient<E, P>>>,
    spare: Vec<Gradient<E, P>>,
    /// An inner gradient, and P of something; unused where P is a rate.
    gradient: Packed<E, P>,
    scaled: Packed<E, P>,
    activation: PhantomData<A>,
}

impl<E: Scalar, A: Nonlinearity, const P: usize> Machine<E, A, P> {
    fn new(model: &ModelSettings, adaptation: &Adaptation, kernels: Kernels) -> Self {
        let layers = model.layers;
        let mut end = 0;
        let mut place = |tensor: &TensorInfo| {
            let start = end;
            end += tensor.count();
            start..end
        };
        let places: Vec<_> = adaptation.tensors(model).iter().map(&mut place).collect();
        let zero = || Packed::zero(layers);
        Self {
            kernels,
            hidden: model.hidden,
            layers,
            inner: E::operator(adaptation, model),
            inner_lr: E::rounded(adaptation.inner_lr),
            numbers: vec![E::default(); end],
            places,
            trajectory: vec![Point::new(layers), Point::new(layers)],
            taken: 0,
            query: Trace::new(layers),
            tangent: Trace::new(layers),
            v: zero(),
            vt: Squares::zero(layers),
            next: zero(),
            sum: Gradient { network: zero(), numbers: vec![E::default(); end] },
            share: 1.0,
            held: Vec::new(),
            spare: Vec::new(),
            gradient: zero(),
            scaled: zero(),
            activation: PhantomData,
        }
    }

    /// Forward and backward over `x`, `y` at point `at` of the trajectory, then inner step `number` to
    /// point `to`.
    fn step(&mut self, number: usize, (at, to): (usize, usize), x: &[E], y: &[E]) {
        let kernels = self.kernels;
        let Point { weights, wt, trace } = &mut self.trajectory[at];
        kernels::forward_backward::<E, A, P>(kernels, weights, wt, x, y, trace);
        match self.inner.uniform() {
            Some(rate) => {
                kernels::add_gradient(kernels, trace, x, weights, E::default() - rate, &mut self.next);
            }
            None => {
                kernels::gradient(kernels, trace, x, &mut self.gradient);
                self.inner.apply(number, self.gradient.view(), self.scaled.view_mut());
                kernels::subtract(kernels, weights, &self.scaled, &mut self.next);
            }
        }
        let point = &mut self.trajectory[to];
        std::mem::swap(&mut point.weights, &mut self.next);
        kernels::transpose(kernels, &point.weights, &mut point.wt);
    }

    /// Pulls `v`, a gradient at point `at + 1`, back through the inner step from point `at`: with
    /// theta' = theta - P g(theta), that is v - H P' v. The numbers of P take their share on the way.
    fn pull_back(&mut self, at: usize, x: &[E], order: Order) {
        let kernels = self.kernels;
        let Point { weights, wt, trace } = &self.trajectory[at];
        if !self.numbers.is_empty() {
            kernels::gradient(kernels, trace, x, &mut self.gradient);
            let sums = &mut self.sum.numbers;
            self.inner.differentiate(at, self.gradient.view(), self.v.view(), sums);
        }
        if order == Order::First {
            return;
        }
        let (scale, v) = match self.inner.uniform() {
            Some(rate) => (E::default() - rate, &self.v),
            None => {
                self.inner.transpose(at, self.v.view(), self.scaled.view_mut());
                (E::rounded(-1.0), &self.scaled)
            }
        };
        kernels::transpose(kernels, v, &mut self.vt);
        let direction = Direction { v, vt: &self.vt };
        let (tangent, out) = (&mut self.tangent, &mut self.next);
        kernels::add_hessian_product::<E, A, P>(
            kernels, weights, wt, trace, x, direction, &self.v, scale, tangent, out,
        );
        std::mem::swap(&mut self.v, &mut self.next);
    }

    /// Adds `v`, a task's gradient, to the sum over tasks, which it starts for the first one.
    fn add_to_sum(&mut self, task: usize) {
        if task == 0 {
            std::mem::swap(&mut self.sum.network, &mut self.v);
        } else {
            kernels::add(self.kernels, &mut self.sum.network, &self.v);
        }
    }

    /// The current weights' place in the trajectory.
    fn current(&self) -> usize {
        self.taken.min(1)
    }
}

impl<E: Scalar, A: Nonlinearity, const P: usize> Engine<E> for Machine<E, A, P> {
    fn load(&mut self, tensor: usize, copy: &dyn Fn(&mut [E])) {
        match tensor.checked_sub(2 * (self.layers + 1)) {
            None => self.trajectory[0].weights.pack(self.hidden, tensor, copy),
            Some(number) => copy(&mut self.numbers[self.places[number].clone()]),
        }
    }

    fn begin(&mut self) {
        let Point { weights, wt, .. } = &mut self.trajectory[0];
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
        steps: usize,
        order: Order,
        gradient: bool,
    ) -> E {
        let kernels = self.kernels;
        while self.trajectory.len() <= steps {
            self.trajectory.push(Point::new(self.layers));
        }
        self.sum.numbers.fill(E::default());
        let goes_back = order == Order::Exact || !self.numbers.is_empty();
        let mut total = E::default();
        for task in 0..query.tasks() {
            for at in 0..steps {
                let (x, y) = support.task(task);
                self.step(at, (at, at + 1), x, y);
            }
            let (x, y) = query.task(task);
            let Point { weights, wt, .. } = &self.trajectory[steps];
            if !gradient {
                kernels::loss::<E, A, P>(kernels, weights, wt, x, y, &mut self.query);
                total += self.query.loss;
                continue;
            }
            kernels::forward_backward::<E, A, P>(kernels, weights, wt, x, y, &mut self.query);
            total += self.query.loss;
            kernels::gradient(kernels, &self.query, x, &mut self.v);
            if goes_back {
                for at in (0..steps).rev() {
                    self.pull_back(at, support.task(task).0, order);
                }
            }
            self.add_to_sum(task);
        }
        self.share = 1.0 / query.tasks() as f64;
        total * E::rounded(self.share)
    }

    fn pull(&mut self, support: &Batch<E>, steps: usize) -> E {
        let mut total = E::default();
        self.sum.numbers.fill(E::default());
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
        self.share = 1.0 / (tasks * steps as f64 * self.inner_lr.exact());
        total * E::rounded(1.0 / tasks)
    }

    fn take_gradient(&mut self) -> Ticket {
        let (layers, numbers) = (self.layers, self.numbers.len());
        let empty = || Gradient { network: Packed::zero(layers), numbers: vec![E::default(); numbers] };
        let empty = self.spare.pop().unwrap_or_else(empty);
        let gradient = Some(std::mem::replace(&mut self.sum, empty));
        let free = self.held.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.held.push(None);
            self.held.len() - 1
        });
        self.held[slot] = gradient;
        Ticket { slot, share: self.share }
    }

    fn add_gradient(&self, ticket: &Ticket, tensor: usize, scale: E, sums: &mut [E]) {
        let Some(gradient) = &self.held[ticket.slot] else { return };
        let scale = E::rounded(ticket.share) * scale;
        match tensor.checked_sub(2 * (self.layers + 1)) {
            None => gradient.network.visit(self.hidden, tensor, sums, |sum, value| *sum += scale * value),
            Some(number) => {
                for (sum, &value) in sums.iter_mut().zip(&gradient.numbers[self.places[number].clone()]) {
                    *sum += scale * value;
                }
            }
        }
    }

    fn release(&mut self, ticket: Ticket) {
        self.spare.extend(self.held[ticket.slot].take());
    }

    fn reset(&mut self) {
        self.taken = 0;
    }

    fn descend(&mut self, x: &[E], y: &[E]) {
        self.step(self.taken, (self.current(), 1), x, y);
        self.taken += 1;
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        let Point { weights, wt, .. } = &self.trajectory[self.current()];
        if let Some(predictions) = predictions {
            kernels::forward::<E, A, P>(self.kernels, weights, wt, x, &mut self.query);
            predictions.copy_from_slice(&self.query.d_out[..x.len()]);
        }
        kernels::loss::<E, A, P>(self.kernels, weights, wt, x, y, &mut self.query);
        self.query.loss
    }

    fn current(&self, out: &mut [E]) {
        let weights = &self.trajectory[Machine::current(self)].weights;
        let mut rest = out;
        for tensor in 0..weights.view().count() {
            let count = weights.count(self.hidden, tensor);
            let (tensor_out, tail) = std::mem::take(&mut rest).split_at_mut(count);
            weights.visit(self.hidden, tensor, tensor_out, |out, value| *out = value);
            rest = tail;
        }
    }
}
