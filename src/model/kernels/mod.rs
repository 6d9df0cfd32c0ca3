//! The arithmetic of the hot path, and the only room with `unsafe` in it. Written once in `passes` and compiled for
//! each instruction set: AVX-512, AVX2 with FMA, and whatever every processor has. The first two give the same bits,
//! the last gives others, so a run records the name of the [`Kernels`] that made it.
//!
//! What is done here is said readably in `model::reference`; tests hold kernels and reference
//! together to rounding, on every path.

#![allow(unsafe_code)]
// Registers are arrays walked by an index: iterators over them are not always kept in registers.
#![allow(clippy::needless_range_loop)]

mod activation;
mod adam;
pub mod attention;
mod block;
mod buffers;
mod dense;
mod dispatch;
pub mod layers;
mod matrix;
mod passes;
mod peak;
mod pieces;
mod real;
pub mod rowwise;
mod simd;
mod tangent;
pub mod vectors;

pub use activation::{Linear, Nonlinearity, Relu, Tanh};
pub use adam::AdamStep;
pub use block::{Block, BlockMut};
pub use buffers::{Packed, Rows, Shape, Squares, Trace, View, ViewMut};
pub use layers::Onto;
pub use matrix::{Matrix, MatrixMut};
pub use peak::fma_peak_gflops;
pub use pieces::Pieces;
pub use real::Real;
pub use tangent::Direction;

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use dispatch::compiled;
use simd::Level;

/// Which compilation of the kernels runs. Opaque, so that whoever has one has asked the processor first:
/// [`Kernels::fastest`], [`Kernels::portable`] and [`Kernels::available`] are the only ways to come by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels(Level);

impl Kernels {
    /// The fastest this processor has: of two that give the same bits, the one that a measurement of a millisecond
    /// says is faster. `METASCOPE_KERNEL` in the environment chooses, by [`Kernels::name`] to reproduce a run made
    /// elsewhere, or by [`Kernels::instructions`].
    pub fn fastest() -> Self {
        static FOUND: OnceLock<Kernels> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let wanted = std::env::var("METASCOPE_KERNEL").unwrap_or_default();
            let mut found: Vec<Self> = Self::available().collect();
            if let Some(kernels) = found.iter().find(|kernels| kernels.instructions() == wanted) {
                return *kernels;
            }
            let named = found.iter().find(|kernels| kernels.name() == wanted).or(found.first());
            let name = named.map_or("", |kernels| kernels.name());
            found.retain(|kernels| kernels.name() == name);
            if found.len() > 1 {
                found.sort_by_cached_key(|kernels| kernels.time_of_passes());
            }
            found.first().copied().unwrap_or(Self::portable())
        })
    }

    /// Those that run everywhere.
    pub fn portable() -> Self {
        Self(Level::Portable)
    }

    /// All that this processor can run, those with the widest registers first.
    pub fn available() -> impl Iterator<Item = Self> {
        [Level::Avx512, Level::Avx2, Level::Portable].into_iter().filter(|level| level.is_there()).map(Self)
    }

    /// Those of this name that are the fastest here.
    pub fn named(name: &str) -> Option<Self> {
        let named = |kernels: &Self| kernels.name() == name;
        Some(Self::fastest()).filter(named).or_else(|| Self::available().find(named))
    }

    /// The name that results carry; what has the same name gives the same bits.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Avx512 | Level::Avx2 => "avx2+fma",
            Level::Portable => "portable",
        }
    }

    /// The instructions, as `METASCOPE_KERNEL` takes them.
    pub fn instructions(self) -> &'static str {
        match self.0 {
            Level::Avx512 => "avx512",
            Level::Avx2 => "avx2",
            Level::Portable => "portable",
        }
    }

    /// How these kernels lay out a network of so many hidden layers of this width.
    pub fn shape<E: Real>(self, layers: usize, hidden: usize) -> Shape {
        Shape::new(layers, hidden, self.stride::<E>(hidden))
    }

    /// Numbers from a row of so many to the next: whole registers.
    pub fn stride<E: Real>(self, columns: usize) -> usize {
        columns.next_multiple_of(self.width::<E>().max(8))
    }

    /// Numbers in a register.
    fn width<E: Real>(self) -> usize {
        self.0.bytes() / size_of::<E>()
    }

    /// The shortest time of some passes over ten points of the default network.
    fn time_of_passes(self) -> Duration {
        let shape = self.shape::<f32>(2, 40);
        let (w, wt, mut trace) = (Packed::zero(shape), Squares::zero(shape), Trace::new(shape));
        let (x, y) = ([0.5; 10], [0.25; 10]);
        let mut shortest = Duration::MAX;
        for _ in 0..30 {
            let start = Instant::now();
            for _ in 0..16 {
                forward_backward::<f32, Relu>(self, black_box(&w), &wt, &x, &y, &mut trace);
                black_box(&trace);
            }
            shortest = shortest.min(start.elapsed());
        }
        shortest
    }
}

/// The kernels' bodies, generic over the short vectors they are written in.
mod bodies {
    pub use super::adam::adam;
    pub use super::passes::{
        activate_last, add, add_gradient, backward_from_features, features, first_bias_gradients, forward,
        forward_backward, forward_backward_shifted, gradient, last_slopes, loss, pack, subtract, transpose,
    };
    pub use super::peak::saturate;
    pub use super::pieces::{add_features, add_points, cut, features_by_pieces, gradient_by_pieces};
    pub use super::tangent::{add_hessian_product, add_shift_product};
}

compiled! {
    /// The activations, and the predictions, which go to `trace.d_out`.
    fn forward[A](
        w: &Packed<E>, wt: &Squares<E>, x: &[E], trace: &mut Trace<E>,
    );
    /// The forward pass and the loss alone.
    fn loss[A](
        w: &Packed<E>, wt: &Squares<E>, x: &[E], y: &[E], trace: &mut Trace<E>,
    );
    /// The forward pass, the loss, and its derivatives by the inputs of every layer.
    fn forward_backward[A](
        w: &Packed<E>, wt: &Squares<E>, x: &[E], y: &[E], trace: &mut Trace<E>,
    );
    /// The activations of all hidden layers but the nonlinearity of the last, which `activate_last` applies.
    fn features[A](w: &Packed<E>, wt: &Squares<E>, x: &[E], trace: &mut Trace<E>);
    /// The nonlinearity of the last hidden layer.
    fn activate_last[A](rows: usize, trace: &mut Trace<E>);
    /// The derivatives by the inputs of the last hidden layer, from those by its activations, which lie in its
    /// place of `trace.d`.
    fn last_slopes[A](rows: usize, trace: &mut Trace<E>);
    /// The derivatives by the inputs of every layer, from those by the inputs of the last hidden layer, which lie
    /// in its place of `trace.d`.
    fn backward_from_features[A](w: &Packed<E>, rows: usize, trace: &mut Trace<E>);
    /// As `forward_backward` for several tasks whose points follow one another, each with a bias of its own in
    /// the first layer; the loss is the mean over all points.
    fn forward_backward_shifted[A](
        w: &Packed<E>, wt: &Squares<E>, first: Matrix<'_, E>, x: &[E], y: &[E], trace: &mut Trace<E>,
    );
    /// `scale` times the derivatives by the first layer's bias, of each of several tasks whose points follow one
    /// another.
    fn first_bias_gradients[](trace: &Trace<E>, rows: usize, scale: E, out: MatrixMut<'_, E>);
    /// As `add_hessian_product` along a direction in which nothing moves but the first layer's bias, by `shifts`
    /// for as many tasks, whose points follow one another.
    fn add_shift_product[A](
        w: &Packed<E>, wt: &Squares<E>, trace: &Trace<E>, x: &[E], shifts: Matrix<'_, E>,
        base: &Packed<E>, scale: E, tangent: &mut Trace<E>, out: &mut Packed<E>,
    );
    /// The gradient of the loss `trace` was made by.
    fn gradient[](trace: &Trace<E>, x: &[E], out: &mut Packed<E>);
    /// `out = base + scale * gradient`: one SGD step where `base` is the weights and `scale` is -rate.
    fn add_gradient[](
        trace: &Trace<E>, x: &[E], base: &Packed<E>, scale: E, out: &mut Packed<E>,
    );
    /// `out = base + scale * H v`, or that added to what is there: the VJP of an SGD step where `base` is v and `scale` is -rate.
    fn add_hessian_product[A](
        w: &Packed<E>, wt: &Squares<E>, trace: &Trace<E>, x: &[E], direction: Direction<'_, E>,
        base: &Packed<E>, scale: E, tangent: &mut Trace<E>, adds: bool, out: &mut Packed<E>,
    );
    /// Takes the numbers of a network without padding, one tensor after another.
    fn pack[](numbers: &[E], out: ViewMut<'_, E>);
    /// `sum += x`.
    fn add[](sum: &mut Packed<E>, x: &Packed<E>);
    /// `out = x - y`.
    fn subtract[](x: &Packed<E>, y: &Packed<E>, out: &mut Packed<E>);
    /// Finds the pieces of a network of two hidden layers of relu, whose `x` is told from `center`, and forgets
    /// what earlier points have brought.
    fn cut[](w: &Packed<E>, wt: &Squares<E>, center: E, pieces: &mut Pieces<E>);
    /// As `features` and `activate_last`, of the second hidden layer alone, whose nonlinearity this is.
    fn features_by_pieces[A](x: &[E], pieces: &mut Pieces<E>, trace: &mut Trace<E>);
    /// Adds `scale` times what the points of the latest pass bring to the gradient, from the derivatives by their
    /// features, which lie in the second layer's place of `trace.d`.
    fn add_features[A](x: &[E], scale: E, pieces: &mut Pieces<E>, trace: &Trace<E>);
    /// The loss of these points, of whose gradient `scale` times is added to what has been brought.
    fn add_points[A](
        w: &Packed<E>, x: &[E], y: &[E], scale: E, pieces: &mut Pieces<E>, trace: &mut Trace<E>,
    );
    /// The gradient that all points since the pieces were cut have brought.
    fn gradient_by_pieces[](
        w: &Packed<E>, wt: &Squares<E>, pieces: &mut Pieces<E>, out: &mut Packed<E>,
    );
    /// The squares of `w`, transposed.
    fn transpose[](w: &Packed<E>, wt: &mut Squares<E>);
    /// One step of Adam (Kingma and Ba 2015, algorithm 1): updates both moments and the parameters, and zeroes the
    /// gradient for the next pass.
    fn adam[](step: &AdamStep<E>, parameters: &mut [E], gradient: &mut [E], moments: [&mut [E]; 2]);
    /// So many rounds of independent fused multiply-adds; answers how many vectors a round has.
    fn saturate[](rounds: usize) -> usize;
}
