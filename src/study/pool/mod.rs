//! The worker threads: what there is to do, who does it, and how it is steered from outside.

mod board;
pub mod control;
pub mod session;
mod work;
