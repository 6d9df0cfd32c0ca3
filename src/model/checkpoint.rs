//! Weights as safetensors files, under the names and in the layout of PyTorch's `nn.Linear`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde_json::{Map, Value, json};

use super::adaptation::Adaptation;
use super::foreign::recognise;
use super::settings::{Activation, ModelSettings, Precision, WIDTHS};
use super::tensors::{Stored, TensorInfo, stored};
use super::weights::{Weights, tensors};
use crate::config::{presentable, read_given};

/// What a checkpoint says in words beside its tensors, name by name.
pub type Metadata = BTreeMap<String, String>;

/// The shape of the tensor of a name, where a file has one.
pub type Shapes<'a> = &'a dyn Fn(&str) -> Option<Vec<usize>>;

/// What a checkpoint's words, and the shapes of its tensors, say of how it adapts; the error is a sentence for
/// a person.
pub type HowItAdapts<'a> = &'a dyn Fn(&Metadata, Shapes<'_>) -> Result<Adaptation, String>;

/// Prefixes of tensor names in the files of other programs, which keep several networks in one.
const PREFIXES: [&str; 4] = ["", "weights.", "model.", "module."];

/// A file of this size is no checkpoint: the largest network on the menu takes 140 kB.
const LARGEST_FILE: u64 = 16 << 20;

/// Why a checkpoint could not be read, as a sentence for a person.
#[derive(Debug)]
pub enum CheckpointError {
    /// The file could not be read at all.
    Io(std::io::Error),
    /// The file is not a checkpoint of a network on the menu.
    Malformed(String),
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Malformed(what) => write!(f, "is not a usable checkpoint: {what}"),
        }
    }
}

impl std::error::Error for CheckpointError {}

/// Hidden layers a network may have.
const MOST_LAYERS: usize = 4;

impl Precision {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F64 => Dtype::F64,
        }
    }
}

/// A checkpoint's parameters and what it says of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The parameters, and how they adapt.
    pub weights: Weights,
    /// The words beside the tensors.
    pub metadata: Metadata,
}

impl Checkpoint {
    /// Reads a checkpoint; an absent `activation` in its metadata means relu.
    ///
    /// # Errors
    /// If the file cannot be read, is no safetensors file, or does not hold the tensors of a network
    /// on the menu, and of what its adaptation learns, in F32 or F64, and no others.
    pub fn read(path: &Path, adapts: HowItAdapts<'_>) -> Result<Self, CheckpointError> {
        let bytes = read_given(path, LARGEST_FILE).map_err(CheckpointError::Io)?;
        if bytes.len() as u64 > LARGEST_FILE {
            let mut what =
                format!("it is larger than {} MiB; the largest network here has 2", LARGEST_FILE >> 20);
            if let Some(other) = recognise(&bytes) {
                what = format!("{other} ({what})");
            }
            return Err(CheckpointError::Malformed(what));
        }
        Self::from_bytes(&bytes, adapts).map_err(CheckpointError::Malformed)
    }

    /// The same from the file's bytes; the error is a sentence for a person.
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn from_bytes(bytes: &[u8], adapts: HowItAdapts<'_>) -> Result<Self, String> {
        // What the crate says may quote the file at any length.
        let refused = |error: SafeTensorError| {
            if let Some(other) = recognise(bytes) {
                return other.to_owned();
            }
            let error = presentable(&error.to_string(), 200);
            format!("it is no safetensors file, or cut short ({error})")
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(refused)?;
        let file = SafeTensors::deserialize(bytes).map_err(refused)?;
        let metadata: Metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let activation = activation(&metadata)?;
        let mut contents: Vec<(String, TensorView<'_>)> = file.tensors();
        contents.sort_by(|(one, _), (other, _)| one.cmp(other));
        let place = |name: &str| {
            let place =
                |prefix| contents.iter().position(|(full, _)| full.strip_prefix(prefix) == Some(name));
            PREFIXES.into_iter().find_map(place)
        };
        let find = |name: &str| place(name).map(|place| &contents[place].1);
        let missing = |name: &str| {
            let found = listed(contents.iter());
            let names = if name.starts_with("hidden") || name.starts_with("out.") { NAMES } else { "" };
            format!("it has no tensor named {name}; it has {found}. {names}").trim_end().to_owned()
        };
        let adaptation = adapts(&metadata, &|name| find(name).map(|tensor| tensor.shape().to_vec()))?;
        let telling = adaptation.inner.tells_width();
        let bias = find(telling).ok_or_else(|| missing(telling))?;
        let hidden = bias.shape().first().copied().unwrap_or(0);
        if !WIDTHS.contains(&hidden) {
            return Err(format!("its hidden layers have {hidden} units; {} exist here", menu()));
        }
        let precision = match bias.dtype() {
            Dtype::F32 => Precision::F32,
            Dtype::F64 => Precision::F64,
            other => return Err(format!("its numbers are {other:?}; F32 and F64 are known")),
        };
        // The last hidden layer that anything belongs to: one that is left out before it is then missing.
        let reads = adaptation.inner.scale().is_some();
        let layers = match contents.iter().filter_map(|(name, _)| layer(name)).max() {
            _ if reads => ModelSettings::default().layers,
            most => most.unwrap_or(1),
        };
        if layers > MOST_LAYERS {
            return Err(format!(
                "its last layer is hidden{layers}; 1 to {MOST_LAYERS} hidden layers exist here"
            ));
        }
        let model = ModelSettings { layers, hidden, activation, precision };
        let tensors = tensors(&model, &adaptation);
        let mut used = vec![false; contents.len()];
        let mut values = vec![0.0; tensors.iter().map(TensorInfo::count).sum()];
        for stored in stored(&tensors) {
            let TensorInfo { name, shape, .. } = &stored.tensor;
            let place = place(name).ok_or_else(|| missing(name))?;
            used[place] = true;
            let tensor = &contents[place].1;
            if tensor.shape() != shape {
                let is = presentable(&format!("{:?}", tensor.shape()), 60);
                return Err(format!("{name} has shape {is} and should have {shape:?}"));
            }
            if tensor.dtype() != precision.dtype() {
                let (is, others) = (tensor.dtype(), precision.dtype());
                return Err(format!("{name} is {is:?} while {telling} is {others:?}"));
            }
            let places = stored.places();
            match precision {
                Precision::F32 => {
                    for (place, &bytes) in places.into_iter().zip(tensor.data().as_chunks().0) {
                        values[place] = f64::from(f32::from_le_bytes(bytes));
                    }
                }
                Precision::F64 => {
                    for (place, &bytes) in places.into_iter().zip(tensor.data().as_chunks().0) {
                        values[place] = f64::from_le_bytes(bytes);
                    }
                }
            }
        }
        let unused: Vec<_> =
            contents.iter().zip(&used).filter(|(_, used)| !**used).map(|(it, _)| it).collect();
        if !unused.is_empty() {
            return Err(format!(
                "it has tensors that are no part of its network{}, nor of how it adapts: {}. Nothing is left out of a \
                 network in silence; save it without them",
                if reads { String::new() } else { format!(", {}", model.shape_in_words()) },
                listed(unused.into_iter()),
            ));
        }
        Ok(Self { weights: Weights { model, adaptation, values }, metadata })
    }
}

/// What a network's tensors are called here.
const NAMES: &str = "Known are hidden1.weight, hidden1.bias, .., out.weight, out.bias";

/// The hidden layer, from 1, that a tensor of this name belongs to.
fn layer(name: &str) -> Option<usize> {
    let name = PREFIXES.into_iter().rev().find_map(|prefix| name.strip_prefix(prefix))?;
    let (layer, rest) = name.strip_prefix("hidden")?.split_once('.')?;
    ["weight", "bias"].contains(&rest).then(|| layer.parse().ok())?
}

/// Tensors with their shapes, as many as fit into a sentence.
fn listed<'a>(tensors: impl ExactSizeIterator<Item = &'a (String, TensorView<'a>)>) -> String {
    /// Characters of them all, and of one.
    const MOST: (usize, usize) = (120, 60);
    let all = tensors.len();
    let mut text = String::new();
    for (told, (name, tensor)) in tensors.enumerate() {
        let next = presentable(&format!("{name} {:?}", tensor.shape()), MOST.1);
        if !text.is_empty() && text.len() + next.len() > MOST.0 {
            return format!("{text} and {} more", all - told);
        }
        text = if text.is_empty() { next } else { format!("{text}, {next}") };
    }
    if text.is_empty() { "none at all".to_owned() } else { text }
}

/// The nonlinearity that a checkpoint's words name.
fn activation(metadata: &Metadata) -> Result<Activation, String> {
    let Some(name) = metadata.get("activation") else { return Ok(Activation::Relu) };
    let known = Activation::ALL.into_iter().find(|activation| activation.name() == name);
    known.ok_or_else(|| format!("its activation is \"{}\"; relu and tanh are known", presentable(name, 60)))
}

impl Weights {
    /// Its tensors as a file has them, with their numbers.
    pub fn stored(&self) -> Vec<(TensorInfo, Vec<f64>)> {
        let numbers = |stored: Stored| {
            let values = stored.places().into_iter().map(|place| self.values[place]).collect();
            (stored.tensor, values)
        };
        stored(&self.tensors()).into_iter().map(numbers).collect()
    }

    /// A checkpoint's bytes: every tensor, and `metadata` beside the activation. The same weights and
    /// metadata give the same bytes.
    pub fn to_bytes(&self, metadata: &[(&str, String)]) -> Vec<u8> {
        let ModelSettings { activation, precision, .. } = self.model;
        let said = match self.adaptation.inner.scale() {
            None => vec![("activation", activation.name().to_owned())],
            // It has relu everywhere.
            Some(scale) => scale.words().map(|(name, value)| (name, value.to_string())).to_vec(),
        };
        let units = self.adaptation.units;
        let units = units.words().map(|(name, value)| (name, value.to_string())).into_iter();
        let units = units.filter(|_| !self.adaptation.units.are_own());
        let words = said.into_iter().chain(units).chain(metadata.iter().cloned());
        safetensors(words, precision, &self.stored())
    }
}

/// The bytes of a safetensors file with these words and tensors. The header is written here: the safetensors crate keeps
/// metadata in a hash map and would order it differently every time.
pub fn safetensors<'w>(
    words: impl IntoIterator<Item = (&'w str, String)>,
    precision: Precision,
    tensors: &[(TensorInfo, Vec<f64>)],
) -> Vec<u8> {
    let strings: Map<String, Value> =
        words.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let mut header = Map::new();
    header.insert("__metadata__".into(), Value::Object(strings));
    let mut data = Vec::new();
    for (TensorInfo { name, shape, .. }, values) in tensors {
        let start = data.len();
        for value in values {
            match precision {
                Precision::F32 => data.extend((*value as f32).to_le_bytes()),
                Precision::F64 => data.extend(value.to_le_bytes()),
            }
        }
        let dtype = format!("{:?}", precision.dtype());
        let info = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, data.len()] });
        header.insert(name.clone(), info);
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // The format asks for data aligned to eight bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(data);
    bytes
}

/// The widths on the menu, as a list for a person.
fn menu() -> String {
    let widths: Vec<String> = WIDTHS.iter().map(usize::to_string).collect();
    widths.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(precision: Precision, layers: usize) -> Weights {
        let model = ModelSettings { layers, hidden: 16, activation: Activation::Tanh, precision };
        let values = (0..model.parameters()).map(|i| f64::from((i as f32).sin())).collect();
        Weights { model, adaptation: Adaptation::sgd(0.01, 1), values }
    }

    fn read(bytes: &[u8]) -> Result<Weights, String> {
        let sgd = |_: &Metadata, _: Shapes<'_>| Ok(Adaptation::sgd(0.01, 1));
        Checkpoint::from_bytes(bytes, &sgd).map(|checkpoint| checkpoint.weights)
    }

    #[test]
    fn comes_back_as_it_was() {
        for (precision, layers) in
            [(Precision::F32, 2), (Precision::F64, 2), (Precision::F32, 1), (Precision::F64, 4)]
        {
            let weights = weights(precision, layers);
            let bytes = weights.to_bytes(&[("seed", "3".into()), ("experiment", "a \"b\"\n".into())]);
            assert_eq!(bytes, weights.to_bytes(&[("seed", "3".into()), ("experiment", "a \"b\"\n".into())]));
            assert_eq!(read(&bytes), Ok(weights));
        }
    }

    #[test]
    fn the_crate_reads_our_header() {
        let bytes = weights(Precision::F32, 2).to_bytes(&[("step", "12".into())]);
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a valid header");
        let metadata = header.metadata().clone().expect("metadata");
        assert_eq!(metadata["step"], "12");
        assert_eq!(metadata["activation"], "tanh");
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = weights(Precision::F32, 2).to_bytes(&[]);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let with = |hidden: usize, layers: usize| {
            let mut weights = weights(Precision::F32, layers);
            weights.model.hidden = hidden;
            weights.values = vec![0.0; weights.model.parameters()];
            weights.to_bytes(&[])
        };
        let error = read(&with(8, 2)).expect_err("8 is off the menu");
        assert!(error.contains("8 units") && error.contains("40"), "{error}");
        let error = read(&with(16, 5)).expect_err("too deep");
        assert!(error.contains("hidden5; 1 to 4 hidden layers"), "{error}");
        let error = read(b"hello, world, this is text").expect_err("text");
        assert!(error.contains("safetensors"), "{error}");
    }
}
