//! The same gradients in plain dfdx operations: the page to read, and the oracle the kernels are
//! tested against.
//!
//! dfdx has no higher-order gradients, so the *inner* gradient is written out by hand as ordinary
//! taped operations; the tape then differentiates through it, which gives the exact meta-gradient.

use dfdx::prelude::*;

use super::Activation;
use super::{Layer, Mlp, Scalar};

/// A column of points, `[N, 1]`, recorded on no tape.
pub type Column<E> = Tensor<(usize, Const<1>), E, Cpu>;

/// Points as a column.
pub fn column<E: Scalar>(device: &Cpu, values: &[E]) -> Column<E> {
    device.tensor_from_vec(values.to_vec(), (values.len(), Const::<1>))
}

/// Hidden activations and predictions of a forward pass.
struct Forward<const H: usize, E: Scalar, T> {
    h1: Tensor<(usize, Const<H>), E, Cpu, T>,
    h2: Tensor<(usize, Const<H>), E, Cpu, T>,
    prediction: Tensor<(usize, Const<1>), E, Cpu, T>,
}

fn forward<const H: usize, E: Scalar, T>(
    theta: &Mlp<H, E, T>,
    activation: Activation,
    x: &Column<E>,
) -> Forward<H, E, T>
where
    Cpu: Device<E>,
    T: Tape<E, Cpu>,
{
    let n = x.shape().0;
    let sigma = |z: Tensor<(usize, Const<H>), E, Cpu, T>| match activation {
        Activation::Relu => z.relu(),
        Activation::Tanh => z.tanh(),
    };
    let Mlp { hidden1, hidden2, out } = theta.with_empty_tape();
    let z1 =
        x.retaped::<T>().matmul(hidden1.weight.permute()) + hidden1.bias.broadcast_like(&(n, Const::<H>));
    let h1 = sigma(z1);
    let z2 =
        h1.with_empty_tape().matmul(hidden2.weight.permute()) + hidden2.bias.broadcast_like(&(n, Const::<H>));
    let h2 = sigma(z2);
    let prediction =
        h2.with_empty_tape().matmul(out.weight.permute()) + out.bias.broadcast_like(&(n, Const::<1>));
    Forward { h1, h2, prediction }
}

/// Mean squared error of the network on these points.
pub fn loss<const H: usize, E: Scalar, T>(
    theta: Mlp<H, E, T>,
    activation: Activation,
    x: &Column<E>,
    y: &Column<E>,
) -> Tensor<Rank0, E, Cpu, T>
where
    Cpu: Device<E>,
    T: Tape<E, Cpu>,
{
    let Forward { h1, h2, prediction } = forward(&theta, activation, x);
    let error = prediction - y.clone();
    // A tensor used twice leaves its tape behind; every tape must reach the loss, or its operations
    // would vanish without a word.
    let (_, tape) = theta.split_tape();
    let (h1, h2) = (h1.split_tape().1, h2.split_tape().1);
    let (loss, last) = error.square().mean().split_tape();
    loss.put_tape(tape.merge(h1).merge(h2).merge(last))
}

/// sigma' from the activation's value, itself a taped operation where sigma'' is not zero.
fn slope<const H: usize, E: Scalar, T>(
    activation: Activation,
    h: &Tensor<(usize, Const<H>), E, Cpu, T>,
) -> Tensor<(usize, Const<H>), E, Cpu, T>
where
    Cpu: Device<E>,
    T: Tape<E, Cpu>,
{
    match activation {
        Activation::Relu => {
            let bare = h.retaped::<NoneTape>();
            let device = bare.device().clone();
            let mask = bare.gt(E::default());
            mask.choose(device.ones_like(&bare), device.zeros_like(&bare)).retaped()
        }
        Activation::Tanh => h.with_empty_tape().square().negate() + E::rounded(1.0),
    }
}

/// One SGD step, its gradient written out as taped operations.
pub fn inner_step<const H: usize, E: Scalar, T>(
    theta: Mlp<H, E, T>,
    activation: Activation,
    x: &Column<E>,
    y: &Column<E>,
    inner_lr: f64,
) -> Mlp<H, E, T>
where
    Cpu: Device<E>,
    T: Tape<E, Cpu>,
{
    let points = x.shape().0;
    let again = |t: &Tensor<(usize, Const<H>), E, Cpu, T>| t.with_empty_tape();
    let Forward { h1, h2, prediction } = forward(&theta, activation, x);
    let twice = theta.with_empty_tape();
    // d3 = 2 e / N; d2 = (d3 w3) s'(z2); d1 = (d2 w2) s'(z1).
    let d3 = (prediction - y.clone()) * E::rounded(2.0 / points as f64);
    let d2 = d3.with_empty_tape().matmul(twice.out.weight) * slope(activation, &h2);
    let d1 = again(&d2).matmul(twice.hidden2.weight) * slope(activation, &h1);
    let gradient = Mlp {
        hidden1: Layer {
            weight: again(&d1).permute::<_, Axes2<1, 0>>().matmul(x.retaped::<T>()),
            bias: again(&d1).sum::<_, Axis<0>>(),
        },
        hidden2: Layer {
            weight: again(&d2).permute::<_, Axes2<1, 0>>().matmul(again(&h1)),
            bias: again(&d2).sum::<_, Axis<0>>(),
        },
        out: Layer {
            weight: d3.with_empty_tape().permute::<_, Axes2<1, 0>>().matmul(again(&h2)),
            bias: d3.with_empty_tape().sum::<_, Axis<0>>(),
        },
    };
    let rate = E::rounded(inner_lr);
    let mut next = Mlp {
        hidden1: Layer {
            weight: theta.hidden1.weight - gradient.hidden1.weight * rate,
            bias: theta.hidden1.bias - gradient.hidden1.bias * rate,
        },
        hidden2: Layer {
            weight: theta.hidden2.weight - gradient.hidden2.weight * rate,
            bias: theta.hidden2.bias - gradient.hidden2.bias * rate,
        },
        out: Layer {
            weight: theta.out.weight - gradient.out.weight * rate,
            bias: theta.out.bias - gradient.out.bias * rate,
        },
    };
    // The tapes of what was used twice.
    let left = d1.split_tape().1.merge(d2.split_tape().1).merge(d3.split_tape().1);
    let left = left.merge(h1.split_tape().1).merge(h2.split_tape().1);
    let (bias, tape) = next.out.bias.split_tape();
    next.out.bias = bias.put_tape(tape.merge(left));
    next
}

/// The query loss after `steps` inner steps, on the tape of `theta`: its gradient is exact MAML's.
pub fn meta_loss<const H: usize, E: Scalar, T>(
    theta: Mlp<H, E, T>,
    activation: Activation,
    support: (&Column<E>, &Column<E>),
    query: (&Column<E>, &Column<E>),
    inner_lr: f64,
    steps: usize,
) -> Tensor<Rank0, E, Cpu, T>
where
    Cpu: Device<E>,
    T: Tape<E, Cpu>,
{
    let mut theta = theta;
    for _ in 0..steps {
        theta = inner_step(theta, activation, support.0, support.1, inner_lr);
    }
    loss(theta, activation, query.0, query.1)
}
