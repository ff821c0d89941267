//! The lock for asynchronous code: the same for every runtime but for the waiting.

use std::ffi::OsStr;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::mem;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::abstract_name::AbstractBuilder;
use crate::error::Error;
use crate::guard::Guard;
use crate::lock::{Builder, Lock};
use crate::name::LockName;
use crate::peer::Holder;
use crate::process::Process;
use crate::session::{Outcome, Session};

/// How a runtime waits.
pub trait Runtime: 'static {
    /// Panics if the runtime lacks something that [`wait`](Self::wait) needs. It is called at the beginning of each acquire, so
    /// that a program does not find out only when the lock is held by somebody else.
    fn check() {}

    /// The time by which time-outs are measured.
    #[must_use]
    fn now() -> Instant {
        Instant::now()
    }

    /// Waits for what the session waits for: its turn inside the process ([`turn`]), its descriptor, its times
    /// ([`Session::wait`]). It may return early, and may be dropped at any await point. A forked
    /// child neither polls nor drops its copy.
    fn wait(session: &mut Session) -> impl Future<Output = ()> + Send;
}

/// Waits for a session's turn inside the process.
pub async fn turn(session: &mut Session) {
    poll_fn(|context| session.poll_turn(context)).await;
}

/// A lock that processes of this machine share by its path, for asynchronous code. The adapters name it for their
/// runtimes, as `slocket_tokio::Slocket`.
///
/// Cheap to clone, `Send` and `Sync`. Nothing is held and nothing is on disk until it is acquired. Clones share one queue
/// inside the process.
pub struct Slocket<R> {
    lock: Lock,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Slocket<R> {
    /// Names a lock, with the default options. Resolves the folder of the path, which must exist; touches nothing.
    ///
    /// # Errors
    /// `InvalidName`, `ParentMissing`, `PermissionDenied` or `PathTooLong`; `UnsupportedFileSystem` on a network file system: see
    /// [`ErrorKind`](crate::ErrorKind).
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder(path).build()
    }

    /// Names a lock, with options.
    pub fn builder(path: impl AsRef<Path>) -> Builder<Self> {
        Builder::new(path)
    }

    /// Names a lock by an abstract name instead of a path, with the default options; touches nothing. Linux only.
    ///
    /// The same lock, but no file, and nothing to reclaim: the kernel frees the name when its socket is gone. Acquire and
    /// release of a free lock are 7 system calls, where a path takes 19. What it gives up:
    ///
    /// * **Its scope is the network namespace**: processes in two containers with networks of their own do not share it,
    ///   processes that share the network do, whatever files they see.
    /// * **It has no permissions**: any user of the machine can take the name, and so keep others from the lock. Nobody is
    ///   fooled by that: servers of other users are refused, but for root's ([`Trust`](crate::Trust)).
    /// * **npm's slocket cannot share it.**
    /// * **Whoever has a copy of the listener keeps it**: a process that was forked without exec while the lock was held, or
    ///   that another thread is starting just now, holds it until it is gone or has called exec, even if nobody waited and
    ///   this process has released it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`](crate::ErrorKind::InvalidName) if the name is empty, is longer than 107 bytes, or contains a NUL byte.
    pub fn abstract_name(name: impl AsRef<OsStr>) -> Result<Self, Error> {
        Self::abstract_builder(name).build()
    }

    /// Names a lock by an abstract name, with options.
    pub fn abstract_builder(name: impl AsRef<OsStr>) -> AbstractBuilder<Self> {
        AbstractBuilder::new(name)
    }

    /// Returns the lock's name, with the folder of a path resolved.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.lock.name()
    }

    /// Returns the lock's path, with its folder resolved; `None` for an abstract name.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.lock.path()
    }

    /// Takes the lock, waiting for its turn.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped future leaves the queue, and passes on a lock that was granted meanwhile.
    ///
    /// # Errors
    /// `Occupied`, `NotASlocket`, `Untrusted`, `Stale`, `PermissionDenied`, `ParentMissing`, or what else the system refused: see
    /// [`ErrorKind`](crate::ErrorKind). The lock is not held then, and nothing is left behind.
    pub async fn acquire(&self) -> Result<Guard, Error> {
        self.acquire_within(None).await
    }

    /// Takes the lock, waiting for its turn for `timeout` at most, measured on the monotonic clock, whatever is waited
    /// for. A lock that is free is had even with a time-out of zero.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut): the error names the holder if it is known; and those of [`acquire`](Self::acquire).
    pub async fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        self.acquire_within(Some(timeout)).await
    }

    /// Takes the lock if that is possible without queueing: `None` if it is held.
    ///
    /// Whoever is in the way may be only passing through, as another process that repairs a crash: so it looks again for up
    /// to about 10 milliseconds before it answers `None`. If this process has the lock, it answers at once.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    pub async fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        R::check();
        match Self::drive(Session::try_acquire(&self.lock)).await? {
            Outcome::Acquired(guard) => Ok(Some(guard)),
            Outcome::WouldBlock => Ok(None),
        }
    }

    /// Who holds the lock; `None` if nobody listens at the path.
    ///
    /// It stands in the queue for an instant, without taking the lock. Of a lock that is lent to an npm client, it tells
    /// the lender.
    ///
    /// # Cancel safety
    /// It does not wait.
    ///
    /// # Errors
    /// [`Occupied`](crate::ErrorKind::Occupied) or [`NotASlocket`](crate::ErrorKind::NotASlocket) if something else is at the path; or what the system refused.
    pub async fn holder(&self) -> Result<Option<Holder>, Error> {
        self.lock.holder()
    }

    async fn acquire_within(&self, timeout: Option<Duration>) -> Result<Guard, Error> {
        R::check();
        match Self::drive(Session::acquire_by(&self.lock, timeout, R::now)).await? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
        }
    }

    /// Waits until the session has an outcome. Dropped at any await point, it drops the session, which cancels the
    /// request.
    async fn drive(mut session: Session) -> Result<Outcome, Error> {
        loop {
            if let Some(outcome) = session.outcome() {
                return outcome;
            }
            let here = session.process();
            OfProcess::new(R::wait(&mut session), here).await;
            session.wake();
        }
    }
}

/// Keeps a future of a [`Runtime`] from being polled or dropped in a forked child. There it completes at once, and is leaked.
///
/// Parent and child share the runtime's epoll instance. If the child dropped its copy of the future, it would remove the parent's
/// registration, and the parent would never notice that it has the lock. Dropping a timer is no better: it locks a mutex of the
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

impl<R> Clone for Slocket<R> {
    fn clone(&self) -> Self {
        Self::from(self.lock.clone())
    }
}

impl<R> fmt::Debug for Slocket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slocket").field("name", &self.lock.name()).finish_non_exhaustive()
    }
}
