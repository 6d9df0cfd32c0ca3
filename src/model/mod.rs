//! The network: its parameters as dfdx tensors, the operations on dfdx's tape, the kernels behind
//! them, and how weights are stored.
//!
//! ```text
//! settings     which network: depth, width, activation, precision
//! tensors      names, shapes and order of its tensors
//! layer        layers of networks that read, as values
//! scalar       the two number types
//! parameters   parameters as a list of tensors of compile-time shape
//! adaptation   what an inner step makes of a gradient, as a value
//! operations   adapt, loss, pull: what learners are written in, on the tape
//! engine       what the tape, and tests and the screen, ask of the hot path
//! answers      somebody else's answers to the test tasks
//! answered     these in the place of a network
//! engines      which of these carries out a rule of adaptation:
//! machine        steps of all parameters, one task after another
//! head_machine   the output layer adapts (by a rule of head), over features that tasks share
//! reader         a network that reads its support points, in operations of
//! pass/          the tape: layers, attention, means, smoothing, losses
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
mod answered;
mod answers;
mod checkpoint;
mod context_machine;
mod engine;
mod engines;
mod foreign;
mod head;
mod head_machine;
mod insight;
pub mod kernels;
mod layer;
mod ledger;
mod machine;
mod operations;
mod parameters;
mod pass;
mod reader;
mod reading;
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
pub use answered::Answered;
pub use answers::{After, Answers, Given};
pub use checkpoint::{Checkpoint, CheckpointError, HowItAdapts, Metadata, Shapes, safetensors};
pub use engine::{Engine, InnerSteps, Objective, Order, Predictor};
pub use engines::{Carrier, carrier, predictor};
pub use head::{Features, Head, HeadGradient, HeadSgd, HeadTask, Output, Seen};
pub use insight::{Insight, LayerUnits};
pub use kernels::{Kernels, Shape, View, ViewMut};
pub use layer::Layer;
pub use operations::{Adapted, Workspace};
pub use parameters::{Array, Parameters, draw_uniform, initial_parameters};
pub use pass::{Pass, Rows, Then};
pub use reader::{Episode, Network, Reader, Reads, Scale};
pub use reading::Reading;
pub use scalar::{InBoth, Scalar};
pub use settings::{Activation, ModelSettings, Precision, WIDTHS};
pub use tensors::{Join, TensorInfo};
pub use weights::{Weights, count, tensors};
