//! Places in the queue whose owners have gone.

use std::fs;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use trials::lock::{ErrorKind, failed_as};
use trials::queue;

use crate::alone::{Setting, alone};
use crate::backlog::fill;
use crate::scene::{HANG, Scene, another, assert_times_out, assert_works, named, until_asleep};

/// A client that comes and goes again and again does not keep a holder from the end of its release.
#[test]
fn a_flood_of_clients_that_come_and_go() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let guard = scene.slocket().acquire().unwrap();
        let address = SocketAddrUnix::new(scene.lock()).unwrap();
        drop(fill(&address));
        let (enough, came) = (AtomicBool::new(false), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !enough.load(Ordering::SeqCst) {
                        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None);
                        came.fetch_add(u32::from(connect(socket.unwrap(), &address).is_ok()), Ordering::SeqCst);
                    }
                });
            }
            guard.release().unwrap();
            // The clients that were there before fill a queue, and so may those that came meanwhile.
            let came = came.load(Ordering::SeqCst);
            enough.store(true, Ordering::SeqCst);
            assert!(came < 12_000, "the release has gone through {came}");
        });
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

/// A client that gives up leaves its place, which has ended, until the next release; one that only tries takes none.
#[test]
fn what_clients_that_gave_up_leave_in_the_queue() {
    alone(Setting::Network, || {
        const PLACES: u32 = 16;
        fs::write("/proc/sys/net/core/somaxconn", PLACES.to_string()).unwrap();
        let scene = Scene::new();
        let slocket = scene.slocket();
        let guard = slocket.acquire().unwrap();
        for _ in 0..3 {
            assert!(another(&slocket).try_acquire().unwrap().is_none());
        }
        assert_eq!(queue::unaccepted(&scene.lock()), 0, "a try takes a place");
        for given_up in 1..=5 {
            let result = another(&slocket).acquire_timeout(Duration::from_millis(20));
            let holder = Some(std::process::id());
            assert!(
                matches!(&result, Err(error) if error.is_timed_out() && error.holder().is_some_and(|them| them.pid == holder)),
                "{result:?}"
            );
            assert_eq!(queue::unaccepted(&scene.lock()), given_up, "one place for each client that gave up");
        }
        // Clones wait inside the process, which asks once for all of them.
        // (All of them at once: one that comes when the others have given up asks again.)
        let clone = another(&slocket);
        let all_are_there = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    all_are_there.wait();
                    clone.acquire_timeout(Duration::from_millis(200)).unwrap_err();
                });
            }
        });
        assert!(queue::unaccepted(&scene.lock()) <= 5 + 2, "{} places", queue::unaccepted(&scene.lock()));
        // When they have filled it, no client can queue: one that comes tries again and again, in no order, until a release.
        while queue::unaccepted(&scene.lock()) <= PLACES as usize {
            let result = another(&slocket).acquire_timeout(Duration::from_millis(1));
            assert!(failed_as(&result) == Some(ErrorKind::TimedOut), "{result:?}");
        }
        assert_times_out(&another(&slocket));
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || another(&slocket).acquire_timeout(HANG)));
            until_asleep("waiter");
            guard.release().unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        assert_works(&slocket);
        scene.assert_empty();
    });
}
