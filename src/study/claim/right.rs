//! The right to write: of one process in a study's folder, or of several that share it and claim one run at a time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::holder::Holder;
use super::lock::{self, ClaimFile, Refused, Scope, in_place};
use super::note;
use crate::study::files::{folder_of, make_folder, sync_folder};
use crate::study::layout::{LOCK, claim_of};
use crate::study::plan::Partition;

/// The right to write in a study's folder, or in that of one of its runs; dropping it lets go.
#[derive(Debug)]
pub struct Claim {
    /// The study's.
    folder: PathBuf,
    /// The file that holds it.
    path: PathBuf,
    scope: Scope,
    /// That of the study, if this one is of a run.
    study: Option<Arc<Claim>>,
    /// Whether others have it too, who claim its runs one by one.
    is_shared: bool,
    held: Mutex<(Standing, u64)>,
    /// The names of the study's folder, and of the one that it is in, are on the disk since the claim was taken for this time.
    settled: Mutex<Option<u64>>,
    /// What was written down last: worker threads, and seconds of work.
    told: Mutex<(usize, u64)>,
    /// How many write at the moment.
    writers: AtomicUsize,
}

/// A study's claim, and for how many seconds the study has been worked on before; or why it cannot be had.
pub type Taken = Result<(Arc<Claim>, u64), Refused>;

/// The right of somebody to write under a claim; with the last of them it is let go of.
#[derive(Debug)]
pub struct Share(Arc<Claim>);

impl Share {
    /// The first of a claim.
    pub fn new(claim: Arc<Claim>) -> Arc<Self> {
        Arc::new(Self(claim))
    }

    /// The claim.
    pub fn claim(&self) -> &Arc<Claim> {
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

/// How a claim stands.
#[derive(Debug)]
enum Standing {
    /// It is ours.
    Here(ClaimFile),
    /// The file went, and no other could be had yet.
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
    /// FileId process trains it; nobody where several do.
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

impl Claim {
    /// Claims a study's folder, which exists, and says how long the study has been worked on before.
    /// `force`: where nothing can be locked, also from a process that gives no sign of life for some seconds.
    ///
    /// # Errors
    /// If the claim's file cannot be made.
    pub fn take(folder: &Path, force: bool) -> io::Result<Taken> {
        Self::of_study(folder, Scope::Alone { force })
    }

    /// The same, but together with other processes; runs are then to be claimed. Where nothing can be locked, only a
    /// part of the study can be had.
    ///
    /// # Errors
    /// If the claim's file cannot be made.
    pub fn join(folder: &Path, part: Option<Partition>, force: bool) -> io::Result<Taken> {
        Self::of_study(folder, Scope::Together { part, force })
    }

    fn of_study(folder: &Path, scope: Scope) -> io::Result<Taken> {
        let path = folder.join(LOCK);
        let mut file = match lock::take(folder, &path, scope)? {
            Ok(file) => file,
            Err(refused) => return Ok(Err(refused)),
        };
        let seconds = file.note().and_then(note::read).map_or(0, |note| note.seconds);
        Ok(Ok((Self::new(folder, path, (scope, None), file, seconds), seconds)))
    }

    fn new(
        folder: &Path,
        path: PathBuf,
        of: (Scope, Option<Arc<Self>>),
        file: ClaimFile,
        seconds: u64,
    ) -> Arc<Self> {
        let (scope, study) = of;
        let is_shared = matches!((&scope, &file), (Scope::Together { .. }, ClaimFile::Locked(..)));
        let held = Mutex::new((Standing::Here(file), 0));
        let (told, writers) = (Mutex::new((0, seconds)), AtomicUsize::new(0));
        let (folder, settled) = (folder.to_owned(), Mutex::default());
        Arc::new(Self { folder, path, scope, study, is_shared, held, settled, told, writers })
    }

    /// Claims a run of a study that is held together with others, for as long as the claim lives.
    /// `Ok(Err(holder))` if another process has it.
    ///
    /// # Errors
    /// If the claim's file cannot be made.
    pub fn of_run(self: &Arc<Self>, run_folder: &Path) -> io::Result<Result<Arc<Self>, Holder>> {
        self.hold()?;
        make_folder(&self.folder, folder_of(run_folder))?;
        let (path, scope) = (claim_of(run_folder), Scope::Run);
        match lock::take(&self.folder, &path, scope)? {
            Ok(mut file) => {
                if let Some(file) = file.note() {
                    // Only for those who look on.
                    let _ = note::write(file, 0, 0);
                }
                Ok(Ok(Self::new(&self.folder, path, (scope, Some(self.clone())), file, 0)))
            }
            Err(Refused::One(holder) | Refused::Believed(holder)) => Ok(Err(holder)),
            Err(Refused::Several | Refused::NoLocks) => Ok(Err(Holder::unknown())),
        }
    }

    /// Whether it is of one run.
    pub fn is_of_run(&self) -> bool {
        self.study.is_some()
    }

    /// Whether it is of one run, which another process has claimed since.
    pub fn is_lost(&self) -> bool {
        let is_lost = |held: &Standing| matches!(held, Standing::Lost(_));
        self.is_of_run() && is_lost(&self.held.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Whether runs are to be claimed one by one.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Whether others write in the study's folder too, each in folders of its own.
    pub fn is_divided(&self) -> bool {
        matches!(self.scope, Scope::Together { .. })
    }

    /// Writes down who has the claim, for those who look on.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn tell(&self, jobs: usize, seconds: u64) -> io::Result<()> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = (jobs, seconds);
        let Standing::Here(file) = &mut self.held.lock().unwrap_or_else(PoisonError::into_inner).0 else {
            return Ok(());
        };
        if let ClaimFile::Held(held, _) = file {
            held.give_sign()?;
        }
        file.note().map_or(Ok(()), |file| note::write(file, jobs, seconds))
    }

    /// The study's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Somebody is about to write.
    pub fn writing(&self) -> Writing<'_> {
        let writers = self.study.as_ref().map_or(&self.writers, |study| &study.writers);
        writers.fetch_add(1, Ordering::SeqCst);
        Writing(writers)
    }

    /// Whether a file is being written: ending the process now would leave half of it.
    pub fn is_written(&self) -> bool {
        self.writers.load(Ordering::SeqCst) > 0
    }

    /// Makes sure that this process may write to the folder now. Where the file that holds it has gone, with its
    /// folder or alone, another is made. How often that was necessary: when it was, nothing
    /// that was open before is where it was.
    ///
    /// # Errors
    /// If there is no place to make one, or another process was there first.
    pub fn hold(&self) -> io::Result<u64> {
        if let Some(study) = &self.study {
            study.hold()?;
        }
        let mut guard = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, times) = &mut *guard;
        match held {
            Standing::Here(file) if file.is_held(&self.path) => return Ok(*times),
            Standing::Lost(why) => return Err(self.lost(why.clone())),
            Standing::Given => return Err(io::Error::other("another process has asked for this folder")),
            Standing::Here(_) | Standing::Nowhere => {}
        }
        *held = Standing::Nowhere;
        make_folder(&self.folder, folder_of(&self.path))?;
        match lock::take(&self.folder, &self.path, self.scope.unforced())? {
            Ok(mut file) => {
                if let (Some(file), false) = (file.note(), self.is_shared()) {
                    let (jobs, seconds) = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
                    // Only for those who look on.
                    let _ = note::write(file, jobs, seconds);
                }
                *held = Standing::Here(file);
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

    /// Brings the names of the study's folder and of the one that it is in to the disk: once, or again after they went.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn settle(&self) -> io::Result<()> {
        if let Some(study) = &self.study {
            return study.settle();
        }
        // Where the folder went, so did the file that holds the claim.
        let times = self.held.lock().unwrap_or_else(PoisonError::into_inner).1;
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if *settled != Some(times) {
            let out = folder_of(&self.folder);
            sync_folder(out)?;
            sync_folder(folder_of(out))?;
            *settled = Some(times);
        }
        Ok(())
    }

    fn lost(&self, why: Refused) -> io::Error {
        let busy = Busy { why, folder: self.folder.clone() };
        io::Error::other(format!("its lock was taken away, and {busy}"))
    }
}

impl Drop for Claim {
    /// A claim of a run leaves nothing behind. Its file goes while it is still locked, so whoever opens it before that
    /// finds that it is not in place.
    fn drop(&mut self) {
        let held = &self.held.get_mut().unwrap_or_else(PoisonError::into_inner).0;
        if let (Some(_), Standing::Here(ClaimFile::Locked(_, which))) = (&self.study, held)
            && in_place(&self.path) == Some(*which)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::note::{Note, trainer};
    use super::*;

    fn take(folder: &Path) -> Taken {
        Claim::take(folder, false).expect("a writable folder")
    }

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(trainer(folder.path()), None);
        let (claim, seconds) = take(folder.path()).expect("nobody has it");
        assert_eq!(seconds, 0);
        claim.tell(3, 1_000_000).expect("written");
        claim.tell(2, 70).expect("written");
        assert_eq!(take(folder.path()).expect_err("taken"), Refused::One(Holder::this()));
        let note = Note { holder: Holder::this(), jobs: 2, seconds: 70 };
        assert_eq!(trainer(folder.path()), Some(note));
        drop(claim);
        assert_eq!(trainer(folder.path()), None, "the note stays, the process is gone");
        let (_claim, seconds) = take(folder.path()).expect("nobody has it");
        assert_eq!(seconds, 70);
    }

    #[test]
    fn whoever_only_asks_keeps_nobody_from_training() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        drop(take(folder.path()).expect("nobody has it"));
        let asks = fs::File::open(folder.path().join(LOCK)).expect("it is there");
        asks.try_lock_shared().expect("nobody has it");
        let holds = std::thread::spawn(move || {
            std::thread::sleep(lock::APART * 2);
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
        let (claim, _) = take(&study).expect("nobody has it");
        assert_eq!(claim.hold().expect("it is there"), 0);
        fs::remove_dir_all(&study).expect("removed");
        assert_eq!(claim.hold().expect("it can be made anew"), 1);
        assert_eq!(claim.hold().expect("it is there"), 1);
        assert!(take(&study).is_err(), "nobody else gets it");
        // Somebody is there first.
        fs::remove_dir_all(&study).expect("removed");
        fs::create_dir(&study).expect("made");
        let (other, _) = take(&study).expect("nobody has it");
        let error = claim.hold().expect_err("another has it").to_string();
        assert!(error.contains("is being trained by process"), "{error}");
        drop(other);
        assert!(claim.hold().is_err(), "what another process has made since is not ours");
        assert!(take(&study).is_ok());
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let theirs = folder.path().join("theirs");
        fs::write(&theirs, "important").expect("written");
        std::os::unix::fs::symlink(&theirs, folder.path().join(LOCK)).expect("a link");
        assert!(Claim::take(folder.path(), false).is_err());
        fs::remove_file(folder.path().join(LOCK)).expect("removed");
        fs::hard_link(&theirs, folder.path().join(LOCK)).expect("a second name");
        assert!(Claim::take(folder.path(), false).is_err());
        assert_eq!(fs::read(&theirs).expect("there"), b"important");
    }
}
