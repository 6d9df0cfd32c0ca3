//! The families of tasks there are: one file and one line each.

mod gp;
mod sawtooth;
mod sawtooth_posterior;
pub mod sine;
mod sine_or_line;
mod sine_posterior;
mod step;
pub mod table;

use std::sync::LazyLock;

use super::family::Family;
use crate::config::{Typed, Value, Values};

/// Every family, in the order the documentation lists them; the first is the default. That of tables has no file here:
/// with one it is made where the file is read.
pub static FAMILIES: LazyLock<Vec<&dyn Family>> = LazyLock::new(|| {
    vec![
        &sine::Sine,
        &sine_or_line::SineOrLine,
        &gp::Gp,
        &sawtooth::Sawtooth,
        &step::Step,
        &*table::WITHOUT_FILE,
    ]
});

/// The names of all families.
pub fn names() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.name()).collect()
}

/// The family that values of `[task]` name; the default where they name none.
pub(super) fn named_by(values: &Values) -> &'static dyn Family {
    values.named("family").unwrap_or(FAMILIES[0])
}

impl Typed for &'static dyn Family {
    fn from_value(value: &Value) -> Option<Self> {
        let Value::Word(word) = value else { return None };
        FAMILIES.iter().find(|family| family.name() == *word).copied()
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Word(self.name()))
    }
}
