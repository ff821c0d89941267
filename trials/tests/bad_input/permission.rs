//! Folders and sockets for which we have no permission, though they are our own.

use std::fs;
use std::thread;

use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, socket};
use rustix::process::umask;
use trials::lock::{Error, ErrorKind, Slocket};

use crate::alone::{NOBODY, Setting, alone};
use crate::scene::{HANG, Scene, another, assert_times_out, assert_works, eventually, leave_dead, named, until_asleep};

/// Permission is denied; the user whose socket is in the way is named, if there is one.
#[track_caller]
pub(crate) fn assert_denied<T: std::fmt::Debug>(result: Result<T, Error>, wanted: Option<u32>) {
    match result {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let text = error.to_string();
            let owner = error.user();
            assert_eq!(owner, wanted, "{text}");
            assert_eq!(error.io_error().expect("the system said so").kind(), std::io::ErrorKind::PermissionDenied);
            match owner {
                Some(owner) => assert!(text.contains(&format!("user {owner}")), "{text}"),
                None => assert!(text.contains("folder"), "{text}"),
            }
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_all_denied(slocket: &Slocket) {
    assert_denied(slocket.acquire(), None);
    assert_denied(slocket.acquire_timeout(HANG), None);
    assert_denied(slocket.try_acquire(), None);
}

#[test]
fn a_folder_that_may_not_be_written() {
    alone(Setting::User(NOBODY), || {
        for mode in [0o555, 0o500, 0o100] {
            let scene = Scene::new();
            let slocket = scene.slocket();
            scene.set_mode(mode);
            assert_all_denied(&slocket);
            assert_eq!(slocket.holder().unwrap(), None);
            scene.set_mode(0o700);
            scene.assert_empty();
            assert_works(&slocket);
        }
    });
}

#[test]
fn a_folder_that_may_not_be_searched() {
    alone(Setting::User(NOBODY), || {
        for mode in [0o666, 0o600, 0o200, 0o000] {
            let scene = Scene::new();
            let slocket = scene.slocket();
            scene.set_mode(mode);
            assert_all_denied(&slocket);
            assert_denied(slocket.holder(), None);
            assert_denied(Slocket::new(scene.lock()).and_then(|slocket| slocket.acquire()), None);
            assert_denied(Slocket::new(scene.path().join("folder/lock")), None);
            scene.set_mode(0o700);
            scene.assert_empty();
            assert_works(&slocket);
        }
    });
}

#[test]
fn a_folder_that_may_not_be_read() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::with_mode(0o300);
        let slocket = scene.slocket();
        assert_works(&slocket);

        // It cannot be watched, either.
        fs::write(slocket.path(), "").unwrap();
        assert!(slocket.try_acquire().unwrap().is_none());
        assert_eq!(assert_times_out(&slocket), None);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            fs::remove_file(slocket.path()).unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.set_mode(0o700);
        scene.assert_empty();
    });
}

#[test]
fn a_dead_socket_in_a_folder_that_may_not_be_read() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::with_mode(0o300);
        let slocket = scene.slocket();
        leave_dead(slocket.path(), true, 0o600);
        // A crash is repaired by a process that may read the folder; others wait for that.
        assert!(slocket.try_acquire().unwrap().is_none());
        assert_eq!(assert_times_out(&slocket), None);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            scene.set_mode(0o700);
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}

#[test]
fn a_folder_that_becomes_read_only_under_the_holder() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let guard = slocket.acquire().unwrap();
        scene.set_mode(0o500);
        let other = another(&slocket);
        let second = thread::scope(|scope| {
            let waiter = scope.spawn(|| other.acquire_timeout(HANG));
            eventually(|| guard.contended(), || "not in the queue".to_owned());
            guard.release().unwrap();
            waiter.join().unwrap().unwrap()
        });
        assert!(second.is_intact().unwrap());
        // The last one cannot remove the socket.
        assert_denied(second.release(), None);
        assert_denied(slocket.try_acquire(), None);
        scene.set_mode(0o700);
        assert_works(&slocket);
        scene.assert_empty();
    });
}

/// Left by a process that was killed while it published under an odd umask.
#[test]
fn a_dead_socket_that_not_even_its_owner_may_connect_to() {
    alone(Setting::User(NOBODY), || {
        for mode in [0o000, 0o400, 0o577] {
            let scene = Scene::new();
            leave_dead(&scene.lock(), true, mode);
            assert!(matches!(scene.slocket().holder(), Ok(None)));
            assert_works(&scene.slocket());
            scene.assert_empty();
        }
    });
}

/// Its publisher was killed right after bind: it has the mark that bind leaves, and the umask's mode.
#[test]
fn a_dead_socket_that_was_only_bound() {
    alone(Setting::User(NOBODY), || {
        for mask in [0o777, 0o000] {
            let scene = Scene::new();
            let before = umask(Mode::from_raw_mode(mask));
            let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
            fchmod(&socket, Mode::from_raw_mode(0o1600)).unwrap();
            bind(&socket, &SocketAddrUnix::new(scene.lock()).unwrap()).unwrap();
            drop(socket);
            umask(before);
            scene.slocket().acquire_timeout(HANG).unwrap().release().unwrap();
            assert_works(&scene.slocket());
            scene.assert_empty();
        }
    });
}
