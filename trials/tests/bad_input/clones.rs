//! Several clones of one lock, of which one at a time goes outside: what that one meets, all are told.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use trials::lock::{Error, ErrorKind, Guard, failed_as};

use crate::alone::{Setting, alone};
use crate::census::threads;
use crate::descriptors::Full;
use crate::scene::{HANG, Scene, WHILE, another, assert_works, eventually, idle, io_code, named};
use crate::server::Server;

const CLONES: usize = 6;

/// What becomes of clones that all ask for the lock; `meanwhile` runs when all are waiting.
fn ask(scene: &Scene, timeout: Duration, meanwhile: impl FnOnce()) -> Vec<Result<(), Error>> {
    let slocket = scene.slocket();
    thread::scope(|scope| {
        let ask = || named("waiter", || slocket.clone().acquire_timeout(timeout).and_then(Guard::release));
        let clones: Vec<_> = (0..CLONES).map(|_| scope.spawn(ask)).collect();
        let waiting = || threads().iter().filter(|thread| *thread == "waiter S").count();
        eventually(|| waiting() == CLONES || clones.iter().any(thread::ScopedJoinHandle::is_finished), String::new);
        meanwhile();
        clones.into_iter().map(|clone| clone.join().unwrap()).collect()
    })
}

#[test]
fn before_a_server_that_sends_garbage() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let server = Server::start(&scene.lock(), |mut connection| connection.write_all(b"HELLO").unwrap());
        for result in ask(&scene, HANG, || ()) {
            assert!(failed_as(&result) == Some(ErrorKind::NotASlocket), "{result:?}");
        }
        server.stop();
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

#[test]
fn before_a_server_that_never_answers() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let mut kept = Vec::new();
        let server = Server::start(&scene.lock(), move |connection| kept.push(connection));
        for result in idle(|| ask(&scene, WHILE, || ())) {
            match result {
                Err(error) if error.is_timed_out() => {
                    assert_eq!(error.holder().unwrap().pid, Some(std::process::id()));
                }
                other => panic!("{other:?}"),
            }
        }
        server.stop();
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

#[test]
fn before_a_file_that_is_removed() {
    alone(Setting::Plain, || {
        for stale in [false, true] {
            let scene = Scene::new();
            scene.occupy(stale);
            for result in idle(|| ask(&scene, WHILE, || ())) {
                assert!(failed_as(&result) == Some(ErrorKind::TimedOut), "{result:?}");
            }
            for result in ask(&scene, HANG, || fs::remove_file(scene.lock()).unwrap()) {
                result.unwrap();
            }
            scene.assert_empty();
        }
    });
}

#[test]
fn in_a_folder_that_is_moved() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        fs::write(scene.lock(), "").unwrap();
        let elsewhere = Scene::new();
        let moved = elsewhere.path().join("moved");
        let move_and_free = || {
            fs::rename(scene.path(), &moved).unwrap();
            fs::remove_file(moved.join("lock")).unwrap();
        };
        for result in ask(&scene, HANG, move_and_free) {
            result.unwrap();
        }
        fs::rename(&moved, scene.path()).unwrap();
        scene.assert_empty();
    });
}

#[test]
fn without_a_descriptor() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let full = Full::all_but(0);
        let results: Vec<_> = thread::scope(|scope| {
            let ask = || slocket.clone().acquire_timeout(HANG).and_then(Guard::release);
            let clones: Vec<_> = (0..CLONES).map(|_| scope.spawn(ask)).collect();
            clones.into_iter().map(|clone| clone.join().unwrap()).collect()
        });
        drop(full);
        for result in results {
            assert_eq!(io_code(&result.unwrap_err()), Errno::MFILE.raw_os_error());
        }
        scene.assert_empty();
    });
}

#[test]
fn behind_a_clone_whose_lock_is_lost() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let guard = slocket.acquire().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            crate::scene::until_asleep("waiter");
            fs::remove_file(scene.lock()).unwrap();
            let other = another(&slocket).acquire().unwrap();
            // What was lost is not passed on: there is another holder by now.
            assert!(failed_as(&guard.release()) == Some(ErrorKind::LockLost));
            assert!(other.is_intact().unwrap());
            eventually(|| other.contended(), || "the clone does not queue".to_owned());
            assert!(!waiter.is_finished(), "two holders");
            other.release().unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}
