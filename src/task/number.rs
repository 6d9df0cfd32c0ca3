//! The number types tasks can be written in; the arithmetic on them lives in `model::kernels`.

/// f32 or f64.
pub trait Number: Copy + Default + 'static {
    /// The nearest number to `x`.
    fn from_f64(x: f64) -> Self;
    /// Exactly this number.
    fn to_f64(self) -> f64;
}

impl Number for f32 {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}
