//! A cross-process mutex for one machine, for blocking code.
//!
//! ```
//! use slocket_sync::Slocket;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("build.lock");
//!
//! let slocket = Slocket::new(&path)?;
//! let guard = slocket.acquire()?; // waits its turn
//! // ... no other process is here ...
//! guard.release()?; // or drop it
//! # assert!(!path.exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * **Order.** First come, first served among the processes of one user, until a holder is killed or cannot pass the
//!   lock on: the next in line is another user's, or no descriptor is to be had. Then those who waited race. Clones of
//!   one [`Slocket`] queue inside the process, with one connection to the outside for all of them, and the lock is passed
//!   on inside only while nobody outside waits.
//! * **A holder that dies**, however it dies, releases the lock; the next waiter has it at once. There is no lease, no
//!   heartbeat, and no poisoning: what the lock protects may be half-written, as after any crash.
//! * **While it holds**, a process runs nothing for the lock: no thread, no system call. While it waits, it uses no CPU.
//! * **Fork** without exec: the lock belongs to the process that acquired it. A forked child has no part in it: nothing that
//!   the child does or drops releases it, and the child acquires the lock as any other process does. The parent's release is
//!   complete; but an abstract name is free only when the last copy of the listener is closed, if nobody waited. If the parent
//!   is *killed*, or a later holder of the same listener, the lock is free when the last copy is closed, at a path, too: a
//!   child closes its copies when it first uses any lock, or by [`close_copies`]. Exec closes all of them.
//!   [`Guard::disown`] is for a daemon that forks itself and takes its lock along.
//! * **Without a file**, if you like: [`Slocket::abstract_name`] names a lock that the kernel alone keeps, at less cost, for
//!   processes of one network namespace.
//! * **Interoperates** with the npm package `slocket`. Its clients can only be *lent* the lock, which this process must
//!   outlive: see [`settle`].
//! * **Every lock is one acquire**: who acquires a second time while holding waits for itself.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

pub use slocket_os::{
    Disowned, Error, ErrorKind, Guard, Holder, LockName, OccupiedPolicy, StalePolicy, Trust, Waiting, close_copies,
    depart, settle, settle_timeout,
};
use slocket_os::{Lock, Outcome, Session};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Options for a [`Slocket`].
pub type Builder = slocket_os::Builder<Slocket>;

/// Options for a [`Slocket`] at an abstract name.
pub type AbstractBuilder = slocket_os::AbstractBuilder<Slocket>;

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
    /// `InvalidName`, `ParentMissing`, `PermissionDenied` or `PathTooLong`; `UnsupportedFileSystem` on a network file system: see
    /// [`ErrorKind`].
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder(path).build()
    }

    /// Names a lock, with options.
    ///
    /// ```
    /// use slocket_sync::{Slocket, StalePolicy};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("shared.lock");
    ///
    /// let slocket = Slocket::builder(&path).mode(0o660).stale(StalePolicy::Fail).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(path: impl AsRef<Path>) -> Builder {
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
    ///   fooled by that: servers of other users are refused, but for root's ([`Trust`]).
    /// * **npm's slocket cannot share it.**
    /// * **Whoever has a copy of the listener keeps it**: a process that was forked without exec while the lock was held, or
    ///   that another thread is starting just now, holds it until it is gone or has called exec, even if nobody waited and
    ///   this process has released it.
    ///
    /// ```
    /// use slocket_sync::Slocket;
    /// # let name = format!("slocket-doctest-{}", std::process::id());
    /// # let my_app = &name;
    ///
    /// let slocket = Slocket::abstract_name(my_app)?; // `slocket run @my-app` shares it
    /// let guard = slocket.acquire()?;
    /// assert!(guard.is_intact()?); // always: nobody can take the name from its socket
    /// # Ok::<(), slocket_sync::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] if the name is empty, is longer than 107 bytes, or contains a NUL byte.
    pub fn abstract_name(name: impl AsRef<OsStr>) -> Result<Self, Error> {
        Self::abstract_builder(name).build()
    }

    /// Names a lock by an abstract name, with options.
    pub fn abstract_builder(name: impl AsRef<OsStr>) -> AbstractBuilder {
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
    /// # Errors
    /// `Occupied`, `NotASlocket`, `Untrusted`, `Stale`, `PermissionDenied`, `ParentMissing`, or what else the system refused: see
    /// [`ErrorKind`]. The lock is not held then, and nothing is left behind.
    pub fn acquire(&self) -> Result<Guard, Error> {
        self.acquire_within(None)
    }

    /// Takes the lock, waiting for its turn for `timeout` at most, measured on the monotonic clock, whatever is waited
    /// for. A lock that is free is had even with a time-out of zero.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`]: the error names the holder if it is known; and those of [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        self.acquire_within(Some(timeout))
    }

    /// Takes the lock if that is possible without queueing: `None` if it is held.
    ///
    /// Whoever is in the way may be only passing through, as another process that repairs a crash: so it looks again for up
    /// to about 10 milliseconds before it answers `None`. If this process has the lock, it answers at once.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        match wait(Session::try_acquire(&self.lock))? {
            Outcome::Acquired(guard) => Ok(Some(guard)),
            Outcome::WouldBlock => Ok(None),
        }
    }

    /// Who holds the lock; `None` if nobody listens at the path.
    ///
    /// It stands in the queue for an instant, without taking the lock. Of a lock that is lent to an npm client, it tells
    /// the lender.
    ///
    /// # Errors
    /// [`ErrorKind::Occupied`] or [`ErrorKind::NotASlocket`] if something else is at the path; or what the system refused.
    pub fn holder(&self) -> Result<Option<Holder>, Error> {
        self.lock.holder()
    }

    fn acquire_within(&self, timeout: Option<Duration>) -> Result<Guard, Error> {
        match wait(Session::acquire(&self.lock, timeout))? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock => {
                unreachable!("an acquire ends with the lock or an error")
            }
        }
    }
}

impl From<Lock> for Slocket {
    fn from(lock: Lock) -> Self {
        Self { lock }
    }
}

/// Blocks the thread until the session has an outcome.
fn wait(mut session: Session) -> Result<Outcome, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.block();
        session.wake();
    }
}
