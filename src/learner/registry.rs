//! The list of algorithms. A learner of its own file joins them with one line here; the file, the checks,
//! the benches, the screen and the tests all ask this list.

use std::fmt;
use std::ops::Deref;

use super::settings::Training;
use super::trainer::Trainable;
use crate::config::{AnyKey, Written};
use crate::model::ModelSettings;

/// A learner of the list below, or of your own.
#[derive(Clone, Copy)]
pub struct Algorithm(pub &'static dyn Trainable);

macro_rules! learners {
    ($($file:ident::$name:ident),+ $(,)?) => {
        $(pub use super::$file::$name;)+
        const ALL: &[Algorithm] = &[$(Algorithm(&$name)),+];
    };
}

// In the order the documentation lists them.
learners![
    random::Random,
    transfer::Transfer,
    maml::Maml,
    first_order_maml::FirstOrderMaml,
    reptile::Reptile,
    anil::Anil,
    boil::Boil,
    meta_sgd::MetaSgd,
    layer_step_rates::LayerStepRates,
    cavia::Cavia,
    meta_curvature::MetaCurvature,
    ridge_head::RidgeHead,
    cnp::Cnp,
    transformer::Transformer,
    metafun::MetaFun,
    external::External,
];

impl Algorithm {
    /// Every algorithm, in the order the documentation lists them.
    pub const ALL: &[Self] = ALL;

    /// The algorithm of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The algorithm that people also call so, in small letters with hyphens.
    pub fn known_as(alias: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.aliases().contains(&alias))
    }

    /// The names of all settings that an experiment of it may have.
    pub fn used_keys(&self) -> impl Iterator<Item = &'static str> {
        // Random takes these too, since a file may set them for all; it does not train, so they change nothing.
        let outer = ["epochs", "outer_steps", "meta_batch", "clip", "outer_schedule"].into_iter();
        outer.chain(self.keys().iter().copied()).chain(self.own_keys().iter().map(|key| key.name()))
    }

    /// Whether a setting counts for it.
    pub fn uses(&self, name: &str) -> bool {
        self.used_keys().any(|key| key == name)
    }

    /// The settings of `[model]` that count for it.
    pub fn model_keys(&self) -> Vec<&'static dyn AnyKey> {
        let counts = |key: &&dyn AnyKey| self.network_keys().contains(&key.name());
        ModelSettings::keys().iter().copied().filter(counts).collect()
    }

    /// The settings that a settings file of it has: all that there were in 0.1.0, used or not, so that
    /// folders named after such files keep their names; of later ones those that it uses.
    pub fn written_keys(&self) -> Vec<&'static dyn AnyKey> {
        let written = |key: &&dyn AnyKey| key.written() == Written::Always || self.uses(key.name());
        let common = Training::keys().iter().copied().filter(written);
        common.chain(self.own_keys().iter().copied()).collect()
    }

    /// The settings of all algorithms.
    pub fn every_key() -> Vec<&'static dyn AnyKey> {
        let own = Self::ALL.iter().flat_map(|algorithm| algorithm.own_keys());
        let mut keys: Vec<&'static dyn AnyKey> = Vec::new();
        for key in Training::keys().iter().chain(own) {
            // Several may have one.
            if keys.iter().all(|known| known.name() != key.name()) {
                keys.push(*key);
            }
        }
        keys
    }
}

impl Deref for Algorithm {
    type Target = dyn Trainable;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Algorithm {
    /// A name belongs to one algorithm.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Algorithm {}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Algorithm {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}
