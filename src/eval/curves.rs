//! The curves of one run: one for each test set that its network was tested on.

use super::Curve;

/// Adaptation curves by test set; the first set has no name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves(Vec<(Option<String>, Curve)>);

impl Curves {
    /// The curve on a test set, if there is one.
    pub fn of(&self, test: Option<&str>) -> Option<&Curve> {
        self.0.iter().find(|(name, _)| name.as_deref() == test).map(|(_, curve)| curve)
    }

    /// Adds the curve on a test set, or puts it into the place of the one before.
    pub fn put(&mut self, test: Option<String>, curve: Curve) {
        match self.0.iter_mut().find(|(name, _)| *name == test) {
            Some((_, known)) => *known = curve,
            None => self.0.push((test, curve)),
        }
    }

    /// Forgets the curves on all other test sets.
    pub fn retain(&mut self, keep: impl Fn(Option<&str>) -> bool) {
        self.0.retain(|(name, _)| keep(name.as_deref()));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The curve on the first test set.
impl From<Curve> for Curves {
    fn from(curve: Curve) -> Self {
        Self(vec![(None, curve)])
    }
}
