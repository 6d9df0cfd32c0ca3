//! The arithmetic of the hot path, and the only room with `unsafe` in it. Written once in `passes`
//! and compiled twice: with AVX2 and FMA where the processor has them, portably everywhere. The two
//! give different last bits, so a run records which [`Kernels`] made it.
//!
//! What is done here is said readably in `model::reference`; tests hold kernels and reference
//! together to rounding, on both paths.

#![allow(unsafe_code)]
// Registers are arrays walked by an index: iterators over them are not always kept in registers.
#![allow(clippy::needless_range_loop)]

mod activation;
mod adam;
mod buffers;
mod dense;
mod passes;
mod peak;
mod pieces;
mod real;
mod simd;
mod tangent;
pub mod vectors;

pub use activation::{Nonlinearity, Relu, Tanh};
pub use adam::{AdamStep, adam};
pub use buffers::{Packed, Padded, Rows, Squares, Trace, View, ViewMut};
pub use dense::Square;
pub use peak::fma_peak_gflops;
pub use pieces::Pieces;
pub use real::Real;
pub use tangent::Direction;

use std::sync::OnceLock;

/// Which compilation of the kernels runs. Opaque, so that whoever has one has asked the processor first:
/// [`Kernels::fastest`], [`Kernels::portable`] and [`Kernels::available`] are the only ways to come by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// 256-bit registers and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2Fma,
    /// Whatever the target's baseline has.
    Portable,
}

impl Kernels {
    /// The fastest this processor has. `METASCOPE_KERNEL=portable` in the environment chooses the
    /// portable ones, to reproduce a run made elsewhere.
    pub fn fastest() -> Self {
        static FOUND: OnceLock<Kernels> = OnceLock::new();
        *FOUND.get_or_init(|| {
            if std::env::var_os("METASCOPE_KERNEL").is_some_and(|kernels| kernels == "portable") {
                return Self::portable();
            }
            Self::available().next().unwrap_or(Self::portable())
        })
    }

    /// Those that run everywhere.
    pub fn portable() -> Self {
        Self(Kind::Portable)
    }

    /// All that this processor can run, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let fast = (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"))
            .then_some(Self(Kind::Avx2Fma));
        #[cfg(not(target_arch = "x86_64"))]
        let fast = None;
        fast.into_iter().chain([Self::portable()])
    }

    /// The name that results carry.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => "avx2+fma",
            Kind::Portable => "portable",
        }
    }
}

/// The kernels' bodies, generic over the short vectors they are written in.
mod bodies {
    pub use super::passes::{
        add, add_gradient, backward_from_features, features, first_bias_gradients, forward, forward_backward,
        forward_backward_shifted, gradient, loss, subtract, transpose,
    };
    pub use super::pieces::{add_features, add_points, cut, features_by_pieces, gradient_by_pieces};
    pub use super::tangent::{add_hessian_product, add_shift_product};
}

/// One entry point a kernel: the same body compiled for each path, and the choice between them.
macro_rules! kernels {
    ($($(#[$doc:meta])* fn $name:ident[$($act:ident)?]($($arg:ident: $type:ty),* $(,)?);)*) => {
        #[cfg(target_arch = "x86_64")]
        mod avx2_fma {
            use super::*;
            $(
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                pub fn $name<E: Real, $($act: Nonlinearity,)? const P: usize>($($arg: $type),*) {
                    bodies::$name::<E, E::Fast, $($act,)? P>($($arg),*)
                }
            )*
        }
        $(
            $(#[$doc])*
            #[allow(clippy::too_many_arguments)]
            #[inline]
            pub fn $name<E: Real, $($act: Nonlinearity,)? const P: usize>(kernels: Kernels, $($arg: $type),*) {
                match kernels.0 {
                    // SAFETY: `Kernels` holds this kind only where the processor has AVX2 and FMA.
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx2Fma => unsafe { avx2_fma::$name::<E, $($act,)? P>($($arg),*) },
                    _ => bodies::$name::<E, E::Portable, $($act,)? P>($($arg),*),
                }
            }
        )*
    };
}

kernels! {
    /// The activations, and the predictions, which go to `trace.d_out`.
    fn forward[A](
        w: &Packed<E, P>, wt: &Squares<E, P>, x: &[E], trace: &mut Trace<E, P>,
    );
    /// The forward pass and the loss alone.
    fn loss[A](
        w: &Packed<E, P>, wt: &Squares<E, P>, x: &[E], y: &[E], trace: &mut Trace<E, P>,
    );
    /// The forward pass, the loss, and its derivatives by the inputs of every layer.
    fn forward_backward[A](
        w: &Packed<E, P>, wt: &Squares<E, P>, x: &[E], y: &[E], trace: &mut Trace<E, P>,
    );
    /// The activations of all hidden layers.
    fn features[A](w: &Packed<E, P>, wt: &Squares<E, P>, x: &[E], trace: &mut Trace<E, P>);
    /// The derivatives by the inputs of every layer, from those by the activations of the last hidden layer,
    /// which lie in its place of `trace.d`.
    fn backward_from_features[A](w: &Packed<E, P>, rows: usize, trace: &mut Trace<E, P>);
    /// As `forward_backward` for several tasks whose points follow one another, each with a bias of its own in
    /// the first layer; the loss is the mean over all points.
    fn forward_backward_shifted[A](
        w: &Packed<E, P>, wt: &Squares<E, P>, first: &[[E; P]], x: &[E], y: &[E], trace: &mut Trace<E, P>,
    );
    /// `scale` times the derivatives by the first layer's bias, of each of several tasks whose points follow one
    /// another.
    fn first_bias_gradients[](trace: &Trace<E, P>, rows: usize, scale: E, out: &mut [[E; P]]);
    /// As `add_hessian_product` along a direction in which nothing moves but the first layer's bias, by `shifts`
    /// for as many tasks, whose points follow one another.
    fn add_shift_product[A](
        w: &Packed<E, P>, wt: &Squares<E, P>, trace: &Trace<E, P>, x: &[E], shifts: &[[E; P]],
        base: &Packed<E, P>, scale: E, tangent: &mut Trace<E, P>, out: &mut Packed<E, P>,
    );
    /// The gradient of the loss `trace` was made by.
    fn gradient[](trace: &Trace<E, P>, x: &[E], out: &mut Packed<E, P>);
    /// `out = base + scale * gradient`: one SGD step where `base` is the weights and `scale` is -rate.
    fn add_gradient[](
        trace: &Trace<E, P>, x: &[E], base: &Packed<E, P>, scale: E, out: &mut Packed<E, P>,
    );
    /// `out = base + scale * H v`: the VJP of an SGD step where `base` is v and `scale` is -rate.
    fn add_hessian_product[A](
        w: &Packed<E, P>, wt: &Squares<E, P>, trace: &Trace<E, P>, x: &[E], direction: Direction<'_, E, P>,
        base: &Packed<E, P>, scale: E, tangent: &mut Trace<E, P>, out: &mut Packed<E, P>,
    );
    /// `sum += x`.
    fn add[](sum: &mut Packed<E, P>, x: &Packed<E, P>);
    /// `out = x - y`.
    fn subtract[](x: &Packed<E, P>, y: &Packed<E, P>, out: &mut Packed<E, P>);
    /// Finds the pieces of a network of two hidden layers of relu, whose `x` is told from `center`, and forgets
    /// what earlier points have brought.
    fn cut[](w: &Packed<E, P>, wt: &Squares<E, P>, center: E, pieces: &mut Pieces<E, P>);
    /// As `features`, of the second hidden layer alone.
    fn features_by_pieces[A](x: &[E], pieces: &mut Pieces<E, P>, trace: &mut Trace<E, P>);
    /// Adds `scale` times what the points of the latest pass bring to the gradient, from the derivatives by their
    /// features, which lie in the second layer's place of `trace.d`.
    fn add_features[A](x: &[E], scale: E, pieces: &mut Pieces<E, P>, trace: &Trace<E, P>);
    /// The loss of these points, of whose gradient `scale` times is added to what has been brought.
    fn add_points[A](
        w: &Packed<E, P>, x: &[E], y: &[E], scale: E, pieces: &mut Pieces<E, P>, trace: &mut Trace<E, P>,
    );
    /// The gradient that all points since the pieces were cut have brought.
    fn gradient_by_pieces[](
        w: &Packed<E, P>, wt: &Squares<E, P>, pieces: &mut Pieces<E, P>, out: &mut Packed<E, P>,
    );
    /// The squares of `w`, transposed.
    fn transpose[](w: &Packed<E, P>, wt: &mut Squares<E, P>);
}
