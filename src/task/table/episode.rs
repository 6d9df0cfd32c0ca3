//! Drawing without replacement: a shuffle that goes only as far as it is asked to.

use std::collections::HashMap;

use rand::RngExt;

use crate::task::Stream;

/// The first places of a random order of so many: Fisher and Yates, who keep only what was swapped.
pub struct Episode {
    count: usize,
    taken: usize,
    moved: HashMap<usize, usize>,
}

impl Episode {
    /// Of so many places.
    pub fn new(count: usize) -> Self {
        Self { count, taken: 0, moved: HashMap::new() }
    }

    /// The next place; `None` once all were taken.
    pub fn next(&mut self, stream: &mut Stream) -> Option<usize> {
        let taken = self.taken;
        (taken < self.count).then_some(())?;
        let chosen = stream.random_range(taken as u64..self.count as u64) as usize;
        let at = |moved: &HashMap<usize, usize>, place: usize| moved.get(&place).copied().unwrap_or(place);
        let (here, there) = (at(&self.moved, taken), at(&self.moved, chosen));
        self.moved.insert(chosen, here);
        self.taken += 1;
        Some(there)
    }
}
