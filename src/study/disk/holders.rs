//! Which processes train the studies that are watched: their locks are looked at from time to time, because a
//! process that was killed tells nobody.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::lock::{Note, trainer};

/// Locks are looked at this often.
const LOOK: Duration = Duration::from_secs(1);

/// What is known of the locks of some studies.
#[derive(Default)]
pub struct Holders {
    known: RefCell<HashMap<PathBuf, Option<Note>>>,
    looked: RefCell<Option<Instant>>,
}

/// The folder of the study that a run's folder belongs to.
fn study_of(run_folder: &Path) -> Option<&Path> {
    run_folder.parent()?.parent()
}

impl Holders {
    /// Looks at the locks of the studies of these runs, if it is time.
    pub fn look<'a>(&self, run_folders: impl Iterator<Item = &'a Path>) {
        if self.looked.borrow().is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        let mut known = self.known.borrow_mut();
        known.clear();
        for study in run_folders.filter_map(study_of) {
            if !known.contains_key(study) {
                known.insert(study.to_owned(), trainer(study));
            }
        }
        *self.looked.borrow_mut() = Some(Instant::now());
    }

    /// The process that trains the study of this run, as it was at the last look.
    pub fn of(&self, run_folder: &Path) -> Option<Note> {
        self.known.borrow().get(study_of(run_folder)?).cloned().flatten()
    }

    /// Whether some process trains the study of this run.
    pub fn is_held(&self, run_folder: &Path) -> bool {
        study_of(run_folder).is_some_and(|study| self.known.borrow().get(study).is_some_and(Option::is_some))
    }
}
