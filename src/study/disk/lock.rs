//! Who may write where: one process a study's folder, or several that share it and claim one run at a time.
//! Locks that the system lets go of when their holder dies, with a note that says who holds them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::files::{folder_of, make_folder, write_own};
pub use super::holder::Holder;
use super::holder::is_gone;
use super::lease::{self, Lease};
use super::note::{self, has_no_locks};
use crate::study::layout::{LOCK, claim_of};

/// The right to write in a study's folder, or in that of one of its runs; dropping it lets go.
#[derive(Debug)]
pub struct Lock {
    /// The study's.
    folder: PathBuf,
    /// The file that is locked.
    path: PathBuf,
    way: Way,
    held: Mutex<(Held, u64)>,
    /// What was written down last: worker threads, and seconds of work.
    told: Mutex<(usize, u64)>,
    /// How many write at the moment.
    writers: AtomicUsize,
}

/// A study's lock, and for how many seconds the study has been worked on before; or who has it, nobody in
/// particular where several do.
pub type Taken = Result<(Arc<Lock>, u64), Option<Holder>>;

/// What is locked, and with whom it is shared.
#[derive(Debug)]
enum Way {
    /// A study, by nobody else.
    Alone,
    /// A study, with others who claim its runs one by one.
    Together,
    /// A run of a study that is held together.
    Run(Arc<Lock>),
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
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).0 = Held::Given;
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
    /// The study's on a file system without locks, where its note has to do.
    Believed(File, Which),
    /// A run's there.
    Leased(Lease),
}

impl Grip {
    /// Whether nobody else can have it.
    fn is_held(&self, path: &Path) -> bool {
        match self {
            Self::Locked(_, which) | Self::Believed(_, which) => in_place(path) == Some(*which),
            Self::Leased(lease) => lease.is_held(),
        }
    }

    /// The file with the note.
    fn file(&mut self) -> Option<&mut File> {
        match self {
            Self::Locked(file, _) | Self::Believed(file, _) => Some(file),
            Self::Leased(_) => None,
        }
    }
}

/// How it stands with a lock.
#[derive(Debug)]
enum Held {
    /// Ours.
    Here(Grip),
    /// The file went, and no other could be locked yet.
    Nowhere,
    /// The file went, and another process was there first, or several. They train the study now, so this one
    /// never writes again.
    Lost(Option<Holder>),
    /// It was let go of, and so this process never writes again either.
    Given,
}

/// Another process trains this study.
#[derive(Debug)]
pub struct Busy {
    /// Which one; nobody where several do.
    pub holder: Option<Holder>,
    /// The study's folder.
    pub folder: PathBuf,
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = self.folder.display();
        match &self.holder {
            Some(holder) => write!(f, "{folder} is being trained by {holder}"),
            None => write!(f, "{folder} is being trained by processes that share it (--join)"),
        }
    }
}

impl std::error::Error for Busy {}

impl Lock {
    /// Takes the lock of a study's folder, which exists, and says how long the study has been worked on
    /// before. `Ok(Err(holder))` if another process has it, or several have.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn take(folder: &Path) -> io::Result<Taken> {
        Self::of_study(folder, Way::Alone)
    }

    /// The same, but together with other processes; runs are then to be claimed. `Ok(Err(holder))` if a
    /// process has it for itself.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn join(folder: &Path) -> io::Result<Taken> {
        Self::of_study(folder, Way::Together)
    }

    fn of_study(folder: &Path, way: Way) -> io::Result<Taken> {
        let path = folder.join(LOCK);
        let mut grip = match grip(&path, &way)? {
            Ok(grip) => grip,
            Err(holder) => return Ok(Err(holder)),
        };
        let seconds = grip.file().and_then(note::read).map_or(0, |note| note.seconds);
        Ok(Ok((Self::new(folder, path, way, grip, seconds), seconds)))
    }

    fn new(folder: &Path, path: PathBuf, way: Way, grip: Grip, seconds: u64) -> Arc<Self> {
        let held = Mutex::new((Held::Here(grip), 0));
        let (told, writers) = (Mutex::new((0, seconds)), AtomicUsize::new(0));
        Arc::new(Self { folder: folder.to_owned(), path, way, held, told, writers })
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
        match grip(&path, &way)? {
            Ok(mut grip) => {
                if let Some(file) = grip.file() {
                    // Only for those who look on.
                    let _ = note::write(file, 0, 0);
                }
                Ok(Ok(Self::new(&self.folder, path, way, grip, 0)))
            }
            Err(holder) => Ok(Err(holder.unwrap_or_default())),
        }
    }

    /// Whether it is of one run.
    pub fn is_claim(&self) -> bool {
        matches!(self.way, Way::Run(_))
    }

    /// Whether it is of one run, which another process has claimed since.
    pub fn is_lost(&self) -> bool {
        let is_lost = |held: &Held| matches!(held, Held::Lost(_));
        self.is_claim() && is_lost(&self.held.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Whether the file system of a study has no locks, so that its runs are claimed by leases.
    fn is_believed(&self) -> bool {
        let held = &self.held.lock().unwrap_or_else(PoisonError::into_inner).0;
        matches!(held, Held::Here(Grip::Believed(..)))
    }

    /// Whether runs are to be claimed one by one.
    pub fn is_shared(&self) -> bool {
        matches!(self.way, Way::Together)
    }

    /// Writes down who has the lock, for those who look on.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn tell(&self, jobs: usize, seconds: u64) -> io::Result<()> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = (jobs, seconds);
        match &mut self.held.lock().unwrap_or_else(PoisonError::into_inner).0 {
            Held::Here(grip) => grip.file().map_or(Ok(()), |file| note::write(file, jobs, seconds)),
            Held::Nowhere | Held::Lost(_) | Held::Given => Ok(()),
        }
    }

    /// The study's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Somebody is about to write.
    pub fn writing(&self) -> Writing<'_> {
        match &self.way {
            Way::Run(study) => study.writing(),
            Way::Alone | Way::Together => {
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
            Held::Here(grip) if grip.is_held(&self.path) => return Ok(*times),
            Held::Here(Grip::Leased(_)) => {
                // Whoever has taken it may have come to the run's end since, and have let go of it.
                let holder = lease::holder(&self.path);
                *held = Held::Lost(holder.clone());
                return Err(self.lost(holder));
            }
            Held::Lost(holder) => return Err(self.lost(holder.clone())),
            Held::Given => return Err(io::Error::other("another process has asked for this folder")),
            Held::Here(_) | Held::Nowhere => {}
        }
        *held = Held::Nowhere;
        make_folder(&self.folder, folder_of(&self.path))?;
        match grip(&self.path, &self.way)? {
            Ok(mut grip) => {
                if let (Some(file), false) = (grip.file(), self.is_shared()) {
                    let (jobs, seconds) = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
                    // Only for those who look on.
                    let _ = note::write(file, jobs, seconds);
                }
                *held = Held::Here(grip);
                *times += 1;
                Ok(*times)
            }
            Err(holder) => {
                let error = self.lost(holder.clone());
                *held = Held::Lost(holder);
                Err(error)
            }
        }
    }

    fn lost(&self, holder: Option<Holder>) -> io::Error {
        let busy = Busy { holder, folder: self.folder.clone() };
        io::Error::other(format!("its lock was taken away, and {busy}"))
    }
}

impl Drop for Lock {
    /// A claim leaves nothing behind. Its file goes while it is still locked, so whoever opens it before that
    /// finds that it is not in place.
    fn drop(&mut self) {
        let held = &self.held.get_mut().unwrap_or_else(PoisonError::into_inner).0;
        // A lease removes its own.
        if let (Way::Run(_), Held::Here(Grip::Locked(_, which))) = (&self.way, held)
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

/// Locks a file, or takes its lease where a run of a file system without locks is claimed. `Ok(Err(holder))` if
/// another process has it; nobody in particular where several share it.
fn grip(path: &Path, way: &Way) -> io::Result<Result<Grip, Option<Holder>>> {
    // Not by trying the file itself, which would have to be there for that: a lease is one that was not.
    if let Way::Run(study) = way
        && study.is_believed()
    {
        return Ok(Lease::take(path)?.map(Grip::Leased).map_err(Some));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    loop {
        let mut file =
            write_own(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        // Nobody asks a claim for more than a moment, and there is always another run.
        let tries = if matches!(way, Way::Run(_)) { 1 } else { TRIES };
        let is_locked = match try_lock(&mut file, way, tries)? {
            Ok(is_locked) => is_locked,
            Err(holder) => return Ok(Err(holder)),
        };
        let which = which_file(&file.metadata()?);
        // Whoever had it before may have removed it in the meantime.
        if in_place(path) == Some(which) {
            return Ok(Ok(if is_locked { Grip::Locked(file, which) } else { Grip::Believed(file, which) }));
        }
    }
}

/// Locks a file that is open, if nobody else has. `Ok(Ok(false))` where nothing can be locked, and nobody else says
/// that the file is his.
fn try_lock(file: &mut File, way: &Way, tries: u32) -> io::Result<Result<bool, Option<Holder>>> {
    let together = matches!(way, Way::Together);
    for attempt in 1.. {
        match if together { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < tries => std::thread::sleep(APART),
            // The note of a file that is shared is of whoever had it alone last.
            Err(TryLockError::WouldBlock) if matches!(way, Way::Alone) && file.try_lock_shared().is_ok() => {
                return Ok(Err(None));
            }
            Err(TryLockError::WouldBlock) => {
                return Ok(Err(Some(note::read(file).unwrap_or_else(note::unknown).holder)));
            }
            // A file system without locks: the note has to do, and among those who share a study leases do.
            Err(TryLockError::Error(error)) if has_no_locks(&error) && !matches!(way, Way::Run(_)) => {
                match note::read(file) {
                    Some(note) if is_another_here(&note.holder) => return Ok(Err(Some(note.holder))),
                    _ => return Ok(Ok(false)),
                }
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Ok(true))
}

/// Whether this is another process of this host that is alive.
fn is_another_here(holder: &Holder) -> bool {
    holder.is_here() && holder.pid != std::process::id() && !is_gone(holder)
}

#[cfg(test)]
mod tests {
    use super::super::note::{Note, trainer};
    use super::*;

    fn take(folder: &Path) -> Result<(Arc<Lock>, u64), Option<Holder>> {
        Lock::take(folder).expect("a writable folder")
    }

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(trainer(folder.path()), None);
        let (lock, seconds) = take(folder.path()).expect("nobody has it");
        assert_eq!(seconds, 0);
        lock.tell(3, 1_000_000).expect("written");
        lock.tell(2, 70).expect("written");
        assert_eq!(take(folder.path()).expect_err("taken"), Some(Holder::this()));
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
    fn a_lease_that_went_is_not_taken_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (study, _) = Lock::join(folder.path()).expect("writable").expect("nobody has it");
        let path = folder.path().join("seed-1.lock.json");
        let lease = Lease::take(&path).expect("it can be made").expect("nobody has it");
        let claim = Lock::new(folder.path(), path.clone(), Way::Run(study), Grip::Leased(lease), 0);
        assert!(claim.hold().is_ok() && !claim.is_lost());
        // While this process was stopped another took it, came to the run's end and let go.
        fs::remove_file(&path).expect("removed");
        assert!(claim.hold().is_err() && claim.is_lost());
        assert!(claim.hold().is_err());
        drop(claim);
        assert!(!path.exists());
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let theirs = folder.path().join("theirs");
        fs::write(&theirs, "important").expect("written");
        std::os::unix::fs::symlink(&theirs, folder.path().join(LOCK)).expect("a link");
        assert!(Lock::take(folder.path()).is_err());
        fs::remove_file(folder.path().join(LOCK)).expect("removed");
        fs::hard_link(&theirs, folder.path().join(LOCK)).expect("a second name");
        assert!(Lock::take(folder.path()).is_err());
        assert_eq!(fs::read(&theirs).expect("there"), b"important");
    }
}
