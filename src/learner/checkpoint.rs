//! Checkpoints as learners write and read them: the words beside the tensors, and from these words the rule
//! by which a network adapts.

use std::path::Path;

use super::registry::Algorithm;
use super::settings::Training;
use crate::config::presentable;
use crate::model::{Adaptation, Checkpoint, CheckpointError, Metadata};

/// The rate of a checkpoint that names none: the notebook's, and what PyTorch's files are tested with.
const RATE: f64 = 0.01;

/// What a checkpoint says beside its tensors of how it was trained and adapts; [`read_checkpoint`] reads it
/// back.
pub fn metadata(algorithm: Algorithm, training: &Training) -> Vec<(&'static str, String)> {
    let rates =
        [("inner_lr", training.inner_lr.to_string()), ("inner_steps", training.inner_steps.to_string())];
    let used = rates.into_iter().filter(|(key, _)| algorithm.uses(key));
    let name = ("algorithm", algorithm.name().to_owned());
    std::iter::once(name).chain(used).collect()
}

/// Reads a checkpoint that adapts by the rule of the algorithm it names; one that names none (a plain MLP of
/// PyTorch's) adapts by SGD.
///
/// # Errors
/// As [`Checkpoint::read`], or if the algorithm or a rate is none.
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::read(path, &adaptation)
}

/// The same from the file's bytes; the error is a sentence for a person.
///
/// # Errors
/// As [`read_checkpoint`].
pub fn checkpoint_from_bytes(bytes: &[u8]) -> Result<Checkpoint, String> {
    Checkpoint::from_bytes(bytes, &adaptation)
}

/// What a checkpoint's words say of how it adapts; the error is a sentence for a person.
///
/// # Errors
/// If it names an algorithm that is not known here, or a rate or number of steps that is none.
fn adaptation(metadata: &Metadata) -> Result<Adaptation, String> {
    let number = |key: &str| {
        let Some(text) = metadata.get(key) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let refused = || format!("its {key} is \"{}\", which is no rate or count", presentable(text, 60));
        number.map(Some).ok_or_else(refused)
    };
    let (inner_lr, inner_steps) = (number("inner_lr")?, number("inner_steps")?);
    let (inner_lr, inner_steps) = (inner_lr.unwrap_or(RATE), inner_steps.unwrap_or(0.0) as usize);
    let Some(name) = metadata.get("algorithm") else { return Ok(Adaptation::sgd(inner_lr, inner_steps)) };
    let algorithm = Algorithm::find(name).ok_or_else(|| {
        let name = presentable(name, 60);
        format!("its algorithm is \"{name}\", which this version does not know: how it adapts is not known")
    })?;
    Ok(algorithm.adaptation(inner_lr, inner_steps))
}
