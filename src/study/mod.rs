//! From an experiments file to trained networks: the plan, its worker threads, what they report and
//! what they keep on disk.
//!
//! ```text
//! plan      experiments x seeds -> runs
//! session   the worker threads, seen from outside: events, snapshots, run control
//! board     what the workers share: where every run stands, jobs, test tasks, results
//! control   what a person wants of a run, and another plan
//! work      what a worker does: train a run, evaluate a share of its test tasks
//! folders   where runs live
//! record    a run's folder: settings, log, checkpoint, and what is needed to go on
//! resume    the file a run goes on from
//! trail     parameters of a run's past
//! lock      one process a study folder
//! search    which runs there are, from the folders alone
//! watch     run folders that other processes write
//! event     what is reported
//! files     files that are whole or not there
//! ```

mod board;
mod control;
mod event;
mod files;
mod folders;
mod lock;
mod plan;
mod record;
mod resume;
mod search;
mod session;
mod trail;
mod watch;
mod work;

pub use control::Control;
pub use event::Event;
pub use files::replace;
pub use folders::study_folder;
pub use lock::Holder;
pub use plan::{Run, plan};
pub use resume::{Header, Resume, Unusable};
pub use session::{Busy, Session, SessionOptions, Snapshot};
pub use trail::{MOST_LANDMARKS, landmarks};
pub use watch::{Found, LogReader, Watcher};
