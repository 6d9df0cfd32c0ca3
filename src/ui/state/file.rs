//! The experiments file that may be edited while it runs: where it is, and what it says that is not what
//! runs.

use std::{fmt, io, path::PathBuf, sync::Arc};

use crate::experiments::{Study, presets};
use crate::study::write_new;

/// How the study is read from its file, and where that is.
#[derive(Clone)]
pub struct StudyFile {
    /// The file; it need not exist.
    pub path: PathBuf,
    /// Other files that it names, whose changes count as its own.
    pub named: Vec<PathBuf>,
    /// Reads it as the command line asks.
    pub load: Arc<dyn Fn() -> anyhow::Result<Study> + Send + Sync>,
}

impl StudyFile {
    /// Makes the file where there is none: the built-in copy, which is what runs then.
    /// Whether it did.
    pub(in crate::ui) fn make(&self) -> io::Result<bool> {
        match write_new(&self.path, presets()[0].text.as_bytes()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for StudyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StudyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What the file says, where that is not what runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Edited {
    /// It cannot be used.
    Broken {
        /// The file that the first problem is in, where that is one that the file names.
        named: Option<String>,
        /// Line and column of the first problem, where it has a place.
        place: Option<(usize, usize)>,
        /// The first problem.
        problem: String,
        /// How many there are besides.
        more: usize,
    },
    /// It can.
    Changed {
        /// What it says.
        study: Box<Study>,
        /// A sentence an experiment that is new, gone or different.
        changes: Vec<String>,
        /// Runs that would start, leave the study, and stay as they are.
        runs: [usize; 3],
    },
}

impl Edited {
    /// It cannot be used, for a reason that has no place.
    pub(in crate::ui) fn without_place(problem: String) -> Self {
        Self::Broken { named: None, place: None, problem, more: 0 }
    }
}
