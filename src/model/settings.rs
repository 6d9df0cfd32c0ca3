//! `[model]`: which network is trained.

use crate::config::{Domain, settings, words};

/// Makes the list of widths and what goes by it. `$dollar` is a `$` for the macro that is made here.
macro_rules! widths {
    ($dollar:tt $($menu:literal)*) => {
        /// Hidden widths that exist as compile-time shapes; `[model] hidden` is one of these.
        pub const WIDTHS: [usize; [$($menu),*].len()] = [$($menu),*];

        /// Runs `$body` with the constant `$width` equal to `$hidden`, one of [`WIDTHS`]: where a width read from a
        /// file becomes a compile-time shape.
        macro_rules! with_width {
            ($dollar hidden:expr, $dollar width:ident => $dollar body:expr) => {
                match $dollar hidden {
                    $($menu => {
                        const $dollar width: usize = $menu;
                        $dollar body
                    })*
                    hidden => unreachable!("width {hidden} is not on the menu, which is checked where widths are read"),
                }
            };
        }
    };
}
widths!($ 16 32 40 64 100 128);
pub(super) use with_width;

settings! {
    /// `[model]`: a network of one input, hidden layers of one width, and one output.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ModelSettings {
        /// Width of every hidden layer.
        hidden: usize = Domain::Menu { numbers: &WIDTHS, of: "widths" }, 40;
        /// Hidden layers.
        layers: usize = Domain::Count(1..=4), 2, .added_later();
        /// The nonlinearity after every hidden layer.
        activation: Activation = Domain::Words(Activation::NAMES), Activation::Relu;
        /// The type training computes in.
        precision: Precision = Domain::Words(Precision::NAMES), Precision::F32;
    }
}

words! {
    /// The nonlinearity after every hidden layer.
    pub enum Activation {
        /// max(0, x), with derivative 0 at 0.
        Relu = "relu",
        /// Hyperbolic tangent.
        Tanh = "tanh",
    }
}

words! {
    /// The type numbers are computed in.
    pub enum Precision {
        /// Single precision, the default.
        F32 = "f32",
        /// Double precision.
        F64 = "f64",
    }
}
