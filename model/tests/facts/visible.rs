//! bind makes a socket visible before it registers it.

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use crate::{Place, address, bound};

/// How long it is looked for. (It is seen at once where two threads run at a time, and within seconds on a busy machine.)
const BOUND: Duration = Duration::from_secs(120);

/// How often a socket that is open, and stays so, was called dead.
///
/// Every socket has a name of its own, and is closed only when it was found alive: dead is never true.
fn called_dead(place: &Place, is_guarded: bool, enough: impl Fn(usize, usize) -> bool) -> (usize, usize) {
    let name = |each: usize| -> PathBuf { place.folder.path().join(format!("socket {each}")) };
    let datagram = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap();
    let (found, to_close) = sync_channel(0);
    let (mut dead, mut sockets) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(move || {
            for each in 0.. {
                let guard = is_guarded.then(|| place.open());
                if let Some(folder) = &guard {
                    flock(folder, FlockOperation::LockShared).unwrap();
                }
                let socket = bound(&name(each));
                drop(guard);
                if to_close.recv().is_err() {
                    return;
                }
                drop(socket);
                std::fs::remove_file(name(each)).unwrap();
            }
        });
        while !enough(dead, sockets) {
            let guard = is_guarded.then(|| place.open());
            if let Some(folder) = &guard
                && flock(folder, FlockOperation::NonBlockingLockExclusive).is_err()
            {
                continue;
            }
            match connect(&datagram, &address(&name(sockets))) {
                Err(Errno::NOENT) => {}
                Err(Errno::CONNREFUSED) => dead += 1,
                Err(Errno::PROTOTYPE) => {
                    sockets += 1;
                    found.send(()).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
        drop(found);
    });
    (dead, sockets)
}

#[test]
fn a_probe_can_call_a_socket_dead_that_is_being_bound() {
    let place = Place::new();
    let begin = Instant::now();
    let (dead, sockets) = called_dead(&place, false, |dead, _| dead > 0 || begin.elapsed() > BOUND);
    println!("seen after {sockets} sockets, {:?}", begin.elapsed());
    assert!(
        dead > 0,
        "not seen with {sockets} sockets in {BOUND:?}: has this kernel, or a single processor, no such gap?"
    );
}

#[test]
fn no_probe_does_under_the_guards() {
    let place = Place::new();
    let (dead, sockets) = called_dead(&place, true, |dead, sockets| dead > 0 || sockets >= 500);
    assert_eq!((dead, sockets), (0, 500));
}
