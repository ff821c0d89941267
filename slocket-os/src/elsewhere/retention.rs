//! What is known of a lock that its process may retain: nothing, since none is retained.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(crate) struct Retention {
    pub(crate) number: Option<u64>,
    pub(crate) granted: Option<Instant>,
    pub(crate) slice: u8,
    pub(crate) looked: Tick,
    /// How often it was acquired or released since.
    pub(crate) unseen: u16,
}

/// A time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tick(Option<Instant>);

impl Tick {
    pub(crate) fn now() -> Self {
        Self(Some(Instant::now()))
    }

    /// Whether it was that long ago.
    pub(crate) fn is_older_than(self, age: Duration, now: Self) -> bool {
        self.0.zip(now.0).is_none_or(|(then, now)| now.saturating_duration_since(then) >= age)
    }
}
