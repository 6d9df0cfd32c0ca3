//! Which runs there are, from the folders alone: those of one study, or all below a folder that a person
//! names. It is asked again and again, since other processes add runs, so what is known is not read twice.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::folders::{Planned, read_plan};
use super::seal::LARGEST_SETTINGS;
use crate::experiments::{Experiment, Study, parse_recorded};
use crate::study::files::read_own;
use crate::study::layout::{
    CHECKPOINT, LOG, PLAN, RESUME, SETTINGS, folder_name, is_aside, is_seed, seed_folder,
};

/// Folders below the one named in which runs are looked for: out, study, experiment, seed.
const DEPTH: usize = 4;
/// Most seeds that an experiment of a plan has.
const MOST_SEEDS: usize = 10_000;

/// The names of a run's folder and of its experiment's.
fn named(folder: &Path) -> Option<(String, String)> {
    let name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    Some((name(folder.parent()?)?, name(folder)?))
}

/// What is said of a run that is planned.
pub const NOT_THERE: &str = "is planned and not there";

/// Looks for run folders.
pub struct Search {
    roots: Vec<PathBuf>,
    name: String,
    path: PathBuf,
    /// Only what the study's process has planned, not what it left there before.
    only_planned: bool,
    /// The settings of run folders, and when their files were written: what a run is trained with never
    /// changes, but what it is tested on and compared with does.
    folders: HashMap<PathBuf, (Option<SystemTime>, Arc<Experiment>)>,
    /// Settings by their text without the line that names the seed: a thousand runs of five experiments
    /// are read five times.
    known: HashMap<String, Experiment>,
    /// What the last look has passed over, and why.
    passed_over: Vec<(PathBuf, String)>,
    /// What the last look has found twice, trained: the folder left out, and the one that counts.
    twice: Vec<(PathBuf, PathBuf)>,
}

/// Runs of one experiment, each with its folder.
type Found = Vec<(Arc<Experiment>, PathBuf)>;

/// Runs by the folder of their experiment.
type Runs = BTreeMap<PathBuf, Found>;

/// A study's plan by the folder of an experiment: its place, and the seeds of its runs.
type Plan = HashMap<String, (usize, Vec<u64>)>;

impl Search {
    /// For every run below these folders. Runs with the same settings are one experiment, wherever they lie.
    pub fn all(roots: &[PathBuf]) -> Self {
        let name = |root: &PathBuf| Some(root.file_name()?.to_string_lossy().into_owned());
        let names: Vec<String> = roots.iter().map(|root| name(root).unwrap_or("runs".to_owned())).collect();
        Self {
            roots: roots.to_owned(),
            name: names.join(" + "),
            path: roots.first().cloned().unwrap_or_default(),
            only_planned: false,
            folders: HashMap::new(),
            known: HashMap::new(),
            passed_over: Vec::new(),
            twice: Vec::new(),
        }
    }

    /// For what the process that trains a study has planned.
    pub fn planned(study_folder: &Path, study: &Study) -> Self {
        let path = study.path.clone().unwrap_or_else(|| study_folder.to_owned());
        Self { name: study.name.clone(), path, only_planned: true, ..Self::all(&[study_folder.to_owned()]) }
    }

    /// The experiments there are, and the folders of their runs in the order of [`crate::study::plan`]: study by
    /// study, in each first what is planned, in the plan's order. `None` if there is no run.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn look(&mut self) -> io::Result<Option<(Study, Vec<PathBuf>)>> {
        let mut found = Runs::new();
        self.passed_over.clear();
        self.twice.clear();
        for root in self.roots.clone() {
            self.below(&root, DEPTH, &mut found)?;
        }
        let mut plans: HashMap<PathBuf, Plan> = HashMap::new();
        let mut ordered = Vec::new();
        for (folder, mut runs) in found {
            let study = folder.parent().unwrap_or(&folder).to_owned();
            let plan = match plans.entry(study.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.read_plan(&study)),
            };
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let (place, seeds) = plan.get(&*name).map_or((usize::MAX, &[][..]), |(at, seeds)| (*at, seeds));
            let places: HashMap<u64, usize> = seeds.iter().copied().zip(0..).collect();
            let place_of = |run: &Experiment| places.get(run.seeds.first()?).copied();
            if place < usize::MAX {
                let there: HashSet<&Path> = runs.iter().map(|(_, folder)| folder.as_path()).collect();
                let mut missing: Vec<PathBuf> =
                    seeds.iter().map(|&seed| seed_folder(&folder, seed)).collect();
                missing.retain(|planned| !there.contains(planned.as_path()));
                missing.retain(|planned| !self.passed_over.iter().any(|(known, _)| known == planned));
                self.passed_over.extend(missing.into_iter().map(|planned| (planned, NOT_THERE.to_owned())));
            }
            // Where there is none yet, the process has not come so far, and all will do.
            if self.only_planned && !plan.is_empty() {
                runs.retain(|(run, _)| place_of(run).is_some());
            }
            runs.sort_by_key(|(run, _)| (place_of(run).unwrap_or(usize::MAX), run.seeds.first().copied()));
            if !runs.is_empty() {
                ordered.push(((study, place, folder), runs));
            }
        }
        let there: HashSet<&Path> = ordered.iter().map(|((.., folder), _)| folder.as_path()).collect();
        // What is known of those that are there and cannot be read says more.
        let known: HashSet<PathBuf> = self.passed_over.iter().map(|(folder, _)| folder.clone()).collect();
        for (study, plan) in &plans {
            // Of an experiment none of whose runs is there.
            for (name, (_, seeds)) in plan {
                let folder = study.join(name);
                if !there.contains(folder.as_path()) {
                    let planned = seeds.iter().map(|&seed| seed_folder(&folder, seed));
                    let missing = planned.filter(|planned| !known.contains(planned));
                    self.passed_over.extend(missing.map(|planned| (planned, NOT_THERE.to_owned())));
                }
            }
        }
        self.passed_over.sort();
        self.passed_over.dedup_by(|one, other| one.0 == other.0);
        ordered.sort_by(|(one, _), (other, _)| one.cmp(other));
        let ordered = self.pool(ordered.into_iter().map(|((.., folder), runs)| (folder, runs)));
        let mut experiments: Vec<Experiment> = Vec::new();
        let mut names = HashSet::new();
        let mut folders = Vec::new();
        for (folder, runs) in ordered {
            let seeds = runs.iter().filter_map(|(run, _)| run.seeds.first().copied()).collect();
            let mut experiment = Experiment { seeds, ..Experiment::clone(&runs[0].0) };
            if names.contains(&experiment.name) {
                // Other settings under the same name: told apart by the end of the folder's name.
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let hash = name.rsplit('-').next().unwrap_or_default();
                experiment.name = format!("{} {}", experiment.name, hash.get(..4).unwrap_or(hash));
            }
            folders.extend(runs.into_iter().map(|(_, folder)| folder));
            names.insert(experiment.name.clone());
            experiments.push(experiment);
        }
        let study = Study { name: self.name.clone(), path: Some(self.path.clone()), experiments };
        Ok((!folders.is_empty()).then_some((study, folders)))
    }

    /// The settings as a run's folder says them, where it has been looked at; a study calls two experiments of
    /// one name by two.
    pub fn settings(&self, folder: &Path) -> Option<Arc<Experiment>> {
        self.folders.get(folder).map(|(_, settings)| settings.clone())
    }

    /// Runs of the same settings as one experiment, whatever study's folder they lie in; of a run that is there
    /// twice, one that is trained, or else the first.
    fn pool(&mut self, found: impl Iterator<Item = (PathBuf, Found)>) -> Vec<(PathBuf, Found)> {
        let mut pooled: Vec<(PathBuf, Found)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (folder, runs) in found {
            let Some((settings, _)) = runs.first() else { continue };
            let place = match places.entry(folder_name(settings)) {
                Entry::Vacant(new) => {
                    new.insert(pooled.len());
                    pooled.push((folder, runs));
                    continue;
                }
                Entry::Occupied(known) => *known.get(),
            };
            let known = &mut pooled[place].1;
            for run in runs {
                let is_trained = |run: &(Arc<Experiment>, PathBuf)| run.1.join(CHECKPOINT).exists();
                match known.iter_mut().find(|known| known.0.seeds == run.0.seeds) {
                    None => known.push(run),
                    Some(first) => {
                        let (counts, left_out) = if is_trained(first) || !is_trained(&run) {
                            (first.clone(), run)
                        } else {
                            (run, first.clone())
                        };
                        // One that is only planned is no second one.
                        if is_trained(&left_out) {
                            self.twice.push((left_out.1, counts.1.clone()));
                        }
                        *first = counts;
                    }
                }
            }
        }
        if !self.passed_over.is_empty() {
            // What one plan misses may be in another folder.
            let there: HashSet<(String, String)> = pooled
                .iter()
                .flat_map(|(_, runs)| runs.iter().filter_map(|(_, folder)| named(folder)))
                .collect();
            self.passed_over.retain(|(folder, why)| {
                why != NOT_THERE || named(folder).is_none_or(|named| !there.contains(&named))
            });
        }
        pooled
    }

    /// What the last look has found twice: the folder that was left out, and the one that counts.
    pub fn twice(&self) -> &[(PathBuf, PathBuf)] {
        &self.twice
    }

    /// What looks like a run or a plan and could not be taken for one at the last look, and why.
    pub fn passed_over(&self) -> &[(PathBuf, String)] {
        &self.passed_over
    }

    fn below(&mut self, folder: &Path, depth: usize, found: &mut Runs) -> io::Result<()> {
        match self.settings_of(folder) {
            Ok(settings) => {
                let parent = folder.parent().unwrap_or(folder).to_owned();
                found.entry(parent).or_default().push((settings, folder.to_owned()));
                return Ok(());
            }
            Err(why) => {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                if is_seed(&name) || fs::symlink_metadata(folder.join(RESUME)).is_ok() {
                    self.passed_over.push((folder.to_owned(), why));
                    return Ok(());
                }
            }
        }
        if depth == 0 {
            return Ok(());
        }
        for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
            let name = entry.file_name();
            // Runs that were set aside are history.
            if is_aside(&name.to_string_lossy()) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                // A folder that cannot be read hides its own runs, no others.
                if let Err(error) = self.below(&entry.path(), depth - 1, found) {
                    self.passed_over.push((entry.path(), format!("cannot be read: {error}")));
                }
            } else if is_seed(&name.to_string_lossy()) {
                let why = "is a link or no folder, which is not followed";
                self.passed_over.push((entry.path(), why.to_owned()));
            }
        }
        Ok(())
    }

    /// The settings of the run whose folder this is, or why it is none.
    fn settings_of(&mut self, folder: &Path) -> Result<Arc<Experiment>, String> {
        let known = self.folders.get(folder);
        let path = folder.join(SETTINGS);
        // Of most folders that are asked about there is nothing known, nor will there be.
        let written = fs::symlink_metadata(&path).and_then(|metadata| metadata.modified()).ok();
        if let Some((at, settings)) = known
            && *at == written
        {
            return Ok(settings.clone());
        }
        // One that cannot be read while it is written is what it was.
        let known = known.map(|(_, settings)| settings.clone());
        let settings = self.read_settings(folder).map(Arc::new).or_else(|why| known.ok_or(why))?;
        self.folders.insert(folder.to_owned(), (written, settings.clone()));
        Ok(settings)
    }

    fn read_settings(&mut self, folder: &Path) -> Result<Experiment, String> {
        let damaged = || format!("{SETTINGS} is damaged; `metascope run` makes it anew");
        let bytes = read_own(&folder.join(SETTINGS), LARGEST_SETTINGS);
        let text =
            String::from_utf8(bytes.map_err(|why| format!("{SETTINGS} {why}"))?).map_err(|_| damaged())?;
        if fs::symlink_metadata(folder.join(LOG)).is_err() {
            return Err(format!("{LOG} is not there"));
        }
        let line = |line: &&str| line.starts_with("seeds = [");
        let seed = text.lines().find(line).and_then(|line| {
            let seed = line.strip_prefix("seeds = [")?.strip_suffix(']')?;
            seed.parse::<u64>().ok()
        });
        let rest: String = text.split_inclusive('\n').filter(|other| !line(other)).collect();
        if let (Some(seed), Some(known)) = (seed, self.known.get(&rest)) {
            return Ok(Experiment { seeds: vec![seed], ..known.clone() });
        }
        let mut study = parse_recorded("run", Some(&folder.join(SETTINGS)), &text).map_err(|problems| {
            let of_table = problems.list.iter().find(|problem| problem.message.contains("cannot be read"));
            of_table.map_or_else(damaged, |problem| problem.message.clone())
        })?;
        let only = study.experiments.pop().filter(|_| study.experiments.is_empty()).ok_or_else(damaged)?;
        if seed.is_some_and(|seed| only.seeds == [seed]) {
            self.known.insert(rest, only.clone());
        }
        Ok(only)
    }

    /// A study's plan; nothing if it cannot be read, which costs no more than the order.
    fn read_plan(&mut self, study_folder: &Path) -> Plan {
        let plan = read_plan(study_folder).unwrap_or_else(|why| {
            self.passed_over
                .push((study_folder.join(PLAN), format!("{why}: the runs are in the order of their names")));
            Vec::new()
        });
        let plan = plan.into_iter().enumerate();
        plan.map(|(place, Planned { folder, mut seeds })| {
            seeds.truncate(MOST_SEEDS);
            (folder, (place, seeds))
        })
        .collect()
    }
}
