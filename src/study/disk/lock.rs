//! One process a study folder: a lock that the system lets go of when its holder dies, with a note that
//! says who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::config::presentable;
use crate::study::layout::LOCK;

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub struct Lock(File);

/// Somebody who asks whether a study is trained holds its lock for a moment: it is tried this often, ...
const TRIES: u32 = 5;
/// ... this far apart.
const APART: Duration = Duration::from_millis(20);

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

/// What the lock's file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who took the lock last.
    #[serde(flatten)]
    pub holder: Holder,
    /// Worker threads of that process; 0 where it did not say.
    #[serde(default)]
    pub jobs: usize,
    /// Seconds for which something of the study has been worked on, by all processes.
    #[serde(default)]
    pub seconds: u64,
}

impl Holder {
    /// This process.
    pub fn this() -> Self {
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

/// Takes the lock of a study's folder, which exists, and says how long the study has been worked on before.
/// `Ok(Err(holder))` if another process has it.
///
/// # Errors
/// If the lock's file cannot be made.
pub fn take(folder: &Path) -> io::Result<Result<(Lock, u64), Holder>> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < TRIES => std::thread::sleep(APART),
            Err(TryLockError::WouldBlock) => return Ok(Err(read(&mut file).unwrap_or_else(unknown).holder)),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => match read(&mut file) {
                // A file system without locks: the note has to do.
                Some(note) if is_another_here(&note.holder) => return Ok(Err(note.holder)),
                _ => break,
            },
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    let seconds = read(&mut file).map_or(0, |note| note.seconds);
    Ok(Ok((Lock(file), seconds)))
}

impl Lock {
    /// Writes down who has the lock, for those who look on.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn tell(&self, jobs: usize, seconds: u64) -> io::Result<()> {
        let note = Note { holder: Holder::this(), jobs, seconds };
        let note = serde_json::to_string(&note).expect("a note is plain data") + "\n";
        // In one piece over the note before, so that whoever looks finds one or the other.
        self.0.write_all_at(note.as_bytes(), 0)?;
        self.0.set_len(note.len() as u64)
    }
}

/// What the process that trains in this folder says of itself; `None` if none does.
pub fn trainer(folder: &Path) -> Option<Note> {
    let mut file = File::open(folder.join(LOCK)).ok()?;
    match file.try_lock_shared() {
        // Let go of with the file, at once.
        Ok(()) => None,
        Err(TryLockError::WouldBlock) => Some(read(&mut file).unwrap_or_else(unknown)),
        Err(TryLockError::Error(_)) => read(&mut file).filter(|note| {
            // Without locks a process on another host can only be believed.
            note.holder.pid > 0 && (note.holder.host != Holder::this().host || is_alive(note.holder.pid))
        }),
    }
}

/// Whether the file system cannot lock at all.
fn has_no_locks(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS))
}

/// What the note says, if it can be read.
fn read(file: &mut File) -> Option<Note> {
    let mut note = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(4096).read_to_string(&mut note).ok()?;
    // Of a longer note something may stand behind this one.
    serde_json::from_str(note.lines().next()?).ok()
}

/// Nobody in particular.
fn unknown() -> Note {
    Note { holder: Holder { host: "an unknown host".to_owned(), pid: 0 }, ..Note::default() }
}

/// Whether this is another process of this host that is alive.
fn is_another_here(holder: &Holder) -> bool {
    holder.host == Holder::this().host && holder.pid != std::process::id() && is_alive(holder.pid)
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
        assert_eq!(trainer(folder.path()), None);
        let (lock, seconds) = take(folder.path()).expect("a writable folder").expect("nobody has it");
        assert_eq!(seconds, 0);
        lock.tell(3, 1_000_000).expect("written");
        lock.tell(2, 70).expect("written");
        assert_eq!(take(folder.path()).expect("a writable folder").expect_err("taken"), Holder::this());
        let note = Note { holder: Holder::this(), jobs: 2, seconds: 70 };
        assert_eq!(trainer(folder.path()), Some(note));
        drop(lock);
        assert_eq!(trainer(folder.path()), None, "the note stays, the process is gone");
        let (_lock, seconds) = take(folder.path()).expect("a writable folder").expect("nobody has it");
        assert_eq!(seconds, 70);
    }

    #[test]
    fn whoever_only_asks_keeps_nobody_from_training() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        drop(take(folder.path()).expect("a writable folder").expect("nobody has it"));
        let asks = File::open(folder.path().join(LOCK)).expect("it is there");
        asks.try_lock_shared().expect("nobody has it");
        let holds = std::thread::spawn(move || {
            std::thread::sleep(APART * 2);
            drop(asks);
        });
        assert!(take(folder.path()).expect("a writable folder").is_ok());
        holds.join().expect("it only sleeps");
    }

    #[test]
    fn the_note_of_an_earlier_version_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join(LOCK), r#"{"host":"there","pid":7}"#).expect("written");
        let held = OpenOptions::new().write(true).open(folder.path().join(LOCK)).expect("it is there");
        held.try_lock().expect("nobody has it");
        let holder = Holder { host: "there".to_owned(), pid: 7 };
        assert_eq!(trainer(folder.path()), Some(Note { holder, jobs: 0, seconds: 0 }));
    }
}
