//! A process that holds something, as others know it: by its host and its number there.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::config::presentable;

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Host name.
    pub host: String,
    /// Process.
    pub pid: u32,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The note is a file that anybody may have written.
        write!(f, "process {} on {}", self.pid, presentable(&self.host, 64))
    }
}

impl Holder {
    /// This process.
    pub fn this() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { host, pid: std::process::id() }
    }

    /// Nobody in particular.
    pub fn unknown() -> Self {
        Self { host: "an unknown host".to_owned(), pid: 0 }
    }

    /// Whether it is, or was, a process of this host.
    pub fn is_here(&self) -> bool {
        self.host == Self::this().host
    }
}

/// Whether it was a process of this host and is no more.
pub fn is_gone(holder: &Holder) -> bool {
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw);
    holder.is_here() && pid.is_none_or(|pid| matches!(test_kill_process(pid), Err(Errno::SRCH)))
}
