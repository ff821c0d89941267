//! The lock of one adapter, and its options.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use slocket_os::{
    Error, ErrorKind, Guard, Holder, Home, Lock, LockName, OccupiedPolicy, StalePolicy, Trust, TryAcquireError, Waiting,
};

use super::runtimes::{TOKIO, in_a_task};
use crate::adapter::Adapter;

/// How long a try looks again.
pub(super) const TRY_AGAIN: Duration = Duration::from_millis(10);

/// Options for a [`Slocket`] of the adapter under trial.
#[derive(Clone, Debug)]
pub struct Builder(slocket_os::Builder);

/// A lock, used through one of the adapters. (Their guards and errors are the same types.)
#[derive(Clone, Debug)]
pub enum Slocket {
    /// Of the blocking adapter.
    Sync(slocket_sync::Slocket),
    /// On Tokio's runtime with one thread: that of the caller.
    Tokio(slocket_tokio::Slocket),
    /// Each call in a task of its own, on Tokio's runtime with two threads.
    TokioThreads(slocket_tokio::Slocket),
    /// In async-std, on the thread of the caller.
    AsyncStd(slocket_async_std::Slocket),
    /// In smol, on the thread of the caller.
    Smol(slocket_smol::Slocket),
}

/// Calls a method of the lock, in the way of its runtime, and blocks until it is done.
macro_rules! block_on {
    ($lock:expr, $method:ident($($argument:expr)?)) => {
        match $lock {
            Self::Sync(slocket) => slocket.$method($($argument)?),
            Self::Tokio(slocket) => TOKIO.block_on(slocket.$method($($argument)?)),
            Self::TokioThreads(slocket) => {
                let slocket = slocket.clone();
                in_a_task(async move { slocket.$method($($argument)?).await })
            }
            Self::AsyncStd(slocket) => async_std::task::block_on(slocket.$method($($argument)?)),
            Self::Smol(slocket) => smol::block_on(slocket.$method($($argument)?)),
        }
    };
}

impl Slocket {
    /// Names a lock of the adapter under trial, which waits at [another file](OccupiedPolicy::Wait); as [`open`] takes it.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn new(lock: impl Into<LockName>) -> Result<Self, Error> {
        match lock.into() {
            LockName::Path(path) => open(&path),
            name => Self::builder(name).build(),
        }
    }

    /// Names a lock of the adapter under trial, with options; it waits at [another file](OccupiedPolicy::Wait).
    pub fn builder(name: impl Into<LockName>) -> Builder {
        let builder = match name.into() {
            LockName::Path(path) => at_path(&path),
            name => slocket_os::Builder::new(name),
        };
        Builder(builder.occupied(OccupiedPolicy::Wait))
    }

    /// Names a lock of the adapter under trial by an abstract name, with options.
    pub fn abstract_builder(name: impl AsRef<OsStr>) -> Builder {
        Self::builder(LockName::abstract_name(name.as_ref()))
    }

    /// The lock, used through this adapter.
    ///
    /// # Panics
    /// If the adapter is npm's package, which is none for Rust.
    #[must_use]
    pub fn of(adapter: Adapter, lock: Lock) -> Self {
        match adapter {
            Adapter::Sync => Self::Sync(lock.into()),
            Adapter::Tokio => Self::Tokio(lock.into()),
            Adapter::TokioThreads => Self::TokioThreads(lock.into()),
            Adapter::AsyncStd => Self::AsyncStd(lock.into()),
            Adapter::Smol => Self::Smol(lock.into()),
            Adapter::Node => panic!("npm's package is for Node alone"),
        }
    }

    /// The lock's name, with the folder of a path resolved.
    #[must_use]
    pub fn name(&self) -> &LockName {
        match self {
            Self::Sync(slocket) => slocket.name(),
            Self::Tokio(slocket) | Self::TokioThreads(slocket) => slocket.name(),
            Self::AsyncStd(slocket) => slocket.name(),
            Self::Smol(slocket) => slocket.name(),
        }
    }

    /// The lock's path, with its folder resolved.
    ///
    /// # Panics
    /// If it has an abstract name.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.name().as_path().expect("a path")
    }

    /// Takes the lock, waiting for its turn.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn acquire(&self) -> Result<Guard, Error> {
        block_on!(self, acquire())
    }

    /// Takes the lock, waiting for its turn for `timeout` at most.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        block_on!(self, acquire_timeout(timeout))
    }

    /// Takes the lock, but drops the future if that takes longer: `None`. (Blocking calls cannot be dropped: their time is up
    /// instead.)
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn acquire_or_cancel(&self, after: Duration) -> Result<Option<Guard>, Error> {
        let held = match self {
            Self::Sync(slocket) => match slocket.acquire_timeout(after) {
                Err(error) if error.is_timed_out() => None,
                result => Some(result),
            },
            Self::Tokio(slocket) => TOKIO.block_on(async { tokio::time::timeout(after, slocket.acquire()).await.ok() }),
            Self::TokioThreads(slocket) => {
                let slocket = slocket.clone();
                in_a_task(async move { tokio::time::timeout(after, slocket.acquire()).await.ok() })
            }
            Self::AsyncStd(slocket) => {
                async_std::task::block_on(async_std::future::timeout(after, slocket.acquire())).ok()
            }
            Self::Smol(slocket) => {
                let cancel = async {
                    smol::Timer::after(after).await;
                    None
                };
                smol::block_on(smol::future::or(async { Some(slocket.acquire().await) }, cancel))
            }
        };
        held.transpose()
    }

    /// Takes the lock if that is possible without queueing: `None` if it is held.
    ///
    /// (A try of the asynchronous adapters does not look again at a process that is only passing through. So they are asked again as long as
    /// the blocking one looks.)
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        let start = Instant::now();
        loop {
            let tried = match self {
                Self::Sync(slocket) => slocket.try_acquire(),
                Self::Tokio(slocket) | Self::TokioThreads(slocket) => slocket.try_acquire(),
                Self::AsyncStd(slocket) => slocket.try_acquire(),
                Self::Smol(slocket) => slocket.try_acquire(),
            };
            match tried {
                Ok(guard) => return Ok(Some(guard)),
                Err(TryAcquireError::Error(error)) => return Err(error),
                Err(_) if matches!(self, Self::Sync(_)) || start.elapsed() >= TRY_AGAIN => return Ok(None),
                Err(_) => thread::yield_now(),
            }
        }
    }

    /// The holder of the lock; `None` if no process listens at the path.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn holder(&self) -> Result<Option<Holder>, Error> {
        match self {
            Self::Sync(slocket) => slocket.holder(),
            Self::Tokio(slocket) | Self::TokioThreads(slocket) => slocket.holder(),
            Self::AsyncStd(slocket) => slocket.holder(),
            Self::Smol(slocket) => slocket.holder(),
        }
    }
}

impl Builder {
    /// The permissions of the socket.
    #[must_use]
    pub fn mode(self, mode: u32) -> Self {
        Self(self.0.mode(mode))
    }

    /// What to do about a stale socket.
    #[must_use]
    pub fn stale(self, policy: StalePolicy) -> Self {
        Self(self.0.stale(policy))
    }

    /// What to do about a file at the path that is not a socket.
    #[must_use]
    pub fn occupied(self, policy: OccupiedPolicy) -> Self {
        Self(self.0.occupied(policy))
    }

    /// Which users' servers to trust.
    #[must_use]
    pub fn trust(self, trust: Trust) -> Self {
        Self(self.0.trust(trust))
    }

    /// What the lock is: a socket, or a locked file.
    #[must_use]
    pub fn home(self, home: Home) -> Self {
        Self(self.0.home(home))
    }

    /// What to call after a long wait.
    #[must_use]
    pub fn on_wait(self, after: Duration, hook: impl Fn(&Waiting<'_>) + Send + Sync + 'static) -> Self {
        Self(self.0.on_wait(after, hook))
    }

    /// Names the lock.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn build(self) -> Result<Slocket, Error> {
        self.0.build().map(Slocket::from)
    }
}

/// What kind of error it is, if it is one.
#[must_use]
pub fn failed_as<T>(result: &Result<T, Error>) -> Option<ErrorKind> {
    result.as_ref().err().map(Error::kind)
}

/// Whether that user's server was not trusted.
#[must_use]
pub fn is_untrusted<T>(result: &Result<T, Error>, user: u32) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Untrusted && error.user() == Some(user))
}

impl From<Lock> for Slocket {
    fn from(lock: Lock) -> Self {
        Self::of(Adapter::under_trial(), lock)
    }
}

/// A lock of any adapter, with the default options: by its path, or, after an `@`, by an abstract name, as the tool takes it; after
/// [`IN_FILE`], by a path at which the lock is a locked file.
///
/// # Errors
/// Those of the adapters.
pub fn open<L: From<Lock>>(lock: &Path) -> Result<L, Error> {
    options(lock).build().map(L::from)
}

/// The same, before it is built.
pub fn options(lock: &Path) -> slocket_os::Builder {
    let builder = match lock.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => slocket_os::Builder::new(LockName::abstract_name(OsStr::from_bytes(name))),
        None => at_path(lock),
    };
    builder.occupied(OccupiedPolicy::Wait)
}

/// What stands before the path of a lock that is a locked file, whatever the file system.
pub const IN_FILE: &str = "file:";

/// The path of a lock that is a locked file, if it was named so.
#[must_use]
pub fn in_file(lock: &Path) -> Option<&Path> {
    lock.as_os_str().as_bytes().strip_prefix(IN_FILE.as_bytes()).map(|path| Path::new(OsStr::from_bytes(path)))
}

fn at_path(lock: &Path) -> slocket_os::Builder {
    match in_file(lock) {
        Some(path) => slocket_os::Builder::new(path).home(Home::File),
        None => slocket_os::Builder::new(lock),
    }
}
