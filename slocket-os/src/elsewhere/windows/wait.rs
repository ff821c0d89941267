//! What a session waits for.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use crate::bell::Bell;

/// What a session waits for: a time comes, or what wakes the waker that [`Session::poll_change`](crate::Session::poll_change) was given. (On
/// Unix a descriptor becomes readable instead.)
#[derive(Clone, Copy, Debug, Default)]
pub struct Wait<'a> {
    pub(crate) bell: Option<&'a Bell>,
    /// To be woken at, at the latest.
    pub until: Option<Instant>,
    /// The same, by the clock of the [`Runtime`](crate::Runtime), where that has one of its own.
    pub deadline: Option<Instant>,
}

impl<'a> Wait<'a> {
    /// Waiting for a bell.
    pub(crate) fn of_bell(bell: &'a Bell) -> Self {
        Self { bell: Some(bell), ..Self::default() }
    }

    /// When to be woken, at the latest, where there is but one clock.
    #[must_use]
    pub fn time(&self) -> Option<Instant> {
        self.until.into_iter().chain(self.deadline).min()
    }

    /// Ready when the bell has rung.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        self.bell.map_or(Poll::Pending, |bell| bell.poll(context))
    }
}

/// Blocks the thread until the bell has rung, or the time has come.
pub(crate) fn block_on(wait: Wait<'_>) {
    let ringer = Arc::new(Ringer::default());
    let waker = Waker::from(Arc::clone(&ringer));
    if wait.poll(&mut Context::from_waker(&waker)).is_pending() {
        ringer.block(wait.time());
    }
}

/// What a thread that blocks is woken by.
#[derive(Debug, Default)]
pub(crate) struct Ringer {
    rung: Mutex<bool>,
    rings: Condvar,
}

impl Ringer {
    pub(crate) fn block(&self, until: Option<Instant>) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        match until {
            None => drop(self.rings.wait_while(rung, |rung| !*rung)),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                drop(self.rings.wait_timeout_while(rung, left, |rung| !*rung));
            }
        }
    }
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rings.notify_one();
    }
}
