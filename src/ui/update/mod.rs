//! Every change of the dashboard's state. A key becomes a command in `run`, the mouse is led to what is drawn below it
//! in `pointer`; what the study reports is taken in by `intake`, what the experiments file says by `file`, another study
//! by `plan`. The others are what commands of several views do.

pub mod curves;
mod file;
pub mod fit;
mod intake;
pub mod list;
pub mod look;
mod plan;
pub mod pointer;
mod rewind;
pub mod run;
mod say;
pub mod show;
pub mod steer;
pub mod sweep;
pub mod tasks;
mod trainers;

pub use file::{ToEdit, Watch};
pub use look::{look, preview};
pub use pointer::point;
pub use run::press;
