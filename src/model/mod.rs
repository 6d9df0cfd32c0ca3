//! The network: its parameters as dfdx tensors of compile-time shape, the operations on dfdx's tape,
//! and the kernels behind them.

mod weights;

pub use weights::Weights;
