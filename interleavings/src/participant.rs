//! The holder of the lock: loom notes if two threads use it at a time.

use loom::cell::Cell;

use crate::local::Turn;

/// A participant that holds the lock, or could at once.
#[derive(Debug)]
pub(crate) struct Participant {
    /// How often it was held.
    pub(crate) holds: Cell<u32>,
    /// The number by which its listener is watched.
    pub(crate) number: Option<u64>,
    /// As in `slocket-os`.
    pub(crate) turn: Option<Turn>,
}

impl Participant {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self { holds: Cell::new(0), number: None, turn: None })
    }

    /// Does something under the lock.
    pub(crate) fn hold(&self) {
        self.holds.set(self.holds.get() + 1);
    }
}
