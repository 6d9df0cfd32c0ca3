//! Tables that experiments take their tasks from: found beside the file that names them, or where a study keeps what it
//! was trained on, read once, and refused with all that is wrong with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Problem, presentable, read_given};
use crate::task::families::table::{TableSettings, contents, family, known};
use crate::task::table::{Contents, LARGEST_TABLE};
use crate::task::{EvaluationSettings, TaskSettings};

/// The name of the file in a study's folder that is the table of this digest.
pub fn kept_as(sha256: &str) -> String {
    format!("table-{}.csv", sha256.get(..12).unwrap_or(sha256))
}

/// The tables of one file of experiments.
pub(super) struct TaskFiles {
    /// Where the file lies.
    folder: PathBuf,
    /// Whether it is a run's, whose table is kept two folders above it.
    is_record: bool,
    read: BTreeMap<String, Result<Arc<Contents>, Refused>>,
}

/// Why a table cannot be used.
#[derive(Clone)]
enum Refused {
    /// It cannot be read.
    Unreadable(String),
    /// It can, and much is wrong with it.
    Wrong(Vec<Problem>),
}

/// Why settings cannot be filled in from a table: the settings of which the first that is said is the place, and why.
/// Without words where what is wrong is in the table itself.
pub(super) type Why = (&'static [&'static str], Option<String>);

impl TaskFiles {
    /// Those that the file at this path names.
    pub fn of(path: Option<&Path>, is_record: bool) -> Self {
        let folder = path.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        Self { folder, is_record, read: BTreeMap::new() }
    }

    /// Everything that is wrong with the tables, each with its file.
    pub fn problems(self) -> impl Iterator<Item = (String, Vec<Problem>)> {
        let folder = self.folder;
        self.read.into_iter().filter_map(move |(file, read)| match read {
            Err(Refused::Wrong(problems)) => {
                Some((presentable(&folder.join(file).display().to_string(), 300), problems))
            }
            _ => None,
        })
    }

    /// Whether what is wrong with them has been found.
    pub fn are_wrong(&self) -> bool {
        self.read.values().any(|read| matches!(read, Err(Refused::Wrong(_))))
    }

    /// Puts the tasks of a table into settings that name one, and what follows from it: the range of x, and how many tasks
    /// there are to test on.
    pub fn fill_in(
        &mut self,
        task: &mut TaskSettings,
        evaluation: &mut EvaluationSettings,
        is_trained_on: bool,
    ) -> Result<(), Why> {
        if task.family.table().is_none() {
            return Ok(());
        }
        let mut own = TableSettings::new(&task.own);
        let Some(file) = own.file.clone() else {
            let text = "tasks of a table need a `file`: for example file = \"growth.csv\", with the columns task, x and y";
            return Err((&["family"], Some(text.to_owned())));
        };
        let contents = self.contents(&file, own.sha256.as_deref())?;
        if let Some(sha256) = &own.sha256
            && *sha256 != contents.sha256
        {
            let file = presentable(&file, 60);
            if self.is_record {
                let kept = kept_as(sha256);
                let text = format!(
                    "{file} cannot be read as it was: {kept} is not in the study's folder, or was changed"
                );
                return Err((&["file"], Some(text)));
            }
            let text = format!(
                "{file} is not the file with this SHA-256: it has {}; leave `sha256` out to take it as it is now",
                contents.sha256
            );
            return Err((&["sha256"], Some(text)));
        }
        own.sha256 = Some(contents.sha256.clone());
        let table = family(contents, &own);
        (task.family, task.own) = (table, own.values());
        let Some(tasks) = task.family.table() else { return Ok(()) };
        task.x = tasks.range();
        let (training, tested) = (task.shots.most, task.test_points(evaluation));
        for (is_test, points, what, keys) in [
            (false, training, "training", &["shots", "file", "family"][..]),
            (true, tested, "test", &["points", "shots", "file", "family"]),
        ] {
            let [_, left] = tasks.count(is_test, points);
            if left == 0 && (is_test || is_trained_on) {
                let (most, name) = (tasks.most_points(is_test), presentable(&file, 60));
                let at_most = match most {
                    0 | 1 => String::new(),
                    _ => format!(": at most {} can be shown", most - 1),
                };
                let text = format!(
                    "no {what} task of {name} has more than {points} points, {points} to be shown and one to be asked for; \
                     the longest has {most}{at_most}"
                );
                return Err((keys, Some(text)));
            }
        }
        let [_, left] = tasks.count(true, tested);
        evaluation.test_tasks = evaluation.test_tasks.min(left);
        Ok(())
    }

    fn contents(&mut self, file: &str, sha256: Option<&str>) -> Result<Arc<Contents>, Why> {
        let kept = sha256.filter(|_| self.is_record);
        if let Some(contents) = kept.and_then(known) {
            return Ok(contents);
        }
        let of_study = kept.map(|sha256| self.folder.join("../..").join(kept_as(sha256)));
        let places = || of_study.clone().into_iter().chain([self.folder.join(file)]);
        let found = match self.read.get(file) {
            Some(found) => found.clone(),
            None => {
                let mut found = Err(Refused::Unreadable(String::new()));
                for place in places() {
                    match open(&place) {
                        Ok(other) if kept.is_some_and(|sha256| other.sha256 != sha256) => found = Ok(other),
                        Ok(table) => {
                            found = Ok(table);
                            break;
                        }
                        // That another one is there says more than that none is.
                        Err(_) if found.is_ok() => {}
                        Err(why) => found = Err(why),
                    }
                }
                self.read.insert(file.to_owned(), found.clone());
                found
            }
        };
        found.map_err(|why| match why {
            Refused::Unreadable(why) => {
                let text = format!("{} cannot be read: {why}", presentable(file, 60));
                (&["file", "family"][..], Some(text))
            }
            Refused::Wrong(_) => (&["file", "family"][..], None),
        })
    }
}

fn open(path: &Path) -> Result<Arc<Contents>, Refused> {
    let bytes = read_given(path, LARGEST_TABLE).map_err(|error| Refused::Unreadable(error.to_string()))?;
    contents(bytes).map_err(Refused::Wrong)
}
