//! From an experiments file to trained networks: the plan, its worker threads, what they report and
//! what they keep on disk. A file imports only from files below it, and nothing goes round in a circle.
//!
//! ```text
//! pool/     the worker threads
//!   session     the pool, seen from outside: events, snapshots, run control
//!   work        what a worker does: train a run, evaluate a share of its test tasks
//!   control     what a person wants of a run, and another plan
//!   board       what the workers share: where every run stands, jobs, test tasks, results
//! disk/     what is kept, and how others see it
//!   watch       run folders that other processes write
//!   search      which runs there are, from the folders alone
//!   folders     a study's folder and its runs': announced, put aside
//!   record      a run's folder: settings, log, checkpoint, and what is needed to go on
//!   resume      the file a run goes on from
//!   trail       parameters of a run's past
//!   lock        one process a study folder
//!   files       files that are whole or not there
//! layout    how everything on disk is named
//! event     what is reported
//! snapshot  what a run is at one step
//! plan      experiments x seeds -> runs
//! ```

mod disk;
mod event;
mod layout;
mod plan;
mod pool;
mod snapshot;

pub use disk::files::replace;
pub use disk::lock::Holder;
pub use disk::resume::{Header, Resume, Unusable};
pub use disk::trail::{MOST_LANDMARKS, landmarks};
pub use disk::watch::{Found, LogReader, Watcher};
pub use event::Event;
pub use layout::study_folder;
pub use plan::{Run, plan};
pub use pool::control::Control;
pub use pool::session::{Busy, Session, SessionOptions};
pub use snapshot::Snapshot;
