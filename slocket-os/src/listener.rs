//! The listening socket, which is the lock: accepting, handing over, lending, closing out.

use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketAddrUnix,
    SocketFlags, SocketType, acceptfrom_with, listen, recv, sendmsg, shutdown, sockopt,
};
use slocket_core::{Accepted, Delivery, Removal};

use crate::at_path::AtPath;
use crate::closing::end;
use crate::descriptor::Descriptor;
use crate::inode::Inode;
use crate::peer::Peer;
use crate::{address, reserve};

/// The longest queue; the kernel lowers it to `net.core.somaxconn`.
pub(crate) const BACKLOG: i32 = i32::MAX;

/// How many can be in a queue, unless the system's administrator has raised `net.core.somaxconn`.
pub(crate) const MOST_QUEUED: usize = 4_097;

/// The message that passes the lock on.
pub(crate) const OK: &[u8] = b"OK";

/// A listening socket at the lock's path or abstract name. Who has it open holds the lock.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Descriptor,
    /// The file that it is at the path; `None` at an abstract name.
    inode: Option<Inode>,
    /// Whether the path was this socket when it began to be passed on, until it is given up.
    seen_intact: bool,
    /// Whether nobody was in the queue when it was last looked at.
    seen_empty: bool,
}

impl Listener {
    /// A socket that is bound to `address`, and so to the file at a path.
    pub(crate) fn at_path(socket: OwnedFd, address: &SocketAddrUnix, inode: Inode) -> Self {
        Self {
            socket: Descriptor::new(socket, address.clone()),
            inode: Some(inode),
            seen_intact: false,
            seen_empty: false,
        }
    }

    /// A socket that is bound to an abstract name.
    pub(crate) fn at_name(socket: OwnedFd, name: &SocketAddrUnix) -> Self {
        Self { socket: Descriptor::new(socket, name.clone()), inode: None, seen_intact: false, seen_empty: false }
    }

    /// Whether that is a listening Unix stream socket.
    pub(crate) fn is_one(socket: &OwnedFd) -> bool {
        sockopt::socket_acceptconn(socket) == Ok(true)
            && sockopt::socket_type(socket) == Ok(SocketType::STREAM)
            && sockopt::socket_domain(socket) == Ok(AddressFamily::UNIX)
    }

    /// Takes over a listener that was handed to us, and is the socket that we had connected to: so it has the same file.
    ///
    /// It listens once more, which makes `SO_PEERCRED` name this process to those who connect from here on.
    pub(crate) fn take_over(
        socket: OwnedFd,
        address: SocketAddrUnix,
        inode: Option<Inode>,
    ) -> rustix::io::Result<Self> {
        ioctl_fionbio(&socket, true)?;
        let listener = Self { socket: Descriptor::new(socket, address), inode, seen_intact: false, seen_empty: false };
        listener.listen()?;
        Ok(listener)
    }

    /// Makes `SO_PEERCRED` name this process to those who connect from here on.
    pub(crate) fn listen(&self) -> rustix::io::Result<()> {
        listen(&self.socket, BACKLOG)
    }

    /// The descriptor that it is.
    pub(crate) fn socket(&self) -> &Descriptor {
        &self.socket
    }

    /// The same, to be changed.
    pub(crate) fn socket_mut(&mut self) -> &mut Descriptor {
        &mut self.socket
    }

    /// Whether the path is still this socket. (An abstract name cannot be taken from the socket that has it.)
    pub(crate) fn is_intact(&self, at: Option<&AtPath>) -> rustix::io::Result<bool> {
        match (self.inode, at) {
            (Some(inode), Some(at)) => at.is(inode),
            _ => Ok(true),
        }
    }

    /// Whether somebody waits in the queue.
    pub(crate) fn is_contended(&self) -> bool {
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        retry_on_intr(|| poll(&mut fds, Some(&now))).is_ok_and(|ready| ready > 0)
    }

    /// Accepts the head of the queue and tells who it is, if the path is still this socket. Spends the process's reserve if
    /// descriptors have run out.
    pub(crate) fn accept(&mut self, at: Option<&AtPath>) -> (Accepted, Option<Descriptor>) {
        let found =
            at.zip(self.inode).map(|(at, inode)| at.look().map(|found| found.filter(|found| found.inode == inode)));
        self.seen_intact = matches!(found, None | Some(Ok(Some(_))));
        match found {
            Some(Ok(None)) => return (Accepted::Lost, None),
            // Somebody has touched it while it was held.
            Some(Ok(Some(found))) if !found.is_marked => {
                self.set_mark(at, true);
                self.seen_intact = true;
            }
            None | Some(_) => {}
        }
        // accept(2) makes a socket before it looks whether anybody waits: that takes ten times as long as to ask.
        self.seen_empty = !self.is_contended();
        if self.seen_empty {
            return (Accepted::Nobody, None);
        }
        match self.accept_head() {
            Ok((peer, has_badge)) => {
                let peer = Descriptor::new(peer, self.socket.address().clone());
                (classify(peer.as_fd(), has_badge), Some(peer))
            }
            Err(Errno::WOULDBLOCK) => (Accepted::Nobody, None),
            Err(_) => (Accepted::Failed, None),
        }
    }

    /// The head of the queue, and whether it has a badge.
    fn accept_head(&self) -> rustix::io::Result<(OwnedFd, bool)> {
        match self.accept_one() {
            Err(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS) => {
                reserve::spend();
                self.accept_one()
            }
            result => result,
        }
    }

    fn accept_one(&self) -> rustix::io::Result<(OwnedFd, bool)> {
        loop {
            match acceptfrom_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok((peer, address)) => {
                    let address = address.and_then(|address| SocketAddrUnix::try_from(address).ok());
                    return Ok((peer, address.is_some_and(|address| address::is_badge(&address))));
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Sends "OK" and this listener: the lock is the peer's.
    pub(crate) fn hand_over(&self, peer: BorrowedFd<'_>) -> Delivery {
        let listener = [self.socket.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&listener)) {
            return Delivery::Failed;
        }
        wake(peer);
        send(peer, &mut control)
    }

    /// Sets or clears the mark; tells whether the socket is that way now. (At an abstract name there is none to clear: so
    /// from there nothing is lent.)
    pub(crate) fn set_mark(&mut self, at: Option<&AtPath>, marked: bool) -> bool {
        // A loan takes its time: whatever was seen before it is old.
        self.seen_intact = false;
        match (self.inode, at.map(AtPath::pin)) {
            (Some(inode), Some(Ok(Some(pin)))) if pin.look.inode == inode => pin.set_mark(marked).is_ok(),
            _ => false,
        }
    }

    /// Gives up the path: unlinks it if it is still ours, then refuses newcomers, then ends who is queued, then closes.
    /// In this order (protocol section 2, "Release, in full").
    ///
    /// At an abstract name to close is all: the kernel frees the name first, and then resets who is queued. (A reset is an
    /// end of the stream to those who wait here; npm's clients, which it would hurt, do not come to such a name.)
    pub(crate) fn close_out(self, at: Option<&AtPath>) -> Removal {
        let (Some(inode), Some(at)) = (self.inode, at) else {
            self.close_name();
            return Removal::Done;
        };
        // (Whoever saw that it is not looks once more: it would be left behind.)
        let intact = if self.seen_intact { Ok(true) } else { at.is(inode) };
        let removal = match intact {
            Ok(true) => match at.unlink() {
                Ok(()) => Removal::Done,
                Err(Errno::NOENT) => Removal::NotOurs,
                Err(errno) => Removal::Failed(errno.raw_os_error()),
            },
            Ok(false) => Removal::NotOurs,
            Err(errno) => Removal::Failed(errno.raw_os_error()),
        };
        let _ = shutdown(&self.socket, Shutdown::Read);
        while let Ok((peer, _)) = self.accept_head() {
            end(peer);
        }
        removal
    }

    /// Frees the abstract name. Whoever is queued is ended after that, but not by the kernel: to close what they have sent
    /// could take for ever.
    fn close_name(self) {
        let mut queued = Vec::new();
        if !self.seen_empty {
            // (Those who still come meanwhile are ended by the kernel.)
            while queued.len() < MOST_QUEUED
                && let Ok((peer, _)) = self.accept_one()
            {
                queued.push(peer);
            }
        }
        drop(self);
        queued.into_iter().for_each(end);
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Who an accepted peer is.
fn classify(peer: BorrowedFd<'_>, has_badge: bool) -> Accepted {
    if has_ended(peer) {
        return Accepted::Gone;
    }
    match Peer::of(peer) {
        Some(peer) if !peer.is_ours() => Accepted::Stranger,
        Some(_) if has_badge => Accepted::Waiter,
        Some(_) => Accepted::Client,
        None => Accepted::Gone,
    }
}

/// Wakes a waiter of ours before the lock is sent to it: to wake up takes longer than to send. It never writes, so that this
/// half of the connection is of no use to anybody. (What is sent wakes it, too, but as if the sender were about to sleep: on
/// this processor, behind us.)
fn wake(peer: BorrowedFd<'_>) {
    let _ = shutdown(peer, Shutdown::Read);
}

/// Sends "OK" alone: the lock is lent.
pub(crate) fn lend(peer: BorrowedFd<'_>) -> Delivery {
    send(peer, &mut SendAncillaryBuffer::default())
}

fn send(peer: BorrowedFd<'_>, control: &mut SendAncillaryBuffer<'_, '_, '_>) -> Delivery {
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    loop {
        return match sendmsg(peer, &[IoSlice::new(OK)], control, flags) {
            Ok(_) => Delivery::Sent,
            Err(Errno::INTR) => continue,
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => Delivery::Gone,
            Err(_) => Delivery::Failed,
        };
    }
}

/// Whether a peer has ended its stream. (A client never writes; should one, its bytes stay where they are.)
pub(crate) fn has_ended(peer: BorrowedFd<'_>) -> bool {
    let mut byte = [0_u8; 1];
    matches!(
        retry_on_intr(|| recv(peer, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT)),
        Ok((0, _)) | Err(Errno::CONNRESET)
    )
}

/// Reads away what a borrower sent, and tells whether it has ended its stream. (Not all, if that is much: others wait, too.)
pub(crate) fn drain_until_end(peer: BorrowedFd<'_>) -> bool {
    let mut bytes = [0_u8; 4096];
    for _ in 0..16 {
        match rustix::net::recv(peer, &mut bytes, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return true,
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) => return false,
            Err(_) => return true,
        }
    }
    false
}
