//! What the tool has of a lock while the command runs.

use std::time::{Duration, Instant};

use slocket_sync::{Error, Grant, Guard, Permit, Request, SharedGuard, Slocket, TryAcquireError};

use crate::interrupt::{Watch, watch};
use crate::signals::Signal;
use crate::want::Want;

/// What was wanted of a lock, and acquired.
pub(crate) enum Hold {
    Lock(Guard),
    Shared(SharedGuard),
    Slot(Permit),
}

/// Why it was not acquired.
pub(crate) enum Missed {
    Failed(Error),
    /// The tool must die of this signal. It holds nothing, and has no place in the queue.
    Interrupted(Signal),
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Waits for a request, for `limit` at most. A signal of which the tool would die calls the wait off.
fn wait<G: Grant>(request: Request<G>, limit: Option<Duration>) -> Result<G, Missed> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut request = match deadline {
        Some(deadline) => request.deadline(deadline),
        None => request,
    };
    if let Some(granted) = request.wait_timeout(Duration::ZERO)? {
        return Ok(granted);
    }
    let canceller = request.canceller();
    // Without a thread it just dies.
    let watch = watch(move |_| canceller.cancel()).ok();
    let waited = request.wait();
    match watch.and_then(Watch::end) {
        // (What came in the same instant is given back.)
        Some(signal) => Err(Missed::Interrupted(signal)),
        None => Ok(waited?),
    }
}

impl Hold {
    /// Waits for it, for `limit` at most.
    pub(crate) fn acquire(slocket: &Slocket, want: Want, limit: Option<Duration>) -> Result<Self, Missed> {
        match want {
            Want::Lock => wait(slocket.request(), limit).map(Self::Lock),
            Want::Shared => wait(slocket.request_shared(), limit).map(Self::Shared),
            Want::Slot(count) => wait(slocket.semaphore(count.get().into())?.request(), limit).map(Self::Slot),
        }
    }

    /// Takes it if that is possible without queueing.
    pub(crate) fn try_acquire(slocket: &Slocket, want: Want) -> Result<Self, TryAcquireError> {
        match want {
            Want::Lock => slocket.try_acquire().map(Self::Lock),
            Want::Shared => slocket.try_acquire_shared().map(Self::Shared),
            Want::Slot(count) => slocket.semaphore(count.get().into())?.try_acquire().map(Self::Slot),
        }
    }

    /// The number of the slot, if it is one.
    pub(crate) fn slot(&self) -> Option<u16> {
        match self {
            Self::Lock(_) | Self::Shared(_) => None,
            Self::Slot(permit) => u16::try_from(permit.index()).ok(),
        }
    }

    /// Whether the lock is still at its path. (Removing a FIFO does not give its share to another process.)
    pub(crate) fn is_intact(&self) -> Result<bool, Error> {
        match self {
            Self::Lock(guard) => guard.is_intact(),
            Self::Shared(_) | Self::Slot(_) => Ok(true),
        }
    }

    /// Gives it back.
    pub(crate) fn release(self) -> Result<(), Error> {
        match self {
            Self::Lock(guard) => guard.release(),
            Self::Shared(guard) => guard.release(),
            Self::Slot(permit) => permit.release(),
        }
    }
}
