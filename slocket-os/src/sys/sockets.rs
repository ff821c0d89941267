//! Sockets: making, binding, connecting, accepting, asking.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, fchmod};
use rustix::io::{Errno, Result, ioctl_fionbio, ioctl_fionread, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, acceptfrom_with, bind, connect,
    getpeername, getsockname, listen, recv, shutdown, socket_with, sockopt,
};
use slocket_core::{AcceptResult, BindResult, ConnectResult, Half, Kind, Question};

use super::code;
use crate::address;

/// The longest queue; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: i32 = i32::MAX;

/// A socket, closed on exec, that never blocks.
pub(crate) fn socket(kind: Kind) -> Result<OwnedFd> {
    let kind = match kind {
        Kind::Stream => SocketType::STREAM,
        Kind::Datagram => SocketType::DGRAM,
    };
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

/// Sets the mode that bind gives the socket's file.
pub(crate) fn set_socket_mode(socket: BorrowedFd<'_>, mode: Mode) -> Result<()> {
    fchmod(socket, mode)
}

#[inline]
pub(crate) fn bind_to(socket: BorrowedFd<'_>, address: &SocketAddrUnix) -> BindResult {
    match retry_on_intr(|| bind(socket, address)) {
        Ok(()) => BindResult::Bound,
        Err(Errno::ADDRINUSE) => BindResult::InUse,
        Err(Errno::NOENT) => BindResult::Missing(code(Errno::NOENT)),
        Err(Errno::IO) => BindResult::Broken(code(Errno::IO)),
        Err(errno) => BindResult::Failed(code(errno)),
    }
}

pub(crate) fn listen_on(socket: BorrowedFd<'_>) -> Result<()> {
    listen(socket, BACKLOG)
}

pub(crate) fn connect_to(socket: BorrowedFd<'_>, address: &SocketAddrUnix) -> ConnectResult {
    match retry_on_intr(|| connect(socket, address)) {
        Ok(()) => ConnectResult::Connected,
        Err(Errno::NOENT) => ConnectResult::Missing(code(Errno::NOENT)),
        Err(Errno::CONNREFUSED) => ConnectResult::Refused,
        Err(Errno::WOULDBLOCK) => ConnectResult::Full,
        Err(Errno::PROTOTYPE) => ConnectResult::WrongType,
        Err(Errno::ACCESS) => ConnectResult::Denied(code(Errno::ACCESS)),
        Err(errno) => ConnectResult::Failed(code(errno)),
    }
}

pub(crate) fn shut_down(socket: impl AsFd, half: Half) -> Result<()> {
    shutdown(
        socket,
        match half {
            Half::Read => Shutdown::Read,
            Half::Write => Shutdown::Write,
            Half::Both => Shutdown::Both,
        },
    )
}

pub(crate) fn ask(socket: BorrowedFd<'_>, question: Question) -> Result<bool> {
    match question {
        Question::Listens => sockopt::socket_acceptconn(socket),
        Question::IsStream => sockopt::socket_type(socket).map(|kind| kind == SocketType::STREAM),
        Question::IsUnix => sockopt::socket_domain(socket).map(|family| family == AddressFamily::UNIX),
    }
}

/// The address that a Unix socket is bound to; none, if it is another kind of socket.
pub(crate) fn name(socket: BorrowedFd<'_>) -> Result<Option<SocketAddrUnix>> {
    Ok(SocketAddrUnix::try_from(getsockname(socket)?).ok())
}

/// Whether a connection's peer has that address.
pub(crate) fn peer_name(connection: BorrowedFd<'_>) -> Result<Option<SocketAddrUnix>> {
    Ok(getpeername(connection)?.and_then(|peer| SocketAddrUnix::try_from(peer).ok()))
}

pub(crate) fn set_nonblocking(socket: BorrowedFd<'_>) -> Result<()> {
    ioctl_fionbio(socket, true)
}

/// Whether a waiter is in the queue of a listener.
#[inline]
pub(crate) fn is_contended(listener: BorrowedFd<'_>) -> Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(listener, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    retry_on_intr(|| poll(&mut fds, Some(&now))).map(|ready| ready > 0)
}

/// The head of the queue, if there is one. (One that has gone while it was in the queue is passed over, as accept(2) says.)
pub(crate) fn accept(listener: BorrowedFd<'_>) -> (AcceptResult, Option<OwnedFd>) {
    loop {
        return match acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok((peer, address)) => {
                let address = address.and_then(|address| SocketAddrUnix::try_from(address).ok());
                let has_badge = address.is_some_and(|address| address::is_badge(&address));
                (AcceptResult::Accepted { has_badge }, Some(peer))
            }
            Err(Errno::INTR | Errno::CONNABORTED) => continue,
            Err(Errno::WOULDBLOCK) => (AcceptResult::Nobody, None),
            Err(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS) => (AcceptResult::Exhausted, None),
            Err(_) => (AcceptResult::Failed, None),
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

/// Whether something has arrived that is not read.
pub(crate) fn has_unread(connection: impl AsFd) -> Result<bool> {
    ioctl_fionread(connection).map(|bytes| bytes > 0)
}
