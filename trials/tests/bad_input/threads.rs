//! No thread is available: a process that waits, gives up or lends gets by without.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use trials::lock::{Slocket, settle};

use crate::alone::{NOBODY, Setting, alone, beside};
use crate::census::{Census, watches};
use crate::scene::{HANG, Scene, another, assert_times_out, idle, leave_dead, named, until_asleep};

/// While this lives, the user has as many threads as it may have. (Root has no limit.)
struct NoThreads(Rlimit);

impl NoThreads {
    fn new() -> Self {
        let before = getrlimit(Resource::Nproc);
        setrlimit(Resource::Nproc, Rlimit { current: Some(0), maximum: before.maximum }).expect("it may be lowered");
        assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "the limit holds");
        Self(before)
    }
}

impl Drop for NoThreads {
    fn drop(&mut self) {
        let Rlimit { current, maximum } = self.0;
        setrlimit(Resource::Nproc, Rlimit { current, maximum }).expect("it may be raised again");
    }
}

#[test]
fn a_free_lock_and_a_dead_one() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let _limit = NoThreads::new();
        slocket.acquire().unwrap().release().unwrap();
        leave_dead(slocket.path(), true, 0o600);
        slocket.acquire().unwrap().release().unwrap();
        scene.assert_empty();
    });
}

/// The thread of the watcher cannot be started. A process that waits for something else to go looks now and then, and what was begun
/// leaves nothing open.
#[test]
fn a_path_that_cannot_be_watched() {
    alone(Setting::User(NOBODY), || {
        for stale in [false, true] {
            let scene = Scene::new();
            let slocket = scene.slocket();
            scene.occupy(stale);
            let before = Census::take();
            let ready = Barrier::new(2);
            thread::scope(|scope| {
                let remover = scope.spawn(|| {
                    ready.wait();
                    until_asleep("waiter");
                    assert_eq!(watches(), 0, "watched");
                    fs::remove_file(slocket.path()).unwrap();
                });
                named("waiter", || {
                    let _limit = NoThreads::new();
                    ready.wait();
                    slocket.acquire_timeout(HANG).unwrap().release().unwrap();
                });
                remover.join().unwrap();
            });
            before.assert_same();
            scene.assert_empty();
        }
    });
}

#[test]
fn a_time_out_at_a_server_that_may_lend() {
    let scene = Scene::with_mode(0o755);
    beside(
        Setting::User(NOBODY),
        |waiter| {
            let listener = UnixListener::bind(scene.lock()).unwrap();
            fs::set_permissions(scene.lock(), fs::Permissions::from_mode(0o666)).unwrap();
            waiter.tell(scene.lock().to_str().unwrap());
            // No thread can stay to keep its place there, so it is given up.
            let (mut connection, _) = listener.accept().unwrap();
            connection.set_read_timeout(Some(HANG)).unwrap();
            assert_eq!(connection.read(&mut [0]).unwrap(), 0);
            fs::remove_file(scene.lock()).unwrap();
            waiter.expect("timed out");
        },
        |server| {
            let slocket = Slocket::new(server.hear()).unwrap();
            let limit = NoThreads::new();
            assert!(idle(|| assert_times_out(&slocket)).is_some());
            settle();
            drop(limit);
            server.tell("timed out");
        },
    );
    scene.assert_empty();
}

#[test]
fn a_loan() {
    alone(Setting::User(NOBODY), || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let guard = slocket.acquire().unwrap();
        let mut client = UnixStream::connect(slocket.path()).unwrap();
        let given_back = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut bytes = [0; 2];
                client.read_exact(&mut bytes).unwrap();
                assert_eq!(&bytes, b"OK");
                assert!(another(&slocket).try_acquire().unwrap().is_none(), "two holders");
                given_back.store(true, Ordering::SeqCst);
                drop(client);
            });
            let _limit = NoThreads::new();
            // The lender looks after the loan itself.
            guard.release().unwrap();
            assert!(given_back.load(Ordering::SeqCst), "the loan was dropped");
            slocket.acquire().unwrap().release().unwrap();
        });
        scene.assert_empty();
    });
}
