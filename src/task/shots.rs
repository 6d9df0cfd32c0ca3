//! How many support points a task has: the same number always, or one that training draws anew for every
//! outer step.

use serde::{Serialize, Serializer};

use crate::config::{Typed, Value};

/// Support points K of a task. A test shows its networks the larger number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shots {
    /// The smallest K that training draws.
    pub fewest: usize,
    /// The largest one.
    pub most: usize,
}

impl Shots {
    /// Whether training draws K.
    pub fn is_drawn(self) -> bool {
        self.fewest < self.most
    }

    /// The mean of what is drawn, rounded up: what an outer step costs on average.
    pub fn middle(self) -> usize {
        (self.fewest + self.most).div_ceil(2)
    }

    /// As a header has it: `10`, `0-20`.
    pub fn in_words(self) -> String {
        match self {
            Self { fewest, most } if fewest < most => format!("{fewest}-{most}"),
            Self { most, .. } => most.to_string(),
        }
    }
}

impl From<usize> for Shots {
    fn from(points: usize) -> Self {
        Self { fewest: points, most: points }
    }
}

/// No bound of it exceeds 32 bits.
impl Typed for Shots {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Count(points) => Some((*points as usize).into()),
            Value::List(ends) => match ends[..] {
                [fewest, most] => Some(Self { fewest: fewest as usize, most: most as usize }),
                _ => None,
            },
            _ => None,
        }
    }
    fn to_value(&self) -> Option<Value> {
        let [fewest, most] = [self.fewest, self.most].map(|points| points as u64);
        Some(if self.is_drawn() { Value::List(vec![fewest, most]) } else { Value::Count(most) })
    }
}

/// As the file has it: a number, or a list of two.
impl Serialize for Shots {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_a_number_and_a_range_a_range() {
        for (shots, text, json, words) in [
            (Shots::from(10), "10", "10", "10"),
            (Shots { fewest: 0, most: 20 }, "[0, 20]", "[0,20]", "0-20"),
        ] {
            let value = shots.to_value().expect("it is never off");
            assert_eq!((value.to_string(), Shots::from_value(&value)), (text.to_owned(), Some(shots)));
            assert_eq!(serde_json::to_string(&shots).expect("plain data"), json);
            assert_eq!(shots.in_words(), words);
        }
        assert_eq!((Shots { fewest: 0, most: 20 }.middle(), Shots::from(7).middle()), (10, 7));
    }
}
