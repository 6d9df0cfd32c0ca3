//! Parameters as plain numbers, with the way they are meant to adapt: what travels between threads, files
//! and the screen.

use super::adaptation::Adaptation;
use super::settings::ModelSettings;
use super::tensors::TensorInfo;

/// All that training moves of one network, outside any tape, and how the network adapts to a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Which network. `values` holds numbers of its precision exactly.
    pub model: ModelSettings,
    /// How it adapts: in training, in every test, on screen.
    pub adaptation: Adaptation,
    /// The network's parameters and then the meta-parameters of its adaptation, tensor after tensor in
    /// checkpoint order, each row after row.
    pub values: Vec<f64>,
}

impl Weights {
    /// The tensors that `values` holds, in order.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        tensors(&self.model, &self.adaptation)
    }

    /// The network alone, to be adapted by SGD of the whole of it; a context stays 0.
    pub fn plain(&self) -> Self {
        let Self { model, adaptation, values } = self;
        let values = values[..model.parameters()].to_vec();
        let adaptation =
            Adaptation::sgd(adaptation.inner_lr, adaptation.inner_steps).in_units(adaptation.units);
        Self { model: *model, adaptation, values }
    }
}

/// The tensors of a network and of what its adaptation learns, in checkpoint order.
pub fn tensors(model: &ModelSettings, adaptation: &Adaptation) -> Vec<TensorInfo> {
    [adaptation.inner.network(model), adaptation.tensors(model)].concat()
}

/// How many numbers these hold.
pub fn count(model: &ModelSettings, adaptation: &Adaptation) -> usize {
    tensors(model, adaptation).iter().map(TensorInfo::count).sum()
}
