//! Which processes train the studies that are watched: their locks are looked at from time to time, because a
//! process that was killed tells nobody.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::held::{self, SILENCE, Sign};
use super::holder::Holder;
use super::note::{Note, claimant, is_joined, last, trainer};
use crate::study::plan::Partition;

/// Locks are looked at this often.
const LOOK: Duration = Duration::from_secs(1);

/// Who trains a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// Nobody.
    #[default]
    Free,
    /// One process.
    One(Note),
    /// Processes that share it: those that have claimed runs.
    Shared(Vec<Holder>),
}

/// A study, or a part of it.
type PartOf = (PathBuf, Option<Partition>);

/// What is known of the locks of some studies.
#[derive(Default)]
pub struct Holders {
    known: RefCell<HashMap<PathBuf, Hold>>,
    /// Who has claimed which run of those that are shared.
    claims: RefCell<HashMap<PathBuf, Holder>>,
    /// Where nothing can be locked: the last sign of life of whoever holds a study, or a part of it, and since when
    /// there was no other.
    signs: RefCell<HashMap<PartOf, (Sign, Instant)>>,
    looked: RefCell<Option<Instant>>,
}

/// The folder of the study that a run's folder belongs to.
pub fn study_of(run_folder: &Path) -> Option<&Path> {
    run_folder.parent()?.parent()
}

impl Holders {
    /// Looks at the locks of the studies of these runs, if it is time.
    pub fn look<'a>(&self, run_folders: impl Iterator<Item = &'a Path>) {
        if self.looked.borrow().is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        let (mut known, mut claims) = (self.known.borrow_mut(), self.claims.borrow_mut());
        known.clear();
        claims.clear();
        for folder in run_folders {
            let Some(study) = study_of(folder) else { continue };
            let hold = known.entry(study.to_owned()).or_insert_with(|| match trainer(study) {
                Some(note) => Hold::One(note),
                None if is_joined(study) => Hold::Shared(Vec::new()),
                None => self.without_locks(study),
            });
            if matches!(hold, Hold::One(_)) {
                continue;
            }
            if let Hold::Shared(holders) = hold
                && let Some(holder) = claimant(folder)
            {
                if !holders.contains(&holder) {
                    holders.push(holder.clone());
                }
                claims.insert(folder.to_owned(), holder);
            }
        }
        *self.looked.borrow_mut() = Some(Instant::now());
    }

    /// Who trains a study by the signs of life that are given in its folder, where nothing can be locked.
    fn without_locks(&self, study: &Path) -> Hold {
        let mut signs = self.signs.borrow_mut();
        let mut lives = |part: Option<Partition>, sign: &Sign| {
            let seen =
                signs.entry((study.to_owned(), part)).or_insert_with(|| (sign.clone(), Instant::now()));
            if seen.0 != *sign {
                *seen = (sign.clone(), Instant::now());
            }
            !sign.holder.has_ended() && seen.1.elapsed() < SILENCE
        };
        let living: Vec<_> = held::signs(study).filter(|(part, sign)| lives(*part, sign)).collect();
        match &living[..] {
            [] => Hold::Free,
            [(None, Sign { holder, .. })] => {
                Hold::One(Note { holder: holder.clone(), ..last(study).unwrap_or_default() })
            }
            parts => Hold::Shared(parts.iter().map(|(_, sign)| sign.holder.clone()).collect()),
        }
    }

    /// Who trains the study of this run, as it was at the last look.
    pub fn of(&self, run_folder: &Path) -> Hold {
        let known = self.known.borrow();
        study_of(run_folder).and_then(|study| known.get(study)).cloned().unwrap_or_default()
    }

    /// Which process has claimed this run of a study that is shared.
    pub fn claimant(&self, run_folder: &Path) -> Option<Holder> {
        self.claims.borrow().get(run_folder).cloned()
    }

    /// Whether some process trains the study of this run.
    pub fn is_held(&self, run_folder: &Path) -> bool {
        let known = self.known.borrow();
        let hold = study_of(run_folder).and_then(|study| known.get(study));
        hold.is_some_and(|hold| *hold != Hold::Free)
    }
}
