//! A cross-process mutex for one machine, for blocking code.
#![cfg_attr(not(doctest), doc = "")]

use std::path::Path;
use std::time::Duration;

pub use slocket_os::{Error, Guard, Holder, StalePolicy, Trust, settle};
use slocket_os::{Lock, Outcome, Session};

/// Options for a [`Slocket`].
pub type Builder = slocket_os::Builder<Slocket>;

/// A lock that processes of this machine share by its path.
///
/// Cheap to clone, `Send` and `Sync`. Nothing is held and nothing is on disk until a lock is acquired.
#[derive(Clone, Debug)]
pub struct Slocket {
    lock: Lock,
}

impl From<Lock> for Slocket {
    fn from(lock: Lock) -> Self {
        Self { lock }
    }
}

impl Slocket {
    /// Names a lock with default options.
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
}

impl Slocket {
    /// Takes the lock, waiting for its turn.
    pub fn acquire(&self) -> Result<Guard, Error> {
        self.acquire_within(None)
    }

    /// Takes the lock, waiting for its turn for `timeout` at most.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        self.acquire_within(Some(timeout))
    }

    /// Takes the lock if that is possible without queueing.
    pub fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        match wait(Session::try_acquire(&self.lock))? {
            Outcome::Acquired(guard) => Ok(Some(guard)),
            Outcome::WouldBlock | Outcome::Free | Outcome::Listened(_) => Ok(None),
        }
    }

    /// Who holds the lock; `None` if nobody listens at the path.
    pub fn holder(&self) -> Result<Option<Holder>, Error> {
        self.lock.holder()
    }

    fn acquire_within(&self, timeout: Option<Duration>) -> Result<Guard, Error> {
        match wait(Session::acquire(&self.lock, timeout))? {
            Outcome::Acquired(guard) => Ok(guard),
            Outcome::WouldBlock | Outcome::Free | Outcome::Listened(_) => {
                unreachable!("an acquire ends with the lock or an error")
            }
        }
    }
}

/// Blocks the thread until the session has an outcome.
fn wait(mut session: Session) -> Result<Outcome, Error> {
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.wait().block();
        session.wake();
    }
}
