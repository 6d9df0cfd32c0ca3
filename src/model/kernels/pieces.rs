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
use super::matrix::{Matrix, MatrixMut};
use super::passes::{inner, predict, squared_error};
use super::real::Real;
use super::simd::Simd;

/// Where a unit of the first layer switches.
#[derive(Clone, Copy, Debug)]
struct Switch<E> {
    at: E,
    unit: usize,
    /// Whether it is active to the right of it.
    rises: bool,
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
    /// The same of the pieces that have been walked.
    active: Rows<E>,
    /// Gradient of the output layer: its weights, and the bias.
    output: Rows<E>,
    last: E,
    /// The square's gradient, transposed.
    square: Squares<E>,
    /// The piece of each point of the latest pass.
    of_points: Vec<usize>,
}

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
            switches: vec![Switch { at: zero, unit: 0, rises: true }; units],
            lines: Rows::zero(shape, 2 * (units + 1)),
            sums: Rows::zero(shape, 2 * (units + 1)),
            active: Rows::zero(shape, 2),
            output: Rows::zero(shape, 1),
            last: zero,
            square: Squares::zero(shape),
            of_points: Vec::new(),
        }
    }
}

/// `sum += scale * x`.
#[inline(always)]
fn add_scaled<E: Real, S: Simd<E>>(sum: &mut [E], scale: E, x: &[E]) {
    let scale = S::splat(scale);
    for (sum, x) in S::chunks_mut(sum).iter_mut().zip(S::chunks(x)) {
        S::store(sum, S::mul_add(scale, S::load(x), S::load(sum)));
    }
}

/// `sum += x`.
#[inline(always)]
fn add<E: Real, S: Simd<E>>(sum: &mut [E], x: &[E]) {
    for (sum, x) in S::chunks_mut(sum).iter_mut().zip(S::chunks(x)) {
        S::store(sum, S::add(S::load(x), S::load(sum)));
    }
}

/// The two rows of a piece, one after the other.
#[inline(always)]
fn of_piece<'a, E: Real>(rows: Matrix<'a, E>, piece: usize) -> &'a [E] {
    &rows.flat()[2 * piece * rows.stride()..][..2 * rows.stride()]
}

/// The same, to write to.
#[inline(always)]
fn of_piece_mut<'a, E: Real>(rows: &'a mut MatrixMut<'_, E>, piece: usize) -> &'a mut [E] {
    let stride = rows.stride();
    &mut rows.reborrow().flat()[2 * piece * stride..][..2 * stride]
}

/// The first layer and what it feeds, unit by unit.
struct Switching<'a, E> {
    slopes: &'a [E],
    /// What enters each unit at `center`.
    at_center: &'a [E],
    columns: Matrix<'a, E>,
    center: E,
}

/// Adds the line that a unit of the first layer brings to the second while it is active. A function of its own,
/// as the others are, since a closure is not compiled for the instructions of the function around it.
#[inline(always)]
fn add_unit<E: Real, S: Simd<E>>(network: &Switching<'_, E>, unit: usize, line: &mut [E]) {
    let column = network.columns.row(unit);
    let (slope, height) = line.split_at_mut(column.len());
    add_scaled::<E, S>(slope, network.slopes[unit], column);
    add_scaled::<E, S>(height, network.at_center[unit], column);
}

/// Finds the pieces of a network, and forgets what earlier points have brought.
#[inline(always)]
pub fn cut<E: Real, S: Simd<E>>(w: &Packed<E>, wt: &Squares<E>, center: E, pieces: &mut Pieces<E>) {
    let (w, zero) = (w.parts(), E::default());
    let units = w.shape().hidden();
    pieces.center = center;
    let Pieces { at_center, switches, lines, active, .. } = pieces;
    let biases = w.biases.row(0);
    for (unit, (at_center, switch)) in at_center.iter_mut().zip(&mut *switches).enumerate() {
        let slope = w.input[unit];
        let z = S::mul_add_one(slope, center, biases[unit]);
        *at_center = z;
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
    switches.sort_unstable_by(|a, b| a.at.exact().total_cmp(&b.at.exact()).then(a.unit.cmp(&b.unit)));
    let network = Switching { slopes: w.input, at_center, columns: wt.get(0), center };
    let mut lines = lines.get_mut(2 * (units + 1));
    let active = active.get_mut(2).flat();
    active.fill(zero);
    of_piece_mut(&mut lines, units).fill(zero);
    for (piece, switch) in switches.iter().enumerate().rev() {
        if !switch.rises {
            add_unit::<E, S>(&network, switch.unit, active);
        }
        of_piece_mut(&mut lines, piece).copy_from_slice(active);
    }
    active.fill(zero);
    active[w.shape().stride()..].copy_from_slice(w.biases.row(1));
    for piece in 0..=units {
        if piece > 0 && switches[piece - 1].rises {
            add_unit::<E, S>(&network, switches[piece - 1].unit, active);
        }
        add::<E, S>(of_piece_mut(&mut lines, piece), active);
    }
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
    let lines = lines.get(2 * (switches.len() + 1));
    for ((h, &x), &piece) in trace.h[1].get_mut(x.len()).iter_mut().zip(x).zip(&*of_points) {
        let (slope, height) = of_piece(lines, piece).split_at(lines.stride());
        let (x, h) = (S::splat(x - *center), S::chunks_mut(h));
        let [slope, height] = [slope, height].map(|row| &S::chunks(row)[..h.len()]);
        for lane in 0..h.len() {
            let z = S::mul_add(x, S::load(&slope[lane]), S::load(&height[lane]));
            S::store(&mut h[lane], A::value::<E, S>(z));
        }
    }
}

/// Adds `scale` times the derivatives `d = s'(z) times u` of one point to its piece's sums.
#[inline(always)]
fn add_point<E: Real, S: Simd<E>, A: Nonlinearity>(
    (x, scale): (E, E),
    h: &[E],
    (times, u): (E, &[E]),
    sums: &mut [E],
) {
    let (x, scale, times) = (S::splat(scale * x), S::splat(scale), S::splat(times));
    let (by_x, alone) = sums.split_at_mut(h.len());
    let h = S::chunks(h);
    let [by_x, alone] = [by_x, alone].map(|row| &mut S::chunks_mut(row)[..h.len()]);
    let u = &S::chunks(u)[..h.len()];
    for lane in 0..h.len() {
        let d = A::slope::<E, S>(S::load(&h[lane]), S::mul(times, S::load(&u[lane])));
        let [sum_by_x, sum] = [S::load(&by_x[lane]), S::load(&alone[lane])];
        S::store(&mut by_x[lane], S::mul_add(x, d, sum_by_x));
        S::store(&mut alone[lane], S::mul_add(scale, d, sum));
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
    let mut sums = sums.get_mut(2 * (switches.len() + 1));
    let [h, u] = [&trace.h, &trace.d].map(|layers| layers[1].get(x.len()));
    for (((&x, h), u), &piece) in x.iter().zip(h.iter()).zip(u.iter()).zip(&*of_points) {
        let sums = of_piece_mut(&mut sums, piece);
        add_point::<E, S, A>((x - *center, scale), h, (E::rounded(1.0), u), sums);
    }
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
    predict::<E, S, A>(true, w.output, w.last[0], trace.h[1].get_mut(rows), &mut trace.d_out[..rows]);
    squared_error::<E, S>(y, trace);
    let Pieces { center, switches, sums, of_points, output, last, .. } = pieces;
    let mut sums = sums.get_mut(2 * (switches.len() + 1));
    let (h, d_out) = (trace.h[1].get(rows), &trace.d_out[..rows]);
    for (((&x, h), &d_out), &piece) in x.iter().zip(h.iter()).zip(d_out).zip(&*of_points) {
        let sums = of_piece_mut(&mut sums, piece);
        add_point::<E, S, A>((x - *center, scale), h, (d_out, w.output), sums);
    }
    let fours = rows / 4 * 4;
    for (lane, output) in S::chunks_mut(output.get_mut(1).flat()).iter_mut().enumerate() {
        let h = h.lane::<S>(lane);
        // Four sums at once cover the latency of one.
        let mut g = [S::splat(E::default()); 4];
        for first in (0..fours).step_by(4) {
            for n in 0..4 {
                g[n] = S::mul_add(S::splat(d_out[first + n]), S::load(h.at(first + n)), g[n]);
            }
        }
        for n in fours..rows {
            g[0] = S::mul_add(S::splat(d_out[n]), S::load(h.at(n)), g[0]);
        }
        let sum = S::add(S::add(g[0], g[1]), S::add(g[2], g[3]));
        S::store(output, S::mul_add(S::splat(scale), sum, S::load(output)));
    }
    let sum = d_out.iter().fold(E::default(), |sum, &d| sum + d);
    *last = S::mul_add_one(scale, sum, *last);
}

/// The gradient of all that hangs on one unit of the first layer, from the sums over the points where it is
/// active: that of its column goes to `square`, those of its slope and bias are returned.
#[inline(always)]
fn first_layer_gradient<E: Real, S: Simd<E>>(
    network: &Switching<'_, E>,
    unit: usize,
    active: &[E],
    square: &mut [E],
) -> [E; 2] {
    let column = network.columns.row(unit);
    let (by_x, alone) = active.split_at(column.len());
    let (slope, at_center) = (S::splat(network.slopes[unit]), S::splat(network.at_center[unit]));
    for (square, (by_x, alone)) in
        S::chunks_mut(square).iter_mut().zip(S::chunks(by_x).iter().zip(S::chunks(alone)))
    {
        S::store(square, S::mul_add(slope, S::load(by_x), S::mul(at_center, S::load(alone))));
    }
    let (by_x, alone) = (inner::<E, S>(column, by_x), inner::<E, S>(column, alone));
    [S::mul_add_one(network.center, alone, by_x), alone]
}

/// The gradient that all points since the pieces were cut have brought.
#[inline(always)]
pub fn gradient_by_pieces<E: Real, S: Simd<E>>(
    w: &Packed<E>,
    wt: &Squares<E>,
    pieces: &mut Pieces<E>,
    out: &mut Packed<E>,
) {
    let Pieces { center, at_center, switches, sums, active, output, last, square, .. } = pieces;
    let (w, mut out) = (w.parts(), out.parts_mut());
    let (units, stride) = (w.shape().hidden(), w.shape().stride());
    let network = Switching { slopes: w.input, at_center, columns: wt.get(0), center: *center };
    let mut square = square.get_mut(0);
    let sums = sums.get(2 * (units + 1));
    let active = active.get_mut(2).flat();
    active.fill(E::default());
    for (piece, switch) in switches.iter().enumerate().rev() {
        add::<E, S>(active, of_piece(sums, piece + 1));
        if switch.rises {
            let column = square.reborrow().row(switch.unit);
            let [slope, bias] = first_layer_gradient::<E, S>(&network, switch.unit, active, column);
            out.input[switch.unit] = slope;
            out.biases.reborrow().row(0)[switch.unit] = bias;
        }
    }
    active.fill(E::default());
    for (piece, switch) in switches.iter().enumerate() {
        add::<E, S>(active, of_piece(sums, piece));
        if !switch.rises {
            let column = square.reborrow().row(switch.unit);
            let [slope, bias] = first_layer_gradient::<E, S>(&network, switch.unit, active, column);
            out.input[switch.unit] = slope;
            out.biases.reborrow().row(0)[switch.unit] = bias;
        }
    }
    add::<E, S>(active, of_piece(sums, units));
    out.biases.reborrow().row(1).copy_from_slice(&active[stride..]);
    dense::transpose::<E, S>(square.shared(), out.square(0));
    out.output.copy_from_slice(output.get(1).flat());
    out.last[0] = *last;
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
