//! Who may write where: one process a study's folder, or several that share it and claim one run at a time.
//! Locks that the system lets go of when their holder dies, with a note that says who holds them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::held::Held;
pub use super::holder::Holder;
use super::note::{self, has_no_locks};
use crate::study::files::{folder_of, make_folder, write_own};
use crate::study::layout::{LOCK, claim_of};
use crate::study::plan::Partition;

/// The right to write in a study's folder, or in that of one of its runs; dropping it lets go.
#[derive(Debug)]
pub struct Lock {
    /// The study's.
    folder: PathBuf,
    /// The file that is locked.
    path: PathBuf,
    way: Way,
    /// Whether others have it too, who claim its runs one by one.
    is_shared: bool,
    held: Mutex<(Standing, u64)>,
    /// What was written down last: worker threads, and seconds of work.
    told: Mutex<(usize, u64)>,
    /// How many write at the moment.
    writers: AtomicUsize,
}

/// A study's lock, and for how many seconds the study has been worked on before; or why it cannot be had.
pub type Taken = Result<(Arc<Lock>, u64), Refused>;

/// Why a lock cannot be had.
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

/// What is locked, and with whom it is shared.
#[derive(Debug)]
enum Way {
    /// A study, by nobody else; `force`: see [`Lock::take`].
    Alone { force: bool },
    /// A study, with others who claim its runs one by one; or who have other parts of it, where nothing can be locked.
    Together { part: Option<Partition>, force: bool },
    /// A run of a study that is held together.
    Run(Arc<Lock>),
}

impl Way {
    /// The same, but without taking anything from anybody.
    fn unforced(&self) -> Self {
        match self {
            Self::Alone { .. } => Self::Alone { force: false },
            Self::Together { part, .. } => Self::Together { part: *part, force: false },
            Self::Run(study) => Self::Run(study.clone()),
        }
    }
}

/// Somebody who asks whether a study is trained holds its lock for a moment: it is tried this often, ...
const TRIES: u32 = 5;
/// ... this far apart.
const APART: Duration = Duration::from_millis(20);

/// The right of somebody to write under a lock; with the last of them it is let go of.
#[derive(Debug)]
pub struct Share(Arc<Lock>);

impl Share {
    /// The first of a lock.
    pub fn new(lock: Arc<Lock>) -> Arc<Self> {
        Arc::new(Self(lock))
    }

    /// The lock.
    pub fn lock(&self) -> &Arc<Lock> {
        &self.0
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).0 = Standing::Given;
    }
}

/// Somebody writes, as long as this lives.
pub struct Writing<'a>(&'a AtomicUsize);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is held.
#[derive(Debug)]
enum Grip {
    /// The locked file, and which one it is.
    Locked(File, Which),
    /// A study on a file system without locks, and the file that its notes go to where it is held by nobody else.
    Held(Held, Option<File>),
}

impl Grip {
    /// Whether nobody else can have it.
    fn is_held(&self, path: &Path) -> bool {
        match self {
            Self::Locked(_, which) => in_place(path) == Some(*which),
            Self::Held(held, _) => held.is_in_place(),
        }
    }

    /// The file with the note.
    fn file(&mut self) -> Option<&mut File> {
        match self {
            Self::Locked(file, _) | Self::Held(_, Some(file)) => Some(file),
            Self::Held(_, None) => None,
        }
    }
}

/// Whether a lock is held.
#[derive(Debug)]
enum Standing {
    /// It is ours.
    Here(Grip),
    /// The file went, and no other could be locked yet.
    Nowhere,
    /// The file went, and another process was there first, or several. They train the study now, so this one
    /// never writes again.
    Lost(Refused),
    /// It was let go of, and so this process never writes again either.
    Given,
}

/// Another process trains this study.
#[derive(Debug)]
pub struct Busy {
    /// Why it cannot be had.
    pub why: Refused,
    /// The study's folder.
    pub folder: PathBuf,
}

impl Busy {
    /// Which process trains it; nobody where several do.
    pub fn holder(&self) -> Option<&Holder> {
        match &self.why {
            Refused::One(holder) | Refused::Believed(holder) => Some(holder),
            Refused::Several | Refused::NoLocks => None,
        }
    }
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = self.folder.display();
        match &self.why {
            Refused::One(holder) => write!(f, "{folder} is being trained by {holder}"),
            Refused::Several => write!(f, "{folder} is being trained by processes that share it (--join)"),
            Refused::Believed(holder) => write!(
                f,
                "{folder} is being trained by {holder}, as a file there says; its file system has no locks, so nobody \
                 can tell whether that process lives: if it has ended, `run --force` waits for a sign of life, and \
                 goes on if there is none"
            ),
            Refused::NoLocks => write!(
                f,
                "{folder} is on a file system without locks, where processes cannot share a study or take it over; \
                 `run --partition 1/2` and `run --partition 2/2` (or any other number) need none"
            ),
        }
    }
}

impl std::error::Error for Busy {}

impl Lock {
    /// Takes the lock of a study's folder, which exists, and says how long the study has been worked on before.
    /// `force`: where nothing can be locked, also from a process that gives no sign of life for some seconds.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn take(folder: &Path, force: bool) -> io::Result<Taken> {
        Self::of_study(folder, Way::Alone { force })
    }

    /// The same, but together with other processes; runs are then to be claimed. Where nothing can be locked, only a
    /// part of the study can be had.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn join(folder: &Path, part: Option<Partition>, force: bool) -> io::Result<Taken> {
        Self::of_study(folder, Way::Together { part, force })
    }

    fn of_study(folder: &Path, way: Way) -> io::Result<Taken> {
        let path = folder.join(LOCK);
        let mut grip = match grip(folder, &path, &way)? {
            Ok(grip) => grip,
            Err(refused) => return Ok(Err(refused)),
        };
        let seconds = grip.file().and_then(note::read).map_or(0, |note| note.seconds);
        Ok(Ok((Self::new(folder, path, way, grip, seconds), seconds)))
    }

    fn new(folder: &Path, path: PathBuf, way: Way, grip: Grip, seconds: u64) -> Arc<Self> {
        let is_shared = matches!((&way, &grip), (Way::Together { .. }, Grip::Locked(..)));
        let held = Mutex::new((Standing::Here(grip), 0));
        let (told, writers) = (Mutex::new((0, seconds)), AtomicUsize::new(0));
        Arc::new(Self { folder: folder.to_owned(), path, way, is_shared, held, told, writers })
    }

    /// Claims a run of a study that is held together with others, for as long as the claim lives.
    /// `Ok(Err(holder))` if another process has it.
    ///
    /// # Errors
    /// If the claim's file cannot be made.
    pub fn claim(self: &Arc<Self>, run_folder: &Path) -> io::Result<Result<Arc<Self>, Holder>> {
        self.hold()?;
        make_folder(&self.folder, folder_of(run_folder))?;
        let (path, way) = (claim_of(run_folder), Way::Run(self.clone()));
        match grip(&self.folder, &path, &way)? {
            Ok(mut grip) => {
                if let Some(file) = grip.file() {
                    // Only for those who look on.
                    let _ = note::write(file, 0, 0);
                }
                Ok(Ok(Self::new(&self.folder, path, way, grip, 0)))
            }
            Err(Refused::One(holder) | Refused::Believed(holder)) => Ok(Err(holder)),
            Err(Refused::Several | Refused::NoLocks) => Ok(Err(Holder::unknown())),
        }
    }

    /// Whether it is of one run.
    pub fn is_claim(&self) -> bool {
        matches!(self.way, Way::Run(_))
    }

    /// Whether it is of one run, which another process has claimed since.
    pub fn is_lost(&self) -> bool {
        let is_lost = |held: &Standing| matches!(held, Standing::Lost(_));
        self.is_claim() && is_lost(&self.held.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Whether runs are to be claimed one by one.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether others write in the study's folder too, each in folders of its own.
    pub fn is_divided(&self) -> bool {
        matches!(self.way, Way::Together { .. })
    }

    /// Writes down who has the lock, for those who look on.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn tell(&self, jobs: usize, seconds: u64) -> io::Result<()> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = (jobs, seconds);
        let Standing::Here(grip) = &mut self.held.lock().unwrap_or_else(PoisonError::into_inner).0 else {
            return Ok(());
        };
        if let Grip::Held(held, _) = grip {
            held.give_sign()?;
        }
        grip.file().map_or(Ok(()), |file| note::write(file, jobs, seconds))
    }

    /// The study's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Somebody is about to write.
    pub fn writing(&self) -> Writing<'_> {
        match &self.way {
            Way::Run(study) => study.writing(),
            Way::Alone { .. } | Way::Together { .. } => {
                self.writers.fetch_add(1, Ordering::SeqCst);
                Writing(&self.writers)
            }
        }
    }

    /// Whether a file is being written: ending the process now would leave half of it.
    pub fn is_written(&self) -> bool {
        self.writers.load(Ordering::SeqCst) > 0
    }

    /// Makes sure that this process may write to the folder now. Where the locked file has gone, with its
    /// folder or alone, the one in its place is locked. How often that was necessary: when it was, nothing
    /// that was open before is where it was.
    ///
    /// # Errors
    /// If there is no place to make one, or another process was there first.
    pub fn hold(&self) -> io::Result<u64> {
        if let Way::Run(study) = &self.way {
            study.hold()?;
        }
        let mut guard = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, times) = &mut *guard;
        match held {
            Standing::Here(grip) if grip.is_held(&self.path) => return Ok(*times),
            Standing::Lost(why) => return Err(self.lost(why.clone())),
            Standing::Given => return Err(io::Error::other("another process has asked for this folder")),
            Standing::Here(_) | Standing::Nowhere => {}
        }
        *held = Standing::Nowhere;
        make_folder(&self.folder, folder_of(&self.path))?;
        match grip(&self.folder, &self.path, &self.way.unforced())? {
            Ok(mut grip) => {
                if let (Some(file), false) = (grip.file(), self.is_shared()) {
                    let (jobs, seconds) = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
                    // Only for those who look on.
                    let _ = note::write(file, jobs, seconds);
                }
                *held = Standing::Here(grip);
                *times += 1;
                Ok(*times)
            }
            Err(why) => {
                let error = self.lost(why.clone());
                *held = Standing::Lost(why);
                Err(error)
            }
        }
    }

    fn lost(&self, why: Refused) -> io::Error {
        let busy = Busy { why, folder: self.folder.clone() };
        io::Error::other(format!("its lock was taken away, and {busy}"))
    }
}

impl Drop for Lock {
    /// A claim leaves nothing behind. Its file goes while it is still locked, so whoever opens it before that
    /// finds that it is not in place.
    fn drop(&mut self) {
        let held = &self.held.get_mut().unwrap_or_else(PoisonError::into_inner).0;
        if let (Way::Run(_), Standing::Here(Grip::Locked(_, which))) = (&self.way, held)
            && in_place(&self.path) == Some(*which)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Which file it is, whatever its name: its device and its number there.
type Which = (u64, u64);

fn which_file(found: &fs::Metadata) -> Which {
    (found.dev(), found.ino())
}

/// Which one is there.
fn in_place(path: &Path) -> Option<Which> {
    fs::symlink_metadata(path).ok().map(|found| which_file(&found))
}

/// A file that is another one at every look is tried so often.
const LOOKS: u32 = 50;

/// Locks a file, or holds the study by another one where nothing can be locked.
fn grip(folder: &Path, path: &Path, way: &Way) -> io::Result<Result<Grip, Refused>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for _ in 0..LOOKS {
        let mut file =
            write_own(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        match try_lock(&mut file, way)? {
            Ok(()) => {}
            Err(Refused::NoLocks) => return without_locks(folder, file, way),
            Err(refused) => return Ok(Err(refused)),
        }
        let which = which_file(&file.metadata()?);
        // Whoever had it before may have removed it in the meantime.
        if in_place(path) == Some(which) {
            return Ok(Ok(Grip::Locked(file, which)));
        }
    }
    Err(io::Error::other(format!(
        "{name} has another inode number at every look, so that nobody can tell whether it is the file that was locked: \
         this file system cannot hold runs"
    )))
}

/// Locks a file that is open, if nobody else has.
fn try_lock(file: &mut File, way: &Way) -> io::Result<Result<(), Refused>> {
    let together = matches!(way, Way::Together { .. });
    // Nobody asks a claim for more than a moment, and there is always another run.
    let tries = if matches!(way, Way::Run(_)) { 1 } else { TRIES };
    for attempt in 1.. {
        match if together { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < tries => std::thread::sleep(APART),
            // The note of a file that is shared is of whoever had it alone last.
            Err(TryLockError::WouldBlock)
                if matches!(way, Way::Alone { .. }) && file.try_lock_shared().is_ok() =>
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
fn without_locks(folder: &Path, file: File, way: &Way) -> io::Result<Result<Grip, Refused>> {
    let (part, force) = match way {
        Way::Alone { force } => (None, *force),
        Way::Together { part: Some(part), force } => (Some(*part), *force),
        Way::Together { part: None, .. } | Way::Run(_) => return Ok(Err(Refused::NoLocks)),
    };
    // A part's note would be taken for that of the whole.
    let file = part.is_none().then_some(file);
    Ok(Held::take(folder, part, force)?.map(|held| Grip::Held(held, file)).map_err(Refused::Believed))
}

#[cfg(test)]
mod tests {
    use super::super::note::{Note, trainer};
    use super::*;

    fn take(folder: &Path) -> Taken {
        Lock::take(folder, false).expect("a writable folder")
    }

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(trainer(folder.path()), None);
        let (lock, seconds) = take(folder.path()).expect("nobody has it");
        assert_eq!(seconds, 0);
        lock.tell(3, 1_000_000).expect("written");
        lock.tell(2, 70).expect("written");
        assert_eq!(take(folder.path()).expect_err("taken"), Refused::One(Holder::this()));
        let note = Note { holder: Holder::this(), jobs: 2, seconds: 70 };
        assert_eq!(trainer(folder.path()), Some(note));
        drop(lock);
        assert_eq!(trainer(folder.path()), None, "the note stays, the process is gone");
        let (_lock, seconds) = take(folder.path()).expect("nobody has it");
        assert_eq!(seconds, 70);
    }

    #[test]
    fn whoever_only_asks_keeps_nobody_from_training() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        drop(take(folder.path()).expect("nobody has it"));
        let asks = File::open(folder.path().join(LOCK)).expect("it is there");
        asks.try_lock_shared().expect("nobody has it");
        let holds = std::thread::spawn(move || {
            std::thread::sleep(APART * 2);
            drop(asks);
        });
        assert!(take(folder.path()).is_ok());
        holds.join().expect("it only sleeps");
    }

    #[test]
    fn a_lock_that_went_is_taken_again_or_lost_for_good() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let study = folder.path().join("study");
        fs::create_dir(&study).expect("made");
        let (lock, _) = take(&study).expect("nobody has it");
        assert_eq!(lock.hold().expect("it is there"), 0);
        fs::remove_dir_all(&study).expect("removed");
        assert_eq!(lock.hold().expect("it can be made anew"), 1);
        assert_eq!(lock.hold().expect("it is there"), 1);
        assert!(take(&study).is_err(), "nobody else gets it");
        // Somebody is there first.
        fs::remove_dir_all(&study).expect("removed");
        fs::create_dir(&study).expect("made");
        let (other, _) = take(&study).expect("nobody has it");
        let error = lock.hold().expect_err("another has it").to_string();
        assert!(error.contains("is being trained by process"), "{error}");
        drop(other);
        assert!(lock.hold().is_err(), "what another process has made since is not ours");
        assert!(take(&study).is_ok());
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let theirs = folder.path().join("theirs");
        fs::write(&theirs, "important").expect("written");
        std::os::unix::fs::symlink(&theirs, folder.path().join(LOCK)).expect("a link");
        assert!(Lock::take(folder.path(), false).is_err());
        fs::remove_file(folder.path().join(LOCK)).expect("removed");
        fs::hard_link(&theirs, folder.path().join(LOCK)).expect("a second name");
        assert!(Lock::take(folder.path(), false).is_err());
        assert_eq!(fs::read(&theirs).expect("there"), b"important");
    }
}
