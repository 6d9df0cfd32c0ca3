//! The passes over one task's points, written once and compiled twice (with AVX2 and FMA, and
//! portably): forward and backward, the weight gradient, one SGD step, and the vector-Jacobian
//! product of that step. `super::reference` in this room's parent says the same in plain tensor
//! operations; the tests hold the two together.
//!
//! With x [N,1], h1 = s(x w1 + b1), h2 = s(h1 w2^T + b2), p = h2 w3^T + b3, e = p - y:
//! d3 = 2 e / N, u2 = d3 w3, d2 = s'(z2) u2, u1 = d2 w2, d1 = s'(z1) u1; the gradient is
//! (w1: x^T d1, b1: sum d1, w2: d2^T h1, b2: sum d2, w3: d3^T h2, b3: sum d3).

use super::activation::Nonlinearity;
use super::buffers::{Packed, Trace};
pub use super::dense::transpose;
use super::dense::{Square, outer, product};
use super::real::Real;
use super::simd::Simd;

/// h1, h2 and the predictions, which go to `d3`.
#[inline(always)]
pub fn forward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    w2t: &Square<E, P>,
    x: &[E],
    trace: &mut Trace<E, P>,
) {
    let rows = x.len();
    trace.resize(rows);
    let (h1, h2) = (trace.h1.get_mut(rows), trace.h2.get_mut(rows));
    for n in 0..rows {
        let x = S::splat(x[n]);
        for lane in 0..P / S::WIDTH {
            let z = S::mul_add(x, S::load(&w.w1, lane), S::load(&w.b1, lane));
            S::store(&mut h1[n], lane, A::value::<E, S>(z));
        }
    }
    product::<E, S, P>((h1, w2t), None, Some(&w.b2), h2);
    for n in 0..rows {
        let mut sums = S::splat(E::default());
        for lane in 0..P / S::WIDTH {
            let h = A::value::<E, S>(S::load(&h2[n], lane));
            S::store(&mut h2[n], lane, h);
            sums = S::mul_add(h, S::load(&w.w3, lane), sums);
        }
        trace.d3[n] = S::sum(sums) + w.b3;
    }
}

/// Predictions turned into the mean squared error; `d3` keeps 2 e / N.
#[inline(always)]
fn squared_error<E: Real, S: Simd<E>, const P: usize>(y: &[E], trace: &mut Trace<E, P>) {
    let share = E::rounded(1.0 / y.len() as f64);
    let two_n = E::rounded(2.0 / y.len() as f64);
    let mut sum = E::default();
    for (d3, &y) in trace.d3.iter_mut().zip(y) {
        let error = *d3 - y;
        sum = S::mul_add_one(error, error, sum);
        *d3 = error * two_n;
    }
    trace.loss = sum * share;
}

/// The forward pass and the loss alone.
#[inline(always)]
pub fn loss<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    w2t: &Square<E, P>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E, P>,
) {
    forward::<E, S, A, P>(w, w2t, x, trace);
    squared_error::<E, S, P>(y, trace);
}

/// The forward pass, the loss, and its derivatives by the inputs of every layer.
#[inline(always)]
pub fn forward_backward<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    w2t: &Square<E, P>,
    x: &[E],
    y: &[E],
    trace: &mut Trace<E, P>,
) {
    loss::<E, S, A, P>(w, w2t, x, y, trace);
    let rows = x.len();
    let (h1, h2) = (trace.h1.get(rows), trace.h2.get(rows));
    let (d1, d2) = (trace.d1.get_mut(rows), trace.d2.get_mut(rows));
    for n in 0..rows {
        let d3 = S::splat(trace.d3[n]);
        for lane in 0..P / S::WIDTH {
            let u2 = S::mul(d3, S::load(&w.w3, lane));
            S::store(&mut d2[n], lane, A::slope::<E, S>(S::load(&h2[n], lane), u2));
        }
    }
    product::<E, S, P>((d2, &w.w2), None, None, d1);
    if A::CURVED {
        trace.u1.get_mut(rows).copy_from_slice(d1);
    }
    scale_by_slope::<E, S, A, P>(h1, d1);
}

/// `u = s'(z) u` from the activations h = s(z).
#[inline(always)]
fn scale_by_slope<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(h: &[[E; P]], u: &mut [[E; P]]) {
    for (h, u) in h.iter().zip(u) {
        for lane in 0..P / S::WIDTH {
            let scaled = A::slope::<E, S>(S::load(h, lane), S::load(u, lane));
            S::store(u, lane, scaled);
        }
    }
}

/// The sums over a task's points that are the gradient of (w1, b1, b2, w3), one lane of each.
#[inline(always)]
fn vectors_gradient<E: Real, S: Simd<E>, const P: usize>(
    trace: &Trace<E, P>,
    x: &[E],
    lane: usize,
) -> [S::V; 4] {
    let rows = x.len();
    let (h2, d2, d1) = (trace.h2.get(rows), trace.d2.get(rows), trace.d1.get(rows));
    let mut g = [S::splat(E::default()); 4];
    for n in 0..rows {
        let d1 = S::load(&d1[n], lane);
        g[0] = S::mul_add(S::splat(x[n]), d1, g[0]);
        g[1] = S::add(g[1], d1);
        g[2] = S::add(g[2], S::load(&d2[n], lane));
        g[3] = S::mul_add(S::splat(trace.d3[n]), S::load(&h2[n], lane), g[3]);
    }
    g
}

/// Stores (w1, b1, b2, w3) of one lane: `g`, or `base + scale g`.
#[inline(always)]
fn store_vectors<E: Real, S: Simd<E>, const P: usize>(
    g: [S::V; 4],
    base: Option<(&Packed<E, P>, E)>,
    lane: usize,
    out: &mut Packed<E, P>,
) {
    let mut g = g;
    if let Some((base, scale)) = base {
        let scale = S::splat(scale);
        g[0] = S::mul_add(scale, g[0], S::load(&base.w1, lane));
        g[1] = S::mul_add(scale, g[1], S::load(&base.b1, lane));
        g[2] = S::mul_add(scale, g[2], S::load(&base.b2, lane));
        g[3] = S::mul_add(scale, g[3], S::load(&base.w3, lane));
    }
    S::store(&mut out.w1, lane, g[0]);
    S::store(&mut out.b1, lane, g[1]);
    S::store(&mut out.b2, lane, g[2]);
    S::store(&mut out.w3, lane, g[3]);
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
    let product = (trace.d2.get(rows), trace.h1.get(rows));
    outer::<E, S, P>(product, None, base.map(|(base, scale)| (&base.w2, scale)), &mut out.w2);
    for lane in 0..P / S::WIDTH {
        let g = vectors_gradient::<E, S, P>(trace, x, lane);
        store_vectors::<E, S, P>(g, base, lane, out);
    }
    let b3 = trace.d3[..rows].iter().fold(E::default(), |sum, &d3| sum + d3);
    out.b3 = base.map_or(b3, |(base, scale)| S::mul_add_one(scale, b3, base.b3));
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

/// A direction in the space of weights, with its w2 transposed.
pub struct Direction<'a, E, const P: usize> {
    /// The direction.
    pub v: &'a Packed<E, P>,
    /// Its w2 transposed.
    pub v2t: &'a Square<E, P>,
}

/// `out = base + scale * H v`, with H the Hessian of the loss that `trace` belongs to, at `w`:
/// the directional derivative of [`forward_backward`] and [`gradient`] along v (Pearlmutter 1994).
/// The VJP of an SGD step of rate a is `base` = v and `scale` = -a. `tangent` receives the
/// directional derivatives of `trace`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub fn add_hessian_product<E: Real, S: Simd<E>, A: Nonlinearity, const P: usize>(
    w: &Packed<E, P>,
    w2t: &Square<E, P>,
    trace: &Trace<E, P>,
    x: &[E],
    direction: Direction<'_, E, P>,
    base: &Packed<E, P>,
    scale: E,
    tangent: &mut Trace<E, P>,
    out: &mut Packed<E, P>,
) {
    let Direction { v, v2t } = direction;
    let rows = x.len();
    tangent.resize(rows);
    let (h1, h2, d2) = (trace.h1.get(rows), trace.h2.get(rows), trace.d2.get(rows));
    let (t1, t2) = (tangent.h1.get_mut(rows), tangent.h2.get_mut(rows));
    let (r1, r2) = (tangent.d1.get_mut(rows), tangent.d2.get_mut(rows));
    for n in 0..rows {
        let x = S::splat(x[n]);
        for lane in 0..P / S::WIDTH {
            let z = S::mul_add(x, S::load(&v.w1, lane), S::load(&v.b1, lane));
            S::store(&mut t1[n], lane, A::slope::<E, S>(S::load(&h1[n], lane), z));
        }
    }
    product::<E, S, P>((h1, v2t), Some((t1, w2t)), Some(&v.b2), t2);
    let two_n = E::rounded(2.0 / rows as f64);
    for n in 0..rows {
        let mut sums = S::splat(E::default());
        for lane in 0..P / S::WIDTH {
            let h2 = S::load(&h2[n], lane);
            let t = A::slope::<E, S>(h2, S::load(&t2[n], lane));
            S::store(&mut t2[n], lane, t);
            sums = S::mul_add(t, S::load(&w.w3, lane), S::mul_add(h2, S::load(&v.w3, lane), sums));
        }
        tangent.d3[n] = (S::sum(sums) + v.b3) * two_n;
        let (d3, t3) = (S::splat(trace.d3[n]), S::splat(tangent.d3[n]));
        for lane in 0..P / S::WIDTH {
            let (h2, w3) = (S::load(&h2[n], lane), S::load(&w.w3, lane));
            let u = S::mul_add(t3, w3, S::mul(d3, S::load(&v.w3, lane)));
            let mut r = A::slope::<E, S>(h2, u);
            if A::CURVED {
                r = S::add(r, A::bend::<E, S>(h2, S::load(&t2[n], lane), S::mul(d3, w3)));
            }
            S::store(&mut r2[n], lane, r);
        }
    }
    product::<E, S, P>((r2, &w.w2), Some((d2, &v.w2)), None, r1);
    scale_by_slope::<E, S, A, P>(h1, r1);
    if A::CURVED {
        let u1 = trace.u1.get(rows);
        for n in 0..rows {
            for lane in 0..P / S::WIDTH {
                let (h1, t1, u1) = (S::load(&h1[n], lane), S::load(&t1[n], lane), S::load(&u1[n], lane));
                let r = S::add(S::load(&r1[n], lane), A::bend::<E, S>(h1, t1, u1));
                S::store(&mut r1[n], lane, r);
            }
        }
    }
    outer::<E, S, P>((r2, h1), Some((d2, t1)), Some((&base.w2, scale)), &mut out.w2);
    for lane in 0..P / S::WIDTH {
        let mut g = [S::splat(E::default()); 4];
        for n in 0..rows {
            let r1 = S::load(&r1[n], lane);
            g[0] = S::mul_add(S::splat(x[n]), r1, g[0]);
            g[1] = S::add(g[1], r1);
            g[2] = S::add(g[2], S::load(&r2[n], lane));
            // d3^T h2 moves with both of its factors.
            g[3] = S::mul_add(S::splat(trace.d3[n]), S::load(&t2[n], lane), g[3]);
            g[3] = S::mul_add(S::splat(tangent.d3[n]), S::load(&h2[n], lane), g[3]);
        }
        store_vectors::<E, S, P>(g, Some((base, scale)), lane, out);
    }
    let b3 = tangent.d3[..rows].iter().fold(E::default(), |sum, &t3| sum + t3);
    out.b3 = S::mul_add_one(scale, b3, base.b3);
}

/// `sum += x`, parameter by parameter.
#[inline(always)]
pub fn add<E: Real, S: Simd<E>, const P: usize>(sum: &mut Packed<E, P>, x: &Packed<E, P>) {
    for (sum, x) in sum.slices_mut().into_iter().zip(x.slices()) {
        for (sum, &x) in sum.iter_mut().zip(x) {
            *sum += x;
        }
    }
}

/// `out = x - y`, parameter by parameter.
#[inline(always)]
pub fn subtract<E: Real, S: Simd<E>, const P: usize>(
    x: &Packed<E, P>,
    y: &Packed<E, P>,
    out: &mut Packed<E, P>,
) {
    let sources = x.slices().into_iter().zip(y.slices());
    for (out, (x, y)) in out.slices_mut().into_iter().zip(sources) {
        for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(y)) {
            *out = x - y;
        }
    }
}

/// `out = x * y`, parameter by parameter.
#[inline(always)]
pub fn multiply<E: Real, S: Simd<E>, const P: usize>(
    x: &Packed<E, P>,
    y: &Packed<E, P>,
    out: &mut Packed<E, P>,
) {
    let sources = x.slices().into_iter().zip(y.slices());
    for (out, (x, y)) in out.slices_mut().into_iter().zip(sources) {
        for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(y)) {
            *out = x * y;
        }
    }
}

/// `out = base + scale * x * y`, parameter by parameter; an SGD step with a rate of its own for every
/// parameter.
#[inline(always)]
pub fn add_product<E: Real, S: Simd<E>, const P: usize>(
    base: &Packed<E, P>,
    scale: E,
    x: &Packed<E, P>,
    y: &Packed<E, P>,
    out: &mut Packed<E, P>,
) {
    let sources = base.slices().into_iter().zip(x.slices()).zip(y.slices());
    for (out, ((base, x), y)) in out.slices_mut().into_iter().zip(sources) {
        for (out, ((&base, &x), &y)) in out.iter_mut().zip(base.iter().zip(x).zip(y)) {
            *out = S::mul_add_one(scale * x, y, base);
        }
    }
}
