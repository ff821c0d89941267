//! What is known of a lock that its process may retain: when it was granted, and when its queue was looked at last.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What is known of a lock that its process may retain. Without a number, its queue is not watched.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    /// The number by which [the keeper](crate::keeper) knows the listener, if it watches that.
    pub(crate) number: Option<u64>,
    /// When the lock was granted, if its process retains it.
    pub(crate) granted: Option<Instant>,
    /// How often it may still be acquired again although others wait.
    pub(crate) slice: u8,
    /// When the queue was looked at last.
    pub(crate) looked: Tick,
    /// How often it was acquired or released since.
    pub(crate) unseen: u16,
}

/// A time in nanoseconds, by a clock that is read in a few nanoseconds and told in some milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tick(u64);

impl Tick {
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::MonotonicCoarse);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Self(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default())
    }

    /// How long ago that was.
    pub(crate) fn is_older_than(self, age: Duration, now: Self) -> bool {
        u128::from(now.0.saturating_sub(self.0)) >= age.as_nanos()
    }
}
