//! Whether two folders hold the same run: what of their files may differ is clocks, and where they lie.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::provenance::{Process, Provenance};
use super::resume::{LARGEST_FILE, Resume, first};
use super::seal::{self, Doubt, LARGEST_SETTINGS, Sealed};
use super::trail::Trail;
use crate::config::presentable;
use crate::experiments::Experiment;
use crate::learner::checkpoint_from_bytes;
use crate::study::claim::right::{Busy, Claim};
use crate::study::event::{Event, Kind};
use crate::study::files::{folder_of, read_own, replace};
use crate::study::layout::{CHECKPOINT, LOCK, LOG, RESUME, SETTINGS, SNAPSHOTS};
use crate::study::plan::Run;

/// The largest past: that of the largest network at 200 steps has less.
const LARGEST_PAST: u64 = 256 << 20;

/// What of a finished run in the one folder is not as in the other, a sentence a file; and what may be different
/// without being wrong. Both are of these settings and this seed.
///
/// # Errors
/// If what should be compared is not there or cannot be believed; in words.
pub fn compare(found: &Path, again: &Path, settings: &Experiment, seed: u64) -> Result<Compared, String> {
    let [one, other] =
        [found, again].map(|folder| seal::read(folder, settings, seed).map_err(|doubt| doubt.to_string()));
    let (one, other) = (one?, other.map_err(|why| format!("what was trained again: {why}"))?);
    let mut compared = Compared::default();
    compared.checkpoints(found, again)?;
    compared.logs(timeless(&one, settings), timeless(&other, settings));
    compared.states(&one.resume, &other.resume);
    let text = |folder: &Path| {
        let bytes = read_own(&folder.join(SETTINGS), LARGEST_SETTINGS).unwrap_or_default();
        // Its first line says by which version.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.split_once('\n').map(|(_, rest)| rest.to_owned())
    };
    if text(found) != text(again) {
        compared.differ(SETTINGS, "says other settings than those that the run was trained with");
    }
    compared.pasts(found, again, &Trail::new(settings))?;
    Ok(compared)
}

/// Gives a finished run the past that was made again, where its own lacks a part.
///
/// # Errors
/// If it cannot be read or written, or another process has the study; in words.
pub fn repair_past(found: &Path, again: &Path) -> Result<(), String> {
    let words = |error: io::Error| format!("{SNAPSHOTS} cannot be repaired: {error}");
    let past = read_own(&again.join(SNAPSHOTS), LARGEST_PAST).map_err(|why| format!("{SNAPSHOTS} {why}"))?;
    // Where there is no lock's file, this is no folder that anybody trains in.
    let study = folder_of(folder_of(found));
    let claim = if fs::symlink_metadata(study.join(LOCK)).is_ok() {
        let held = Claim::take(study, false).map_err(words)?;
        let busy = |why| Busy { why, folder: study.to_owned() }.to_string();
        Some(held.map_err(busy)?)
    } else {
        None
    };
    replace(&found.join(SNAPSHOTS), &past).map_err(words)?;
    drop(claim);
    Ok(())
}

/// Whether a run's files are whole and another run's.
pub fn is_foreign(folder: &Path, run: &Run) -> bool {
    matches!(seal::read(folder, &run.settings, run.seed), Err(Doubt::Foreign(_)))
}

/// The kernels that a finished run was trained by, where it says so.
pub fn kernel_of(folder: &Path, run: &Run) -> Option<String> {
    let sealed = seal::read(folder, &run.settings, run.seed).ok()?;
    Some(presentable(&sealed.resume.header.kernel, 40))
}

/// Who made a run, and on what, in words.
pub fn provenance_of(folder: &Path) -> Option<String> {
    let Provenance { processes, .. } = Provenance::read(folder)?;
    let Process { holder, cpu, metascope, commit, kernel, .. } = processes.last()?;
    let commit = commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"));
    Some(presentable(&format!("metascope {metascope}{commit}, {kernel}, on {}, {cpu}", holder.host), 160))
}

/// What a comparison has shown.
#[derive(Debug, Default)]
pub struct Compared {
    /// What is not as it should be.
    pub differences: Vec<String>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
    /// What is missing, cut short or damaged of what no result depends on.
    pub missing: Option<String>,
    /// Whether it was begun with another arithmetic than that of this version, which cannot give its bits again.
    pub other_arithmetic: bool,
}

impl Compared {
    fn differ(&mut self, file: &str, how: &str) {
        self.differences.push(format!("{file} {how}"));
    }

    /// The trained weights, and every word beside them but which version and commit has written them.
    fn checkpoints(&mut self, found: &Path, again: &Path) -> Result<(), String> {
        let read = |folder: &Path| {
            read_own(&folder.join(CHECKPOINT), LARGEST_FILE).map_err(|why| format!("{CHECKPOINT} {why}"))
        };
        let (one, other) = (read(found)?, read(again)?);
        if one == other {
            return Ok(());
        }
        let parse = |bytes: &[u8]| checkpoint_from_bytes(bytes).map_err(|why| format!("{CHECKPOINT} {why}"));
        let (one, other) = (parse(&one)?, parse(&other)?);
        let values = one.weights.values.iter().zip(&other.weights.values);
        let wrong = values.clone().filter(|(one, other)| one.to_bits() != other.to_bits()).count();
        if one.weights.values.len() != other.weights.values.len() {
            self.differ(CHECKPOINT, "has another number of weights");
        } else if wrong > 0 {
            let largest = values.map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
            let all = one.weights.values.len();
            self.differ(CHECKPOINT, &format!("has {wrong} of {all} weights wrong, by up to {largest:.2e}"));
        }
        let keys: std::collections::BTreeSet<&String> =
            one.metadata.keys().chain(other.metadata.keys()).collect();
        let mut by_another = Vec::new();
        for key in keys {
            let word = |metadata: &BTreeMap<String, String>| {
                metadata.get(key).map_or("nothing".to_owned(), |word| presentable(word, 70))
            };
            let (found, again) = (word(&one.metadata), word(&other.metadata));
            match (found == again, ["metascope", "commit"].contains(&key.as_str())) {
                (true, _) => {}
                (false, true) => by_another.push(format!("{key} {found}, and this is {again}")),
                // What the versions before this one did not write yet.
                (false, false) if found == "nothing" => {
                    by_another.push(format!("it does not say its {}", presentable(key, 20)));
                }
                (false, false) => self.differ(
                    CHECKPOINT,
                    &format!("says {} = {found}, where it is {again}", presentable(key, 20)),
                ),
            }
        }
        if !by_another.is_empty() {
            self.notes.push(format!("{CHECKPOINT} was written by {}", by_another.join("; ")));
        } else if self.differences.is_empty() {
            self.differ(CHECKPOINT, "has other bytes around the same weights");
        }
        Ok(())
    }

    /// The past, snapshot by snapshot: one whose checksum is right and that is another one was put there.
    fn pasts(&mut self, found: &Path, again: &Path, trail: &Trail) -> Result<(), String> {
        let again = read_own(&again.join(SNAPSHOTS), LARGEST_PAST)
            .map_err(|why| format!("what was trained again: {SNAPSHOTS} {why}"))?;
        let found = match read_own(&found.join(SNAPSHOTS), LARGEST_PAST) {
            Ok(found) => found,
            Err(why) => {
                self.missing = Some(format!("{SNAPSHOTS} {why}"));
                return Ok(());
            }
        };
        let mut missing = 0;
        for (number, step) in trail.steps().iter().enumerate() {
            let (one, other) = (trail.record_in(&found, number), trail.record_in(&again, number));
            match one {
                Some(record) if one == other || trail.snapshot(number, record).is_some() => {
                    if one != other {
                        self.differ(SNAPSHOTS, &format!("holds other parameters at step {step}"));
                        return Ok(());
                    }
                }
                _ => missing += 1,
            }
        }
        if found.len() > again.len() {
            self.differ(SNAPSHOTS, &format!("goes on after its end at byte {}", again.len()));
        }
        let all = trail.len();
        self.missing = (missing > 0)
            .then(|| format!("{missing} of the {all} snapshots in {SNAPSHOTS} are missing or damaged"));
        Ok(())
    }

    /// What the run has told, without its clocks.
    fn logs(&mut self, one: Vec<Value>, mut other: Vec<Value>) {
        one.iter().zip(&mut other).for_each(|(found, again)| forget_untold(found, again));
        if one == other {
            return;
        }
        let lines = one.iter().zip(&other).position(|(one, other)| one != other);
        match lines {
            Some(line) => {
                let what = |event: &Value| {
                    let step =
                        event["step"].as_u64().map_or(String::new(), |step| format!(" at step {step}"));
                    presentable(&format!("{}{step}", event["event"].as_str().unwrap_or("line")), 40)
                };
                self.differ(LOG, &format!("tells something else: {}", what(&other[line])));
            }
            None => self.differ(LOG, "tells less or more"),
        }
    }

    /// What the run would go on from.
    fn states(&mut self, found: &Resume, again: &Resume) {
        let (one, other) = (&found.state, &again.state);
        // Weights are compared with those of the checkpoint, moments by their bits.
        let digest = |resume: &Resume| {
            let moments = resume.state.moments.iter().flatten().chain(&resume.state.weights.values);
            Sha256::digest(moments.flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
        };
        if (one.steps, &one.position) != (other.steps, &other.position) || digest(found) != digest(again) {
            self.differ(RESUME, "holds another state");
        }
        let arithmetic =
            |resume: &Resume| resume.header.identity.as_ref().map_or(first(), |it| it.arithmetic);
        self.other_arithmetic = arithmetic(found) != arithmetic(again);
        if found.header.kernel != again.header.kernel {
            self.differ(RESUME, "names other kernels");
        }
    }
}

/// The events of a run but for its clocks and places. A run that was tested on one more set later has ended more
/// than once.
fn timeless(sealed: &Sealed, settings: &Experiment) -> Vec<Value> {
    let ends = |event: &&Event| !matches!(event.kind, Kind::Finished { .. });
    let mut counted: Vec<&Event> =
        sealed.events.iter().filter(ends).filter(|event| event.counts_for(settings)).collect();
    // Test sets are in the file's order, which may have changed since.
    counted.sort_by_key(|event| match &event.kind {
        Kind::Evaluated { test, .. } => (true, test.clone()),
        _ => (false, None),
    });
    let timeless = |event: &Event| {
        let mut event: Value = serde_json::from_str(&event.to_json()).ok()?;
        event.as_object_mut()?.remove("steps_per_second");
        Some(event)
    };
    counted.into_iter().filter_map(timeless).collect()
}

/// Takes from what is told again what versions before this one did not tell: how well a network knows how sure it is.
fn forget_untold(found: &Value, again: &mut Value) {
    for key in ["loglik", "coverage"] {
        if let (None, Some(again)) = (found.get(key), again.as_object_mut()) {
            again.remove(key);
        }
    }
    if let (Some(found), Some(again)) = (found.get("points"), again.get_mut("points")) {
        forget_untold(found, again);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_earlier_version_did_not_tell_is_no_difference() {
        let again = || json!({ "mean": [1], "loglik": [2], "points": { "mean": [3], "loglik": [4], "coverage": {} } });
        let mut told = again();
        forget_untold(&json!({ "mean": [1], "points": { "mean": [3] } }), &mut told);
        assert_eq!(told, json!({ "mean": [1], "points": { "mean": [3] } }));
        // What it did tell has to be the same.
        let mut told = again();
        forget_untold(&json!({ "loglik": [9], "points": { "loglik": [4], "coverage": {} } }), &mut told);
        assert_eq!(told, again());
    }
}
