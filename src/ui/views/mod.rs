//! The views, a file or a folder each, and the panes that some of them share: curves, fit, about.
//!
//! A view is a [`crate::ui::view::Kind`] in its own file and a line in [`VIEWS`]; everything else asks this list.

pub mod about;
mod by_task;
mod contrasts;
pub mod curves;
mod differences;
mod distribution;
mod diverged;
pub mod experiment;
pub mod figures;
pub mod fit;
pub mod inner;
mod log;
pub mod overview;
pub mod play;
mod range;
mod registry;
mod settings;
pub mod sweep;
pub mod tasks;
mod training;
pub mod why;

pub use registry::{VIEWS, first, tabs};
