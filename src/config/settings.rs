//! A table of settings from one declaration a setting: the struct and its docs, the keys, their defaults,
//! reading, writing and JSON follow from it, and from the keys the schema and the error reports.

use serde::{Serialize, ser::SerializeMap};

use super::key::{AnyKey, Key, Keys, Written};
use super::value::Typed;
use super::values::Values;

/// A field of settings: it has a [`Key`], or its type brings keys of its own ([`Own`]).
pub trait Field<T> {
    /// Its keys.
    fn keys(&'static self) -> Vec<&'static dyn AnyKey>;
    /// The field, from values by key.
    fn read(&self, values: &Values) -> T;
    /// As values by key.
    fn values(&'static self, field: &T) -> Values;
    /// As JSON has it, in the map of the struct whose field of this name it is.
    fn write_json<M: SerializeMap>(&self, name: &'static str, field: &T, map: &mut M)
    -> Result<(), M::Error>;
}

impl<T: Typed + PartialEq + Serialize + Sync + 'static> Field<T> for Key<T> {
    fn keys(&'static self) -> Vec<&'static dyn AnyKey> {
        vec![self]
    }
    fn read(&self, values: &Values) -> T {
        values.get(self)
    }
    fn values(&'static self, field: &T) -> Values {
        Values::default().with(self, field)
    }
    fn write_json<M: SerializeMap>(
        &self,
        name: &'static str,
        field: &T,
        map: &mut M,
    ) -> Result<(), M::Error> {
        let is_said = self.written() == Written::Always || *field != self.default_value();
        if is_said { map.serialize_entry(name, field) } else { Ok(()) }
    }
}

/// A type that is a field of settings and has keys of its own.
pub trait Group {
    /// Those that it has whatever the values.
    fn keys() -> &'static Keys;
    /// As values by key.
    fn values(&self) -> Values;
    /// As JSON has it, in the map of the struct whose field of this name it is.
    fn write_json<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

/// Settings that only one family of tasks or one learner has: which keys they are is theirs to say, and JSON has
/// them among the others.
impl Group for Values {
    fn keys() -> &'static Keys {
        &[]
    }
    fn values(&self) -> Values {
        self.clone()
    }
    fn write_json<M: SerializeMap>(&self, _name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.written().try_for_each(|(name, value)| map.serialize_entry(name, value))
    }
}

/// A field whose type brings keys of its own, and how it is read from values.
pub struct Own<T>(pub fn(&Values) -> T);

impl<T: Group> Field<T> for Own<T> {
    fn keys(&'static self) -> Vec<&'static dyn AnyKey> {
        T::keys().to_vec()
    }
    fn read(&self, values: &Values) -> T {
        self.0(values)
    }
    fn values(&'static self, field: &T) -> Values {
        field.values()
    }
    fn write_json<M: SerializeMap>(
        &self,
        name: &'static str,
        field: &T,
        map: &mut M,
    ) -> Result<(), M::Error> {
        field.write_json(name, map)
    }
}

/// Defines a struct whose fields are settings. A line of it is a sentence on what the setting does, its name
/// and type, its domain, its default, and what else is said of the key (`.added_later()`). A field whose type
/// brings keys of its own (`Group`) is declared with a function that reads it from values: `own: Values => |values| ..`.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                #[doc = $doc:literal]
                $field:ident: $type:ty
                    $(= $domain:expr, $default:expr $(, .$more:ident($($argument:expr),*))*)?
                    $(=> $read:expr)?;
            )+
        }
    ) => {
        $(#[$meta])*
        $vis struct $name { $(#[doc = $doc] pub $field: $type,)+ }

        const _: () = {
            use std::sync::LazyLock;
            use $crate::config::{AnyKey, Field, Keys, Values};

            // As modules, so that no setting's name can be mistaken for a variable.
            $(mod $field {
                use super::*;
                $(pub static FIELD: $crate::config::Own<$type> = $crate::config::Own($read);)?
                $(pub static FIELD: $crate::config::Key<$type> =
                    $crate::config::Key::<$type>::new(stringify!($field), $doc.trim_ascii(), $domain, $default)
                        $(.$more($($argument),*))*;)?
            })+

            static KEYS: LazyLock<Vec<&'static dyn AnyKey>> = LazyLock::new(|| [$($field::FIELD.keys()),+].concat());

            impl $name {
                /// The keys of these settings, but for those that depend on a value of theirs.
                pub fn keys() -> &'static Keys {
                    &KEYS
                }

                /// From values by key.
                pub fn new(values: &Values) -> Self {
                    Self { $($field: $field::FIELD.read(values)),+ }
                }

                /// As values by key.
                // Some are only ever read.
                #[allow(dead_code)]
                pub fn values(&self) -> Values {
                    Values::default()$(.and(&$field::FIELD.values(&self.$field)))+
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self::new(&Values::default())
                }
            }

            /// As JSON has it: what a settings file has.
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut map = serde::Serializer::serialize_map(serializer, None)?;
                    $($field::FIELD.write_json(stringify!($field), &self.$field, &mut map)?;)+
                    serde::ser::SerializeMap::end(map)
                }
            }
        };
    };
}
pub(crate) use settings;
