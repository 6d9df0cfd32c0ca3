//! A request to let go of a study, left in its folder: whoever looks on asks the process that trains to save
//! and to stop, so that it can go on itself. A file, not a signal, because it works from another host, finds
//! no wrong process where numbers of processes were used again or mean something else in a container, and
//! is heard by a process whose terminal takes no more bytes.

use std::fs;
use std::io;
use std::path::Path;

use super::holder::Holder;
use crate::study::files::{read_own, replace};
use crate::study::layout::REQUEST;

/// A request names a process, nothing more.
const LARGEST: u64 = 4096;

/// Asks in the name of this process.
///
/// # Errors
/// If the folder cannot be written.
pub fn ask(study_folder: &Path) -> io::Result<()> {
    replace(&study_folder.join(REQUEST), serde_json::to_string(&Holder::this())?.as_bytes())
}

/// Who asks, if another process does.
pub fn asked(study_folder: &Path) -> Option<Holder> {
    let path = study_folder.join(REQUEST);
    // Looked for often, and hardly ever there.
    let holder = serde_json::from_slice(&read_own(&path, LARGEST).ok()?).ok();
    holder.filter(|holder| *holder != Holder::this())
}

/// What was asked for has happened, or was meant for an earlier process.
pub fn forget(study_folder: &Path) {
    // One that stays is obeyed once more, which loses nothing.
    let _ = fs::remove_file(study_folder.join(REQUEST));
}

/// Nobody is asked any more, if it was this process that did.
pub fn withdraw(study_folder: &Path) {
    let by_this =
        |bytes: Vec<u8>| serde_json::from_slice(&bytes).is_ok_and(|by: Holder| by == Holder::this());
    if read_own(&study_folder.join(REQUEST), LARGEST).is_ok_and(by_this) {
        forget(study_folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_others_ask_for_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(asked(folder.path()), None);
        ask(folder.path()).expect("written");
        assert_eq!(asked(folder.path()), None, "by this process");
        let other = r#"{"host":"there","pid":7}"#;
        fs::write(folder.path().join(REQUEST), other).expect("written");
        assert_eq!(
            asked(folder.path()),
            Some(Holder { host: "there".to_owned(), pid: 7, ..Holder::default() })
        );
        // Two containers may have one host name, and each a process 1.
        let twin = Holder { word: "another".to_owned(), ..Holder::this() };
        fs::write(folder.path().join(REQUEST), serde_json::to_string(&twin).expect("plain"))
            .expect("written");
        assert_eq!(asked(folder.path()), Some(twin));
        withdraw(folder.path());
        assert!(folder.path().join(REQUEST).exists(), "it is another's");
        ask(folder.path()).expect("written");
        withdraw(folder.path());
        assert!(!folder.path().join(REQUEST).exists());
        fs::write(folder.path().join(REQUEST), "nonsense").expect("written");
        assert_eq!(asked(folder.path()), None);
        forget(folder.path());
        assert!(!folder.path().join(REQUEST).exists());
    }
}
