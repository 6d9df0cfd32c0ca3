//! Which runs there are, from the folders alone: those of one study, or all below a folder that a person
//! names. It is asked again and again, since other processes add runs, so what is known is not read twice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files::read_limited;
use super::folders::Planned;
use crate::experiments::{Experiment, Study, parse_recorded};
use crate::study::layout::{LOG, PLAN, SETTINGS, is_aside};

/// Folders below the one named in which runs are looked for: out, study, experiment, seed.
const DEPTH: usize = 4;
/// The largest settings file there can be.
const LARGEST_SETTINGS: u64 = 1 << 20;
/// The largest plan: that of 10,000 experiments has less than one MiB.
const LARGEST_PLAN: u64 = 4 << 20;

/// Looks for run folders.
pub struct Search {
    root: PathBuf,
    name: String,
    path: PathBuf,
    /// Only what the study's process has planned, not what it left there before.
    only_planned: bool,
    /// The settings of run folders, and when their files were written: what a run is trained with never
    /// changes, but what it is tested on and compared with does.
    folders: HashMap<PathBuf, (Option<SystemTime>, Experiment)>,
    /// Settings by their text without the line that names the seed: a thousand runs of five experiments
    /// are read five times.
    known: HashMap<String, Experiment>,
}

/// Runs by the folder of their experiment.
type Runs = BTreeMap<PathBuf, Vec<(Experiment, PathBuf)>>;

/// A study's plan by the folder of an experiment: its place, and the seeds of its runs.
type Plan = HashMap<String, (usize, Vec<u64>)>;

impl Search {
    /// For every run below a folder.
    pub fn all(root: &Path) -> Self {
        let name = root.file_name().map_or("runs".into(), |name| name.to_string_lossy().into_owned());
        Self {
            root: root.to_owned(),
            name,
            path: root.to_owned(),
            only_planned: false,
            folders: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// For what the process that trains a study has planned.
    pub fn planned(study_folder: &Path, study: &Study) -> Self {
        let path = study.path.clone().unwrap_or_else(|| study_folder.to_owned());
        Self { name: study.name.clone(), path, only_planned: true, ..Self::all(study_folder) }
    }

    /// The experiments there are, and the folders of their runs in the order of [`crate::study::plan`]: study by
    /// study, in each first what is planned, in the plan's order. `None` if there is no run.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn look(&mut self) -> io::Result<Option<(Study, Vec<PathBuf>)>> {
        let mut found = Runs::new();
        let root = self.root.clone();
        self.below(&root, DEPTH, &mut found)?;
        let mut plans: HashMap<PathBuf, Plan> = HashMap::new();
        let mut ordered = Vec::new();
        for (folder, mut runs) in found {
            let study = folder.parent().unwrap_or(&folder).to_owned();
            let plan = plans.entry(study.clone()).or_insert_with(|| read_plan(&study));
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let (place, seeds) = plan.get(&*name).map_or((usize::MAX, &[][..]), |(at, seeds)| (*at, seeds));
            let places: HashMap<u64, usize> = seeds.iter().copied().zip(0..).collect();
            let place_of = |run: &Experiment| places.get(run.seeds.first()?).copied();
            // Where there is none yet, the process has not come so far, and all will do.
            if self.only_planned && !plan.is_empty() {
                runs.retain(|(run, _)| place_of(run).is_some());
            }
            runs.sort_by_key(|(run, _)| (place_of(run).unwrap_or(usize::MAX), run.seeds.first().copied()));
            if !runs.is_empty() {
                ordered.push(((study, place, folder), runs));
            }
        }
        ordered.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut experiments: Vec<Experiment> = Vec::new();
        let mut names = HashSet::new();
        let mut folders = Vec::new();
        for ((.., folder), runs) in ordered {
            let seeds = runs.iter().filter_map(|(run, _)| run.seeds.first().copied()).collect();
            let mut experiment = Experiment { seeds, ..runs[0].0.clone() };
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

    fn below(&mut self, folder: &Path, depth: usize, found: &mut Runs) -> io::Result<()> {
        if let Some(settings) = self.settings_of(folder) {
            let parent = folder.parent().unwrap_or(folder).to_owned();
            found.entry(parent).or_default().push((settings, folder.to_owned()));
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
            // Runs that were set aside are history.
            let aside = is_aside(&entry.file_name().to_string_lossy());
            if !aside && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                // A folder that cannot be read hides its own runs, no others.
                let _ = self.below(&entry.path(), depth - 1, found);
            }
        }
        Ok(())
    }

    /// The settings of the run whose folder this is.
    fn settings_of(&mut self, folder: &Path) -> Option<Experiment> {
        let known = self.folders.get(folder);
        let path = folder.join(SETTINGS);
        // Of most folders that are asked about there is nothing known, nor will there be.
        let written = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
        if let Some((at, settings)) = known
            && *at == written
        {
            return Some(settings.clone());
        }
        // One that cannot be read while it is written is what it was.
        let settings = self.read_settings(folder).or_else(|| Some(self.folders.get(folder)?.1.clone()))?;
        self.folders.insert(folder.to_owned(), (written, settings.clone()));
        Some(settings)
    }

    fn read_settings(&mut self, folder: &Path) -> Option<Experiment> {
        let text = String::from_utf8(read_limited(&folder.join(SETTINGS), LARGEST_SETTINGS)?).ok()?;
        if !folder.join(LOG).exists() {
            return None;
        }
        let line = |line: &&str| line.starts_with("seeds = [");
        let seed = text.lines().find(line).and_then(|line| {
            let seed = line.strip_prefix("seeds = [")?.strip_suffix(']')?;
            seed.parse::<u64>().ok()
        });
        let rest: String = text.split_inclusive('\n').filter(|other| !line(other)).collect();
        if let (Some(seed), Some(known)) = (seed, self.known.get(&rest)) {
            return Some(Experiment { seeds: vec![seed], ..known.clone() });
        }
        let mut study = parse_recorded("run", None, &text).ok()?;
        let only = (study.experiments.len() == 1).then(|| study.experiments.remove(0))?;
        if seed.is_some_and(|seed| only.seeds == [seed]) {
            self.known.insert(rest, only.clone());
        }
        Some(only)
    }
}

/// A study's plan; nothing if it cannot be read, which costs no more than the order.
fn read_plan(study_folder: &Path) -> Plan {
    let bytes = read_limited(&study_folder.join(PLAN), LARGEST_PLAN);
    let plan: Option<Vec<Planned>> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let plan = plan.unwrap_or_default().into_iter().enumerate();
    plan.map(|(place, planned)| (planned.folder, (place, planned.seeds))).collect()
}
