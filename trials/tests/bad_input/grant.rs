//! Servers that say "OK" with the wrong descriptors.

use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind,
    listen, sendmsg, socket_with, sockopt,
};
use trials::lock::{ErrorKind, Slocket, failed_as};

use crate::alone::{Setting, alone};
use crate::scene::{HANG, Scene, assert_works, named, until_one_is_asleep};
use crate::server::{Server, assert_no_slocket};

/// The most descriptors that the kernel puts into one message (`SCM_MAX_FD`).
const MOST: usize = 253;

pub(crate) fn send(connection: &UnixStream, bytes: &[u8], descriptors: &[OwnedFd]) {
    let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    sendmsg(connection, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL).expect("it is sent");
}

/// A listening socket that is nobody's.
fn listener(scene: &Scene) -> OwnedFd {
    let path = scene.path().join("elsewhere");
    let listener = UnixListener::bind(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    listener.into()
}

fn unix_socket(kind: SocketType) -> OwnedFd {
    let socket = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
    bind(&socket, &SocketAddrUnix::new_unnamed()).unwrap();
    socket
}

/// A server that sends this is not slocket, and nothing that it sent stays open.
#[track_caller]
fn assert_refused(what: &str, bytes: &'static [u8], make: impl Fn(&Scene) -> Vec<OwnedFd>) {
    let scene = Scene::new();
    let descriptors = make(&scene);
    let mut kept = Vec::new();
    let server = Server::start(&scene.lock(), move |connection| {
        send(&connection, bytes, &descriptors);
        kept.push(connection);
    });
    assert_no_slocket(&scene.slocket(), &server, what);
    server.stop();
    assert_works(&scene.slocket());
    scene.assert_empty();
}

#[test]
fn a_grant_with_two_descriptors() {
    alone(Setting::Plain, || {
        let pipes = |_: &Scene| -> Vec<OwnedFd> {
            let (reader, writer) = std::io::pipe().unwrap();
            vec![reader.into(), writer.into()]
        };
        assert_refused("two pipes", b"OK", pipes);
        assert_refused("two pipes, unshared", b"OK unshared", pipes);
        assert_refused("two listeners", b"OK", |scene| vec![listener(scene), listener(scene)]);
        assert_refused("a listener and a file", b"OK", |scene| {
            vec![listener(scene), File::open("/dev/null").unwrap().into()]
        });
        assert_refused("a file and a listener", b"OK", |scene| {
            vec![File::open("/dev/null").unwrap().into(), listener(scene)]
        });
    });
}

#[test]
fn a_grant_with_as_many_descriptors_as_there_can_be() {
    alone(Setting::Plain, || {
        assert_refused("253 listeners", b"OK", |scene| {
            let listener = listener(scene);
            (0..MOST).map(|_| listener.try_clone().unwrap()).collect()
        });
    });
}

#[test]
fn a_grant_with_a_pipe_or_a_file() {
    alone(Setting::Plain, || {
        assert_refused("a pipe", b"OK", |_| vec![std::io::pipe().unwrap().0.into()]);
        assert_refused("a pipe, unshared", b"OK unshared", |_| vec![std::io::pipe().unwrap().0.into()]);
        assert_refused("nothing, unshared", b"OK unshared", |_| Vec::new());
        assert_refused("a file", b"OK", |_| vec![tempfile::tempfile().unwrap().into()]);
        assert_refused("a folder", b"OK", |scene| vec![File::open(scene.path()).unwrap().into()]);
    });
}

#[test]
fn a_grant_with_a_socket_that_does_not_listen() {
    alone(Setting::Plain, || {
        assert_refused("a connection", b"OK", |_| vec![UnixStream::pair().unwrap().0.into()]);
        assert_refused("a socket without an address", b"OK", |_| {
            let flags = SocketFlags::CLOEXEC;
            vec![socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap()]
        });
        assert_refused("a bound socket", b"OK", |_| vec![unix_socket(SocketType::STREAM)]);
        assert_refused("a datagram socket", b"OK", |_| vec![UnixDatagram::unbound().unwrap().into()]);
    });
}

/// To close a TCP socket that lingers takes until its peer has read everything: no caller that waits for an answer waits for that.
#[test]
fn a_grant_with_what_is_slow_to_close() {
    /// Enough that once the server has closed its copy before ours is closed: the last one lingers.
    const MOST: usize = 100;
    alone(Setting::Plain, || {
        let last_is_ours = (0..MOST).any(|_| {
            let scene = Scene::new();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let mut reader = listener.accept().unwrap().0;
            sockopt::set_socket_linger(&sender, Some(HANG)).unwrap();
            sender.set_nonblocking(true).unwrap();
            while (&sender).write(&[0; 65536]).is_ok() {}
            let mut given = vec![OwnedFd::from(sender)];
            let mut kept = Vec::new();
            let server = Server::start(&scene.lock(), move |connection| {
                send(&connection, b"OK", &given);
                named("server-close", || given.clear());
                named("server", || kept.push(connection));
            });
            let result = scene.slocket().acquire();
            assert!(failed_as(&result) == Some(ErrorKind::NotASlocket), "{result:?}");
            // It is being closed still.
            let last = until_one_is_asleep(&["slocket-close", "server-close"]);
            let everything = reader.read_to_end(&mut Vec::new());
            assert!(everything.is_ok(), "{everything:?}");
            server.stop();
            assert_works(&scene.slocket());
            scene.assert_empty();
            last == "slocket-close"
        });
        assert!(last_is_ours, "the server's copy was the last {MOST} times");
    });
}

#[test]
fn a_grant_with_a_listener_of_another_kind() {
    alone(Setting::Plain, || {
        assert_refused("TCP", b"OK", |_| vec![TcpListener::bind("127.0.0.1:0").unwrap().into()]);
        assert_refused("seqpacket", b"OK", |_| {
            let socket = unix_socket(SocketType::SEQPACKET);
            listen(&socket, 8).unwrap();
            vec![socket]
        });
    });
}

#[test]
fn garbage_with_a_listener() {
    alone(Setting::Plain, || {
        for bytes in [&b"HELLO"[..], b"O", b"OK\n", b"no"] {
            assert_refused("garbage with a listener", bytes, |scene| vec![listener(scene)]);
        }
    });
}

#[test]
fn a_proper_grant_of_the_same_server_is_believed() {
    alone(Setting::Plain, || {
        let scene = Scene::new();
        let slocket = scene.slocket();
        let listener = UnixListener::bind(scene.lock()).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| slocket.acquire_timeout(HANG));
            let (connection, _) = listener.accept().unwrap();
            send(&connection, b"OK", &[listener.into()]);
            let guard = waiter.join().unwrap().unwrap();
            assert!(!guard.is_loan() && guard.is_intact().unwrap());
            assert_eq!(holder(&slocket), Some(std::process::id()));
            guard.release().unwrap();
        });
        assert_works(&slocket);
        scene.assert_empty();
    });
}

fn holder(slocket: &Slocket) -> Option<u32> {
    slocket.holder().unwrap().and_then(|holder| holder.pid)
}
