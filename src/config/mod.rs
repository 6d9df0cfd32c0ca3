//! How tables of settings are read: from text to a tree in which everything knows its place, from a
//! table to its settings, and from mistakes to sentences. What the settings are, the rooms say that have
//! them.

mod problem;
mod syntax;
mod table;
mod words;

pub use problem::{LoadError, Problem, Problems, presentable};

pub(crate) use problem::{Finding, Report, locate, quote};
pub(crate) use syntax::{Syntax, read, readable};
pub(crate) use table::{SEED, Setting, Table, count, expected_count};
#[cfg(test)]
pub(crate) use words::nearest;
pub(crate) use words::{alternatives, thousands};
