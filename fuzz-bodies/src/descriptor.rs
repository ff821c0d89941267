//! Descriptors of every kind, and messages that carry them.

use std::fs;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind,
    listen, sendmsg, socket_with,
};

/// A descriptor that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The sender's own socket: a server's listener, a client's connection.
    Own,
    /// A listening Unix stream socket that is nobody's.
    Listener,
    Bound,
    Unbound,
    Connected,
    Datagram,
    /// It listens, and is not a stream socket.
    Seqpacket,
    Pipe,
    File,
}

const KINDS: [Kind; 9] = [
    Kind::Own,
    Kind::Listener,
    Kind::Bound,
    Kind::Unbound,
    Kind::Connected,
    Kind::Datagram,
    Kind::Seqpacket,
    Kind::Pipe,
    Kind::File,
];

/// The most descriptors that the kernel puts into one message (`SCM_MAX_FD`).
pub(crate) const MOST: usize = 253;

impl Kind {
    pub(crate) fn of(choice: u8) -> Self {
        KINDS[usize::from(choice) % KINDS.len()]
    }

    /// A descriptor of that kind; `None` if there is no `own`.
    pub(crate) fn make(self, own: Option<BorrowedFd<'_>>) -> Option<OwnedFd> {
        Some(match self {
            Self::Own => own?.try_clone_to_owned().expect("a descriptor"),
            Self::Listener => listening(SocketType::STREAM),
            Self::Seqpacket => listening(SocketType::SEQPACKET),
            Self::Bound => bound(SocketType::STREAM),
            Self::Unbound => unbound(SocketType::STREAM),
            Self::Connected => UnixStream::pair().expect("a pair").0.into(),
            Self::Datagram => UnixDatagram::unbound().expect("a socket").into(),
            Self::Pipe => std::io::pipe().expect("a pipe").0.into(),
            Self::File => fs::File::open("/dev/null").expect("it exists").into(),
        })
    }
}

/// Sends one message; whether it went.
pub(crate) fn send(connection: BorrowedFd<'_>, bytes: &[u8], descriptors: &[OwnedFd]) -> bool {
    let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    // A message without a byte is none.
    matches!(sendmsg(connection, &[IoSlice::new(bytes)], &mut control, flags), Ok(1..))
}

fn listening(kind: SocketType) -> OwnedFd {
    let socket = bound(kind);
    listen(&socket, 8).expect("it is bound");
    socket
}

fn bound(kind: SocketType) -> OwnedFd {
    let socket = unbound(kind);
    bind(&socket, &SocketAddrUnix::new_unnamed()).expect("the kernel chooses an address");
    socket
}

pub(crate) fn unbound(kind: SocketType) -> OwnedFd {
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).expect("a socket")
}
