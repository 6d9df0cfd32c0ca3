//! A network that reads, as a way to adapt.

use super::adaptation::{Inner, InnerLoop, InnerSettings, in_both_precisions};
use super::layer::Layer;
use super::reader::{Network, Scale};
use super::scalar::Scalar;
use super::settings::ModelSettings;
use super::tensors::TensorInfo;
use crate::task::Stream;

/// A network that reads at a scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<N> {
    /// The network.
    pub network: N,
    /// The scale.
    pub scale: Scale,
}

impl<N: Network> Reading<N> {
    fn inner_loop<E: Scalar>(&self, _: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Reads(Box::new(self.network.clone()), self.scale)
    }
}

impl<N: Network> Inner for Reading<N> {
    fn network(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        self.network.layers(model.hidden).iter().flat_map(Layer::tensors).collect()
    }

    fn initial_network(&self, model: &ModelSettings, stream: &mut Stream) -> Vec<f64> {
        self.network.layers(model.hidden).iter().flat_map(|layer| layer.initial(stream)).collect()
    }

    fn tells_width(&self) -> &'static str {
        self.network.tells_width()
    }

    fn scale(&self) -> Option<Scale> {
        Some(self.scale)
    }

    fn has_rate(&self) -> bool {
        false
    }

    fn has_order(&self) -> bool {
        false
    }

    in_both_precisions!(inner_loop);
}
