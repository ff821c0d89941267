//! Wakers: the last one is the one that is woken, and whatever a waker does when it is woken or dropped, it meets no lock of
//! the queue.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use slocket_os::Guard;
use slocket_os::Runtime;
use slocket_os::asynchronous::Slocket;
use trials::{Adapter, Place, Player, alone, wait_until_queued, watch_for};

use crate::host::{Host, on_each_runtime};
use crate::waiter::{Acquire, Bell, Waiter, acquire, lock, run_until};

on_each_runtime! {
    a_future_that_moves_to_another_waker
    a_future_that_moves_between_threads
    a_waker_that_polls_when_it_is_woken
    a_waker_that_releases_when_it_is_replaced
    a_waker_that_releases_when_its_future_is_dropped
}

/// The old waker may be woken first, but the new one must be woken.
fn a_future_that_moves_to_another_waker<H: Host>() {
    let _alone = alone();
    let (host, place) = (H::start(), Place::new());
    let slocket = lock::<H>(&place);
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    let mut outside = Waiter::asked(&host, &slocket);
    let mut inside = Waiter::asked(&host, &slocket);
    let old = [outside.rebell(), inside.rebell()];
    assert!(outside.poll(&host).is_none() && inside.poll(&host).is_none());
    holder.release();
    drop(outside.proceed(&host).expect("it holds the lock"));
    assert!(inside.is_woken(), "the waker of its last poll was not woken");
    assert!(!old[1].has_rung(), "a waker that it has no more was woken");
    drop(inside.poll(&host).expect("it holds the lock"));
    holder.quit();
}

/// Each poll on another thread, as on a runtime with several; the threads that polled before are gone.
fn a_future_that_moves_between_threads<H: Host>() {
    const MOVES: usize = 8;
    let _alone = alone();
    let (host, place) = (H::start(), Place::new());
    let slocket = lock::<H>(&place);
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    let poll_elsewhere = |waiter: &mut Waiter| {
        drop(waiter.rebell());
        thread::scope(|scope| scope.spawn(|| waiter.poll(&host)).join().expect("a thread"))
    };
    for _ in 0..2 {
        holder.acquire();
        let (mut outside, mut inside) = (Waiter::new::<H>(&slocket), Waiter::new::<H>(&slocket));
        for _ in 0..MOVES {
            assert!(poll_elsewhere(&mut outside).is_none(), "two holders");
            assert!(poll_elsewhere(&mut inside).is_none(), "two holders");
        }
        wait_until_queued(&place.lock(), 1);
        holder.release();
        let guard = loop {
            outside.wait_until_woken(&host);
            // A runtime may wake it for nothing.
            if let Some(guard) = poll_elsewhere(&mut outside) {
                break guard;
            }
        };
        drop(guard);
        assert!(inside.is_woken(), "the waker of its last poll was not woken");
        drop(poll_elsewhere(&mut inside).expect("it holds the lock"));
    }
    holder.quit();
}

/// A task that is polled by its own waker at once, in the midst of whatever woke it; it lets go what it has acquired.
struct AtOnce<R: Runtime> {
    slocket: Slocket<R>,
    acquire: Mutex<Option<Acquire>>,
    is_woken: AtomicBool,
    held: Arc<AtomicUsize>,
}

impl<R: Runtime> AtOnce<R> {
    fn poll(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        while self.is_woken.load(Ordering::SeqCst) {
            // A thread that polls already looks again when it has polled.
            let Some(mut acquire) = self.acquire.lock().expect("no panic").take() else { return };
            self.is_woken.store(false, Ordering::SeqCst);
            match acquire.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(self)))) {
                Poll::Ready(guard) => {
                    drop(guard.expect("acquire"));
                    self.held.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                Poll::Pending => *self.acquire.lock().expect("no panic") = Some(acquire),
            }
        }
    }
}

impl<R: Runtime> Wake for AtOnce<R> {
    fn wake(self: Arc<Self>) {
        // A task that is woken may ask for the lock, too.
        assert!(self.slocket.try_acquire().is_err(), "two holders");
        self.poll();
    }
}

/// The release wakes the first, which acquires and releases, which wakes the second, and so on, all within one `drop`.
fn a_waker_that_polls_when_it_is_woken<H: Host>() {
    const TASKS: usize = 20;
    let _alone = alone();
    let (host, place) = (Arc::new(H::start()), Place::new());
    let slocket = lock::<H>(&place);
    for somebody_waits_outside in [false, true] {
        let guard = host.block_on(slocket.acquire()).expect("acquire");
        let held = Arc::new(AtomicUsize::new(0));
        for _ in 0..TASKS {
            let acquire = Mutex::new(Some(acquire::<H>(&slocket)));
            let (is_woken, held) = (AtomicBool::default(), Arc::clone(&held));
            let task = Arc::new(AtOnce { slocket: slocket.clone(), acquire, is_woken, held });
            host.block_on(async { task.poll() });
        }
        let mut player = Player::start(Adapter::Sync, &place.lock());
        if somebody_waits_outside {
            player.send("acquire");
            wait_until_queued(&place.lock(), 1);
        }
        bounded(&host, move || drop(guard));
        if somebody_waits_outside {
            // So the first was told to go outside, and went while it was woken.
            player.expect_held();
            wait_until_queued(&place.lock(), 1);
            player.release();
            run_until(&*host, "all tasks to hold", || held.load(Ordering::SeqCst) == TASKS);
        }
        assert_eq!(held.load(Ordering::SeqCst), TASKS, "held within the release");
        assert_eq!(player.ask("try"), "held", "a waiter is left");
        player.release();
        player.quit();
    }
}

/// A waker that owns the guard of the lock that its future waits for.
struct Owner(#[expect(dead_code, reason = "it is there to be dropped")] Guard);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

/// An acquire whose waker owns the guard. (The adapter's own: a note would take the waker away before the drop.)
fn owned<H: Host>(host: &H, slocket: &Slocket<H::Waits>) -> Acquire {
    let guard = host.block_on(slocket.acquire()).expect("acquire");
    let slocket = slocket.clone();
    let mut future: Acquire = Box::pin(async move { slocket.acquire().await });
    assert!(!poll(host, &mut future, &Waker::from(Arc::new(Owner(guard)))), "two holders");
    future
}

/// Another waker takes its place, and so the lock is released to the very future that is being polled.
fn a_waker_that_releases_when_it_is_replaced<H: Host>() {
    let _alone = alone();
    let (host, place) = (Arc::new(H::start()), Place::new());
    let slocket = trials::lock::open::<Slocket<H::Waits>>(&place.lock()).expect("a lock");
    let mut future = owned(&*host, &slocket);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let is_ready = bounded(&host, move || {
        let is_ready = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        is_ready || (bell.has_rung() && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready())
    });
    assert!(is_ready, "the lock was released to it");
    drop(slocket.try_acquire().expect("it is not held"));
}

/// The future is dropped, and its waker with it.
fn a_waker_that_releases_when_its_future_is_dropped<H: Host>() {
    let _alone = alone();
    let (host, place) = (Arc::new(H::start()), Place::new());
    let slocket = trials::lock::open::<Slocket<H::Waits>>(&place.lock()).expect("a lock");
    let future = owned(&*host, &slocket);
    bounded(&host, move || drop(future));
    drop(slocket.try_acquire().expect("it is not held"));
}

fn poll<H: Host>(host: &H, future: &mut Acquire, waker: &Waker) -> bool {
    host.block_on(poll_fn(|_| Poll::Ready(future.as_mut().poll(&mut Context::from_waker(waker)).is_ready())))
}

/// Does something inside the runtime, on a thread of its own, so that a deadlock is a failure and no hang.
#[track_caller]
fn bounded<H: Host, T: Send + 'static>(host: &Arc<H>, action: impl FnOnce() -> T + Send + 'static) -> T {
    let host = Arc::clone(host);
    let thread = thread::spawn(move || host.block_on(async { action() }));
    watch_for("a waker and the queue (a deadlock?)", || thread.is_finished().then_some(()));
    thread.join().expect("no panic")
}
