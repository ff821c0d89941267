//! The lock for asynchronous code: the same for every runtime, except for the waiting.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::error::{Error, TryAcquireError};
use crate::grant::Grant;
use crate::guard::Guard;
use crate::lock::Lock;
use crate::process::Process;
use crate::runtime::Runtime;
use crate::semaphore::Permit;
use crate::session::{self, Outcome, SHARED, Session};
use crate::shared_guard::SharedGuard;
use crate::want::Want;

/// A [`Lock`] for asynchronous code on the runtime `R`, which the adapters' handles wrap.
///
/// Cheap to clone, `Send` and `Sync`. Clones share one queue inside the process, and share it with all other handles of the
/// same lock.
pub struct Slocket<R> {
    lock: Lock,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Slocket<R> {
    /// Acquires the lock, waiting for its turn.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped future leaves the queue, and passes on a lock that was granted meanwhile.
    ///
    /// # Errors
    /// Those of [`Lock::acquire_blocking`].
    pub async fn acquire(&self) -> Result<Guard, Error> {
        Self::acquire_of(&self.lock).await
    }

    /// Acquires the lock without a handle of this type, which costs a reference.
    #[doc(hidden)]
    pub async fn acquire_of(lock: &Lock) -> Result<Guard, Error> {
        acquire::<R, _>(lock, Want::Lock, || None).await
    }

    /// Acquires the lock, waiting for its turn for `timeout` at most, measured by the clock of the runtime.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of [`Lock::acquire_blocking`].
    pub async fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        acquire::<R, _>(&self.lock, Want::Lock, || session::after(timeout, R::now)).await
    }

    /// Acquires the lock, waiting for its turn until `deadline` at most, by the clock of the runtime.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of [`Lock::acquire_blocking`].
    pub async fn acquire_until(&self, deadline: Instant) -> Result<Guard, Error> {
        acquire::<R, _>(&self.lock, Want::Lock, || Some(deadline)).await
    }

    /// Acquires the lock if that is possible at once.
    ///
    /// # Errors
    /// Those of [`Lock::try_acquire_at_once`].
    pub fn try_acquire(&self) -> Result<Guard, TryAcquireError> {
        self.lock.try_acquire_at_once()
    }

    /// Acquires a shared lock, waiting for its turn.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire): the wait for the holder, too.
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub async fn acquire_shared(&self) -> Result<SharedGuard, Error> {
        acquire::<R, _>(&self.lock, SHARED, || None).await
    }

    /// Acquires a shared lock, waiting for its turn for `timeout` at most, measured by the clock of the runtime.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire_shared`](Self::acquire_shared).
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub async fn acquire_shared_timeout(&self, timeout: Duration) -> Result<SharedGuard, Error> {
        acquire::<R, _>(&self.lock, SHARED, || session::after(timeout, R::now)).await
    }

    /// Acquires a shared lock, waiting for its turn until `deadline` at most, by the clock of the runtime.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire_shared`](Self::acquire_shared).
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub async fn acquire_shared_until(&self, deadline: Instant) -> Result<SharedGuard, Error> {
        acquire::<R, _>(&self.lock, SHARED, || Some(deadline)).await
    }
}

/// A [`Semaphore`](crate::Semaphore) for asynchronous code on the runtime `R`, which the adapters' semaphores wrap.
///
/// Cheap to clone, `Send` and `Sync`. Clones share one queue inside the process.
pub struct Semaphore<R> {
    semaphore: crate::Semaphore,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Semaphore<R> {
    /// Acquires a permit, waiting for its turn.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped future leaves the queue, and gives back a slot that it had taken meanwhile.
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub async fn acquire(&self) -> Result<Permit, Error> {
        acquire::<R, _>(self.semaphore.lock(), self.semaphore.want(), || None).await
    }

    /// Acquires a permit, waiting for its turn for `timeout` at most, measured by the clock of the runtime.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub async fn acquire_timeout(&self, timeout: Duration) -> Result<Permit, Error> {
        let deadline = || session::after(timeout, R::now);
        acquire::<R, _>(self.semaphore.lock(), self.semaphore.want(), deadline).await
    }

    /// Acquires a permit, waiting for its turn until `deadline` at most, by the clock of the runtime.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of [`Lock::acquire_shared_blocking`].
    pub async fn acquire_until(&self, deadline: Instant) -> Result<Permit, Error> {
        acquire::<R, _>(self.semaphore.lock(), self.semaphore.want(), || Some(deadline)).await
    }
}

/// The deadline is asked for once the runtime was checked: without one there may be no clock.
async fn acquire<R: Runtime, G: Grant>(
    lock: &Lock,
    want: Want,
    deadline: impl FnOnce() -> Option<Instant>,
) -> Result<G, Error> {
    // (What this process retains is had without any runtime.)
    if let Some(granted) = session::again(lock, want) {
        return Ok(granted);
    }
    R::check();
    let session = match Session::acquire_or_begin(lock, want, deadline(), R::now) {
        Ok(granted) => return Ok(granted),
        Err(session) => session,
    };
    match drive::<R, G>(session).await? {
        Outcome::Acquired(granted) => Ok(granted),
        Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
    }
}

/// Waits until the session has an outcome. Dropped at any await point, it drops the session, which cancels the request.
async fn drive<R: Runtime, G: Grant>(mut session: Session<G>) -> Result<Outcome<G>, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        let here = session.process();
        OfProcess::new(R::wait(&mut session), here).await;
        session.wake();
    }
}

/// Keeps a future of a [`Runtime`] from being polled or dropped in a forked child. There it completes at once, and is leaked.
///
/// Parent and child share the runtime's epoll instance. If the child dropped its copy of the future, it would remove the parent's
/// registration, and the parent would never notice that it holds the lock. Dropping a timer is no better: it locks a mutex of the
/// runtime, which a thread of the parent may have held during the fork.
struct OfProcess<F> {
    /// In a box, because a runtime has pointers into a future that waits: one that is not dropped must stay where it is.
    future: Option<Pin<Box<F>>>,
    process: Process,
}

impl<F: Future<Output = ()>> OfProcess<F> {
    fn new(future: F, process: Process) -> Self {
        Self { future: Some(Box::pin(future)), process }
    }
}

impl<F: Future<Output = ()>> Future for OfProcess<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.process.is_current() {
            return Poll::Ready(());
        }
        let Some(future) = &mut self.future else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl<F> Drop for OfProcess<F> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take()
            && !self.process.is_current()
        {
            mem::forget(future);
        }
    }
}

impl<R> From<Lock> for Slocket<R> {
    fn from(lock: Lock) -> Self {
        Self { lock, runtime: PhantomData }
    }
}

impl<R> AsRef<Lock> for Slocket<R> {
    fn as_ref(&self) -> &Lock {
        &self.lock
    }
}

impl<R> Clone for Slocket<R> {
    fn clone(&self) -> Self {
        Self::from(self.lock.clone())
    }
}

impl<R> fmt::Debug for Slocket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slocket").field("name", self.lock.name()).finish_non_exhaustive()
    }
}

impl<R> From<crate::Semaphore> for Semaphore<R> {
    fn from(semaphore: crate::Semaphore) -> Self {
        Self { semaphore, runtime: PhantomData }
    }
}

impl<R> Clone for Semaphore<R> {
    fn clone(&self) -> Self {
        Self::from(self.semaphore.clone())
    }
}

impl<R> fmt::Debug for Semaphore<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let semaphore = &self.semaphore;
        f.debug_struct("Semaphore")
            .field("name", semaphore.lock().name())
            .field("permits", &semaphore.permits())
            .finish()
    }
}
