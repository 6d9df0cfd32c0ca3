//! A process that holds something, as others know it. Its number alone says little: containers have numbers of their
//! own, a machine begins anew with them, and hosts may have one name.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::config::presentable;

/// Who holds a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// Host name.
    pub host: String,
    /// Process.
    pub pid: u32,
    /// Which start of the machine; empty where the system does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub boot: String,
    /// The namespace of its number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Random: no two processes have the same, wherever they are.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub word: String,
}

/// This process.
static THIS: LazyLock<Holder> = LazyLock::new(|| Holder {
    host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    pid: std::process::id(),
    boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
    namespace: fs::read_link("/proc/self/ns/pid").unwrap_or_default().to_string_lossy().into_owned(),
    word: format!("{:016x}", RandomState::new().build_hasher().finish()),
});

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The note is a file that anybody may have written.
        write!(f, "process {} on {}", self.pid, presentable(&self.host, 64))
    }
}

impl Holder {
    /// This process.
    pub fn this() -> Self {
        THIS.clone()
    }

    /// What a person knows it by.
    pub fn by_name(self) -> Self {
        Self { host: self.host, pid: self.pid, ..Self::default() }
    }

    /// Nobody in particular.
    pub fn unknown() -> Self {
        Self { host: "an unknown host".to_owned(), ..Self::default() }
    }

    /// Whether it is known to have ended: only of a process that has its number where this one has.
    pub fn has_ended(&self) -> bool {
        let this = &*THIS;
        let is_near = !self.boot.is_empty() && self.boot == this.boot && self.namespace == this.namespace;
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        is_near && pid.is_none_or(|pid| matches!(test_kill_process(pid), Err(Errno::SRCH)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_neighbour_is_known_to_have_ended() {
        let gone = Holder { pid: u32::MAX >> 1, ..Holder::this() };
        assert!(gone.has_ended() && !Holder::this().has_ended());
        for elsewhere in [
            Holder { boot: "another".to_owned(), ..gone.clone() },
            Holder { namespace: "pid:[1]".to_owned(), ..gone.clone() },
            Holder { boot: String::new(), namespace: String::new(), ..gone.clone() },
        ] {
            assert!(!elsewhere.has_ended(), "{elsewhere:?}");
        }
        // Of one host name and one number, and not this process.
        let twin = Holder { word: "another".to_owned(), ..Holder::this() };
        assert!(twin != Holder::this() && !twin.has_ended());
    }
}
