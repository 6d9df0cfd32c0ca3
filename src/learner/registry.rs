//! The list of algorithms. A learner of its own file joins them with one line here; the file, the checks,
//! the benches, the screen and the tests all ask this list.

use std::fmt;
use std::ops::Deref;

use super::trainer::Trainable;
use super::{FirstOrderMaml, Maml, Random, Reptile, Transfer};

/// A learner of the list below, or of your own.
#[derive(Clone, Copy)]
pub struct Algorithm(pub &'static dyn Trainable);

/// Every algorithm, in the order the documentation lists them.
const ALL: &[Algorithm] = &[
    Algorithm(&Random),
    Algorithm(&Transfer),
    Algorithm(&Maml),
    Algorithm(&FirstOrderMaml),
    Algorithm(&Reptile),
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

    /// Whether a setting counts for it.
    pub fn uses(&self, key: &str) -> bool {
        self.keys().contains(&key)
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
