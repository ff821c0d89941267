//! Whatever can be held of a lock, and every way to ask for it: the lock itself, a shared lock, a slot.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use slocket_os::{DowngradeError, Error, Guard, Permit, SharedGuard, TryAcquireError};

use super::runtimes::{TOKIO, in_a_task};
use super::slocket::{Slocket, TRY_AGAIN};

/// What is wanted of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The lock itself, which no other process holds.
    Lock,
    /// A shared lock.
    Shared,
    /// One of so many slots.
    SlotOf(usize),
}

/// How long it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until it is held.
    Endless,
    /// Until the library's own time-out.
    For(Duration),
    /// Until the future is dropped. (Blocking calls cannot be dropped: their time is up instead.)
    UntilDropped(Duration),
    /// Not at all. (A try of the asynchronous adapters does not look again at a process that is only passing through. So they are
    /// asked again as long as the blocking one looks.)
    None,
}

/// What is held of a lock.
#[derive(Debug)]
pub enum Held {
    /// The lock itself.
    Lock(Guard),
    /// A shared lock.
    Shared(SharedGuard),
    /// A slot.
    Slot(Permit),
}

/// The future, of that adapter, of what is wanted.
macro_rules! ask {
    ($slocket:expr, $kind:expr) => {
        async {
            match $kind {
                Kind::Lock => $slocket.acquire().await.map(Held::Lock),
                Kind::Shared => $slocket.acquire_shared().await.map(Held::Shared),
                Kind::SlotOf(permits) => $slocket.semaphore(permits)?.acquire().await.map(Held::Slot),
            }
        }
    };
    ($slocket:expr, $kind:expr, $timeout:expr) => {
        async {
            match $kind {
                Kind::Lock => $slocket.acquire_timeout($timeout).await.map(Held::Lock),
                Kind::Shared => $slocket.acquire_shared_timeout($timeout).await.map(Held::Shared),
                Kind::SlotOf(permits) => $slocket.semaphore(permits)?.acquire_timeout($timeout).await.map(Held::Slot),
            }
        }
    };
}

/// A try of that adapter.
macro_rules! ask_at_once {
    ($slocket:expr, $kind:expr) => {
        match $kind {
            Kind::Lock => $slocket.try_acquire().map(Held::Lock),
            Kind::Shared => $slocket.try_acquire_shared().map(Held::Shared),
            Kind::SlotOf(permits) => $slocket.semaphore(permits)?.try_acquire().map(Held::Slot),
        }
    };
}

impl Slocket {
    /// Asks for any of them: `None` if it did not come in time.
    ///
    /// # Errors
    /// Those of the adapters, except a time-out.
    pub fn ask(&self, kind: Kind, patience: Patience) -> Result<Option<Held>, Error> {
        let held = match patience {
            Patience::Endless => self.wait(kind),
            Patience::For(timeout) => self.wait_for(kind, timeout),
            Patience::UntilDropped(after) => return self.wait_or_drop(kind, after),
            Patience::None => return self.try_for(kind),
        };
        match held {
            Err(error) if error.is_timed_out() => Ok(None),
            held => held.map(Some),
        }
    }

    /// Waits for any of them. While its future waits, `beside` is called on the same thread, within the runtime, with the future; so it
    /// can fork there.
    ///
    /// # Errors
    /// Those of the adapters.
    ///
    /// # Panics
    /// Of the blocking adapter, which has no futures.
    pub fn wait_beside(&self, kind: Kind, beside: impl FnOnce(Waits) -> Waits + Send + 'static) -> Result<Held, Error> {
        match self {
            Self::Sync(_) => panic!("the blocking adapter has no futures"),
            Self::Tokio(slocket) => {
                let slocket = slocket.clone();
                TOKIO.block_on(wait_beside(async move { ask!(slocket, kind).await }, beside))
            }
            Self::TokioThreads(slocket) => {
                let slocket = slocket.clone();
                in_a_task(wait_beside(async move { ask!(slocket, kind).await }, beside))
            }
            Self::AsyncStd(slocket) => {
                let slocket = slocket.clone();
                async_std::task::block_on(wait_beside(async move { ask!(slocket, kind).await }, beside))
            }
            Self::Smol(slocket) => {
                let slocket = slocket.clone();
                smol::block_on(wait_beside(async move { ask!(slocket, kind).await }, beside))
            }
        }
    }

    fn wait(&self, kind: Kind) -> Result<Held, Error> {
        match self {
            Self::Sync(slocket) => match kind {
                Kind::Lock => slocket.acquire().map(Held::Lock),
                Kind::Shared => slocket.acquire_shared().map(Held::Shared),
                Kind::SlotOf(permits) => slocket.semaphore(permits)?.acquire().map(Held::Slot),
            },
            Self::Tokio(slocket) => TOKIO.block_on(ask!(slocket, kind)),
            Self::TokioThreads(slocket) => {
                let slocket = slocket.clone();
                in_a_task(async move { ask!(slocket, kind).await })
            }
            Self::AsyncStd(slocket) => async_std::task::block_on(ask!(slocket, kind)),
            Self::Smol(slocket) => smol::block_on(ask!(slocket, kind)),
        }
    }

    fn wait_for(&self, kind: Kind, timeout: Duration) -> Result<Held, Error> {
        match self {
            Self::Sync(slocket) => match kind {
                Kind::Lock => slocket.acquire_timeout(timeout).map(Held::Lock),
                Kind::Shared => slocket.acquire_shared_timeout(timeout).map(Held::Shared),
                Kind::SlotOf(permits) => slocket.semaphore(permits)?.acquire_timeout(timeout).map(Held::Slot),
            },
            Self::Tokio(slocket) => TOKIO.block_on(ask!(slocket, kind, timeout)),
            Self::TokioThreads(slocket) => {
                let slocket = slocket.clone();
                in_a_task(async move { ask!(slocket, kind, timeout).await })
            }
            Self::AsyncStd(slocket) => async_std::task::block_on(ask!(slocket, kind, timeout)),
            Self::Smol(slocket) => smol::block_on(ask!(slocket, kind, timeout)),
        }
    }

    fn wait_or_drop(&self, kind: Kind, after: Duration) -> Result<Option<Held>, Error> {
        let held = match self {
            Self::Sync(_) => return self.ask(kind, Patience::For(after)),
            Self::Tokio(slocket) => {
                TOKIO.block_on(async { tokio::time::timeout(after, ask!(slocket, kind)).await.ok() })
            }
            Self::TokioThreads(slocket) => {
                let slocket = slocket.clone();
                in_a_task(async move { tokio::time::timeout(after, ask!(slocket, kind)).await.ok() })
            }
            Self::AsyncStd(slocket) => {
                async_std::task::block_on(async_std::future::timeout(after, ask!(slocket, kind))).ok()
            }
            Self::Smol(slocket) => {
                let over = async {
                    smol::Timer::after(after).await;
                    None
                };
                smol::block_on(smol::future::or(async { Some(ask!(slocket, kind).await) }, over))
            }
        };
        held.transpose()
    }

    fn try_for(&self, kind: Kind) -> Result<Option<Held>, Error> {
        let start = Instant::now();
        loop {
            let tried = match self {
                Self::Sync(slocket) => ask_at_once!(slocket, kind),
                Self::Tokio(slocket) | Self::TokioThreads(slocket) => ask_at_once!(slocket, kind),
                Self::AsyncStd(slocket) => ask_at_once!(slocket, kind),
                Self::Smol(slocket) => ask_at_once!(slocket, kind),
            };
            match tried {
                Ok(held) => return Ok(Some(held)),
                Err(TryAcquireError::Error(error)) => return Err(error),
                Err(_) if matches!(self, Self::Sync(_)) || start.elapsed() >= TRY_AGAIN => return Ok(None),
                Err(_) => thread::yield_now(),
            }
        }
    }
}

/// The future of what is wanted.
pub type Waits = Pin<Box<dyn Future<Output = Result<Held, Error>> + Send>>;

/// Waits for what is wanted; calls `beside` when there is something to wait for.
async fn wait_beside(
    asked: impl Future<Output = Result<Held, Error>> + Send + 'static,
    beside: impl FnOnce(Waits) -> Waits,
) -> Result<Held, Error> {
    let mut waits: Waits = Box::pin(asked);
    let first = poll_fn(|context| Poll::Ready(waits.as_mut().poll(context))).await;
    match first {
        Poll::Ready(result) => result,
        Poll::Pending => beside(waits).await,
    }
}

impl Held {
    /// The slot, if it is one.
    #[must_use]
    pub fn slot(&self) -> Option<usize> {
        match self {
            Self::Slot(permit) => Some(permit.index()),
            Self::Lock(_) | Self::Shared(_) => None,
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// Those of the guards.
    pub fn release(self) -> Result<(), Error> {
        match self {
            Self::Lock(guard) => guard.release(),
            Self::Shared(guard) => guard.release(),
            Self::Slot(permit) => permit.release(),
        }
    }

    /// Makes the lock a shared one; a share stays as it is.
    ///
    /// # Errors
    /// Those of the guard.
    pub fn downgrade(self) -> Result<Self, DowngradeError> {
        match self {
            Self::Lock(guard) => guard.downgrade().map(Self::Shared),
            share => Ok(share),
        }
    }
}

/// As a player says it.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock(guard) if guard.is_loan() => write!(f, "held loan"),
            Self::Lock(_) => write!(f, "held"),
            Self::Shared(_) => write!(f, "held shared"),
            Self::Slot(permit) => write!(f, "held slot {}", permit.index()),
        }
    }
}
