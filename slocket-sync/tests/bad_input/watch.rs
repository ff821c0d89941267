//! Paths that cannot be watched, for inotify is exhausted: they are looked at now and then.

use std::fs;
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use crate::alone::{Setting, alone};
use crate::census::threads;
use crate::scene::{HANG, Scene, assert_times_out, assert_works, eventually, leave_dead, named, until_asleep};

/// Who waits there times out without spinning, and wakes when the way is free.
#[track_caller]
fn assert_wakes() {
    for stale in [false, true] {
        let scene = Scene::new();
        let slocket = scene.slocket();
        if stale {
            leave_dead(slocket.path(), false, 0o600);
        } else {
            fs::write(slocket.path(), "").unwrap();
        }
        assert!(slocket.try_acquire().unwrap().is_none());
        assert_eq!(assert_times_out(&slocket), None);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            let watched = || threads().iter().any(|thread| thread.starts_with("notify"));
            eventually(|| !watched(), || format!("watched: {:?}", threads()));
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
