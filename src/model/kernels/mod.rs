//! The arithmetic of the hot path, and the only room with `unsafe` in it. Written once in `passes`
//! and compiled twice: with AVX2 and FMA where the processor has them, portably everywhere. The two
//! give different last bits, so a run records which [`Path`] made it.
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
mod real;
mod simd;

pub use activation::{Nonlinearity, Relu, Tanh};
pub use adam::{AdamStep, adam};
pub use buffers::{Aligned, Packed, Trace};
pub use dense::Square;
pub use passes::Direction;
pub use peak::fma_peak_gflops;
pub use real::Real;

use std::sync::atomic::{AtomicU8, Ordering};

/// Which compilation of the kernels runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// 256-bit registers and fused multiply-add.
    Avx2Fma,
    /// Whatever the target's baseline has.
    Portable,
}

impl Path {
    /// The best path this processor has. `METASCOPE_KERNEL=portable` in the environment chooses the
    /// portable one, to reproduce a run made elsewhere.
    pub fn detect() -> Self {
        static FOUND: AtomicU8 = AtomicU8::new(0);
        match FOUND.load(Ordering::Relaxed) {
            1 => Self::Avx2Fma,
            2 => Self::Portable,
            _ => {
                let found = Self::look();
                FOUND.store(if found == Self::Avx2Fma { 1 } else { 2 }, Ordering::Relaxed);
                found
            }
        }
    }

    fn look() -> Self {
        if std::env::var_os("METASCOPE_KERNEL").is_some_and(|path| path == "portable") {
            return Self::Portable;
        }
        if Self::Avx2Fma.is_available() { Self::Avx2Fma } else { Self::Portable }
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Fma => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2Fma => false,
            Self::Portable => true,
        }
    }

    /// The name that results carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx2Fma => "avx2+fma",
            Self::Portable => "portable",
        }
    }
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
                    passes::$name::<E, E::Fast, $($act,)? P>($($arg),*)
                }
            )*
        }
        $(
            $(#[$doc])*
            #[allow(clippy::too_many_arguments)]
            #[inline]
            pub fn $name<E: Real, $($act: Nonlinearity,)? const P: usize>(path: Path, $($arg: $type),*) {
                match path {
                    // SAFETY: `Path::Avx2Fma` is only made by `detect`, or by a test that has asked
                    // `is_available`; both mean that this processor has AVX2 and FMA.
                    #[cfg(target_arch = "x86_64")]
                    Path::Avx2Fma => unsafe { avx2_fma::$name::<E, $($act,)? P>($($arg),*) },
                    _ => passes::$name::<E, E::Portable, $($act,)? P>($($arg),*),
                }
            }
        )*
    };
}

kernels! {
    /// h1, h2 and the predictions, which go to `trace.d3`.
    fn forward[A](
        w: &Packed<E, P>, w2t: &Square<E, P>, x: &[E], trace: &mut Trace<E, P>,
    );
    /// The forward pass and the loss alone.
    fn loss[A](
        w: &Packed<E, P>, w2t: &Square<E, P>, x: &[E], y: &[E], trace: &mut Trace<E, P>,
    );
    /// The forward pass, the loss, and its derivatives by the inputs of every layer.
    fn forward_backward[A](
        w: &Packed<E, P>, w2t: &Square<E, P>, x: &[E], y: &[E], trace: &mut Trace<E, P>,
    );
    /// The gradient of the loss `trace` was made by.
    fn gradient[](trace: &Trace<E, P>, x: &[E], out: &mut Packed<E, P>);
    /// `out = base + scale * gradient`: one SGD step where `base` is the weights and `scale` is -rate.
    fn add_gradient[](
        trace: &Trace<E, P>, x: &[E], base: &Packed<E, P>, scale: E, out: &mut Packed<E, P>,
    );
    /// `out = base + scale * H v`: the VJP of an SGD step where `base` is v and `scale` is -rate.
    fn add_hessian_product[A](
        w: &Packed<E, P>, w2t: &Square<E, P>, trace: &Trace<E, P>, x: &[E], direction: Direction<'_, E, P>,
        base: &Packed<E, P>, scale: E, tangent: &mut Trace<E, P>, out: &mut Packed<E, P>,
    );
    /// `sum += x`.
    fn add[](sum: &mut Packed<E, P>, x: &Packed<E, P>);
    /// `out = x - y`.
    fn subtract[](x: &Packed<E, P>, y: &Packed<E, P>, out: &mut Packed<E, P>);
    /// `out = x * y`, parameter by parameter.
    fn multiply[](x: &Packed<E, P>, y: &Packed<E, P>, out: &mut Packed<E, P>);
    /// `out = base + scale * x * y`, parameter by parameter.
    fn add_product[](
        base: &Packed<E, P>, scale: E, x: &Packed<E, P>, y: &Packed<E, P>, out: &mut Packed<E, P>,
    );
    /// `t = a^T`.
    fn transpose[](a: &Square<E, P>, t: &mut Square<E, P>);
}
