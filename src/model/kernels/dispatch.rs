//! How a kernel comes to be compiled for every instruction set: its body is written once, generic over the short
//! vectors it is made of.

/// One entry point a function of the module `bodies` beside it: the same body compiled for each instruction set, and
/// the choice between them.
macro_rules! compiled {
    ($($(#[$doc:meta])* fn $name:ident[$($act:ident)?]($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)?;)*) => {
        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::*;
            $(
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                pub fn $name<E: Real $(, $act: Nonlinearity)?>($($arg: $type),*) $(-> $out)? {
                    bodies::$name::<E, E::Avx512 $(, $act)?>($($arg),*)
                }
            )*
        }
        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            use super::*;
            $(
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                pub fn $name<E: Real $(, $act: Nonlinearity)?>($($arg: $type),*) $(-> $out)? {
                    bodies::$name::<E, E::Avx2 $(, $act)?>($($arg),*)
                }
            )*
        }
        $(
            $(#[$doc])*
            #[allow(clippy::too_many_arguments)]
            #[inline]
            pub fn $name<E: Real $(, $act: Nonlinearity)?>(kernels: Kernels, $($arg: $type),*) $(-> $out)? {
                match kernels.0 {
                    // SAFETY: `Kernels` holds a level only where the processor has its instructions.
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => unsafe { avx512::$name::<E $(, $act)?>($($arg),*) },
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => unsafe { avx2::$name::<E $(, $act)?>($($arg),*) },
                    _ => bodies::$name::<E, E::Portable $(, $act)?>($($arg),*),
                }
            }
        )*
    };
}
pub(super) use compiled;

/// Compiles a body once for each type and vector, and not again wherever it is called from: these are most of the
/// code of the passes, which are compiled for each activation as well.
macro_rules! out_of_line {
    ($($(#[$doc:meta])* fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?);)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub fn $name<E: Real, S: Simd<E>>($($arg: $type),*) {
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                #[inline(never)]
                fn avx512<E: Real>($($arg: $type),*) {
                    $body::<E, E::Avx512>($($arg),*);
                }
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx2,fma")]
                #[inline(never)]
                fn avx2<E: Real>($($arg: $type),*) {
                    $body::<E, E::Avx2>($($arg),*);
                }
                #[inline(never)]
                fn portable<E: Real>($($arg: $type),*) {
                    $body::<E, E::Portable>($($arg),*);
                }
                // By level, as `S` itself would be compiled for the instructions of the other two as well.
                match S::LEVEL {
                    // SAFETY: vectors of a level are only ever used where the processor has its instructions,
                    // which the dispatch of this room has asked it.
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => unsafe { avx512::<E>($($arg),*) },
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => unsafe { avx2::<E>($($arg),*) },
                    _ => portable::<E>($($arg),*),
                }
            }
        )*
    };
}
pub(super) use out_of_line;
