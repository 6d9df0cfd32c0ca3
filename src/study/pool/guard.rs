//! How the threads of a pool lock what they share: a panic of one is that run's failure and nobody else's.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits for its turn with what a mutex holds.
pub fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was locked has been reported as that run's failure; the data are plain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
