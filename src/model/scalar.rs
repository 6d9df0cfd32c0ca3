//! The two number types that parameters come in, as dfdx and the kernels both know them.

use dfdx::nn::ZeroGrads;
use dfdx::prelude::{ConstShape, Cpu, CpuError, Dtype, Gradients, Tensor};

use super::kernels::Real;
use super::settings::Precision;

/// f32 or f64.
pub trait Scalar: Real + Dtype {
    /// The name of the type in files and settings.
    const PRECISION: Precision;

    /// The one of this type.
    fn choose<T: InBoth>(of: T) -> T::Of<Self>;

    /// Gives a tensor a gradient of zeros, which is kept after a backward pass.
    ///
    /// # Errors
    /// If memory runs out.
    fn zero_gradient<S: ConstShape>(
        of: &Tensor<S, Self, Cpu>,
        gradients: &mut Gradients<Self, Cpu>,
    ) -> Result<(), CpuError>;
}

/// Something that there is one of in each number type.
pub trait InBoth {
    /// What it is in one of them.
    type Of<E: Scalar>;

    /// In single precision.
    fn single(self) -> Self::Of<f32>;

    /// In double precision.
    fn double(self) -> Self::Of<f64>;
}

impl Scalar for f32 {
    const PRECISION: Precision = Precision::F32;

    fn choose<T: InBoth>(of: T) -> T::Of<Self> {
        of.single()
    }

    fn zero_gradient<S: ConstShape>(
        of: &Tensor<S, Self, Cpu>,
        gradients: &mut Gradients<Self, Cpu>,
    ) -> Result<(), CpuError> {
        of.try_zero_grads(gradients)
    }
}

impl Scalar for f64 {
    const PRECISION: Precision = Precision::F64;

    fn choose<T: InBoth>(of: T) -> T::Of<Self> {
        of.double()
    }

    fn zero_gradient<S: ConstShape>(
        of: &Tensor<S, Self, Cpu>,
        gradients: &mut Gradients<Self, Cpu>,
    ) -> Result<(), CpuError> {
        of.try_zero_grads(gradients)
    }
}
