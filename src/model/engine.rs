//! The hot path between the tape and the kernels: one task after another, from the initial weights
//! through its inner steps to the query loss and back, without leaving the L1 cache.

use std::marker::PhantomData;

use super::kernels::{self, Aligned, Direction, Nonlinearity, Packed, Path, Real, Relu, Tanh, Trace};
use crate::config::Activation;
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
    /// Takes these initial weights: six unpadded tensors in checkpoint order.
    fn load(&mut self, tensors: [&[E]; 6]);

    /// Mean over tasks of the query loss after `steps` inner steps on the support points; for zero
    /// steps `support` is not looked at. Where `gradient` is given, the mean of the tasks' gradients
    /// with respect to the loaded weights is *added* to it, in checkpoint order, unpadded.
    fn meta_loss(
        &mut self,
        support: &Batch<E>,
        query: &Batch<E>,
        rate: &Rate<E>,
        steps: usize,
        order: Order,
        gradient: Option<&mut [E]>,
    ) -> E;

    /// Mean over tasks of (theta - theta') / (steps * rate), where theta' is `steps` >= 1 inner steps of
    /// one rate away, added to `gradient`; returns the mean support loss before the last inner step.
    fn pull(&mut self, support: &Batch<E>, rate: E, steps: usize, gradient: &mut [E]) -> E;

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

/// The engine of a network of `hidden` (one of [`crate::config::WIDTHS`]) units a layer.
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
        Self { weights: Packed::zero(), w2t: Aligned::zero(), trace: Trace::new() }
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
    /// Sum over the tasks of a meta-batch.
    sum: Box<Packed<E, P>>,
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
            query: Trace::new(),
            tangent: Trace::new(),
            v: Packed::zero(),
            v2t: Aligned::zero(),
            next: Packed::zero(),
            sum: Packed::zero(),
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
                self.rates.pack(self.hidden, split(self.hidden, rates));
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

    /// Adds `scale * sum` to an unpadded gradient in checkpoint order.
    fn hand_out(&self, scale: E, gradient: &mut [E]) {
        for_each_unpadded(self.hidden, &self.sum, gradient, |gradient, sum| *gradient += scale * sum);
    }
}

impl<E: Real, A: Nonlinearity, const P: usize> Engine<E> for Machine<E, A, P> {
    fn load(&mut self, tensors: [&[E]; 6]) {
        let Point { weights, w2t, .. } = &mut self.trajectory[0];
        weights.pack(self.hidden, tensors);
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
        gradient: Option<&mut [E]>,
    ) -> E {
        let path = self.path;
        let rate = self.take_rate(rate);
        while self.trajectory.len() <= steps {
            self.trajectory.push(Point::new());
        }
        self.sum.clear();
        let mut total = E::default();
        for task in 0..query.tasks() {
            for at in 0..steps {
                let (x, y) = support.task(task);
                self.step(at, at + 1, x, y, rate);
            }
            let (x, y) = query.task(task);
            let Point { weights, w2t, .. } = &self.trajectory[steps];
            if gradient.is_none() {
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
            kernels::add(path, &mut self.sum, &self.v);
        }
        let share = E::rounded(1.0 / query.tasks() as f64);
        if let Some(gradient) = gradient {
            self.hand_out(share, gradient);
        }
        total * share
    }

    fn pull(&mut self, support: &Batch<E>, rate: E, steps: usize, gradient: &mut [E]) -> E {
        self.sum.clear();
        let mut total = E::default();
        for task in 0..support.tasks() {
            let (x, y) = support.task(task);
            self.step(0, 1, x, y, Some(rate));
            for _ in 1..steps {
                self.step(1, 1, x, y, Some(rate));
            }
            total += self.trajectory[usize::from(steps > 1)].trace.loss;
            kernels::add_difference(
                self.path,
                &mut self.sum,
                &self.trajectory[0].weights,
                &self.trajectory[1].weights,
            );
        }
        let tasks = support.tasks() as f64;
        self.hand_out(E::rounded(1.0 / (tasks * steps as f64 * rate.exact())), gradient);
        total * E::rounded(1.0 / tasks)
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
        for_each_unpadded(self.hidden, weights, out, |out, weight| *out = weight);
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

/// Walks a flat, unpadded vector in checkpoint order beside the padded parameters.
fn for_each_unpadded<E: Real, const P: usize>(
    hidden: usize,
    packed: &Packed<E, P>,
    flat: &mut [E],
    mut visit: impl FnMut(&mut E, E),
) {
    let mut rest = flat;
    let mut row = |packed: &[E]| {
        let (here, tail) = std::mem::take(&mut rest).split_at_mut(packed.len());
        rest = tail;
        for (flat, &packed) in here.iter_mut().zip(packed) {
            visit(flat, packed);
        }
    };
    row(&packed.w1[..hidden]);
    row(&packed.b1[..hidden]);
    for w2 in &packed.w2[..hidden] {
        row(&w2[..hidden]);
    }
    row(&packed.b2[..hidden]);
    row(&packed.w3[..hidden]);
    row(&[packed.b3]);
}
