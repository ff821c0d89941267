//! What an asynchronous runtime must supply, so that the lock can wait with it.

use std::future::{pending, poll_fn};
#[cfg(unix)]
use std::io;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::pin::pin;
use std::task::Poll;
#[cfg(unix)]
use std::time::Duration;
use std::time::Instant;

use crate::grant::Grant;
use crate::session::Session;

/// How often a descriptor is looked at that the runtime cannot watch.
#[cfg(unix)]
const RECHECK: Duration = Duration::from_millis(10);

/// A way to wait, which an adapter for another runtime implements.
///
/// Two methods are enough. [`asynchronous::Slocket`](crate::asynchronous::Slocket) is a lock on the runtime then:
///
/// ```
/// use std::io;
/// use std::os::fd::BorrowedFd;
/// use std::time::Instant;
///
/// use async_io::{Async, Timer};
/// use slocket_os::{Builder, Runtime, asynchronous};
///
/// enum AsyncIo {}
///
/// impl Runtime for AsyncIo {
///     async fn readable(descriptor: BorrowedFd<'_>) -> io::Result<()> {
///         Async::new_nonblocking(descriptor)?.readable().await
///     }
///
///     async fn sleep_until(time: Instant) {
///         Timer::at(time).await;
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("lock");
/// let lock = Builder::new(&path).build()?;
/// let slocket = asynchronous::Slocket::<AsyncIo>::from(lock);
/// async_io::block_on(async {
///     let guard = slocket.acquire().await?;
///     guard.release()
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancel safety
/// The futures are dropped at any await point. A forked child neither polls nor drops its copies of them.
pub trait Runtime: 'static {
    /// Waits until a descriptor is readable. It may complete early. Unix only: on Windows, what wakes a waiter is a waker.
    ///
    /// The descriptor must not be duplicated: a forked child closes its copy, and would miss a duplicate.
    ///
    /// # Errors
    /// If the runtime cannot watch the descriptor. Then it is looked at every ten milliseconds.
    #[cfg(unix)]
    fn readable(descriptor: BorrowedFd<'_>) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until that time, by the system's monotonic clock.
    fn sleep_until(time: Instant) -> impl Future<Output = ()> + Send;

    /// Panics if the runtime lacks something that the lock needs. It is called at the beginning of each acquire, so that a program
    /// does not find out only when the lock is held. Does nothing by default.
    fn check() {}

    /// Returns the time by which time-outs are measured. Defaults to the system's monotonic clock.
    #[must_use]
    fn now() -> Instant {
        Instant::now()
    }

    /// Waits until that time by [`now`](Self::now): for a runtime whose clock a test can stop. Defaults to
    /// [`sleep_until`](Self::sleep_until).
    #[must_use]
    fn deadline(time: Instant) -> impl Future<Output = ()> + Send {
        Self::sleep_until(time)
    }

    /// Waits for the session's descriptor or time. Defaults to waiting with the other methods.
    fn wait<G: Grant>(session: &mut Session<G>) -> impl Future<Output = ()> + Send {
        async {
            let wait = session.wait();
            let (until, deadline) = (wait.until, wait.deadline);
            let pause = async {
                match until {
                    Some(until) => Self::sleep_until(until).await,
                    None => pending().await,
                }
            };
            let deadline = async {
                match deadline {
                    Some(deadline) => Self::deadline(deadline).await,
                    None => pending().await,
                }
            };
            let (mut ready, mut pause, mut deadline) = (pin!(ready::<Self, G>(session)), pin!(pause), pin!(deadline));
            poll_fn(|context| {
                let is_over = ready.as_mut().poll(context).is_ready()
                    || pause.as_mut().poll(context).is_ready()
                    // A time that is over is as good as a wake-up.
                    || deadline.as_mut().poll(context).is_ready();
                if is_over { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }
}

/// Waits for the turn inside the process, or for the session's descriptor.
#[cfg_attr(windows, allow(clippy::extra_unused_type_parameters, reason = "it waits by a waker"))]
async fn ready<R: Runtime + ?Sized, G: Grant>(session: &mut Session<G>) {
    if session.is_inside() {
        return poll_fn(|context| session.poll_turn(context)).await;
    }
    #[cfg(unix)]
    readable::<R, G>(session).await;
    #[cfg(windows)]
    poll_fn(|context| session.poll_change(context)).await;
}

#[cfg(unix)]
async fn readable<R: Runtime + ?Sized, G: Grant>(session: &mut Session<G>) {
    let Some(descriptor) = session.wait().descriptor else { return pending().await };
    if R::readable(descriptor).await.is_err() {
        R::sleep_until(Instant::now() + RECHECK).await;
    }
}
