//! A mutex that is taken at once or not at all: after a fork, one that another thread had is taken for ever.

use std::sync::{Mutex, MutexGuard, TryLockError};

/// Takes it, whatever became of who had it before; `None` if somebody has it.
pub(crate) fn at_once<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
