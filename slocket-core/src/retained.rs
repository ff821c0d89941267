//! What a process does with a lock between one hold and the next, if it retains it (protocol section 9).
//!
//! A retained lock is one whose listener its process has kept after a release at which no process waited: the next acquire of that process
//! makes no system call. There is one [`Word`] for each listener. All that happens to it is one of [`Happening`], and [`next()`] is the
//! whole of the rules. A driver applies each in one piece (under a mutex, or by compare-and-swap): between the look at the word and its
//! change nothing else may happen.
//!
//! While the word is [`Retained`](Word::Retained) a watch tells of each waiter that comes to the queue. So the watch is armed *before* the word
//! becomes `Retained`, and it is taken off the listener before that is passed on. What passes it on is an ordinary release.

/// What a process does with its lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Word {
    /// It has no lock that it could retain.
    #[default]
    Nothing,
    /// It holds the lock by a listener whose queue is not watched.
    Fresh,
    /// It holds the lock, and the queue is watched. No waiter has come yet.
    Held,
    /// It holds the lock, and a waiter has come to the queue: at the release the lock is passed on.
    Wanted,
    /// The lock is free, except for the process that keeps the listener, and the queue is watched.
    Retained,
    /// It is being passed on.
    Giving,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    /// The holder, which was granted the lock by a listener, is about to have the queue watched.
    Begin,
    /// The queue is watched from now on.
    Armed,
    /// The holder is done with it: the lock is retained, or else passed on.
    Leave,
    /// The process wants the lock again, and takes it if it is retained.
    Take,
    /// The holder passes the lock on, whatever the watch says.
    Pass,
    /// The watch tells that a waiter has come.
    Come,
    /// The lock was not used for the time asked for, or the process is about to end.
    Idle,
    /// It has been passed on.
    Passed,
}

/// What the word becomes; `None` if that cannot happen to it.
#[must_use]
pub const fn next(word: Word, happening: Happening) -> Option<Word> {
    Some(match (word, happening) {
        (Word::Nothing, Happening::Begin) => Word::Fresh,
        (Word::Fresh, Happening::Armed) => Word::Held,
        // A waiter that was there already came before the holder could take note that the watch is armed.
        (Word::Wanted, Happening::Armed) => Word::Wanted,
        (Word::Held, Happening::Leave) => Word::Retained,
        (Word::Fresh | Word::Wanted, Happening::Leave) => Word::Giving,
        (Word::Retained, Happening::Take) => Word::Held,
        // Another has it, or it is gone: a caller that wants it goes the way of all others.
        (word @ (Word::Nothing | Word::Fresh | Word::Held | Word::Wanted | Word::Giving), Happening::Take) => word,
        (Word::Fresh | Word::Held | Word::Wanted, Happening::Pass) => Word::Giving,
        (Word::Fresh | Word::Held, Happening::Come) => Word::Wanted,
        (Word::Retained, Happening::Come | Happening::Idle) => Word::Giving,
        (word @ (Word::Nothing | Word::Wanted | Word::Giving), Happening::Come) => word,
        (word @ (Word::Nothing | Word::Fresh | Word::Held | Word::Wanted | Word::Giving), Happening::Idle) => word,
        (Word::Giving, Happening::Passed) => Word::Nothing,
        (Word::Fresh | Word::Held | Word::Wanted | Word::Retained | Word::Giving, Happening::Begin)
        | (Word::Nothing | Word::Held | Word::Retained | Word::Giving, Happening::Armed)
        | (Word::Nothing | Word::Retained | Word::Giving, Happening::Leave | Happening::Pass)
        | (Word::Nothing | Word::Fresh | Word::Held | Word::Wanted | Word::Retained, Happening::Passed) => return None,
    })
}
