//! What a run that another process has finished has come to, read without claiming it: where a study is shared
//! every process knows every run in the end, and there may be thousands of them.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::follow::last_written;
use super::past::{Progress, what_counts};
use super::resume::LARGEST_FILE;
use super::seal;
use crate::model::Weights;
use crate::study::event::Event;
use crate::study::files::read_own;
use crate::study::layout::{CHECKPOINT, LOG, hex, run_folder};
use crate::study::plan::Run;

/// A run that is done, and whose folder is whole.
pub struct Finished {
    /// Its tests and its end.
    pub events: Vec<Event>,
    /// The trained weights.
    pub weights: Weights,
    /// When its log was written to last, in seconds since 1970.
    pub at: u64,
}

/// What a run has come to with all the test sets that it is asked for. `None` where it has not, where its files
/// do not prove it, or where something in its folder has to be put right first.
pub fn finished(study_folder: &Path, run: &Run) -> Option<Finished> {
    let folder = run_folder(study_folder, run);
    let at = last_written(study_folder, run);
    let sealed = seal::read_outcome(&folder, &run.settings, run.seed).ok()?;
    if !sealed.is_verified() || !sealed.is_finished() {
        return None;
    }
    let logged = fs::symlink_metadata(folder.join(LOG)).ok()?.len();
    if logged != sealed.log.len() as u64 {
        // A process that stood still while another finished the run has written on.
        return None;
    }
    let checkpoint = read_own(&folder.join(CHECKPOINT), LARGEST_FILE).ok()?;
    if sealed.resume.header.checkpoint_sha256? != hex(&Sha256::digest(&checkpoint)) {
        return None;
    }
    let (events, progress) = what_counts(sealed.events, &run.settings);
    (progress == Progress::Done).then_some(Finished { events, weights: sealed.resume.state.weights, at })
}
