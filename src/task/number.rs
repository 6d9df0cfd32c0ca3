//! The number types tasks can be written in; the arithmetic on them lives in `model::kernels`.

/// Inputs and the targets to be written, in either type: what a family fills.
#[derive(Debug)]
pub enum Target<'p> {
    /// Single precision.
    F32(&'p [f32], &'p mut [f32]),
    /// Double precision.
    F64(&'p [f64], &'p mut [f64]),
}

/// f32 or f64.
pub trait Number: Copy + Default + 'static {
    /// The nearest number to `x`.
    fn rounded(x: f64) -> Self;
    /// Exactly this number.
    fn exact(self) -> f64;
    /// Inputs and targets of this type.
    fn target<'p>(x: &'p [Self], y: &'p mut [Self]) -> Target<'p>;
}

impl Number for f32 {
    #[inline(always)]
    fn rounded(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn exact(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn target<'p>(x: &'p [Self], y: &'p mut [Self]) -> Target<'p> {
        Target::F32(x, y)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn rounded(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn exact(self) -> f64 {
        self
    }
    #[inline(always)]
    fn target<'p>(x: &'p [Self], y: &'p mut [Self]) -> Target<'p> {
        Target::F64(x, y)
    }
}
