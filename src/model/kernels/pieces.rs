//! One pass over all points of a meta-batch without a product between layers, for two hidden layers of relu
//! that are the same for every task. Of one number `x`, what enters the second layer is linear between the
//! places where units of the first switch on or off, so it is a line a piece: found once, in H + 1 steps of one
//! column each, and then H operations a point instead of H^2. The way back is as short: a unit's derivatives are
//! sums over the pieces in which it is active.
//!
//! With z_j(x) = w_j x + b_j and columns W_j of the square, what enters the second layer on piece i is
//! `x sum w_j W_j + (b + sum b_j W_j)` over the units active on it. With d = dL/dz of the second layer and
//! X_j, S_j the sums of `x d` and of `d` over the points where unit j is active, the gradient of column W_j is
//! `w_j X_j + b_j S_j`, of w_j `W_j . X_j`, of b_j `W_j . S_j`.
//!
//! Units that switch on towards the right are summed from the left and the others from the right, so that nothing
//! is taken away again and a large unit leaves no rounding behind where it is off; `x` is told from one of the
//! points, so that nothing is lost far from 0. A point closer to a switch than rounding may count to either side
//! of it. `passes` says the same in products; the tests below hold the two together.

use super::activation::Nonlinearity;
use super::buffers::{Packed, Rows, Shape, Squares, Trace};
use super::dense;
use super::matrix::{Matrix, Strip, StripMut, in_strips, load};
use super::passes::{predict, squared_error, store};
use super::real::Real;
use super::simd::{Lanes, Simd};

/// Where a unit of the first layer switches.
#[derive(Clone, Copy, Debug)]
struct Switch<E> {
    at: E,
    unit: usize,
    /// Whether it is active to the right of it.
    rises: bool,
}

impl<E: Real> Switch<E> {
    /// A total order, so that it does not matter how they lay before.
    fn is_before(&self, other: &Self) -> bool {
        let order = self.at.exact().total_cmp(&other.at.exact());
        order.then(self.unit.cmp(&other.unit)).is_lt()
    }
}

/// The pieces of one network, and what points have brought to each.
#[derive(Clone, Debug)]
pub struct Pieces<E> {
    /// From here `x` is told.
    center: E,
    /// What enters each unit of the first layer there.
    at_center: Vec<E>,
    /// In ascending order, one a unit: piece i lies between the switches i - 1 and i.
    switches: Vec<Switch<E>>,
    /// Slope and height of every piece, one row after the other.
    lines: Rows<E>,
    /// Sums of `x d` and of `d` over every piece's points, one row after the other.
    sums: Rows<E>,
    /// Products of each unit's column with these sums over where it is active, not yet added up across lanes: two
    /// vectors a unit.
    products: Vec<E>,
    /// Gradient of the output layer: its weights, and the bias.
    output: Rows<E>,
    last: E,
    /// The square's gradient, transposed.
    square: Squares<E>,
    /// The piece of each point of the latest pass.
    of_points: Vec<usize>,
}

/// Numbers of a vector that is summed across its lanes, at most.
const WIDEST_SUM: usize = 8;

/// Points from which on finding the pieces costs less than it saves: a whole step of three tasks of ten points
/// takes 4 % less at width 16, 20 % at 40 and 15 % at 128.
const WORTH_CUTTING: usize = 30;

impl<E: Real> Pieces<E> {
    /// Whether a pass over so many points of a network of so many hidden layers is done piece by piece.
    pub fn serve<A: Nonlinearity>(layers: usize, points: usize) -> bool {
        A::RECTIFIES && layers == 2 && points >= WORTH_CUTTING
    }

    /// Of no network yet.
    pub fn empty(shape: Shape) -> Self {
        let (zero, units) = (E::default(), shape.hidden());
        Self {
            center: zero,
            at_center: vec![zero; units],
            switches: (0..units).map(|unit| Switch { at: zero, unit, rises: true }).collect(),
            lines: Rows::zero(shape, 2 * (units + 1)),
            sums: Rows::zero(shape, 2 * (units + 1)),
            products: vec![zero; 2 * WIDEST_SUM * shape.height()],
            output: Rows::zero(shape, 1),
            last: zero,
            square: Squares::zero(shape),
            of_points: Vec::new(),
        }
    }
}

/// The first layer and what it feeds, unit by unit.
struct Switching<'a, E> {
    slopes: &'a [E],
    /// What enters each unit at `center`.
    at_center: &'a [E],
    columns: Matrix<'a, E>,
}

/// Adds a strip of the line that a unit of the first layer brings to the second while it is active: slope and
/// height. A function of its own, as the others are, since a closure is not compiled for the instructions of the
/// function around it.
#[inline(always)]
fn add_unit<E: Real, S: Simd<E>, const N: usize>(
    network: &Switching<'_, E>,
    unit: usize,
    lane: usize,
    line: &mut [[S::V; N]; 2],
) {
    let column = load::<E, S, N>(network.columns.row(unit), lane);
    let (slope, height) = (S::splat(network.slopes[unit]), S::splat(network.at_center[unit]));
    for l in 0..N {
        line[0][l] = S::mul_add(slope, column[l], line[0][l]);
        line[1][l] = S::mul_add(height, column[l], line[1][l]);
    }
}

/// Finds the pieces of a network, and forgets what earlier points have brought.
#[inline(always)]
pub fn cut<E: Real, S: Simd<E>>(w: &Packed<E>, wt: &Squares<E>, center: E, pieces: &mut Pieces<E>) {
    let (w, zero) = (w.parts(), E::default());
    let units = w.shape().hidden();
    pieces.center = center;
    let Pieces { at_center, switches, lines, .. } = pieces;
    let biases = w.biases.row(0);
    for switch in &mut *switches {
        let unit = switch.unit;
        let slope = w.input[unit];
        let z = S::mul_add_one(slope, center, biases[unit]);
        at_center[unit] = z;
        let at = (zero - z) / slope;
        let (at, rises) = if slope == zero || at.exact().is_nan() {
            // A flat one switches nowhere: it is off beyond where any point is, or on. What is not a number is on
            // everywhere, so that it shows.
            (E::rounded(f64::INFINITY), slope == zero && z <= zero)
        } else {
            (at, slope > zero)
        };
        *switch = Switch { at, unit, rises };
    }
    // They lie as the weights of the step before had them, so hardly any has to move.
    for from in 1..units {
        let mut at = from;
        while at > 0 && switches[at].is_before(&switches[at - 1]) {
            switches.swap(at, at - 1);
            at -= 1;
        }
    }
    let network = Switching { slopes: w.input, at_center, columns: wt.get(0) };
    let mut lines = lines.get_mut(2 * (units + 1));
    in_strips!(5, 3, 2, 1 of lines.stride() / S::WIDTH, |lane, FEW| {
        let mut lines = lines.reborrow().strip::<S, FEW>(lane);
        let mut active = [[S::splat(zero); FEW]; 2];
        for piece in (0..=units).rev() {
            if piece < units && !switches[piece].rises {
                add_unit::<E, S, FEW>(&network, switches[piece].unit, lane, &mut active);
            }
            for part in 0..2 {
                let line = lines.at(2 * piece + part);
                for l in 0..FEW {
                    S::store(&mut line[l], active[part][l]);
                }
            }
        }
        active = [[S::splat(zero); FEW], load::<E, S, FEW>(w.biases.row(1), lane)];
        for piece in 0..=units {
            if piece > 0 && switches[piece - 1].rises {
                add_unit::<E, S, FEW>(&network, switches[piece - 1].unit, lane, &mut active);
            }
            for part in 0..2 {
                let line = lines.at(2 * piece + part);
                for l in 0..FEW {
                    let sum = S::add(active[part][l], S::load(&line[l]));
                    S::store(&mut line[l], sum);
                }
            }
        }
    });
    pieces.sums.get_mut(2 * (units + 1)).flat().fill(zero);
    pieces.output.get_mut(1).flat().fill(zero);
    pieces.last = zero;
}

/// The activations of the second hidden layer, and the piece of each point.
#[inline(always)]
pub fn features_by_pieces<E: Real, S: Simd<E>, A: Nonlinearity>(
    x: &[E],
    pieces: &mut Pieces<E>,
    trace: &mut Trace<E>,
) {
    let Pieces { center, switches, lines, of_points, .. } = pieces;
    trace.resize(x.len());
    of_points.clear();
    of_points.extend(x.iter().map(|&x| switches.partition_point(|switch| switch.at < x - *center)));
    let (of_points, lines) = (&of_points[..x.len()], lines.get(2 * (switches.len() + 1)));
    let mut h = trace.h[1].get_mut(x.len());
    in_strips!(5, 3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (lines, mut h) = (lines.strip::<S, FEW>(lane), h.reborrow().strip::<S, FEW>(lane));
        for n in 0..x.len() {
            let (slope, height) = (lines.load(2 * of_points[n]), lines.load(2 * of_points[n] + 1));
            let (x, h) = (S::splat(x[n] - *center), h.at(n));
            for l in 0..FEW {
                S::store(&mut h[l], A::value::<E, S>(S::mul_add(x, slope[l], height[l])));
            }
        }
    });
}

/// Adds `scale` times the derivatives `d` of one point to its piece's sums.
#[inline(always)]
fn add_point<E: Real, S: Simd<E>, const N: usize>(
    (x, scale): (E, E),
    d: [S::V; N],
    sums: &mut StripMut<'_, E, S, N>,
    piece: usize,
) {
    for (part, times) in [S::splat(scale * x), S::splat(scale)].into_iter().enumerate() {
        let sums = sums.at(2 * piece + part);
        for l in 0..N {
            let sum = S::mul_add(times, d[l], S::load(&sums[l]));
            S::store(&mut sums[l], sum);
        }
    }
}

/// Adds `scale` times what the points of the latest pass bring, from the derivatives by their features, which lie
/// in the second layer's place of `trace.d`.
#[inline(always)]
pub fn add_features<E: Real, S: Simd<E>, A: Nonlinearity>(
    x: &[E],
    scale: E,
    pieces: &mut Pieces<E>,
    trace: &Trace<E>,
) {
    let Pieces { center, switches, sums, of_points, .. } = pieces;
    let (of_points, mut sums) = (&of_points[..x.len()], sums.get_mut(2 * (switches.len() + 1)));
    let [h, d] = [&trace.h, &trace.d].map(|layers| layers[1].get(x.len()));
    in_strips!(5, 3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let [h, d] = [h, d].map(|rows| rows.strip::<S, FEW>(lane));
        let mut sums = sums.reborrow().strip::<S, FEW>(lane);
        for n in 0..x.len() {
            let (h, mut d) = (h.load(n), d.load(n));
            for l in 0..FEW {
                d[l] = A::slope::<E, S>(h[l], d[l]);
            }
            add_point::<E, S, FEW>((x[n] - *center, scale), d, &mut sums, of_points[n]);
        }
    });
}

/// The loss of these points, of whose gradient `scale` times is added to what has been brought.
#[inline(always)]
pub fn add_points<E: Real, S: Simd<E>, A: Nonlinearity>(
    w: &Packed<E>,
    x: &[E],
    y: &[E],
    scale: E,
    pieces: &mut Pieces<E>,
    trace: &mut Trace<E>,
) {
    let (w, rows) = (w.parts(), x.len());
    features_by_pieces::<E, S, A>(x, pieces, trace);
    predict::<E, S>(w.output, w.last[0], trace.h[1].get(rows), &mut trace.d_out[..rows]);
    squared_error::<E, S>(y, trace);
    let Pieces { center, switches, sums, of_points, output, last, .. } = pieces;
    let (of_points, mut sums) = (&of_points[..rows], sums.get_mut(2 * (switches.len() + 1)));
    let (h, d_out, mut output) = (trace.h[1].get(rows), &trace.d_out[..rows], output.get_mut(1));
    in_strips!(5, 3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (u, h) = (load::<E, S, FEW>(w.output, lane), h.strip::<S, FEW>(lane));
        let mut sums = sums.reborrow().strip::<S, FEW>(lane);
        for n in 0..rows {
            let (d_out, h) = (S::splat(d_out[n]), h.load(n));
            let mut d = u;
            for l in 0..FEW {
                d[l] = A::slope::<E, S>(h[l], S::mul(d_out, u[l]));
            }
            add_point::<E, S, FEW>((x[n] - *center, scale), d, &mut sums, of_points[n]);
        }
    });
    let fours = rows / 4 * 4;
    in_strips!(3, 2, 1 of h.stride() / S::WIDTH, |lane, FEW| {
        let (h, mut output) = (h.strip::<S, FEW>(lane), output.reborrow().strip::<S, FEW>(lane));
        // Four sums at once cover the latency of one.
        let mut g = [[S::splat(E::default()); FEW]; 4];
        for first in (0..fours).step_by(4) {
            for i in 0..4 {
                let (d_out, h) = (S::splat(d_out[first + i]), h.load(first + i));
                for l in 0..FEW {
                    g[i][l] = S::mul_add(d_out, h[l], g[i][l]);
                }
            }
        }
        for n in fours..rows {
            let (d_out, h) = (S::splat(d_out[n]), h.load(n));
            for l in 0..FEW {
                g[0][l] = S::mul_add(d_out, h[l], g[0][l]);
            }
        }
        let output = output.at(0);
        for l in 0..FEW {
            let sum = S::add(S::add(g[0][l], g[1][l]), S::add(g[2][l], g[3][l]));
            let sum = S::mul_add(S::splat(scale), sum, S::load(&output[l]));
            S::store(&mut output[l], sum);
        }
    });
    let sum = d_out.iter().fold(E::default(), |sum, &d| sum + d);
    *last = S::mul_add_one(scale, sum, *last);
}

/// A strip of the gradient of all that hangs on one unit of the first layer, from the sums over the points where it
/// is active: that of its column goes to `square`, the column's products with them are added to `products`.
#[inline(always)]
fn first_layer_gradient<E: Real, S: Simd<E>, const N: usize>(
    network: &Switching<'_, E>,
    unit: usize,
    lane: usize,
    active: &[[S::V; N]; 2],
    square: &mut StripMut<'_, E, S, N>,
    products: &mut [E],
) {
    let column = &S::chunks(network.columns.row(unit))[lane..lane + N];
    let (slope, at_center) = (S::splat(network.slopes[unit]), S::splat(network.at_center[unit]));
    let (square, products) = (square.at(unit), &mut S::Narrow::chunks_mut(products)[2 * unit..2 * unit + 2]);
    let mut sums = [<S::Narrow as Simd<E>>::splat(E::default()); 2];
    if lane > 0 {
        sums = [S::Narrow::load(&products[0]), S::Narrow::load(&products[1])];
    }
    for l in 0..N {
        let (column, by_x, alone) = (S::load(&column[l]), active[0][l], active[1][l]);
        S::store(&mut square[l], S::mul_add(slope, by_x, S::mul(at_center, alone)));
        sums[0] = S::add_products(column, by_x, sums[0]);
        sums[1] = S::add_products(column, alone, sums[1]);
    }
    S::Narrow::store(&mut products[0], sums[0]);
    S::Narrow::store(&mut products[1], sums[1]);
}

/// The gradient that all points since the pieces were cut have brought.
#[inline(always)]
pub fn gradient_by_pieces<E: Real, S: Simd<E>>(
    w: &Packed<E>,
    wt: &Squares<E>,
    pieces: &mut Pieces<E>,
    out: &mut Packed<E>,
) {
    let Pieces { center, at_center, switches, sums, products, output, last, square, .. } = pieces;
    let (w, mut out) = (w.parts(), out.parts_mut());
    let units = w.shape().hidden();
    let network = Switching { slopes: w.input, at_center, columns: wt.get(0) };
    let (mut square, sums) = (square.get_mut(0), sums.get(2 * (units + 1)));
    in_strips!(5, 3, 2, 1 of sums.stride() / S::WIDTH, |lane, FEW| {
        let (sums, mut square) = (sums.strip::<S, FEW>(lane), square.reborrow().strip::<S, FEW>(lane));
        let mut active = [[S::splat(E::default()); FEW]; 2];
        for piece in (0..units).rev() {
            add_sums::<E, S, FEW>(&sums, piece + 1, &mut active);
            if switches[piece].rises {
                let unit = switches[piece].unit;
                first_layer_gradient::<E, S, FEW>(&network, unit, lane, &active, &mut square, products);
            }
        }
        active = [[S::splat(E::default()); FEW]; 2];
        for piece in 0..units {
            add_sums::<E, S, FEW>(&sums, piece, &mut active);
            if !switches[piece].rises {
                let unit = switches[piece].unit;
                first_layer_gradient::<E, S, FEW>(&network, unit, lane, &active, &mut square, products);
            }
        }
        add_sums::<E, S, FEW>(&sums, units, &mut active);
        store::<E, S, FEW>(active[1], None, false, out.biases.reborrow().row(1), lane);
    });
    let width = S::Narrow::WIDTH;
    let center = <S::Narrow as Simd<E>>::splat(*center);
    let (slopes, biases) =
        (S::Narrow::chunks_mut(out.input), S::Narrow::chunks_mut(out.biases.reborrow().row(0)));
    let products = S::Narrow::chunks(products).chunks_exact(2 * width);
    for ((slopes, biases), products) in
        slopes.iter_mut().zip(biases).zip(products).take(w.shape().height() / width)
    {
        let mut sums = [[<S::Narrow as Simd<E>>::splat(E::default()); 8]; 2];
        for unit in 0..width {
            for part in 0..2 {
                sums[part][unit] = S::Narrow::load(&products[2 * unit + part]);
            }
        }
        let [by_x, alone] = &mut sums;
        let by_x = <S::Narrow as Lanes<E>>::sums(by_x);
        let alone = <S::Narrow as Lanes<E>>::sums(alone);
        S::Narrow::store(slopes, S::Narrow::mul_add(center, alone, by_x));
        S::Narrow::store(biases, alone);
    }
    dense::transpose::<E, S>(square.shared(), out.square(0));
    out.output.copy_from_slice(output.get(1).flat());
    out.last[0] = *last;
}

/// Adds the sums of one piece's points to those of the pieces before it.
#[inline(always)]
fn add_sums<E: Real, S: Simd<E>, const N: usize>(
    sums: &Strip<'_, E, S, N>,
    piece: usize,
    active: &mut [[S::V; N]; 2],
) {
    for part in 0..2 {
        let sums = sums.load(2 * piece + part);
        for l in 0..N {
            active[part][l] = S::add(sums[l], active[part][l]);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::distr::{Distribution, Uniform};

    use super::super::buffers::PartsMut;
    use super::super::{self as kernels, Kernels, Relu};
    use super::*;
    use crate::task::{Purpose, stream};

    /// A network of this width with units that never switch, that are never active, and one of 1e9 that is off
    /// where the points are; and points in two passes of unequal weight around `middle`.
    struct Case<E> {
        shape: Shape,
        w: Packed<E>,
        wt: Squares<E>,
        points: [(Vec<E>, Vec<E>, E); 2],
    }

    fn case<E: Real>(hidden: usize, middle: f64, kernels: Kernels) -> Case<E> {
        let shape = kernels.shape::<E>(2, hidden);
        let mut stream = stream(7, Purpose::Initialisation);
        let uniform = Uniform::new(-1.0, 1.0).expect("a range");
        let mut draw = |scale: f64| E::rounded(scale * uniform.sample(&mut stream));
        let mut w = Packed::<E>::zero(shape);
        let mut parts = w.parts_mut();
        for unit in 0..hidden {
            let slope = draw(1.0);
            parts.input[unit] = slope;
            // Most switch where the points are.
            parts.biases.reborrow().row(0)[unit] = draw(6.0) * slope - E::rounded(middle) * slope;
            parts.biases.reborrow().row(1)[unit] = draw(0.5);
            parts.output[unit] = draw(0.5);
            for column in 0..hidden {
                parts.square(0).row(unit)[column] = draw(0.3);
            }
        }
        parts.input[1..3].fill(E::default());
        parts.biases.reborrow().row(0)[1..3].copy_from_slice(&[E::rounded(0.4), E::rounded(-0.4)]);
        for (unit, away) in [(3, 1.0), (4, -1.0)] {
            parts.input[unit] = E::rounded(away * 1e9);
            parts.biases.reborrow().row(0)[unit] = E::rounded(-1e9 * (away * middle + 6.0));
        }
        parts.last[0] = draw(0.5);
        let mut points = |rows: usize, weight: f64| {
            let x: Vec<E> = (0..rows).map(|_| E::rounded(middle) + draw(5.0)).collect();
            let y = (0..rows).map(|_| draw(3.0)).collect();
            (x, y, E::rounded(weight))
        };
        let points = [points(37, 6.0), points(22, 4.0)];
        let mut wt = Squares::zero(shape);
        kernels::transpose(kernels, &w, &mut wt);
        Case { shape, w, wt, points }
    }

    /// The largest error of loss and gradient by pieces, in units of the largest entry.
    fn error<E: Real>(hidden: usize, middle: f64, kernels: Kernels) -> f64 {
        let Case { shape, w, wt, points } = case::<E>(hidden, middle, kernels);
        let (mut pieces, mut trace, mut plain) = (Pieces::empty(shape), Trace::new(shape), Trace::new(shape));
        let [mut expected, mut next, mut found] = [(); 3].map(|()| Packed::<E>::zero(shape));
        let mut losses = 0.0_f64;
        // Twice, since nothing of the first time may be left.
        for _ in 0..2 {
            expected.flat_mut().fill(E::default());
            kernels::cut(kernels, &w, &wt, points[0].0[0], &mut pieces);
            for (x, y, weight) in &points {
                kernels::forward_backward::<E, Relu>(kernels, &w, &wt, x, y, &mut plain);
                kernels::add_gradient(kernels, &plain, x, &expected, *weight, &mut next);
                std::mem::swap(&mut expected, &mut next);
                kernels::add_points::<E, Relu>(kernels, &w, x, y, *weight, &mut pieces, &mut trace);
                losses = losses.max((plain.loss.exact() / trace.loss.exact() - 1.0).abs());
            }
            kernels::gradient_by_pieces(kernels, &w, &wt, &mut pieces, &mut found);
        }
        let largest = expected.flat().iter().map(|g| g.exact().abs()).fold(0.0, f64::max);
        let pairs = expected.flat().iter().zip(found.flat());
        let gaps = pairs.map(|(e, f)| (e.exact() - f.exact()).abs() / largest);
        // NaN would pass `max`.
        gaps.fold(losses, |most, gap| if gap <= most { most } else { gap })
    }

    #[test]
    fn pieces_bring_what_products_bring() {
        for kernels in Kernels::available() {
            for middle in [0.0, -3.0, 100.0] {
                let double = [error::<f64>(13, middle, kernels), error::<f64>(40, middle, kernels)];
                let single = [error::<f32>(40, middle, kernels), error::<f32>(100, middle, kernels)];
                assert!(double.iter().all(|e| *e < 1e-14), "{} at {middle}: {double:?}", kernels.name());
                assert!(single.iter().all(|e| *e < 2e-6), "{} at {middle}: {single:?}", kernels.name());
            }
        }
    }

    #[test]
    fn features_and_what_they_bring_are_those_of_the_products() {
        let kernels = Kernels::fastest();
        let Case { shape, w, wt, points } = case::<f64>(40, 0.0, kernels);
        let (mut pieces, mut trace, mut plain) = (Pieces::empty(shape), Trace::new(shape), Trace::new(shape));
        let [mut expected, mut next, mut found] = [(); 3].map(|()| Packed::<f64>::zero(shape));
        kernels::cut(kernels, &w, &wt, 0.0, &mut pieces);
        for (x, _, weight) in &points {
            kernels::features::<f64, Relu>(kernels, &w, &wt, x, &mut plain);
            kernels::activate_last::<f64, Relu>(kernels, x.len(), &mut plain);
            kernels::features_by_pieces::<f64, Relu>(kernels, x, &mut pieces, &mut trace);
            let features = [&plain, &trace].map(|trace| trace.h[1].get(x.len()).flat());
            for (a, b) in features[0].iter().zip(features[1]) {
                assert!((a - b).abs() < 1e-13, "{a} {b}");
            }
            for trace in [&mut plain, &mut trace] {
                trace.d_out[..x.len()].fill(0.0);
                for (i, u) in trace.d[1].get_mut(x.len()).flat().iter_mut().enumerate() {
                    *u = (i as f64).sin();
                }
            }
            kernels::add_features::<f64, Relu>(kernels, x, *weight, &mut pieces, &trace);
            kernels::last_slopes::<f64, Relu>(kernels, x.len(), &mut plain);
            kernels::backward_from_features::<f64, Relu>(kernels, &w, x.len(), &mut plain);
            kernels::add_gradient(kernels, &plain, x, &expected, *weight, &mut next);
            std::mem::swap(&mut expected, &mut next);
        }
        kernels::gradient_by_pieces(kernels, &w, &wt, &mut pieces, &mut found);
        let largest = expected.flat().iter().map(|g| g.abs()).fold(0.0, f64::max);
        for (e, f) in expected.flat().iter().zip(found.flat()) {
            assert!((e - f).abs() < 1e-13 * largest, "{e} {f}");
        }
    }

    #[test]
    fn what_is_not_a_number_does_not_get_lost() {
        let kernels = Kernels::fastest();
        let loss = |spoil: &dyn Fn(&mut PartsMut<'_, f32>)| {
            let Case { shape, mut w, mut wt, points } = case::<f32>(40, 0.0, kernels);
            spoil(&mut w.parts_mut());
            kernels::transpose(kernels, &w, &mut wt);
            let (mut pieces, mut trace) = (Pieces::empty(shape), Trace::new(shape));
            let (x, y, weight) = &points[0];
            kernels::cut(kernels, &w, &wt, x[0], &mut pieces);
            kernels::add_points::<f32, Relu>(kernels, &w, x, y, *weight, &mut pieces, &mut trace);
            trace.loss
        };
        assert!(loss(&|_| ()).is_finite());
        let unit = |rises: bool| {
            let Case { w, .. } = case::<f32>(40, 0.0, kernels);
            (5..40).find(|unit| (w.parts().input[*unit] > 0.0) == rises).expect("some rise, some fall")
        };
        // One that rises, one that falls, a flat one.
        for unit in [unit(true), unit(false), 1] {
            for number in [f32::NAN, -f32::NAN, f32::INFINITY] {
                assert!(!loss(&|w| w.input[unit] = number).is_finite(), "slope {unit}: {number}");
                assert!(
                    !loss(&|w| w.biases.reborrow().row(0)[unit] = number).is_finite(),
                    "bias {unit}: {number}"
                );
                assert!(!loss(&|w| w.output[unit] = number).is_finite(), "output {unit}: {number}");
            }
        }
    }
}
