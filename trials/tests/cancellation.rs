//! Acquires that are dropped at any await point, beside a process that measures.

use std::collections::hash_map::RandomState;
use std::fs;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use slocket_os::asynchronous::{Runtime, Slocket};
use slocket_os::{Error, Guard, settle};
use trials::witness::Witness;
use trials::{Adapter, Place, Player, alone, tell};

const BATCHES: usize = 200;
const BATCH: usize = 50;
/// A future is dropped after fewer polls than this.
const POLLS: u64 = 8;
const ROUNDS: u64 = 500;

type Acquire<'a> = Pin<Box<dyn Future<Output = Result<Guard, Error>> + 'a>>;

#[test]
fn half_of_the_acquires_on_one_thread_of_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    storm::<slocket_tokio::Tokio>("tokio", |storm| runtime.block_on(storm));
}

#[test]
fn half_of_the_acquires_on_smol() {
    // The reactor opens its descriptors on its first use.
    smol::block_on(smol::Timer::after(std::time::Duration::from_nanos(1)));
    storm::<slocket_smol::AsyncIo>("smol", |storm| smol::block_on(storm));
}

/// Tasks on several threads are aborted wherever they are.
#[test]
fn half_of_the_tasks_on_several_threads_of_tokio() {
    let _alone = alone();
    let place = Place::new();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    let slocket = slocket_tokio::Slocket::new(place.lock()).expect("a lock");
    let witness = Arc::new(Mutex::new((Witness::open(&place.counter(), &place.log("tasks")), 0)));
    let mut beside = Player::start(Adapter::Sync, &place.lock());
    beside.begin_rounds(ROUNDS, 0, &place);
    let (survivors, cancelled) = runtime.block_on(async {
        let (mut survivors, mut cancelled) = (0, 0);
        for _ in 0..BATCHES {
            let tasks: Vec<_> = (0..BATCH)
                .map(|_| {
                    let (slocket, witness) = (slocket.clone(), Arc::clone(&witness));
                    tokio::spawn(async move {
                        let guard = slocket.acquire().await.expect("acquire");
                        // No await from here on: an abort comes before the hold, or after it.
                        let mut witness = witness.try_lock().expect("one holder at a time");
                        let hold = witness.0.begin();
                        witness.0.end(hold);
                        witness.1 += 1;
                        drop(witness);
                        drop(guard);
                    })
                })
                .collect();
            // All the doomed before any is awaited, so that most are aborted while they wait.
            let (doomed, spared): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|_| random(2) == 0);
            doomed.iter().for_each(tokio::task::JoinHandle::abort);
            for task in doomed {
                match task.await {
                    Ok(()) => {}
                    Err(error) => {
                        assert!(error.is_cancelled(), "{error}");
                        cancelled += 1;
                    }
                }
            }
            for task in spared {
                task.await.expect("a survivor");
                survivors += 1;
            }
        }
        (survivors, cancelled)
    });
    beside.expect_done(ROUNDS);
    beside.quit();
    settle();
    let held = witness.lock().expect("the witness").1;
    assert!(held >= survivors, "{held} held, {survivors} survived");
    assert!(cancelled > BATCHES * BATCH / 5, "no storm: {cancelled} cancelled");
    place.assert_exclusive(held + ROUNDS);
    tell(format!("cancellation: tokio-threads: {cancelled} of {} tasks cancelled, {held} held", BATCHES * BATCH));
}

/// A runtime that shuts down with a guard and with waiters alive.
#[test]
fn a_runtime_shuts_down() {
    let _alone = alone();
    let place = Place::new();
    let slocket = slocket_tokio::Slocket::new(place.lock()).expect("a lock");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut beside = Player::start(Adapter::Sync, &place.lock());
    let guard = runtime.block_on(slocket.acquire()).expect("acquire");
    for _ in 0..BATCH {
        let slocket = slocket.clone();
        runtime.spawn(async move { drop(slocket.acquire().await) });
    }
    beside.send("acquire");
    trials::wait_until_queued(&place.lock(), 1);
    drop(runtime);
    assert_eq!(beside.answer_now(), None, "the guard outlives its runtime");
    std::thread::spawn(move || drop(guard)).join().expect("a thread outside any runtime");
    beside.expect_held();
    beside.release();
    beside.quit();
    settle();
    assert_eq!(place.leftovers(), [""; 0]);
}

fn storm<R: Runtime>(name: &str, run: impl Fn(Pin<Box<dyn Future<Output = Vec<usize>> + '_>>) -> Vec<usize>) {
    let _alone = alone();
    for clones in [true, false] {
        let place = Place::new();
        let slocket = Slocket::<R>::new(place.lock()).expect("a lock");
        let lock = || if clones { slocket.clone() } else { Slocket::new(place.lock()).expect("a lock") };
        let mut witness = Witness::open(&place.counter(), &place.log("storm"));
        let mut beside = Player::start(Adapter::Sync, &place.lock());
        let locks: Vec<_> = (0..BATCH).map(|_| lock()).collect();
        // What the runtime opens on its first use is no leak.
        let mut held = run(Box::pin(batch(&locks, &mut witness))).len() as u64;
        settle();
        beside.begin_rounds(ROUNDS, 0, &place);
        let before = descriptors();
        for _ in 0..BATCHES {
            let served = run(Box::pin(batch(&locks, &mut witness)));
            // Locks of their own race whenever a process beside them closes out.
            assert!(!clones || served.is_sorted(), "served out of order: {served:?}");
            held += served.len() as u64;
        }
        settle();
        assert_eq!(descriptors(), before, "descriptors after the storm and before");
        beside.expect_done(ROUNDS);
        beside.quit();
        place.assert_exclusive(held + ROUNDS);
        tell(format!("cancellation: {name}, clones {clones}: {held} of {} acquires held", (BATCHES + 1) * BATCH));
    }
}

/// Asks once for each lock, in order, drops a random half after a random number of polls, and serves the others. Tells which
/// held, in order.
async fn batch<R: Runtime>(locks: &[Slocket<R>], witness: &mut Witness) -> Vec<usize> {
    let mut acquires: Vec<Option<Acquire<'_>>> = Vec::new();
    let mut polls_left: Vec<Option<u64>> = Vec::new();
    for lock in locks {
        acquires.push(Some(Box::pin(lock.acquire())));
        polls_left.push((random(2) == 0).then(|| random(POLLS)));
    }
    let mut served = Vec::new();
    poll_fn(|context| {
        // Held until all have been polled, so that one is served at a time and those to be dropped wait.
        let mut held = None;
        for (index, slot) in acquires.iter_mut().enumerate() {
            let Some(acquire) = slot else { continue };
            match &mut polls_left[index] {
                Some(0) => {
                    *slot = None;
                    continue;
                }
                Some(left) => *left -= 1,
                None => {}
            }
            if let Poll::Ready(guard) = acquire.as_mut().poll(context) {
                assert!(held.is_none(), "two guards at a time");
                held = Some((guard.expect("acquire"), witness.begin()));
                served.push(index);
                *slot = None;
            }
        }
        if let Some((guard, hold)) = held {
            witness.end(hold);
            drop(guard);
            context.waker().wake_by_ref();
        }
        if acquires.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let survivors = polls_left.iter().filter(|left| left.is_none()).count();
    assert!(served.len() >= survivors, "{survivors} survivors, served {served:?}");
    served
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc/self/fd").count()
}

fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}
