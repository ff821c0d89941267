//! A process that is never forked.

use crate::sync::{Mutex, MutexGuard};

/// This one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process;

impl Process {
    pub(crate) fn current() -> Self {
        Self
    }

    /// (For the unit tests of what is compiled here, which run in `slocket-os`.)
    pub(crate) fn another(self) -> Self {
        self
    }

    pub(crate) fn is_current(self) -> bool {
        true
    }
}

/// As in `slocket-os`.
pub(crate) trait Inherit {
    const NEW: Self;

    fn inherit(&mut self);
}

/// A value of this process's.
#[derive(Debug)]
pub(crate) struct PerProcess<T, const SLOTS: usize = 4>(Mutex<T>);

impl<T: Inherit, const SLOTS: usize> PerProcess<T, SLOTS> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(T::NEW))
    }

    pub(crate) fn of(_: Process) -> Self {
        Self::new()
    }

    pub(crate) fn lock(&self, _: Process) -> MutexGuard<'_, T> {
        self.0.lock().expect("no panic")
    }
}
