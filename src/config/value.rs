//! The values that settings have: as they are stored, as TOML and JSON write them, and as the types that
//! the rooms use.

use std::{borrow::Cow, fmt};

use serde::Serialize;

/// A setting's value, whatever its type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Count(u64),
    /// Any number.
    Number(f64),
    /// Low and high end.
    Range([f64; 2]),
    /// One of the words that the setting knows.
    Word(&'static str),
    /// Any text, such as a file's name.
    Text(String),
    /// Whole numbers.
    List(Vec<u64>),
    /// On or off.
    Switch(bool),
}

impl fmt::Display for Value {
    /// As TOML; a number in the shortest form that reads back as the same one, and always as a float.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Range([low, high]) => write!(f, "[{low:?}, {high:?}]"),
            Self::Word(word) => write!(f, "{}", toml::Value::from(*word)),
            Self::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
            Self::List(list) => write!(f, "{list:?}"),
            Self::Switch(is_on) => write!(f, "{is_on}"),
        }
    }
}

impl Value {
    /// As text outside TOML: a word without its quotes.
    pub fn in_words(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Text(text) => text.clone(),
            _ => self.to_string(),
        }
    }

    /// In as few letters as it can be said, for names: `1` for 1.0, `[-5,5]`, `maml`.
    pub fn in_short(&self) -> String {
        let short = |number: f64| {
            let shortest = format!("{number:?}");
            shortest.strip_suffix(".0").map(str::to_owned).unwrap_or(shortest)
        };
        match self {
            Self::Number(number) => short(*number),
            Self::Range([low, high]) => format!("[{},{}]", short(*low), short(*high)),
            Self::List(list) => format!("{list:?}").replace(", ", ","),
            _ => self.in_words(),
        }
    }
}

/// A type that a setting can have.
pub trait Typed: Clone {
    /// From what is stored; `None` if that is of another type.
    fn from_value(value: &Value) -> Option<Self>;
    /// As it is stored; `None` for a setting that is off.
    fn to_value(&self) -> Option<Value>;
}

impl Typed for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Count(count) = value { Some(*count) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Count(*self))
    }
}

/// For what ends up as a length; no bound of such a setting exceeds 32 bits.
impl Typed for usize {
    fn from_value(value: &Value) -> Option<Self> {
        u64::from_value(value).map(|count| count as usize)
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Count(*self as u64))
    }
}

impl Typed for f64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Number(number) = value { Some(*number) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Number(*self))
    }
}

impl Typed for [f64; 2] {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Range(range) = value { Some(*range) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Range(*self))
    }
}

impl Typed for &'static str {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Word(word) = value { Some(word) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Word(self))
    }
}

impl Typed for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Text(self.clone()))
    }
}

impl Typed for bool {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Switch(is_on) = value { Some(*is_on) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::Switch(*self))
    }
}

impl Typed for Cow<'static, [u64]> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::List(list) = value { Some(list.clone().into()) } else { None }
    }
    fn to_value(&self) -> Option<Value> {
        Some(Value::List(self.to_vec()))
    }
}

/// A setting that may be off.
impl<T: Typed> Typed for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        T::from_value(value).map(Some)
    }
    fn to_value(&self) -> Option<Value> {
        self.as_ref().and_then(T::to_value)
    }
}

/// An enum whose variants are words of `experiments.toml`: the words stand in the definition, and
/// everything else follows from it.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// All of them, in the order the documentation lists them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The name used in `experiments.toml` and in checkpoints.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl $crate::config::Typed for $name {
            fn from_value(value: &$crate::config::Value) -> Option<Self> {
                let $crate::config::Value::Word(word) = value else { return None };
                Self::ALL.into_iter().find(|one| one.name() == *word)
            }
            fn to_value(&self) -> Option<$crate::config::Value> {
                Some($crate::config::Value::Word(self.name()))
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_toml_has_them() {
        let values = [
            (Value::Count(u64::MAX), "18446744073709551615"),
            (Value::Number(1.0), "1.0"),
            (Value::Number(1e-12), "1e-12"),
            (Value::Range([-5.0, 0.1]), "[-5.0, 0.1]"),
            (Value::Word("meta+inner"), "\"meta+inner\""),
            (Value::Text("my \"growth\".csv".to_owned()), "'my \"growth\".csv'"),
            (Value::List(vec![0, 7]), "[0, 7]"),
            (Value::Switch(true), "true"),
        ];
        for (value, text) in values {
            assert_eq!(value.to_string(), text);
        }
        let short =
            [(Value::Number(1.0), "1"), (Value::Number(0.010), "0.01"), (Value::Number(1e-7), "1e-7")];
        for (value, text) in short
            .into_iter()
            .chain([(Value::Range([-5.0, 0.5]), "[-5,0.5]"), (Value::List(vec![0, 20]), "[0,20]")])
        {
            assert_eq!(value.in_short(), text);
        }
    }
}
