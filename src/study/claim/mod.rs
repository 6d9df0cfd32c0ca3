//! Who may write where. A *claim* is the right of a process to write in a study's folder, or in that of one of its
//! runs. It is held by a lock that the system lets go of when the process dies; on a file system without locks by a
//! file that is made exclusively. What is written beside it is for those who look on.

pub mod held;
pub mod holder;
pub mod holders;
pub mod lock;
pub mod note;
pub mod request;
pub mod right;
