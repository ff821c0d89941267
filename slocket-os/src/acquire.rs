//! The ways to acquire a lock that block the thread, or never wait.

use std::time::Instant;

use crate::deadlock::{self, Inside};
use crate::error::{Error, TryAcquireError};
use crate::guard::Guard;
use crate::lock::Lock;
use crate::session::{Outcome, Session};

impl Lock {
    /// Acquires the lock, blocking the thread until its turn comes, or until the deadline.
    ///
    /// # Errors
    /// [`TimedOut`](crate::ErrorKind::TimedOut) at the deadline; [`Deadlock`](crate::ErrorKind::Deadlock), with debug assertions,
    /// without a deadline and where it can be known; `Occupied`, `NotASlocket`, `Untrusted`, `Stale`,
    /// `PermissionDenied`, `ParentMissing`, or what else the system refused: see [`ErrorKind`](crate::ErrorKind).
    pub fn acquire_blocking(&self, deadline: Option<Instant>) -> Result<Guard, Error> {
        if deadline.is_none() {
            deadlock::check(self)?;
        }
        let mut session = Session::acquire_until(self, deadline);
        if deadline.is_none() {
            deadlock::check_waiting(self, &mut session)?;
        }
        match block_on(session)? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
        }
    }

    /// Acquires the lock, blocking the thread, runs `body` while holding it, and releases it. Returns what the body returns.
    ///
    /// # Errors
    /// As of [`acquire_blocking`](Self::acquire_blocking): the body has not run. As of [`Guard::release`]: it has.
    pub fn with_lock<T>(&self, body: impl FnOnce() -> T) -> Result<T, Error> {
        let guard = self.acquire_blocking(None)?;
        let inside = Inside::of(self);
        let value = body();
        drop(inside);
        guard.release()?;
        Ok(value)
    }

    /// Acquires the lock if that is possible without queueing. Blocks the thread for about 10 milliseconds at most, to see
    /// whether the one in the way is only passing through: another process that repairs a crash, for example.
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or the error, as of [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
        match block_on(Session::try_acquire(self))? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => Err(TryAcquireError::WouldBlock),
        }
    }

    /// Acquires the lock if that is possible at once: as [`try_acquire`](Self::try_acquire), but whoever is in the way is not
    /// looked at twice, so the thread never sleeps.
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or another process is just passing through; or the error, as of
    /// [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire_at_once(&self) -> Result<Guard, TryAcquireError> {
        match Session::try_acquire(self).outcome() {
            Some(Ok(Outcome::Acquired(guard))) => Ok(guard),
            Some(Ok(Outcome::WouldBlock)) | None => Err(TryAcquireError::WouldBlock),
            Some(Err(error)) => Err(error.into()),
        }
    }
}

/// Blocks the thread until the session has an outcome.
fn block_on(mut session: Session) -> Result<Outcome, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.block();
        session.wake();
    }
}
