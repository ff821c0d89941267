//! Messages: "OK", with a listener or without.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketAddrUnix, recv, recvmsg, sendmsg,
};
use slocket_core::{DrainResult, ReceiveResult, SendResult};

/// The message that passes the lock on.
const OK: &[u8] = b"OK";

/// The same with a listener, of a lock of which no process has a share.
const OK_UNSHARED: &[u8] = b"OK unshared";

/// The most descriptors that the kernel puts into one message (`SCM_MAX_FD`, unix(7)): room for all of them, so that
/// `MSG_CTRUNC` means one thing only.
const MOST_DESCRIPTORS: usize = 253;

/// What came on a connection.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) result: ReceiveResult,
    pub(crate) descriptors: Vec<OwnedFd>,
    /// The address of the socket that sent it, which the kernel tells along with it; `None` if it does not.
    pub(crate) sender: Option<SocketAddrUnix>,
}

impl Received {
    const fn without_message(result: ReceiveResult) -> Self {
        Self { result, descriptors: Vec::new(), sender: None }
    }
}

/// Takes what a server sent, and the descriptors that came with it.
pub(crate) fn receive(connection: BorrowedFd<'_>) -> Received {
    let mut bytes = [0_u8; 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = loop {
        match recvmsg(connection, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
            Ok(message) => break message,
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) => return Received::without_message(ReceiveResult::Nothing),
            // A reset means the same as the end of the stream: the holder died while we were queued.
            Err(_) => return Received::without_message(ReceiveResult::PeerClosed),
        }
    };
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = part {
            descriptors.extend(received);
        }
    }
    let result = match (bytes.get(..message.bytes).unwrap_or_default(), descriptors.len()) {
        _ if message.flags.contains(ReturnFlags::CTRUNC) => ReceiveResult::Truncated,
        ([], 0) => ReceiveResult::PeerClosed,
        (OK, 0) => ReceiveResult::Loan,
        (OK, 1) => ReceiveResult::Listener { unshared: false },
        (OK_UNSHARED, 1) => ReceiveResult::Listener { unshared: true },
        _ => ReceiveResult::Foreign,
    };
    let sender = message.address.and_then(|address| SocketAddrUnix::try_from(address).ok());
    Received { result, descriptors, sender }
}

/// Sends "OK", with a listener, which may be unshared, or without.
pub(crate) fn send(peer: BorrowedFd<'_>, listener: Option<BorrowedFd<'_>>, unshared: bool) -> SendResult {
    let listener = listener.as_slice();
    let text = if unshared { OK_UNSHARED } else { OK };
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !listener.is_empty() && !control.push(SendAncillaryMessage::ScmRights(listener)) {
        return SendResult::Failed;
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    loop {
        return match sendmsg(peer, &[IoSlice::new(text)], &mut control, flags) {
            Ok(_) => SendResult::Sent,
            Err(Errno::INTR) => continue,
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN) => SendResult::Gone,
            Err(_) => SendResult::Failed,
        };
    }
}

/// Reads away what a borrower sent.
pub(crate) fn drain(peer: BorrowedFd<'_>) -> DrainResult {
    let mut bytes = [0_u8; 4096];
    match recv(peer, &mut bytes, RecvFlags::DONTWAIT) {
        Ok((0, _)) => DrainResult::Ended,
        Ok(_) | Err(Errno::INTR) => DrainResult::More,
        Err(Errno::WOULDBLOCK) => DrainResult::Nothing,
        Err(_) => DrainResult::Ended,
    }
}
