//! The network: its parameters as dfdx tensors, the operations on dfdx's tape, the kernels behind
//! them, and how weights are stored.
//!
//! ```text
//! settings     which network: depth, width, activation, precision
//! tensors      names, shapes and order of its tensors
//! scalar       the two number types
//! parameters   parameters as a list of tensors of compile-time shape
//! adaptation   what an inner step makes of a gradient, as a value
//! operations   adapt, loss, pull: what learners are written in, on the tape
//! engine       what the tape, and tests and the screen, ask of the hot path
//! engines      which of the three that carry it out a rule of adaptation has:
//! machine        steps of all parameters, one task after another
//! head_machine   the output layer adapts (by a rule of head), over features that tasks share
//! context_machine  numbers beside the input adapt, all weights are shared
//! ledger       the gradients that an engine gathers and holds
//! kernels/     the arithmetic, compiled for AVX2 with FMA and portably
//! adam         the outer optimiser
//! reference    the same gradients in plain tensor operations: readable, slow, the tests' oracle
//! weights      parameters as plain numbers
//! checkpoint   weights as safetensors files, as PyTorch reads and writes them
//! ```

mod adam;
mod adaptation;
mod checkpoint;
mod context_machine;
mod engine;
mod engines;
mod foreign;
mod head;
mod head_machine;
pub mod kernels;
mod ledger;
mod machine;
mod operations;
mod parameters;
pub mod reference;
mod scalar;
mod settings;
mod tensors;
mod weights;

pub use adam::Adam;
pub(crate) use adaptation::in_both_precisions;
pub use adaptation::{
    Adaptation, Comparable, Factors, Gradient, Initial, Inner, InnerLoop, InnerSettings, Operator, Pulled,
    Sgd,
};
pub use checkpoint::{Checkpoint, CheckpointError, HowItAdapts, Metadata, Shapes, safetensors};
pub use engine::{Engine, InnerSteps, Objective, Order, Predictor};
pub use engines::{engine, predictor};
pub use head::{Features, Head, HeadGradient, HeadSgd, HeadTask, Output, Seen};
pub use kernels::{Kernels, Padded, Shape, View, ViewMut};
pub use operations::{Adapted, Workspace};
pub use parameters::{Array, Parameters, draw_uniform, initial_parameters};
pub use scalar::{InBoth, Scalar};
pub(crate) use settings::with_width;
pub use settings::{Activation, ModelSettings, Precision, WIDTHS};
pub use tensors::TensorInfo;
pub use weights::{Weights, count, tensors};
