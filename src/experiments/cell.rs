//! Where an experiment stands in the sweep that made it: the settings that the sweep goes through, with the
//! values that this one has.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::config::Value;

/// The place of an experiment in a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// The sweep's name: what the file calls the `[[experiment]]`.
    pub sweep: String,
    /// The settings that the sweep goes through, in the file's order.
    #[serde(serialize_with = "as_map")]
    pub axes: Vec<Axis>,
}

/// A setting that a sweep goes through, at one of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// As the sweep has it: `inner_lr`, `task.shots`.
    pub key: String,
    /// The value.
    pub value: Value,
}

impl Cell {
    /// What the experiment is called: `rate x shots [inner_lr=0.01 shots=5]`.
    pub fn name(&self) -> String {
        format!("{} [{}]", self.sweep, self.combination())
    }

    /// What tells it from the others: `inner_lr=0.01 shots=5`.
    pub fn combination(&self) -> String {
        let keys: Vec<&str> = self.axes.iter().map(|axis| axis.key.as_str()).collect();
        let words = words(&keys).into_iter().zip(&self.axes);
        let words: Vec<String> =
            words.map(|(word, axis)| format!("{word}={}", axis.value.in_short())).collect();
        words.join(" ")
    }
}

/// Axes in few letters: the last word of each, but of two with the same one the whole key.
pub fn words<'k>(keys: &[&'k str]) -> Vec<&'k str> {
    let last = |key: &'k str| key.rsplit('.').next().unwrap_or(key);
    let is_shared = |word: &str| keys.iter().filter(|key| last(key) == word).count() > 1;
    keys.iter().map(|key| if is_shared(last(key)) { key } else { last(key) }).collect()
}

/// `{"inner_lr": 0.01, "task.shots": 5}`, which a table of columns can be made of.
fn as_map<S: Serializer>(axes: &[Axis], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(axes.len()))?;
    for Axis { key, value } in axes {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_called_by_the_last_words_of_its_axes() {
        let axis = |key: &str, value| Axis { key: key.to_owned(), value };
        let cell = |axes| Cell { sweep: "S".to_owned(), axes };
        let two = cell(vec![axis("inner_lr", Value::Number(0.01)), axis("task.shots", Value::Count(5))]);
        assert_eq!(two.name(), "S [inner_lr=0.01 shots=5]");
        let same =
            vec![axis("inner_lr", Value::Number(1.0)), axis("evaluation.inner_lr", Value::Number(0.5))];
        assert_eq!(cell(same).name(), "S [inner_lr=1 evaluation.inner_lr=0.5]");
    }
}
