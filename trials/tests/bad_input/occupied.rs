//! Something at the path at which no process can queue: it counts as held until it goes.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use trials::lock::{Error, ErrorKind, OccupiedPolicy, Slocket, StalePolicy, failed_as};

use crate::alone::{Setting, alone};
use crate::census::watches;
use crate::scene::{
    HANG, Scene, assert_times_out, assert_works, eventually, hand_over, leave_dead, named, until_asleep,
};

/// What `put` puts at the path counts as held, and the lock is free as soon as it is gone.
#[track_caller]
fn assert_counts_as_held(put: impl Fn(&Path)) {
    let scene = Scene::new();
    let slocket = scene.slocket();
    put(slocket.path());
    let before = fs::symlink_metadata(slocket.path()).unwrap();

    assert!(slocket.try_acquire().unwrap().is_none());
    assert_eq!(assert_times_out(&slocket), None);
    scene.assert_left(&["lock"]);
    let after = fs::symlink_metadata(slocket.path()).unwrap();
    assert_eq!(before.permissions(), after.permissions());
    assert_eq!(before.file_type(), after.file_type());

    thread::scope(|scope| {
        let waiter = scope.spawn(|| slocket.acquire_timeout(HANG));
        eventually(|| watches() == 1, || "not watched".to_owned());
        if before.is_dir() { fs::remove_dir(slocket.path()) } else { fs::remove_file(slocket.path()) }.unwrap();
        waiter.join().unwrap().expect("it is free now").release().unwrap();
    });
    assert_works(&slocket);
    scene.assert_empty();
}

/// There is no process to ask for the holder of something that is not a lock.
#[track_caller]
fn assert_no_holder(put: impl Fn(&Path)) {
    let scene = Scene::new();
    put(&scene.lock());
    match scene.slocket().holder() {
        Err(error) if error.kind() == ErrorKind::Occupied => {
            assert!(error.to_string().contains("is at the path, not a socket"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// Unless one asks for it, nothing is waited for that may stay for ever.
#[test]
fn by_default_it_is_an_error() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = Slocket::builder(scene.lock()).occupied(OccupiedPolicy::default()).build().unwrap();
        for (put, what) in [
            ((|path| fs::write(path, "4711\n").unwrap()) as fn(&Path), "a file"),
            (|path| fs::create_dir(path).unwrap(), "a directory"),
            (|path| symlink("nowhere", path).unwrap(), "a symbolic link"),
            (|path| symlink("lock", path).unwrap(), "a symbolic link"),
            (|path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap(), "something else"),
        ] {
            put(slocket.path());
            let tried = slocket.try_acquire().map(|guard| guard.is_some());
            let held = [slocket.acquire(), slocket.acquire_timeout(HANG)].map(|held| held.map(|_| true));
            for result in held.into_iter().chain([tried, slocket.holder().map(|_| true)]) {
                let error = result.expect_err(what);
                assert_eq!((error.kind(), error.detail()), (ErrorKind::Occupied, Some(what)));
                assert_eq!(error.name(), slocket.name());
            }
            scene.assert_left(&["lock"]);
            let is_folder = what == "a directory";
            if is_folder { fs::remove_dir(slocket.path()) } else { fs::remove_file(slocket.path()) }.unwrap();
            assert_works(&slocket);
        }
        scene.assert_empty();
    });
}

#[test]
fn a_directory() {
    alone(Setting::Plain, || {
        let put = |path: &Path| fs::create_dir(path).unwrap();
        assert_counts_as_held(put);
        assert_no_holder(put);
    });
}

#[test]
fn a_fifo() {
    alone(Setting::Plain, || {
        let put = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_counts_as_held(put);
        assert_no_holder(put);
    });
}

#[test]
fn a_regular_file() {
    alone(Setting::Plain, || {
        let put = |path: &Path| fs::write(path, "not a lock").unwrap();
        assert_counts_as_held(put);
        assert_no_holder(put);
    });
}

#[test]
fn a_dangling_link() {
    alone(Setting::Plain, || {
        let put = |path: &Path| symlink("nowhere", path).unwrap();
        assert_counts_as_held(put);
        assert_no_holder(put);
    });
}

#[test]
fn a_loop_of_links() {
    alone(Setting::Plain, || {
        let put = |path: &Path| symlink("lock", path).unwrap();
        assert_counts_as_held(put);
        assert_no_holder(put);
    });
}

#[test]
fn a_link_to_a_lock_is_not_followed() {
    alone(Setting::Plain, || {
        let other = Scene::new();
        let guard = other.slocket().acquire().unwrap();
        assert_counts_as_held(|path| symlink(other.lock(), path).unwrap());
        assert!(!guard.contended());
        guard.release().unwrap();
        other.assert_empty();
    });
}

#[test]
fn a_stale_socket() {
    alone(Setting::Plain, || {
        assert_counts_as_held(|path| leave_dead(path, false, 0o600));
        assert_counts_as_held(|path| leave_dead(path, false, 0o777));
        assert_counts_as_held(|path| drop(UnixDatagram::bind(path).unwrap()));
    });
}

#[test]
fn a_file_that_a_lock_replaces() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        fs::write(slocket.path(), "").unwrap();
        let guard = Slocket::new(scene.path().join("other")).unwrap().acquire().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            fs::rename(scene.path().join("other"), slocket.path()).unwrap();
            eventually(|| guard.contended(), || "not in the queue".to_owned());
            // Its holder knows nothing of its new name: the lock is lost, and not passed on. It is dead there, and reclaimed.
            assert!(failed_as(&guard.release()) == Some(ErrorKind::LockLost));
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}

/// Another process holds at the path by now: the receiver of the lost listener would hold beside it.
#[test]
fn a_lock_that_is_lost_is_not_passed_on() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let lost = scene.slocket().acquire().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| scene.slocket().acquire_timeout(HANG));
            eventually(|| lost.contended(), || "not in the queue".to_owned());
            fs::remove_file(scene.lock()).unwrap();
            let guard = scene.slocket().acquire().unwrap();
            assert!(failed_as(&lost.release()) == Some(ErrorKind::LockLost));
            eventually(|| guard.contended() || waiter.is_finished(), || "not in the other queue".to_owned());
            assert!(!waiter.is_finished(), "two holders");
            guard.release().unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}

#[test]
fn a_stale_socket_by_policy() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        leave_dead(&scene.lock(), false, 0o600);

        let strict = Slocket::builder(scene.lock()).stale(StalePolicy::Fail).build().unwrap();
        let error = strict.acquire().unwrap_err();
        assert_eq!((error.kind(), error.name()), (ErrorKind::Stale, strict.name()));
        assert!(failed_as(&strict.try_acquire()) == Some(ErrorKind::Stale));
        scene.assert_left(&["lock"]);

        let after = std::time::Duration::from_millis(50);
        let bold = Slocket::builder(scene.lock()).stale(StalePolicy::Reclaim { after }).build().unwrap();
        assert!(bold.try_acquire().unwrap().is_none());
        let guard = bold.acquire_timeout(HANG).unwrap();
        hand_over(&bold, guard).unwrap().release().unwrap();
        scene.assert_empty();
    });
}

#[test]
fn a_datagram_socket() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let server = UnixDatagram::bind(slocket.path()).unwrap();
        assert_no_lock(slocket.acquire());
        assert_no_lock(slocket.acquire_timeout(HANG));
        assert_no_lock(slocket.try_acquire());
        assert_no_lock(slocket.holder());
        // It is as it was.
        let client = UnixDatagram::unbound().unwrap();
        client.send_to(b"hello", slocket.path()).unwrap();
        assert_eq!(server.recv(&mut [0; 8]).unwrap(), 5);
        scene.assert_left(&["lock"]);
    });
}

#[test]
fn a_seqpacket_socket() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let server = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        bind(&server, &SocketAddrUnix::new(slocket.path()).unwrap()).unwrap();
        listen(&server, 8).unwrap();
        assert_no_lock(slocket.acquire());
        assert_no_lock(slocket.acquire_timeout(HANG));
        assert_no_lock(slocket.holder());
        // A probe cannot tell it from a holder, which is enough for a caller that does not want to wait.
        assert!(slocket.try_acquire().unwrap().is_none());
        assert!(rustix::net::accept(&server).is_err(), "no client was queued");
        scene.assert_left(&["lock"]);
    });
}

#[track_caller]
fn assert_no_lock<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(error) if error.kind() == ErrorKind::NotASlocket => {
            assert!(error.to_string().contains("not a lock"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_socket_that_does_not_listen_yet() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let flags = SocketFlags::CLOEXEC;
        let server = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
        bind(&server, &SocketAddrUnix::new(slocket.path()).unwrap()).unwrap();
        assert!(slocket.try_acquire().unwrap().is_none());
        assert_eq!(assert_times_out(&slocket), None);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| slocket.acquire_timeout(HANG));
            listen(&server, 8).unwrap();
            let server = UnixListener::from(server);
            let (connection, _) = server.accept().unwrap();
            fs::remove_file(slocket.path()).unwrap();
            drop((server, connection));
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}
