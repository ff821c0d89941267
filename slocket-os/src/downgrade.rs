//! Making a lock that is held a shared one.

use std::io;

use crate::background;
use crate::error::{Error, What};
use crate::grant::sealed::{Granted, Sealed};
use crate::guard::Guard;
use crate::local::Lock;
use crate::participant::Downgraded;
use crate::shared_guard::SharedGuard;

impl Guard {
    /// Turns the lock into a shared lock without releasing it: no other process holds the lock in between. Does not wait.
    ///
    /// Waiters for a shared lock at the head of the queue get theirs at once; a waiter for the lock itself
    /// waits until this shared lock is released, too.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("cache.lock");
    /// use slocket_os::Builder;
    ///
    /// let lock = Builder::new(&path).build()?;
    /// let guard = lock.acquire_blocking(None)?;
    /// // ... fill the cache ...
    /// let shared = guard.downgrade()?;
    /// // ... read it, beside others that read ...
    /// shared.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DowngradeError`], which gives the guard back if the lock is held as before; see there.
    pub fn downgrade(self) -> Result<SharedGuard, DowngradeError> {
        if !self.is_ours() {
            let error = self.site().failed(What::Forked);
            return Err(DowngradeError { error, guard: Some(self) });
        }
        let Some((mut participant, turn)) = self.into_parts() else {
            unreachable!("a guard has its lock until it is dropped")
        };
        match participant.downgrade() {
            Downgraded::Shared => Ok(SharedGuard::granted(Granted { lock: Lock::new(participant, turn), slot: None })),
            Downgraded::Held(error) => Err(DowngradeError { error, guard: Some(Self::new(participant, turn)) }),
            Downgraded::Lost(error) => {
                // (It may have been lent.)
                background::settle_later(participant);
                drop(turn);
                Err(DowngradeError { error, guard: None })
            }
        }
    }
}

/// Why a lock could not become a shared lock: see [`Guard::downgrade`].
///
/// [`into_guard`](Self::into_guard) returns the guard if the lock is still held. It is not if it was lost, or if npm's slocket
/// waited for it: then it was passed on. Dropping this, or converting it into an [`Error`], releases the lock.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct DowngradeError {
    error: Error,
    guard: Option<Guard>,
}

impl DowngradeError {
    /// Returns what went wrong: an error of acquiring a shared lock; [`ErrorKind::LockLost`](crate::ErrorKind::LockLost); or [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of
    /// the process that holds the lock.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the guard, if the lock is held as before.
    #[must_use]
    pub fn into_guard(self) -> Option<Guard> {
        self.guard
    }
}

impl From<DowngradeError> for Error {
    fn from(error: DowngradeError) -> Self {
        error.error
    }
}

impl From<DowngradeError> for io::Error {
    fn from(error: DowngradeError) -> Self {
        error.error.into()
    }
}
