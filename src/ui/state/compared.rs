//! Comparisons of the results there are, kept until there are others, so that no frame waits for them.

use std::{cell::RefCell, sync::Arc};

/// What has been worked out of the results, and of what it is.
pub struct Known<K, T> {
    /// Results that have come or gone.
    changes: u64,
    known: RefCell<Option<(u64, K, Arc<T>)>>,
    /// How often it has been worked out.
    #[cfg(test)]
    pub times: std::cell::Cell<u32>,
}

impl<K, T> Default for Known<K, T> {
    fn default() -> Self {
        Self {
            changes: 0,
            known: RefCell::new(None),
            #[cfg(test)]
            times: Default::default(),
        }
    }
}

impl<K: PartialEq, T> Known<K, T> {
    /// Results have come or gone.
    pub fn forget(&mut self) {
        self.changes += 1;
    }

    /// What it is of this; `compute` is asked where it is not known.
    pub fn of(&self, key: K, compute: impl FnOnce() -> T) -> Arc<T> {
        let known = self
            .known
            .borrow()
            .as_ref()
            .map(|(at, of, known)| (*at == self.changes && *of == key, Arc::clone(known)));
        if let Some((true, known)) = known {
            return known;
        }
        #[cfg(test)]
        self.times.set(self.times.get() + 1);
        let computed = Arc::new(compute());
        *self.known.borrow_mut() = Some((self.changes, key, Arc::clone(&computed)));
        computed
    }
}
