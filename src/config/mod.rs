//! How settings are defined and read: a key says what a setting is; a file becomes a tree in which
//! everything knows its place; a table of it, the values of its keys; and a mistake, a sentence. Which
//! settings there are, the rooms say that have them.

mod given;
pub(crate) mod json_schema;
mod key;
mod problem;
mod settings;
mod sheet;
mod syntax;
mod table;
mod value;
mod values;
mod words;

pub use given::read_given;
pub use key::{About, AnyKey, Domain, END, Key, Keys, RATE, SEED, Written};
pub use problem::{
    Excerpt, LoadError, Problem, Problems, as_seen, is_hidden, is_joiner, presentable, printable, seen,
};
pub use settings::Group;
pub use sheet::{Column, Faults, Row, Sheet};
pub use value::{Typed, Value};
pub use values::Values;

pub(crate) use problem::{Finding, Report, locate, quote};
pub(crate) use settings::{Field, Own, settings};
pub(crate) use syntax::{Syntax, read, readable};
pub(crate) use table::{Setting, Table};
pub(crate) use value::words;
pub(crate) use values::Layer;
pub(crate) use words::{alternatives, looks_like_utf16, nearest, thousands};
