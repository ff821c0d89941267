//! Runtimes that shut down while guards and waiters are alive, and guards that are dropped elsewhere.

use std::future::{pending, poll_fn};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use slocket_os::Guard;
use trials::queue::queued;
use trials::{Adapter, PATIENCE, Place, Player, alone, wait_until_queued, watch_for};

use crate::host::{AsyncStd, Host, Smol, SmolThreads, Tokio, TokioThreads, on_each_runtime};
use crate::noted::{self, Point};
use crate::waiter::{Lock, Waiter, acquire, lock, run_until};
use crate::{assert_unused, descriptors, wait_until_descriptors_are};

/// Of each kind of waiter: clones, and locks of their own.
const WAITERS: usize = 20;

#[test]
fn tokio_is_dropped() {
    shuts_down::<Tokio>(drop);
}

#[test]
fn tokio_shuts_down_in_the_background() {
    shuts_down::<Tokio>(|host| host.0.shutdown_background());
}

#[test]
fn tokio_shuts_down_within_a_time() {
    shuts_down::<Tokio>(|host| host.0.shutdown_timeout(PATIENCE));
}

#[test]
fn tokio_threads_are_dropped() {
    shuts_down::<TokioThreads>(drop);
}

#[test]
fn tokio_threads_shut_down_in_the_background() {
    shuts_down::<TokioThreads>(|host| host.0.shutdown_background());
}

#[test]
fn tokio_threads_shut_down_within_a_time() {
    shuts_down::<TokioThreads>(|host| host.0.shutdown_timeout(PATIENCE));
}

#[test]
fn an_executor_of_smol_is_dropped() {
    shuts_down::<Smol>(drop);
}

#[test]
fn an_executor_of_smol_on_several_threads_is_dropped() {
    shuts_down::<SmolThreads>(drop);
}

fn shuts_down<H: Host>(stop: impl Fn(H)) {
    let _alone = alone();
    // The reactor of async-io stays.
    drop(Smol::start());
    let before = descriptors();
    for a_task_holds in [false, true] {
        let place = Place::new();
        let host = H::start();
        let slocket = lock::<H>(&place);
        let mut beside = Player::start(Adapter::Sync, &place.lock());
        let mut late = Player::start(Adapter::Sync, &place.lock());
        let mut guard = Some(host.block_on(slocket.acquire()).expect("acquire"));
        let alive = Arc::new(());
        let mut tasks = wait_in_tasks(&host, &place, &slocket, &alive);
        wait_until_queued(&place.lock(), WAITERS);
        // Behind all of them.
        beside.send("acquire");
        wait_until_queued(&place.lock(), WAITERS + 1);
        if a_task_holds {
            tasks.push(hold_in_a_task(&host, guard.take(), &alive));
        }

        stop(host);
        watch_for("the tasks to be gone", || (Arc::strong_count(&alive) == 1).then_some(()));
        // Kept until now: that of smol cancels its task when it is dropped.
        drop(tasks);
        if let Some(guard) = guard {
            assert_eq!(beside.answer_now(), None, "a guard outlives its runtime");
            assert!(guard.contended() && guard.is_intact().expect("the path"));
            thread::spawn(move || drop(guard)).join().expect("a thread outside any runtime");
        }
        beside.expect_held();
        beside.release();
        assert_eq!(late.ask("try"), "held", "a waiter is left");
        late.release();
        assert_eq!((queued(&place.lock()), place.leftovers().len()), (0, 0));
        beside.quit();
        late.quit();
        // A lock has its folder open.
        drop(slocket);
        wait_until_descriptors_are(before);
    }
}

/// Tasks that wait, each of which was polled: half of them inside the process, half of them outside.
fn wait_in_tasks<H: Host>(host: &H, place: &Place, slocket: &Lock<H>, alive: &Arc<()>) -> Vec<H::Task> {
    let polled = Arc::new(AtomicUsize::new(0));
    let tasks = (0..2 * WAITERS).map(|index| {
        let slocket = if index < WAITERS { slocket.clone() } else { lock::<H>(place) };
        let (alive, polled) = (Arc::clone(alive), Arc::clone(&polled));
        host.spawn(async move {
            // Made first, dropped last.
            let _alive = alive;
            let mut acquire = acquire::<H>(&slocket);
            let mut is_new = true;
            let guard = poll_fn(|context| {
                let poll = acquire.as_mut().poll(context);
                polled.fetch_add(usize::from(std::mem::take(&mut is_new)), Ordering::SeqCst);
                poll
            });
            drop(guard.await);
        })
    });
    let tasks: Vec<_> = tasks.collect();
    run_until(host, "the tasks to wait", || polled.load(Ordering::SeqCst) == 2 * WAITERS);
    tasks
}

fn hold_in_a_task<H: Host>(host: &H, guard: Option<Guard>, alive: &Arc<()>) -> H::Task {
    let holds = Arc::new(AtomicUsize::new(0));
    let (alive, held) = (Arc::clone(alive), Arc::clone(&holds));
    let task = host.spawn(async move {
        let _alive = alive;
        let _guard = guard;
        held.store(1, Ordering::SeqCst);
        pending::<()>().await;
    });
    run_until(host, "the task to hold", || holds.load(Ordering::SeqCst) == 1);
    task
}

on_each_runtime! { a_guard_is_dropped_elsewhere }

/// On a thread of no runtime, on threads of others, before and after its own has gone: the release is complete when
/// `drop` returns.
fn a_guard_is_dropped_elsewhere<H: Host>() {
    let _alone = alone();
    let place = Place::new();
    let mut other = Player::start(Adapter::Sync, &place.lock());
    let here = H::start();
    let (tokio, threads, smol, astd) = (Tokio::start(), TokioThreads::start(), SmolThreads::start(), AsyncStd::start());
    let slocket = lock::<H>(&place);
    let own = lock::<H>(&place);
    drop(here.block_on(slocket.acquire()).expect("acquire"));
    let guard = here.block_on(slocket.acquire()).expect("acquire");
    drop(Waiter::asked(&here, &own));
    drop(guard);
    let before = descriptors();
    type Elsewhere<'a> = &'a dyn Fn(Dropping);
    let elsewhere: [(&str, Elsewhere<'_>); 6] = [
        ("this thread", &|dropping| dropping.complete()),
        ("a plain thread", &|dropping| thread::spawn(|| dropping.complete()).join().expect("a thread")),
        ("Tokio", &|dropping| tokio.block_on(async { dropping.complete() })),
        ("a task of Tokio", &|dropping| in_a_task(&threads, dropping)),
        ("a task of smol", &|dropping| in_a_task(&smol, dropping)),
        ("a task of async-std", &|dropping| in_a_task(&astd, dropping)),
    ];
    for (name, elsewhere) in elsewhere {
        // No process waits.
        let guard = here.block_on(slocket.acquire()).expect("acquire");
        elsewhere(Dropping { guard, expect: Some(place.lock()) });
        assert_eq!(other.ask("try"), "held", "{name}: not released when drop returned");
        other.release();
        // A process waits outside, in this process and in another; and inside.
        for waits_inside in [false, true] {
            let guard = here.block_on(slocket.acquire()).expect("acquire");
            let waiter = Waiter::asked(&here, if waits_inside { &slocket } else { &own });
            noted::take();
            elsewhere(Dropping { guard, expect: None });
            if !waits_inside {
                other.send("acquire");
            }
            drop(waiter);
            let granted = if waits_inside { Point::InsideGranted } else { Point::QueuedGranted };
            assert_eq!(noted::take(), [granted], "{name}: not passed on when drop returned");
            if !waits_inside {
                other.expect_held();
                other.release();
            }
        }
    }
    assert_unused::<H>(&place, &slocket, before);
    other.quit();
}

/// A guard to be dropped somewhere.
struct Dropping {
    guard: Guard,
    /// The path, if it is to be free then.
    expect: Option<std::path::PathBuf>,
}

impl Dropping {
    fn complete(self) {
        drop(self.guard);
        if let Some(path) = self.expect {
            assert!(!exists(&path), "not released when drop returned");
        }
    }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn in_a_task<H: Host>(host: &H, dropping: Dropping) {
    host.block_on(H::join(host.spawn(async { dropping.complete() })));
}
