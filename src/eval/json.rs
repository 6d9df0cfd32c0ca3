//! How JSON has numbers that are not finite: as null.

use serde::{Deserialize, Deserializer};

/// Numbers of which some may have been written as null because they were not finite.
pub fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let numbers = Vec::<Option<f64>>::deserialize(from)?;
    Ok(numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}

/// The same where they are told at all.
pub fn numbers_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<f64>>, D::Error> {
    numbers(from).map(Some)
}
