//! Requests that are waited for in parts, and that another thread cancels.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use slocket_sync::{ErrorKind, OccupiedPolicy, Request, Slocket};
use tempfile::TempDir;

/// Only for what hangs.
const HANG: Duration = Duration::from_secs(60);

/// Long enough for a wait that must end by itself to be one.
const WHILE: Duration = Duration::from_millis(20);

fn place() -> (TempDir, Slocket) {
    let folder = TempDir::with_prefix("slocket-request-").expect("a temporary folder");
    let slocket = at(&folder);
    (folder, slocket)
}

/// The lock as another process would have it: without the queue that clones share inside a process.
fn at(folder: &TempDir) -> Slocket {
    Slocket::builder(folder.path().join("lock")).occupied(OccupiedPolicy::Wait).build().expect("a good path")
}

/// Another thread cancels the request while this one waits for it, asleep in the kernel; the lock is not lost by that.
#[track_caller]
fn is_cancelled(request: Request) {
    let canceller = request.canceller();
    let name = format!("waits-{:?}", thread::current().id()).replace(['(', ')'], "").replace("ThreadId", "");
    let error = thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            fs::write("/proc/thread-self/comm", &name).expect("a thread may be renamed");
            request.wait().expect_err("it was not released")
        });
        until_asleep(&name);
        canceller.cancel();
        waiter.join().expect("no panic")
    });
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(canceller.is_cancelled());
}

/// Waits until the thread of that name is blocked in the kernel.
#[track_caller]
fn until_asleep(name: &str) {
    let asleep = format!("({name}) S");
    let start = Instant::now();
    let is_asleep = || {
        let threads = fs::read_dir("/proc/self/task").expect("/proc");
        threads
            .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok())
            .any(|stat| stat.contains(&asleep))
    };
    while !is_asleep() {
        assert!(start.elapsed() < HANG, "{name} does not sleep");
        thread::yield_now();
    }
}

#[test]
fn a_request_in_the_queue_is_cancelled() {
    let (folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    is_cancelled(at(&folder).request());
    guard.release().unwrap();
    slocket.acquire_timeout(HANG).unwrap().release().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_request_that_waits_inside_the_process_is_cancelled() {
    let (_folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    is_cancelled(slocket.request());
    let next = slocket.request();
    guard.release().unwrap();
    next.wait().unwrap().release().unwrap();
}

#[test]
fn a_request_at_a_path_that_is_watched_is_cancelled() {
    let (_folder, slocket) = place();
    let path = slocket.path().expect("it has one");
    fs::write(path, "").unwrap();
    is_cancelled(slocket.request());
    fs::remove_file(path).unwrap();
    slocket.acquire_timeout(HANG).unwrap().release().unwrap();
}

#[test]
fn a_request_that_was_cancelled_before_is_not_waited_for() {
    let (_folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    let mut request = slocket.request();
    request.canceller().cancel();
    assert_eq!(request.wait_timeout(HANG).unwrap_err().kind(), ErrorKind::Cancelled);
    // A request that is granted the lock by then has it.
    guard.release().unwrap();
    let request = slocket.request();
    request.canceller().cancel();
    request.wait().unwrap().release().unwrap();
}

/// Two outsiders: the first gives up waiting again and again, and is served first.
#[test]
fn a_request_keeps_its_place_when_a_wait_is_over() {
    let (folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    let mut first = at(&folder).request();
    assert!(first.wait_timeout(WHILE).unwrap().is_none());
    let mut second = at(&folder).request();
    assert!(second.wait_timeout(Duration::ZERO).unwrap().is_none());
    assert!(first.wait_until(Instant::now()).unwrap().is_none());
    guard.release().unwrap();
    assert!(second.wait_timeout(WHILE).unwrap().is_none(), "it was not its turn");
    let guard = first.wait_timeout(Duration::ZERO).unwrap().expect("its turn has come");
    assert!(second.wait_timeout(WHILE).unwrap().is_none(), "two holders");
    guard.release().unwrap();
    second.wait().unwrap().release().unwrap();
}

#[test]
fn a_request_keeps_its_place_inside_the_process() {
    let (_folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    let mut first = slocket.request();
    let mut second = slocket.request();
    assert!(first.wait_timeout(WHILE).unwrap().is_none());
    assert!(second.wait_timeout(Duration::ZERO).unwrap().is_none());
    guard.release().unwrap();
    assert!(second.wait_timeout(WHILE).unwrap().is_none(), "it was not its turn");
    first.wait_timeout(Duration::ZERO).unwrap().expect("its turn has come").release().unwrap();
    second.wait().unwrap().release().unwrap();
}

/// It may be waited for by one thread after another: each has the means to be woken.
#[test]
fn a_request_goes_from_thread_to_thread() {
    let (folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    let mut request = at(&folder).request();
    for _ in 0..3 {
        request = thread::spawn(move || {
            assert!(request.wait_timeout(WHILE).unwrap().is_none());
            request
        })
        .join()
        .unwrap();
    }
    let last = thread::spawn(move || request.wait().unwrap().release());
    guard.release().unwrap();
    last.join().unwrap().unwrap();
}

#[test]
fn a_request_that_is_dropped_passes_the_lock_on() {
    let (folder, slocket) = place();
    let guard = slocket.acquire().unwrap();
    let mut granted = at(&folder).request();
    assert!(granted.wait_timeout(WHILE).unwrap().is_none());
    let waits = at(&folder).request();
    guard.release().unwrap();
    drop(granted);
    waits.wait().unwrap().release().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Several wait at a time, for locks of their own, each for a descriptor of its own.
#[test]
fn threads_wait_for_different_locks_at_a_time() {
    let places: Vec<_> = (0..8).map(|_| place()).collect();
    for _ in 0..20 {
        let guards: Vec<_> = places.iter().map(|(_, slocket)| slocket.acquire().unwrap()).collect();
        thread::scope(|scope| {
            let waiters: Vec<_> =
                places.iter().map(|(folder, _)| scope.spawn(|| at(folder).acquire().unwrap().release())).collect();
            for guard in guards.into_iter().rev() {
                guard.release().unwrap();
            }
            for waiter in waiters {
                waiter.join().unwrap().unwrap();
            }
        });
    }
}

/// Unlike a wait whose time is over, which goes on in the same place.
#[test]
fn a_request_with_a_deadline_gives_up_its_place() {
    let (folder, slocket) = place();
    let guard = slocket.acquire().expect("free");
    let (other, third) = (at(&folder), at(&folder));
    let mut request = other.request().deadline(Instant::now() + WHILE);
    assert!(request.wait_timeout(Duration::ZERO).expect("no error").is_none());
    let behind = third.request();
    let error = request.wait().expect_err("it was not released");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.holder().and_then(|holder| holder.pid), Some(std::process::id()));
    guard.release().expect("a release");
    behind.wait().expect("its turn").release().expect("a release");
    assert!(!slocket.path().expect("a path").exists());
}
