//! What stands in the files of a run that others read: its settings and its checkpoint. Both follow from what the run
//! is and from its state, so that one that was lost or damaged is made again, to the bit.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::provenance::COMMIT;
use super::resume::{Header, Identity, LARGEST_FILE};
use super::seal::LARGEST_SETTINGS;
use crate::experiments::{RECORDED, recorded_toml};
use crate::learner::{checkpoint_from_bytes, metadata};
use crate::model::Weights;
use crate::study::files::read_own;
use crate::study::layout::{CHECKPOINT, SETTINGS, hex, settings_digest};
use crate::study::plan::Run;

/// A run's checkpoint.
pub fn checkpoint_bytes(run: &Run, weights: &Weights, kernel: &str) -> Vec<u8> {
    let Run { settings, seed, .. } = run;
    let mut words = metadata(settings.algorithm, &settings.training);
    words.extend([
        ("experiment", settings.name.clone()),
        ("seed", seed.to_string()),
        ("step", settings.total_steps().to_string()),
        ("metascope", env!("CARGO_PKG_VERSION").to_owned()),
        ("kernel", kernel.to_owned()),
        ("settings", settings_digest(settings)),
    ]);
    words.extend(COMMIT.map(|commit| ("commit", commit.to_owned())));
    weights.to_bytes(&words)
}

/// What a run is made with, as an experiments file.
pub fn settings_text(run: &Run, kernel: &str, identity: &Identity) -> String {
    let version = &identity.metascope;
    format!("{RECORDED} metascope {version}, kernels {kernel}.\n{}", recorded_toml(&run.settings, run.seed))
}

/// Whether the checkpoint is in the run's folder to the bit: the one that the saved state names, or, where it names
/// none, one with the same weights of another version.
pub fn has_its_checkpoint(folder: &Path, run: &Run, weights: &Weights, header: &Header) -> bool {
    let Ok(found) = read_own(&folder.join(CHECKPOINT), LARGEST_FILE) else { return false };
    if found == checkpoint_bytes(run, weights, &header.kernel) {
        return true;
    }
    let ours = format!("\"metascope\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let is_ours = || found.windows(ours.len()).any(|part| part == ours.as_bytes());
    let is_same = || checkpoint_from_bytes(&found).is_ok_and(|found| found.weights.values == weights.values);
    let sha256 = header.checkpoint_sha256.as_ref();
    sha256.map_or_else(|| !is_ours() && is_same(), |sha256| hex(&Sha256::digest(&found)) == *sha256)
}

/// The version that has written the settings in the folder of a run begun with these kernels; this one if they are
/// not as any version writes them.
pub fn version_of_settings(folder: &Path, kernel: &str) -> String {
    let found = read_own(&folder.join(SETTINGS), LARGEST_SETTINGS).unwrap_or_default();
    let first = found.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let version = std::str::from_utf8(first).ok().and_then(|line| {
        let version = line.strip_prefix(RECORDED)?.strip_prefix(" metascope ")?;
        version.strip_suffix(&format!(", kernels {kernel}."))
    });
    let is_version = |text: &&str| {
        (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
    };
    version.filter(is_version).unwrap_or(env!("CARGO_PKG_VERSION")).to_owned()
}
