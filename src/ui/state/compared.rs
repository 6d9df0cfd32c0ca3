//! The comparisons of the results there are, kept until there are others, so that no frame waits for them.

use std::{cell::RefCell, sync::Arc};

use crate::{eval::Average, results::Compared};

/// Comparisons, and what they are of.
#[derive(Default)]
pub struct KnownComparisons {
    /// Results that have come or gone.
    changes: u64,
    known: RefCell<Option<(Key, Arc<Vec<Compared>>)>>,
}

/// Changes of the results, the test set, what losses are over tasks.
type Key = (u64, usize, Average);

impl KnownComparisons {
    /// Results have come or gone.
    pub fn forget(&mut self) {
        self.changes += 1;
    }

    /// Those on a test set; `compare` is asked where they are not known.
    pub fn of(
        &self,
        test: usize,
        average: Average,
        compare: impl FnOnce() -> Vec<Compared>,
    ) -> Arc<Vec<Compared>> {
        let key = (self.changes, test, average);
        let known = self.known.borrow().clone();
        if let Some((_, compared)) = known.filter(|(of, _)| *of == key) {
            return compared;
        }
        let compared = Arc::new(compare());
        *self.known.borrow_mut() = Some((key, Arc::clone(&compared)));
        compared
    }
}
