//! When runs begin and end and where they stand in the queue: worked out once a frame for however many rows ask.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::countdown::Remaining;

/// When the runs that move begin and end.
pub struct Schedule {
    /// Each of them.
    pub by_run: HashMap<usize, (Remaining, Remaining)>,
    /// When the last one ends.
    pub end: Remaining,
}

/// What is known of it, until something changes that it follows from.
#[derive(Default)]
pub struct KnownSchedule {
    /// `None` before any speed is known.
    pub(in crate::ui) times: OnceCell<Option<Schedule>>,
    /// How many runs wait before each of those that wait.
    pub(in crate::ui) places: OnceCell<HashMap<usize, usize>>,
}
