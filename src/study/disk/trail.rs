//! A run's past: its parameters at some two hundred log-spaced steps, because a network learns most of
//! what it learns at the start. They are for looking at, so nothing goes on from them: a hole does no harm to a
//! result. It is said by whoever takes the run up, and `verify --repair` makes it good.
//!
//! `snapshots.bin` holds a record a landmark, at the place its number gives it:
//!
//! ```text
//! the step as little-endian u64
//! the parameters in checkpoint order, as little-endian f32 or f64
//! the first 8 bytes of the SHA-256 of a word for the format and of everything before
//! ```
//!
//! Which steps these are and how long a record is follows from the run's settings alone. A run that goes
//! on from an earlier state writes the same bytes to the same places again.

use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::experiments::Experiment;
use crate::model::{self, Adaptation, ModelSettings, Precision, Weights};
use crate::study::files::open_own;
use crate::study::layout::SNAPSHOTS;
use crate::study::snapshot::Snapshot;

/// Most landmarks a run has.
pub const MOST_LANDMARKS: usize = 200;
/// Goes into every checksum: a record of another format is none.
const FORMAT: &[u8] = b"metascope snapshots 1";
/// Bytes of a checksum, and of the step.
const WORD: usize = 8;
/// Bytes that the pasts of all runs take together where no file holds them.
const MEMORY: usize = 64 << 20;

/// The steps of a run of this many outer steps at which its parameters are kept: ascending, the first is
/// 0, the last is `total`, every step at first and then at nearly equal ratios.
pub fn landmarks(total: u64) -> Vec<u64> {
    let walk = |divisor: u64| {
        let mut steps = vec![0];
        let mut step = 0_u64;
        while step < total && steps.len() <= MOST_LANDMARKS {
            // In whole numbers, so that every machine keeps the same steps.
            step = step.saturating_add((step / divisor).max(1)).min(total);
            steps.push(step);
        }
        steps
    };
    let finest = (1..=32).rev().map(walk).find(|steps| steps.len() <= MOST_LANDMARKS);
    finest.unwrap_or_else(|| vec![0, total])
}

/// Where a run's snapshots belong and what they look like as bytes.
#[derive(Clone, Debug)]
pub struct Trail {
    landmarks: Vec<u64>,
    model: ModelSettings,
    adaptation: Adaptation,
    record_length: usize,
}

impl Trail {
    /// Of a run of these settings.
    pub fn new(settings: &Experiment) -> Self {
        let (model, adaptation) = (settings.model, settings.adaptation());
        let number = match model.precision {
            Precision::F32 => 4,
            Precision::F64 => 8,
        };
        let record_length = 2 * WORD + number * model::count(&model, &adaptation);
        Self { landmarks: landmarks(settings.total_steps()), model, adaptation, record_length }
    }

    /// Landmarks of the run.
    pub fn len(&self) -> usize {
        self.landmarks.len()
    }

    /// The number of the first landmark at or after `step`, and its step; `None` after the last.
    pub fn next(&self, step: u64) -> Option<(usize, u64)> {
        let number = self.landmarks.partition_point(|landmark| *landmark < step);
        self.landmarks.get(number).map(|landmark| (number, *landmark))
    }

    /// Bytes of a record.
    pub fn record_length(&self) -> usize {
        self.record_length
    }

    /// The record of these parameters.
    pub fn record(&self, step: u64, weights: &Weights) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.record_length());
        bytes.extend(step.to_le_bytes());
        for &value in &weights.values {
            match self.model.precision {
                // Exact: these are that type's numbers.
                Precision::F32 => bytes.extend((value as f32).to_le_bytes()),
                Precision::F64 => bytes.extend(value.to_le_bytes()),
            }
        }
        bytes.extend(checksum(&bytes));
        bytes
    }

    /// The snapshot in a record; `None` if it is damaged or another landmark's.
    pub fn snapshot(&self, number: usize, record: &[u8]) -> Option<Snapshot> {
        let (body, found) = record.split_last_chunk::<WORD>()?;
        let (step, numbers) = body.split_first_chunk::<WORD>()?;
        let step = u64::from_le_bytes(*step);
        let whole = record.len() == self.record_length() && checksum(body) == *found;
        if !whole || self.landmarks.get(number) != Some(&step) {
            return None;
        }
        let values = match self.model.precision {
            Precision::F32 => {
                numbers.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes).into()).collect()
            }
            Precision::F64 => numbers.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        };
        let (model, adaptation) = (self.model, self.adaptation.clone());
        Some(Snapshot { step, weights: Weights { model, adaptation, values } })
    }

    /// The snapshot of a landmark in a run's folder, or of the last one before it that is whole.
    pub fn read(&self, folder: &Path, number: usize) -> Option<Snapshot> {
        let file = open_own(&folder.join(SNAPSHOTS)).ok()?;
        let mut record = vec![0; self.record_length()];
        (0..=number).rev().find_map(|number| {
            file.read_exact_at(&mut record, self.offset(number)).ok()?;
            self.snapshot(number, &record)
        })
    }

    /// How many of the snapshots up to a step are not in a run's folder, or are damaged there.
    pub fn missing(&self, folder: &Path, step: u64) -> usize {
        let due = self.landmarks.partition_point(|landmark| *landmark <= step);
        let Ok(file) = open_own(&folder.join(SNAPSHOTS)) else { return due };
        let mut record = vec![0; self.record_length()];
        let mut is_whole = |number: &usize| {
            file.read_exact_at(&mut record, self.offset(*number)).is_ok()
                && self.snapshot(*number, &record).is_some()
        };
        (0..due).filter(|number| !is_whole(number)).count()
    }

    /// Whether the file of a run's past is shorter than that of a whole one or has less on the disk than its length: a
    /// look at it that costs nothing. A power cut leaves holes; a disk that compresses only has it read.
    pub fn is_doubtful(&self, folder: &Path) -> bool {
        let found = open_own(&folder.join(SNAPSHOTS)).ok().and_then(|file| file.metadata().ok());
        found.is_none_or(|found| found.len() < self.offset(self.len()) || found.blocks() * 512 < found.len())
    }

    /// The place of a landmark's record in the bytes of the file, if they go that far.
    pub fn record_in<'a>(&self, bytes: &'a [u8], number: usize) -> Option<&'a [u8]> {
        let from = number.checked_mul(self.record_length())?;
        bytes.get(from..from.checked_add(self.record_length())?)
    }

    /// The steps at which snapshots are kept.
    pub fn steps(&self) -> &[u64] {
        &self.landmarks
    }

    /// Where the record of a landmark begins.
    pub fn offset(&self, number: usize) -> u64 {
        number as u64 * self.record_length() as u64
    }

    /// Of how many landmarks one is kept where no file holds the past of these runs.
    pub fn stride<'a>(all: impl Iterator<Item = &'a Self>) -> usize {
        let bytes: usize = all.map(|trail| trail.len() * trail.record_length()).sum();
        bytes.div_ceil(MEMORY).max(1)
    }
}

fn checksum(bytes: &[u8]) -> [u8; WORD] {
    let digest = Sha256::new_with_prefix(FORMAT).chain_update(bytes).finalize();
    std::array::from_fn(|at| digest[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;

    #[test]
    fn landmarks_are_few_and_spread_by_ratio() {
        for total in [0, 1, 2, 7, 40, 199, 200, 201, 1_000, 40_000, 70_000, 1_000_000, u64::MAX / 2] {
            let steps = landmarks(total);
            assert!(steps.len() <= MOST_LANDMARKS, "{total}: {}", steps.len());
            assert_eq!((steps[0], steps[steps.len() - 1]), (0, total));
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
            if total >= 1_000 {
                assert!(steps.len() > 100, "{total}: {}", steps.len());
                assert!(steps.windows(2).skip(40).all(|pair| pair[1] as f64 / (pair[0] as f64) < 1.4));
            }
        }
    }

    #[test]
    fn a_hole_in_the_middle_is_seen_without_reading() {
        let text = "[[experiment]]\nname = \"x\"\nalgorithm = \"maml\"\nmodel = { hidden = 16 }\n";
        let settings = parse("x", None, text).expect("a good file").experiments.remove(0);
        let (trail, folder) = (Trail::new(&settings), tempfile::tempdir().expect("a temporary folder"));
        let weights = settings.trainer(1, model::Kernels::fastest()).weights();
        let last = settings.total_steps();
        for (hole, missing) in [(0..0, 0), (50..80, 30)] {
            let file = std::fs::File::create(folder.path().join(SNAPSHOTS)).expect("made");
            for (number, step) in
                trail.steps().iter().enumerate().filter(|(number, _)| !hole.contains(number))
            {
                file.write_all_at(&trail.record(*step, &weights), trail.offset(number)).expect("written");
            }
            file.sync_all().expect("on the disk");
            assert_eq!(trail.is_doubtful(folder.path()), missing > 0, "{hole:?}");
            assert_eq!(trail.missing(folder.path(), last), missing);
        }
    }

    #[test]
    fn a_record_comes_back_and_damage_is_seen() {
        for precision in ["f32", "f64"] {
            let text = format!(
                "[[experiment]]\nname = \"x\"\nalgorithm = \"maml\"\nouter_steps = 100\n\
                 model = {{ hidden = 16, precision = \"{precision}\" }}\n"
            );
            let settings = parse("x", None, &text).expect("a good file").experiments.remove(0);
            let trail = Trail::new(&settings);
            let (number, step) = trail.next(38).expect("a landmark");
            let weights = settings.trainer(1, model::Kernels::fastest()).weights();
            let record = trail.record(step, &weights);
            assert_eq!(record.len(), trail.record_length());
            let back = trail.snapshot(number, &record).expect("whole");
            assert_eq!((back.step, back.weights), (step, weights));
            assert!(trail.snapshot(number + 1, &record).is_none(), "another landmark's");
            for at in (0..record.len()).step_by(13) {
                let mut flipped = record.clone();
                flipped[at] ^= 1 << (at % 8);
                assert!(trail.snapshot(number, &flipped).is_none(), "byte {at}");
            }
            assert!(trail.snapshot(number, &record[..record.len() - 1]).is_none());
        }
    }
}
