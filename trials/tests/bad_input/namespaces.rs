//! Processes that see one lock from different namespaces: of the network, of users, of mounts. (Of process ids: `users`.)

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::io::Errno;
use rustix::mount::{UnmountFlags, mount_bind, unmount};
use rustix::process::geteuid;
use trials::lock::{ErrorKind, Slocket, Trust, is_untrusted, settle};

use crate::alone::{NOBODY, Setting, Talk, alone, beside, with_root};
use crate::file_systems::assert_survives;
use crate::scene::{HANG, Scene, another, assert_works, eventually, io_code, leave_dead, named, until_asleep};

/// Hands the lock to a process of another namespace, and gets it back.
#[track_caller]
fn hands_over_and_back(other: &mut Talk, scene: &Scene) {
    let slocket = scene.slocket();
    let guard = slocket.acquire().unwrap();
    let inode = || fs::symlink_metadata(scene.lock()).unwrap().ino();
    let before = inode();
    other.tell(scene.lock().to_str().unwrap());
    other.expect("would block");
    eventually(|| guard.contended(), || "not in the queue".to_owned());
    guard.release().unwrap();
    other.expect("held");
    assert_eq!(inode(), before, "handed over, not closed out");
    let guard = thread::scope(|scope| {
        let waiter = scope.spawn(|| named("waiter", || another(&slocket).acquire_timeout(HANG)));
        until_asleep("waiter");
        other.tell("release");
        waiter.join().unwrap().unwrap()
    });
    assert_eq!(inode(), before, "handed over, not closed out");
    assert!(guard.is_intact().unwrap() && !guard.is_loan());
    guard.release().unwrap();
    other.expect("released");
    scene.assert_empty();
    other.tell("empty");
}

fn takes_and_hands_over(outside: &mut Talk, slocket: &Slocket) {
    assert!(slocket.try_acquire().unwrap().is_none(), "two holders");
    outside.tell("would block");
    let guard = slocket.acquire_timeout(HANG).unwrap();
    assert!(guard.is_intact().unwrap() && !guard.is_loan());
    outside.tell("held");
    outside.expect("release");
    eventually(|| guard.contended(), || "not in the queue".to_owned());
    guard.release().unwrap();
    outside.tell("released");
    outside.expect("empty");
}

/// A path is the same in all networks, and so is the badge, which is an abstract address, to the server that accepts its bearer.
#[test]
fn another_network() {
    let scene = Scene::new();
    beside(
        Setting::Network,
        |other| {
            let ours = fs::read_link("/proc/self/ns/net").unwrap();
            assert_ne!(other.hear(), ours.to_string_lossy());
            hands_over_and_back(other, &scene);
            other.tell("again");
            // A process that is dead there is dead here.
            other.expect("left");
            assert_works(&scene.slocket());
        },
        |outside| {
            outside.tell(&fs::read_link("/proc/self/ns/net").unwrap().to_string_lossy());
            let path = outside.hear();
            let slocket = Slocket::new(&path).unwrap();
            takes_and_hands_over(outside, &slocket);
            outside.expect("again");
            leave_dead(slocket.path(), true, 0o600);
            outside.tell("left");
        },
    );
}

#[test]
fn a_client_without_a_badge_in_another_network() {
    let scene = Scene::new();
    beside(
        Setting::Network,
        |other| {
            let guard = scene.slocket().acquire().unwrap();
            other.tell(scene.lock().to_str().unwrap());
            eventually(|| guard.contended(), || "not in the queue".to_owned());
            guard.release().unwrap();
            // As npm's it is lent the lock, and gives it back.
            other.expect("OK");
            assert!(scene.slocket().try_acquire().unwrap().is_none(), "two holders");
            other.tell("end");
            scene.slocket().acquire_timeout(HANG).unwrap().release().unwrap();
            settle();
        },
        |outside| {
            let mut client = UnixStream::connect(outside.hear()).unwrap();
            let mut bytes = [0; 2];
            client.read_exact(&mut bytes).unwrap();
            outside.tell(&String::from_utf8_lossy(&bytes));
            outside.expect("end");
        },
    );
    scene.assert_empty();
}

/// A container without root: its root is an ordinary user outside.
#[test]
fn a_user_namespace_of_the_same_user() {
    let scene = Scene::new();
    beside(
        Setting::Limits,
        |other| hands_over_and_back(other, &scene),
        |outside| {
            let slocket = Slocket::new(outside.hear()).unwrap();
            takes_and_hands_over(outside, &slocket);
        },
    );
}

/// A user without a name in the namespace is user 65534 there, whatever the number is outside.
#[test]
fn a_holder_without_a_name_in_the_user_namespace() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        let slocket = Slocket::builder(scene.lock()).mode(0o666).trust(Trust::Anyone).build().unwrap();
        let guard = slocket.acquire().unwrap();
        beside(
            Setting::RootOfItsOwn(1234),
            |other| {
                other.tell(scene.lock().to_str().unwrap());
                other.expect("untrusted");
                eventually(|| guard.contended(), || "not in the queue".to_owned());
                guard.release().unwrap();
                other.expect("held");
                assert_eq!(slocket.holder().unwrap().unwrap().uid, 1234);
                assert!(another(&slocket).try_acquire().unwrap().is_none(), "two holders");
                other.tell("release");
                slocket.acquire_timeout(HANG).unwrap().release().unwrap();
                other.expect("released");
                scene.assert_empty();
            },
            |outside| {
                assert!(geteuid().is_root());
                let path = outside.hear();
                let slocket = Slocket::builder(&path).mode(0o666).build().unwrap();
                match slocket.acquire() {
                    Err(error) if error.kind() == ErrorKind::Untrusted && error.user() == Some(NOBODY) => {
                        assert!(error.to_string().contains("user 65534"), "{error}");
                    }
                    other => panic!("{other:?}"),
                }
                assert!(slocket.try_acquire().unwrap().is_none(), "two holders");
                outside.tell("untrusted");
                let trusting = Slocket::builder(&path).mode(0o666).trust(Trust::Anyone).build().unwrap();
                let guard = trusting.acquire_timeout(HANG).unwrap();
                assert!(guard.is_intact().unwrap() && !guard.is_loan());
                outside.tell("held");
                outside.expect("release");
                guard.release().unwrap();
                outside.tell("released");
            },
        );
    });
}

/// Where no user has a name, all are user 65534, including us. Every user looks like us there, so none is trusted.
#[test]
fn a_user_namespace_without_names() {
    let scene = Scene::new();
    beside(
        Setting::Nameless,
        |other| {
            let guard = scene.slocket().acquire().unwrap();
            other.tell(scene.lock().to_str().unwrap());
            other.expect("untrusted");
            assert!(guard.is_intact().unwrap());
            guard.release().unwrap();
            other.tell("free");
            other.expect("held");
            // Outside every user has a name. A waiter for the nameless is sent away, and comes again.
            let slocket = scene.slocket();
            thread::scope(|scope| {
                let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
                until_asleep("waiter");
                other.tell("release");
                waiter.join().unwrap().unwrap().release().unwrap();
            });
            other.expect("released");
        },
        |outside| {
            assert_eq!(geteuid().as_raw(), NOBODY);
            let slocket = Slocket::new(outside.hear()).unwrap();
            for result in [slocket.acquire(), slocket.acquire_timeout(HANG)] {
                assert!(is_untrusted(&result, NOBODY), "{result:?}");
            }
            assert!(slocket.try_acquire().unwrap().is_none(), "two holders");
            outside.tell("untrusted");
            outside.expect("free");
            let guard = slocket.acquire().unwrap();
            outside.tell("held");
            outside.expect("release");
            guard.release().unwrap();
            outside.tell("released");
        },
    );
    scene.assert_empty();
}

/// User 65534 is a user like others, where all users have names.
#[test]
fn the_user_who_is_called_nobody() {
    with_root(|| {
        alone(Setting::User(NOBODY), || {
            assert_eq!(geteuid().as_raw(), NOBODY);
            let scene = Scene::new();
            assert_works(&scene.slocket());
            scene.assert_empty();
        });
    });
}

/// The folder again, by a name that only this process sees; until it is dropped.
struct Bound(PathBuf);

impl Bound {
    fn new(from: &Path, to: PathBuf) -> Self {
        mount_bind(from, &to).expect("our own mounts");
        Self(to)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        unmount(&self.0, UnmountFlags::DETACH).expect("our own mount");
    }
}

#[test]
fn a_folder_by_another_name_in_another_mount_namespace() {
    let scene = Scene::new();
    beside(
        Setting::Mounts,
        |other| {
            hands_over_and_back(other, &scene);
            other.expect("survived");
            scene.assert_empty();
        },
        |outside| {
            let path = PathBuf::from(outside.hear());
            let here = Scene::new();
            let bound = Bound::new(path.parent().unwrap(), here.path().to_owned());
            let slocket = here.slocket();
            assert_ne!(slocket.path(), path);
            takes_and_hands_over(outside, &slocket);
            // A holder by the one name is killed, a waiter by the other gets the lock.
            assert_survives(&slocket, &path);
            assert_survives(&Slocket::new(&path).unwrap(), slocket.path());
            drop(bound);
            outside.tell("survived");
        },
    );
}

/// As a container does that is given the socket alone: it can wait and hold, but not remove.
#[test]
fn a_socket_that_is_bound_elsewhere_by_itself() {
    let scene = Scene::new();
    beside(
        Setting::Mounts,
        |other| {
            let guard = scene.slocket().acquire().unwrap();
            other.tell(scene.lock().to_str().unwrap());
            eventually(|| guard.contended(), || "not in the queue".to_owned());
            guard.release().unwrap();
            other.expect("held");
            assert!(scene.slocket().try_acquire().unwrap().is_none(), "two holders");
            other.tell("release");
            other.expect("released");
            // What was left is dead and marked, so here it is free.
            scene.assert_left(&["lock"]);
            assert_works(&scene.slocket());
            scene.assert_empty();
            other.tell("gone");
            other.expect("still busy");
        },
        |outside| {
            let path = PathBuf::from(outside.hear());
            let here = Scene::new();
            fs::write(here.lock(), "").unwrap();
            let bound = Bound::new(&path, here.lock());
            let slocket = here.slocket();
            let guard = slocket.acquire_timeout(HANG).unwrap();
            assert!(guard.is_intact().unwrap() && !guard.is_loan());
            outside.tell("held");
            outside.expect("release");
            assert_eq!(io_code(&guard.release().unwrap_err()), Errno::BUSY.raw_os_error());
            // Nor can reclaim it from here. (A program that another thread is starting has a copy of the listener until exec.)
            let is_dead_and_busy = || match slocket.try_acquire() {
                Ok(guard) => {
                    assert!(guard.is_none(), "two names of one lock");
                    false
                }
                Err(error) => {
                    assert_eq!(io_code(&error), Errno::BUSY.raw_os_error());
                    true
                }
            };
            eventually(is_dead_and_busy, || "still alive".to_owned());
            outside.tell("released");
            outside.expect("gone");
            // What is bound here stays the socket that is gone there.
            eventually(is_dead_and_busy, || "still alive".to_owned());
            drop(bound);
            outside.tell("still busy");
        },
    );
}
