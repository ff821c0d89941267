//! The lock of one adapter, as code that blocks uses it: the same calls for each, so that a test is written once.
//!
//! The asynchronous adapters run each call on the one runtime that the process has of that kind. Whichever it is, a caller
//! sleeps only when its request waits: the request has gone as far as it can by then, into the queue or to the watch.

use std::ffi::OsStr;
use std::future::poll_fn;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use slocket_os::{AbstractBuilder, Lock, asynchronous};
pub use slocket_os::{Error, ErrorKind, Guard, Holder, LockName, OccupiedPolicy, StalePolicy, Trust, Waiting, settle};
use tokio::runtime::{self, Runtime};

use crate::Adapter;

/// Options for a [`Slocket`].
pub type Builder = slocket_os::Builder<Slocket>;

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
    /// Names a lock of the adapter under trial, which waits at [what is no socket](OccupiedPolicy::Wait); after an `@`, by an
    /// abstract name.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn new(lock: impl Into<LockName>) -> Result<Self, Error> {
        match lock.into() {
            LockName::Abstract(name) => Self::abstract_builder(name).build(),
            LockName::Path(path) => open(&path),
            other => panic!("what is {other}?"),
        }
    }

    /// Names a lock of the adapter under trial, with options; it waits at [what is no socket](OccupiedPolicy::Wait).
    pub fn builder(path: impl AsRef<Path>) -> Builder {
        Builder::new(path).occupied(OccupiedPolicy::Wait)
    }

    /// Names a lock of the adapter under trial by an abstract name, with options.
    pub fn abstract_builder(name: impl AsRef<OsStr>) -> AbstractBuilder<Self> {
        AbstractBuilder::new(name)
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
            Self::Tokio(slocket) | Self::TokioThreads(slocket) => asynchronous::Slocket::name(slocket),
            Self::AsyncStd(slocket) | Self::Smol(slocket) => asynchronous::Slocket::name(slocket),
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

    /// Takes the lock. While its future waits, `beside` is called on the same thread, within the runtime, with the future; so
    /// it can fork there.
    ///
    /// # Errors
    /// Those of the adapters.
    ///
    /// # Panics
    /// Of the blocking adapter, which has no futures.
    pub fn acquire_beside(&self, beside: impl FnOnce(Waits) -> Waits + Send + 'static) -> Result<Guard, Error> {
        match self {
            Self::Sync(_) => panic!("the blocking adapter has no futures"),
            Self::Tokio(slocket) => TOKIO.block_on(wait_beside(slocket.clone(), beside)),
            Self::TokioThreads(slocket) => in_a_task(wait_beside(slocket.clone(), beside)),
            Self::AsyncStd(slocket) => async_std::task::block_on(wait_beside(slocket.clone(), beside)),
            Self::Smol(slocket) => smol::block_on(wait_beside(slocket.clone(), beside)),
        }
    }

    /// Takes the lock if that is possible without queueing.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        block_on!(self, try_acquire())
    }

    /// Who holds the lock; `None` if nobody listens at the path.
    ///
    /// # Errors
    /// Those of the adapters.
    pub fn holder(&self) -> Result<Option<Holder>, Error> {
        block_on!(self, holder())
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

/// The future of an acquire.
pub type Waits = Pin<Box<dyn Future<Output = Result<Guard, Error>> + Send>>;

/// Waits for the lock; calls `beside` when there is something to wait for.
async fn wait_beside<R: asynchronous::Runtime>(
    slocket: asynchronous::Slocket<R>,
    beside: impl FnOnce(Waits) -> Waits,
) -> Result<Guard, Error> {
    let mut waits: Waits = Box::pin(async move { slocket.acquire().await });
    let first = poll_fn(|context| Poll::Ready(waits.as_mut().poll(context))).await;
    match first {
        Poll::Ready(result) => result,
        Poll::Pending => beside(waits).await,
    }
}

impl From<Lock> for Slocket {
    fn from(lock: Lock) -> Self {
        Self::of(Adapter::under_trial(), lock)
    }
}

/// A lock of any adapter, with the default options: by its path, or, after an `@`, by an abstract name. As the tool takes it.
///
/// # Errors
/// Those of the adapters.
pub fn open<L: From<Lock>>(lock: &Path) -> Result<L, Error> {
    match lock.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => AbstractBuilder::new(OsStr::from_bytes(name)).build(),
        None => slocket_os::Builder::new(lock).occupied(OccupiedPolicy::Wait).build(),
    }
}

static TOKIO: LazyLock<Runtime> = LazyLock::new(|| build(&mut runtime::Builder::new_current_thread()));
static TOKIO_THREADS: LazyLock<Runtime> =
    LazyLock::new(|| build(runtime::Builder::new_multi_thread().worker_threads(2)));

fn build(builder: &mut runtime::Builder) -> Runtime {
    builder.enable_all().build().expect("a runtime")
}

/// Starts the runtime of the adapter, with its threads and descriptors: they are there from its first use to the end of the
/// process, so who counts either begins with this.
pub fn warm_up(adapter: Adapter) {
    /// Long enough for the runtime to wait, which it needs its reactor for.
    const SOON: Duration = Duration::from_millis(1);
    match adapter {
        Adapter::Sync | Adapter::Node => {}
        Adapter::Tokio => TOKIO.block_on(async { tokio::time::sleep(SOON).await }),
        Adapter::TokioThreads => in_a_task(async { tokio::time::sleep(SOON).await }),
        Adapter::AsyncStd => async_std::task::block_on(async_std::task::sleep(SOON)),
        Adapter::Smol => drop(smol::block_on(smol::Timer::after(SOON))),
    }
}

/// Runs on a worker thread. The caller sleeps only once the future has been polled there and has to wait.
fn in_a_task<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let polled = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&polled);
    let task = TOKIO_THREADS.spawn(async move {
        let mut future = pin!(future);
        let first = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        tell.store(true, Ordering::SeqCst);
        match first {
            Poll::Ready(value) => value,
            Poll::Pending => future.await,
        }
    });
    while !polled.load(Ordering::SeqCst) && !task.is_finished() {
        thread::yield_now();
    }
    TOKIO_THREADS.block_on(task).expect("the task does not panic")
}
