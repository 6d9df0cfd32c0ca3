//! Files that are whole or not there: whoever reads one sees the old contents or the new, and after a
//! crash too.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many files this process has begun to replace.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes `bytes` beside `path`, brings them to the disk, and renames them into place.
///
/// # Errors
/// Whatever the file system says; `path` is then untouched.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("this path names no file"))?;
    let mut temporary = name.to_os_string();
    // Two threads may write the same file: the settings of a run, say.
    let nth = WRITTEN.fetch_add(1, Ordering::Relaxed);
    temporary.push(format!(".{}-{nth}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let written = write_through(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left of a failed attempt helps nobody; that it cannot be removed neither.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes what a killed process was just writing. The study's lock is held, so nobody else is.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "tmp") {
            // One that stays is in nobody's way.
            let _ = fs::remove_file(path);
        }
    }
}

/// A file's bytes; `None` if it cannot be read or is larger than anything written here.
pub fn read_limited(path: &Path, largest: u64) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= largest).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_files_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("checkpoint");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert!(replace(&folder.path().join("no/such/folder"), b"x").is_err());
    }
}
