//! No descriptor is left to wait with. (Alone in its process: the limit is the process's.)

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use slocket_sync::{ErrorKind, Slocket};

#[test]
fn a_request_is_waited_for_and_cancelled_without_a_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let at = || Slocket::new(folder.path().join("lock")).unwrap();
    let holder = at();
    let guard = holder.acquire().unwrap();
    let (mut granted, cancelled) = (at().request(), at().request());
    let limit = Rlimit { current: Some(64), maximum: getrlimit(Resource::Nofile).maximum };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    // Too few to wait with, and enough to look at the threads.
    files.truncate(files.len() - 1);
    assert!(granted.wait_timeout(Duration::from_millis(30)).unwrap().is_none());
    let canceller = cancelled.canceller();
    let waiter = thread::Builder::new().name("waiter".to_owned());
    let waiter = waiter.spawn(move || cancelled.wait().unwrap_err().kind()).unwrap();
    until_asleep();
    canceller.cancel();
    assert_eq!(waiter.join().unwrap(), ErrorKind::Cancelled);
    let waiter = thread::spawn(move || granted.wait().unwrap().release());
    guard.release().unwrap();
    waiter.join().unwrap().unwrap();
}

/// Waits until the thread named `waiter` is blocked in the kernel.
fn until_asleep() {
    let is_asleep = || {
        // One descriptor at a time: an entry keeps its folder open.
        let threads =
            fs::read_dir("/proc/self/task").map(|threads| threads.flatten().map(|thread| thread.path()).collect());
        let threads: Vec<_> = threads.unwrap_or_default();
        let stat = |thread: &PathBuf| fs::read_to_string(thread.join("stat"));
        threads.iter().any(|thread| stat(thread).is_ok_and(|stat| stat.contains("(waiter) S")))
    };
    while !is_asleep() {
        thread::yield_now();
    }
}
