//! The Hessian-vector product, which is what exact meta-gradients are made of: how everything that
//! [`super::passes`] computes moves when the weights move in one direction (Pearlmutter 1994). Written
//! once and compiled for each instruction set, as the passes are.

use super::activation::Nonlinearity;
use super::buffers::{Packed, Parts, Squares, Trace};
use super::dense::{Onto, Then, outer, product};
use super::matrix::{Matrix, MatrixMut, in_strips, load};
use super::passes::{inner_of_rows, neighbours, scale_by_slope, store, sum_rows};
use super::real::Real;
use super::simd::Simd;

/// A direction in the space of weights, with its squares transposed.
pub struct Direction<'a, E> {
    /// The direction.
    pub v: &'a Packed<E>,
    /// Its squares transposed.
    pub vt: &'a Squares<E>,
}

/// `out = base + scale * H v`, or that added to what is there, with H the Hessian of the loss that `trace` belongs to, at `w`:
/// the directional derivative of `forward_backward` and `gradient` along v.
/// The VJP of an SGD step of rate a is `base` = v and `scale` = -a. `tangent` receives the
/// directional derivatives of `trace`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub fn add_hessian_product<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    trace: &Trace<E>,
    x: &[E],
    direction: Direction<'_, E>,
    base: &Packed<E>,
    scale: E,
    tangent: &mut Trace<E>,
    adds: bool,
    out: &mut Packed<E>,
) {
    tangent.resize(x.len());
    let (w, v) = (w.parts(), direction.v.parts());
    let (h, t) = (trace.h[0].get(x.len()), tangent.h[0].get_mut(x.len()));
    first_layer::<E, S, A>(v.input, v.biases.row(0), x, h, t);
    tangent_forward::<E, S, A>(&w, wt, Some((&v, direction.vt)), trace, x.len(), tangent);
    tangent_backward::<E, S, A>(&w, Some(&v), trace, x.len(), tangent);
    tangent_gradient::<E, S>(trace, tangent, x, (&base.parts(), scale, adds), out);
}

/// The same along a direction in which nothing moves but the first layer's bias, by `shifts` for as many tasks,
/// whose points follow one another.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub fn add_shift_product<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    wt: &Squares<E>,
    trace: &Trace<E>,
    x: &[E],
    shifts: Matrix<'_, E>,
    base: &Packed<E>,
    scale: E,
    tangent: &mut Trace<E>,
    out: &mut Packed<E>,
) {
    let rows = x.len();
    tangent.resize(rows);
    let w = w.parts();
    let each = rows / shifts.rows();
    let moved = tangent.h[0].get_mut(rows).groups(each).zip(trace.h[0].get(rows).groups(each));
    for (shift, (t, h)) in shifts.iter().zip(moved) {
        let mut t = t;
        in_strips!(5, 3, 2, 1 of t.stride() / S::WIDTH, |lane, FEW| {
            let (shift, h) = (load::<E, S, FEW>(shift, lane), h.strip::<S, FEW>(lane));
            let mut t = t.reborrow().strip::<S, FEW>(lane);
            for n in 0..each {
                let (h, t) = (h.load(n), t.at(n));
                for l in 0..FEW {
                    S::store(&mut t[l], A::slope::<E, S>(h[l], shift[l]));
                }
            }
        });
    }
    tangent_forward::<E, S, A>(&w, wt, None, trace, rows, tangent);
    tangent_backward::<E, S, A>(&w, None, trace, rows, tangent);
    tangent_gradient::<E, S>(trace, tangent, x, (&base.parts(), scale, false), out);
}

/// How the first layer moves.
#[inline(always)]
fn first_layer<E: Real, S: Simd<E>, A: Nonlinearity>(
    input: &[E],
    bias: &[E],
    x: &[E],
    h: Matrix<'_, E>,
    mut t: MatrixMut<'_, E>,
) {
    let x = &x[..t.rows()];
    assert!(h.rows() == t.rows(), "a row a point");
    in_strips!(3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (input, bias) = (load::<E, S, FEW>(input, lane), load::<E, S, FEW>(bias, lane));
        let (h, mut t) = (h.strip::<S, FEW>(lane), t.reborrow().strip::<S, FEW>(lane));
        for n in 0..x.len() {
            let (x, h, t) = (S::splat(x[n]), h.load(n), t.at(n));
            for l in 0..FEW {
                S::store(&mut t[l], A::slope::<E, S>(h[l], S::mul_add(x, input[l], bias[l])));
            }
        }
    });
}

/// How 2 e / N moves, from the output weights, their direction and that of the last bias.
#[inline(always)]
fn predict<E: Real, S: Simd<E>>(
    (output, direction): (&[E], Option<(&[E], E)>),
    [h, t]: [Matrix<'_, E>; 2],
    moves: &mut [E],
) {
    let two_n = E::rounded(2.0 / moves.len() as f64);
    match direction {
        Some((direction, bias)) => {
            inner_of_rows::<E, S, 2>([(h, direction), (t, output)], moves);
            for moves in moves {
                *moves = (*moves + bias) * two_n;
            }
        }
        None => {
            inner_of_rows::<E, S, 1>([(t, output)], moves);
            for moves in moves {
                *moves = *moves * two_n;
            }
        }
    }
}

/// How the activations after the first layer's and 2 e / N move; `v` is a direction of all weights, with its
/// squares transposed.
#[inline(always)]
fn tangent_forward<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Parts<'_, E>,
    wt: &Squares<E>,
    v: Option<(&Parts<'_, E>, &Squares<E>)>,
    trace: &Trace<E>,
    rows: usize,
    tangent: &mut Trace<E>,
) {
    let (last, hidden) = (w.top(), w.shape().hidden());
    for layer in 1..=last {
        let (below, mut t) = neighbours(&mut tangent.h, layer, rows);
        let of_w = (below.shared(), wt.get(layer - 1));
        let h = trace.h[layer].get(rows);
        let then = if A::RECTIFIES { Then::WherePositive(h) } else { Then::Written };
        match v {
            Some((v, vt)) => {
                let of_v = (trace.h[layer - 1].get(rows), vt.get(layer - 1));
                product::<E, S>(hidden, of_v, Some(of_w), Some(v.biases.row(layer)), then, t.reborrow());
            }
            None => product::<E, S>(hidden, of_w, None, None, then, t.reborrow()),
        }
        if !A::RECTIFIES {
            scale_by_slope::<E, S, A>(h, t);
        }
    }
    let rows_of = [&trace.h[last], &tangent.h[last]].map(|of| of.get(rows));
    let direction = v.map(|(v, _)| (v.output, v.last[0]));
    predict::<E, S>((w.output, direction), rows_of, &mut tangent.d_out[..rows]);
}

/// How the derivative by the last hidden layer's inputs moves.
#[inline(always)]
fn last_slope<E: Real, S: Simd<E>, A: Nonlinearity>(
    (output, direction): (&[E], Option<&[E]>),
    (d_out, moves): (&[E], &[E]),
    (h, t): (Matrix<'_, E>, Matrix<'_, E>),
    mut r: MatrixMut<'_, E>,
) {
    // Where nothing of the output layer moves, its place is taken by itself and not looked at.
    let along = direction.unwrap_or(output);
    let rows = r.rows();
    let (d_out, moves) = (&d_out[..rows], &moves[..rows]);
    assert!(h.rows() == rows && t.rows() == rows, "a row a point");
    in_strips!(3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (output, along) = (load::<E, S, FEW>(output, lane), load::<E, S, FEW>(along, lane));
        let (h, t) = (h.strip::<S, FEW>(lane), t.strip::<S, FEW>(lane));
        let mut r = r.reborrow().strip::<S, FEW>(lane);
        for n in 0..rows {
            let (d_out, moves) = (S::splat(d_out[n]), S::splat(moves[n]));
            let (h, r) = (h.load(n), r.at(n));
            for l in 0..FEW {
                let u = match direction {
                    Some(_) => S::mul_add(moves, output[l], S::mul(d_out, along[l])),
                    None => S::mul(moves, output[l]),
                };
                let mut moved = A::slope::<E, S>(h[l], u);
                if A::CURVED {
                    let t = t.load(n)[l];
                    moved = S::add(moved, A::bend::<E, S>(h[l], t, S::mul(d_out, output[l])));
                }
                S::store(&mut r[l], moved);
            }
        }
    });
}

/// How the derivatives by every layer's inputs move.
#[inline(always)]
fn tangent_backward<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Parts<'_, E>,
    v: Option<&Parts<'_, E>>,
    trace: &Trace<E>,
    rows: usize,
    tangent: &mut Trace<E>,
) {
    let (last, hidden) = (w.top(), w.shape().hidden());
    let Trace { h: t, d: r, d_out: moves, .. } = tangent;
    let rows_of = (trace.h[last].get(rows), t[last].get(rows));
    let outputs = (w.output, v.map(|v| v.output));
    last_slope::<E, S, A>(outputs, (&trace.d_out, moves), rows_of, r[last].get_mut(rows));
    for layer in (1..=last).rev() {
        let (mut below, r) = neighbours(r, layer, rows);
        let of_v = v.map(|v| (trace.d[layer].get(rows), v.square(layer - 1)));
        let of_w = (r.shared(), w.square(layer - 1));
        let (h, t, u) = (&trace.h[layer - 1], &t[layer - 1], &trace.u[layer - 1]);
        let then = if A::RECTIFIES { Then::WherePositive(h.get(rows)) } else { Then::Written };
        product::<E, S>(hidden, of_w, of_v, None, then, below.reborrow());
        if !A::RECTIFIES {
            scale_by_slope::<E, S, A>(h.get(rows), below.reborrow());
        }
        if A::CURVED {
            let [h, t, u] = [h, t, u].map(|rows_of| S::chunks(rows_of.get(rows).flat()));
            for (below, (h, (t, u))) in
                S::chunks_mut(below.flat()).iter_mut().zip(h.iter().zip(t.iter().zip(u)))
            {
                let bend = A::bend::<E, S>(S::load(h), S::load(t), S::load(u));
                S::store(below, S::add(S::load(below), bend));
            }
        }
    }
}

/// `base + scale *` how the gradient moves, which may be added to what is there.
#[inline(always)]
fn tangent_gradient<E: Real, S: Simd<E>>(
    trace: &Trace<E>,
    tangent: &Trace<E>,
    x: &[E],
    (base, scale, adds): (&Parts<'_, E>, E, bool),
    out: &mut Packed<E>,
) {
    let rows = x.len();
    let last = trace.h.len() - 1;
    let mut out = out.parts_mut();
    for layer in 1..=last {
        let [moved, still] = [tangent, trace].map(|trace| trace.d[layer].get(rows));
        let [t, h] = [tangent, trace].map(|trace| trace.h[layer - 1].get(rows));
        let base = base.square(layer - 1);
        let onto = if adds { Onto::Both(base, scale) } else { Onto::Base(base, scale) };
        outer::<E, S>((moved, h), Some((still, t)), onto, out.square(layer - 1));
    }
    let (first, top) = (tangent.d[0].get(rows), tangent.d[last].get(rows));
    let (h_top, moved) = (trace.h[last].get(rows), tangent.h[last].get(rows));
    let (d_out, moves) = (&trace.d_out[..rows], &tangent.d_out[..rows]);
    let mut biases = out.biases;
    in_strips!(2, 1 of first.stride() / S::WIDTH, |lane, FEW| {
        let (first, top) = (first.strip::<S, FEW>(lane), top.strip::<S, FEW>(lane));
        let (h_top, moved) = (h_top.strip::<S, FEW>(lane), moved.strip::<S, FEW>(lane));
        let mut g = [[S::splat(E::default()); FEW]; 4];
        for n in 0..rows {
            let (x, d_out, moves) = (S::splat(x[n]), S::splat(d_out[n]), S::splat(moves[n]));
            let (first, top) = (first.load(n), top.load(n));
            let (h_top, moved) = (h_top.load(n), moved.load(n));
            for l in 0..FEW {
                g[0][l] = S::mul_add(x, first[l], g[0][l]);
                g[1][l] = S::add(g[1][l], first[l]);
                g[2][l] = S::add(g[2][l], top[l]);
                // d_out^T h moves with both of its factors.
                g[3][l] = S::mul_add(d_out, moved[l], g[3][l]);
                g[3][l] = S::mul_add(moves, h_top[l], g[3][l]);
            }
        }
        store::<E, S, FEW>(g[0], Some((base.input, scale)), adds, out.input, lane);
        store::<E, S, FEW>(g[1], Some((base.biases.row(0), scale)), adds, biases.reborrow().row(0), lane);
        if last > 0 {
            store::<E, S, FEW>(g[2], Some((base.biases.row(last), scale)), adds, biases.reborrow().row(last), lane);
        }
        store::<E, S, FEW>(g[3], Some((base.output, scale)), adds, out.output, lane);
    });
    for layer in 1..last {
        let base = Some((base.biases.row(layer), scale));
        sum_rows::<E, S>(tangent.d[layer].get(rows), base, adds, biases.reborrow().row(layer));
    }
    let sum = S::mul_add_one(scale, moves.iter().fold(E::default(), |sum, &d| sum + d), base.last[0]);
    out.last[0] = if adds { out.last[0] + sum } else { sum };
}
