//! The file that a claim is held by: a locked one, which the system lets go of when its process dies, or one that was
//! made exclusively where nothing can be locked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::held::Held;
use super::holder::Holder;
use super::note::{self, has_no_locks};
use crate::study::files::write_own;
use crate::study::plan::Partition;

/// What is claimed, and with whom it is shared.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// A study, by nobody else. `force`: where nothing can be locked, also from a process that gives no sign of life for
    /// some seconds.
    Alone { force: bool },
    /// A study, with others who claim its runs one by one; or who have other parts of it, where nothing can be locked.
    Together { part: Option<Partition>, force: bool },
    /// A run of a study that is held together.
    Run,
}

impl Scope {
    /// The same, but without taking anything from anybody.
    pub fn unforced(self) -> Self {
        match self {
            Self::Alone { .. } => Self::Alone { force: false },
            Self::Together { part, .. } => Self::Together { part, force: false },
            Self::Run => Self::Run,
        }
    }
}

/// Why a claim cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another process has it.
    One(Holder),
    /// Several have it, who share the study.
    Several,
    /// Another process has it where nothing can be locked, as far as a file of its says.
    Believed(Holder),
    /// It would be shared, and its file system has no locks.
    NoLocks,
}

/// Somebody who asks whether a study is trained locks its file for a moment: it is tried this often, ...
const TRIES: u32 = 5;
/// ... this far apart.
pub const APART: Duration = Duration::from_millis(20);

/// What holds a claim.
#[derive(Debug)]
pub enum ClaimFile {
    /// The locked file, and which one it is.
    Locked(File, FileId),
    /// A study on a file system without locks, and the file that its notes go to where it is held by nobody else.
    Held(Held, Option<File>),
}

impl ClaimFile {
    /// Whether nobody else can have it.
    pub fn is_held(&self, path: &Path) -> bool {
        match self {
            Self::Locked(_, which) => in_place(path) == Some(*which),
            Self::Held(held, _) => held.is_in_place(),
        }
    }

    /// The file with the note.
    pub fn note(&mut self) -> Option<&mut File> {
        match self {
            Self::Locked(file, _) | Self::Held(_, Some(file)) => Some(file),
            Self::Held(_, None) => None,
        }
    }
}

/// A file, whatever its name: its device and its number there.
type FileId = (u64, u64);

fn file_id(found: &fs::Metadata) -> FileId {
    (found.dev(), found.ino())
}

/// Which file is there.
pub fn in_place(path: &Path) -> Option<FileId> {
    fs::symlink_metadata(path).ok().map(|found| file_id(&found))
}

/// A file that is another one at every look is tried so often.
const LOOKS: u32 = 50;

/// Locks a file, or holds the study by another one where nothing can be locked.
///
/// # Errors
/// If the file cannot be made.
pub fn take(folder: &Path, path: &Path, scope: Scope) -> io::Result<Result<ClaimFile, Refused>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for _ in 0..LOOKS {
        let mut file =
            write_own(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        match try_lock(&mut file, scope)? {
            Ok(()) => {}
            Err(Refused::NoLocks) => return without_locks(folder, file, scope),
            Err(refused) => return Ok(Err(refused)),
        }
        let which = file_id(&file.metadata()?);
        // Whoever had it before may have removed it in the meantime.
        if in_place(path) == Some(which) {
            return Ok(Ok(ClaimFile::Locked(file, which)));
        }
    }
    Err(io::Error::other(format!(
        "{name} has another inode number at every look, so that nobody can tell whether it is the file that was locked: \
         this file system cannot hold runs"
    )))
}

/// Locks a file that is open, if nobody else has.
fn try_lock(file: &mut File, scope: Scope) -> io::Result<Result<(), Refused>> {
    let together = matches!(scope, Scope::Together { .. });
    // Nobody asks a claim for more than a moment, and there is always another run.
    let tries = if matches!(scope, Scope::Run) { 1 } else { TRIES };
    for attempt in 1.. {
        match if together { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < tries => std::thread::sleep(APART),
            // The note of a file that is shared is of whoever had it alone last.
            Err(TryLockError::WouldBlock)
                if matches!(scope, Scope::Alone { .. }) && file.try_lock_shared().is_ok() =>
            {
                return Ok(Err(Refused::Several));
            }
            Err(TryLockError::WouldBlock) => {
                return Ok(Err(Refused::One(note::read(file).unwrap_or_else(note::unknown).holder)));
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) => return Ok(Err(Refused::NoLocks)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Ok(()))
}

/// Holds a study, or a part of it, where nothing can be locked.
fn without_locks(folder: &Path, file: File, scope: Scope) -> io::Result<Result<ClaimFile, Refused>> {
    let (part, force) = match scope {
        Scope::Alone { force } => (None, force),
        Scope::Together { part: Some(part), force } => (Some(part), force),
        Scope::Together { part: None, .. } | Scope::Run => return Ok(Err(Refused::NoLocks)),
    };
    // A part's note would be taken for that of the whole.
    let file = part.is_none().then_some(file);
    Ok(Held::take(folder, part, force)?.map(|held| ClaimFile::Held(held, file)).map_err(Refused::Believed))
}
