//! Paths that are watched, and paths that cannot be: those are looked at now and then.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use trials::lock::Slocket;

use crate::alone::{NOBODY, Setting, alone};
use crate::census::{Census, watches};
use crate::scene::{HANG, Scene, assert_times_out, assert_works, eventually, named, until_asleep};

/// A waiter there times out without spinning, and wakes when the way is free.
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
            // (A watcher for which there is no watch left goes by itself.)
            eventually(|| watches() == before, || "watched".to_owned());
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

/// How long it takes in all, in some rounds, until a waiter acquires the lock after the file at the path is gone.
fn wake_ups(scene: &Scene, watcher: bool) -> Duration {
    let slocket = scene.slocket();
    let round = |_| {
        fs::write(slocket.path(), "").unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            eventually(|| watches() == usize::from(watcher), || format!("{} watches", watches()));
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

/// All watches of a process share one watcher, with one thread, which takes no signals and goes with the last of them.
#[test]
fn one_watcher_for_all() {
    alone(Setting::Plain, || {
        let before = Census::take();
        let scenes: Vec<Scene> = (0..3).map(|_| Scene::new()).collect();
        let locks: Vec<Slocket> = scenes.iter().flat_map(|scene| [scene.slocket(), scene.slocket()]).collect();
        for scene in &scenes {
            scene.occupy(false);
        }
        thread::scope(|scope| {
            let waiters: Vec<_> =
                locks.iter().map(|slocket| scope.spawn(|| slocket.acquire_timeout(HANG).unwrap().release())).collect();
            eventually(|| watched_folders() == scenes.len(), || format!("{} folders watched", watched_folders()));
            assert_eq!(watches(), 1);
            let named: Vec<_> = tasks().filter(|(name, _)| name.starts_with("notify")).collect();
            let [(_, blocked)] = &named[..] else { panic!("{named:?}") };
            let all = !0 ^ kill_stop_and_those_of_the_c_library();
            assert_eq!(blocked & all, all, "signals that the thread takes: {:#x}", all & !blocked);
            for scene in &scenes {
                fs::remove_file(scene.lock()).unwrap();
            }
            for waiter in waiters {
                waiter.join().unwrap().unwrap();
            }
        });
        drop((locks, scenes));
        before.assert_same();
    });
}

/// How many folders the inotify instances of this process watch (`proc_pid_fdinfo(5)`).
fn watched_folders() -> usize {
    let infos =
        fs::read_dir("/proc/self/fdinfo").unwrap().filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    infos.map(|info| info.lines().filter(|line| line.starts_with("inotify wd:")).count()).sum()
}

/// The names of the threads of this process, and which signals each has blocked (`SigBlk` of `proc_pid_status(5)`).
fn tasks() -> impl Iterator<Item = (String, u64)> {
    let status = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("status")).ok();
    let entries = fs::read_dir("/proc/self/task").unwrap().filter_map(move |entry| status(entry.ok()?));
    entries.map(|status| {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        (field("Name:"), u64::from_str_radix(&field("SigBlk:"), 16).unwrap())
    })
}

/// Those that no process can block: SIGKILL, SIGSTOP, and two that the C library keeps to itself.
fn kill_stop_and_those_of_the_c_library() -> u64 {
    [9, 19, 32, 33].into_iter().map(|signal: u64| 1 << (signal - 1)).sum()
}
