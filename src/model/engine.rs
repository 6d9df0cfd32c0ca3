//! The hot path between the tape and the kernels: one task after another, from the initial weights
//! through its inner steps to the query loss and back, without leaving the L1 cache.

use std::marker::PhantomData;

use super::Activation;
use super::kernels::{self, Aligned, Direction, Nonlinearity, Packed, Path, Real, Relu, Tanh, Trace};
use crate::task::Batch;

/// How far back the meta-gradient goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Through every inner step: second derivatives, exact.
    Exact,
    /// Only to the adapted weights, as if the inner gradients were constants.
    First,
}

/// The rate of the inner steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Rate<E> {
    /// One for all parameters.
    Uniform(E),
    /// One a parameter, in checkpoint order (as [`super::Weights::values`]): a rate a layer, a frozen
    /// body (0) or a learned rate are all of this kind.
    PerParameter(Vec<E>),
}

/// Runs one network's passes; made by [`engine`] for a width, an activation and a number type.
pub trait Engine<E: Real> {
    /// Takes initial weights: `copy` writes the six tensors, in checkpoint order, into slices of their
    /// sizes.
    fn load(&mut self, copy: &mut dyn FnMut([&mut [E]; 6]));

    /// Mean over tasks of the query loss after `steps` inner steps on the support points; for zero
    /// steps `support` is not looked at. With `gradient`, the mean of the tasks' gradients with respect
    /// to the loaded weights is kept for [`Engine::take_gradient`].
    fn meta_loss(
        &mut self,
        support: &Batch<E>,
        query: &Batch<E>,
        rate: &Rate<E>,
        steps: usize,
        order: Order,
        gradient: bool,
    ) -> E;

    /// Mean over tasks of (theta - theta') / (steps * rate), where theta' is `steps` >= 1 inner steps of
    /// one rate away, kept for [`Engine::take_gradient`]; returns the mean support loss before the last
    /// inner step.
    fn pull(&mut self, support: &Batch<E>, rate: E, steps: usize) -> E;

    /// The gradient kept last, to be held until it is wanted.
    fn take_gradient(&mut self) -> Ticket;

    /// Adds `scale` times a held gradient's `tensor`-th tensor, in checkpoint order, to `sums`.
    fn add_gradient(&self, ticket: &Ticket, tensor: usize, scale: E, sums: &mut [E]);

    /// Gives a held gradient's memory back.
    fn release(&mut self, ticket: Ticket);

    /// Puts the loaded weights back as the current ones, for [`Engine::descend`].
    fn reset(&mut self);

    /// One SGD step of the current weights on these points.
    fn descend(&mut self, x: &[E], y: &[E], rate: E);

    /// Loss of the current weights on these points; `predictions` of the same length, where given,
    /// receives what the network answers.
    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E;

    /// The current weights, unpadded, in checkpoint order.
    fn current(&self, out: &mut [E]);
}

/// A gradient held by an engine.
#[derive(Debug)]
pub struct Ticket {
    slot: usize,
    /// What the sum over tasks is multiplied by to be their mean.
    share: f64,
}

/// The engine of a network of `hidden` (one of [`super::WIDTHS`]) units a layer.
///
/// # Panics
/// For a width off the menu, which validation and checkpoint reading refuse.
pub fn engine<E: Real>(hidden: usize, activation: Activation, path: Path) -> Box<dyn Engine<E>> {
    macro_rules! widths {
        ($($hidden:literal => $padded:literal),*) => {
            match (hidden, activation) {
                $(($hidden, Activation::Relu) => Box::new(Machine::<E, Relu, $padded>::new(hidden, path)),
                  ($hidden, Activation::Tanh) => Box::new(Machine::<E, Tanh, $padded>::new(hidden, path)),)*
                _ => unreachable!("width {hidden} is not on the menu"),
            }
        };
    }
    widths!(16 => 16, 32 => 32, 40 => 40, 64 => 64, 100 => 104, 128 => 128)
}

/// One point of the trajectory of inner steps.
struct Point<E, const P: usize> {
    weights: Box<Packed<E, P>>,
    /// `weights.w2` transposed.
    w2t: Box<Aligned<E, P>>,
    /// The support points' pass at these weights.
    trace: Trace<E, P>,
}

impl<E: Real, const P: usize> Point<E, P> {
    fn new() -> Self {
        Self { weights: Packed::zero(), w2t: Aligned::zero(), trace: Trace::default() }
    }
}

struct Machine<E, A, const P: usize> {
    path: Path,
    hidden: usize,
    /// theta_0, theta_1, ...: the loaded weights and what the inner steps made of them.
    trajectory: Vec<Point<E, P>>,
    /// Index of the current weights in `trajectory`, for `descend` and `test`: 0 or 1.
    current: usize,
    /// The query points' pass.
    query: Trace<E, P>,
    /// Scratch of the Hessian-vector product.
    tangent: Trace<E, P>,
    /// The gradient on its way back, its w2 transposed, and where its next value is written.
    v: Box<Packed<E, P>>,
    v2t: Box<Aligned<E, P>>,
    next: Box<Packed<E, P>>,
    /// Sum over the tasks of a meta-batch, and what makes it their mean.
    sum: Box<Packed<E, P>>,
    share: f64,
    /// Gradients that wait for the backward pass, and memory for more.
    held: Vec<Option<Box<Packed<E, P>>>>,
    spare: Vec<Box<Packed<E, P>>>,
    /// A rate for every parameter, and a vector scaled by it; unused with one rate for all.
    rates: Box<Packed<E, P>>,
    scaled: Box<Packed<E, P>>,
    activation: PhantomData<A>,
}

impl<E: Real, A: Nonlinearity, const P: usize> Machine<E, A, P> {
    fn new(hidden: usize, path: Path) -> Self {
        Self {
            path,
            hidden,
            trajectory: vec![Point::new(), Point::new()],
            current: 0,
            query: Trace::default(),
            tangent: Trace::default(),
            v: Packed::zero(),
            v2t: Aligned::zero(),
            next: Packed::zero(),
            sum: Packed::zero(),
            share: 1.0,
            held: Vec::new(),
            spare: Vec::new(),
            rates: Packed::zero(),
            scaled: Packed::zero(),
            activation: PhantomData,
        }
    }

    /// Unpacks a rate for every parameter; one rate for all is returned as it is.
    fn take_rate(&mut self, rate: &Rate<E>) -> Option<E> {
        match rate {
            Rate::Uniform(rate) => Some(*rate),
            Rate::PerParameter(rates) => {
                let hidden = self.hidden;
                self.rates.pack(hidden, &mut |tensors| {
                    for (tensor, rates) in tensors.into_iter().zip(split(hidden, rates)) {
                        tensor.copy_from_slice(rates);
                    }
                });
                None
            }
        }
    }

    /// Forward and backward over `x`, `y` at point `at` of the trajectory, then the step to point `to`.
    fn step(&mut self, at: usize, to: usize, x: &[E], y: &[E], rate: Option<E>) {
        let path = self.path;
        let Point { weights, w2t, trace } = &mut self.trajectory[at];
        kernels::forward_backward::<E, A, P>(path, weights, &w2t.0, x, y, trace);
        match rate {
            Some(rate) => kernels::add_gradient(path, trace, x, weights, E::default() - rate, &mut self.next),
            None => {
                kernels::gradient(path, trace, x, &mut self.scaled);
                let minus_one = E::rounded(-1.0);
                kernels::add_product(path, weights, minus_one, &self.rates, &self.scaled, &mut self.next);
            }
        }
        let point = &mut self.trajectory[to];
        std::mem::swap(&mut point.weights, &mut self.next);
        kernels::transpose(path, &point.weights.w2, &mut point.w2t.0);
    }

    /// Pulls `v`, a gradient at point `at + 1`, back through the inner step from point `at`: with
    /// theta' = theta - r g(theta), that is v - H (r v).
    fn pull_back(&mut self, at: usize, x: &[E], rate: Option<E>) {
        let path = self.path;
        let Point { weights, w2t, trace } = &self.trajectory[at];
        let (scale, v) = match rate {
            Some(rate) => (E::default() - rate, &self.v),
            None => {
                kernels::multiply(path, &self.rates, &self.v, &mut self.scaled);
                (E::rounded(-1.0), &self.scaled)
            }
        };
        kernels::transpose(path, &v.w2, &mut self.v2t.0);
        let direction = Direction { v, v2t: &self.v2t.0 };
        let (tangent, out) = (&mut self.tangent, &mut self.next);
        kernels::add_hessian_product::<E, A, P>(
            path, weights, &w2t.0, trace, x, direction, &self.v, scale, tangent, out,
        );
        std::mem::swap(&mut self.v, &mut self.next);
    }

    /// Adds `v`, a task's gradient, to the sum over tasks, which it starts for the first one.
    fn add_to_sum(&mut self, task: usize) {
        if task == 0 {
            std::mem::swap(&mut self.sum, &mut self.v);
        } else {
            kernels::add(self.path, &mut self.sum, &self.v);
        }
    }
}

impl<E: Real, A: Nonlinearity, const P: usize> Engine<E> for Machine<E, A, P> {
    fn load(&mut self, copy: &mut dyn FnMut([&mut [E]; 6])) {
        let Point { weights, w2t, .. } = &mut self.trajectory[0];
        weights.pack(self.hidden, copy);
        kernels::transpose(self.path, &weights.w2, &mut w2t.0);
        self.current = 0;
    }

    fn meta_loss(
        &mut self,
        support: &Batch<E>,
        query: &Batch<E>,
        rate: &Rate<E>,
        steps: usize,
        order: Order,
        gradient: bool,
    ) -> E {
        let path = self.path;
        let rate = self.take_rate(rate);
        while self.trajectory.len() <= steps {
            self.trajectory.push(Point::new());
        }
        let mut total = E::default();
        for task in 0..query.tasks() {
            for at in 0..steps {
                let (x, y) = support.task(task);
                self.step(at, at + 1, x, y, rate);
            }
            let (x, y) = query.task(task);
            let Point { weights, w2t, .. } = &self.trajectory[steps];
            if !gradient {
                kernels::loss::<E, A, P>(path, weights, &w2t.0, x, y, &mut self.query);
                total += self.query.loss;
                continue;
            }
            kernels::forward_backward::<E, A, P>(path, weights, &w2t.0, x, y, &mut self.query);
            total += self.query.loss;
            kernels::gradient(path, &self.query, x, &mut self.v);
            if order == Order::Exact {
                for at in (0..steps).rev() {
                    self.pull_back(at, support.task(task).0, rate);
                }
            }
            self.add_to_sum(task);
        }
        self.share = 1.0 / query.tasks() as f64;
        total * E::rounded(self.share)
    }

    fn pull(&mut self, support: &Batch<E>, rate: E, steps: usize) -> E {
        let mut total = E::default();
        for task in 0..support.tasks() {
            let (x, y) = support.task(task);
            self.step(0, 1, x, y, Some(rate));
            for _ in 1..steps {
                self.step(1, 1, x, y, Some(rate));
            }
            total += self.trajectory[usize::from(steps > 1)].trace.loss;
            let [theta, adapted] = [0, 1].map(|at: usize| &self.trajectory[at].weights);
            kernels::subtract(self.path, theta, adapted, &mut self.v);
            self.add_to_sum(task);
        }
        let tasks = support.tasks() as f64;
        self.share = 1.0 / (tasks * steps as f64 * rate.exact());
        total * E::rounded(1.0 / tasks)
    }

    fn take_gradient(&mut self) -> Ticket {
        let empty = self.spare.pop().unwrap_or_else(Packed::zero);
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
        gradient.visit(self.hidden, tensor, sums, |sum, value| *sum += scale * value);
    }

    fn release(&mut self, ticket: Ticket) {
        self.spare.extend(self.held[ticket.slot].take());
    }

    fn reset(&mut self) {
        self.current = 0;
    }

    fn descend(&mut self, x: &[E], y: &[E], rate: E) {
        self.step(self.current, 1, x, y, Some(rate));
        self.current = 1;
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        let Point { weights, w2t, .. } = &self.trajectory[self.current];
        if let Some(predictions) = predictions {
            kernels::forward::<E, A, P>(self.path, weights, &w2t.0, x, &mut self.query);
            predictions.copy_from_slice(&self.query.d3[..x.len()]);
        }
        kernels::loss::<E, A, P>(self.path, weights, &w2t.0, x, y, &mut self.query);
        self.query.loss
    }

    fn current(&self, out: &mut [E]) {
        let weights = &self.trajectory[self.current].weights;
        for (tensor, out) in split_mut(self.hidden, out).into_iter().enumerate() {
            weights.visit(self.hidden, tensor, out, |out, value| *out = value);
        }
    }
}

/// The six tensors of a flat parameter vector in checkpoint order.
pub fn split<E>(hidden: usize, flat: &[E]) -> [&[E]; 6] {
    let mut rest = flat;
    [hidden, hidden, hidden * hidden, hidden, hidden, 1].map(|length| {
        let (tensor, tail) = rest.split_at(length);
        rest = tail;
        tensor
    })
}

/// The same, to write to.
pub fn split_mut<E>(hidden: usize, flat: &mut [E]) -> [&mut [E]; 6] {
    let mut rest = flat;
    [hidden, hidden, hidden * hidden, hidden, hidden, 1].map(|length| {
        let (tensor, tail) = std::mem::take(&mut rest).split_at_mut(length);
        rest = tail;
        tensor
    })
}

#[cfg(test)]
mod tests;
