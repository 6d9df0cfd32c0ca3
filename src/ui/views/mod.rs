//! The views, a file each, and the panes that some of them share: curves, fit, about.

mod about;
pub mod curves;
pub mod experiment;
mod fit;
pub mod log;
pub mod overview;
pub mod play;
pub mod tasks;
mod why;
