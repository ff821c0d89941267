//! A lock that is a locked file, by option on a local file system.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use slocket_sync::{ErrorKind, Home, Semaphore, Slocket, TryAcquireError};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { folder: TempDir::with_prefix("slocket-file-").unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lock")
    }

    /// Another process's handle would be the same: no two of these share a queue.
    fn slocket(&self) -> Slocket {
        named(&self.path())
    }

    #[track_caller]
    fn assert_empty(&self) {
        let names: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.is_empty(), "left: {names:?}");
    }
}

fn named(path: &Path) -> Slocket {
    Slocket::builder(path).home(Home::File).build().unwrap()
}

fn would_block<G>(tried: &Result<G, TryAcquireError>) -> bool {
    matches!(tried, Err(TryAcquireError::WouldBlock))
}

#[test]
fn it_excludes_and_leaves_nothing() {
    let scene = Scene::new();
    let (one, other) = (scene.slocket(), scene.slocket());
    let guard = one.acquire().unwrap();
    assert!(scene.path().metadata().unwrap().is_file());
    assert!(would_block(&other.try_acquire()) && would_block(&other.try_acquire_shared()));
    guard.release().unwrap();
    scene.assert_empty();
    other.try_acquire().unwrap().release().unwrap();
    scene.assert_empty();
}

#[test]
fn the_holder_is_named_by_its_record() {
    let scene = Scene::new();
    let (one, other) = (scene.slocket(), scene.slocket());
    assert_eq!(other.holder().unwrap(), None);
    let guard = one.acquire().unwrap();
    assert_eq!(other.holder().unwrap().unwrap().pid, Some(std::process::id()));
    let error = other.acquire_timeout(Duration::from_millis(10)).unwrap_err();
    assert_eq!(error.holder().and_then(|holder| holder.pid), Some(std::process::id()));
    guard.release().unwrap();
    assert_eq!(other.holder().unwrap(), None);
    scene.assert_empty();
}

#[test]
fn a_waiter_is_woken() {
    let scene = Scene::new();
    let (one, other) = (scene.slocket(), scene.slocket());
    let guard = one.acquire().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| other.acquire().unwrap().release());
        guard.release().unwrap();
        waiter.join().unwrap().unwrap();
    });
    scene.assert_empty();
}

#[test]
fn many_handles_take_turns() {
    let scene = Scene::new();
    let (inside, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let slocket = scene.slocket();
                for _ in 0..50 {
                    let guard = slocket.acquire().unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    sum.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                    guard.release().unwrap();
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), 400);
    scene.assert_empty();
}

#[test]
fn shares_go_together_and_keep_the_lock_out() {
    let scene = Scene::new();
    let slockets = [(); 4].map(|()| scene.slocket());
    let first = slockets[0].acquire_shared().unwrap();
    let second = slockets[1].acquire_shared().unwrap();
    assert!(would_block(&slockets[2].try_acquire()));
    thread::scope(|scope| {
        let writer = scope.spawn(|| slockets[2].acquire().unwrap());
        while !scene.path().exists() {
            thread::yield_now();
        }
        // The writer has the turn: no reader overtakes it.
        assert!(would_block(&slockets[3].try_acquire_shared()));
        first.release().unwrap();
        second.release().unwrap();
        writer.join().unwrap().release().unwrap();
    });
    scene.assert_empty();
}

#[test]
fn a_lock_becomes_a_share() {
    let scene = Scene::new();
    let (one, other) = (scene.slocket(), scene.slocket());
    let share = one.acquire().unwrap().downgrade().unwrap();
    assert!(would_block(&other.try_acquire()));
    other.acquire_shared().unwrap().release().unwrap();
    share.release().unwrap();
    scene.assert_empty();
}

#[test]
fn a_semaphore_gives_each_a_slot_of_its_own() {
    let scene = Scene::new();
    let semaphores = [(); 3].map(|()| scene.slocket().semaphore(2).unwrap());
    let first = semaphores[0].acquire().unwrap();
    let second = semaphores[1].acquire().unwrap();
    assert_eq!((first.index(), second.index()), (0, 1));
    assert!(would_block(&semaphores[2].try_acquire()));
    assert!(would_block(&scene.slocket().try_acquire()));
    thread::scope(|scope| {
        let third = scope.spawn(|| semaphores[2].acquire().unwrap());
        while !scene.path().exists() {
            thread::yield_now();
        }
        first.release().unwrap();
        let third = third.join().unwrap();
        assert_eq!(third.index(), 0);
        third.release().unwrap();
    });
    second.release().unwrap();
    scene.assert_empty();
    let _: Semaphore = semaphores[0].clone();
}

#[test]
fn what_is_no_lock_file_stays_as_it_is() {
    let scene = Scene::new();
    fs::write(scene.path(), "precious").unwrap();
    let error = scene.slocket().acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Occupied);
    assert!(error.to_string().contains("a file is at the path, where a lock file is expected"), "{error}");
    assert_eq!(fs::read_to_string(scene.path()).unwrap(), "precious");
    fs::remove_file(scene.path()).unwrap();
    fs::create_dir(scene.path()).unwrap();
    assert!(scene.slocket().acquire().unwrap_err().to_string().contains("a directory is at the path"));
}

#[test]
fn a_socket_and_a_file_do_not_mix() {
    let scene = Scene::new();
    let socket = Slocket::new(scene.path()).unwrap();
    let guard = scene.slocket().acquire().unwrap();
    let error = socket.acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Occupied);
    assert!(error.to_string().contains("a lock file of slocket is at the path"), "{error}");
    guard.release().unwrap();
    let guard = socket.acquire().unwrap();
    let error = scene.slocket().acquire().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Occupied);
    assert!(error.to_string().contains("a socket is at the path, where a lock file is expected"), "{error}");
    guard.release().unwrap();
    drop(UnixListener::bind(scene.path()).unwrap());
    assert_eq!(scene.slocket().try_acquire().unwrap_err().to_string(), error.to_string());
}

#[test]
fn a_path_that_was_removed_is_a_lost_lock() {
    let scene = Scene::new();
    let guard = scene.slocket().acquire().unwrap();
    assert!(guard.is_intact().unwrap());
    fs::remove_file(scene.path()).unwrap();
    assert!(!guard.is_intact().unwrap());
    let second = scene.slocket().try_acquire().unwrap();
    assert_eq!(guard.release().unwrap_err().kind(), ErrorKind::LockLost);
    second.release().unwrap();
    scene.assert_empty();
}

/// flock(1) and slocket keep each other out.
#[test]
fn it_is_an_flock() {
    let scene = Scene::new();
    let file = File::create(scene.path()).unwrap();
    file.lock().unwrap();
    let slocket = scene.slocket();
    assert!(would_block(&slocket.try_acquire()));
    file.unlock().unwrap();
    let guard = slocket.acquire().unwrap();
    assert!(matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)));
    let mut record = String::new();
    File::open(scene.path()).unwrap().read_to_string(&mut record).unwrap();
    assert!(record.starts_with(&format!("slocket\npid {}\n", std::process::id())), "{record}");
    guard.release().unwrap();
    scene.assert_empty();
}

#[test]
fn a_descriptor_is_adopted_once() {
    let scene = Scene::new();
    let slocket = scene.slocket();
    let guard = slocket.acquire().unwrap();
    let mut command = std::process::Command::new("true");
    guard.pass_to(&mut command).unwrap();
    drop(command);
    let descriptor = guard.into_fd().unwrap();
    assert!(would_block(&scene.slocket().try_acquire()));
    let guard = scene.slocket().adopt(descriptor).unwrap();
    assert!(would_block(&scene.slocket().try_acquire()));
    guard.release().unwrap();
    scene.assert_empty();
    let mut other = tempfile::tempfile().unwrap();
    other.write_all(b"slocket\n").unwrap();
    assert_eq!(slocket.adopt(other).unwrap_err().kind(), ErrorKind::NotTheLock);
}
