//! Operations of networks that read, on dfdx's tape: what a learner without an inner gradient is written in.
//!
//! Values are rows of numbers, one for every point of every task of a meta-batch, so that the tape has one entry an
//! operation however many tasks there are. The parameters are dfdx tensors and their gradients dfdx's; what is between
//! them lies in memory of the kernels', since dfdx lends nobody a tensor's numbers. Each operation brings its
//! vector-Jacobian product, in the kernels as its value is; tests hold both to plain dfdx operations and to central
//! differences.
//!
//! ```text
//! memory      layouts of weights, and buffers that are used again
//! rows        values, and their derivatives on the way back
//! recorder    the pass: parameters by name, and what is recorded
//! dense       layers
//! points      means over a task's points, sums, columns
//! attention   masked, with heads
//! norm        layer normalisation
//! smoother    kernel smoothing
//! losses      squared error, Gaussian likelihood
//! ```

mod attention;
mod dense;
mod losses;
mod memory;
mod norm;
mod points;
mod recorder;
mod rows;
mod smoother;
#[cfg(test)]
mod tests;

pub use dense::Then;
pub(super) use losses::deviation;
pub(super) use memory::Memory;
pub use recorder::Pass;
pub use rows::Rows;
