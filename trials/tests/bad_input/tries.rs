//! A process that tries meets another that is only passing through: a look, a reclaim, a release. None of these is a hold.

use std::fs::{self, File};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use trials::lock::{Slocket, Trust};
use trials::tell;

use crate::alone::{Setting, alone};
use crate::scene::{Scene, another, assert_works, leave_dead};

/// Tries `tries` times, while `others` go on in their threads; returns how often that failed.
fn failures(tries: u32, others: &[&(dyn Fn() + Sync)], attempt: impl Fn() -> bool) -> u32 {
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        for other in others {
            scope.spawn(|| {
                while !enough.load(Ordering::SeqCst) {
                    other();
                }
            });
        }
        let failures = (0..tries).filter(|_| !attempt()).count();
        enough.store(true, Ordering::SeqCst);
        u32::try_from(failures).unwrap()
    })
}

/// The lock is not held: an answer that says so is wrong. (A process that is passing through may be kept from the processor for longer than a try
/// waits. When the first look counted, it was every fifth try beside a look, and every second in such a folder.)
#[track_caller]
fn assert_few(what: &str, failures: u32, tries: u32) {
    tell(format!("tries: {failures} of {tries} fail beside {what}"));
    assert!(failures * 5 < tries, "{failures} of {tries} tries say that {what} is a hold");
}

fn is_had(slocket: &Slocket) -> bool {
    slocket.try_acquire().unwrap().is_some_and(|guard| guard.release().is_ok())
}

#[test]
fn a_look_is_not_a_hold() {
    alone(Setting::Plain, || {
        const TRIES: u32 = 4_000;
        let scene = Scene::new();
        let name = format!("slocket-tries-{}", process::id());
        let at_name = || Slocket::abstract_builder(&name).trust(Trust::Owner).build().unwrap();
        let at_path = || another(&scene.slocket());
        let looks = [at_path(), at_path()];
        let [first, second] = looks.each_ref().map(|slocket| || drop(slocket.holder()));
        let slocket = scene.slocket();
        assert_few("a look at a path", failures(TRIES, &[&first, &second], || is_had(&slocket)), TRIES);
        let looks = [at_name(), at_name()];
        let [first, second] = looks.each_ref().map(|slocket| || drop(slocket.holder()));
        let slocket = at_name();
        assert_few("a look at a name", failures(TRIES, &[&first, &second], || is_had(&slocket)), TRIES);
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

/// A reclaimer, or another process that has the folder's guard for a moment.
#[test]
fn a_dead_socket_in_a_folder_that_is_guarded_for_a_moment_is_not_a_hold() {
    alone(Setting::Plain, || {
        const TRIES: u32 = 100;
        let scene = Scene::new();
        let folder = File::open(scene.path()).unwrap();
        let guards = || {
            rustix::io::retry_on_intr(|| flock(&folder, FlockOperation::LockExclusive)).unwrap();
            thread::sleep(Duration::from_millis(1));
            flock(&folder, FlockOperation::Unlock).unwrap();
            thread::sleep(Duration::from_millis(1));
        };
        let attempt = || {
            leave_dead(&scene.lock(), true, 0o600);
            let is_had = is_had(&scene.slocket());
            if !is_had {
                fs::remove_file(scene.lock()).unwrap();
            }
            is_had
        };
        assert_few("a guarded folder", failures(TRIES, &[&guards], attempt), TRIES);
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

/// A process that has it for longer holds it, and no place is taken to find that out.
#[test]
fn a_hold_is_a_hold() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let guard = scene.slocket().acquire().unwrap();
        for _ in 0..20 {
            assert!(another(&scene.slocket()).try_acquire().unwrap().is_none(), "two holders");
        }
        assert!(!guard.contended(), "a try has taken a place in the queue");
        guard.release().unwrap();
        scene.assert_empty();
    });
}
