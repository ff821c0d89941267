//! Tasks on several threads, of which half are cancelled wherever they are, beside a process that measures.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use slocket_os::settle;
use trials::witness::Witness;
use trials::{Adapter, Place, Player, alone, tell};

use crate::host::{AsyncStd, Host, SmolThreads, TokioThreads};
use crate::noted::{self, Point};
use crate::storm::{assert_each, random};
use crate::waiter::{Lock, acquire, lock, run_until};
use crate::{descriptors, wait_until_descriptors_are};

const BATCHES: usize = 200;
const MOST_BATCHES: usize = 2000;
const BATCH: usize = 50;
/// Where tasks must have been dropped.
const WANTED: [Point; 4] = [Point::Inside, Point::InsideGranted, Point::Queued, Point::QueuedGranted];
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
    let mut dropped = Vec::new();
    let mut batches = 1;
    // A busy machine may be slow to cancel just when a lock is granted: then it takes more of them.
    while batches < BATCHES || batches < MOST_BATCHES && !WANTED.iter().all(|point| dropped.contains(point)) {
        // Not from the beginning: while it competes, it is the first to be granted the lock more often than not.
        if batches == BATCHES / 3 {
            beside.begin_rounds(ROUNDS, 0, &place);
        }
        let (more_survivors, more_cancelled) = batch(&host, &place, &slocket, &notes, batches);
        survivors += more_survivors;
        cancelled += more_cancelled;
        dropped.extend(noted::take());
        batches += 1;
    }
    beside.expect_done(ROUNDS);
    beside.quit();
    settle();
    wait_until_descriptors_are(before);
    let asked = std::mem::take(&mut *notes.asked.lock().expect("no panic"));
    let served = std::mem::take(&mut notes.served.lock().expect("no panic").1);
    assert_in_order(&served, &asked);
    assert!(served.len() >= survivors, "{} held, {survivors} survived", served.len());
    assert!(cancelled > batches * BATCH / 5, "no storm: {cancelled} cancelled");
    place.assert_exclusive(served.len() as u64 + ROUNDS);
    let (name, acquires, held) = (H::NAME, batches * BATCH, served.len());
    tell(format!("cancellation: tasks of {name}: {cancelled} of {acquires} cancelled, {held} held in order"));
    assert_each(&dropped, &WANTED);
}

/// One batch of tasks; how many were spared, and how many were cancelled before their end.
fn batch<H: Host>(host: &H, place: &Place, slocket: &Lock<H>, notes: &Arc<Notes>, number: usize) -> (usize, usize) {
    // Half of the batches wait for a clone, so that all are inside, the others for another process, so that one is outside.
    let blocker = if random(2) == 0 { slocket.clone() } else { lock::<H>(place) };
    let blocker = host.block_on(blocker.acquire()).expect("acquire");
    let asked_before = notes.asked.lock().expect("no panic").len();
    let tasks: Vec<_> = (0..BATCH).map(|index| spawn(host, slocket, notes, number * BATCH + index)).collect();
    // Many have asked by then, but not all.
    let asked = asked_before + BATCH / 2 + random(BATCH as u64 / 2) as usize;
    run_until(host, "the tasks to ask", || notes.asked.lock().expect("no panic").len() >= asked);
    let next = notes.asked.lock().expect("no panic")[asked_before];
    let (mut doomed, mut spared) = (Vec::new(), Vec::new());
    for (index, task) in tasks.into_iter().enumerate() {
        let is_next = number * BATCH + index == next;
        if random(2) == 0 { doomed.push((is_next, task)) } else { spared.push(task) }
    }
    let survivors = spared.len();
    let (mut blocker, mut cancelled) = (Some(blocker), 0);
    // All the doomed before any is awaited, and the lock is released in their midst: the grants run into the cancels.
    let release_after = random(1 + doomed.len() as u64) as usize;
    let next = doomed.iter().position(|(is_next, _)| *is_next).map(|next| doomed.remove(next).1);
    host.block_on(async {
        let mut aborted = Vec::new();
        // The next holder goes while it waits for sure, or just when it is granted the lock.
        let mut next = match next {
            Some(next) if random(2) == 0 => {
                cancelled += usize::from(H::abort(next).await);
                None
            }
            next => next,
        };
        for (index, (_, task)) in doomed.into_iter().enumerate() {
            if index == release_after {
                blocker = None;
                aborted.extend(next.take().map(H::abort));
            }
            aborted.push(H::abort(task));
        }
        drop(blocker);
        aborted.extend(next.map(H::abort));
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

/// Fails unless waiters were served in the order in which they asked.
#[track_caller]
fn assert_in_order(served: &[usize], asked: &[usize]) {
    let mut asked = asked.iter();
    for name in served {
        assert!(asked.any(|asker| asker == name), "{name} was served before a task that asked earlier");
    }
}
