//! The number types tasks can be written in; the arithmetic on them lives in `model::kernels`.

/// f32 or f64.
pub trait Number: Copy + Default + 'static {
    /// The nearest number to `x`.
    fn rounded(x: f64) -> Self;
    /// Exactly this number.
    fn exact(self) -> f64;
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
}
