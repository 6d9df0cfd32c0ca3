//! What the file of a lock says, and to whom: those who look on, who ask without taking it.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::holder::Holder;
use crate::study::files::open_own;
use crate::study::layout::{LOCK, claim_of};

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

/// In one piece over the note before, so that whoever looks finds one or the other.
pub fn write(file: &File, jobs: usize, seconds: u64) -> io::Result<()> {
    let note = Note { holder: Holder::this(), jobs, seconds };
    let note = serde_json::to_string(&note).expect("a note is plain data") + "\n";
    file.write_all_at(note.as_bytes(), 0)?;
    file.set_len(note.len() as u64)
}

/// What the note says, if it can be read.
pub fn read(file: &mut File) -> Option<Note> {
    let mut note = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(4096).read_to_string(&mut note).ok()?;
    // Of a longer note something may stand behind this one.
    serde_json::from_str(note.lines().next()?).ok()
}

/// Nobody in particular.
pub fn unknown() -> Note {
    Note { holder: Holder::unknown(), ..Note::default() }
}

/// What the process that trains in this folder by itself says of itself; `None` if none does, or nothing can be locked.
pub fn trainer(folder: &Path) -> Option<Note> {
    holder_of_lock(&folder.join(LOCK))
}

/// What a study's file says, whoever wrote it; where nothing can be locked, of the process that holds the study.
pub fn last(folder: &Path) -> Option<Note> {
    read(&mut open_own(&folder.join(LOCK)).ok()?)
}

/// Who has claimed a run; `None` if nobody has.
pub fn claimant(run_folder: &Path) -> Option<Holder> {
    holder_of_lock(&claim_of(run_folder)).map(|note| note.holder)
}

fn holder_of_lock(path: &Path) -> Option<Note> {
    let mut file = open_own(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(read(&mut file).unwrap_or_else(unknown)),
        // Let go of with the file, at once.
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// Whether processes share a study's folder, whether they have claimed a run or not.
pub fn is_joined(folder: &Path) -> bool {
    let blocks = |file: File| matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    // Somebody else may be asking the same at this moment.
    (0..2).all(|_| open_own(&folder.join(LOCK)).is_ok_and(blocks))
}

/// Whether the file system of a study's folder has locks; `None` where no process has tried yet.
pub fn has_locks(folder: &Path) -> Option<bool> {
    let file = open_own(&folder.join(LOCK)).ok()?;
    Some(!matches!(file.try_lock_shared(), Err(TryLockError::Error(_))))
}

/// Whether the file system cannot lock at all.
pub fn has_no_locks(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};

    use super::*;

    #[test]
    fn the_note_of_an_earlier_version_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join(LOCK), r#"{"host":"there","pid":7}"#).expect("written");
        let held = OpenOptions::new().write(true).open(folder.path().join(LOCK)).expect("it is there");
        held.try_lock().expect("nobody has it");
        let holder = Holder { host: "there".to_owned(), pid: 7, ..Holder::default() };
        assert_eq!(trainer(folder.path()), Some(Note { holder, jobs: 0, seconds: 0 }));
    }
}
