//! From an experiments file to trained networks: the plan, its worker threads, what they report and
//! what they keep on disk. A file imports only from files below it, and nothing goes round in a circle.
//!
//! ```text
//! pool/     the worker threads
//!   session     the pool, seen from outside: events, snapshots, run control
//!   ownership   the claim on the study's folder, and giving it to another process
//!   work        the lives of its threads
//!   others      the runs that other processes have, where a study is shared
//!   train       the training of a run: step, report, landmarks, save
//!   evaluate    what follows: a share of its test tasks, and what is kept in the end
//!   shared      the board in the hands of many threads: its lock, its bell, doing what it answers
//!   control     what the board makes of what a person wants of a run, and of another plan
//!   board       where every run stands and what there is to do: a state machine without threads
//!   stages      where a run can stand, and what a worker can be given
//!   entry       one run as its worker and whoever looks on share it
//!   evaluation  a trained network under evaluation, and what it comes to
//!   going       a run as it goes from hand to hand
//!   guard       how mutexes are locked
//! needs     what a study will take of the machine
//! disk/     what is kept, and how others see it
//!   watch       run folders that other processes write
//!   follow      one run's files, while another process writes them
//!   search      which runs there are, from the folders alone
//!   folders     a study's folder and its runs': announced, opened, put aside
//!   record      a run's folder: settings, log, checkpoint, and what is needed to go on
//!   seal        what the checksums say of a run's files
//!   compare     whether two folders hold the same run
//!   past        what a run has told before, and what of it still counts
//!   provenance  where and when a run was made
//!   resume      the file a run goes on from
//!   trail       parameters of a run's past
//!   steered     which runs a person has made wait, or has ended
//! claim/    who may write where
//!   holders     which processes train the studies that are watched
//!   request     asking the process that trains to let go
//!   right       the right to write: of one process in a study's folder, or of several that share it
//!   lock        the file that a claim is held by
//!   note        what that file says, and to whom
//!   held        who trains a study on a file system without locks
//!   holder      a process that holds something
//! files     files that are whole or not there, and are ours
//! layout    how everything on disk is named
//! told      what the events of a run add up to
//! event     what is reported
//! snapshot  what a run is at one step
//! plan      experiments x seeds -> runs
//! ```

mod claim;
mod disk;
mod event;
mod files;
mod layout;
pub mod needs;
mod plan;
mod pool;
mod snapshot;
mod told;

pub use claim::holder::Holder;
pub use claim::holders::Hold;
pub use claim::lock::Refused;
pub use claim::note::{Note, has_locks};
pub use claim::request::{ask, withdraw};
pub use claim::right::Busy;
pub use disk::compare::{Compared, compare, is_foreign, kernel_of, provenance_of, repair_past};
pub use disk::folders::announce_study;
pub use disk::follow::LogReader;
pub use disk::resume::{Header, Identity, Resume, Unusable};
pub use disk::trail::{MOST_LANDMARKS, landmarks};
pub use disk::watch::{Found, Watcher};
pub use event::{Event, Kind};
pub use files::{write_new, write_out};
pub use layout::{run_folder, study_folder};
pub use plan::{Partition, Run, RunName, plan};
pub use pool::control::Control;
pub use pool::session::{Session, SessionOptions, Together, no_thread};
pub use snapshot::Snapshot;
pub use told::{Phase, Told};
