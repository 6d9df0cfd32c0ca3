//! A table of settings from one declaration a setting: the struct and its docs, the keys, their defaults,
//! reading, writing and JSON follow from it, and from the keys the schema and the error reports.

/// Defines a struct whose fields are settings. A line of it is a sentence on what the setting does, its name
/// and type, its domain, its default, and what else is said of the key (`.added_later()`).
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(
                #[doc = $doc:literal]
                $field:ident: $type:ty = $domain:expr, $default:expr $(, .$more:ident())?;
            )+
        }
    ) => {
        $(#[$meta])*
        pub struct $name { $(#[doc = $doc] pub $field: $type,)+ }

        const _: () = {
            use $crate::config::{AnyKey, Keys, Values, Written};

            // As modules, so that no setting's name can be mistaken for a variable.
            $(mod $field {
                use super::*;
                pub static KEY: $crate::config::Key<$type> =
                    $crate::config::Key::new(stringify!($field), $doc.trim_ascii(), $domain, $default)$(.$more())?;
            })+

            impl $name {
                /// The keys of these settings.
                pub const KEYS: &'static Keys = &[$(&$field::KEY),+];

                /// From values by key.
                pub fn new(values: &Values) -> Self {
                    Self { $($field: values.get(&$field::KEY)),+ }
                }

                /// As values by key.
                pub fn values(&self) -> Values {
                    Values::default()$(.with(&$field::KEY, &self.$field))+
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
                    $(if $field::KEY.written() == Written::Always || self.$field != $field::KEY.default_value() {
                        serde::ser::SerializeMap::serialize_entry(&mut map, $field::KEY.name(), &self.$field)?;
                    })+
                    serde::ser::SerializeMap::end(map)
                }
            }
        };
    };
}
pub(crate) use settings;
