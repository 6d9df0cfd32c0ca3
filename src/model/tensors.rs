//! Names, shapes and order of a network's tensors: those of PyTorch's `nn.Linear`, a layer's weight before
//! its bias, from the input to the output. Checkpoints, resume files, snapshots and the outer optimiser
//! hold parameters in this order, so a flat vector of them means the same everywhere.

use super::settings::ModelSettings;

/// A tensor as a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// `hidden1.weight` and so on.
    pub name: String,
    /// Its dimensions, outermost first; a linear layer's weight is `[out, in]`.
    pub shape: Vec<usize>,
    /// Where it lies in the file's tensor of its name, if it is not the first of this name.
    pub join: Join,
}

/// How tensors of one name are one tensor in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Columns beside those of the tensors before.
    Beside,
    /// Rows below those of the tensors before.
    Below,
}

impl TensorInfo {
    /// A tensor of this name and shape.
    pub fn new(name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        Self { name: name.into(), shape: shape.into(), join: Join::Beside }
    }

    /// How many numbers it holds.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl ModelSettings {
    /// The tensors of the network itself: `hidden1.weight [H,1]`, `hidden1.bias [H]`, for each further
    /// hidden layer `[H,H]` and `[H]`, and `out.weight [1,H]`, `out.bias [1]`.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let Self { layers, hidden, .. } = *self;
        let mut tensors = Vec::with_capacity(self.tensor_count());
        for layer in 0..=layers {
            let name = if layer < layers { format!("hidden{}", layer + 1) } else { "out".to_owned() };
            let inputs = if layer == 0 { 1 } else { hidden };
            let outputs = if layer < layers { hidden } else { 1 };
            tensors.push(TensorInfo::new(format!("{name}.weight"), [outputs, inputs]));
            tensors.push(TensorInfo::new(format!("{name}.bias"), [outputs]));
        }
        tensors
    }

    /// How many tensors these are.
    pub fn tensor_count(&self) -> usize {
        2 * (self.layers + 1)
    }

    /// How many numbers these hold: the network's parameters.
    pub fn parameters(&self) -> usize {
        let Self { layers, hidden, .. } = *self;
        (layers - 1) * (hidden * hidden + hidden) + 3 * hidden + 1
    }

    /// The network as people write it: `1-40-40-1`.
    pub fn shape_in_words(&self) -> String {
        format!("1-{}1", format!("{}-", self.hidden).repeat(self.layers))
    }
}

/// A tensor of a file, made of one or several tensors here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// As the file has it.
    pub tensor: TensorInfo,
    parts: Vec<Part>,
}

/// One of the tensors that a tensor of a file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// The place in a flat vector where it begins.
    from: usize,
    /// Its first row and column in the file's tensor.
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

/// The tensors of a file that holds these: those of one name are one there, as [`Join`] says (the context's columns of
/// a first layer's weight are tensors of their own here).
pub fn stored(tensors: &[TensorInfo]) -> Vec<Stored> {
    let mut stored: Vec<Stored> = Vec::with_capacity(tensors.len());
    let mut from = 0;
    for tensor in tensors {
        let (rows, columns) = (tensor.shape[0], tensor.shape.get(1).copied().unwrap_or(1));
        match stored.iter_mut().find(|other| other.tensor.name == tensor.name) {
            Some(Stored { tensor: whole, parts }) => {
                let (row, column) = match tensor.join {
                    Join::Beside => (0, whole.shape[1]),
                    Join::Below => (whole.shape[0], 0),
                };
                match tensor.join {
                    Join::Beside => whole.shape[1] += columns,
                    Join::Below => whole.shape[0] += rows,
                }
                parts.push(Part { from, row, column, rows, columns });
            }
            None => stored.push(Stored {
                tensor: tensor.clone(),
                parts: vec![Part { from, row: 0, column: 0, rows, columns }],
            }),
        }
        from += tensor.count();
    }
    stored
}

impl Stored {
    /// The places of its numbers in a flat vector, in the order of the file.
    pub fn places(&self) -> Vec<usize> {
        let columns = self.tensor.shape.get(1).copied().unwrap_or(1);
        let mut places = vec![0; self.tensor.count()];
        for part in &self.parts {
            for row in 0..part.rows {
                for column in 0..part.columns {
                    let place = (part.row + row) * columns + part.column + column;
                    places[place] = part.from + row * part.columns + column;
                }
            }
        }
        places
    }
}

/// The slices of a flat vector that belong to tensors of these sizes, one after another.
pub fn split_mut<E>(
    flat: &mut [E],
    sizes: impl IntoIterator<Item = usize>,
) -> impl Iterator<Item = &mut [E]> {
    let mut rest = flat;
    sizes.into_iter().map(move |size| {
        let (tensor, tail) = std::mem::take(&mut rest).split_at_mut(size);
        rest = tail;
        tensor
    })
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Activation, Precision};
    use super::*;

    #[test]
    fn names_shapes_and_counts_agree() {
        for layers in 1..=4 {
            let (activation, precision) = (Activation::Relu, Precision::F32);
            let model = ModelSettings { layers, hidden: 40, activation, precision };
            let tensors = model.tensors();
            assert_eq!(tensors.len(), model.tensor_count());
            assert_eq!(tensors.iter().map(TensorInfo::count).sum::<usize>(), model.parameters());
        }
        let (activation, precision) = (Activation::Relu, Precision::F32);
        let model = ModelSettings { layers: 2, hidden: 40, activation, precision };
        let names: Vec<String> = model.tensors().into_iter().map(|tensor| tensor.name).collect();
        let expected =
            ["hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias", "out.weight", "out.bias"];
        assert_eq!(names, expected);
        assert_eq!((model.parameters(), model.shape_in_words().as_str()), (1761, "1-40-40-1"));
    }

    #[test]
    fn tensors_of_one_name_are_one() {
        let tensors = [("a", [2, 1]), ("b", [1, 2]), ("a", [2, 2])].map(|(n, s)| TensorInfo::new(n, s));
        let stored = stored(&tensors);
        assert_eq!(stored.len(), 2);
        let below = tensors.clone().map(|tensor| TensorInfo { join: Join::Below, ..tensor });
        assert_eq!(super::stored(&below[1..])[1].tensor.shape, [2, 2]);
        let (one, two) =
            (TensorInfo::new("b", [1]), TensorInfo { join: Join::Below, ..TensorInfo::new("b", [2]) });
        let vector = super::stored(&[one, TensorInfo::new("c", [1]), two]);
        assert_eq!((&vector[0].tensor.shape[..], vector[0].places()), (&[3][..], vec![0, 2, 3]));
        assert_eq!((&stored[0].tensor.name[..], &stored[0].tensor.shape[..]), ("a", &[2, 3][..]));
        assert_eq!(stored[0].places(), [0, 4, 5, 1, 6, 7]);
        assert_eq!(stored[1].places(), [2, 3]);
    }
}
