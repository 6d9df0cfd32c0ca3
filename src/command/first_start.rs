//! Whether somebody is here for the first time: a file in the person's own folder for such things remembers it.

use std::{
    ffi::OsString,
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

/// Where this program keeps what it remembers of a person: `$XDG_STATE_HOME/metascope` or
/// `~/.local/state/metascope`.
fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let states = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(states.join("metascope"))
}

/// Whether nobody has been offered the tour yet; from now on somebody has. Where that cannot be remembered, or not
/// in a folder of the person's own, it is not offered at all, rather than again and again.
pub fn is_first_start(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let Some(folder) = folder(variable) else { return false };
    // As root in somebody else's home, nothing may be left that its owner could not remove.
    let nearest = folder.ancestors().find_map(|above| above.metadata().ok());
    let is_mine = |uid| uid == rustix::process::geteuid().as_raw();
    if !nearest.is_some_and(|found| found.is_dir() && is_mine(found.uid())) {
        return false;
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.and_then(|()| {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("tour-offered"))
    })
    .is_ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    use super::*;

    fn first(states: &Path) -> bool {
        is_first_start(|name| (name == "XDG_STATE_HOME").then(|| states.into()))
    }

    #[test]
    fn only_the_first_start_is_the_first() {
        let home = tempfile::tempdir().expect("a folder");
        let of_home = || is_first_start(|name| (name == "HOME").then(|| home.path().into()));
        assert!(of_home() && !of_home());
        let kept = home.path().join(".local/state/metascope/tour-offered");
        assert_eq!(fs::metadata(kept).expect("it remembers").len(), 0);
        let states = home.path().join("states");
        assert!(first(&states) && !first(&states));
        assert_eq!(
            fs::metadata(states.join("metascope")).expect("its folder").permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn what_cannot_be_remembered_is_not_offered() {
        assert!(!is_first_start(|_| None));
        assert!(!first(Path::new("relative")) && !Path::new("relative").exists());
        assert!(!first(Path::new("/dev/null")));
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("metascope"), "a file of somebody").expect("written");
        assert!(!first(home.path()));
    }
}
