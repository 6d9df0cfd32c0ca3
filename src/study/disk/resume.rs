//! The file a run goes on from: everything its next step depends on, and how much of its log belongs
//! to it. One file, replaced whole and carrying its own checksum, so there is never a half of it.
//!
//! ```text
//! metascope resume 1\n
//! {"step":..,"log_bytes":..,"log_sha256":..,"identity":{..},...}\n
//! weights, first moments, second moments as little-endian f64 (exact for f32 too)
//! SHA-256 of everything before
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::presentable;
use crate::experiments::Experiment;
use crate::learner::State;
use crate::model::{self, Weights};
use crate::study::layout::settings_digest;
use crate::task::Position;

/// The first line of a file this version reads and writes.
const MAGIC: &str = "metascope resume 1";
/// A file of this size is none of ours: the largest network's takes half a MiB.
pub const LARGEST_FILE: u64 = 16 << 20;

/// Where a run was interrupted.
#[derive(Clone, Debug, PartialEq)]
pub struct Resume {
    /// Everything but the numbers.
    pub header: Header,
    /// What the learner goes on from.
    pub state: State,
}

/// What is written as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The kernels that computed it; others would give other bits.
    pub kernel: String,
    /// Outer steps taken.
    pub step: u64,
    /// Sum of the training losses since the last progress event. As bits, so that it comes back as it was.
    pub loss_sum_bits: u64,
    /// How many losses that is the sum of.
    pub losses: u64,
    /// How many bytes of the log belong to this state.
    pub log_bytes: u64,
    /// Their SHA-256.
    pub log_sha256: String,
    /// Seconds spent on the run so far.
    pub seconds: f64,
    /// Which run it is; absent in what was written before there was this. Filled in by who writes the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// SHA-256 of the checkpoint, once there is one. Filled in by who writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_sha256: Option<String>,
    adam_steps: u64,
    position: Position,
}

/// Which run a file belongs to, wherever it is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// SHA-256 of all settings but the seeds.
    pub settings: String,
    /// The run's seed.
    pub seed: u64,
    /// The version that began it, which its settings file names.
    pub metascope: String,
    /// The arithmetic that it was begun with.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub arithmetic: u32,
}

/// The arithmetic of all that does not name one.
pub const fn first() -> u32 {
    1
}

fn is_first(arithmetic: &u32) -> bool {
    *arithmetic == first()
}

impl Identity {
    /// Of a run that this version begins.
    pub fn new(settings: &Experiment, seed: u64) -> Self {
        let metascope = env!("CARGO_PKG_VERSION").to_owned();
        Self { settings: settings_digest(settings), seed, metascope, arithmetic: settings.arithmetic() }
    }
}

/// Why a resume file is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Cut short, flipped bits, something else altogether: the run starts over.
    Damaged,
    /// Whole, and of a run of other settings.
    Foreign,
    /// Written by a version that this one does not know: for a person to decide.
    Newer(String),
}

impl Header {
    /// Of a learner's state; the log's part is filled in by who writes the log.
    pub fn new(kernel: &str, step: u64, loss_sum: f64, losses: u64, seconds: f64, state: &State) -> Self {
        Self {
            kernel: kernel.to_owned(),
            step,
            loss_sum_bits: loss_sum.to_bits(),
            losses,
            log_bytes: 0,
            log_sha256: String::new(),
            seconds,
            identity: None,
            checkpoint_sha256: None,
            adam_steps: state.steps,
            position: state.position,
        }
    }
}

impl Resume {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = serde_json::to_string(&self.header).expect("a header is plain data");
        let mut bytes = format!("{MAGIC}\n{header}\n").into_bytes();
        let [first, second] = &self.state.moments;
        for value in self.state.weights.values.iter().chain(first).chain(second) {
            bytes.extend(value.to_le_bytes());
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// Reads what [`Resume::to_bytes`] wrote, for a run of these settings.
    ///
    /// # Errors
    /// If it is damaged, of another experiment, or of a format that is not known here.
    pub fn from_bytes(bytes: &[u8], settings: &Experiment) -> Result<Self, Unusable> {
        let (body, checksum) = bytes.split_last_chunk::<32>().ok_or(Unusable::Damaged)?;
        if Sha256::digest(body)[..] != checksum[..] {
            return Err(Unusable::Damaged);
        }
        let mut parts = body.splitn(3, |&byte| byte == b'\n');
        let mut part = || parts.next().ok_or(Unusable::Damaged);
        let (magic, header, numbers) = (part()?, part()?, part()?);
        if magic != MAGIC.as_bytes() {
            // The checksum is right, so this is whole, and not ours.
            return Err(Unusable::Newer(presentable(&String::from_utf8_lossy(magic), 60)));
        }
        let header: Header = serde_json::from_slice(header).map_err(|_| Unusable::Damaged)?;
        if header.identity.as_ref().is_some_and(|identity| identity.settings != settings_digest(settings)) {
            return Err(Unusable::Foreign);
        }
        let steps = header.step;
        if steps > settings.total_steps() || header.losses > steps || header.adam_steps != steps {
            return Err(Unusable::Damaged);
        }
        let adaptation = settings.adaptation();
        let count = model::count(&settings.model, &adaptation);
        let (numbers, rest) = numbers.as_chunks::<8>();
        if numbers.len() != 3 * count || !rest.is_empty() {
            return Err(Unusable::Damaged);
        }
        let mut vectors = numbers
            .chunks_exact(count)
            .map(|vector| vector.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect::<Vec<f64>>());
        let mut vector = || vectors.next().ok_or(Unusable::Damaged);
        let weights = Weights { model: settings.model, adaptation, values: vector()? };
        let moments = [vector()?, vector()?];
        let position = header.position;
        Ok(Self { header, state: State { weights, moments, steps, position } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;
    use crate::model::Kernels;

    fn example() -> (Experiment, Resume) {
        let text = "[[experiment]]\nname = \"x\"\nalgorithm = \"maml\"\nmodel = { hidden = 16 }\n";
        let settings = parse("x", None, text).expect("a good file").experiments.remove(0);
        let mut trainer = settings.trainer(1, Kernels::fastest());
        (0..5).for_each(|_| {
            trainer.outer_step().expect("a step");
        });
        let state = trainer.state();
        (settings, Resume { header: Header::new("avx2+fma", 5, 0.1 + 0.2, 5, 0.5, &state), state })
    }

    #[test]
    fn comes_back_as_it_was() {
        let (settings, resume) = example();
        assert_eq!(Resume::from_bytes(&resume.to_bytes(), &settings), Ok(resume));
    }

    #[test]
    fn what_belongs_to_other_settings_is_told_from_damage() {
        let (settings, mut resume) = example();
        resume.header.identity = Some(Identity::new(&settings, 3));
        assert_eq!(Resume::from_bytes(&resume.to_bytes(), &settings), Ok(resume.clone()));
        let mut other = settings;
        other.training.outer_lr *= 2.0;
        assert_eq!(Resume::from_bytes(&resume.to_bytes(), &other), Err(Unusable::Foreign));
        // Before there was an identity there was nothing to tell by.
        resume.header.identity = None;
        let bytes = resume.to_bytes();
        assert!(!String::from_utf8_lossy(&bytes).contains("identity"));
        assert_eq!(Resume::from_bytes(&bytes, &other), Ok(resume));
    }

    #[test]
    fn any_damage_is_seen() {
        let (settings, resume) = example();
        let bytes = resume.to_bytes();
        for length in (0..bytes.len()).step_by(7) {
            assert_eq!(Resume::from_bytes(&bytes[..length], &settings), Err(Unusable::Damaged));
        }
        for at in (0..bytes.len()).step_by(11) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert_eq!(Resume::from_bytes(&flipped, &settings), Err(Unusable::Damaged), "byte {at}");
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage_and_cannot_drive_the_terminal() {
        let (settings, resume) = example();
        let bytes = resume.to_bytes();
        let rest = &bytes[MAGIC.len()..bytes.len() - 32];
        for (magic, shown) in [
            ("metascope resume 2", "metascope resume 2".to_owned()),
            ("metascope\u{1b}[2J", "metascope\\u{1b}[2J".to_owned()),
            (&"m".repeat(100), "m".repeat(60) + "…"),
        ] {
            let mut bytes = [magic.as_bytes(), rest].concat();
            let checksum = Sha256::digest(&bytes);
            bytes.extend(checksum);
            assert_eq!(Resume::from_bytes(&bytes, &settings), Err(Unusable::Newer(shown)));
        }
    }

    #[test]
    fn counts_that_no_run_comes_to_are_damage() {
        let (settings, resume) = example();
        let beyond = settings.total_steps() + 1;
        let changes: [fn(&mut Header, u64); 4] = [
            |header, beyond| (header.step, header.adam_steps) = (beyond, beyond),
            |header, _| header.step += 1,
            |header, _| header.adam_steps = u64::MAX,
            |header, _| header.losses = u64::MAX,
        ];
        for change in changes {
            let mut changed = resume.clone();
            change(&mut changed.header, beyond);
            assert_eq!(Resume::from_bytes(&changed.to_bytes(), &settings), Err(Unusable::Damaged));
        }
    }
}
