//! The same gradients in plain dfdx operations: the page to read, and the oracle the kernels are
//! tested against.
//!
//! dfdx has no higher-order gradients, so the *inner* gradient is written out by hand as ordinary
//! taped operations; the tape then differentiates through it, which gives the exact meta-gradient.

use dfdx::prelude::*;

use super::parameters::{Array, Parameters};
use super::scalar::Scalar;
use super::settings::Activation;

/// A fully connected layer: `y = x weight^T + bias`.
#[derive(Clone, Debug)]
struct Layer<const I: usize, const O: usize, E: Dtype, T> {
    /// `[O, I]`.
    weight: Tensor<Rank2<O, I>, E, Cpu, T>,
    /// `[O]`.
    bias: Tensor<Rank1<O>, E, Cpu, T>,
}

/// The layers of a network of one input, hidden layers of width `H` and one output.
#[derive(Clone, Debug)]
struct Mlp<const H: usize, E: Dtype, T> {
    hidden1: Layer<1, H, E, T>,
    deeper: Vec<Layer<H, H, E, T>>,
    out: Layer<H, 1, E, T>,
}

impl<const H: usize, E: Scalar, T: Tape<E, Cpu>> Mlp<H, E, T> {
    /// Those that these parameters are.
    fn new(parameters: Parameters<E, T>) -> Self {
        let mut arrays = parameters.arrays::<H>().into_iter().flatten();
        let mut next = || (arrays.next(), arrays.next());
        let (Some(Array::Column(weight)), Some(Array::Vector(bias))) = next() else {
            unreachable!("{NOT_ONE}")
        };
        let hidden1 = Layer { weight, bias };
        let mut deeper = Vec::new();
        loop {
            match next() {
                (Some(Array::Square(weight)), Some(Array::Vector(bias))) => {
                    deeper.push(Layer { weight, bias })
                }
                (Some(Array::Row(weight)), Some(Array::One(bias))) => {
                    return Self { hidden1, deeper, out: Layer { weight, bias } };
                }
                _ => unreachable!("{NOT_ONE}"),
            }
        }
    }

    fn with_empty_tape(&self) -> Self {
        fn layer<const I: usize, const O: usize, E: Scalar, T: Tape<E, Cpu>>(
            layer: &Layer<I, O, E, T>,
        ) -> Layer<I, O, E, T> {
            Layer { weight: layer.weight.with_empty_tape(), bias: layer.bias.with_empty_tape() }
        }
        Self {
            hidden1: layer(&self.hidden1),
            deeper: self.deeper.iter().map(layer).collect(),
            out: layer(&self.out),
        }
    }

    /// All tapes of its tensors as one.
    fn into_tape(self) -> T {
        fn tape<const I: usize, const O: usize, E: Scalar, T: Tape<E, Cpu>>(layer: Layer<I, O, E, T>) -> T {
            layer.weight.split_tape().1.merge(layer.bias.split_tape().1)
        }
        let first = tape(self.hidden1).merge(tape(self.out));
        self.deeper.into_iter().map(tape).fold(first, Merge::merge)
    }
}

/// Why parameters have no layers.
const NOT_ONE: &str = "these are not the parameters of such a network";

/// A column of points, `[N, 1]`, recorded on no tape.
pub type Column<E> = Tensor<(usize, Const<1>), E, Cpu>;

/// Points as a column.
pub fn column<E: Scalar>(device: &Cpu, values: &[E]) -> Column<E> {
    device.tensor_from_vec(values.to_vec(), (values.len(), Const::<1>))
}

/// Hidden activations, layer by layer, and predictions of a forward pass.
struct Forward<const H: usize, E: Scalar, T> {
    h: Vec<Tensor<(usize, Const<H>), E, Cpu, T>>,
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
    let Mlp { hidden1, deeper, out, .. } = theta.with_empty_tape();
    let z = x.retaped::<T>().matmul(hidden1.weight.permute()) + hidden1.bias.broadcast_like(&(n, Const::<H>));
    let mut h = vec![sigma(z)];
    for layer in deeper {
        let below = h[h.len() - 1].with_empty_tape();
        let z = below.matmul(layer.weight.permute()) + layer.bias.broadcast_like(&(n, Const::<H>));
        h.push(sigma(z));
    }
    let last = h[h.len() - 1].with_empty_tape();
    let prediction = last.matmul(out.weight.permute()) + out.bias.broadcast_like(&(n, Const::<1>));
    Forward { h, prediction }
}

/// Mean squared error of the network on these points.
fn loss<const H: usize, E: Scalar, T>(
    theta: Mlp<H, E, T>,
    activation: Activation,
    x: &Column<E>,
    y: &Column<E>,
) -> Tensor<Rank0, E, Cpu, T>
where
    Cpu: Device<E>,
    T: Tape<E, Cpu>,
{
    let Forward { h, prediction } = forward(&theta, activation, x);
    let error = prediction - y.clone();
    // A tensor used twice leaves its tape behind; every tape must reach the loss, or its operations
    // would vanish without a word.
    let mut tape = theta.into_tape();
    for h in h {
        tape = tape.merge(h.split_tape().1);
    }
    let (loss, last) = error.square().mean().split_tape();
    loss.put_tape(tape.merge(last))
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
fn inner_step<const H: usize, E: Scalar, T>(
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
    let Forward { h, prediction } = forward(&theta, activation, x);
    let mut twice = theta.with_empty_tape();
    // d_out = 2 e / N; d of the last layer = (d_out w_out) s'(z); of one below = (d W) s'(z).
    let d_out = (prediction - y.clone()) * E::rounded(2.0 / points as f64);
    let last = h.len() - 1;
    let d = d_out.with_empty_tape().matmul(twice.out.weight) * slope(activation, &h[last]);
    let mut d = vec![d];
    while let Some(layer) = twice.deeper.pop() {
        let above = d[d.len() - 1].with_empty_tape();
        d.push(above.matmul(layer.weight) * slope(activation, &h[twice.deeper.len()]));
    }
    d.reverse();
    let rate = E::rounded(inner_lr);
    let Mlp { hidden1, deeper, out } = theta;
    let hidden1 = {
        let weight = d[0].with_empty_tape().permute::<_, Axes2<1, 0>>().matmul(x.retaped::<T>());
        descend(hidden1, weight, d[0].with_empty_tape().sum::<_, Axis<0>>(), rate)
    };
    let moved = deeper.into_iter().enumerate().map(|(at, layer)| {
        let (d, h) = (&d[at + 1], &h[at]);
        let weight = d.with_empty_tape().permute::<_, Axes2<1, 0>>().matmul(h.with_empty_tape());
        descend(layer, weight, d.with_empty_tape().sum::<_, Axis<0>>(), rate)
    });
    let deeper = moved.collect();
    let weight = d_out.with_empty_tape().permute::<_, Axes2<1, 0>>().matmul(h[last].with_empty_tape());
    let mut out = descend(out, weight, d_out.with_empty_tape().sum::<_, Axis<0>>(), rate);
    // The tapes of what was used twice.
    let (bias, mut tape) = out.bias.split_tape();
    for used in d.into_iter().chain(h) {
        tape = tape.merge(used.split_tape().1);
    }
    out.bias = bias.put_tape(tape.merge(d_out.split_tape().1));
    Mlp { hidden1, deeper, out }
}

/// A layer less `rate` times its gradient.
fn descend<const I: usize, const O: usize, E: Scalar, T: Tape<E, Cpu>>(
    layer: Layer<I, O, E, T>,
    weight: Tensor<Rank2<O, I>, E, Cpu, T>,
    bias: Tensor<Rank1<O>, E, Cpu, T>,
    rate: E,
) -> Layer<I, O, E, T>
where
    Cpu: Device<E>,
{
    Layer { weight: layer.weight - weight * rate, bias: layer.bias - bias * rate }
}

/// The query loss of a network of width `H` after `steps` inner steps, on the tape of `theta`: its gradient is exact
/// MAML's.
pub fn meta_loss<const H: usize, E: Scalar, T>(
    theta: Parameters<E, T>,
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
    let mut theta = Mlp::<H, E, T>::new(theta);
    for _ in 0..steps {
        theta = inner_step(theta, activation, support.0, support.1, inner_lr);
    }
    loss(theta, activation, query.0, query.1)
}
