//! Locks at abstract names: which processes share them, what is in the way, and programs at a name that are not a lock.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::thread;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use trials::lock::{ErrorKind, LockName, Slocket, Trust};
use trials::{Adapter, Place, Player, process, queue, wait_until_queued};

use crate::alone::{NOBODY, Setting, alone, beside, with_root};
use crate::scene::{
    HANG, another, assert_times_out, assert_works, eventually, hand_over, io_code, named, until_asleep,
};

/// A name that no other test uses.
fn name(test: &str) -> String {
    format!("slocket-bad-{}-{test}", std::process::id())
}

fn address(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(name).unwrap()
}

#[track_caller]
fn assert_unused(slocket: &Slocket) {
    eventually(|| !queue::is_in_use(slocket.name().to_string().as_ref()), || "the name is in use".to_owned());
}

#[test]
fn a_lock_without_a_file() {
    alone(Setting::Plain, || {
        let slocket = Slocket::abstract_builder(name("works")).build().unwrap();
        assert!(slocket.name().to_string().starts_with("@slocket-bad-"));
        assert_works(&slocket);
        assert_unused(&slocket);
    });
}

/// A waiter gets it at once, and a process that comes later finds it free.
#[test]
fn a_holder_that_is_killed() {
    let place = Place::at_name();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    waiter.send("acquire");
    wait_until_queued(&place.lock(), 1);
    holder.kill();
    waiter.expect_held();
    // Dead with an empty queue, and dead before it has read what was handed to it.
    waiter.kill();
    let mut holder = Player::start(Adapter::under_trial(), &place.lock());
    let mut waiter = Player::start(Adapter::under_trial(), &place.lock());
    holder.acquire();
    waiter.send("acquire");
    wait_until_queued(&place.lock(), 1);
    process::stop(waiter.pid());
    holder.release();
    assert_eq!(holder.ask("try"), "would-block", "the listener is on its way");
    waiter.kill();
    holder.acquire();
    holder.release();
    holder.quit();
    assert_eq!(place.leftovers(), [""; 0]);
}

#[test]
fn a_word_that_is_not_a_name() {
    for (name, why) in [("", "empty"), ("a\0b", "NUL"), (&*"x".repeat(108), "107 bytes")] {
        match Slocket::abstract_builder(name).build() {
            Err(error) if error.kind() == ErrorKind::InvalidName => {
                assert!(error.detail().expect("a reason").contains(why), "{error}");
                assert_eq!(error.name(), &LockName::abstract_name(name));
            }
            other => panic!("{other:?}"),
        }
    }
    alone(Setting::Plain, || assert_works(&Slocket::abstract_builder("y".repeat(107)).build().unwrap()));
}

#[test]
fn another_network() {
    let slocket = Slocket::abstract_builder(name("network")).build().unwrap();
    beside(
        Setting::Network,
        |other| {
            let _guard = slocket.acquire().unwrap();
            other.tell(&slocket.name().to_string());
            other.expect("held as well");
        },
        |outside| {
            let slocket = Slocket::new(outside.hear()).unwrap();
            assert!(slocket.holder().unwrap().is_none(), "it is not held in this network");
            let _guard = slocket.acquire_timeout(HANG).unwrap();
            outside.tell("held as well");
        },
    );
}

#[test]
fn other_mounts() {
    let slocket = Slocket::abstract_builder(name("mounts")).build().unwrap();
    beside(
        Setting::Mounts,
        |other| {
            let ours = fs::read_link("/proc/self/ns/mnt").unwrap();
            let guard = slocket.acquire().unwrap();
            other.tell(&slocket.name().to_string());
            assert_ne!(other.hear(), ours.to_string_lossy());
            eventually(|| guard.contended(), || "not in the queue".to_owned());
            guard.release().unwrap();
            other.expect("held");
        },
        |outside| {
            let slocket = Slocket::new(outside.hear()).unwrap();
            assert!(slocket.try_acquire().unwrap().is_none(), "two holders");
            outside.tell(&fs::read_link("/proc/self/ns/mnt").unwrap().to_string_lossy());
            let _guard = slocket.acquire_timeout(HANG).unwrap();
            outside.tell("held");
        },
    );
}

#[test]
fn a_holder_of_another_user() {
    with_root(|| {
        let name = name("user");
        let slocket = Slocket::abstract_builder(&name).build().unwrap();
        beside(
            Setting::User(NOBODY),
            |other| {
                other.tell(&slocket.name().to_string());
                other.expect("held");
                assert!(slocket.try_acquire().unwrap().is_none(), "two holders");
                for result in [slocket.acquire(), slocket.acquire_timeout(HANG)] {
                    match result {
                        Err(error) if error.kind() == ErrorKind::Untrusted && error.user() == Some(NOBODY) => {
                            assert!(
                                error.to_string().contains(&format!("@{name}: held by untrusted user {NOBODY}")),
                                "{error}"
                            );
                        }
                        result => panic!("{result:?}"),
                    }
                }
                let trusting = Slocket::abstract_builder(&name).trust(Trust::Anyone).build().unwrap();
                // Between users it is not handed over, but given up and acquired again.
                let guard = thread::scope(|scope| {
                    let waiter = scope.spawn(|| named("waiter", || trusting.acquire_timeout(HANG)));
                    until_asleep("waiter");
                    other.tell("release");
                    waiter.join().unwrap().unwrap()
                });
                other.tell("held");
                eventually(|| guard.contended(), || "not in the queue".to_owned());
                guard.release().unwrap();
                other.expect("root is trusted");
            },
            |root| {
                let slocket = Slocket::new(root.hear()).unwrap();
                let guard = slocket.acquire().unwrap();
                root.tell("held");
                root.expect("release");
                guard.release().unwrap();
                root.expect("held");
                slocket.acquire_timeout(HANG).unwrap().release().unwrap();
                root.tell("root is trusted");
            },
        );
        assert_unused(&slocket);
    });
}

#[test]
fn a_client_without_a_badge() {
    alone(Setting::Plain, || {
        let name = name("client");
        let slocket = Slocket::abstract_builder(&name).build().unwrap();
        let guard = slocket.acquire().unwrap();
        let mut client = UnixStream::connect_addr(&address(&name)).unwrap();
        let other = another(&slocket);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || other.acquire_timeout(HANG)));
            until_asleep("waiter");
            guard.release().unwrap();
            assert_eq!(client.read(&mut [0; 2]).unwrap(), 0, "sent away, and not lent the lock");
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        assert_unused(&slocket);
    });
}

/// The kernel would free the name if its lender died, whatever the client does.
#[test]
fn a_server_that_lends() {
    alone(Setting::Plain, || {
        let name = name("lender");
        let server = UnixListener::bind_addr(&address(&name)).unwrap();
        let slocket = Slocket::abstract_builder(&name).build().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| server.accept().unwrap().0.write_all(b"OK").unwrap());
            match slocket.acquire_timeout(HANG) {
                Err(error) if error.kind() == ErrorKind::NotASlocket => {
                    assert!(error.detail().expect("it was found").contains("does not speak"), "{error}");
                }
                other => panic!("{other:?}"),
            }
        });
        drop(server);
        assert_works(&slocket);
    });
}

#[test]
fn a_socket_that_does_not_listen() {
    alone(Setting::Plain, || {
        let name = name("silent");
        let silent = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&silent, &SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap()).unwrap();
        let slocket = Slocket::abstract_builder(&name).build().unwrap();
        assert!(slocket.try_acquire().unwrap().is_none());
        assert!(slocket.holder().unwrap().is_none());
        assert_eq!(assert_times_out(&slocket), None);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            drop(silent);
            waiter.join().unwrap().unwrap().release().unwrap();
        });
    });
}

/// The type of a socket is a part of its abstract name.
#[test]
fn a_datagram_socket_of_that_name() {
    alone(Setting::Plain, || {
        let name = name("datagram");
        let _datagram = UnixDatagram::bind_addr(&address(&name)).unwrap();
        assert_works(&Slocket::abstract_builder(&name).build().unwrap());
    });
}

#[test]
fn a_queue_that_is_full() {
    alone(Setting::Plain, || {
        let name = name("full");
        let server = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&server, &SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap()).unwrap();
        listen(&server, 0).unwrap();
        let _queued = UnixStream::connect_addr(&address(&name)).unwrap();
        let slocket = Slocket::abstract_builder(&name).build().unwrap();
        assert!(slocket.try_acquire().unwrap().is_none());
        assert_eq!(io_code(&slocket.holder().unwrap_err()), Errno::AGAIN.raw_os_error());
        assert_eq!(assert_times_out(&slocket), None);
        drop(server);
        assert_works(&slocket);
    });
}

/// As a child has it that was forked without exec: the name is the kernel's, and no process can take it from the copy.
#[test]
fn a_copy_of_the_listener_outlives_the_release() {
    alone(Setting::Plain, || {
        let slocket = Slocket::abstract_builder(name("copy")).build().unwrap();
        let guard = slocket.acquire().unwrap();
        let copy = guard.as_fd().try_clone_to_owned().unwrap();
        guard.release().unwrap();
        assert!(another(&slocket).try_acquire().unwrap().is_none(), "held by the child that has the copy");
        assert_eq!(assert_times_out(&slocket), Some(std::process::id()));
        thread::scope(|scope| {
            let waiter = scope.spawn(|| named("waiter", || slocket.acquire_timeout(HANG)));
            until_asleep("waiter");
            drop(copy);
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        // A lock that is handed over is the next one's alone: there the copy does no harm.
        let guard = slocket.acquire().unwrap();
        let copy = guard.as_fd().try_clone_to_owned().unwrap();
        let guard = hand_over(&slocket, guard).unwrap();
        assert!(another(&slocket).try_acquire().unwrap().is_none(), "two holders");
        drop((guard, copy));
        assert_works(&slocket);
    });
}
