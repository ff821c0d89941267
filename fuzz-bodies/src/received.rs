//! A waiter of `slocket-os`, and a server that does to it what the bytes say, on the real kernel.

mod act;
mod home;
mod scene;
mod server;

use std::fs;
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use slocket_os::{Error, Outcome, Session, depart};
use tempfile::TempDir;

use crate::received::home::Home;
use crate::received::scene::Scene;

/// Only for what hangs.
const HANG: Duration = Duration::from_secs(60);

/// The most that a server does.
const MOST_ACTS: usize = 24;

/// Lets a server do to a waiter what the bytes stand for. (It counts the descriptors of the process, so nothing else may
/// run in it.)
///
/// # Panics
/// If the waiter believes what it may not, or does not do what it should; if it hangs; if something is left.
pub fn received(bytes: &[u8]) {
    static RESERVE: Once = Once::new();
    let Some((setting, script)) = bytes.split_first() else { return };
    let folder = TempDir::with_prefix("slocket-fuzz-").expect("a temporary folder");
    let home = Home::new(folder.path(), setting & 4 != 0);
    // The process keeps a descriptor in reserve from the first time on.
    RESERVE.call_once(|| assert_free(&home));
    let before = open();

    let mut scene = Scene::new(&home, setting & 1 != 0, setting & 2 != 0);
    for act in act::all(script).take(MOST_ACTS) {
        scene.play(act);
    }
    scene.end();
    drop(scene);

    let begin = Instant::now();
    depart(HANG);
    assert!(begin.elapsed() < HANG, "whoever has given up hangs");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("it exists").flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "left: {left:?}");
    assert_free(&home);
    // The background thread closes its own after it has said that it is done.
    while open() > before {
        assert!(begin.elapsed() < HANG, "descriptors are left: {before} before, {} now", open());
        thread::yield_now();
    }
}

/// The lock can be had.
fn assert_free(home: &Home) {
    match try_for(home) {
        Ok(Outcome::Acquired(guard)) => guard.release().expect("it is ours"),
        other => panic!("the lock is lost: {other:?}"),
    }
}

/// Tries for the lock. (If somebody is in the way, that takes a while.)
fn try_for(home: &Home) -> Result<Outcome, Error> {
    let mut session = Session::try_acquire(&home.lock());
    loop {
        if let Some(outcome) = session.outcome() {
            return outcome;
        }
        session.block();
        session.wake();
    }
}

/// How many descriptors are open.
fn open() -> usize {
    fs::read_dir("/proc/self/fd").expect("a descriptor to count them with").count()
}
