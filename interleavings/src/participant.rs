//! The holder of the lock: loom notes if two threads use it at a time.

use loom::cell::Cell;

/// A participant that holds the lock, or could at once.
#[derive(Debug)]
pub(crate) struct Participant<T> {
    /// How often it was held.
    pub(crate) holds: Cell<u32>,
    /// The number by which its listener is watched.
    pub(crate) number: Option<u64>,
    /// As in `slocket-os`.
    pub(crate) along: Option<T>,
}

impl<T> Participant<T> {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self { holds: Cell::new(0), number: None, along: None })
    }

    /// Does something under the lock.
    pub(crate) fn hold(&self) {
        self.holds.set(self.holds.get() + 1);
    }
}
