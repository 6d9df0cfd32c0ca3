//! Libraries in front of the program, built once: disks that fail on purpose (`tests/torture/fault.c`), and functions
//! of the C library that answer wrongly (`tests/torture/false_libm.c`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Where the built libraries are; the linker that has built these tests is there.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| built("fault"));
static FALSE_LIBM: LazyLock<PathBuf> = LazyLock::new(|| built("false_libm"));

fn built(name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(name).with_extension("c");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let library = folder.join(name).with_extension("so");
    // Another run of the tests may build it at the same time.
    let own = folder.join(format!("{name}-{}.so", std::process::id()));
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-fno-builtin", "-shared", "-fPIC", "-o"]).args([&own, &source]).arg("-ldl");
    assert!(compiler.status().expect("a C compiler").success(), "{} does not build", source.display());
    std::fs::rename(own, &library).expect("renamed");
    library
}

/// What happens at which operation.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// A part of the path.
    pub path: &'a str,
    /// `open read write sync truncate rename unlink mkdir`, or all if empty.
    pub ops: &'a str,
    /// EIO ENOSPC EINVAL EMFILE EINTR short crash.
    pub kind: &'a str,
    /// The operation that is hit, from 1; with 0 they are only counted.
    pub at: u64,
    /// Every operation after it too.
    pub stays: bool,
}

impl Fault<'_> {
    /// The environment of a program that meets it. With a file that is told the number of operations.
    pub fn environment(&self, count: Option<&Path>) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("LD_PRELOAD", LIBRARY.display().to_string()),
            ("FAULT_PATH", self.path.to_owned()),
            ("FAULT_KIND", self.kind.to_owned()),
        ];
        if !self.ops.is_empty() {
            all.push(("FAULT_OPS", self.ops.to_owned()));
        }
        if self.at > 0 {
            all.push(("FAULT_AT", self.at.to_string()));
        }
        if self.stays {
            all.push(("FAULT_STAYS", "1".to_owned()));
        }
        if let Some(count) = count {
            all.push(("FAULT_COUNT", count.display().to_string()));
        }
        all
    }
}

/// The environment of a program that is killed at this operation on `path` (0: never) and notes in a folder what a disk
/// would have if the power went.
pub fn power_cut(path: &str, at: u64, disk: &Path) -> Vec<(&'static str, String)> {
    let fault = Fault { path, ops: "", kind: "crash", at, stays: false };
    let mut all = fault.environment(None);
    all.push(("FAULT_DISK", disk.display().to_string()));
    all
}

/// What a disk may have after the power went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// Names only where their folder was brought to it, bytes only where their file was.
    Strict,
    /// All names, as a journal keeps them, but bytes only where their file was brought to it.
    Names,
    /// Of every name, every block of 512 bytes and every length the old or the new.
    Torn,
}

/// Lays the files of a folder out in `to` as a disk has them after a power cut. What was in it when it all began
/// has to be brought over by the caller.
pub fn after_power_cut(now: &Path, disk: &Path, to: &Path, cut: Cut, random: &mut dyn FnMut(usize) -> usize) {
    use std::collections::BTreeMap;
    use std::os::unix::fs::{DirEntryExt, MetadataExt};
    std::fs::create_dir_all(to).expect("made");
    type Names = BTreeMap<String, (bool, u64)>;
    let is_there = now.is_dir();
    let current: Names = std::fs::read_dir(now)
        .into_iter()
        .flatten()
        .map(|entry| {
            let entry = entry.expect("an entry");
            let is_folder = entry.file_type().expect("a kind").is_dir();
            (entry.file_name().into_string().expect("a name"), (is_folder, entry.ino()))
        })
        .collect();
    let inode = now.metadata().map(|found| found.ino()).unwrap_or_default();
    let synced = std::fs::read_to_string(disk.join(format!("d-{inode}"))).unwrap_or_default();
    let old: Names = synced
        .lines()
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().expect("a word").to_owned();
            let (kind, inode, name) = (word(), word(), word());
            (name, (kind == "d", inode.parse().expect("a number")))
        })
        .collect();
    assert!(is_there, "{}", now.display());
    let names: std::collections::BTreeSet<&String> = current.keys().chain(old.keys()).collect();
    for name in names {
        let (one, other) = (old.get(name), current.get(name));
        let chosen = match cut {
            Cut::Strict => one,
            Cut::Names => other,
            Cut::Torn => [one, other][random(2)],
        };
        let Some((is_folder, inode)) = chosen else { continue };
        if *is_folder {
            // One that was moved away since is not followed: nothing here moves folders before it is cut.
            if other == chosen {
                after_power_cut(&now.join(name), disk, &to.join(name), cut, random);
            }
            continue;
        }
        let kept = std::fs::read(disk.join(format!("f-{inode}"))).unwrap_or_default();
        let mut bytes = kept.clone();
        if cut == Cut::Torn && other == chosen {
            let newest = std::fs::read(now.join(name)).expect("readable");
            let (least, most) = (kept.len().min(newest.len()), kept.len().max(newest.len()));
            let length = [kept.len(), newest.len(), least + random(most - least + 1)][random(3)];
            bytes = vec![0; length];
            for at in (0..length).step_by(512) {
                let block = [&kept, &newest][random(2)];
                let end = length.min(at + 512).min(block.len());
                if at < end {
                    bytes[at..end].copy_from_slice(&block[at..end]);
                }
            }
        }
        std::fs::write(to.join(name), bytes).expect("written");
    }
}

/// The environment of a program on whose disks nothing can be locked.
pub fn without_locks() -> [(&'static str, String); 2] {
    [("LD_PRELOAD", LIBRARY.display().to_string()), ("FAULT_LOCKS", "1".to_owned())]
}

/// The environment of a program for which folders of this name are in an overlay's lower layer.
pub fn as_a_lower_layer(name: &'static str) -> [(&'static str, String); 2] {
    [("LD_PRELOAD", LIBRARY.display().to_string()), ("FAULT_FOLDERS", name.to_owned())]
}

/// The environment of a program on whose disks a file has another inode number at every look.
pub fn without_inodes() -> [(&'static str, String); 2] {
    [("LD_PRELOAD", LIBRARY.display().to_string()), ("FAULT_INODES", "1".to_owned())]
}

/// The environment of a program that can start fewer threads than this.
pub fn with_fewer_threads_than(threads: usize) -> [(&'static str, String); 2] {
    [("LD_PRELOAD", LIBRARY.display().to_string()), ("FAULT_THREADS", threads.to_string())]
}

/// The environment of a program whose C library is wrong about sines, logarithms and the like.
pub fn with_a_false_libm() -> (&'static str, String) {
    ("LD_PRELOAD", FALSE_LIBM.display().to_string())
}
