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
    // Tests of several crates may build it at the same time.
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

/// The environment of a program on whose disks nothing can be locked.
pub fn without_locks() -> [(&'static str, String); 2] {
    [("LD_PRELOAD", LIBRARY.display().to_string()), ("FAULT_LOCKS", "1".to_owned())]
}

/// The environment of a program whose C library is wrong about sines, logarithms and the like.
pub fn with_a_false_libm() -> (&'static str, String) {
    ("LD_PRELOAD", FALSE_LIBM.display().to_string())
}
