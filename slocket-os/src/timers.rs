//! The machine's timers, on the monotonic clock.

use std::time::{Duration, Instant};

use slocket_core::Timer;

use crate::address;

/// How often a path is looked at again although a watch is on it.
const RECHECK_WATCHED: Duration = Duration::from_secs(1);

/// How often a path is looked at that cannot be watched.
const RECHECK_UNWATCHED: Duration = Duration::from_millis(250);

/// When each timer is due.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: [Option<Instant>; 4],
}

impl Timers {
    const ALL: [Timer; 4] = [Timer::Retry, Timer::Recheck, Timer::Stale, Timer::Deadline];

    fn slot(&mut self, timer: Timer) -> &mut Option<Instant> {
        let index = match timer {
            Timer::Retry => 0,
            Timer::Recheck => 1,
            Timer::Stale => 2,
            Timer::Deadline => 3,
        };
        &mut self.due[index]
    }

    /// Arms a timer. A time too far away to be told never comes.
    pub(crate) fn arm(&mut self, timer: Timer, from: Instant, after: Duration) {
        *self.slot(timer) = from.checked_add(after);
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.iter().flatten().min().copied()
    }

    /// Takes a timer that is due by now. (The deadline last: what can still be done is done.)
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        Self::ALL.into_iter().find(|&timer| self.slot(timer).take_if(|due| *due <= now).is_some())
    }
}

/// How long the pause before a retry is, counted from the beginning of the attempt: half to one and a half times
/// 2^`level` milliseconds, at random, so that those who were sent away together do not come back together.
pub(crate) fn retry_delay(level: u8) -> Duration {
    let ceiling = 1_000_u64 << level.min(7);
    let jitter = address::random().unwrap_or(0) % ceiling;
    Duration::from_micros(ceiling / 2 + jitter)
}

/// How long until the path is looked at again.
pub(crate) fn recheck_delay(watched: bool) -> Duration {
    if watched { RECHECK_WATCHED } else { RECHECK_UNWATCHED }
}
