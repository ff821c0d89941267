//! The lock that a process retains: as the queue inside the process knows it, under its mutex (protocol section 9).
//!
//! In ten lines. A lock that is held is `(participant, turn)` in a guard. To retain it is to put both here, where the next
//! caller in this process that wants it finds them: no system call, and nothing to allocate. The rules are the core's ([`slocket_core::retained`]), and
//! each is applied in one piece, because the mutex of the queue is locked here.
//! * Before a lock is put here for the first time, epoll watches its listener, once (`keeper.rs`). A thread is told when a waiter comes to
//!   the queue: it takes the lock out and passes it on; or, if it is held, notes that here, and the holder passes it on.
//! * So a lock is here, or in a guard, or in the hands of the thread, and never in two of them.
//! * `retain.rs` decides how long a process may go on while others wait.
//! * A forked child has a queue of its own, and finds nothing here.
//!
//! Each listener that is watched has a number, of which the thread speaks: what it says of one that was passed on meanwhile is
//! about nothing that is here.

use slocket_core::retained::{Happening, Word, next};

/// So often there is no slice after one that was not used.
const SKIPS: u8 = 16;

/// The lock that a process retains, if it does.
#[derive(Debug)]
pub(crate) struct Kept<L> {
    word: Word,
    /// The listener that the word is about.
    number: u64,
    /// There while it is retained.
    lock: Option<L>,
    /// How often it was put here: so the thread knows whether it is used.
    uses: u64,
    /// The thread comes after a while, in any case.
    is_slice: bool,
    /// So often there is no slice, because one was not used.
    skips: u8,
    /// There is no handle any more by which it could be acquired again.
    is_closed: bool,
}

/// What becomes of a lock whose holder is done with it.
#[derive(Debug)]
pub(crate) enum Left<L> {
    /// It is retained.
    Retained,
    /// It is to be passed on.
    Giving(L),
}

/// What the thread finds that looks whether a lock is used.
#[derive(Debug)]
pub(crate) enum Found<L> {
    /// It is not kept any more.
    Gone,
    /// It is used: so often it was put here.
    Used(u64),
    /// It is not, and is to be passed on.
    Idle(L),
}

impl<L> Kept<L> {
    pub(crate) const NEW: Self =
        Self { word: Word::Nothing, number: 0, lock: None, uses: 0, is_slice: false, skips: 0, is_closed: false };

    /// Whether the lock may be acquired again although others wait.
    pub(crate) fn has_slice(&mut self) -> bool {
        let has_slice = self.skips == 0;
        self.skips = self.skips.saturating_sub(1);
        has_slice
    }

    /// The holder is about to have the queue of its listener watched, under that number. Not if another listener is.
    pub(crate) fn begin(&mut self, number: u64, is_slice: bool) -> bool {
        let is_free = self.word == Word::Nothing;
        if is_free {
            self.happen(Happening::Begin);
            (self.number, self.is_slice, self.uses) = (number, is_slice, 0);
        }
        is_free
    }

    /// It is watched.
    pub(crate) fn armed(&mut self) {
        self.happen(Happening::Armed);
    }

    /// Takes the lock, if it is retained.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<L> {
        self.happen(Happening::Take);
        self.lock.take()
    }

    /// Puts a lock here whose holder is done with it, if no waiter has come.
    #[inline]
    pub(crate) fn leave(&mut self, lock: L) -> Left<L> {
        if self.is_closed {
            self.happen(Happening::Pass);
        } else {
            self.happen(Happening::Leave);
        }
        if self.word == Word::Retained {
            self.uses = self.uses.wrapping_add(1);
            self.lock = Some(lock);
            Left::Retained
        } else {
            Left::Giving(lock)
        }
    }

    /// A waiter has come to the queue. The lock is returned if it is to be passed on.
    pub(crate) fn come(&mut self, number: u64) -> Option<L> {
        if number != self.number {
            return None;
        }
        self.happen(Happening::Come);
        let lock = self.lock.take();
        if self.is_slice && lock.is_some() && self.uses == 1 {
            self.skips = SKIPS;
        }
        lock
    }

    /// Looks whether the lock was used since it was put here so often.
    pub(crate) fn look(&mut self, number: u64, uses: u64) -> Found<L> {
        if number != self.number || self.word == Word::Nothing {
            return Found::Gone;
        }
        if self.word != Word::Retained || self.uses != uses {
            return Found::Used(self.uses);
        }
        self.idle().map_or(Found::Gone, Found::Idle)
    }

    /// Takes the lock, to be passed on, if it is here.
    pub(crate) fn idle(&mut self) -> Option<L> {
        self.happen(Happening::Idle);
        self.lock.take()
    }

    /// The same, and retains none from now on.
    pub(crate) fn close(&mut self) -> Option<L> {
        self.is_closed = true;
        self.idle()
    }

    /// The listener of that number is not watched any more, and is passed on.
    pub(crate) fn passed(&mut self, number: u64) {
        if number == self.number && self.word != Word::Nothing {
            if self.word != Word::Giving {
                self.happen(Happening::Pass);
            }
            self.happen(Happening::Passed);
        }
    }

    #[inline]
    fn happen(&mut self, happening: Happening) {
        match next(self.word, happening) {
            Some(word) => self.word = word,
            None => unreachable!("{happening:?} while the word is {:?}", self.word),
        }
    }
}
