//! The descriptors in reserve: at the limit the lock still goes from hand to hand.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, Mode, OFlags, openat};
use trials::lock::{Guard, Slocket};

use crate::alone::{Setting, Talk, beside};
use crate::descriptors::Full;
use crate::scene::{HANG, Scene, eventually, named, until_asleep};

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).expect("it is there").ino()
}

#[track_caller]
fn until_contended(guard: &Guard) {
    eventually(|| guard.contended(), || "not in the queue".to_owned());
}

/// The waiter of another process, which has no descriptor free by the time that its turn comes, gets the lock.
#[track_caller]
fn outside_holds(waiter: &mut Talk, scene: &Scene) {
    let guard = scene.slocket().acquire().unwrap();
    let inode = inode(&scene.lock());
    waiter.tell(scene.lock().to_str().unwrap());
    until_contended(&guard);
    waiter.tell("in the queue");
    waiter.expect("full");
    guard.release().unwrap();
    waiter.expect(&format!("holds {inode}"));
    waiter.expect("released");
}

fn inside_waits(holder: &mut Talk) {
    let slocket = Slocket::new(holder.hear()).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
        holder.expect("in the queue");
        until_asleep("waiter");
        let full = Full::all_but(0);
        holder.tell("full");
        let guard = waiter.join().unwrap().unwrap();
        assert!(guard.is_intact().unwrap() && !guard.is_loan());
        holder.tell(&format!("holds {}", inode(slocket.path())));
        guard.release().unwrap();
        drop(full);
        holder.tell("released");
    });
}

#[test]
fn a_waiter_at_the_limit() {
    let scene = Scene::new();
    beside(Setting::Plain, |waiter| outside_holds(waiter, &scene), inside_waits);
    scene.assert_empty();
}

#[test]
fn a_waiter_at_the_limit_that_was_interrupted() {
    let scene = Scene::new();
    beside(Setting::Interrupted, |waiter| outside_holds(waiter, &scene), inside_waits);
    scene.assert_empty();
}

#[test]
fn a_holder_at_the_limit() {
    let scene = Scene::new();
    beside(
        Setting::Plain,
        |holder| {
            holder.tell(scene.lock().to_str().unwrap());
            for _ in 0..3 {
                let inode = holder.hear();
                // As long as it is open, its number is not used again.
                let _pin = openat(CWD, scene.lock(), OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()).unwrap();
                let guard = scene.slocket().acquire_timeout(HANG).unwrap();
                holder.expect("released");
                assert_eq!(self::inode(&scene.lock()).to_string(), inode, "handed over, not closed out");
                guard.release().unwrap();
                holder.tell("again");
            }
        },
        |waiter| {
            let slocket = Slocket::new(waiter.hear()).unwrap();
            for _ in 0..3 {
                let guard = slocket.acquire().unwrap();
                let full = Full::all_but(0);
                waiter.tell(&inode(slocket.path()).to_string());
                until_contended(&guard);
                guard.release().unwrap();
                drop(full);
                waiter.tell("released");
                waiter.expect("again");
            }
        },
    );
    scene.assert_empty();
}

#[test]
fn a_holder_at_the_limit_without_a_reserve() {
    let scene = Scene::new();
    beside(
        Setting::Plain,
        |holder| {
            holder.tell(scene.lock().to_str().unwrap());
            holder.expect("held");
            // The lock is closed out, so it is free for the waiters that were in the queue.
            let guard = scene.slocket().acquire_timeout(HANG).unwrap();
            holder.expect("released");
            assert!(guard.is_intact().unwrap());
            guard.release().unwrap();
        },
        |waiter| {
            let path = waiter.hear();
            // For the folder: so there is none for the reserve.
            let mut full = Full::all_but(1);
            let slocket = Slocket::new(path).unwrap();
            assert!(slocket.acquire().is_err());
            full.free(2);
            let guard = slocket.acquire().unwrap();
            full.fill();
            waiter.tell("held");
            until_contended(&guard);
            guard.release().unwrap();
            drop(full);
            waiter.tell("released");
        },
    );
    scene.assert_empty();
}
