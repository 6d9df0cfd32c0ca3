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
