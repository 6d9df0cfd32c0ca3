//! One process a study folder: a lock that the system lets go of when its holder dies, with a note that
//! says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::config::presentable;
use crate::study::layout::LOCK;

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held for what the system does when it is closed")] File);

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
    fn this() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { host, pid: std::process::id() }
    }
}

/// Another process trains this study.
#[derive(Debug)]
pub struct Busy {
    /// Which one.
    pub holder: Holder,
    /// The study's folder.
    pub folder: PathBuf,
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is being trained by {}", self.folder.display(), self.holder)
    }
}

impl std::error::Error for Busy {}

/// Takes the lock of a study's folder, which exists. `Ok(Err(holder))` if another process has it.
///
/// # Errors
/// If the lock's file cannot be made.
pub fn take(folder: &Path) -> io::Result<Result<Lock, Holder>> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Err(read(&mut file))),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {
            // A file system without locks: the note has to do. A holder on this host can be asked for.
            let holder = read(&mut file);
            if holder.host == Holder::this().host && holder.pid != std::process::id() && is_alive(holder.pid)
            {
                return Ok(Err(holder));
            }
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let note = serde_json::to_string(&Holder::this()).expect("a note is plain data");
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(note.as_bytes())?;
    Ok(Ok(Lock(file)))
}

/// Whether the file system cannot lock at all.
fn has_no_locks(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS))
}

/// Who the note says holds the lock; nobody in particular if it cannot be read.
fn read(file: &mut File) -> Holder {
    let mut note = String::new();
    let read = file.take(4096).read_to_string(&mut note);
    let holder = read.ok().and_then(|_| serde_json::from_str(&note).ok());
    holder.unwrap_or_else(|| Holder { host: "an unknown host".to_owned(), pid: 0 })
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| !matches!(rustix::process::test_kill_process(pid), Err(Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lock = take(folder.path()).expect("a writable folder").expect("nobody has it");
        assert_eq!(take(folder.path()).expect("a writable folder").expect_err("taken"), Holder::this());
        drop(lock);
        assert!(take(folder.path()).expect("a writable folder").is_ok());
    }
}
