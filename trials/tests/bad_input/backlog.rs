//! Queues that are full.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};

use crate::alone::{Setting, alone};
use crate::scene::{HANG, Scene, another, assert_times_out, assert_works, eventually};

/// Connects until the queue is full; returns the connections in it.
pub(crate) fn fill(address: &SocketAddrUnix) -> Vec<UnixStream> {
    let mut queued = Vec::new();
    loop {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
        match connect(&socket, address) {
            Ok(()) => queued.push(UnixStream::from(socket)),
            Err(Errno::AGAIN) => return queued,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_full_queue() {
    alone(Setting::Plain, || {
        for backlog in [0, 1] {
            let scene = Scene::new();
            let slocket = scene.slocket();
            let address = SocketAddrUnix::new(scene.lock()).unwrap();
            let server = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
            bind(&server, &address).unwrap();
            listen(&server, backlog).unwrap();
            let mut queued = fill(&address);
            assert!(!queued.is_empty());

            assert!(slocket.try_acquire().unwrap().is_none());
            assert_times_out(&slocket);

            thread::scope(|scope| {
                let waiter = scope.spawn(|| slocket.acquire_timeout(HANG));
                let server = UnixListener::from(server);
                queued.clear();
                let mut granted = None;
                while granted.is_none() {
                    let (mut connection, _) = server.accept().unwrap();
                    if connection.set_nonblocking(true).is_ok() && connection.read(&mut [0]).is_err() {
                        connection.write_all(b"OK").unwrap();
                        connection.set_nonblocking(false).unwrap();
                        granted = Some(connection);
                    }
                }
                let guard = waiter.join().unwrap().unwrap();
                assert!(guard.is_loan());
                guard.release().unwrap();
                assert_eq!(granted.unwrap().read(&mut [0]).unwrap(), 0, "the loan has ended");
                fs::remove_file(scene.lock()).unwrap();
            });
            assert_works(&slocket);
            scene.assert_empty();
        }
    });
}

#[test]
fn the_holder_of_a_lock_with_a_full_queue() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let address = SocketAddrUnix::new(scene.lock()).unwrap();
        let server = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        bind(&server, &address).unwrap();
        listen(&server, 0).unwrap();
        let queued = fill(&address);
        let holder = scene.slocket().holder();
        assert!(
            !matches!(holder, Ok(None)),
            "it says that no process listens, but there is a server and {} wait",
            queued.len()
        );
    });
}

#[test]
fn a_queue_that_is_full_again_and_again() {
    alone(Setting::Network, || {
        fs::write("/proc/sys/net/core/somaxconn", "1").unwrap();
        let scene = Scene::new();
        let slocket = scene.slocket();
        let (inside, count) = (AtomicU32::new(0), AtomicU32::new(0));
        let guard = slocket.acquire().unwrap();
        let queued = fill(&SocketAddrUnix::new(scene.lock()).unwrap());
        assert_eq!(queued.len(), 2);
        assert_times_out(&another(&slocket));
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let slocket = another(&slocket);
                    for _ in 0..20 {
                        let guard = slocket.acquire_timeout(HANG).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two holders");
                        count.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        guard.release().unwrap();
                    }
                });
            }
            drop(queued);
            guard.release().unwrap();
        });
        assert_eq!(count.into_inner(), 120);
        eventually(|| fs::symlink_metadata(scene.lock()).is_err(), || "left behind".to_owned());
        assert_works(&slocket);
        scene.assert_empty();
    });
}
