//! Acquires that lose a `select!`, run out of the runtime's own time-out, or are cancelled with their task.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use trials::queue::queued;
use trials::witness::Witness;
use trials::{Adapter, PATIENCE, Place, Player, alone, tell, wait_until_queued, watch_for};

use crate::host::{Host, on_each_runtime};
use crate::storm::random;
use crate::waiter::{Acquire, Lock, Waiter, acquire, lock, run_until};
use crate::{assert_unused, descriptors};

on_each_runtime! { a_select_that_is_lost a_select_in_a_loop a_time_out time_outs_that_cross_with_grants a_task_that_is_cancelled }

/// A process that holds, and one that waits behind the acquires of `slocket`.
fn with_players<H: Host>(trial: impl FnOnce(&H, &Place, &Lock<H>, &mut Player)) {
    let _alone = alone();
    let (host, place) = (H::start(), Place::new());
    let slocket = lock::<H>(&place);
    let guard = host.block_on(slocket.acquire()).expect("acquire");
    drop(Waiter::asked(&host, &lock::<H>(&place)));
    host.block_on(H::within(Duration::from_nanos(1), std::future::pending::<()>()));
    drop(guard);
    let before = descriptors();
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    trial(&host, &place, &slocket, &mut holder);
    holder.quit();
    assert_unused::<H>(&place, &slocket, before);
}

/// Is ready with nothing as soon as it is so, and is polled for ever until then.
async fn when<T>(mut is_so: impl FnMut() -> bool) -> Option<T> {
    while !is_so() {
        smol::future::yield_now().await;
    }
    None
}

fn a_select_that_is_lost<H: Host>() {
    with_players(|host: &H, place, slocket, holder| {
        // Outside.
        let win = || queued(&place.lock()) == 1;
        let acquire = async { Some(slocket.acquire().await) };
        assert!(host.block_on(H::first(acquire, when(win))).is_none(), "it is held");
        // Inside: behind one that keeps the place outside.
        let outside = Waiter::asked(host, slocket);
        let mut polls = 0;
        let win = || std::mem::replace(&mut polls, 3) == 3;
        let acquire = async { Some(slocket.acquire().await) };
        assert!(host.block_on(H::first(acquire, when(win))).is_none(), "it is held");
        let behind = Waiter::asked(host, slocket);
        holder.release();
        drop(outside.hold(host));
        drop(behind.hold(host));
        // Both are ready at once: whichever wins, the lock is free afterwards.
        for acquire_is_first in [true, false] {
            let acquire = async { Some(slocket.acquire().await.expect("acquire")) };
            let other = async { None };
            let guard = host.block_on(async {
                if acquire_is_first { H::first(acquire, other).await } else { H::first(other, acquire).await }
            });
            assert_eq!(guard.is_some(), acquire_is_first);
        }
    });
}

/// `loop { select! { guard = &mut acquire => .., _ = other => .. } }`: it keeps its place.
fn a_select_in_a_loop<H: Host>() {
    const TURNS: usize = 100;
    with_players(|host: &H, place, slocket, holder| {
        for outside in [true, false] {
            let first = if outside { None } else { Some(Waiter::asked(host, slocket)) };
            let mut acquire = acquire::<H>(slocket);
            let turn = |acquire: &mut Acquire| {
                let acquire = pin!(async { Some(acquire.await.expect("acquire")) });
                host.block_on(H::first(acquire, async {
                    smol::future::yield_now().await;
                    None
                }))
            };
            assert!(turn(&mut acquire).is_none(), "it is held");
            wait_until_queued(&place.lock(), 1);
            let inside = Waiter::asked(host, slocket);
            let mut behind = Player::start(Adapter::Sync, &place.lock());
            behind.send("acquire");
            wait_until_queued(&place.lock(), 2);
            for _ in 0..TURNS {
                assert!(turn(&mut acquire).is_none(), "it is held");
            }
            assert_eq!(queued(&place.lock()), 2, "it has queued again");
            holder.release();
            if let Some(first) = first {
                drop(first.hold(host));
                // A process waits outside, so the next one goes there, and waits behind it.
                assert!(turn(&mut acquire).is_none(), "two holders");
                behind.expect_held();
                behind.release();
            }
            let guard = loop {
                if let Some(guard) = turn(&mut acquire) {
                    break guard;
                }
                assert!(!inside.is_woken(), "out of order");
            };
            drop(guard);
            if outside {
                behind.expect_held();
                behind.release();
            }
            drop(inside.hold(host));
            behind.quit();
            holder.acquire();
        }
        holder.release();
    });
}

fn a_time_out<H: Host>() {
    with_players(|host: &H, place, slocket, holder| {
        let within = |time| host.block_on(H::within(time, slocket.acquire())).map(|guard| guard.expect("acquire"));
        let outside = lock::<H>(place);
        for _ in 0..2 {
            for time in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(5)] {
                assert!(within(time).is_none(), "it is held");
            }
            // Then the same inside, behind one that waits.
            let first = Waiter::asked(host, slocket);
            for time in [Duration::ZERO, Duration::from_millis(5)] {
                assert!(within(time).is_none(), "it is held");
            }
            drop(first);
        }
        // A long one, during which the lock comes.
        let mut behind = Player::start(Adapter::Sync, &place.lock());
        let wait = H::within(PATIENCE, slocket.acquire());
        let mut wait = pin!(wait);
        let polled = host.block_on(poll_fn(|context| Poll::Ready(wait.as_mut().poll(context).is_pending())));
        assert!(polled, "it is held");
        // A waiter that has given up is passed over, so there are more connections than waiters.
        let already = queued(&place.lock());
        behind.send("acquire");
        wait_until_queued(&place.lock(), already + 1);
        holder.release();
        drop(host.block_on(wait).expect("the lock was released").expect("acquire"));
        behind.expect_held();
        behind.release();
        behind.quit();
        // A lock that is free is had without time, too.
        drop(within(Duration::ZERO).expect("it is free"));
        drop(host.block_on(H::within(Duration::ZERO, outside.acquire())).expect("it is free"));
    });
}

/// Time-outs of random length beside processes that take and give the lock all the time, as long as they do.
fn time_outs_that_cross_with_grants<H: Host>() {
    const OTHERS: u64 = 2;
    const OTHERS_ROUNDS: u64 = 100;
    // Tokio's timers know milliseconds only.
    const HOLD: u64 = 1000;
    let _alone = alone();
    let (host, place) = (H::start(), Place::new());
    let slocket = lock::<H>(&place);
    let mut witness = Witness::open(&place.counter(), &place.log("time-outs"));
    let mut others: Vec<_> = (0..OTHERS).map(|_| Player::start(Adapter::Sync, &place.lock())).collect();
    for other in &mut others {
        other.begin_rounds(OTHERS_ROUNDS, HOLD, &place);
    }
    let (mut held, mut over, mut done) = (0, 0, 0);
    while done < OTHERS {
        let time = Duration::from_micros(random(4 * HOLD));
        match host.block_on(H::within(time, slocket.acquire())) {
            Some(guard) => {
                let guard = guard.expect("acquire");
                let hold = witness.begin();
                witness.end(hold);
                drop(guard);
                held += 1;
            }
            None => over += 1,
        }
        done +=
            others.iter().filter_map(Player::answer_now).filter(|answer| answer.starts_with("done ")).count() as u64;
    }
    others.into_iter().for_each(Player::quit);
    place.assert_exclusive(held + OTHERS * OTHERS_ROUNDS);
    tell(format!("cancellation: {}: time-outs of the runtime's: {over} were over, {held} held", H::NAME));
    assert!(held > 0 && over > 0, "grant and time-out do not cross: {held} held, {over} over");
}

fn a_task_that_is_cancelled<H: Host>() {
    const TASKS: usize = 20;
    with_players(|host: &H, place, slocket, holder| {
        for waits in [true, false] {
            let gone = Arc::new(());
            let mut tasks = Vec::new();
            let mut expected = 0;
            for index in 0..TASKS {
                // Every fourth has a lock of its own, and so is outside.
                let slocket = if index % 4 == 0 { lock::<H>(place) } else { slocket.clone() };
                expected += usize::from(index % 4 == 0 || index == 1);
                tasks.push(spawn_counted(host, acquire::<H>(&slocket), &gone));
            }
            run_until(host, "the tasks to wait", || tasks.iter().all(|(polls, _)| polls.load(Ordering::SeqCst) > 0));
            let already = queued(&place.lock());
            assert!(already >= expected, "{already} outside");
            for (_, task) in tasks {
                if waits {
                    assert!(host.block_on(H::abort(task)), "it had ended");
                } else {
                    H::abandon(task);
                }
            }
            run_until(host, "the tasks to be dropped", || Arc::strong_count(&gone) == 1);
        }
        let mut behind = Player::start(Adapter::Sync, &place.lock());
        let already = queued(&place.lock());
        behind.send("acquire");
        wait_until_queued(&place.lock(), already + 1);
        holder.release();
        behind.expect_held();
        behind.release();
        behind.quit();
        watch_for("the queue to be empty", || (queued(&place.lock()) == 0).then_some(()));
    });
}

/// A task that acquires and counts its polls, and that holds a token as long as it lives.
fn spawn_counted<H: Host>(host: &H, mut acquire: Acquire, token: &Arc<()>) -> (Arc<AtomicUsize>, H::Task) {
    let polls = Arc::new(AtomicUsize::new(0));
    let (count, token) = (Arc::clone(&polls), Arc::clone(token));
    let task = host.spawn(async move {
        // Dropped after the acquire: what is moved in first is dropped last.
        let _token = token;
        let guard = poll_fn(|context| {
            let polled = acquire.as_mut().poll(context);
            count.fetch_add(1, Ordering::SeqCst);
            polled
        });
        drop(guard.await.expect("acquire"));
        panic!("a task that should have been cancelled has held the lock");
    });
    (polls, task)
}
