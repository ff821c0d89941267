//! Waiting for descriptors and deadlines, by blocking the thread.

use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::bell::Bell;

/// What a session waits for: its descriptor becomes readable, or a time comes. (With neither, it has an outcome.)
#[derive(Clone, Copy, Debug, Default)]
pub struct Wait<'a> {
    /// To be waited on for reading. (Do not duplicate it: a fork closes its copies, including duplicates.)
    pub descriptor: Option<BorrowedFd<'a>>,
    /// To be woken at, at the latest.
    pub until: Option<Instant>,
    /// The same, by the clock of the [`Runtime`](crate::Runtime), where that has one of its own.
    pub deadline: Option<Instant>,
}

impl<'a> Wait<'a> {
    /// Waiting for a bell.
    pub(crate) fn of_bell(bell: &'a Bell) -> Self {
        Self { descriptor: Some(bell.as_fd()), ..Self::default() }
    }

    /// When to be woken, at the latest, where there is but one clock.
    #[must_use]
    pub fn time(&self) -> Option<Instant> {
        self.until.into_iter().chain(self.deadline).min()
    }
}

/// Blocks the thread until it has come. It may return early.
pub(crate) fn block_on(wait: Wait<'_>) {
    block_on_any(&[wait]);
}

/// Blocks the thread until one of them has come. It may return early.
pub(crate) fn block_on_any(waits: &[Wait<'_>]) {
    let descriptors = waits.iter().filter_map(|wait| wait.descriptor);
    let mut fds: Vec<_> = descriptors.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
    let until = waits.iter().filter_map(Wait::time).min();
    let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        // The kernel has no memory, or allows no descriptors: not a reason to spin.
        Err(_) => thread::sleep(Duration::from_millis(10)),
    }
}
