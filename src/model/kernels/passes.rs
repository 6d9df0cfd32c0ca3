//! The passes over one task's points, written once and compiled for each of this room's instruction sets: forward and backward, the weight gradient, one SGD step. `super::reference` in this room's
//! parent says the same in plain tensor operations; the tests hold the two together.
//!
//! With x [N,1] and hidden layers l = 0, 1, ..: h_0 = s(x w_in + b_0), h_l = s(h_(l-1) W_l^T + b_l),
//! p = h_last w_out + b_out, e = p - y. Then d_out = 2 e / N, u_last = d_out w_out, d_l = s'(z_l) u_l,
//! u_(l-1) = d_l W_l; the gradient is (w_in: x^T d_0, b_l: sum d_l, W_l: d_l^T h_(l-1),
//! w_out: d_out^T h_last, b_out: sum d_out).

use super::activation::{Linear, Nonlinearity};
use super::buffers::{Packed, Parts, Rows, Squares, Trace, ViewMut};
use super::dense::{self, Onto, Then, outer, product};
use super::matrix::{Matrix, MatrixMut, in_strips, load};
use super::real::Real;
use super::simd::{Lanes, Simd};

/// A layer's rows, and those of the layer before it to write to or from.
#[inline(always)]
pub(super) fn neighbours<E: Real>(
    layers: &mut [Rows<E>],
    layer: usize,
    rows: usize,
) -> (MatrixMut<'_, E>, MatrixMut<'_, E>) {
    let (before, from) = layers.split_at_mut(layer);
    (before[layer - 1].get_mut(rows), from[0].get_mut(rows))
}

/// The first layer: h = s(x input + bias).
#[inline(always)]
fn first_layer<E: Real, S: Simd<E>, A: Nonlinearity>(
    input: &[E],
    bias: &[E],
    x: &[E],
    mut h: MatrixMut<'_, E>,
) {
    let x = &x[..h.rows()];
    in_strips!(5, 3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (input, bias) = (load::<E, S, FEW>(input, lane), load::<E, S, FEW>(bias, lane));
        let mut h = h.reborrow().strip::<S, FEW>(lane);
        for n in 0..x.len() {
            let (x, h) = (S::splat(x[n]), h.at(n));
            for l in 0..FEW {
                S::store(&mut h[l], A::value::<E, S>(S::mul_add(x, input[l], bias[l])));
            }
        }
    });
}

/// Rows that are taken together where each has a sum across its lanes: enough to cover the latency of one.
const TOGETHER: usize = 5;

/// The predictions from the last layer's activations.
#[inline(always)]
pub(super) fn predict<E: Real, S: Simd<E>>(output: &[E], bias: E, h: Matrix<'_, E>, predictions: &mut [E]) {
    inner_of_rows::<E, S, 1>([(h, output)], predictions);
    for prediction in predictions {
        *prediction += bias;
    }
}

/// The inner product of every row with another, or the sum of several such products.
#[inline(always)]
pub(super) fn inner_of_rows<E: Real, S: Simd<E>, const K: usize>(
    products: [(Matrix<'_, E>, &[E]); K],
    out: &mut [E],
) {
    let (whole, rest) = out.split_at_mut(out.len() / TOGETHER * TOGETHER);
    for (group, out) in whole.chunks_exact_mut(TOGETHER).enumerate() {
        inner_of_few::<E, S, K, TOGETHER>(products, group * TOGETHER, out);
    }
    for (row, out) in rest.chunks_exact_mut(1).enumerate() {
        inner_of_few::<E, S, K, 1>(products, whole.len() + row, out);
    }
}

/// As [`inner_of_rows`], of `N` rows from this one on.
#[inline(always)]
fn inner_of_few<E: Real, S: Simd<E>, const K: usize, const N: usize>(
    products: [(Matrix<'_, E>, &[E]); K],
    first: usize,
    out: &mut [E],
) {
    let mut sums = [<S::Narrow as Simd<E>>::splat(E::default()); N];
    let lanes = products[0].0.stride() / S::Narrow::WIDTH;
    for lane in 0..lanes {
        for k in 0..K {
            let (rows, with) = products[k];
            let (rows, with) = (rows.strip::<S::Narrow, 1>(lane), load::<E, S::Narrow, 1>(with, lane));
            for r in 0..N {
                sums[r] = S::Narrow::mul_add(rows.load(first + r)[0], with[0], sums[r]);
            }
        }
    }
    for r in 0..N {
        out[r] = S::Narrow::sum(sums[r]);
    }
}

/// All hidden layers, where there are several perhaps without the nonlinearity of the last. `first` is the first layer's
/// bias, or one for each of several tasks whose points follow one another.
#[inline(always)]
fn hidden_layers<E: Real, S: Simd<E>, A: Nonlinearity>(
    activates_last: bool,
    w: &Parts<'_, E>,
    wt: &Squares<E>,
    first: Matrix<'_, E>,
    x: &[E],
    trace: &mut Trace<E>,
) {
    let rows = x.len();
    trace.resize(rows);
    let h = trace.h[0].get_mut(rows);
    if first.rows() == 1 {
        first_layer::<E, S, A>(w.input, first.row(0), x, h);
    } else {
        let each = rows / first.rows();
        for (bias, (x, h)) in first.iter().zip(x.chunks(each).zip(h.groups(each))) {
            first_layer::<E, S, A>(w.input, bias, x, h);
        }
    }
    let last = w.top();
    for layer in 1..=last {
        let (below, mut h) = neighbours(&mut trace.h, layer, rows);
        let pair = (below.shared(), wt.get(layer - 1));
        let (activates, bias) = (activates_last || layer < last, Some(w.biases.row(layer)));
        let then = if A::RECTIFIES && activates { Then::Rectified } else { Then::Written };
        product::<E, S>(w.shape().hidden(), pair, None, bias, then, h.reborrow());
        if !A::RECTIFIES && activates {
            activate::<E, S, A>(h);
        }
    }
}

/// The activations of all hidden layers, and the predictions, which go to `d_out`.
#[inline(always)]
fn forward_shifted<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Parts<'_, E>,
    wt: &Squares<E>,
    first: Matrix<'_, E>,
    x: &[E],
    trace: &mut Trace<E>,
) {
    hidden_layers::<E, S, A>(true, w, wt, first, x, trace);
    let rows = x.len();
    predict::<E, S>(w.output, w.last[0], trace.h[w.top()].get(rows), &mut trace.d_out[..rows]);
}

/// The activations of all hidden layers, and the predictions, which go to `d_out`.
#[inline(always)]
pub fn forward<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    x: &[E],
    trace: &mut Trace<E>,
) {
    let w = w.parts();
    forward_shifted::<E, S, A>(&w, wt, w.biases.split_at(1).0, x, trace);
}

/// The activations of all hidden layers but the nonlinearity of the last.
#[inline(always)]
pub fn features<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    x: &[E],
    trace: &mut Trace<E>,
) {
    let w = w.parts();
    if w.top() > 0 {
        hidden_layers::<E, S, A>(false, &w, wt, w.biases.split_at(1).0, x, trace);
        return;
    }
    trace.resize(x.len());
    first_layer::<E, S, Linear>(w.input, w.biases.row(0), x, trace.h[0].get_mut(x.len()));
}

/// The nonlinearity of the last hidden layer.
#[inline(always)]
pub fn activate_last<E: Real, S: Simd<E>, A: Nonlinearity>(rows: usize, trace: &mut Trace<E>) {
    let last = trace.h.len() - 1;
    activate::<E, S, A>(trace.h[last].get_mut(rows));
}

/// `h = s(h)`.
#[inline(always)]
fn activate<E: Real, S: Simd<E>, A: Nonlinearity>(h: MatrixMut<'_, E>) {
    for h in S::chunks_mut(h.flat()) {
        S::store(h, A::value::<E, S>(S::load(h)));
    }
}

/// Predictions turned into the mean squared error; `d_out` keeps 2 e / N.
#[inline(always)]
pub(super) fn squared_error<E: Real, S: Simd<E>>(y: &[E], trace: &mut Trace<E>) {
    let share = E::rounded(1.0 / y.len() as f64);
    let two_n = E::rounded(2.0 / y.len() as f64);
    let mut sum = E::default();
    // A loop of its own: nothing else waits for this sum.
    for (&prediction, &y) in trace.d_out.iter().zip(y) {
        let error = prediction - y;
        sum = S::mul_add_one(error, error, sum);
    }
    for (d_out, &y) in trace.d_out.iter_mut().zip(y) {
        *d_out = (*d_out - y) * two_n;
    }
    trace.loss = sum * share;
}

/// The forward pass and the loss alone.
#[inline(always)]
pub fn loss<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E>,
) {
    forward::<E, S, A>(w, wt, x, trace);
    squared_error::<E, S>(y, trace);
}

/// The forward pass, the loss, and its derivatives by the inputs of every layer.
#[inline(always)]
pub fn forward_backward<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E>,
) {
    loss::<E, S, A>(w, wt, x, y, trace);
    backward::<E, S, A>(&w.parts(), x.len(), trace);
}

/// The same for several tasks whose points follow one another, each with a bias of its own in the first layer;
/// the loss is the mean over all points.
#[inline(always)]
pub fn forward_backward_shifted<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    first: Matrix<'_, E>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E>,
) {
    let w = w.parts();
    forward_shifted::<E, S, A>(&w, wt, first, x, trace);
    squared_error::<E, S>(y, trace);
    backward::<E, S, A>(&w, x.len(), trace);
}

/// The derivatives by the inputs of every layer, from those by the predictions.
#[inline(always)]
fn backward<E: Real, S: Simd<E>, A: Nonlinearity>(w: &Parts<'_, E>, rows: usize, trace: &mut Trace<E>) {
    let Trace { h, d, d_out, .. } = trace;
    let last = h.len() - 1;
    let (h_last, d_last) = (h[last].get(rows), d[last].get_mut(rows));
    last_slope::<E, S, A>(w.output, d_out, h_last, d_last);
    descend_layers::<E, S, A>(w, rows, trace);
}

/// The derivatives by the inputs of the last hidden layer, from those by its activations, which lie in its place of
/// `trace.d`.
#[inline(always)]
pub fn last_slopes<E: Real, S: Simd<E>, A: Nonlinearity>(rows: usize, trace: &mut Trace<E>) {
    let last = trace.h.len() - 1;
    scale_by_slope::<E, S, A>(trace.h[last].get(rows), trace.d[last].get_mut(rows));
}

/// The derivatives by the inputs of every layer, from those by the inputs of the last, which lie in its place of
/// `trace.d`.
#[inline(always)]
pub fn backward_from_features<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    rows: usize,
    trace: &mut Trace<E>,
) {
    descend_layers::<E, S, A>(&w.parts(), rows, trace);
}

/// The derivatives by the inputs of every layer below the last, from those of the last.
#[inline(always)]
fn descend_layers<E: Real, S: Simd<E>, A: Nonlinearity>(w: &Parts<'_, E>, rows: usize, trace: &mut Trace<E>) {
    let Trace { h, d, u, .. } = trace;
    let last = h.len() - 1;
    for layer in (1..=last).rev() {
        let (mut below, d) = neighbours(d, layer, rows);
        let pair = (d.shared(), w.square(layer - 1));
        let h = h[layer - 1].get(rows);
        let then = if A::RECTIFIES { Then::WherePositive(h) } else { Then::Written };
        product::<E, S>(w.shape().hidden(), pair, None, None, then, below.reborrow());
        if A::CURVED {
            u[layer - 1].get_mut(rows).flat().copy_from_slice(below.shared().flat());
        }
        if !A::RECTIFIES {
            scale_by_slope::<E, S, A>(h, below);
        }
    }
}

/// The derivative by the last hidden layer's inputs: d = s'(z) (d_out output).
#[inline(always)]
fn last_slope<E: Real, S: Simd<E>, A: Nonlinearity>(
    output: &[E],
    d_out: &[E],
    h: Matrix<'_, E>,
    mut d: MatrixMut<'_, E>,
) {
    let d_out = &d_out[..d.rows()];
    assert!(h.rows() == d.rows(), "a row a point");
    in_strips!(5, 3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (output, h) = (load::<E, S, FEW>(output, lane), h.strip::<S, FEW>(lane));
        let mut d = d.reborrow().strip::<S, FEW>(lane);
        for n in 0..d_out.len() {
            let (d_out, h, d) = (S::splat(d_out[n]), h.load(n), d.at(n));
            for l in 0..FEW {
                S::store(&mut d[l], A::slope::<E, S>(h[l], S::mul(d_out, output[l])));
            }
        }
    });
}

/// `u = s'(z) u` from the activations h = s(z).
#[inline(always)]
pub(super) fn scale_by_slope<E: Real, S: Simd<E>, A: Nonlinearity>(h: Matrix<'_, E>, u: MatrixMut<'_, E>) {
    for (h, u) in S::chunks(h.flat()).iter().zip(S::chunks_mut(u.flat())) {
        S::store(u, A::slope::<E, S>(S::load(h), S::load(u)));
    }
}

/// Where the sums of a gradient go: stored as they are, or onto `base`, scaled, which for `adds` is added to what is
/// there.
#[inline(always)]
pub(super) fn store<E: Real, S: Simd<E>, const N: usize>(
    sums: [S::V; N],
    base: Option<(&[E], E)>,
    adds: bool,
    out: &mut [E],
    lane: usize,
) {
    let out = &mut S::chunks_mut(out)[lane..lane + N];
    match base {
        Some((base, scale)) => {
            let (base, scale) = (load::<E, S, N>(base, lane), S::splat(scale));
            for l in 0..N {
                let sum = S::mul_add(scale, sums[l], base[l]);
                let sum = if adds { S::add(S::load(&out[l]), sum) } else { sum };
                S::store(&mut out[l], sum);
            }
        }
        None => {
            for l in 0..N {
                S::store(&mut out[l], sums[l]);
            }
        }
    }
}

/// The gradient of the loss that `trace` was made by; `base + scale * gradient` where `base` is given.
#[inline(always)]
fn gradient_onto<E: Real, S: Simd<E>>(
    trace: &Trace<E>,
    x: &[E],
    base: Option<(&Packed<E>, E)>,
    out: &mut Packed<E>,
) {
    let rows = x.len();
    let Trace { h, d, d_out, .. } = trace;
    let last = h.len() - 1;
    let base = base.map(|(base, scale)| (base.parts(), scale));
    let base = base.as_ref();
    let mut out = out.parts_mut();
    for layer in 1..=last {
        let pair = (d[layer].get(rows), h[layer - 1].get(rows));
        let onto = base.map_or(Onto::Nothing, |(base, scale)| Onto::Base(base.square(layer - 1), *scale));
        outer::<E, S>(pair, None, onto, out.square(layer - 1));
    }
    let (first, top, h_top) = (d[0].get(rows), d[last].get(rows), h[last].get(rows));
    let d_out = &d_out[..rows];
    let mut biases = out.biases;
    in_strips!(2, 1 of first.stride() / S::WIDTH, |lane, FEW| {
        let (first, top) = (first.strip::<S, FEW>(lane), top.strip::<S, FEW>(lane));
        let h_top = h_top.strip::<S, FEW>(lane);
        let mut g = [[S::splat(E::default()); FEW]; 4];
        for n in 0..rows {
            let (x, d_out) = (S::splat(x[n]), S::splat(d_out[n]));
            let (first, top, h_top) = (first.load(n), top.load(n), h_top.load(n));
            for l in 0..FEW {
                g[0][l] = S::mul_add(x, first[l], g[0][l]);
                g[1][l] = S::add(g[1][l], first[l]);
                g[2][l] = S::add(g[2][l], top[l]);
                g[3][l] = S::mul_add(d_out, h_top[l], g[3][l]);
            }
        }
        store::<E, S, FEW>(g[0], base.map(|(base, scale)| (base.input, *scale)), false, out.input, lane);
        let base_first = base.map(|(base, scale)| (base.biases.row(0), *scale));
        store::<E, S, FEW>(g[1], base_first, false, biases.reborrow().row(0), lane);
        // With one hidden layer the same once more.
        let base_top = base.map(|(base, scale)| (base.biases.row(last), *scale));
        store::<E, S, FEW>(g[2], base_top, false, biases.reborrow().row(last), lane);
        store::<E, S, FEW>(g[3], base.map(|(base, scale)| (base.output, *scale)), false, out.output, lane);
    });
    for layer in 1..last {
        let base = base.map(|(base, scale)| (base.biases.row(layer), *scale));
        sum_rows::<E, S>(d[layer].get(rows), base, false, biases.reborrow().row(layer));
    }
    let sum = d_out.iter().fold(E::default(), |sum, &d| sum + d);
    out.last[0] = base.map_or(sum, |(base, scale)| S::mul_add_one(*scale, sum, base.last[0]));
}

/// The sum of rows: a bias's gradient.
#[inline(always)]
pub(super) fn sum_rows<E: Real, S: Simd<E>>(
    d: Matrix<'_, E>,
    base: Option<(&[E], E)>,
    adds: bool,
    out: &mut [E],
) {
    in_strips!(5, 3, 2, 1 of d.stride() / S::WIDTH, |lane, FEW| {
        let (mut sums, rows) = ([S::splat(E::default()); FEW], d.strip::<S, FEW>(lane));
        for n in 0..d.rows() {
            let d = rows.load(n);
            for l in 0..FEW {
                sums[l] = S::add(sums[l], d[l]);
            }
        }
        store::<E, S, FEW>(sums, base, adds, out, lane);
    });
}

/// The derivatives by the first layer's bias, of each of several tasks whose points follow one another.
#[inline(always)]
pub fn first_bias_gradients<E: Real, S: Simd<E>>(
    trace: &Trace<E>,
    rows: usize,
    scale: E,
    out: MatrixMut<'_, E>,
) {
    let each = rows / out.rows();
    let scale = S::splat(scale);
    for (d, out) in trace.d[0].get(rows).groups(each).zip(out.iter_mut()) {
        sum_rows::<E, S>(d, None, false, out);
        for out in S::chunks_mut(out) {
            S::store(out, S::mul(S::load(out), scale));
        }
    }
}

/// `out = base + scale * gradient` of the loss `trace` was made by. One SGD step is `base` = the
/// weights and `scale` = -rate.
#[inline(always)]
pub fn add_gradient<E: Real, S: Simd<E>>(
    trace: &Trace<E>,
    x: &[E],
    base: &Packed<E>,
    scale: E,
    out: &mut Packed<E>,
) {
    gradient_onto::<E, S>(trace, x, Some((base, scale)), out);
}

/// The gradient of the loss `trace` was made by.
#[inline(always)]
pub fn gradient<E: Real, S: Simd<E>>(trace: &Trace<E>, x: &[E], out: &mut Packed<E>) {
    gradient_onto::<E, S>(trace, x, None, out);
}

/// Takes the numbers of a network without padding, one tensor after another; padding stays or becomes zero.
#[inline(always)]
pub fn pack<E: Real, S: Simd<E>>(numbers: &[E], mut out: ViewMut<'_, E>) {
    let shape = out.shape();
    let (hidden, stride) = (shape.hidden(), shape.stride());
    let mut rest = numbers;
    for tensor in 0..2 * (shape.layers() + 1) {
        let (numbers, tail) = rest.split_at(shape.count(tensor));
        rest = tail;
        let rows = out.tensor_mut(tensor);
        if numbers.len() <= hidden || hidden == stride {
            rows[..numbers.len()].copy_from_slice(numbers);
            continue;
        }
        dense::spread::<E, S>(hidden, numbers, MatrixMut::new(rows, stride));
    }
}

/// `sum += x`, parameter by parameter.
#[inline(always)]
pub fn add<E: Real, S: Simd<E>>(sum: &mut Packed<E>, x: &Packed<E>) {
    for (sum, &x) in sum.flat_mut().iter_mut().zip(x.flat()) {
        *sum += x;
    }
}

/// `out = x - y`, parameter by parameter.
#[inline(always)]
pub fn subtract<E: Real, S: Simd<E>>(x: &Packed<E>, y: &Packed<E>, out: &mut Packed<E>) {
    for (out, (&x, &y)) in out.flat_mut().iter_mut().zip(x.flat().iter().zip(y.flat())) {
        *out = x - y;
    }
}

/// The squares of `w`, transposed.
#[inline(always)]
pub fn transpose<E: Real, S: Simd<E>>(w: &Packed<E>, wt: &mut Squares<E>) {
    let w = w.parts();
    for layer in 0..w.top() {
        dense::transpose::<E, S>(w.square(layer), wt.get_mut(layer));
    }
}
