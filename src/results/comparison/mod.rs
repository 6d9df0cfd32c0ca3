//! Which systems of a study differ, and how surely that is known: the one place where systems are ranked. Every
//! table, sentence, picture and line of JSON that puts two of them beside each other asks here.
//!
//! * **Same tasks, or no comparison.** Only systems that were tested on the same frozen tasks are compared: a
//!   [`Group`] each.
//! * **Replicates are seeds.** A system has one number a seed, its mean (or median) over the test tasks. With the same
//!   seeds two systems are compared seed by seed, by Student's t; others by Welch's t, see `difference.rs`. Of a system
//!   with a single seed nothing is said.
//! * **The best set** is the lowest system and all that cannot be told from it. Of m systems each comparison is made
//!   at 1 - 0.05 / (m - 1), so that the one that is truly best is left out in at most 5 % of studies, although the
//!   lowest was picked by looking (Hsu 1981, Simultaneous confidence intervals for all distances from the "best",
//!   Annals of Statistics 9:1026, with Bonferroni's bound).
//! * **Where tasks blow up** medians are compared: see `blows_up` in `compare.rs`.
//!
//! The simulation beside it draws studies without a difference and counts how often one is claimed.

mod compare;
mod difference;
mod event;
mod groups;
#[cfg(test)]
mod tests;

pub use compare::{Compared, Comparison, Contrasts, compare, compare_two, contrasts};
pub use difference::{Difference, Replicates, Standing};
pub use event::{TableComparison, table_comparisons};
pub use groups::{Group, groups};
