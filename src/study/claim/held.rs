//! Who trains a study where its file system has no locks: a file that is made exclusively, and in which its process
//! gives a sign of life every second. It is never taken away because time has passed, since no two clocks are the
//! same; only where its process is known to have ended, or where a person says so and no sign of life is seen.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::holder::Holder;
use crate::study::files::{read_own, write_own};
use crate::study::layout::{held_by, part_of_held};
use crate::study::plan::Partition;

/// Who has not given a sign of life for so long gives none any more.
pub const SILENCE: Duration = Duration::from_secs(5);
/// What may be made anew at the same moment is looked at again after this.
const BREATH: Duration = Duration::from_millis(30);
/// What the file says takes less.
const LARGEST: u64 = 4096;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// Who has made it.
    #[serde(flatten)]
    pub holder: Holder,
    /// Signs of life so far.
    pub beat: u64,
}

/// A study, or a part of it, that is held. Dropping it lets go.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    file: File,
    beat: u64,
}

impl Held {
    /// Takes a study, or this part of it. `Ok(Err(holder))` if another process has it, or what has to do with it, as
    /// far as anybody can tell. `force`: unless that one gives no sign of life while it is waited for.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn take(folder: &Path, part: Option<Partition>, force: bool) -> io::Result<Result<Self, Holder>> {
        for (path, sign) in others(folder, part).chain(read(&held_by(folder, part))) {
            if !(sign.holder.has_ended() || force && is_silent(&path, &sign)) {
                return Ok(Err(sign.holder));
            }
            remove(&path, &sign);
        }
        let path = held_by(folder, part);
        let file = match write_own(&path, OpenOptions::new().write(true).create_new(true)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let sign = read(&path).map_or_else(Holder::unknown, |(_, sign)| sign.holder);
                return Ok(Err(sign));
            }
            made => made?,
        };
        let mut held = Self { path, file, beat: 0 };
        held.give_sign()?;
        // Where two take what excludes each other at the same time, each sees the other's now.
        std::thread::sleep(BREATH);
        if let Some((_, sign)) = others(folder, part).next() {
            return Ok(Err(sign.holder));
        }
        Ok(if held.is_in_place() { Ok(held) } else { Err(Holder::unknown()) })
    }

    /// Whether nobody else has taken it.
    pub fn is_in_place(&self) -> bool {
        read(&self.path).is_some_and(|(_, sign)| sign.holder == Holder::this())
    }

    /// Tells those who look on that this process lives.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn give_sign(&mut self) -> io::Result<()> {
        self.beat += 1;
        let sign = Sign { holder: Holder::this(), beat: self.beat };
        let line = serde_json::to_string(&sign).map_err(io::Error::other)? + "\n";
        // It never becomes shorter: whoever reads meanwhile finds this one or the one before.
        self.file.write_all_at(line.as_bytes(), 0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_in_place() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Who holds a study or parts of it, as the files in its folder say; whether they live has to be seen.
pub fn signs(folder: &Path) -> impl Iterator<Item = (Option<Partition>, Sign)> {
    let names =
        fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name());
    let parts = names.filter_map(|name| part_of_held(name.to_str()?));
    parts.filter_map(|part| Some((part, read(&held_by(folder, part))?.1)))
}

/// The same of what cannot be held beside this part, but for the part itself.
fn others(folder: &Path, part: Option<Partition>) -> impl Iterator<Item = (PathBuf, Sign)> {
    let excludes = move |other: &Option<Partition>| match (part, other) {
        (Some(one), Some(other)) => one.of != other.of,
        (one, other) => one != *other,
    };
    signs(folder)
        .filter(move |(other, _)| excludes(other))
        .map(|(other, sign)| (held_by(folder, other), sign))
}

/// Whether no sign of life comes for long enough.
fn is_silent(path: &Path, sign: &Sign) -> bool {
    let began = Instant::now();
    while began.elapsed() < SILENCE {
        std::thread::sleep(BREATH);
        if read(path).is_some_and(|(_, now)| now != *sign) {
            return false;
        }
    }
    true
}

/// Takes away a file of somebody who has ended, and no other that has taken its place meanwhile.
fn remove(path: &Path, sign: &Sign) {
    let aside = path.with_extension(format!("{}.gone", std::process::id()));
    if fs::rename(path, &aside).is_ok() {
        if read(&aside).is_some_and(|(_, moved)| moved != *sign) {
            let _ = fs::hard_link(&aside, path);
        }
        let _ = fs::remove_file(&aside);
    }
}

/// What the file says, if there is one. One that says nothing was made by a process that has not come to say more.
fn read(path: &Path) -> Option<(PathBuf, Sign)> {
    let bytes = read_own(path, LARGEST).ok()?;
    let silent = || Sign { holder: Holder::unknown(), beat: 0 };
    Some((path.to_owned(), serde_json::from_slice(&bytes).unwrap_or_else(|_| silent())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(share: usize, of: usize) -> Option<Partition> {
        Some(Partition { share, of })
    }

    fn take(folder: &Path, part: Option<Partition>) -> Result<Held, Holder> {
        Held::take(folder, part, false).expect("a writable folder")
    }

    #[test]
    fn alone_or_by_parts_that_fit_together() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let all = take(folder.path(), None).expect("nobody has it");
        assert_eq!(take(folder.path(), None).expect_err("taken"), Holder::this());
        assert!(take(folder.path(), part(1, 3)).is_err());
        drop(all);
        let (one, two) = (take(folder.path(), part(1, 3)), take(folder.path(), part(2, 3)));
        assert!(one.is_ok() && two.is_ok());
        assert!(take(folder.path(), part(2, 3)).is_err(), "it is taken");
        assert!(take(folder.path(), part(1, 2)).is_err(), "its runs are others' too");
        assert!(take(folder.path(), None).is_err());
        assert_eq!(signs(folder.path()).count(), 2);
        drop((one, two));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    }

    #[test]
    fn who_is_known_to_have_ended_keeps_nobody_out_and_nobody_else_is_believed_to_have() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = held_by(folder.path(), None);
        let left = |holder: Holder| {
            let sign = Sign { holder, beat: 3 };
            fs::write(&path, serde_json::to_string(&sign).expect("plain data")).expect("written");
        };
        left(Holder { pid: u32::MAX >> 1, ..Holder::this() });
        assert!(take(folder.path(), None).is_ok());
        let afar = Holder { host: "there".to_owned(), pid: 7, ..Holder::default() };
        left(afar.clone());
        assert_eq!(take(folder.path(), None).expect_err("it may live"), afar);
        // Of one that was killed before it could say who it is.
        fs::write(&path, "").expect("written");
        assert_eq!(take(folder.path(), None).expect_err("it may live"), Holder::unknown());
    }

    #[test]
    fn what_is_another_s_by_now_is_not_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let held = take(folder.path(), None).expect("nobody has it");
        let path = held_by(folder.path(), None);
        let theirs = Sign { holder: Holder { word: "theirs".to_owned(), ..Holder::this() }, beat: 1 };
        let text = serde_json::to_string(&theirs).expect("plain data");
        fs::write(&path, &text).expect("written");
        assert!(!held.is_in_place());
        drop(held);
        remove(&path, &Sign { beat: 0, ..theirs });
        assert_eq!(fs::read_to_string(&path).expect("still there"), text);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
