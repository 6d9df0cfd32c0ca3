//! The Hessian-vector product, which is what exact meta-gradients are made of: how everything that
//! [`super::passes`] computes moves when the weights move in one direction (Pearlmutter 1994). Written
//! once and compiled twice, as the passes are.

use super::activation::Nonlinearity;
use super::buffers::{Packed, Parts, Squares, Trace};
use super::dense::{Square, outer, product};
use super::passes::{neighbours, scale_by_slope, store, sum_rows};
use super::real::Real;
use super::simd::Simd;

/// A direction in the space of weights, with its squares transposed.
pub struct Direction<'a, E, const P: usize> {
    /// The direction.
    pub v: &'a Packed<E, P>,
    /// Its squares transposed.
    pub vt: &'a Squares<E, P>,
}

/// `out = base + scale * H v`, with H the Hessian of the loss that `trace` belongs to, at `w`:
/// the directional derivative of `forward_backward` and `gradient` along v.
/// The VJP of an SGD step of rate a is `base` = v and `scale` = -a. `tangent` receives the
/// directional derivatives of `trace`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub fn add_hessian_product<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    trace: &Trace<E, P>,
    x: &[E],
    direction: Direction<'_, E, P>,
    base: &Packed<E, P>,
    scale: E,
    tangent: &mut Trace<E, P>,
    out: &mut Packed<E, P>,
) {
    tangent.resize(x.len());
    let (w, v) = (w.parts(), direction.v.parts());
    let layers = w.biases.len();
    let (h, t) = (trace.h[0].get(x.len()), tangent.h[0].get_mut(x.len()));
    first_layer::<E, S, A, P>(v.input, &v.biases[0], x, h, t);
    let of_v = Some((&v, direction.vt.get(layers)));
    tangent_forward::<E, S, A, P>(&w, wt.get(layers), of_v, trace, x.len(), tangent);
    tangent_backward::<E, S, A, P>(&w, Some(&v), trace, x.len(), tangent);
    tangent_gradient::<E, S, P>(trace, tangent, x, (&base.parts(), scale), out);
}

/// The same along a direction in which nothing moves but the first layer's bias, by `shifts` for as many tasks,
/// whose points follow one another.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub fn add_shift_product<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    wt: &Squares<E, P>,
    trace: &Trace<E, P>,
    x: &[E],
    shifts: &[[E; P]],
    base: &Packed<E, P>,
    scale: E,
    tangent: &mut Trace<E, P>,
    out: &mut Packed<E, P>,
) {
    let rows = x.len();
    tangent.resize(rows);
    let w = w.parts();
    let each = rows / shifts.len();
    let moved = tangent.h[0].get_mut(rows).chunks_mut(each).zip(trace.h[0].get(rows).chunks(each));
    for (shift, (t, h)) in shifts.iter().zip(moved) {
        for (t, h) in t.iter_mut().zip(h) {
            for lane in 0..P / S::WIDTH {
                S::store(t, lane, A::slope::<E, S>(S::load(h, lane), S::load(shift, lane)));
            }
        }
    }
    tangent_forward::<E, S, A, P>(&w, wt.get(w.biases.len()), None, trace, rows, tangent);
    tangent_backward::<E, S, A, P>(&w, None, trace, rows, tangent);
    tangent_gradient::<E, S, P>(trace, tangent, x, (&base.parts(), scale), out);
}

/// How the first layer moves.
#[inline(always)]
fn first_layer<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    input: &[E; P],
    bias: &[E; P],
    x: &[E],
    h: &[[E; P]],
    t: &mut [[E; P]],
) {
    for ((t, h), &x) in t.iter_mut().zip(h).zip(x) {
        let x = S::splat(x);
        for lane in 0..P / S::WIDTH {
            let z = S::mul_add(x, S::load(input, lane), S::load(bias, lane));
            S::store(t, lane, A::slope::<E, S>(S::load(h, lane), z));
        }
    }
}

/// How 2 e / N moves, from the output weights, their direction and that of the last bias; the last layer's
/// rows go through the slope first if they have not yet.
#[inline(always)]
fn predict<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    is_scaled: bool,
    (output, direction): (&[E; P], Option<(&[E; P], E)>),
    h: &[[E; P]],
    t: &mut [[E; P]],
    moves: &mut [E],
) {
    let two_n = E::rounded(2.0 / moves.len() as f64);
    for ((t, h), moves) in t.iter_mut().zip(h).zip(moves) {
        let mut sums = S::splat(E::default());
        for lane in 0..P / S::WIDTH {
            let (h, mut moved) = (S::load(h, lane), S::load(t, lane));
            if !is_scaled {
                moved = A::slope::<E, S>(h, moved);
                S::store(t, lane, moved);
            }
            if let Some((direction, _)) = direction {
                sums = S::mul_add(h, S::load(direction, lane), sums);
            }
            sums = S::mul_add(moved, S::load(output, lane), sums);
        }
        let sum = S::sum(sums);
        *moves = direction.map_or(sum, |(_, bias)| sum + bias) * two_n;
    }
}

/// How the activations after the first layer's and 2 e / N move; `v` is a direction of all weights, with its
/// squares transposed.
#[inline(always)]
fn tangent_forward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Parts<'_, E, P>,
    wt: &[Square<E, P>],
    v: Option<(&Parts<'_, E, P>, &[Square<E, P>])>,
    trace: &Trace<E, P>,
    rows: usize,
    tangent: &mut Trace<E, P>,
) {
    let last = w.biases.len() - 1;
    for layer in 1..=last {
        let (below, t) = neighbours(&mut tangent.h, layer, rows);
        let of_w = (&*below, &wt[layer - 1]);
        match v {
            Some((v, vt)) => {
                let of_v = (trace.h[layer - 1].get(rows), &vt[layer - 1]);
                product::<E, S, P>(of_v, Some(of_w), Some(&v.biases[layer]), t);
            }
            None => product::<E, S, P>(of_w, None, None, t),
        }
        if layer < last {
            scale_by_slope::<E, S, A, P>(trace.h[layer].get(rows), t);
        }
    }
    let (h, t) = (trace.h[last].get(rows), tangent.h[last].get_mut(rows));
    let direction = v.map(|(v, _)| (v.output, v.last[0]));
    predict::<E, S, A, P>(last == 0, (w.output, direction), h, t, &mut tangent.d_out[..rows]);
}

/// How the derivative by the last hidden layer's inputs moves.
#[inline(always)]
fn last_slope<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    (output, direction): (&[E; P], Option<&[E; P]>),
    (d_out, moves): (&[E], &[E]),
    (h, t): (&[[E; P]], &[[E; P]]),
    r: &mut [[E; P]],
) {
    for ((((r, h), t), &d_out), &moves) in r.iter_mut().zip(h).zip(t).zip(d_out).zip(moves) {
        let (d_out, moves) = (S::splat(d_out), S::splat(moves));
        for lane in 0..P / S::WIDTH {
            let (h, output) = (S::load(h, lane), S::load(output, lane));
            let u = match direction {
                Some(direction) => S::mul_add(moves, output, S::mul(d_out, S::load(direction, lane))),
                None => S::mul(moves, output),
            };
            let mut moved = A::slope::<E, S>(h, u);
            if A::CURVED {
                moved = S::add(moved, A::bend::<E, S>(h, S::load(t, lane), S::mul(d_out, output)));
            }
            S::store(r, lane, moved);
        }
    }
}

/// How the derivatives by every layer's inputs move.
#[inline(always)]
fn tangent_backward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Parts<'_, E, P>,
    v: Option<&Parts<'_, E, P>>,
    trace: &Trace<E, P>,
    rows: usize,
    tangent: &mut Trace<E, P>,
) {
    let last = w.biases.len() - 1;
    let Trace { h: t, d: r, d_out: moves, .. } = tangent;
    let rows_of = (trace.h[last].get(rows), t[last].get(rows));
    let outputs = (w.output, v.map(|v| v.output));
    last_slope::<E, S, A, P>(outputs, (&trace.d_out, moves), rows_of, r[last].get_mut(rows));
    for layer in (1..=last).rev() {
        let (below, r) = neighbours(r, layer, rows);
        let of_v = v.map(|v| (trace.d[layer].get(rows), &v.squares[layer - 1]));
        product::<E, S, P>((r, &w.squares[layer - 1]), of_v, None, below);
        let (h, t, u) = (&trace.h[layer - 1], &t[layer - 1], &trace.u[layer - 1]);
        scale_by_slope::<E, S, A, P>(h.get(rows), below);
        if A::CURVED {
            let (h, t, u) = (h.get(rows), t.get(rows), u.get(rows));
            for n in 0..rows {
                for lane in 0..P / S::WIDTH {
                    let (h, t, u) = (S::load(&h[n], lane), S::load(&t[n], lane), S::load(&u[n], lane));
                    let r = S::add(S::load(&below[n], lane), A::bend::<E, S>(h, t, u));
                    S::store(&mut below[n], lane, r);
                }
            }
        }
    }
}

/// `base + scale *` how the gradient moves.
#[inline(always)]
fn tangent_gradient<E: Real, S: Simd<E>, const P: usize>(
    trace: &Trace<E, P>,
    tangent: &Trace<E, P>,
    x: &[E],
    (base, scale): (&Parts<'_, E, P>, E),
    out: &mut Packed<E, P>,
) {
    let rows = x.len();
    let last = trace.h.len() - 1;
    let out = out.parts_mut();
    for layer in 1..=last {
        let [moved, still] = [tangent, trace].map(|trace| trace.d[layer].get(rows));
        let [t, h] = [tangent, trace].map(|trace| trace.h[layer - 1].get(rows));
        let base = (&base.squares[layer - 1], scale);
        outer::<E, S, P>((moved, h), Some((still, t)), Some(base), &mut out.squares[layer - 1]);
    }
    let (first, top) = (tangent.d[0].get(rows), tangent.d[last].get(rows));
    let (h_top, moved) = (trace.h[last].get(rows), tangent.h[last].get(rows));
    let (d_out, moves) = (&trace.d_out[..rows], &tangent.d_out[..rows]);
    for lane in 0..P / S::WIDTH {
        // Four sums at once cover the latency of one.
        let mut g = [S::splat(E::default()); 4];
        for n in 0..rows {
            let r = S::load(&first[n], lane);
            g[0] = S::mul_add(S::splat(x[n]), r, g[0]);
            g[1] = S::add(g[1], r);
            g[2] = S::add(g[2], S::load(&top[n], lane));
            // d_out^T h moves with both of its factors.
            g[3] = S::mul_add(S::splat(d_out[n]), S::load(&moved[n], lane), g[3]);
            g[3] = S::mul_add(S::splat(moves[n]), S::load(&h_top[n], lane), g[3]);
        }
        store::<E, S, P>(g[0], Some((base.input, scale)), out.input, lane);
        store::<E, S, P>(g[1], Some((&base.biases[0], scale)), &mut out.biases[0], lane);
        // With one hidden layer the same once more.
        store::<E, S, P>(g[2], Some((&base.biases[last], scale)), &mut out.biases[last], lane);
        store::<E, S, P>(g[3], Some((base.output, scale)), out.output, lane);
    }
    for layer in 1..last {
        let base = Some((&base.biases[layer], scale));
        sum_rows::<E, S, P>(tangent.d[layer].get(rows), base, &mut out.biases[layer]);
    }
    let sum = moves.iter().fold(E::default(), |sum, &d| sum + d);
    out.last[0] = S::mul_add_one(scale, sum, base.last[0]);
}
