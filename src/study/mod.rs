//! From an experiments file to trained networks: the plan, its worker threads, what they report and
//! what they keep on disk.
//!
//! ```text
//! plan      experiments x seeds -> runs
//! session   the worker threads, seen from outside: events, snapshots, stop
//! work      what a worker does: train a run, evaluate a share of its test tasks
//! record    a run's folder: settings, log, checkpoint
//! event     what is reported
//! files     files that are whole or not there
//! ```

mod event;
mod files;
mod plan;
mod record;
mod session;
mod work;

pub use event::Event;
pub use files::replace;
pub use plan::{Run, plan};
pub use session::{Session, SessionOptions, Snapshot};
