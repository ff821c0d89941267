//! A cross-process mutex for one machine, for Tokio.
//!
//! ```
//! use slocket_tokio::Slocket;
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire().await?; // waits its turn: no thread, no polling
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok(())
//! # }
//! ```
//!
//! The runtime needs its I/O and time drivers (`enable_all`, as `#[tokio::main]` has them).
//!
//! * **Cancellation.** Every future here may be dropped at any await point, by `select!`, a time-out, `abort` or a runtime
//!   that shuts down: it leaves the queue, passes on a lock that was granted meanwhile, and leaves no descriptor and no
//!   file behind. A guard may be dropped anywhere, on any thread, inside or outside a runtime: the release is complete
//!   when `drop` returns, and never blocks.
//! * **Futurelock.** A future that is not polled, but not dropped either, keeps its place: when its turn comes, it holds
//!   the lock for nobody, and everybody behind it waits. Poll it, or drop it.
//! * **Order.** First come, first served, until a holder crashes or closes out (then those who waited race). Clones of one
//!   [`Slocket`] queue inside the process, with one connection to the outside for all of them, and the lock is passed on
//!   inside only while nobody outside waits.
//! * **A holder that dies**, however it dies, releases the lock; the next waiter has it at once. There is no lease, no
//!   heartbeat, and no poisoning: what the lock protects may be half-written, as after any crash.
//! * **Fork** without exec shares a held lock: it is held until both processes are gone (as with flock(2)). Exec does not:
//!   all descriptors are closed on exec.
//! * **Interoperates** with the npm package `slocket`. Its clients can only be *lent* the lock, which this process must
//!   outlive: see [`settle`].

use std::future::{pending, poll_fn};
use std::path::Path;
use std::time::Duration;

pub use slocket_os::{Error, Guard, Holder, StalePolicy, Trust, depart, settle};
use slocket_os::{Lock, Outcome, Session};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout_at};

/// How often a descriptor is looked at that the reactor does not take.
const RECHECK: Duration = Duration::from_millis(10);

/// Options for a [`Slocket`].
pub type Builder = slocket_os::Builder<Slocket>;

/// A lock that processes of this machine share by its path.
///
/// Cheap to clone, `Send` and `Sync`. Nothing is held and nothing is on disk until it is acquired. Clones share one queue
/// inside the process.
#[derive(Clone, Debug)]
pub struct Slocket {
    lock: Lock,
}

impl Slocket {
    /// Names a lock, with the default options. Resolves the folder of the path, which must exist; touches nothing.
    ///
    /// # Errors
    /// [`Error::InvalidPath`], [`Error::ParentMissing`], [`Error::PermissionDenied`], [`Error::PathTooLong`];
    /// [`Error::UnsupportedFileSystem`] on a network file system.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder(path).build()
    }

    /// Names a lock, with options.
    pub fn builder(path: impl AsRef<Path>) -> Builder {
        Builder::new(path)
    }

    /// The lock's path, with its folder resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.lock.path()
    }

    /// Takes the lock, waiting for its turn.
    ///
    /// Something at the path that is no socket counts as held: it is waited for until it is gone.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped future leaves the queue, and passes on a lock that was granted meanwhile.
    ///
    /// # Errors
    /// [`Error::NotASlocket`], [`Error::Untrusted`], [`Error::Stale`], [`Error::PermissionDenied`],
    /// [`Error::ParentMissing`], or what else the system refused. The lock is not held then, and nothing is left behind.
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
    /// [`Error::TimedOut`], which names the holder if it can be known; and those of [`acquire`](Self::acquire).
    pub async fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        self.acquire_within(Some(timeout)).await
    }

    /// Takes the lock if that is possible without queueing: `None` if it is held, or something else is at the path.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    pub async fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        match drive(Session::try_acquire(&self.lock)).await? {
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
    /// [`Error::NotASlocket`] if something that is no socket is at the path; or what the system refused.
    pub async fn holder(&self) -> Result<Option<Holder>, Error> {
        self.lock.holder()
    }

    async fn acquire_within(&self, timeout: Option<Duration>) -> Result<Guard, Error> {
        match drive(Session::acquire(&self.lock, timeout)).await? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => unreachable!("an acquire ends with the lock or an error"),
        }
    }
}

impl From<Lock> for Slocket {
    fn from(lock: Lock) -> Self {
        Self { lock }
    }
}

/// Waits until the session has an outcome. Dropped at any await point, it drops the session, which cancels the request.
async fn drive(mut session: Session) -> Result<Outcome, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        let until = session.wait().until;
        match until {
            // A time that is over is as good as a wake-up.
            Some(until) => drop(timeout_at(until.into(), ready(&mut session)).await),
            None => ready(&mut session).await,
        }
        session.wake();
    }
}

/// Waits for the turn inside the process, or for the session's descriptor.
async fn ready(session: &mut Session) {
    if session.is_inside() {
        return poll_fn(|context| session.poll_turn(context)).await;
    }
    let Some(descriptor) = session.wait().descriptor else { return pending().await };
    #[expect(deprecated, reason = "its successor is unsafe; a borrowed descriptor outlives its registration as it is")]
    match AsyncFd::with_interest(descriptor, Interest::READABLE) {
        Ok(readiness) => drop(readiness.readable().await),
        // The reactor takes no more descriptors (`max_user_watches` of epoll(7)): look again before long.
        Err(_) => sleep(RECHECK).await,
    }
}
