//! How commands end, in the words that a shell understands.

/// How a command ended, in the words of its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1: failed while working; what failed has been said.
    Failed,
    /// 130: a person stopped it.
    Interrupted,
}

/// What each exit code means, as the manual says it.
pub const MEANINGS: [(u8, &str); 4] = [
    (0, "done"),
    (1, "failed while working: a run diverged, a file could not be read or written"),
    (2, "bad arguments, or a file that says something wrong"),
    (130, "interrupted; nothing is half-written, and the same command goes on from there"),
];

/// Bad arguments or configuration: exit code 2. The text is one or more lines for a person.
#[derive(Debug)]
pub struct Misuse(pub String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}
