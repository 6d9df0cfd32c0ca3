//! What a person has set of which experiments the Overview lists and in which order, and what sets them apart: for
//! studies of more experiments than fit.

use std::collections::BTreeSet;

/// What a person has set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListControls {
    /// Only those in whose name, algorithm or differing settings these letters are.
    pub filter: String,
    /// The order.
    pub sort: Sort,
    /// The names of those that are hidden.
    pub hidden: BTreeSet<String>,
    /// Whether the table shows what sets them apart in place of losses.
    pub differences: bool,
}

/// An order of experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The file's.
    #[default]
    File,
    /// By the loss after so many steps, the smallest first.
    Loss(usize),
    /// By name.
    Name,
}
