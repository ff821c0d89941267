//! The waiting hook: a process that waits for long is told the holder, once.

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use trials::lock::{Builder, ErrorKind, Slocket, failed_as};
use trials::queue::queued;
use trials::{Adapter, PATIENCE, Place, Player, node_or_skip};

/// A lock whose hook, called at once, tells the holder that it was told.
fn telling(place: &Place) -> (Slocket, Receiver<(String, Option<u32>)>) {
    let (tell, told) = channel();
    let hook = move |waiting: &trials::lock::Waiting<'_>| {
        let pid = waiting.holder.as_ref().and_then(|holder| holder.pid);
        tell.send((waiting.to_string(), pid)).expect("the test listens");
    };
    (builder(place).on_wait(Duration::from_millis(1), hook).build().expect("a lock"), told)
}

fn builder(place: &Place) -> Builder {
    Slocket::builder(place.lock())
}

/// Waits behind `holder`, until told that this is the holder; then it releases, and the lock is acquired.
fn waits_behind(mut holder: Player, place: &Place) {
    let (slocket, told) = telling(place);
    let waits = thread::spawn(move || slocket.acquire().map(drop));
    let (text, pid) = told.recv_timeout(PATIENCE).expect("to be told");
    assert_eq!(pid, Some(holder.pid()), "{text}");
    assert!(text.contains(&*place.lock().to_string_lossy()), "names the lock: {text}");
    assert!(text.contains(&format!("pid {}", holder.pid())), "names the holder: {text}");
    holder.release();
    waits.join().expect("no panic").expect("the lock");
    assert!(told.recv().is_err(), "told twice");
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_waiter_outside_is_told_the_holder() {
    let place = Place::new();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    waits_behind(holder, &place);
}

/// (It would die if a client came to its queue and just went.)
#[test]
fn a_waiter_at_an_npm_server_is_told_the_server() {
    if !node_or_skip() {
        return;
    }
    let place = Place::new();
    let mut holder = Player::start(Adapter::Node, &place.lock());
    holder.acquire();
    waits_behind(holder, &place);
}

#[test]
fn a_waiter_inside_is_told_its_own_process() {
    let place = Place::new();
    let (slocket, told) = telling(&place);
    let guard = slocket.acquire().expect("a free lock");
    let waits = thread::spawn(move || slocket.acquire().map(drop));
    let (_, pid) = told.recv_timeout(PATIENCE).expect("to be told");
    assert_eq!(pid, Some(std::process::id()));
    drop(guard);
    waits.join().expect("no panic").expect("the lock");
    assert!(told.recv().is_err(), "told twice");
}

#[test]
fn a_waiter_at_a_file_is_told_no_holder() {
    let place = Place::new();
    fs::write(place.lock(), "").expect("a file");
    let (slocket, told) = telling(&place);
    let waits = thread::spawn(move || slocket.acquire().map(drop));
    let (text, pid) = told.recv_timeout(PATIENCE).expect("to be told");
    assert_eq!((text.contains("held"), pid), (false, None), "{text}");
    fs::remove_file(place.lock()).expect("the file");
    waits.join().expect("no panic").expect("the lock");
}

#[test]
fn each_acquire_tells_again() {
    let place = Place::new();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    let (slocket, told) = telling(&place);
    for _ in 0..2 {
        let timed_out = slocket.acquire_timeout(Duration::from_millis(20));
        assert!(failed_as(&timed_out) == Some(ErrorKind::TimedOut), "{timed_out:?}");
        assert_eq!(told.try_iter().count(), 1);
    }
    holder.release();
    holder.quit();
}

/// The time was up while the hook ran, and so did the lock come: it is not refused.
#[test]
fn a_hook_that_takes_long_costs_no_process_the_lock() {
    let place = Place::new();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    let (slocket, told, go) = dawdling(&place);
    let waits = thread::spawn(move || slocket.acquire_timeout(DAWDLE).map(drop));
    told.recv_timeout(PATIENCE).expect("to be told");
    holder.release();
    go.send(()).expect("the hook waits");
    waits.join().expect("no panic").expect("the lock");
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_hook_that_takes_long_costs_no_task_the_lock() {
    let place = Place::new();
    let (slocket, told, go) = dawdling(&place);
    let guard = slocket.acquire().expect("a free lock");
    let waits = thread::spawn(move || slocket.acquire_timeout(DAWDLE).map(drop));
    told.recv_timeout(PATIENCE).expect("to be told");
    guard.release().expect("no error");
    go.send(()).expect("the hook waits");
    waits.join().expect("no panic").expect("the lock");
    assert_eq!(place.leftovers(), [""; 0]);
}

const DAWDLE: Duration = Duration::from_millis(50);

/// A lock whose hook, called at once, tells so, and takes until it may go and that time is over.
fn dawdling(place: &Place) -> (Slocket, Receiver<()>, Sender<()>) {
    let (tell, told) = channel();
    let (go, goes) = channel();
    let goes = Mutex::new(goes);
    let hook = move |_: &trials::lock::Waiting<'_>| {
        let began = Instant::now();
        tell.send(()).expect("the test listens");
        goes.lock().expect("no panic").recv().expect("the test goes on");
        thread::sleep(DAWDLE.saturating_sub(began.elapsed()));
    };
    (builder(place).on_wait(Duration::from_millis(1), hook).build().expect("a lock"), told, go)
}

#[test]
fn a_caller_that_does_not_wait_is_told_nothing() {
    let place = Place::new();
    let never = |waiting: &trials::lock::Waiting<'_>| panic!("{waiting}");
    let at_once = builder(&place).on_wait(Duration::ZERO, never).build().expect("a lock");
    drop(at_once.acquire().expect("a free lock"));
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    assert!(at_once.try_acquire().expect("no error").is_none());
    let late = builder(&place).on_wait(PATIENCE, never).build().expect("a lock");
    let timed_out = late.acquire_timeout(Duration::from_millis(20));
    assert!(failed_as(&timed_out) == Some(ErrorKind::TimedOut), "{timed_out:?}");
    holder.release();
    holder.quit();
}

/// To find out the holder is to stand in the queue for an instant: each process that did would be there until the release.
#[test]
fn many_clones_ask_once_in_a_second() {
    const CLONES: usize = 50;
    let place = Place::new();
    let mut holder = Player::start(Adapter::Sync, &place.lock());
    holder.acquire();
    let (slocket, told) = telling(&place);
    let began = Instant::now();
    let waits: Vec<_> = (0..CLONES)
        .map(|_| {
            let slocket = slocket.clone();
            thread::spawn(move || slocket.acquire().map(drop))
        })
        .collect();
    drop(slocket);
    for _ in 0..CLONES {
        let (text, pid) = told.recv_timeout(PATIENCE).expect("to be told");
        assert_eq!(pid, Some(holder.pid()), "{text}");
    }
    // The first that waits, for all of them; and those that asked.
    let seconds = usize::try_from(began.elapsed().as_secs()).expect("small");
    let queued = queued(&place.lock());
    assert!(queued <= 2 + seconds, "{queued} in the queue after {seconds} s");
    holder.release();
    for wait in waits {
        wait.join().expect("no panic").expect("the lock");
    }
    holder.quit();
}
