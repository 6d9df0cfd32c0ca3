//! Checkpoints as learners write and read them: the words beside the tensors, and from these words the rule
//! by which a network adapts.

use std::path::Path;

use super::registry::Algorithm;
use super::settings::Training;
use crate::config::{Values, presentable};
use crate::model::{Adaptation, Checkpoint, CheckpointError, Metadata, Scale, Shapes};
use crate::task::Units;

/// The rate of a checkpoint that names none: the notebook's, and what PyTorch's files are tested with.
const RATE: f64 = 0.01;

/// What a checkpoint says beside its tensors of how it was trained and adapts; [`read_checkpoint`] reads it
/// back.
pub fn metadata(algorithm: Algorithm, training: &Training) -> Vec<(&'static str, String)> {
    let rates =
        [("inner_lr", training.inner_lr.to_string()), ("inner_steps", training.inner_steps.to_string())];
    let used = rates.into_iter().filter(|(key, _)| algorithm.uses(key));
    let own = training.own.iter().map(|(name, value)| (name, value.in_words()));
    let name = ("algorithm", algorithm.name().to_owned());
    std::iter::once(name).chain(used).chain(own).collect()
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

/// What a checkpoint's words, and the shapes of its tensors, say of how it adapts; the error is a sentence for
/// a person.
///
/// # Errors
/// If it names an algorithm that is not known here, or a setting of it has no such value.
fn adaptation(metadata: &Metadata, shape: Shapes<'_>) -> Result<Adaptation, String> {
    Ok(in_units_of_their_own(metadata, shape)?.in_units(units(metadata)?))
}

/// The units that points are brought to, in which nothing is changed where a checkpoint says nothing of them.
fn units(metadata: &Metadata) -> Result<Units, String> {
    let mut units = Units::default();
    let ([x_mean, x_deviation], [y_mean, y_deviation]) = (&mut units.x, &mut units.y);
    let named = [
        ("x_mean", x_mean, f64::MIN),
        ("x_deviation", x_deviation, f64::MIN_POSITIVE),
        ("y_mean", y_mean, f64::MIN),
        ("y_deviation", y_deviation, f64::MIN_POSITIVE),
    ];
    for (key, value, least) in named {
        let Some(text) = metadata.get(key) else { continue };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= least);
        *value = number.ok_or_else(|| {
            format!("its {key} is \"{}\", which is no unit of points", presentable(text, 60))
        })?;
    }
    Ok(units)
}

fn in_units_of_their_own(metadata: &Metadata, shape: Shapes<'_>) -> Result<Adaptation, String> {
    let number = |key: &str| {
        let Some(text) = metadata.get(key) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let refused = || format!("its {key} is \"{}\", which is no rate or count", presentable(text, 60));
        number.map(Some).ok_or_else(refused)
    };
    let (inner_lr, inner_steps) = (number("inner_lr")?, number("inner_steps")?);
    let inner_steps = inner_steps.unwrap_or(0.0) as usize;
    let settings = Training { inner_lr: inner_lr.unwrap_or(RATE), inner_steps, ..Training::default() };
    let Some(name) = metadata.get("algorithm") else {
        return Ok(Adaptation::sgd(settings.inner_lr, inner_steps));
    };
    let algorithm = Algorithm::find(name).ok_or_else(|| {
        let name = presentable(name, 60);
        format!("its algorithm is \"{name}\", which this version does not know: how it adapts is not known")
    })?;
    if algorithm.reads_answers() {
        return Err(
            "it holds no network: its run was tested on answers of another program, which its settings name"
                .to_owned(),
        );
    }
    let own = own_settings(algorithm, metadata)?;
    let mut settings = Training { own, ..settings };
    algorithm.read_tensors(&mut settings, shape);
    let mut scale = Scale::default();
    for (key, value) in
        [("x_center", &mut scale.x_center), ("x_scale", &mut scale.x_scale), ("y_scale", &mut scale.y_scale)]
    {
        let Some(text) = metadata.get(key) else { continue };
        let least = if key == "x_center" { f64::MIN } else { f64::MIN_POSITIVE };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= least);
        *value =
            number.ok_or_else(|| format!("its {key} is \"{}\", which is no scale", presentable(text, 60)))?;
    }
    Ok(algorithm.adaptation(&settings, scale))
}

/// The algorithm's own settings as a checkpoint has them, in words; the defaults where it has none.
fn own_settings(algorithm: Algorithm, metadata: &Metadata) -> Result<Values, String> {
    let keys = algorithm.own_keys();
    let mut values = Vec::new();
    for key in keys {
        let Some(text) = metadata.get(key.name()) else { continue };
        let value = key.domain().read_word(text).ok_or_else(|| {
            let (text, domain) = (presentable(text, 60), key.domain().in_words());
            format!("its {} is \"{text}\" and must be {domain}", key.name())
        })?;
        values.push((*key, value));
    }
    Ok(values.into_iter().collect::<Values>().of(keys))
}
