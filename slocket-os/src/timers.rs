//! The machine's timers, on the monotonic clock.

use std::time::{Duration, Instant};

use slocket_core::{Timer, Wait};

use crate::process::Process;
use crate::random::random;

/// How often a path is looked at again although a watch is on it.
const RECHECK_WATCHED: Duration = Duration::from_secs(1);

/// How often a path is looked at that cannot be watched.
const RECHECK_UNWATCHED: Duration = Duration::from_millis(250);

/// How long a try looks again at whatever is in the way: a look, a reclaim and a release are over long before.
pub(crate) const TRY_AGAIN: Duration = Duration::from_millis(10);

/// When each timer of the machine is due. (The deadline is the session's.)
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: [Option<Instant>; TIMERS.len()],
    next: Option<Instant>,
}

const TIMERS: [Timer; 4] = [Timer::Retry, Timer::Recheck, Timer::Stale, Timer::Try];

fn names(wait: &Wait, timer: Timer) -> bool {
    match timer {
        Timer::Retry => wait.retry.is_some(),
        Timer::Recheck => wait.recheck,
        Timer::Stale => wait.stale,
        Timer::Try => wait.hasty,
        Timer::Deadline => false,
    }
}

impl Timers {
    /// Arms those that are to be and are not yet, to fire at the time that `due` tells; disarms the others. A time too far away to be
    /// told never comes.
    pub(crate) fn set(&mut self, wait: &Wait, mut at: impl FnMut(Timer) -> Option<Instant>) {
        for (timer, due) in TIMERS.into_iter().zip(&mut self.due) {
            *due = if names(wait, timer) { due.or_else(|| at(timer)) } else { None };
        }
        self.see_next();
    }

    /// Whether such a wait has anything to set, or to disarm.
    pub(crate) fn is_concerned(&self, wait: &Wait) -> bool {
        self.next.is_some() || TIMERS.into_iter().any(|timer| names(wait, timer))
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Takes a timer that is due by now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let mut timers = TIMERS.into_iter().zip(&mut self.due);
        let taken = timers.find_map(|(timer, due)| due.take_if(|due| *due <= now).map(|_| timer));
        self.see_next();
        taken
    }

    fn see_next(&mut self) {
        self.next = self.due.iter().flatten().min().copied();
    }
}

/// How long the pause before a retry is, counted from the beginning of the attempt: half to one and a half times a quarter
/// of a millisecond, four times as much with each level up to 128 milliseconds (so the last two are alike). It is random, so that processes
/// that were sent away together do not come back together. (The first obstacle is mostly gone in microseconds: a socket that does
/// not listen yet, a guard.)
pub(crate) fn retry_delay(level: u8, here: Process) -> Duration {
    let ceiling = (250_u64 << (2 * (level.clamp(1, 7) - 1))).min(128_000);
    let jitter = random(here).unwrap_or(0) % ceiling;
    Duration::from_micros(ceiling / 2 + jitter)
}

/// How long until the path is looked at again.
pub(crate) fn recheck_delay(watched: bool) -> Duration {
    if watched { RECHECK_WATCHED } else { RECHECK_UNWATCHED }
}
