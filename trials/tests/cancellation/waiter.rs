//! Acquires that are polled by hand, one poll at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use slocket_os::asynchronous::Slocket;
use slocket_os::{Error, Guard};
use trials::{PATIENCE, Place};

use crate::host::Host;
use crate::noted::{self, Noted};

pub(crate) type Lock<H> = Slocket<Noted<<H as Host>::Waits>>;

pub(crate) type Acquire<G = Guard> = Pin<Box<dyn Future<Output = Result<G, Error>> + Send>>;

/// A lock of its own on the path: for it, the other locks of this process are outside.
pub(crate) fn lock<H: Host>(place: &Place) -> Lock<H> {
    trials::lock::open(&place.lock()).expect("a lock")
}

pub(crate) fn acquire<H: Host>(lock: &Lock<H>) -> Acquire {
    let lock = lock.clone();
    Box::pin(async move { lock.acquire().await })
}

/// An acquire and its waker.
pub(crate) struct Waiter<G = Guard> {
    future: Acquire<G>,
    bell: Arc<Bell>,
}

impl Waiter {
    /// Has not been polled yet.
    pub(crate) fn new<H: Host>(lock: &Lock<H>) -> Self {
        Self::of(acquire::<H>(lock))
    }

    /// Was polled once, and waits.
    #[track_caller]
    pub(crate) fn asked<H: Host>(host: &H, lock: &Lock<H>) -> Self {
        let mut waiter = Self::new::<H>(lock);
        assert!(waiter.poll(host).is_none(), "it need not wait");
        waiter
    }
}

impl<G> Waiter<G> {
    /// One that has not been polled yet, of whatever is acquired.
    pub(crate) fn of(future: Acquire<G>) -> Self {
        Self { future, bell: Arc::default() }
    }

    /// Polls it once, inside the runtime.
    #[track_caller]
    pub(crate) fn poll<H: Host>(&mut self, host: &H) -> Option<G> {
        self.bell.rung.store(false, Ordering::SeqCst);
        let bell = Waker::from(Arc::clone(&self.bell));
        let once = std::future::poll_fn(|_| Poll::Ready(self.future.as_mut().poll(&mut Context::from_waker(&bell))));
        match host.block_on(once) {
            Poll::Ready(guard) => Some(guard.expect("acquire")),
            Poll::Pending => None,
        }
    }

    /// Gives it another waker, as a future has that moves to another task. The old one is returned.
    pub(crate) fn rebell(&mut self) -> Arc<Bell> {
        std::mem::take(&mut self.bell)
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.bell.has_rung()
    }

    /// Runs the runtime until the waiter is woken, and does not poll it.
    #[track_caller]
    pub(crate) fn wait_until_woken<H: Host>(&self, host: &H) {
        run_until(host, "a waiter to be woken", || self.is_woken());
    }

    /// Polls it whenever it is woken, until it holds the lock or has come to another await point: a runtime may wake it for
    /// nothing.
    #[track_caller]
    pub(crate) fn proceed<H: Host>(&mut self, host: &H) -> Option<G> {
        let waits = noted::waits();
        loop {
            self.wait_until_woken(host);
            let guard = self.poll(host);
            if guard.is_some() || noted::waits() != waits {
                return guard;
            }
        }
    }

    /// Polls it until it holds the lock.
    #[track_caller]
    pub(crate) fn hold<H: Host>(self, host: &H) -> G {
        let held = host.block_on(H::within(PATIENCE, self.future));
        held.expect("hang: the lock is lost").expect("acquire")
    }
}

/// A waker that remembers.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
}

impl Bell {
    pub(crate) fn has_rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
    }
}

/// Runs the runtime until something is so.
#[track_caller]
pub(crate) fn run_until<H: Host>(host: &H, what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    host.block_on(async {
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "hang: waited {PATIENCE:?} for {what}");
            smol::future::yield_now().await;
        }
    });
}
