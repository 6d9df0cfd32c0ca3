//! Files that are whole or not there: whoever reads one sees the old contents or the new, and after a
//! crash too. And files that are ours: in a folder of runs nothing is read or written through a link, a
//! pipe or a device that somebody has put in the place of one.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use tempfile::{Builder, NamedTempFile};

use crate::study::layout;

/// Why a file is not read.
#[derive(Debug)]
pub enum Unreadable {
    /// There is none.
    Absent,
    /// Something else is in its place, or it is no file that was written here; in words.
    Foreign(String),
    /// The disk does not give it; it may be as good as ever.
    Io(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Absent,
            _ => Self::Io(error),
        }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("is not there"),
            Self::Foreign(what) => f.write_str(what),
            Self::Io(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

/// Opens a file in a folder of runs for reading: a file of its own, no link, pipe or device.
pub fn open_own(path: &Path) -> Result<File, Unreadable> {
    if let Some(what) = foreign(&fs::symlink_metadata(path)?) {
        return Err(Unreadable::Foreign(format!("is {what}, which is not followed")));
    }
    // It may have changed since the look: the flags hold all the same, and a pipe does not block.
    let file = own(OpenOptions::new().read(true)).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Unreadable::Foreign("is no file".to_owned()));
    }
    Ok(file)
}

/// Opens a file in a folder of runs for writing, as these options say. It must have no second name either:
/// what is written to it would be written to somebody else's file. If it is anything else, the error is [`ErrorKind::Unsupported`].
pub fn write_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let refuse = |what: &str| {
        io::Error::new(ErrorKind::Unsupported, format!("it is {what}, which is not written through"))
    };
    if let Some(what) = fs::symlink_metadata(path).ok().as_ref().and_then(foreign) {
        return Err(refuse(what));
    }
    if fs::symlink_metadata(folder_of(path)).is_ok_and(|folder| folder.is_symlink()) {
        return Err(refuse("in a folder that is a link"));
    }
    let file = own(options).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(refuse("no file"));
    }
    if found.nlink() > 1 { Err(refuse("a file with a second name")) } else { Ok(file) }
}

/// With the flags that keep an open from following or waiting.
fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
}

/// What is in a file's place, if it is no file.
fn foreign(found: &fs::Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    if kind.is_file() {
        None
    } else if kind.is_symlink() {
        Some("a link")
    } else if kind.is_dir() {
        Some("a folder")
    } else {
        Some("a pipe or a device")
    }
}

/// The bytes of a file in a folder of runs, which has at most so many.
pub fn read_own(path: &Path, largest: u64) -> Result<Vec<u8>, Unreadable> {
    let file = open_own(path)?;
    // Most of them have less, and are then read at once: there may be thousands.
    let mut bytes = Vec::with_capacity(4096);
    file.take(largest + 1).read_to_end(&mut bytes).map_err(Unreadable::Io)?;
    if bytes.len() as u64 > largest {
        return Err(Unreadable::Foreign(format!("is larger than {} MiB", largest >> 20)));
    }
    Ok(bytes)
}

/// Makes a folder below `root`, with those between them. `root` may be anywhere; below it everything has to
/// be a folder, and no link.
pub fn make_folder(root: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(root)?;
    let mut at = root.to_owned();
    for part in folder.strip_prefix(root).map_err(io::Error::other)? {
        at.push(part);
        match fs::create_dir(&at) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if !fs::symlink_metadata(&at)?.is_dir() {
            let what = format!("{} is a link or no folder, and nothing is written through it", at.display());
            return Err(io::Error::new(ErrorKind::NotADirectory, what));
        }
    }
    Ok(())
}

/// Writes `bytes` beside `path`, brings them to the disk, renames them into place, and brings that to the
/// disk as well.
///
/// # Errors
/// Whatever the file system says; `path` is then untouched, or, if it was the folder that could not be
/// brought to the disk, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_unnamed(path, bytes)?;
    sync_folder(folder_of(path))
}

/// The same as [`replace`], but for the name, which is on the disk when the folder is brought there.
pub fn replace_unnamed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |file| where_known(file.sync_all()))
}

/// The same as [`replace`] without waiting for the disk.
pub fn replace_soon(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |_| Ok(()))
}

fn put(path: &Path, bytes: &[u8], settle: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let mut temporary = beside(path)?;
    temporary.as_file_mut().write_all(bytes)?;
    settle(temporary.as_file())?;
    let temporary = temporary.into_temp_path();
    fs::rename(&temporary, path)?;
    // It has gone to its place: there is nothing left to remove.
    let _ = temporary.keep();
    Ok(())
}

/// A new file beside `path`, of a name that nobody can have foreseen. It goes away unless it is kept.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().ok_or_else(|| io::Error::other("this path names no file"))?;
    let mut prefix = name.to_os_string();
    prefix.push(".");
    temporary(folder_of(path), &prefix, 0o666)
}

fn temporary(folder: &Path, prefix: &OsStr, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(prefix).suffix(layout::TEMPORARY).rand_bytes(layout::RANDOM);
    // The library says more than a person wants to know: a name that nobody has chosen.
    builder.permissions(fs::Permissions::from_mode(mode)).tempfile_in(folder).map_err(|error| {
        let words = error.to_string();
        io::Error::new(error.kind(), words.split(" at path ").next().unwrap_or_default().to_owned())
    })
}

/// Moves a folder to where nothing is. Where it lies in a layer below the one that is written to, as in an overlay, it
/// is copied: whole, or not to be seen under that name.
///
/// # Errors
/// Whatever the file system says.
pub fn move_folder(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {}
        moved => return moved,
    }
    let copy = Builder::new().prefix(layout::DRAFT).tempdir_in(folder_of(to))?;
    let inside = copy.path().join("copy");
    copy_folder(from, &inside)?;
    fs::rename(&inside, to)?;
    sync_folder(folder_of(to))?;
    fs::remove_dir_all(from)
}

/// Copies a folder with all that it holds; a link stays one.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let at = to.join(entry.file_name().unwrap_or_default());
        if kind.is_dir() {
            copy_folder(&entry, &at)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&entry)?, &at)?;
        } else if kind.is_file() {
            fs::copy(&entry, &at)?;
            where_known(File::open(&at)?.sync_all())?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    sync_folder(to)
}

/// The folder that a path's file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Brings the names in a folder to the disk, where its file system knows how to and it may be looked into.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let opened = match File::open(folder) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
        opened => opened?,
    };
    where_known(opened.sync_all())
}

/// What has come of bringing something to the disk: nothing, where its file system does not know how to.
pub fn where_known(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INVAL | Errno::NOTSUP)) => Ok(()),
        synced => synced,
    }
}

/// Removes what a killed process was just writing. The study's lock is held, so nobody else is.
pub fn remove_leftovers(folder: &Path) {
    if !fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let is_ours = entry.file_name().to_str().is_some_and(layout::is_leftover);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // One that stays is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes what a person has asked for to where that person wants it, whatever is there: a file is replaced
/// as a whole and keeps its mode, a link leads to what is written, a second name keeps naming the same
/// file, and a pipe or a device is written to.
///
/// # Errors
/// Whatever the file system says.
pub fn write_out(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        // Where a link leads nowhere yet, what it names is made.
        Err(error) if error.kind() == ErrorKind::NotFound => match fs::read_link(path) {
            Ok(to) => return write_out(&folder_of(path).join(to), bytes),
            Err(_) => return put_out(path, bytes, draft(path, 0o666)?, true),
        },
        Err(error) => return Err(error),
    };
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let is_mine = found.uid() == rustix::process::geteuid().as_raw()
        && found.gid() == rustix::process::getegid().as_raw();
    if !found.is_file() || found.nlink() > 1 || !is_mine {
        return write_in_place(&path, bytes);
    }
    // In a folder that takes no new file the old one may be writable all the same.
    let Ok(draft) = draft(&path, 0o600) else { return write_in_place(&path, bytes) };
    draft.as_file().set_permissions(found.permissions())?;
    put_out(&path, bytes, draft, true)
}

/// Writes a file for a person where there is none yet, whole or not at all.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where there is something; else whatever the file system says.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    put_out(path, bytes, draft(path, 0o666)?, false)
}

/// What will be a person's file. Its name says nothing of that file's: other programs take files by a part of their
/// names. It is locked as long as somebody writes it; those that nobody does are taken away.
fn draft(path: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let folder = folder_of(path);
    let drafts = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for draft in drafts.filter(|entry| entry.file_name().to_str().is_some_and(layout::is_draft)) {
        let abandoned = write_own(&draft.path(), OpenOptions::new().write(true));
        if abandoned.is_ok_and(|file| file.try_lock().is_ok()) {
            // One that stays is in nobody's way.
            let _ = fs::remove_file(draft.path());
        }
    }
    let draft = temporary(folder, OsStr::new(layout::DRAFT), mode)?;
    // Where there are no locks nobody takes it for abandoned either.
    let _ = draft.as_file().try_lock();
    Ok(draft)
}

/// Brings a draft to the disk and gives it its name.
fn put_out(path: &Path, bytes: &[u8], mut draft: NamedTempFile, may_replace: bool) -> io::Result<()> {
    draft.as_file_mut().write_all(bytes)?;
    where_known(draft.as_file().sync_all())?;
    let draft = draft.into_temp_path();
    if may_replace {
        fs::rename(&draft, path)?;
        // It has gone to its place: there is nothing left to remove.
        let _ = draft.keep();
    } else {
        draft.persist_noclobber(path).map_err(|refused| refused.error)?;
    }
    sync_folder(folder_of(path))
}

fn write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn replaces_whole_files_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("checkpoint");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        let error = replace(&folder.path().join("no/such/folder"), b"x").expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn only_what_is_ours_is_cleaned_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let (ours, others) = (
            ["resume.bin.AbCdEf012345.tmp", "metrics.jsonl.4711.tmp", "plan.json.aaaaaaaaaaaa.tmp"],
            ["draft.tmp", "resume.bin.tmp", "resume.bin.AbC-Ef012345.tmp", "notes.AbCdEf012345.tmp"],
        );
        for name in ours.iter().chain(&others) {
            fs::write(path(name), "x").expect("written");
        }
        symlink(path("draft.tmp"), path("resume.bin.000000000000.tmp")).expect("a link");
        remove_leftovers(folder.path());
        assert!(ours.iter().all(|name| !path(name).exists()));
        assert!(others.iter().all(|name| path(name).exists()));
        // Nothing behind a link is ours.
        fs::write(path("resume.bin.1.tmp"), "x").expect("written");
        let link = tempfile::tempdir().expect("a temporary folder");
        symlink(folder.path(), link.path().join("link")).expect("a link");
        remove_leftovers(&link.path().join("link"));
        assert!(path("resume.bin.1.tmp").exists());
    }

    #[test]
    fn what_is_no_file_of_its_own_is_neither_read_nor_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("other"), "theirs").expect("written");
        symlink(path("other"), path("link")).expect("a link");
        fs::hard_link(path("other"), path("second")).expect("a second name");
        fs::create_dir(path("folder")).expect("made");
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RUSR).expect("a pipe");
        for name in ["link", "folder", "pipe"] {
            let read = read_own(&path(name), 100);
            assert!(matches!(read, Err(Unreadable::Foreign(_))), "{name}: {read:?}");
        }
        for name in ["link", "second", "folder", "pipe"] {
            assert!(write_own(&path(name), OpenOptions::new().append(true)).is_err(), "{name}");
        }
        assert!(matches!(read_own(&path("nothing"), 100), Err(Unreadable::Absent)));
        assert!(matches!(read_own(&path("other"), 3), Err(Unreadable::Foreign(_))));
        assert_eq!(read_own(&path("other"), 6).expect("it is there"), b"theirs");
        symlink(folder.path(), path("way")).expect("a link");
        assert!(make_folder(folder.path(), &path("way/in")).is_err());
        assert!(make_folder(folder.path(), &path("new/in")).is_ok());
    }

    #[test]
    fn what_a_person_names_is_written_as_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old").expect("written");
        fs::set_permissions(path("a"), fs::Permissions::from_mode(0o640)).expect("changed");
        symlink("a", path("link")).expect("a link");
        symlink("b", path("ahead")).expect("a link");
        write_out(&path("link"), b"new").expect("written");
        write_out(&path("ahead"), b"made").expect("written");
        assert!(fs::symlink_metadata(path("link")).expect("there").is_symlink());
        assert_eq!(fs::read(path("a")).expect("there"), b"new");
        assert_eq!(fs::read(path("b")).expect("there"), b"made");
        assert_eq!(fs::metadata(path("a")).expect("there").permissions().mode() & 0o777, 0o640);
        fs::hard_link(path("a"), path("second")).expect("a second name");
        write_out(&path("a"), b"both").expect("written");
        assert_eq!(fs::read(path("second")).expect("there"), b"both");
        write_out(Path::new("/dev/null"), b"gone").expect("a device");
        assert!(!fs::symlink_metadata("/dev/null").expect("there").is_file());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 5);
    }

    #[test]
    fn a_new_file_is_whole_or_not_there_and_what_killed_writers_left_is_cleared() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let names = || {
            let entries = fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok);
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.sort();
            names
        };
        write_new(&path("a.toml"), b"one").expect("written");
        let error = write_new(&path("a.toml"), b"two").expect_err("it is there");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(path("a.toml")).expect("there"), b"one");
        symlink(path("nowhere"), path("link")).expect("a link");
        assert!(write_new(&path("link"), b"two").is_err(), "a link is something");
        // One is left by a killed process, one is being written, one is somebody else's.
        let (left, other) = (".metascope-AbCdEf012345.tmp", ".metascope-notes.tmp");
        fs::write(path(left), "half").expect("written");
        fs::write(path(other), "theirs").expect("written");
        let busy = draft(&path("b.toml"), 0o600).expect("made");
        assert!(!path(left).exists() && path(other).exists());
        fs::write(path(left), "half").expect("written");
        write_out(&path("a.toml"), b"three").expect("written");
        assert!(!path(left).exists() && path(other).exists() && busy.path().exists());
        put_out(&path("b.toml"), b"four", busy, false).expect("nobody has taken it away");
        assert_eq!(names(), [other, "a.toml", "b.toml", "link"]);
    }
}
