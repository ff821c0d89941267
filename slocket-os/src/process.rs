//! Which process this is. A process that was forked without exec has a copy of all that its parent had in memory, and no
//! part in its locks (protocol section 5).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;

/// A process, by a number that none of those has that it was forked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u64);

impl Process {
    /// This one. (Where the kernel cannot tell it otherwise, a system call; so it is asked once in each acquire and each release.)
    pub(crate) fn current() -> Self {
        Self(slocket_fork::generation())
    }

    /// Whether it is this one, rather than one that this one was forked from.
    pub(crate) fn is_current(self) -> bool {
        self == Self::current()
    }
}

/// What is worth a [`PerProcess`].
pub(crate) trait Inherit {
    /// What a process begins with.
    const NEW: Self;

    /// Makes it out of what was the parent's. Nothing of that may be dropped that could do more than close a descriptor: a
    /// waker, for one, is another runtime's.
    fn inherit(&mut self);
}

/// A value that each process has for itself, behind a mutex.
///
/// A mutex that another thread had hold of when the process was forked is locked in the child, for ever. So a child does not
/// wait for its parent's: it takes over the value if that is free, and begins with another where it is not.
///
/// `SLOTS` is how often a process, its parent, and so on, can be forked in the very instant in which a thread has hold of the value,
/// until more is allocated.
#[derive(Debug)]
pub(crate) struct PerProcess<T, const SLOTS: usize = 4> {
    slots: [Slot<T>; SLOTS],
    more: OnceLock<Box<Self>>,
}

#[derive(Debug)]
struct Slot<T> {
    /// The number of the process that it is of, and in the lowest bit whether that is about to take it over.
    owner: AtomicU64,
    value: Mutex<T>,
}

/// The owner of a slot whose mutex will never be free.
const SPOILED: u64 = u64::MAX;

impl<T: Inherit, const SLOTS: usize> PerProcess<T, SLOTS> {
    pub(crate) const fn new() -> Self {
        let slots = [const { Slot { owner: AtomicU64::new(0), value: Mutex::new(T::NEW) } }; SLOTS];
        Self { slots, more: OnceLock::new() }
    }

    /// The same, if only this process, which must be `here`, and its children will have it.
    pub(crate) fn of(here: Process) -> Self {
        let new = Self::new();
        if let Some(first) = new.slots.first() {
            first.owner.store(here.0 << 1, Ordering::Relaxed);
        }
        new
    }

    /// The value of this process, which must be `here`.
    #[inline]
    pub(crate) fn lock(&self, here: Process) -> MutexGuard<'_, T> {
        self.enter(here).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it out of what was the parent's, if this process, which must be `here`, has not done so yet.
    #[inline]
    pub(crate) fn enter(&self, here: Process) -> &Mutex<T> {
        match self.slots.iter().find(|slot| slot.is_of(here)) {
            Some(slot) => &slot.value,
            None => self.more.get_or_init(|| Box::new(Self::new())).enter(here),
        }
    }
}

impl<T: Inherit, const SLOTS: usize> Default for PerProcess<T, SLOTS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Inherit> Slot<T> {
    /// Whether it is this process's. It becomes so if it was a parent's and is available.
    #[inline]
    fn is_of(&self, here: Process) -> bool {
        self.owner.load(Ordering::Acquire) == here.0 << 1 || self.becomes(here)
    }

    #[cold]
    fn becomes(&self, here: Process) -> bool {
        let ours = here.0 << 1;
        let about_to_be_ours = ours | 1;
        loop {
            let owner = self.owner.load(Ordering::Acquire);
            if owner == ours || owner == SPOILED {
                return owner == ours;
            }
            if owner == about_to_be_ours {
                // Another thread of this process is at it.
                thread::yield_now();
            } else if self.owner.compare_exchange(owner, about_to_be_ours, Ordering::AcqRel, Ordering::Acquire).is_ok()
            {
                let value = match self.value.try_lock() {
                    Ok(value) => Some(value),
                    Err(TryLockError::Poisoned(value)) => Some(value.into_inner()),
                    Err(TryLockError::WouldBlock) => None,
                };
                let owner = if value.is_some() { ours } else { SPOILED };
                if let Some(mut value) = value {
                    value.inherit();
                }
                self.owner.store(owner, Ordering::Release);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem;

    use super::*;

    impl Process {
        /// One that is not this.
        pub(crate) fn another(self) -> Self {
            Self(self.0 + 1)
        }
    }

    #[derive(Debug, Default)]
    struct Count(u32);

    impl Inherit for Count {
        const NEW: Self = Self(0);

        fn inherit(&mut self) {
            mem::take(self);
        }
    }

    /// (Forks are named here, not made: the trials make them.)
    #[test]
    fn each_process_begins_anew() {
        let counts = PerProcess::<Count>::new();
        for process in (1..100).map(Process) {
            for count in 0..3 {
                assert_eq!(mem::replace(&mut counts.lock(process).0, count + 1), count);
            }
        }
        assert!(counts.more.get().is_none(), "one slot does for all");
    }

    #[test]
    fn what_a_thread_of_the_parent_had_hold_of_is_not_waited_for() {
        let counts = PerProcess::<Count>::new();
        for process in (1..10).map(Process) {
            let mut held = counts.lock(process);
            assert_eq!(mem::replace(&mut held.0, 1), 0);
            // That thread is none of the child's.
            mem::forget(held);
        }
    }

    #[test]
    fn the_threads_of_a_process_find_the_same() {
        let counts = PerProcess::<Count>::new();
        for process in (1..200).map(Process) {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| counts.lock(process).0 += 1);
                }
            });
            assert_eq!(counts.lock(process).0, 4);
        }
    }
}
