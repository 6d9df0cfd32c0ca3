//! Where and when a run was made: `provenance.json` beside its checkpoint. What does not depend on that (version,
//! kernels, settings) is in the checkpoint itself; nothing here says anything about a result, and nothing is
//! decided by it.

use std::path::Path;
use std::sync::OnceLock;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::study::claim::holder::Holder;
use crate::study::files::{read_own, replace_soon};
use crate::study::layout::PROVENANCE;

/// One of a hundred processes has some three hundred bytes.
const LARGEST: u64 = 1 << 20;
/// Of a run that was taken up more often than this, the processes between the first and the last ones go.
const MOST: usize = 100;

/// The commit this program was built from, where it is known.
pub const COMMIT: Option<&str> = match option_env!("METASCOPE_COMMIT") {
    Some(commit) if !commit.is_empty() => Some(commit),
    _ => None,
};

/// Where and when a run was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// How often a process took the run up after one had before.
    pub restarts: u64,
    /// The processes that have worked on it, in this order.
    pub processes: Vec<Process>,
}

/// A process that has worked on a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    #[serde(flatten)]
    pub holder: Holder,
    /// The processor's name.
    pub cpu: String,
    /// The scheduler's number of its job, where there is one: `4711`, or `4711_3` in an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The program's version, and the commit it was built from.
    pub metascope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The kernels that computed.
    pub kernel: String,
    /// The outer step it began at.
    pub from_step: u64,
    /// When it began and when it brought the run to its end, UTC.
    pub began: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

impl Provenance {
    /// Of a run that this process takes up after this step, in this folder.
    pub fn taken_up(folder: &Path, kernel: &str, from_step: u64) -> Self {
        let mut known = if from_step > 0 { Self::read(folder).unwrap_or_default() } else { Self::default() };
        known.restarts += u64::from(!known.processes.is_empty());
        if known.processes.len() >= MOST {
            known.processes.remove(MOST / 2);
        }
        known.processes.push(Process {
            holder: Holder::this().by_name(),
            cpu: processor(),
            job: job(|name| std::env::var(name).ok()),
            metascope: env!("CARGO_PKG_VERSION").to_owned(),
            commit: COMMIT.map(str::to_owned),
            kernel: kernel.to_owned(),
            from_step,
            began: now(),
            ended: None,
        });
        known
    }

    /// The run has come to its end.
    pub fn end(&mut self) {
        if let Some(process) = self.processes.last_mut() {
            process.ended = Some(now());
        }
    }

    /// What a folder says of itself; `None` if it cannot be read.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&read_own(&folder.join(PROVENANCE), LARGEST).ok()?).ok()
    }

    /// Writes it down, for those who want to know.
    pub fn write(&self, folder: &Path) {
        let text = serde_json::to_string_pretty(self).expect("plain data with string keys") + "\n";
        // It is no part of any result, so nobody is told that a disk was full.
        let _ = replace_soon(&folder.join(PROVENANCE), text.as_bytes());
    }
}

fn now() -> String {
    DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The processor's name as Linux has it.
fn processor() -> String {
    static KNOWN: OnceLock<String> = OnceLock::new();
    let find = || {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
    };
    KNOWN.get_or_init(find).clone()
}

/// The job that a scheduler runs this process for.
fn job(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    match (variable("SLURM_ARRAY_JOB_ID"), variable("SLURM_ARRAY_TASK_ID")) {
        (Some(job), Some(task)) => Some(format!("{job}_{task}")),
        _ => variable("SLURM_JOB_ID").or_else(|| variable("PBS_JOBID")).or_else(|| variable("LSB_JOBID")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_that_has_worked_on_a_run_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut first = Provenance::taken_up(folder.path(), "portable", 0);
        first.write(folder.path());
        let mut second = Provenance::taken_up(folder.path(), "portable", 7);
        assert_eq!((second.restarts, second.processes.len()), (1, 2));
        second.end();
        second.write(folder.path());
        let read = Provenance::read(folder.path()).expect("written");
        assert_eq!(read, second);
        assert_eq!(read.processes[0].ended, None, "it was interrupted");
        assert!(read.processes[1].ended.is_some() && read.processes[1].from_step == 7);
        // From its beginning it is another run.
        first = Provenance::taken_up(folder.path(), "portable", 0);
        assert_eq!((first.restarts, first.processes.len()), (0, 1));
        for nth in 1..3 * MOST as u64 {
            Provenance::taken_up(folder.path(), "portable", nth).write(folder.path());
        }
        let read = Provenance::read(folder.path()).expect("written");
        assert_eq!((read.processes.len(), read.restarts), (MOST, 3 * MOST as u64));
        assert_eq!(read.processes.last().map(|process| process.from_step), Some(3 * MOST as u64 - 1));
    }

    #[test]
    fn a_job_is_named_as_its_scheduler_does() {
        let of = |set: &[(&str, &str)]| {
            job(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        let array = [("SLURM_JOB_ID", "9"), ("SLURM_ARRAY_JOB_ID", "7"), ("SLURM_ARRAY_TASK_ID", "3")];
        assert_eq!(of(&array).as_deref(), Some("7_3"));
        assert_eq!(of(&array[..1]).as_deref(), Some("9"));
        assert_eq!(of(&[("PBS_JOBID", "5.server")]).as_deref(), Some("5.server"));
        assert_eq!(of(&[]), None);
    }
}
