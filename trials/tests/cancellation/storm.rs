//! 10,000 acquires, of which a random half is dropped at a random await point, beside a process that measures.

use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use slocket_os::settle;
use trials::witness::Witness;
use trials::{Adapter, Place, Player, alone, tell};

use crate::host::{AsyncStd, Host, Smol, Tokio};
use crate::noted::{self, Point};
use crate::waiter::{Acquire, Lock, acquire, lock};
use crate::{descriptors, wait_until_descriptors_are};

const BATCHES: usize = 200;
/// At a file each of them takes four times as long.
const BATCHES_AT_FILE: usize = 50;
const BATCH: usize = 50;
/// A future is dropped after fewer polls than this.
const POLLS: u64 = 8;
const ROUNDS: u64 = 2000;

#[test]
fn half_of_the_acquires_on_one_thread_of_tokio() {
    storm::<Tokio>(Place::new);
}

#[test]
fn half_of_the_acquires_on_smol() {
    storm::<Smol>(Place::new);
}

#[test]
fn half_of_the_acquires_on_async_std() {
    storm::<AsyncStd>(Place::new);
}

#[test]
fn half_of_the_acquires_of_a_file() {
    storm::<Tokio>(Place::in_file);
    storm::<Smol>(Place::in_file);
    storm::<AsyncStd>(Place::in_file);
}

fn storm<H: Host>(place: fn() -> Place) {
    let _alone = alone();
    let host = H::start();
    for clones in [true, false] {
        let place = place();
        let batches = if place.is_in_file() { BATCHES_AT_FILE } else { BATCHES };
        let slocket = lock::<H>(&place);
        let locks: Vec<_> = (0..BATCH).map(|_| if clones { slocket.clone() } else { lock::<H>(&place) }).collect();
        let other = lock::<H>(&place);
        let mut witness = Witness::open(&place.counter(), &place.log("storm"));
        let mut beside = Player::start(Adapter::Sync, &place.lock());
        // What the runtime opens on its first use is not a leak.
        let mut held = host.block_on(batch::<H>(&locks, &other, &mut witness)).len() as u64;
        settle();
        let before = descriptors();
        noted::take();
        let mut out_of_order = 0;
        beside.begin_rounds(ROUNDS, 0, &place);
        for _ in 0..batches {
            let served = host.block_on(batch::<H>(&locks, &other, &mut witness));
            held += served.len() as u64;
            out_of_order += usize::from(!served.is_sorted_by_key(|served| served.index));
            // Locks of their own lose their place when the process beside them closes out (see `order`), and have none at a file.
            let keeps_its_place = |served: &&Served| clones || !served.was_sent_away && !place.is_in_file();
            let in_order = served.iter().filter(keeps_its_place).is_sorted_by_key(|served| served.index);
            assert!(in_order, "served out of order: {served:?}");
        }
        beside.expect_done(ROUNDS);
        beside.quit();
        settle();
        wait_until_descriptors_are(before);
        place.assert_exclusive(held + ROUNDS);
        let acquires = (batches + 1) * BATCH;
        let storm = format!("{}, clones {clones}: {held} of {acquires} held", H::NAME);
        let why = if place.is_in_file() { "as no order is promised" } else { "for a waiter was sent away" };
        tell(format!("cancellation: {storm}, {out_of_order} batches out of order {why}"));
        let points = noted::take();
        let inside: &[Point] = if clones { &[Point::Inside, Point::InsideGranted] } else { &[] };
        let outside: &[Point] =
            if place.is_in_file() { &[Point::Watching] } else { &[Point::Queued, Point::QueuedGranted] };
        assert_each(&points, &[outside, inside].concat());
    }
}

/// Tells how many were dropped at each point, and fails if one of the `wanted` was missed.
#[track_caller]
pub(crate) fn assert_each(dropped: &[Point], wanted: &[Point]) {
    let mut dropped = dropped.to_vec();
    dropped.sort_unstable();
    let counts: Vec<_> = dropped.chunk_by(PartialEq::eq).map(|same| (same[0], same.len())).collect();
    tell(format!("cancellation: dropped at {counts:?}"));
    let missed = wanted.iter().find(|point| !dropped.contains(point));
    assert_eq!(missed, None, "never dropped there: {counts:?}");
}

/// When an acquire is dropped.
#[derive(Clone, Copy)]
enum Fate {
    Never,
    AfterPolls(u64),
    /// As soon as it is woken, before it is polled.
    WhenWoken,
}

impl Fate {
    fn random() -> Self {
        match random(4) {
            0 => Self::AfterPolls(random(POLLS)),
            1 => Self::WhenWoken,
            _ => Self::Never,
        }
    }
}

/// Wakes the batch, and remembers that it did.
struct Bell {
    rung: AtomicBool,
    batch: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        let batch = self.batch.lock().expect("no panic").clone();
        batch.wake();
    }
}

struct Waiter {
    acquire: Option<Acquire>,
    fate: Fate,
    bell: Arc<Bell>,
    was_sent_away: bool,
}

/// A holder.
#[derive(Debug)]
struct Served {
    index: usize,
    was_sent_away: bool,
}

/// Asks once for each lock, in order, drops a random half at a random point, and serves the others. Tells which held, in
/// order.
///
/// Half of the batches ask while another lock is held, for a random number of polls, so that the first of them is outside.
async fn batch<H: Host>(locks: &[Lock<H>], other: &Lock<H>, witness: &mut Witness) -> Vec<Served> {
    let bell = || Arc::new(Bell { rung: AtomicBool::new(false), batch: Mutex::new(Waker::noop().clone()) });
    let waiter =
        |lock| Waiter { acquire: Some(acquire::<H>(lock)), fate: Fate::random(), bell: bell(), was_sent_away: false };
    let mut waiters: Vec<_> = locks.iter().map(waiter).collect();
    let survivors = waiters.iter().filter(|waiter| matches!(waiter.fate, Fate::Never)).count();
    let mut served = Vec::new();
    let mut blocker =
        if random(2) == 0 { Some((other.acquire().await.expect("acquire"), random(POLLS))) } else { None };
    poll_fn(|context| {
        // Held until all have been polled, so that one is served at a time and those to be dropped wait.
        let mut held = None;
        for (index, waiter) in waiters.iter_mut().enumerate() {
            let Some(acquire) = &mut waiter.acquire else { continue };
            context.waker().clone_into(&mut waiter.bell.batch.lock().expect("no panic"));
            let rung = waiter.bell.rung.swap(false, Ordering::SeqCst);
            match &mut waiter.fate {
                Fate::AfterPolls(0) => {
                    waiter.acquire = None;
                    continue;
                }
                Fate::WhenWoken if rung => {
                    waiter.acquire = None;
                    continue;
                }
                Fate::AfterPolls(left) => *left -= 1,
                Fate::WhenWoken | Fate::Never => {}
            }
            let bell = Waker::from(Arc::clone(&waiter.bell));
            let sent_away = noted::sent_away();
            let polled = acquire.as_mut().poll(&mut Context::from_waker(&bell));
            waiter.was_sent_away |= noted::sent_away() != sent_away;
            if let Poll::Ready(guard) = polled {
                assert!(held.is_none(), "two guards at a time");
                held = Some((guard.expect("acquire"), witness.begin()));
                served.push(Served { index, was_sent_away: waiter.was_sent_away });
                waiter.acquire = None;
            }
        }
        if let Some((_, polls_left)) = &mut blocker {
            context.waker().wake_by_ref();
            match polls_left {
                0 => blocker = None,
                _ => *polls_left -= 1,
            }
        }
        if let Some((guard, hold)) = held {
            witness.end(hold);
            drop(guard);
            context.waker().wake_by_ref();
        }
        if waiters.iter().all(|waiter| waiter.acquire.is_none()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    assert!(served.len() >= survivors, "{survivors} survivors, served {served:?}");
    served
}

pub(crate) fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}
