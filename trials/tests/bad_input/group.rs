//! A lock that the members of a group share: mode 0660 in a folder of the group's.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::thread;

use rustix::fs::Mode;
use rustix::process::umask;
use trials::lock::{ErrorKind, Slocket, Trust};

use crate::alone::{NOBODY, Setting, Talk, beside, with_root};
use crate::permission::assert_denied;
use crate::scene::{HANG, Scene, WHILE, eventually, leave_dead, named, until_asleep};

/// Members of the group of [`NOBODY`], and a user that is not one.
const MEMBERS: [u32; 2] = [65531, 65532];
const STRANGER: u32 = 65533;

/// A folder of the group.
fn folder(mode: u32) -> Scene {
    let scene = Scene::new();
    // Inside a test this is not ours to do, and is not used there either.
    let _ = chown(scene.path(), None, Some(NOBODY));
    scene.set_mode(mode);
    scene
}

fn lock(path: impl AsRef<Path>) -> Slocket {
    Slocket::builder(path.as_ref()).mode(0o660).trust(Trust::Anyone).build().unwrap()
}

/// The process at the other end tries to acquire the lock, with this result.
#[track_caller]
fn is_told(other: &mut Talk, scene: &Scene, answer: &str) {
    other.tell(scene.lock().to_str().unwrap());
    other.expect(answer);
}

fn tries(outside: &mut Talk) {
    let slocket = lock(outside.hear());
    let answer = match slocket.try_acquire() {
        Ok(Some(guard)) => {
            guard.release().unwrap();
            "held".to_owned()
        }
        Ok(None) => "would block".to_owned(),
        denied @ Err(_) => {
            let owner = fs::symlink_metadata(slocket.path()).unwrap().uid();
            assert_denied(denied, Some(owner));
            match slocket.acquire_timeout(WHILE) {
                Err(error) if error.kind() == ErrorKind::TimedOut => format!("waits for {owner}"),
                denied => {
                    assert_denied(denied, Some(owner));
                    format!("denied by {owner}")
                }
            }
        }
    };
    outside.tell(&answer);
}

#[test]
fn members_queue_and_others_wait_outside() {
    with_root(|| {
        let scene = folder(0o2777);
        let guard = lock(scene.lock()).acquire().unwrap();
        beside(Setting::Member(MEMBERS[0]), |other| is_told(other, &scene, "would block"), tries);
        beside(Setting::User(STRANGER), |other| is_told(other, &scene, "waits for 0"), tries);
        beside(
            Setting::Member(MEMBERS[1]),
            |waiter| {
                assert_eq!(fs::symlink_metadata(scene.lock()).unwrap().gid(), NOBODY);
                waiter.tell(scene.lock().to_str().unwrap());
                eventually(|| guard.contended(), || "not in the queue".to_owned());
                guard.release().unwrap();
                waiter.expect("held");
                // The group and the mode are as they were, so that root and the others can wait for it.
                let found = fs::symlink_metadata(scene.lock()).unwrap();
                assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (MEMBERS[1], NOBODY, 0o660));
                let root = lock(scene.lock());
                thread::scope(|scope| {
                    let root = scope.spawn(|| named("waiter", || root.acquire_timeout(HANG)));
                    until_asleep("waiter");
                    waiter.tell("release");
                    root.join().unwrap().unwrap().release().unwrap();
                });
                waiter.expect("released");
            },
            |holder| {
                let guard = lock(holder.hear()).acquire_timeout(HANG).unwrap();
                assert!(guard.is_intact().unwrap() && !guard.is_loan());
                holder.tell("held");
                holder.expect("release");
                eventually(|| guard.contended(), || "not in the queue".to_owned());
                guard.release().unwrap();
                holder.tell("released");
            },
        );
        scene.assert_empty();
    });
}

/// Takes the lock again and again; a file that must not be there says that no other process is inside.
fn takes_turns(outside: &mut Talk) {
    umask(Mode::from_raw_mode(0o022));
    let slocket = lock(outside.hear());
    let witness = slocket.path().with_file_name("inside");
    for _ in 0..300 {
        let guard = slocket.acquire_timeout(HANG).unwrap();
        drop(File::create_new(&witness).expect("two holders"));
        fs::remove_file(&witness).unwrap();
        guard.release().unwrap();
    }
    outside.tell("done");
}

#[test]
fn members_take_turns() {
    with_root(|| {
        let scene = folder(0o2770);
        thread::scope(|scope| {
            let first = || beside(Setting::Member(MEMBERS[0]), |other| is_told(other, &scene, "done"), takes_turns);
            scope.spawn(first);
            beside(Setting::Member(MEMBERS[1]), |other| is_told(other, &scene, "done"), takes_turns);
        });
        scene.assert_empty();
    });
}

#[test]
fn a_dead_socket_of_another_member() {
    with_root(|| {
        let [dead, sticky] = [folder(0o2777), folder(0o3777)];
        for scene in [&dead, &sticky] {
            leave_dead(&scene.lock(), true, 0o660);
            let _ = chown(scene.lock(), Some(MEMBERS[0]), Some(NOBODY));
            assert_eq!(fs::symlink_metadata(scene.lock()).unwrap().mode() & 0o7777, 0o1660);
        }
        beside(Setting::User(STRANGER), |other| is_told(other, &dead, "waits for 65531"), tries);
        // In a sticky folder only its owner (and root) may remove it.
        let repairs_one = |other: &mut Talk| {
            is_told(other, &dead, "held");
            is_told(other, &sticky, "denied by 65531");
        };
        beside(Setting::Member(MEMBERS[1]), repairs_one, |outside| (0..2).for_each(|_| tries(outside)));
        let repaired = |other: &mut Talk| {
            is_told(other, &sticky, "held");
            dead.assert_empty();
            sticky.assert_empty();
        };
        beside(Setting::Member(MEMBERS[0]), repaired, tries);
    });
}
