//! A client: its end of a connection, and what is known about it.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::socket_acceptconn;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix, SocketType, bind, connect, recvmsg, shutdown,
};

use crate::clients::act::Address;
use crate::descriptor::{self, Kind};
use crate::home::Home;
use crate::left::HANG;
use crate::user::as_stranger;

pub(super) struct Client {
    /// `None` once it is closed.
    socket: Option<OwnedFd>,
    pub(super) has_badge: bool,
    pub(super) is_stranger: bool,
    shut_read: bool,
    shut_write: bool,
    /// It has sent something that is not read.
    has_written: bool,
    /// Its own socket is in what it has sent: so that is open until it is read, whatever is closed here.
    has_sent_itself: bool,
}

/// What a client reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Nothing,
    End,
    /// An end that an npm client reports as an error.
    Reset,
    /// "OK" with a listener.
    Lock,
    /// "OK" alone.
    Loan,
    Other,
}

impl Client {
    /// Comes to the queue; `None` if it is not let in.
    pub(super) fn connect(home: &Home, folder: &Path, address: Address, is_stranger: bool) -> Option<Self> {
        let socket = descriptor::unbound(SocketType::STREAM);
        let mut has_badge = false;
        if let Some(own) = own_address(address, folder) {
            // The bare badge is one name, which one can have at a time.
            has_badge = bind(&socket, &own).is_ok()
                && matches!(address, Address::Badge | Address::LongBadge | Address::BareBadge);
        }
        rustix::io::ioctl_fionbio(&socket, true).expect("a socket");
        let connect = || connect(&socket, &home.address());
        let connected = if is_stranger { as_stranger(connect) } else { connect() };
        connected.ok()?;
        Some(Self {
            socket: Some(socket),
            has_badge,
            is_stranger,
            shut_read: false,
            shut_write: false,
            has_written: false,
            has_sent_itself: false,
        })
    }

    pub(super) fn send(&mut self, bytes: &[u8], kinds: &[Kind]) {
        let Some(socket) = &self.socket else { return };
        let descriptors: Vec<_> = kinds.iter().filter_map(|kind| kind.make(Some(socket.as_fd()))).collect();
        if descriptor::send(socket.as_fd(), bytes, &descriptors) {
            self.has_written = true;
            self.has_sent_itself |= kinds.contains(&Kind::Own);
        }
    }

    pub(super) fn shut(&mut self, how: Shutdown) {
        let Some(socket) = &self.socket else { return };
        let (read, write) = (how != Shutdown::Write, how != Shutdown::Read);
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        // A connection that the holder has ended is not there to be shut.
        if shutdown(socket, how).is_ok() {
            (self.shut_read, self.shut_write) = (self.shut_read || read, self.shut_write || write);
        }
    }

    pub(super) fn close(&mut self) {
        self.socket = None;
    }

    /// All that it has sent was read.
    pub(super) fn was_read(&mut self) {
        (self.has_written, self.has_sent_itself) = (false, false);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.socket.is_none()
    }

    /// It has closed its end, and no other process has that open.
    pub(super) fn is_dead(&self) -> bool {
        self.socket.is_none() && !self.has_sent_itself
    }

    /// It has closed its end, and the kernel keeps that open for what is on the way.
    pub(super) fn is_ghost(&self) -> bool {
        self.socket.is_none() && self.has_sent_itself
    }

    /// It has sent something that was not read: so the kernel resets it when the holder ends the connection.
    pub(super) fn is_unread(&self) -> bool {
        self.has_written
    }

    /// It has ended its stream, and left nothing to be read.
    pub(super) fn has_left(&self) -> bool {
        (self.is_dead() || self.shut_write) && !self.has_written
    }

    /// No process waits at this end any more, whatever is read there.
    pub(super) fn ends_loan(&self) -> bool {
        self.socket.is_none() || self.shut_write
    }

    /// Nothing can be sent to it.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_dead() || self.shut_read
    }

    /// Waits for what must come, and reads it: what it is, and the listener.
    pub(super) fn expect_message(&self) -> (Message, Option<OwnedFd>) {
        let Some(socket) = &self.socket else { return (Message::End, None) };
        let hang = Timespec { tv_sec: HANG.as_secs().cast_signed(), tv_nsec: 0 };
        let mut fds = [PollFd::new(socket, PollFlags::IN)];
        let ready = retry_on_intr(|| poll(&mut fds, Some(&hang))).expect("poll");
        assert_ne!(ready, 0, "nothing comes to a client whose turn it is");
        self.read()
    }

    /// Reads what has come.
    pub(super) fn read(&self) -> (Message, Option<OwnedFd>) {
        let Some(socket) = &self.socket else { return (Message::Nothing, None) };
        let mut bytes = [0_u8; 16];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let count = match recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
            Ok(message) => message.bytes,
            Err(Errno::WOULDBLOCK) => return (Message::Nothing, None),
            Err(_) => return (Message::Reset, None),
        };
        let mut descriptors: Vec<OwnedFd> = Vec::new();
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = part {
                descriptors.extend(received);
            }
        }
        match (&bytes[..count], descriptors.pop()) {
            ([], None) => (Message::End, None),
            (b"OK", None) => (Message::Loan, None),
            (b"OK" | b"OK unshared", Some(socket))
                if descriptors.is_empty() && socket_acceptconn(&socket) == Ok(true) =>
            {
                (Message::Lock, Some(socket))
            }
            _ => (Message::Other, None),
        }
    }
}

/// An address that no other client has, except the bare badge.
fn own_address(address: Address, folder: &Path) -> Option<SocketAddrUnix> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let unique = format!("{:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let name = match address {
        Address::None => return None,
        Address::Chosen => return Some(SocketAddrUnix::new_unnamed()),
        Address::Path => return SocketAddrUnix::new(folder.join("slocket/2").join(unique)).ok(),
        Address::Badge => format!("slocket/2/{unique}"),
        Address::LongBadge => format!("slocket/2/{unique:x<97}"),
        Address::BareBadge => "slocket/2/".to_owned(),
        Address::ShortOfABadge => format!("slocket/2{unique}"),
        Address::OtherVersion => format!("slocket/1/{unique}"),
        Address::AfterNul => format!("\0slocket/2/{unique}"),
    };
    Some(SocketAddrUnix::new_abstract_name(name.as_bytes()).expect("a name that fits"))
}
