//! A mutex that is taken at once or not at all: after a fork, a mutex that another thread had stays taken forever.

use std::sync::{Mutex, MutexGuard, TryLockError};

/// Takes it, even if its last owner panicked; `None` if another thread has it.
pub(crate) fn at_once<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
