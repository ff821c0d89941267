//! Messages: "OK", with a listener or without.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recv, recvmsg, sendmsg,
};
use slocket_core::{DrainResult, ReceiveResult, SendResult};

/// The message that passes the lock on.
const OK: &[u8] = b"OK";

/// The most descriptors that the kernel puts into one message (`SCM_MAX_FD`, unix(7)): room for all of them, so that
/// `MSG_CTRUNC` means one thing only.
const MOST_DESCRIPTORS: usize = 253;

/// What a server sent, and the descriptors that came with it.
pub(crate) fn receive(connection: BorrowedFd<'_>) -> (ReceiveResult, Vec<OwnedFd>) {
    let mut bytes = [0_u8; 16];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = loop {
        match recvmsg(connection, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
            Ok(message) => break message,
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) => return (ReceiveResult::Nothing, Vec::new()),
            // A reset means the same as the end of the stream: the holder died while we were queued.
            Err(_) => return (ReceiveResult::PeerClosed, Vec::new()),
        }
    };
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = part {
            descriptors.extend(received);
        }
    }
    let result = match (message.bytes, descriptors.len()) {
        _ if message.flags.contains(ReturnFlags::CTRUNC) => ReceiveResult::Truncated,
        (0, 0) => ReceiveResult::PeerClosed,
        (_, count) if bytes.get(..message.bytes) == Some(OK) && count < 2 => {
            if count == 1 {
                ReceiveResult::Listener
            } else {
                ReceiveResult::Loan
            }
        }
        _ => ReceiveResult::Foreign,
    };
    (result, descriptors)
}

/// Sends "OK", with a listener or without.
pub(crate) fn send(peer: BorrowedFd<'_>, listener: Option<BorrowedFd<'_>>) -> SendResult {
    let listener = listener.as_slice();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !listener.is_empty() && !control.push(SendAncillaryMessage::ScmRights(listener)) {
        return SendResult::Failed;
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    loop {
        return match sendmsg(peer, &[IoSlice::new(OK)], &mut control, flags) {
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
