//! The floor of a handoff: the bare system calls that pass a listener on to the next in the queue. No mark, no guard, no
//! reclaim, no checks, and no lending: it survives no crash.
//!
//! Waiter: socket, bind (which fails: held), close; socket, bind (the badge), connect, poll, recvmsg, close.
//! Holder: accept, sendmsg with the listener, close both. No process waits: accept, unlink, shutdown, accept, close.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::unlink;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, recvmsg, sendmsg,
    shutdown, socket_with,
};

use crate::lock::Lock;

/// The calls for a lock at a path that others want, too.
pub(crate) struct HandOver {
    path: std::path::PathBuf,
    address: SocketAddrUnix,
    badge: SocketAddrUnix,
}

impl HandOver {
    pub(crate) fn new(path: &Path) -> Self {
        let badge = format!("slocket-bench/{}/{}", path.display(), std::process::id());
        Self {
            path: path.to_owned(),
            address: SocketAddrUnix::new(path).expect("a short path"),
            badge: SocketAddrUnix::new_abstract_name(badge.as_bytes()).expect("a short name"),
        }
    }

    fn acquire(&self) -> OwnedFd {
        loop {
            if let Some(listener) = self.listen().or_else(|| self.join()) {
                return listener;
            }
        }
    }

    /// Makes the listener; `None` if there is one.
    pub(crate) fn listen(&self) -> Option<OwnedFd> {
        let listener = socket();
        match bind(&listener, &self.address) {
            Ok(()) => {
                listen(&listener, i32::MAX).expect("listen");
                Some(listener)
            }
            Err(errno) => {
                assert_eq!(errno, Errno::ADDRINUSE, "bind");
                None
            }
        }
    }

    /// Waits in the queue until the listener comes; `None` if there is no listener any more.
    pub(crate) fn join(&self) -> Option<OwnedFd> {
        let connection = socket();
        bind(&connection, &self.badge).expect("bind");
        match connect(&connection, &self.address) {
            Ok(()) => receive(&connection),
            // It closes, or does not listen yet: a moment later it does, or is gone.
            Err(Errno::CONNREFUSED | Errno::NOENT | Errno::WOULDBLOCK) => {
                std::thread::yield_now();
                None
            }
            Err(errno) => panic!("connect: {errno}"),
        }
    }

    /// Passes the listener on to the first in the queue. Whether there is one.
    pub(crate) fn pass(listener: &OwnedFd) -> bool {
        let Ok(waiter) = accept(listener) else { return false };
        let rights = [listener.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&rights)), "room for one");
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        sendmsg(&waiter, &[IoSlice::new(b"OK")], &mut control, flags).expect("sendmsg");
        true
    }

    fn release(&self, listener: &OwnedFd) {
        if Self::pass(listener) {
            return;
        }
        unlink(&self.path).expect("unlink");
        shutdown(listener, Shutdown::Read).expect("shutdown");
        while accept(listener).is_ok() {}
    }
}

impl Lock for HandOver {
    fn with(&mut self, held: &mut dyn FnMut()) {
        let listener = self.acquire();
        held();
        self.release(&listener);
    }
}

/// The listener that comes; `None` at the end of the stream.
fn receive(connection: &OwnedFd) -> Option<OwnedFd> {
    poll(&mut [PollFd::new(connection, PollFlags::IN)], None).expect("poll");
    let mut bytes = [0_u8; 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    recvmsg(connection, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags).ok()?;
    control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
        _ => None,
    })
}

fn socket() -> OwnedFd {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("socket")
}

fn accept(listener: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)
}
