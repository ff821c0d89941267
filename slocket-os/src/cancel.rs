//! Cancelling a request from another thread.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use crate::process::{Inherit, PerProcess, Process};

/// Cancels a [`Request`](crate::Request), from any thread.
///
/// Cheap to clone. It may outlive the request, and does nothing then. In a child of the process, forked without exec, it cancels
/// nothing of the parent's.
#[derive(Clone, Debug, Default)]
pub struct Canceller {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_cancelled: AtomicBool,
    sleeper: PerProcess<Sleeper>,
}

/// The waiter of the request.
#[derive(Debug)]
struct Sleeper(Option<Waker>);

impl Inherit for Sleeper {
    const NEW: Self = Self(None);

    /// It is a thread of the parent's.
    fn inherit(&mut self) {
        mem::forget(self.0.take());
    }
}

impl Canceller {
    /// Cancels the request: it leaves the queue, and the thread that waits for it is told
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) at once, as is each one that waits for it later. If the lock has just
    /// been granted to the request, that thread may get it instead.
    pub fn cancel(&self) {
        self.shared.is_cancelled.store(true, Ordering::Release);
        let sleeper = self.shared.sleeper.lock(Process::current()).0.take();
        // No lock is held: a waker may run anything.
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    /// Returns whether the request was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled.load(Ordering::Acquire)
    }

    /// Ready when the request is cancelled.
    pub(crate) fn poll(&self, context: &mut Context<'_>, here: Process) -> Poll<()> {
        let replaced = self.shared.sleeper.lock(here).0.replace(context.waker().clone());
        drop(replaced);
        // (After the waker is there: it is woken by a cancel that comes from here on.)
        if self.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
    }
}
