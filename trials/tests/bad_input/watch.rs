//! Paths that are watched, and paths that cannot be: those are looked at now and then.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use crate::alone::{NOBODY, Setting, alone};
use crate::census::watches;
use crate::scene::{HANG, Scene, assert_times_out, assert_works, named, until_asleep};

/// Who waits there times out without spinning, and wakes when the way is free.
#[track_caller]
fn assert_wakes() {
    let before = watches();
    for stale in [false, true] {
        let scene = Scene::new();
        let slocket = scene.slocket();
        scene.occupy(stale);
        assert!(slocket.try_acquire().unwrap().is_none());
        assert_eq!(assert_times_out(&slocket), None);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            assert_eq!(watches(), before, "watched");
            fs::remove_file(slocket.path()).unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        assert_works(&slocket);
        scene.assert_empty();
    }
}

#[test]
fn no_inotify_instances() {
    alone(Setting::Limits, || {
        fs::write("/proc/sys/user/max_inotify_instances", "5").unwrap();
        let mut instances = Vec::new();
        let error = loop {
            match inotify::init(CreateFlags::CLOEXEC) {
                Ok(instance) => instances.push(instance),
                Err(error) => break error,
            }
        };
        assert_eq!((instances.len(), error), (5, Errno::MFILE));
        assert_wakes();
    });
}

#[test]
fn no_inotify_watches() {
    alone(Setting::Limits, || {
        fs::write("/proc/sys/user/max_inotify_watches", "0").unwrap();
        let instance = inotify::init(CreateFlags::CLOEXEC).unwrap();
        assert_eq!(inotify::add_watch(&instance, "/", WatchFlags::CREATE).unwrap_err(), Errno::NOSPC);
        drop(instance);
        assert_wakes();
    });
}

/// How long it takes in all, in some rounds, until a waiter has the lock after the file at the path is gone.
fn wake_ups(scene: &Scene, watcher: bool) -> Duration {
    let slocket = scene.slocket();
    let round = |_| {
        fs::write(slocket.path(), "").unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            assert_eq!(watches(), usize::from(watcher));
            let gone = Instant::now();
            fs::remove_file(slocket.path()).unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
            gone.elapsed()
        })
    };
    (0..5).map(round).sum()
}

#[test]
fn a_watch_is_quicker_than_a_look_now_and_then() {
    alone(Setting::User(NOBODY), || {
        let watched = wake_ups(&Scene::new(), true);
        // A folder that may not be read cannot be watched.
        let unwatched = wake_ups(&Scene::with_mode(0o300), false);
        assert!(watched * 2 < unwatched, "{watched:?} with a watch, {unwatched:?} without");
    });
}
