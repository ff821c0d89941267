//! Tasks on several threads, of which half are cancelled wherever they are, beside a process that measures.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use slocket_os::settle;
use trials::witness::Witness;
use trials::{Adapter, Place, Player, alone};

use crate::host::{AsyncStd, Host, SmolThreads, TokioThreads};
use crate::noted::{self, Point};
use crate::storm::{Points, random};
use crate::waiter::{Lock, acquire, lock, run_until};
use crate::{descriptors, wait_until_descriptors_are};

const BATCHES: usize = 200;
const BATCH: usize = 50;
const ROUNDS: u64 = 2000;

#[test]
fn half_of_the_tasks_on_several_threads_of_tokio() {
    storm::<TokioThreads>();
}

#[test]
fn half_of_the_tasks_on_several_threads_of_smol() {
    storm::<SmolThreads>();
}

#[test]
fn half_of_the_tasks_on_async_std() {
    storm::<AsyncStd>();
}

/// What the tasks note.
struct Notes {
    /// In the order of the first polls.
    asked: Mutex<Vec<usize>>,
    served: Mutex<(Witness, Vec<usize>)>,
}

fn storm<H: Host>() {
    let _alone = alone();
    let place = Place::new();
    let host = H::start();
    let slocket = lock::<H>(&place);
    let witness = Witness::open(&place.counter(), &place.log("tasks"));
    let notes = Arc::new(Notes { asked: Mutex::default(), served: Mutex::new((witness, Vec::new())) });
    let mut beside = Player::start(Adapter::Sync, &place.lock());
    let (mut survivors, mut cancelled) = batch(&host, &place, &slocket, &notes, 0);
    let before = descriptors();
    noted::take();
    beside.begin_rounds(ROUNDS, 0, &place);
    for number in 1..BATCHES {
        let (more_survivors, more_cancelled) = batch(&host, &place, &slocket, &notes, number);
        survivors += more_survivors;
        cancelled += more_cancelled;
    }
    beside.expect_done(ROUNDS);
    beside.quit();
    settle();
    wait_until_descriptors_are(before);
    let asked = std::mem::take(&mut *notes.asked.lock().expect("no panic"));
    let served = std::mem::take(&mut notes.served.lock().expect("no panic").1);
    assert_in_order(&served, &asked);
    assert!(served.len() >= survivors, "{} held, {survivors} survived", served.len());
    assert!(cancelled > BATCHES * BATCH / 5, "no storm: {cancelled} cancelled");
    place.assert_exclusive(served.len() as u64 + ROUNDS);
    let (name, acquires, held) = (H::NAME, BATCHES * BATCH, served.len());
    let points =
        Points::of_the_dropped(&format!("tasks of {name}: {cancelled} of {acquires} cancelled, {held} held in order"));
    points.assert_each(&[Point::Inside, Point::InsideGranted, Point::Queued, Point::QueuedGranted]);
}

/// One batch of tasks; how many were spared, and how many were cancelled before their end.
fn batch<H: Host>(host: &H, place: &Place, slocket: &Lock<H>, notes: &Arc<Notes>, number: usize) -> (usize, usize) {
    // Half of the batches wait for a clone, so that all are inside, the others for somebody else, so that one is outside.
    let blocker = if random(2) == 0 { slocket.clone() } else { lock::<H>(place) };
    let blocker = host.block_on(blocker.acquire()).expect("acquire");
    let asked_before = notes.asked.lock().expect("no panic").len();
    let tasks: Vec<_> = (0..BATCH).map(|index| spawn(host, slocket, notes, number * BATCH + index)).collect();
    // Many have asked by then, but not all.
    let asked = asked_before + BATCH / 2 + random(BATCH as u64 / 2) as usize;
    run_until(host, "the tasks to ask", || notes.asked.lock().expect("no panic").len() >= asked);
    let (mut doomed, mut spared) = (Vec::new(), Vec::new());
    for task in tasks {
        if random(2) == 0 { doomed.push(task) } else { spared.push(task) }
    }
    let survivors = spared.len();
    let mut blocker = Some(blocker);
    host.block_on(async {
        // All the doomed before any is awaited, and the lock is released in their midst: the grants run into the cancels.
        let release_after = random(1 + doomed.len() as u64) as usize;
        let mut aborted = Vec::new();
        for (index, task) in doomed.into_iter().enumerate() {
            if index == release_after {
                blocker = None;
            }
            aborted.push(H::abort(task));
        }
        drop(blocker);
        let mut cancelled = 0;
        for task in aborted {
            cancelled += usize::from(task.await);
        }
        for task in spared {
            H::join(task).await;
        }
        (survivors, cancelled)
    })
}

fn spawn<H: Host>(host: &H, slocket: &Lock<H>, notes: &Arc<Notes>, name: usize) -> H::Task {
    let (slocket, notes) = (slocket.clone(), Arc::clone(notes));
    host.spawn(async move {
        let mut acquire = acquire::<H>(&slocket);
        let mut has_asked = false;
        let guard = poll_fn(|context| {
            if std::mem::replace(&mut has_asked, true) {
                return acquire.as_mut().poll(context);
            }
            // One first poll at a time, so that the order of asking is known.
            let mut asked = notes.asked.lock().expect("no panic");
            asked.push(name);
            acquire.as_mut().poll(context)
        });
        let guard = guard.await.expect("acquire");
        // No await from here on: a cancel comes before the hold, or after it.
        let mut served = notes.served.try_lock().expect("one holder at a time");
        let hold = served.0.begin();
        served.0.end(hold);
        served.1.push(name);
        drop(served);
        drop(guard);
    })
}

/// Fails unless those who were served were so in the order in which they asked.
#[track_caller]
fn assert_in_order(served: &[usize], asked: &[usize]) {
    let mut asked = asked.iter();
    for name in served {
        assert!(asked.any(|asker| asker == name), "{name} was served before somebody who asked earlier");
    }
}
