//! Which runs of a study a person has made wait, or has ended, for whoever looks on: `paused-<word>.json` in its folder,
//! of each process that trains in it and has such runs. A log does not say so, since nothing that a person does is part
//! of what a run comes to.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::folders::Planned;
use crate::study::claim::holder::Holder;
use crate::study::claim::holders::{Hold, Holders, study_of};
use crate::study::files::{read_own, replace_soon};
use crate::study::layout::{experiment_folder, is_steered, seed_folder, steered_by};
use crate::study::plan::Run;

/// As large as a plan may be.
const LARGEST: u64 = 4 << 20;

/// Files are looked at this often.
const LOOK: Duration = Duration::from_secs(1);

/// What a person has done with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steered {
    /// It waits.
    Paused,
    /// It has ended.
    Stopped,
}

/// What the file says.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(flatten)]
    holder: Holder,
    paused: Vec<Planned>,
    stopped: Vec<Planned>,
}

/// Writes down what was done with runs of a study by this process.
///
/// # Errors
/// If it cannot be written.
pub fn write(study_folder: &Path, runs: &[(Run, Steered)]) -> io::Result<()> {
    if runs.is_empty() {
        return forget(study_folder);
    }
    let mut said = Said { holder: Holder::this(), ..Said::default() };
    for (run, steered) in runs {
        let list = match steered {
            Steered::Paused => &mut said.paused,
            Steered::Stopped => &mut said.stopped,
        };
        let folder = experiment_folder(study_folder, &run.settings);
        let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match list.last_mut().filter(|planned| planned.folder == folder) {
            Some(planned) => planned.seeds.push(run.seed),
            None => list.push(Planned { folder, seeds: vec![run.seed] }),
        }
    }
    replace_soon(&steered_by(study_folder, &said.holder.word), serde_json::to_string(&said)?.as_bytes())
}

/// This process has nothing to say of that any more.
///
/// # Errors
/// If it has and cannot remove it.
pub fn forget(study_folder: &Path) -> io::Result<()> {
    match fs::remove_file(steered_by(study_folder, &Holder::this().word)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes what processes have left that are no more.
pub fn clear(study_folder: &Path) {
    for path in paths(study_folder) {
        // One that stays is of nobody who trains.
        let _ = fs::remove_file(path);
    }
}

/// What was done with runs of a study, by their folders, and by which process.
pub fn read(study_folder: &Path) -> HashMap<PathBuf, (Holder, Steered)> {
    let mut runs = HashMap::new();
    for path in paths(study_folder) {
        let said = read_own(&path, LARGEST).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Said { holder, paused, stopped } = said.unwrap_or_default();
        for (list, steered) in [(paused, Steered::Paused), (stopped, Steered::Stopped)] {
            for Planned { folder, seeds } in list {
                for seed in seeds {
                    runs.insert(seed_folder(&study_folder.join(&folder), seed), (holder.clone(), steered));
                }
            }
        }
    }
    runs
}

/// What is known of what was done with runs that are watched.
#[derive(Default)]
pub struct Looks {
    known: HashMap<usize, Steered>,
    looked: Option<Instant>,
}

impl Looks {
    /// Whether it is time to look.
    pub fn is_due(&self) -> bool {
        self.looked.is_none_or(|looked| looked.elapsed() >= LOOK)
    }

    /// Whether a person has ended this run.
    pub fn is_stopped(&self, run: usize) -> bool {
        self.known.get(&run) == Some(&Steered::Stopped)
    }

    /// Looks at the studies of these runs: those of which something else is said than at the last look. Only the
    /// process that has a run is believed, or, where nobody trains, the last one that has.
    pub fn look<'a>(
        &mut self,
        runs: impl Iterator<Item = (usize, &'a Path)>,
        holders: &Holders,
    ) -> Vec<(usize, Option<Steered>)> {
        self.looked = Some(Instant::now());
        let mut said: HashMap<&Path, HashMap<PathBuf, (Holder, Steered)>> = HashMap::new();
        let mut changed = Vec::new();
        for (run, folder) in runs {
            let Some(study) = study_of(folder) else { continue };
            let said = said.entry(study).or_insert_with(|| read(study)).get(folder);
            let has_it = |holder: &Holder| match holders.of(folder) {
                Hold::Free => true,
                Hold::One(note) => note.holder == *holder,
                Hold::Shared(_) => holders.claimant(folder).is_none_or(|claimant| claimant == *holder),
            };
            let now = said.filter(|(holder, _)| has_it(holder)).map(|(_, how)| *how);
            if self.known.get(&run).copied() != now {
                changed.push((run, now));
                match now {
                    Some(how) => self.known.insert(run, how),
                    None => self.known.remove(&run),
                };
            }
        }
        changed
    }
}

fn paths(study_folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(study_folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_steered)).map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;
    use crate::study::layout::run_folder;
    use crate::study::plan::plan;

    #[test]
    fn what_is_written_is_read_and_only_of_whoever_has_the_run() {
        let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\nseeds = 3\n";
        let study = parse("x", None, text).expect("a good file");
        let (runs, folder) = (plan(&study), tempfile::tempdir().expect("a temporary folder"));
        let folders: Vec<_> = runs.iter().map(|run| run_folder(folder.path(), run)).collect();
        let steered = [(runs[0].clone(), Steered::Paused), (runs[2].clone(), Steered::Stopped)];
        write(folder.path(), &steered).expect("written");
        let said = read(folder.path());
        assert_eq!(said.get(&folders[0]), Some(&(Holder::this(), Steered::Paused)));
        assert_eq!(said.get(&folders[1]), None);
        assert_eq!(said.get(&folders[2]), Some(&(Holder::this(), Steered::Stopped)));
        // Nobody trains: what the last one has said holds.
        let (mut looks, holders) = (Looks::default(), Holders::default());
        let mut look =
            |holders: &Holders| looks.look(folders.iter().map(PathBuf::as_path).enumerate(), holders);
        assert_eq!(look(&holders), [(0, Some(Steered::Paused)), (2, Some(Steered::Stopped))]);
        assert_eq!(look(&holders), [], "nothing has changed");
        write(folder.path(), &steered[1..]).expect("written");
        assert_eq!(look(&holders), [(0, None)]);
        write(folder.path(), &[]).expect("removed");
        assert_eq!(look(&holders), [(2, None)]);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    }
}
