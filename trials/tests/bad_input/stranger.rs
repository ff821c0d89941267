//! Servers that hand over a listener that is not this lock's, or that a stranger sends: no process uses it.
//!
//! To listen on a socket is to sign it: from then on `SO_PEERCRED` names us to each client, and every process of our user
//! trusts it. So each server here looks afterwards which user's name its sockets carry.

use std::fs;
use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg, sockopt};
use trials::lock::{ErrorKind, Slocket, Trust, failed_as, is_untrusted};
use trials::mark;

use crate::alone::{NOBODY, Setting, Talk, beside, with_root};
use crate::scene::{HANG, Scene, WHILE, assert_works, eventually};

/// Sends "OK" and a listener. A client that is gone by then gets nothing.
fn grant(connection: &UnixStream, listener: BorrowedFd<'_>) {
    let descriptors = [listener];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let _ = sendmsg(connection, &[IoSlice::new(b"OK")], &mut control, SendFlags::NOSIGNAL);
}

/// Whether the other end of a connection is this process: it has connected, or listened.
fn is_ours(connection: &UnixStream) -> bool {
    let peer = sockopt::socket_peercred(connection).unwrap();
    peer.pid.as_raw_pid().unsigned_abs() == process::id()
}

/// The address of a path, or of an abstract name.
fn address(path: &str) -> SocketAddr {
    match path.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name).unwrap(),
        None => SocketAddr::from_pathname(path).unwrap(),
    }
}

fn lock(path: &str, trust: Trust) -> Slocket {
    match path.strip_prefix('@') {
        Some(name) => Slocket::abstract_builder(name).trust(trust).build().unwrap(),
        None => Slocket::builder(path).trust(trust).build().unwrap(),
    }
}

/// What a server does.
#[derive(Clone, Copy)]
struct Server<'a> {
    path: &'a str,
    /// Its socket carries the mark, at a path.
    marked: bool,
    /// It hands over a socket that is bound elsewhere.
    elsewhere: bool,
}

/// In its own process: serves as it is told, one server after the other.
fn serve_all(outside: &mut Talk) {
    loop {
        match outside.hear().split(' ').collect::<Vec<_>>()[..] {
            [path, marked, elsewhere] => {
                serve(outside, Server { path, marked: marked == "true", elsewhere: elsewhere == "true" });
            }
            _ => return,
        }
    }
}

/// Serves until it is told to stop: each client is granted a listener at once. Then looks which user's name it carries.
fn serve(outside: &mut Talk, Server { path, marked, elsewhere }: Server<'_>) {
    let own = UnixListener::bind_addr(&address(path)).unwrap();
    let beside = format!("{path}-elsewhere");
    let wrong = elsewhere.then(|| UnixListener::bind_addr(&address(&beside)).unwrap());
    if !path.starts_with('@') {
        mark::set(Path::new(path), marked, 0o666);
    }
    let passed = wrong.as_ref().unwrap_or(&own);
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let mut served = 0;
            loop {
                let (mut connection, _) = own.accept().unwrap();
                if is_ours(&connection) {
                    return served;
                }
                grant(&connection, passed.as_fd());
                // Until it goes: what it does with the listener it has done by then.
                let end = connection.read(&mut [0]);
                assert!(matches!(end.as_ref().map_err(io::Error::kind), Ok(0) | Err(io::ErrorKind::ConnectionReset)));
                served += 1;
            }
        });
        outside.tell(&process::id().to_string());
        outside.expect("stop");
        drop(UnixStream::connect_addr(&address(path)).unwrap());
        let served: u32 = server.join().unwrap();
        assert!((1..100).contains(&served), "no client came, or one spun: {served}");
    });
    for listener in [Some(&own), wrong.as_ref()].into_iter().flatten() {
        let connection = UnixStream::connect_addr(&listener.local_addr().unwrap()).unwrap();
        assert!(is_ours(&connection), "another user has listened");
    }
    for path in [path, &beside] {
        let _ = fs::remove_file(path);
    }
    outside.tell("no user listened");
}

/// Goes to each of these servers.
fn visit(other: &mut Talk, servers: &[Server<'_>], visit: impl Fn(&str, u32)) {
    for Server { path, marked, elsewhere } in servers {
        other.tell(&format!("{path} {marked} {elsewhere}"));
        visit(path, other.hear().parse().unwrap());
        other.tell("stop");
        other.expect("no user listened");
    }
    other.tell("done");
}

/// A caller that asks for anything is told the holder; nothing is taken from it.
#[track_caller]
fn assert_untrusted(path: &str, pid: u32) {
    let slocket = lock(path, Trust::Owner);
    for result in [slocket.acquire(), slocket.acquire_timeout(HANG), slocket.acquire_timeout(Duration::ZERO)] {
        assert!(is_untrusted(&result, NOBODY), "{result:?}");
    }
    let holder = slocket.holder().unwrap().expect("it listens");
    assert_eq!((holder.pid, holder.uid), (Some(pid), NOBODY));
}

#[test]
fn nothing_is_taken_from_a_stranger() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        let (path, name) = (scene.lock(), format!("@slocket-stranger-{}", process::id()));
        let at_path = Server { path: path.to_str().unwrap(), marked: false, elsewhere: false };
        // Marked or not: else waiters leave slowly, as if it may lend.
        let servers = [at_path, Server { marked: true, ..at_path }, Server { path: &name, ..at_path }];
        beside(Setting::User(NOBODY), |other| visit(other, &servers, assert_untrusted), serve_all);
        assert_works(&scene.slocket());
        lock(&name, Trust::Owner).acquire_timeout(HANG).unwrap().release().unwrap();
        scene.assert_empty();
    });
}

/// A stranger that is trusted may lend, and that is all.
#[test]
fn a_listener_of_a_stranger_is_not_listened_on_even_if_anyone_is_trusted() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        let (path, name) = (scene.lock(), format!("@slocket-trusted-{}", process::id()));
        let at_path = Server { path: path.to_str().unwrap(), marked: true, elsewhere: false };
        let at_name = Server { path: &name, ..at_path };
        let servers = [at_path, Server { elsewhere: true, ..at_path }, at_name, Server { elsewhere: true, ..at_name }];
        let waits = |path: &str, _| assert_waits(&lock(path, Trust::Anyone));
        beside(Setting::User(NOBODY), |other| visit(other, &servers, waits), serve_all);
        assert_works(&scene.slocket());
        scene.assert_empty();
    });
}

/// Root is believed, but a lock is not handed over between users.
#[test]
fn a_listener_of_roots_is_not_listened_on_by_others() {
    with_root(|| {
        let scene = Scene::with_mode(0o777);
        let path = scene.lock();
        let path = path.to_str().unwrap();
        beside(
            Setting::User(NOBODY),
            |waiter| {
                let own = UnixListener::bind(path).unwrap();
                mark::set(Path::new(path), true, 0o666);
                waiter.tell(path);
                let (connection, _) = own.accept().unwrap();
                grant(&connection, own.as_fd());
                waiter.expect("waits");
                assert!(is_ours(&UnixStream::connect(path).unwrap()), "another user has listened");
                drop(own);
                fs::remove_file(path).unwrap();
            },
            |root| {
                assert_waits(&Slocket::new(root.hear()).unwrap());
                root.tell("waits");
            },
        );
        scene.assert_empty();
    });
}

/// A server of our own user that hands over a socket which is bound elsewhere.
#[test]
fn a_listener_of_another_address() {
    let scene = Scene::new();
    let (path, name) = (scene.lock(), format!("@slocket-another-{}", process::id()));
    let at_path = Server { path: path.to_str().unwrap(), marked: true, elsewhere: true };
    let servers = [at_path, Server { path: &name, ..at_path }];
    let waits = |path: &str, _| assert_waits(&lock(path, Trust::Owner));
    beside(Setting::Plain, |other| visit(other, &servers, waits), serve_all);
    scene.assert_empty();
}

/// It goes back to the queue, and does not get the lock.
#[track_caller]
fn assert_waits(slocket: &Slocket) {
    let result = slocket.acquire_timeout(WHILE);
    assert!(failed_as(&result) == Some(ErrorKind::TimedOut), "{result:?}");
}

/// The path is replaced while a process waits at the old socket: a process that has that socket does not hold the lock.
#[test]
fn a_listener_whose_path_is_anothers_by_now() {
    let scene = Scene::new();
    let first = scene.slocket();
    let old = UnixListener::bind(scene.lock()).unwrap();
    mark::set(&scene.lock(), true, 0o600);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| first.acquire_timeout(HANG));
        let (connection, _) = old.accept().unwrap();
        fs::remove_file(scene.lock()).unwrap();
        let second = holder_at(&scene.lock());
        grant(&connection, old.as_fd());
        eventually(|| second.contended(), || "it does not queue at the new socket".to_owned());
        second.release().unwrap();
        let guard = waiter.join().unwrap().unwrap();
        assert!(guard.is_intact().unwrap());
        guard.release().unwrap();
    });
    scene.assert_empty();
}

fn holder_at(path: &Path) -> trials::lock::Guard {
    Slocket::new(path).unwrap().acquire_timeout(HANG).unwrap()
}
