//! Threads of one process on one lock.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use trials::lock::{ErrorKind, Slocket, failed_as};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn assert_empty(folder: &tempfile::TempDir) {
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "left on disk: {left:?}");
}

#[test]
fn acquire_and_release_leaves_nothing() {
    let folder = folder();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    for _ in 0..3 {
        let guard = slocket.acquire().unwrap();
        assert!(slocket.path().exists());
        assert!(guard.is_intact().unwrap());
        assert!(!guard.contended());
        assert!(!guard.is_loan());
        guard.release().unwrap();
        assert_empty(&folder);
    }
}

#[test]
fn try_acquire_never_queues() {
    let folder = folder();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let guard = slocket.try_acquire().unwrap().expect("the lock is free");
    assert!(slocket.try_acquire().unwrap().is_none());
    assert!(!guard.contended());
    drop(guard);
    drop(slocket.try_acquire().unwrap().expect("the lock is free again"));
    assert_empty(&folder);
}

#[test]
fn a_time_out_names_the_holder() {
    let folder = folder();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let guard = slocket.acquire().unwrap();
    match slocket.acquire_timeout(Duration::from_millis(20)) {
        Err(error) if error.is_timed_out() => {
            assert_eq!(error.name(), slocket.name());
            assert_eq!(error.holder().unwrap().pid, Some(std::process::id()));
            assert_eq!(slocket.holder().unwrap().as_ref(), error.holder());
        }
        other => panic!("{other:?}"),
    }
    guard.release().unwrap();
    assert_eq!(slocket.holder().unwrap(), None);
    assert_empty(&folder);
}

#[test]
fn threads_exclude_each_other() {
    let folder = folder();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let held = AtomicBool::new(false);
    let count = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let guard = slocket.acquire().unwrap();
                    assert!(!held.swap(true, Ordering::SeqCst), "two holders");
                    count.fetch_add(1, Ordering::SeqCst);
                    held.store(false, Ordering::SeqCst);
                    guard.release().unwrap();
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 1600);
    assert_empty(&folder);
}

#[test]
fn a_removed_path_is_a_lost_lock() {
    let folder = folder();
    let slocket = Slocket::new(folder.path().join("lock")).unwrap();
    let guard = slocket.acquire().unwrap();
    std::fs::remove_file(slocket.path()).unwrap();
    assert!(!guard.is_intact().unwrap());
    let other = Slocket::new(slocket.path()).unwrap().acquire().unwrap();
    assert!(failed_as(&guard.release()) == Some(ErrorKind::LockLost));
    assert!(other.is_intact().unwrap(), "a lost lock leaves the path to its new owner");
    other.release().unwrap();
    assert_empty(&folder);
}
