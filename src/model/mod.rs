//! The network: its parameters as dfdx tensors of compile-time shape, the operations on dfdx's tape,
//! and the kernels behind them.

mod engine;
pub mod kernels;
mod weights;

pub use engine::{Engine, Order, Rate, engine, split};
pub use weights::Weights;
