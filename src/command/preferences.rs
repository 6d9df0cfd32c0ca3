//! The file in which a person says what every dashboard shall be like: where it is, and how it is read.

use std::{
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::ui::Preferences;

/// The largest file that is read: any real one has some dozens of lines.
const LARGEST: u64 = 1 << 20;

/// `$XDG_CONFIG_HOME/metascope/config.toml` or `~/.config/metascope/config.toml`.
fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let configs = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(configs.join("metascope/config.toml"))
}

/// What this person wants; nothing where there is no such file.
pub fn preferences() -> anyhow::Result<Preferences> {
    match path(|name| std::env::var_os(name)) {
        Some(path) => read(&path),
        None => Ok(Preferences::default()),
    }
}

fn read(path: &Path) -> anyhow::Result<Preferences> {
    let shown = || format!("cannot read {}", path.display());
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Preferences::default());
        }
        Err(error) => return Err(error).with_context(shown),
    };
    // To open a pipe is to wait for who writes to it.
    if !found.is_file() || found.len() > LARGEST {
        bail!("{}: it is no file of less than 1 MiB", shown());
    }
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text)).with_context(shown)?;
    Ok(Preferences::read(path, &text)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_looked_for_where_such_files_are() {
        let of = |name: &'static str, value: &'static str| {
            path(move |asked| (asked == name).then(|| value.into())).map(|path| path.display().to_string())
        };
        assert_eq!(of("XDG_CONFIG_HOME", "/c").as_deref(), Some("/c/metascope/config.toml"));
        assert_eq!(of("HOME", "/h").as_deref(), Some("/h/.config/metascope/config.toml"));
        assert_eq!(of("XDG_CONFIG_HOME", "c"), None);
    }

    #[test]
    fn what_is_no_file_is_said_and_nothing_is_fine() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        assert_eq!(read(&file).expect("nothing"), Preferences::default());
        assert!(read(folder.path()).expect_err("a folder").to_string().contains("no file"));
        assert!(read(Path::new("/dev/zero")).is_err());
        fs::write(&file, "mouse = true\n").expect("written");
        assert!(read(&file).expect("a good file").mouse);
        fs::write(&file, "mouse = maybe\n").expect("written");
        let error = read(&file).expect_err("no value").to_string();
        assert!(error.contains("config.toml:1:9: "), "{error}");
    }
}
