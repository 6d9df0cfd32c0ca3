//! A run's folder: `<out>/<study>/<experiment>-<hash of its settings>/seed-<n>/`, with its resolved
//! settings, the log of what it reported, and its checkpoint.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Event, Run, replace};
use crate::config::{Experiment, resolved_toml};
use crate::model::{self, Weights};

/// The folder of one run, open for writing.
#[derive(Debug)]
pub struct Record {
    folder: PathBuf,
    log: File,
}

impl Record {
    /// Makes the folder, writes the settings and starts the log.
    ///
    /// # Errors
    /// With the path that could not be written.
    pub fn open(out: &Path, study: &str, run: &Run) -> Result<Self, RecordError> {
        let folder = folder(out, study, run);
        fs::create_dir_all(&folder).map_err(RecordError::at(&folder))?;
        let settings = folder.join("settings.toml");
        let text = format!(
            "# What this run was made with: metascope {}, kernels {}.\n{}",
            env!("CARGO_PKG_VERSION"),
            model::Path::detect().name(),
            resolved_toml(&run.settings, run.seed)
        );
        replace(&settings, text.as_bytes()).map_err(RecordError::at(&settings))?;
        let log_path = folder.join("metrics.jsonl");
        let log = File::create(&log_path).map_err(RecordError::at(&log_path))?;
        Ok(Self { folder, log })
    }

    /// Appends an event to the log.
    ///
    /// # Errors
    /// With the log's path.
    pub fn append(&mut self, event: &Event) -> Result<(), RecordError> {
        let line = event.to_json() + "\n";
        self.log
            .write_all(line.as_bytes())
            .map_err(|error| RecordError { path: self.folder.join("metrics.jsonl"), error })
    }

    /// Where the checkpoint is or will be.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.folder.join("checkpoint.safetensors")
    }

    /// Writes the checkpoint.
    ///
    /// # Errors
    /// With the checkpoint's path.
    pub fn save(&self, run: &Run, weights: &Weights, step: u64) -> Result<(), RecordError> {
        let path = self.checkpoint_path();
        let metadata = [
            ("algorithm", run.settings.algorithm.name().to_owned()),
            ("experiment", run.settings.name.clone()),
            ("seed", run.seed.to_string()),
            ("step", step.to_string()),
            ("metascope", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        replace(&path, &weights.to_bytes(&metadata)).map_err(RecordError::at(&path))
    }
}

/// Something of a run could not be written.
#[derive(Debug)]
pub struct RecordError {
    path: PathBuf,
    error: io::Error,
}

impl RecordError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self { path, error }
    }
}

impl std::fmt::Display for RecordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} could not be written: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for RecordError {}

/// Where a run lives. Other settings under the same name have another hash, so they never meet.
fn folder(out: &Path, study: &str, run: &Run) -> PathBuf {
    let experiment = format!("{}-{}", tame(&run.settings.name), settings_hash(&run.settings));
    out.join(tame(study)).join(experiment).join(format!("seed-{}", run.seed))
}

/// Twelve hexadecimal digits that change with any setting but the seeds.
fn settings_hash(settings: &Experiment) -> String {
    let digest = Sha256::digest(resolved_toml(settings, 0).as_bytes());
    digest.iter().take(6).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A name as a folder that cannot be a path, hidden, or anything a shell minds.
fn tame(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let tamed: String = name.chars().take(40).map(keep).collect();
    let tamed = tamed.trim_start_matches(['.', '-']).trim_end_matches(['.', '-']);
    if tamed.is_empty() { "unnamed".to_owned() } else { tamed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_escape() {
        for (name, folder) in [
            ("First-order MAML", "First-order-MAML"),
            ("../../etc/passwd", "etc-passwd"),
            ("..", "unnamed"),
            ("/", "unnamed"),
            (".hidden", "hidden"),
            ("k=3, a\u{2603}b", "k-3--a-b"),
        ] {
            assert_eq!(tame(name), folder);
        }
    }
}
