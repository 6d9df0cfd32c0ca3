//! Files that a person names, of which none is waited for without end: no device is read, and a pipe only while
//! somebody writes to it. What this process was handed open (standard input, a shell's `<(...)`) is as it is.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;

/// Where the files lie that this process was handed open.
const HANDED: [&str; 3] = ["/dev/stdin", "/dev/fd", "/proc/self/fd"];
/// Seconds in which something has to come from a pipe.
const PATIENCE: i64 = 2;

/// The bytes of a file that a person names: all of them, or one more than the limit.
///
/// # Errors
/// Whatever the file system says, or that it is no file.
pub fn read_given(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Not every file says how long it is, so the limit holds while reading.
    let limit = limit.saturating_add(1);
    let mut bytes = Vec::new();
    if HANDED.iter().any(|handed| path.starts_with(handed)) {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let file = open(path)?;
    if file.metadata()?.is_file() {
        file.take(limit).read_to_end(&mut bytes)?;
    } else {
        Pipe(file).take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A pipe that is read while somebody writes to it.
struct Pipe(File);

impl Read for Pipe {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let patience = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
        match rustix::event::poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&patience))? {
            0 => Err(refused("a pipe that nothing comes from")),
            _ => self.0.read(to),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.read(true).custom_flags(nonblocking).open(path).map_err(|error| {
        // What a socket answers to being opened.
        let is_socket = path.metadata().is_ok_and(|found| found.file_type().is_socket());
        if is_socket { refused("a socket") } else { error }
    })?;
    let kind = file.metadata()?.file_type();
    match () {
        () if kind.is_file() || kind.is_fifo() => Ok(file),
        () if kind.is_dir() => {
            Err(io::Error::new(ErrorKind::IsADirectory, "it is a directory, and a file is needed"))
        }
        () => Err(refused("a device")),
    }
}

fn refused(what: &str) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, format!("it is {what}, and a file is needed"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_files_are_read_and_none_is_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "12345").expect("written");
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RUSR).expect("a pipe");
        let _socket = UnixListener::bind(path("socket")).expect("a socket");
        std::os::unix::fs::symlink("/dev/zero", path("zero")).expect("a link");
        std::os::unix::fs::symlink(path("file"), path("link")).expect("a link");
        for (name, what) in
            [("pipe", "a pipe"), ("socket", "a socket"), (".", "a directory"), ("zero", "a device")]
        {
            let error = read_given(&path(name), 100).expect_err(name).to_string();
            assert!(error.contains(what), "{name}: {error}");
        }
        for name in ["file", "link"] {
            assert_eq!(read_given(&path(name), 100).expect("a file"), b"12345");
            assert_eq!(read_given(&path(name), 3).expect("a file").len(), 4);
        }
        assert_eq!(read_given(&path("none"), 1).expect_err("none").kind(), ErrorKind::NotFound);
    }
}
