//! The experiments file while it is being edited: what it says that is not what runs, and what would
//! happen if it did. The file is looked at from time to time, which works on network file systems too.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::anyhow;

use crate::{
    config::{LoadError, Problem, read_given},
    experiments::{Experiment, Study, resolved_toml, settings},
    study::plan,
    ui::state::{
        app::App,
        file::{Edited, StudyFile},
    },
};

/// The longest that a person waits for an editor.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of the file in which an experiment's name is looked for.
const LONGEST: u64 = 1 << 20;
/// Time between looks at the file.
const LOOK: Duration = Duration::from_millis(500);

/// A thread that watches the file and leaves the newest of what it says in a slot. The screen never touches the
/// file itself, which may be on a disk that does not answer, and nobody waits for the thread at the end.
pub struct Watch {
    ask: Sender<Ask>,
    newest: Arc<Mutex<Newest>>,
    asked: bool,
    /// When a person wanted to edit the file.
    wanted: Option<Instant>,
}

/// What is asked of the thread.
enum Ask {
    Read,
    Edit(Wanted),
}

/// The place in the file that a person wants to edit: this line, or for 0 the one that names this experiment.
struct Wanted {
    makes: bool,
    line: usize,
    name: Option<String>,
}

/// Where to open the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToEdit {
    /// Whether it was made for that.
    pub made: bool,
    /// Its line, from 1; 0 for its beginning.
    pub line: usize,
}

/// What the thread has to say.
#[derive(Default)]
struct Newest {
    read: Option<anyhow::Result<Study>>,
    to_edit: Option<io::Result<ToEdit>>,
}

impl Watch {
    /// Watches this file, from what it is now.
    pub fn new(file: StudyFile) -> Self {
        let (ask, asks) = channel();
        let newest: Arc<Mutex<Newest>> = Arc::default();
        let slot = Arc::clone(&newest);
        // Without a thread the file is only read at the start.
        let _ = thread::Builder::new().name("experiments file".to_owned()).spawn(move || {
            let mut looks = Looks::new(file);
            loop {
                let must = match asks.recv_timeout(LOOK) {
                    Ok(Ask::Read) => true,
                    Ok(Ask::Edit(wanted)) => {
                        let to_edit = looks.place(&wanted);
                        slot.lock().unwrap_or_else(PoisonError::into_inner).to_edit = Some(to_edit);
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => false,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                if let Some(read) = looks.look(must) {
                    slot.lock().unwrap_or_else(PoisonError::into_inner).read = Some(read);
                }
            }
        });
        Self { ask, newest, asked: false, wanted: None }
    }

    /// Has the file read now, whether or not it seems to have changed.
    pub fn ask(&mut self) {
        self.asked = self.ask.send(Ask::Read).is_ok();
    }

    /// Has it found out where the file is to be opened: at this line, or for 0 at the one that names this experiment.
    /// Where it `makes` the file, there is none yet and the built-in copy is what runs.
    pub fn ask_to_edit(&mut self, makes: bool, line: usize, name: Option<String>) {
        // An answer that has come too late was to another question.
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).to_edit = None;
        if self.ask.send(Ask::Edit(Wanted { makes, line, name })).is_ok() {
            self.wanted = Some(Instant::now());
        }
    }

    /// Where the file is to be opened, once that is known; nobody waits for an editor any more after a while.
    pub fn to_edit(&mut self) -> Option<io::Result<ToEdit>> {
        let wanted = self.wanted?;
        if let Some(found) = self.newest.lock().unwrap_or_else(PoisonError::into_inner).to_edit.take() {
            self.wanted = None;
            return Some(found);
        }
        if wanted.elapsed() < PATIENCE {
            return None;
        }
        // What may still come is for the next time.
        self.wanted = None;
        Some(Err(io::Error::other("it does not answer, so that it cannot be edited for now")))
    }

    /// Time until there may be something to take.
    pub fn due_in(&self) -> Duration {
        if self.asked || self.wanted.is_some() { LOOK / 20 } else { LOOK }
    }

    /// What the file says, if it was read since this was asked last.
    pub fn take(&mut self) -> Option<anyhow::Result<Study>> {
        let taken = self.newest.lock().unwrap_or_else(PoisonError::into_inner).read.take();
        self.asked &= taken.is_none();
        taken
    }
}

/// The file as its thread sees it.
struct Looks {
    file: StudyFile,
    stamp: Option<Stamp>,
    /// Those of the files that it names.
    named: Vec<Option<Stamp>>,
    /// Whether there has been a file.
    was_there: bool,
}

/// What changes when the file is written or replaced: modification and change time to the nanosecond, length,
/// device, inode and kind.
type Stamp = [i128; 6];

impl Looks {
    fn new(file: StudyFile) -> Self {
        let stamp = stamp_of(&file.path);
        let named = file.named.iter().map(|path| stamp_of(path)).collect();
        Self { file, was_there: stamp.is_some(), stamp, named }
    }

    /// The file's study if it `must` be read, or if the file has changed since the last look.
    fn look(&mut self, must: bool) -> Option<anyhow::Result<Study>> {
        let found = fs::metadata(&self.file.path);
        let stamp = found.as_ref().ok().map(stamp);
        let named: Vec<_> = self.file.named.iter().map(|path| stamp_of(path)).collect();
        if !must && stamp == self.stamp && named == self.named {
            return None;
        }
        (self.stamp, self.named) = (stamp, named);
        let is_gone = found.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if is_gone && self.was_there {
            return Some(Err(anyhow!("it is gone")));
        }
        self.was_there |= found.is_ok();
        match found {
            // To open a pipe is to wait for who writes to it.
            Ok(found) if !found.is_file() => {
                Some(Err(anyhow!("it is a folder, a pipe, a socket or a device")))
            }
            _ => {
                let read = (self.file.load)();
                if let Ok(study) = &read {
                    self.file.named = study.named_files();
                    self.named = self.file.named.iter().map(|path| stamp_of(path)).collect();
                }
                Some(read)
            }
        }
    }

    /// Where the file is to be opened.
    fn place(&self, Wanted { makes, line, name }: &Wanted) -> io::Result<ToEdit> {
        let made = *makes && self.file.make()?;
        let Some(name) = name.as_ref().filter(|_| *line == 0) else {
            return Ok(ToEdit { made, line: *line });
        };
        let bytes = read_given(&self.file.path, LONGEST).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let name = format!("{name:?}");
        let names = |line: &str| line.trim_start().starts_with("name") && line.contains(&name);
        Ok(ToEdit { made, line: text.lines().position(names).map_or(0, |at| at + 1) })
    }
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().as_ref().map(stamp)
}

fn stamp(found: &fs::Metadata) -> Stamp {
    let time = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    [
        time(found.mtime(), found.mtime_nsec()),
        time(found.ctime(), found.ctime_nsec()),
        found.len().into(),
        found.dev().into(),
        found.ino().into(),
        found.mode().into(),
    ]
}

impl App {
    /// Takes in what the file says now.
    pub fn on_file(&mut self, read: anyhow::Result<Study>) {
        let before = self.edited.take();
        let read = read.map_err(|error| error.downcast::<LoadError>());
        self.edited = match read {
            Err(Ok(LoadError::Problems(problems))) => {
                let more = problems.list.len().saturating_sub(1);
                let first = problems.list.into_iter().next();
                let place = first.as_ref().map(|Problem { line, column, .. }| (*line, *column));
                let named = first.as_ref().and_then(|first| first.file.clone());
                let problem = first.map_or_else(|| "it is not valid".to_owned(), |first| first.message);
                Some(Edited::Broken { named, place, problem, more })
            }
            Err(Ok(error)) => Some(Edited::without_place(error.to_string())),
            Err(Err(error)) => Some(Edited::without_place(format!("{error:#}"))),
            Ok(study) if study.experiments == self.study.experiments => {
                if let Some(path) = &study.path {
                    self.file = path.display().to_string();
                }
                self.study.path = study.path;
                None
            }
            Ok(study) => {
                let changes = changes(&self.study.experiments, &study.experiments);
                let runs = self.touched(&study);
                Some(Edited::Changed { study: Box::new(study), changes, runs })
            }
        };
        if before.is_some() && self.edited.is_none() {
            self.say("the file says what runs again");
        }
        if let Some(Edited::Broken { named, place, problem, .. }) = &self.edited {
            let file = named.as_ref().map(|file| format!("{file}:")).unwrap_or_default();
            let place = place.map(|(line, column)| format!("{line}:{column}: ")).unwrap_or_default();
            let text = format!("the file cannot be used: {file}{place}{problem}");
            self.note(text, true);
        }
    }

    /// What the file calls the experiment in view.
    pub(in crate::ui) fn name_in_view(&self) -> Option<String> {
        Some(self.experiments[self.view.experiment?].settings.listed_as().to_owned())
    }

    /// Runs that would start, leave the study, and stay as they are, if this were the study.
    fn touched(&self, study: &Study) -> [usize; 3] {
        let keys = |study: &Study| {
            let key = |experiment: &Experiment| resolved_toml(experiment, 0);
            let keys: Vec<String> = study.experiments.iter().map(key).collect();
            let of = |run: crate::study::Run| (keys[run.experiment].clone(), run.seed);
            plan(study).into_iter().map(of).collect::<std::collections::HashSet<_>>()
        };
        let (old, new) = (keys(&self.study), keys(study));
        let same = old.intersection(&new).count();
        [new.len() - same, old.len() - same, same]
    }
}

/// What is different, a sentence an experiment.
fn changes(old: &[Experiment], new: &[Experiment]) -> Vec<String> {
    let mut changes = Vec::new();
    let known: HashMap<&str, &Experiment> = old.iter().map(|other| (other.name.as_str(), other)).collect();
    let mut alike: Vec<(String, Vec<&str>)> = Vec::new();
    for experiment in new {
        let Some(before) = known.get(experiment.name.as_str()) else {
            changes.push(format!("+ {}", experiment.listed_as()));
            continue;
        };
        let mut parts = differences(before, experiment);
        if before.seeds != experiment.seeds {
            parts.push(format!("seeds {} to {}", seeds(&before.seeds), seeds(&experiment.seeds)));
        }
        if !parts.is_empty() {
            // A default that was changed says the same of many: once is enough.
            let parts = parts.join(", ");
            match alike.iter_mut().find(|(other, _)| *other == parts) {
                Some((_, names)) => names.push(experiment.listed_as()),
                None => alike.push((parts, vec![experiment.listed_as()])),
            }
        }
    }
    changes.extend(alike.into_iter().map(|(parts, names)| match names.len() {
        count if count > 1 && count == new.len() => format!("every experiment: {parts}"),
        _ => format!("{}: {parts}", each_once(names).join(", ")),
    }));
    let still: HashSet<&str> = new.iter().map(|other| other.name.as_str()).collect();
    let gone = old.iter().filter(|before| !still.contains(before.name.as_str()));
    changes.extend(gone.map(|experiment| format!("- {}", experiment.listed_as())));
    // A hundred cells of a sweep are one sentence.
    let mut changes = each_once(changes);
    if changes.is_empty() {
        changes.push("another order".to_owned());
    }
    changes
}

fn each_once<T: Clone + Eq + std::hash::Hash>(list: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::new();
    list.into_iter().filter(|one| seen.insert(one.clone())).collect()
}

/// The settings that differ, as `inner_lr 0.01 to 0.02`.
fn differences(old: &Experiment, new: &Experiment) -> Vec<String> {
    let (old, new) = (settings(old), settings(new));
    let value = |settings: &[(String, String)], name: &str| {
        settings.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let changed = new.iter().filter(|(name, now)| value(&old, name).as_ref() != Some(now));
    // What a file is known by says nothing to anybody.
    let contents_of = |name: &str| match name {
        "predictions_sha256" => value(&new, "predictions"),
        "task.sha256" => value(&new, "task.file"),
        _ => None,
    };
    // Other settings only go where others come in their place.
    let may_go = |name: &str| name.starts_with("test ") || name == "published";
    let gone = old.iter().filter(|(name, _)| may_go(name) && value(&new, name).is_none());
    let gone: Vec<String> = gone.map(|(name, _)| format!("no {}", name.trim_end_matches(':'))).collect();
    changed
        .map(|(name, now)| match (contents_of(name), value(&old, name)) {
            (Some(file), _) => format!("{} has other contents", file.trim_matches('"')),
            (None, Some(before)) => format!("{name} {before} to {now}"),
            (None, None) => format!("{name} {now}"),
        })
        .chain(gone)
        .collect()
}

/// Seeds in few letters: `0-4`, or all of them.
fn seeds(seeds: &[u64]) -> String {
    let in_a_row = seeds.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    match seeds {
        [first, _, .., last] if seeds.len() > 2 && in_a_row => format!("{first}-{last}"),
        _ => seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::experiments::{load, parse};

    const TEXT: &str = "[[experiment]]\nname = \"A\"\nalgorithm = \"random\"\n";

    /// Reads as the bare command does: the built-in study where there is no file.
    fn reads(path: &Path) -> StudyFile {
        let file = path.to_owned();
        let load = move || {
            if file.exists() { Ok(load(&file)?) } else { Ok(parse("built-in", None, TEXT)?) }
        };
        StudyFile { path: path.to_owned(), named: Vec::new(), load: Arc::new(load) }
    }

    fn error(read: Option<anyhow::Result<Study>>) -> String {
        read.expect("it has changed").expect_err("it cannot be used").to_string()
    }

    #[test]
    fn a_file_that_is_gone_is_not_the_built_in_study() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiments.toml");
        let mut looks = Looks::new(reads(&path));
        assert!(looks.look(false).is_none());
        fs::write(&path, TEXT).unwrap();
        assert!(looks.look(false).expect("it was made").is_ok());
        fs::remove_file(&path).unwrap();
        assert_eq!(error(looks.look(false)), "it is gone");
        assert!(looks.look(false).is_none(), "it is said once");
        fs::write(&path, TEXT).unwrap();
        assert!(looks.look(false).expect("it is back").is_ok());
    }

    #[test]
    fn an_edit_of_the_same_length_and_time_is_seen_and_whoever_asks_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.toml"), TEXT).unwrap();
        let mut looks = Looks::new(reads(&path("a.toml")));
        assert!(looks.look(false).is_none());
        fs::write(path("new.toml"), TEXT.replace("\"A\"", "\"B\"")).unwrap();
        let time = fs::metadata(path("a.toml")).unwrap().modified().unwrap();
        fs::File::options().append(true).open(path("new.toml")).unwrap().set_modified(time).unwrap();
        fs::rename(path("new.toml"), path("a.toml")).unwrap();
        let study = looks.look(false).expect("it is another").unwrap();
        assert_eq!(study.experiments[0].name, "B");
        assert!(looks.look(false).is_none() && looks.look(true).is_some());
    }

    #[test]
    fn an_edit_of_a_file_that_it_names_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let text = "[evaluation]\ntest_tasks = 1\ngrid = 2\n\
            [[experiment]]\nname = \"A\"\nalgorithm = \"external\"\npredictions = \"a.csv\"\n";
        fs::write(path("a.toml"), text).unwrap();
        let answers = "seed,task,x,y\n0,0,-5,1\n0,0,5,1\n";
        fs::write(path("a.csv"), answers).unwrap();
        let mut looks = Looks::new(reads(&path("a.toml")));
        let first = looks.look(true).expect("it is read").unwrap();
        assert!(looks.look(false).is_none());
        fs::write(path("a.csv"), answers.replace(",1", ",2")).unwrap();
        let second = looks.look(false).expect("the answers have changed").unwrap();
        assert_ne!(second.experiments, first.experiments);
        assert!(looks.look(false).is_none());
        fs::write(path("a.csv"), "seed,task,x,y\n0,0,-5,1\n").unwrap();
        let error = looks.look(false).expect("they have changed").expect_err("one is missing").to_string();
        assert!(error.contains("a.csv:2:1: task 0, seed 0: there is no answer at x = 5"), "{error}");
        fs::write(path("a.csv"), answers).unwrap();
        assert_eq!(looks.look(false).expect("they are back").unwrap().experiments, first.experiments);
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiments.toml");
        fs::write(&path, TEXT).unwrap();
        let mut looks = Looks::new(reads(&path));
        fs::remove_file(&path).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        assert!(error(looks.look(false)).contains("a pipe"));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(error(looks.look(false)).contains("a folder"));
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(error(looks.look(false)).contains("a device"));
    }

    #[test]
    fn the_screen_does_not_wait_for_a_file_that_does_not_answer() {
        let (answer, answers) = channel::<()>();
        let answers = Mutex::new(answers);
        let load = move || {
            let _ = answers.lock().unwrap().recv();
            Ok(parse("late", None, TEXT)?)
        };
        let mut watch =
            Watch::new(StudyFile { path: "/nowhere/a.toml".into(), named: Vec::new(), load: Arc::new(load) });
        watch.ask();
        assert!(watch.take().is_none(), "it would still wait if it had read the file itself");
        answer.send(()).unwrap();
        let late = std::iter::repeat_with(|| {
            thread::sleep(Duration::from_millis(5));
            watch.take()
        });
        let study = late.take(4_000).flatten().next().expect("an answer").unwrap();
        assert_eq!(study.name, "late");
    }

    #[test]
    fn the_place_to_edit_is_found_without_the_screen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiments.toml");
        let mut watch = Watch::new(reads(&path));
        let mut place = |makes, line, name: Option<&str>| {
            watch.ask_to_edit(makes, line, name.map(str::to_owned));
            std::iter::repeat_with(|| {
                thread::sleep(Duration::from_millis(5));
                watch.to_edit()
            })
            .find_map(|found| found)
            .expect("an answer or that there is none")
        };
        let made = place(true, 0, None).unwrap();
        assert_eq!(made, ToEdit { made: true, line: 0 });
        fs::write(&path, TEXT).unwrap();
        assert_eq!(place(true, 0, Some("A")).unwrap(), ToEdit { made: false, line: 2 });
        assert_eq!(place(false, 7, Some("A")).unwrap(), ToEdit { made: false, line: 7 });
        assert_eq!(place(false, 0, Some("B")).unwrap(), ToEdit { made: false, line: 0 });
    }

    #[test]
    fn only_seeds_in_a_row_are_a_range() {
        for (list, words) in [
            (&[0, 1, 2, 3][..], "0-3"),
            (&[5, 9, 7], "5, 9, 7"),
            (&[0, 2, 1], "0, 2, 1"),
            (&[0, 5, u64::MAX], "0, 5, 18446744073709551615"),
            (&[0, u64::MAX], "0, 18446744073709551615"),
            (&[3], "3"),
        ] {
            assert_eq!(seeds(list), words);
        }
    }
}
