//! What the tool has of a lock while the command runs.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use slocket_sync::{Error, Guard, Permit, SharedGuard, Slocket, TryAcquireError};

use crate::want::Want;

/// What was wanted of a lock, and acquired.
pub(crate) enum Hold {
    Lock(Guard),
    Shared(SharedGuard),
    Slot(Permit),
}

impl Hold {
    /// Waits for it, for `limit` at most.
    pub(crate) fn acquire(slocket: &Slocket, want: Want, limit: Option<Duration>) -> Result<Self, Error> {
        match (want, limit) {
            (Want::Lock, None) => slocket.acquire().map(Self::Lock),
            (Want::Lock, Some(limit)) => slocket.acquire_timeout(limit).map(Self::Lock),
            (Want::Shared, None) => slocket.acquire_shared().map(Self::Shared),
            (Want::Shared, Some(limit)) => slocket.acquire_shared_timeout(limit).map(Self::Shared),
            (Want::Slot(count), None) => slocket.semaphore(count.get().into())?.acquire().map(Self::Slot),
            (Want::Slot(count), Some(limit)) => {
                slocket.semaphore(count.get().into())?.acquire_timeout(limit).map(Self::Slot)
            }
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

    /// Whether the lock is still at its path. (To remove a FIFO does not make a share of it another's.)
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

impl AsFd for Hold {
    /// What keeps it as long as any process has a copy.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Lock(guard) => guard.as_fd(),
            Self::Shared(guard) => guard.as_fd(),
            Self::Slot(permit) => permit.as_fd(),
        }
    }
}
