//! What the learners share whose networks read: their setting, the last layer, and how they are said to adapt.

use std::sync::Arc;

use super::outer_loss::OuterLossKind;
use super::settings::Training;
use super::words;
use crate::config::{Domain, settings};
use crate::model::{Adaptation, Layer, Network, Reading, Scale};
use crate::task::Units;

settings! {
    /// What all of them have.
    pub(super) struct Settings {
        /// Squared error, or negative log-likelihood, which also gives error bands (ridge-head, cnp, transformer, metafun).
        outer_loss: OuterLossKind = Domain::Words(OuterLossKind::NAMES), OuterLossKind::Mse;
    }
}

/// What counts of `[model]`: a network that reads has layers and nonlinearities of its own.
pub(super) const NETWORK_KEYS: &[&str] = &["hidden", "precision"];

/// Numbers that a row of a few takes up: those of the widest vector.
pub(super) const NARROW: usize = 16;

/// Whether the deviation of a prediction is predicted too.
pub(super) fn is_gaussian(settings: &Training) -> bool {
    Settings::new(&settings.own).outer_loss == OuterLossKind::Nll
}

/// The settings in force.
pub(super) fn in_words(settings: &Training) -> String {
    format!("outer_loss {}, {}", Settings::new(&settings.own).outer_loss.name(), words::outer(settings))
}

/// What the bias of the last layer says of the outer loss.
pub(super) fn read_outputs(settings: &mut Training, bias: Option<Vec<usize>>) {
    if bias.as_deref() == Some(&[2]) {
        settings.own = settings.own.clone().and(&Settings { outer_loss: OuterLossKind::Nll }.values());
    }
}

/// The last layer, small at first, so that training begins near 0.
pub(super) fn last(name: &str, width: usize, is_gaussian: bool) -> Layer {
    let layer = Layer::linear(name, &[width], 1).times(0.3);
    if is_gaussian { layer.outputs_times(2) } else { layer }
}

/// How a network that reads adapts, in so many updates.
pub(super) fn adaptation(network: impl Network, scale: Scale, updates: usize) -> Adaptation {
    let inner = Arc::new(Reading { network, scale });
    Adaptation { inner, inner_lr: 0.0, inner_steps: updates, units: Units::default() }
}
