//! Claims on file systems that have no locks: a file that its holder writes to again and again, and that anybody
//! may take who has seen it unchanged for a minute. No clocks are compared, and none has to be right.
//!
//! A process that was stopped finds, before it writes, that the file is another's, and writes no more. Should it be
//! stopped in the instant between looking and writing, checksums tell, and what it has overwritten is computed
//! again, to the same bits.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::files::{read_own, write_own};
use super::holder::{Holder, is_gone};

/// A lease that was seen unchanged for so long is nobody's any more. `METASCOPE_LEASE_MS` in the environment says
/// otherwise.
const TERM: Duration = Duration::from_secs(60);
/// So many signs of life a term.
const BEATS: u32 = 6;
/// What a lease's file says takes less.
const LARGEST: u64 = 4096;

/// How long a lease lasts without a sign of life.
fn term() -> Duration {
    let asked = std::env::var("METASCOPE_LEASE_MS").ok().and_then(|text| text.parse().ok());
    asked.map_or(TERM, Duration::from_millis)
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sign {
    #[serde(flatten)]
    holder: Holder,
    /// No two leases have the same.
    word: String,
    /// Signs of life so far.
    beat: u64,
}

impl Sign {
    /// Of a lease whose process was killed before it could say anything.
    fn silent() -> Self {
        Self { holder: Holder::unknown(), word: String::new(), beat: 0 }
    }
}

/// A claim that is held. Dropping it lets go.
#[derive(Debug)]
pub struct Lease(Arc<Heart>);

#[derive(Debug)]
struct Heart {
    path: PathBuf,
    file: File,
    word: String,
    beats: AtomicU64,
}

impl Lease {
    /// Takes the lease of this file. `Ok(Err(holder))` if another process holds it, as far as anybody can tell yet.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn take(path: &Path) -> io::Result<Result<Self, Holder>> {
        Self::take_after(path, term())
    }

    /// The same, where leases last for so long.
    fn take_after(path: &Path, term: Duration) -> io::Result<Result<Self, Holder>> {
        // Whoever else takes it at the same time gets it the second time at the latest.
        for _ in 0..3 {
            match write_own(path, OpenOptions::new().write(true).create_new(true)) {
                Ok(file) => {
                    // Random, and no other lease's.
                    let word = format!("{:016x}", RandomState::new().build_hasher().finish());
                    let heart = Heart { path: path.to_owned(), file, word, beats: AtomicU64::new(0) };
                    heart.beat()?;
                    let heart = Arc::new(heart);
                    keep_alive(&heart);
                    return Ok(Ok(Self(heart)));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let Some(sign) = read(path) else { continue };
            if is_alive(path, &sign, term) {
                return Ok(Err(sign.holder));
            }
            // Out of the way; but only what was seen to be dead.
            let aside = path.with_extension(format!("{}.stale", sign.word));
            if fs::rename(path, &aside).is_ok() {
                if read(&aside).is_some_and(|moved| moved != sign) {
                    let _ = fs::hard_link(&aside, path);
                }
                let _ = fs::remove_file(&aside);
            }
        }
        Ok(Err(read(path).map_or_else(Holder::unknown, |sign| sign.holder)))
    }

    /// Whether it is still held. Reads the file, since what a file system remembers of it may be old.
    pub fn is_held(&self) -> bool {
        read(&self.0.path).is_some_and(|sign| sign.word == self.0.word)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_held() {
            let _ = fs::remove_file(&self.0.path);
        }
    }
}

impl Heart {
    /// A sign of life.
    fn beat(&self) -> io::Result<()> {
        let beat = self.beats.fetch_add(1, Ordering::Relaxed);
        let sign = Sign { holder: Holder::this(), word: self.word.clone(), beat };
        let text = serde_json::to_string(&sign).expect("plain data with string keys") + "\n";
        self.file.write_all_at(text.as_bytes(), 0)
    }
}

/// Has a lease give signs of life for as long as it lives; one thread does so for all of them.
fn keep_alive(heart: &Arc<Heart>) {
    static HEARTS: OnceLock<Mutex<Vec<Weak<Heart>>>> = OnceLock::new();
    let begin = || {
        let life = || loop {
            thread::sleep(term() / BEATS);
            let mut hearts = HEARTS.wait().lock().unwrap_or_else(PoisonError::into_inner);
            // One that cannot be written dies, and its holder will find that it is another's.
            hearts.retain(|heart| heart.upgrade().is_some_and(|heart| heart.beat().is_ok()));
        };
        // Without it leases end after a term, which costs work and no result.
        let _ = thread::Builder::new().name("heart".to_owned()).spawn(life);
        Mutex::default()
    };
    HEARTS.get_or_init(begin).lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(heart));
}

/// Removes what a process has left that is gone.
pub fn clear(path: &Path) {
    if path.exists() && holder(path).is_none() {
        // Taken first, so that nobody else has it when it goes.
        drop(Lease::take(path));
    }
}

/// Who holds the lease of this file, as far as anybody can tell; has to be asked again and again.
pub fn holder(path: &Path) -> Option<Holder> {
    read(path).filter(|sign| is_alive(path, sign, term())).map(|sign| sign.holder)
}

/// Whether a lease has given a sign of life since it was first looked at like this, or that is less than a term ago.
fn is_alive(path: &Path, sign: &Sign, term: Duration) -> bool {
    static SEEN: OnceLock<Mutex<HashMap<PathBuf, (Sign, Instant)>>> = OnceLock::new();
    if is_gone(&sign.holder) {
        return false;
    }
    let mut seen = SEEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let (known, since) = seen.entry(path.to_owned()).or_insert_with(|| (sign.clone(), Instant::now()));
    if known != sign {
        (*known, *since) = (sign.clone(), Instant::now());
    }
    since.elapsed() < term
}

/// What the file says, if there is one.
fn read(path: &Path) -> Option<Sign> {
    let bytes = read_own(path, LARGEST).ok()?;
    // Of a longer one something may stand behind this one.
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Some(serde_json::from_slice(line).unwrap_or_else(|_| Sign::silent()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_says_nothing_is_nobodys_after_a_term() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("seed-1.lock.json");
        fs::write(&path, "").expect("written");
        assert!(Lease::take(&path).expect("readable").is_err());
        assert!(is_alive(&path, &Sign::silent(), TERM));
        std::thread::sleep(Duration::from_millis(2));
        assert!(!is_alive(&path, &Sign::silent(), Duration::from_millis(1)));
        let lease = Lease::take_after(&path, Duration::from_millis(1)).expect("it can be made");
        assert!(lease.is_ok_and(|lease| lease.is_held()));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    }

    #[test]
    fn one_at_a_time_and_who_gives_no_sign_of_life_loses_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("seed-1.lock.json");
        let lease = Lease::take(&path).expect("it can be made").expect("nobody has it");
        assert!(lease.is_held());
        assert_eq!(Lease::take(&path).expect("readable").expect_err("taken"), Holder::this());
        assert_eq!(holder(&path), Some(Holder::this()));
        // As another process of another machine would have left it.
        let theirs =
            Sign { holder: Holder { host: "there".to_owned(), pid: 7 }, word: "w".to_owned(), beat: 3 };
        let text = serde_json::to_string(&theirs).expect("plain data") + "\n";
        fs::write(&path, &text).expect("written");
        assert!(!lease.is_held(), "and this one writes no more");
        drop(lease);
        assert_eq!(fs::read_to_string(&path).expect("still there"), text, "what is another's stays");
        assert!(is_alive(&path, &theirs, TERM), "a term has to go by first");
        let later = Sign { beat: 4, ..theirs.clone() };
        assert!(is_alive(&path, &later, TERM));
        // A process of this machine that is no more needs no term.
        let gone = Sign { holder: Holder { pid: u32::MAX >> 1, ..Holder::this() }, ..theirs };
        fs::write(&path, serde_json::to_string(&gone).expect("plain data")).expect("written");
        let lease = Lease::take(&path).expect("it can be made").expect("nobody has it");
        assert!(lease.is_held());
        clear(&path);
        assert!(lease.is_held(), "only what is nobody's is cleared");
        drop(lease);
        fs::write(&path, serde_json::to_string(&gone).expect("plain data")).expect("written");
        clear(&path);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    }
}
