//! Why a run's folder cannot be used or written, in sentences for a person.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why a run's folder cannot be used, as a sentence for a person.
#[derive(Debug)]
pub struct RecordError(String);

impl RecordError {
    /// From a sentence.
    pub fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecordError {}

/// What could not be done with a path, and what to do about it.
pub fn trouble(path: &Path, error: &io::Error) -> RecordError {
    let advice = if is_full(error) {
        "make room, and the same command goes on from what is saved"
    } else {
        "name another folder with --out, or keep nothing with --no-save"
    };
    RecordError(format!("{} cannot be written: {error}; {advice}", path.display()))
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

/// Why a run's folder is not gone on with.
pub enum Refusal {
    /// It cannot be used, and stays as it is.
    Trouble(RecordError),
    /// What is in it is not to be gone on from: another run's (or something no run has), or damaged; in words.
    Useless { why: String, foreign: bool },
}

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        Self::Trouble(error)
    }
}
