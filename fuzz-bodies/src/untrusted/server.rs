//! The server: a thread of another user.

use std::fs;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{socket_acceptconn, socket_peercred};
use rustix::net::{RecvFlags, SocketAddrUnix, SocketType, connect, getsockname, recv};

use crate::descriptor::{self, Kind};
use crate::home::Home;
use crate::left::HANG;
use crate::received::MOST_ACTS;
use crate::received::act::{self, Act};
use crate::user::{STRANGER, as_stranger};

pub(super) struct Server {
    path: Option<PathBuf>,
    thread: JoinHandle<Vec<OwnedFd>>,
    stops: Arc<AtomicBool>,
}

impl Server {
    /// Listens, and serves each connection by this script, until it is stopped.
    pub(super) fn start(home: &Home, folder: &Path, marked: bool, script: &[u8]) -> Self {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("it is ours");
        // SO_PEERCRED is the user of the thread that listens.
        let listener = as_stranger(|| home.bind()).expect("no server is there");
        listener.set_nonblocking(true).expect("a socket");
        let path = if let Home::Path(path) = home { Some(path.clone()) } else { None };
        if let Some(path) = &path {
            as_stranger(|| home.mark(marked));
            fs::set_permissions(path, fs::Permissions::from_mode(if marked { 0o1666 } else { 0o666 })).expect("root");
        }
        let stops = Arc::new(AtomicBool::new(false));
        let acts: Vec<Act> = act::all(script).take(MOST_ACTS).collect();
        let thread = thread::spawn({
            let stops = Arc::clone(&stops);
            move || as_stranger(|| serve(listener, &acts, &stops))
        });
        Self { path, thread, stops }
    }

    /// Ends it, and looks at the listeners that it has used: no other process has made them listen.
    pub(super) fn stop(self) {
        self.stops.store(true, Ordering::SeqCst);
        let listeners = self.thread.join().expect("the server does not panic");
        listeners.iter().for_each(assert_unused);
        drop(listeners);
        if let Some(path) = self.path {
            fs::remove_file(path).expect("it is still there");
        }
    }
}

/// Serves each client; returns the listeners that it has used.
fn serve(listener: UnixListener, acts: &[Act], stops: &AtomicBool) -> Vec<OwnedFd> {
    let mut listeners = Vec::new();
    loop {
        // Read before the look at the queue: all clients have come then.
        let is_last = stops.load(Ordering::SeqCst);
        match listener.accept() {
            Ok((connection, _)) => play(&connection, &listener, acts, &mut listeners),
            Err(_) if is_last => break,
            Err(_) => thread::yield_now(),
        }
    }
    listeners.push(listener.into());
    listeners
}

fn play(connection: &UnixStream, listener: &UnixListener, acts: &[Act], listeners: &mut Vec<OwnedFd>) {
    let mut has_sent = false;
    for act in acts {
        match act {
            Act::Send(bytes, kinds) => {
                let own = Some(listener.as_fd());
                let descriptors: Vec<_> = kinds.iter().filter_map(|kind| kind.make(own)).collect();
                has_sent |= descriptor::send(connection.as_fd(), bytes, &descriptors);
                let is_first = |kind: &Kind| *kind == Kind::Listener && listeners.is_empty();
                if let Some(index) = kinds.iter().position(is_first) {
                    listeners.push(descriptors[index].try_clone().expect("a descriptor"));
                }
            }
            Act::Shut => drop(connection.shutdown(Shutdown::Write)),
            Act::Close => return,
            Act::Wake => thread::yield_now(),
            Act::StopListening | Act::Unlink | Act::Mark | Act::Unmark | Act::GiveUp => {}
        }
    }
    assert_unread(connection, has_sent);
}

/// Nothing of what was sent has been read: the kernel resets a connection that is closed with something unread. (Its stream
/// may have ended before.)
fn assert_unread(connection: &UnixStream, has_sent: bool) {
    connection.set_nonblocking(true).expect("a socket");
    let begin = Instant::now();
    let mut byte = [0; 1];
    loop {
        match recv(connection, &mut byte, RecvFlags::empty()) {
            Ok((0, _)) if !has_sent => break,
            Err(Errno::CONNRESET) if has_sent => break,
            Ok((0, _)) => {
                assert!(begin.elapsed() < HANG, "something was received of a server that is not trusted");
                thread::yield_now();
            }
            Err(Errno::WOULDBLOCK) => {
                assert!(begin.elapsed() < HANG, "the waiter stays at a server that it does not trust");
                let _ = poll(&mut [PollFd::new(connection, PollFlags::IN)], Some(&TICK));
            }
            other => panic!("{other:?} of a waiter"),
        }
    }
}

/// A server names itself to each client that connects.
fn assert_unused(listener: &OwnedFd) {
    if socket_acceptconn(listener) != Ok(true) {
        return;
    }
    let address = SocketAddrUnix::try_from(getsockname(listener).expect("a socket")).expect("a Unix socket");
    let connection = descriptor::unbound(SocketType::STREAM);
    connect(&connection, &address).expect("it listens, and its queue is not full");
    let user = socket_peercred(&connection).expect("a connection").uid.as_raw();
    assert_eq!(user, STRANGER, "the listener of a server that is not trusted carries our name");
}

const TICK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
