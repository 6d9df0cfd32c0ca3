//! The passes over one task's points, written once and compiled twice (with AVX2 and FMA, and
//! portably): forward and backward, the weight gradient, one SGD step. `super::reference` in this room's
//! parent says the same in plain tensor operations; the tests hold the two together.
//!
//! With x [N,1] and hidden layers l = 0, 1, ..: h_0 = s(x w_in + b_0), h_l = s(h_(l-1) W_l^T + b_l),
//! p = h_last w_out + b_out, e = p - y. Then d_out = 2 e / N, u_last = d_out w_out, d_l = s'(z_l) u_l,
//! u_(l-1) = d_l W_l; the gradient is (w_in: x^T d_0, b_l: sum d_l, W_l: d_l^T h_(l-1),
//! w_out: d_out^T h_last, b_out: sum d_out).

use super::activation::Nonlinearity;
use super::buffers::{Packed, Parts, Rows, Squares, Trace};
use super::dense::{self, Square, outer, product};
use super::real::Real;
use super::simd::Simd;

/// A layer's rows, and those of the layer before it to write to or from.
#[inline(always)]
pub(super) fn neighbours<E: Real, const P: usize>(
    layers: &mut [Rows<E, P>],
    layer: usize,
    rows: usize,
) -> (&mut [[E; P]], &mut [[E; P]]) {
    let (before, from) = layers.split_at_mut(layer);
    (before[layer - 1].get_mut(rows), from[0].get_mut(rows))
}

/// The first layer: h = s(x input + bias). A function of its own, as the next ones are, so that the compiler
/// knows weights and rows for different memory and keeps the weights in registers.
#[inline(always)]
fn first_layer<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    input: &[E; P],
    bias: &[E; P],
    x: &[E],
    h: &mut [[E; P]],
) {
    for (h, &x) in h.iter_mut().zip(x) {
        let x = S::splat(x);
        for lane in 0..P / S::WIDTH {
            let z = S::mul_add(x, S::load(input, lane), S::load(bias, lane));
            S::store(h, lane, A::value::<E, S>(z));
        }
    }
}

/// The predictions from the last layer's rows, which go through the nonlinearity first if they have not yet.
#[inline(always)]
pub(super) fn predict<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    is_activated: bool,
    output: &[E; P],
    bias: E,
    h: &mut [[E; P]],
    predictions: &mut [E],
) {
    for (h, prediction) in h.iter_mut().zip(predictions) {
        let mut sums = S::splat(E::default());
        for lane in 0..P / S::WIDTH {
            let mut value = S::load(h, lane);
            if !is_activated {
                value = A::value::<E, S>(value);
                S::store(h, lane, value);
            }
            sums = S::mul_add(value, S::load(output, lane), sums);
        }
        *prediction = S::sum(sums) + bias;
    }
}

/// All hidden layers but the nonlinearity of the last, where there are several. `first` is the first layer's
/// bias, or one for each of several tasks whose points follow one another.
#[inline(always)]
fn hidden_layers<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Parts<'_, E, P>,
    wt: &[Square<E, P>],
    first: &[[E; P]],
    x: &[E],
    trace: &mut Trace<E, P>,
) {
    let rows = x.len();
    trace.resize(rows);
    let h = trace.h[0].get_mut(rows);
    if let [bias] = first {
        first_layer::<E, S, A, P>(w.input, bias, x, h);
    } else {
        let each = rows / first.len();
        for (bias, (x, h)) in first.iter().zip(x.chunks(each).zip(h.chunks_mut(each))) {
            first_layer::<E, S, A, P>(w.input, bias, x, h);
        }
    }
    let last = w.biases.len() - 1;
    for layer in 1..=last {
        let (below, h) = neighbours(&mut trace.h, layer, rows);
        product::<E, S, P>((below, &wt[layer - 1]), None, Some(&w.biases[layer]), h);
        if layer < last {
            activate::<E, S, A, P>(h);
        }
    }
}

/// The activations of all hidden layers, and the predictions, which go to `d_out`.
#[inline(always)]
fn forward_shifted<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Parts<'_, E, P>,
    wt: &[Square<E, P>],
    first: &[[E; P]],
    x: &[E],
    trace: &mut Trace<E, P>,
) {
    hidden_layers::<E, S, A, P>(w, wt, first, x, trace);
    let (rows, last) = (x.len(), w.biases.len() - 1);
    let h = trace.h[last].get_mut(rows);
    predict::<E, S, A, P>(last == 0, w.output, w.last[0], h, &mut trace.d_out[..rows]);
}

/// The activations of all hidden layers, and the predictions, which go to `d_out`.
#[inline(always)]
pub fn forward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    x: &[E],
    trace: &mut Trace<E, P>,
) {
    let w = w.parts();
    forward_shifted::<E, S, A, P>(&w, wt.get(w.biases.len()), &w.biases[..1], x, trace);
}

/// The activations of all hidden layers.
#[inline(always)]
pub fn features<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    x: &[E],
    trace: &mut Trace<E, P>,
) {
    let w = w.parts();
    hidden_layers::<E, S, A, P>(&w, wt.get(w.biases.len()), &w.biases[..1], x, trace);
    if w.biases.len() > 1 {
        activate::<E, S, A, P>(trace.h[w.biases.len() - 1].get_mut(x.len()));
    }
}

/// `h = s(h)`.
#[inline(always)]
fn activate<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(h: &mut [[E; P]]) {
    for h in h {
        for lane in 0..P / S::WIDTH {
            let value = A::value::<E, S>(S::load(h, lane));
            S::store(h, lane, value);
        }
    }
}

/// Predictions turned into the mean squared error; `d_out` keeps 2 e / N.
#[inline(always)]
pub(super) fn squared_error<E: Real, S: Simd<E>, const P: usize>(y: &[E], trace: &mut Trace<E, P>) {
    let share = E::rounded(1.0 / y.len() as f64);
    let two_n = E::rounded(2.0 / y.len() as f64);
    let mut sum = E::default();
    for (d_out, &y) in trace.d_out.iter_mut().zip(y) {
        let error = *d_out - y;
        sum = S::mul_add_one(error, error, sum);
        *d_out = error * two_n;
    }
    trace.loss = sum * share;
}

/// The forward pass and the loss alone.
#[inline(always)]
pub fn loss<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E, P>,
) {
    forward::<E, S, A, P>(w, wt, x, trace);
    squared_error::<E, S, P>(y, trace);
}

/// The forward pass, the loss, and its derivatives by the inputs of every layer.
#[inline(always)]
pub fn forward_backward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E, P>,
) {
    loss::<E, S, A, P>(w, wt, x, y, trace);
    backward::<E, S, A, P>(&w.parts(), x.len(), trace);
}

/// The same for several tasks whose points follow one another, each with a bias of its own in the first layer;
/// the loss is the mean over all points.
#[inline(always)]
pub fn forward_backward_shifted<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    first: &[[E; P]],
    x: &[E],
    y: &[E],
    trace: &mut Trace<E, P>,
) {
    let w = w.parts();
    forward_shifted::<E, S, A, P>(&w, wt.get(w.biases.len()), first, x, trace);
    squared_error::<E, S, P>(y, trace);
    backward::<E, S, A, P>(&w, x.len(), trace);
}

/// The derivatives by the inputs of every layer, from those by the predictions.
#[inline(always)]
fn backward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Parts<'_, E, P>,
    rows: usize,
    trace: &mut Trace<E, P>,
) {
    let Trace { h, d, d_out, .. } = trace;
    let last = h.len() - 1;
    let (h_last, d_last) = (h[last].get(rows), d[last].get_mut(rows));
    last_slope::<E, S, A, P>(w.output, d_out, h_last, d_last);
    descend_layers::<E, S, A, P>(w, rows, trace);
}

/// The derivatives by the inputs of every layer, from those by the activations of the last, which lie in its
/// place of `trace.d`.
#[inline(always)]
pub fn backward_from_features<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    rows: usize,
    trace: &mut Trace<E, P>,
) {
    let last = trace.h.len() - 1;
    scale_by_slope::<E, S, A, P>(trace.h[last].get(rows), trace.d[last].get_mut(rows));
    descend_layers::<E, S, A, P>(&w.parts(), rows, trace);
}

/// The derivatives by the inputs of every layer below the last, from those of the last.
#[inline(always)]
fn descend_layers<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Parts<'_, E, P>,
    rows: usize,
    trace: &mut Trace<E, P>,
) {
    let Trace { h, d, u, .. } = trace;
    let last = h.len() - 1;
    for layer in (1..=last).rev() {
        let (below, d) = neighbours(d, layer, rows);
        product::<E, S, P>((d, &w.squares[layer - 1]), None, None, below);
        if A::CURVED {
            u[layer - 1].get_mut(rows).copy_from_slice(below);
        }
        scale_by_slope::<E, S, A, P>(h[layer - 1].get(rows), below);
    }
}

/// The derivative by the last hidden layer's inputs: d = s'(z) (d_out output).
#[inline(always)]
fn last_slope<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    output: &[E; P],
    d_out: &[E],
    h: &[[E; P]],
    d: &mut [[E; P]],
) {
    for ((d, h), &d_out) in d.iter_mut().zip(h).zip(d_out) {
        let d_out = S::splat(d_out);
        for lane in 0..P / S::WIDTH {
            let u = S::mul(d_out, S::load(output, lane));
            S::store(d, lane, A::slope::<E, S>(S::load(h, lane), u));
        }
    }
}

/// `u = s'(z) u` from the activations h = s(z).
#[inline(always)]
pub(super) fn scale_by_slope<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    h: &[[E; P]],
    u: &mut [[E; P]],
) {
    for (h, u) in h.iter().zip(u) {
        for lane in 0..P / S::WIDTH {
            let scaled = A::slope::<E, S>(S::load(h, lane), S::load(u, lane));
            S::store(u, lane, scaled);
        }
    }
}

/// Where the sums of a gradient go: stored as they are, or onto `base`, scaled.
#[inline(always)]
pub(super) fn store<E: Real, S: Simd<E>, const P: usize>(
    sum: S::V,
    base: Option<(&[E; P], E)>,
    out: &mut [E; P],
    lane: usize,
) {
    let sum = match base {
        Some((base, scale)) => S::mul_add(S::splat(scale), sum, S::load(base, lane)),
        None => sum,
    };
    S::store(out, lane, sum);
}

/// The gradient of the loss that `trace` was made by; `base + scale * gradient` where `base` is given.
#[inline(always)]
fn gradient_onto<E: Real, S: Simd<E>, const P: usize>(
    trace: &Trace<E, P>,
    x: &[E],
    base: Option<(&Packed<E, P>, E)>,
    out: &mut Packed<E, P>,
) {
    let rows = x.len();
    let Trace { h, d, d_out, .. } = trace;
    let last = h.len() - 1;
    let base = base.map(|(base, scale)| (base.parts(), scale));
    let base = base.as_ref();
    let out = out.parts_mut();
    for layer in 1..=last {
        let pair = (d[layer].get(rows), h[layer - 1].get(rows));
        let base = base.map(|(base, scale)| (&base.squares[layer - 1], *scale));
        outer::<E, S, P>(pair, None, base, &mut out.squares[layer - 1]);
    }
    let (first, top, h_top) = (d[0].get(rows), d[last].get(rows), h[last].get(rows));
    let d_out = &d_out[..rows];
    for lane in 0..P / S::WIDTH {
        // Four sums at once cover the latency of one.
        let mut g = [S::splat(E::default()); 4];
        for n in 0..rows {
            let d = S::load(&first[n], lane);
            g[0] = S::mul_add(S::splat(x[n]), d, g[0]);
            g[1] = S::add(g[1], d);
            g[2] = S::add(g[2], S::load(&top[n], lane));
            g[3] = S::mul_add(S::splat(d_out[n]), S::load(&h_top[n], lane), g[3]);
        }
        store::<E, S, P>(g[0], base.map(|(base, scale)| (base.input, *scale)), out.input, lane);
        store::<E, S, P>(g[1], base.map(|(base, scale)| (&base.biases[0], *scale)), &mut out.biases[0], lane);
        // With one hidden layer the same once more.
        let base_top = base.map(|(base, scale)| (&base.biases[last], *scale));
        store::<E, S, P>(g[2], base_top, &mut out.biases[last], lane);
        store::<E, S, P>(g[3], base.map(|(base, scale)| (base.output, *scale)), out.output, lane);
    }
    for layer in 1..last {
        let base = base.map(|(base, scale)| (&base.biases[layer], *scale));
        sum_rows::<E, S, P>(d[layer].get(rows), base, &mut out.biases[layer]);
    }
    let sum = d_out.iter().fold(E::default(), |sum, &d| sum + d);
    out.last[0] = base.map_or(sum, |(base, scale)| S::mul_add_one(*scale, sum, base.last[0]));
}

/// The sum of rows: a bias's gradient.
#[inline(always)]
pub(super) fn sum_rows<E: Real, S: Simd<E>, const P: usize>(
    d: &[[E; P]],
    base: Option<(&[E; P], E)>,
    out: &mut [E; P],
) {
    for lane in 0..P / S::WIDTH {
        let mut sum = S::splat(E::default());
        for d in d {
            sum = S::add(sum, S::load(d, lane));
        }
        store::<E, S, P>(sum, base, out, lane);
    }
}

/// The derivatives by the first layer's bias, of each of several tasks whose points follow one another.
#[inline(always)]
pub fn first_bias_gradients<E: Real, S: Simd<E>, const P: usize>(
    trace: &Trace<E, P>,
    rows: usize,
    scale: E,
    out: &mut [[E; P]],
) {
    let each = rows / out.len();
    let scale = S::splat(scale);
    for (d, out) in trace.d[0].get(rows).chunks(each).zip(out) {
        sum_rows::<E, S, P>(d, None, out);
        for lane in 0..P / S::WIDTH {
            let sum = S::mul(S::load(out, lane), scale);
            S::store(out, lane, sum);
        }
    }
}

/// `out = base + scale * gradient` of the loss `trace` was made by. One SGD step is `base` = the
/// weights and `scale` = -rate.
#[inline(always)]
pub fn add_gradient<E: Real, S: Simd<E>, const P: usize>(
    trace: &Trace<E, P>,
    x: &[E],
    base: &Packed<E, P>,
    scale: E,
    out: &mut Packed<E, P>,
) {
    gradient_onto::<E, S, P>(trace, x, Some((base, scale)), out);
}

/// The gradient of the loss `trace` was made by.
#[inline(always)]
pub fn gradient<E: Real, S: Simd<E>, const P: usize>(trace: &Trace<E, P>, x: &[E], out: &mut Packed<E, P>) {
    gradient_onto::<E, S, P>(trace, x, None, out);
}

/// `sum += x`, parameter by parameter.
#[inline(always)]
pub fn add<E: Real, S: Simd<E>, const P: usize>(sum: &mut Packed<E, P>, x: &Packed<E, P>) {
    for (sum, &x) in sum.flat_mut().iter_mut().zip(x.flat()) {
        *sum += x;
    }
}

/// `out = x - y`, parameter by parameter.
#[inline(always)]
pub fn subtract<E: Real, S: Simd<E>, const P: usize>(
    x: &Packed<E, P>,
    y: &Packed<E, P>,
    out: &mut Packed<E, P>,
) {
    for (out, (&x, &y)) in out.flat_mut().iter_mut().zip(x.flat().iter().zip(y.flat())) {
        *out = x - y;
    }
}

/// The squares of `w`, transposed.
#[inline(always)]
pub fn transpose<E: Real, S: Simd<E>, const P: usize>(w: &Packed<E, P>, wt: &mut Squares<E, P>) {
    let Parts { squares, biases, .. } = w.parts();
    for (square, transposed) in squares.iter().zip(wt.get_mut(biases.len())) {
        dense::transpose::<E, S, P>(square, transposed);
    }
}
