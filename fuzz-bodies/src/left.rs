//! What is left when all is over: nothing.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use slocket_os::{Error, Outcome, Session, depart};

use crate::home::Home;

/// Only for what hangs.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// How many descriptors are open, without the two by which a thread has blocked and which are kept for the next wait. (Nothing else
/// may run in the process.)
pub(crate) fn open() -> usize {
    let open = fs::read_dir("/proc/self/fd").expect("a descriptor to count them with").flatten();
    let files: Vec<_> = open.map(|entry| fs::read_link(entry.path()).unwrap_or_default()).collect();
    let keeps = files.iter().any(|file| file.as_os_str() == "anon_inode:[eventpoll]");
    files.len() - if keeps { 2 } else { 0 }
}

/// The lock is free, no file is left in the folder, and no descriptor is open that was not `before`.
pub(crate) fn assert_nothing(home: &Home, folder: &Path, before: usize) {
    let begin = Instant::now();
    depart(HANG);
    assert!(begin.elapsed() < HANG, "a client that has given up hangs");
    let left: Vec<_> = fs::read_dir(folder).expect("it exists").flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "left: {left:?}");
    assert_free(home);
    // The background thread closes its own after it has said that it is done.
    while open() > before {
        assert!(begin.elapsed() < HANG, "descriptors are left: {before} before, {} now", open());
        thread::yield_now();
    }
}

/// The lock can be acquired.
pub(crate) fn assert_free(home: &Home) {
    match try_for(home) {
        Ok(Outcome::Acquired(guard)) => guard.release().expect("it is ours"),
        other => panic!("the lock is lost: {other:?}"),
    }
}

/// Tries to acquire the lock. (If a process is in the way, that takes a while.)
pub(crate) fn try_for(home: &Home) -> Result<Outcome, Error> {
    let mut session = Session::try_acquire(&home.lock());
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.block();
        session.wake();
    }
}
