//! The worker threads: what there is to do, who does it, and how it is steered from outside.

mod board;
pub mod control;
mod entry;
mod evaluate;
mod evaluation;
mod going;
mod guard;
mod others;
mod ownership;
pub mod session;
mod shared;
mod stages;
#[cfg(test)]
mod tests;
mod train;
mod work;
