//! The ways to acquire a lock, or a share, that block the thread or never wait.

use std::time::Instant;

use crate::deadlock::{self, Inside};
use crate::error::{Error, TryAcquireError};
use crate::grant::Grant;
use crate::guard::Guard;
use crate::lock::Lock;
use crate::process::Process;
use crate::semaphore::{Permit, Semaphore};
use crate::session::{Outcome, SHARED, Session, again};
use crate::shared_guard::SharedGuard;
use crate::want::Want;

impl Lock {
    /// Acquires the lock, blocking the thread until its turn comes, or until the deadline.
    ///
    /// # Errors
    /// [`TimedOut`](crate::ErrorKind::TimedOut) at the deadline; [`Deadlock`](crate::ErrorKind::Deadlock), with debug assertions,
    /// without a deadline and where it can be known; `Occupied`, `NotASlocket`, `Untrusted`, `Stale`,
    /// `PermissionDenied`, `ParentMissing`, or what else the system refused: see [`ErrorKind`](crate::ErrorKind).
    pub fn acquire_blocking(&self, deadline: Option<Instant>) -> Result<Guard, Error> {
        block(self, Want::Lock, deadline)
    }

    /// Acquires a shared lock, blocking the thread until its turn comes, or until the deadline.
    ///
    /// # Errors
    /// Those of [`acquire_blocking`](Self::acquire_blocking); and [`NoShares`](crate::ErrorKind::NoShares), after which the lock may be lent: see
    /// [`settle`](crate::settle).
    pub fn acquire_shared_blocking(&self, deadline: Option<Instant>) -> Result<SharedGuard, Error> {
        block(self, SHARED, deadline)
    }

    /// Acquires the lock, blocking the thread, runs `body` while holding it, and releases it. Returns what the body returns.
    ///
    /// # Errors
    /// Those of [`acquire_blocking`](Self::acquire_blocking): the body has not run. Those of [`Guard::release`]: it has.
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
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or shared; or the error, one of those of
    /// [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
        try_twice(self, || Session::try_acquire(self))
    }

    /// Acquires the lock if that is possible at once: as [`try_acquire`](Self::try_acquire), but it looks only once at a process in
    /// the way, so the thread never sleeps.
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or shared, or another process is just passing through; or the error, one of
    /// those of [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire_at_once(&self) -> Result<Guard, TryAcquireError> {
        at_once(Session::try_acquire(self))
    }

    /// Acquires a shared lock if that is possible without queueing, as [`try_acquire`](Self::try_acquire).
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if the lock is held, or a process waits for it; or the error, one of those of
    /// [`acquire_shared_blocking`](Self::acquire_shared_blocking).
    pub fn try_acquire_shared(&self) -> Result<SharedGuard, TryAcquireError> {
        try_twice(self, || Session::try_acquire_shared(self))
    }

    /// Acquires a shared lock if that is possible at once, as [`try_acquire_at_once`](Self::try_acquire_at_once).
    ///
    /// # Errors
    /// Those of [`try_acquire_shared`](Self::try_acquire_shared); [`TryAcquireError::WouldBlock`] also if another process is just
    /// passing through.
    pub fn try_acquire_shared_at_once(&self) -> Result<SharedGuard, TryAcquireError> {
        at_once(Session::try_acquire_shared(self))
    }
}

impl Semaphore {
    /// Acquires a permit, blocking the thread until its turn comes, or until the deadline.
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub fn acquire_blocking(&self, deadline: Option<Instant>) -> Result<Permit, Error> {
        block(self.lock(), self.want(), deadline)
    }

    /// Acquires a permit if that is possible without queueing, as [`Lock::try_acquire`].
    ///
    /// # Errors
    /// [`TryAcquireError::WouldBlock`] if all are out, or a process waits for one; or the error, one of those of
    /// [`acquire_blocking`](Self::acquire_blocking).
    pub fn try_acquire(&self) -> Result<Permit, TryAcquireError> {
        try_twice(self.lock(), || Session::try_acquire_permit(self))
    }

    /// Acquires a permit if that is possible at once, as [`Lock::try_acquire_at_once`].
    ///
    /// # Errors
    /// Those of [`try_acquire`](Self::try_acquire); [`TryAcquireError::WouldBlock`] also if another process is just passing through.
    pub fn try_acquire_at_once(&self) -> Result<Permit, TryAcquireError> {
        at_once(Session::try_acquire_permit(self))
    }
}

/// Acquires what is wanted, blocking the thread.
fn block<G: Grant>(lock: &Lock, want: Want, deadline: Option<Instant>) -> Result<G, Error> {
    if let Some(granted) = again(lock, want) {
        return Ok(granted);
    }
    if deadline.is_none() {
        deadlock::check(lock, want)?;
    }
    let mut session = match Session::acquire_or_begin(lock, want, deadline, Instant::now) {
        Ok(granted) => return Ok(granted),
        Err(session) => session,
    };
    if deadline.is_none() {
        deadlock::check_waiting(lock, &mut session)?;
    }
    match block_on(session)? {
        Outcome::Acquired(granted) => Ok(granted),
        Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
    }
}

/// Blocks the thread until the session has an outcome.
fn block_on<G: Grant>(mut session: Session<G>) -> Result<Outcome<G>, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.block();
        session.wake();
    }
}

/// Tries; and if others may retain the lock, lets them know, and tries once more.
fn try_twice<G: Grant>(lock: &Lock, session: impl Fn() -> Session<G>) -> Result<G, TryAcquireError> {
    match tried(block_on(session())) {
        Err(TryAcquireError::WouldBlock) if knock(lock) => tried(block_on(session())),
        tried => tried,
    }
}

/// Has the process that listens there told that a waiter has come, if handles of this lock retain it. Not for this process's own, nor more
/// than once a second: at a lock that is held an ended connection is left behind.
fn knock(lock: &Lock) -> bool {
    let here = Process::current();
    let mut has_knocked = false;
    if lock.queue().retains().is_some() && lock.queue().is_free(here) {
        let _ = lock.lately().holder(here, || {
            has_knocked = true;
            lock.holder().ok().flatten()
        });
    }
    has_knocked
}

/// The outcome of a try that is not waited for.
fn at_once<G: Grant>(mut session: Session<G>) -> Result<G, TryAcquireError> {
    session.outcome().map_or(Err(TryAcquireError::WouldBlock), tried)
}

fn tried<G>(outcome: Result<Outcome<G>, Error>) -> Result<G, TryAcquireError> {
    match outcome? {
        Outcome::Acquired(granted) => Ok(granted),
        Outcome::WouldBlock => Err(TryAcquireError::WouldBlock),
    }
}
