//! A waiter's connection to the server: joining the queue, receiving the lock, leaving.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, Shutdown, bind, getpeername, getsockname,
    recvmsg, shutdown,
};
use slocket_core::{Received, Removal};

use crate::abstract_name::AbstractName;
use crate::at_path::AtPath;
use crate::closing::{close_apart, end};
use crate::descriptor::Descriptor;
use crate::error::{Doing, Fault};
use crate::inode::{Inode, Probe};
use crate::kernel::{self, Prober};
use crate::listener::{self, Listener};
use crate::peer::{self, Holder, Peer};
use crate::{address, publish, reserve};

/// The most descriptors that the kernel puts into one message (`SCM_MAX_FD`, unix(7)): room for all of them, so that
/// `MSG_CTRUNC` means one thing only.
const MOST_DESCRIPTORS: usize = 253;

/// A connection to whoever listens at the lock's path or abstract name.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Descriptor,
    /// The file at the path that we connected to; `None` at an abstract name.
    inode: Option<Inode>,
    /// The socket was marked when we came, or is at an abstract name: its server hands over, and always will.
    hands_over: bool,
    /// Who listened when we connected, if that can be told.
    peer: Option<Peer>,
    /// The server has been told that we are done, whatever it grants.
    dismissed: bool,
    /// Keeps a descriptor in reserve, to be freed just before a listener is received.
    reserve: Option<OwnedFd>,
}

/// How connecting ended.
#[derive(Debug)]
pub(crate) enum Join {
    Queued(Connection),
    Missing,
    Refused,
    BacklogFull,
    NotASocket,
    WrongType,
    /// The socket is another user's, and we may not connect to it.
    Denied,
}

/// What has arrived.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Nothing yet.
    Nothing,
    /// The connection has ended.
    End,
    /// A message; the listener if one came.
    Message(Received, Option<Listener>),
}

impl Connection {
    /// Joins the queue at a path, with a badge. A symbolic link there is not followed. One that only looks takes nothing.
    pub(crate) fn join(at: &AtPath, looks: bool) -> Result<Join, Fault> {
        let Some(pin) = at.pin().doing("look at the path")? else { return Ok(Join::Missing) };
        if !pin.look.is_socket {
            return Ok(Join::NotASocket);
        }
        let socket = with_badge()?;
        // (npm's server dies if it cannot send.)
        if looks && pin.look.is_marked {
            take_nothing(&socket);
        }
        match pin.connect(socket.as_fd(), at.path()) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Join::Missing),
            // Where the lock is contended, the path has mostly changed hands between the look and the call.
            Err(Errno::CONNREFUSED) => {
                let is_there = at.is(pin.look.inode).doing("look at the path")?;
                return Ok(if is_there { Join::Refused } else { Join::Missing });
            }
            Err(Errno::WOULDBLOCK) => return Ok(Join::BacklogFull),
            Err(Errno::PROTOTYPE) => return Ok(Join::WrongType),
            Err(Errno::ACCESS) if pin.look.is_unsettled() => return Ok(Join::Refused),
            Err(Errno::ACCESS) if !peer::is_ours(pin.look.owner) => return Ok(Join::Denied),
            Err(errno) => return Err(errno).doing("connect"),
        }
        let (inode, hands_over) = (Some(pin.look.inode), pin.look.is_marked);
        Ok(Join::Queued(Self::new(socket, inode, hands_over, pin.into_file())))
    }

    /// Joins the queue at an abstract name, with a badge.
    pub(crate) fn join_at_name(name: &AbstractName, looks: bool) -> Result<Join, Fault> {
        let socket = with_badge()?;
        if looks {
            take_nothing(&socket);
        }
        let reserve = reserve::descriptor().doing("keep a descriptor in reserve")?;
        match name.connect(socket.as_fd()) {
            Ok(()) => {}
            // Gone, or bound and not listening yet: nothing tells which, and either passes.
            Err(Errno::CONNREFUSED) => return Ok(Join::Missing),
            Err(Errno::WOULDBLOCK) => return Ok(Join::BacklogFull),
            Err(errno) => return Err(errno).doing("connect"),
        }
        Ok(Join::Queued(Self::new(socket, None, true, reserve)))
    }

    fn new(socket: Descriptor, inode: Option<Inode>, hands_over: bool, reserve: OwnedFd) -> Self {
        let peer = Peer::of(socket.as_fd());
        Self { socket, inode, hands_over, peer, dismissed: false, reserve: Some(reserve) }
    }

    /// The descriptor that it is.
    pub(crate) fn socket(&self) -> &Descriptor {
        &self.socket
    }

    /// The same, to be changed.
    pub(crate) fn socket_mut(&mut self) -> &mut Descriptor {
        &mut self.socket
    }

    /// Who listened when we connected.
    pub(crate) fn server(&self) -> Option<Holder> {
        self.peer.map(Peer::holder)
    }

    /// The server's process and user, if they can be told.
    pub(crate) fn peer(&self) -> Option<Peer> {
        self.peer
    }

    fn is_of_our_user(&self) -> bool {
        self.peer.is_some_and(Peer::is_ours)
    }

    /// Takes what has arrived, without blocking.
    pub(crate) fn receive(&mut self, at: Option<&AtPath>) -> Result<Arrival, Fault> {
        let had_reserve = self.reserve.take().is_some();
        let mut bytes = [0_u8; 16];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let message = loop {
            match recvmsg(&self.socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
                Ok(message) => break message,
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => {
                    if had_reserve {
                        self.reserve = reserve::descriptor().ok();
                    }
                    return Ok(Arrival::Nothing);
                }
                // A reset means the same as the end of the stream: the holder died while we were queued.
                Err(_) => return Ok(Arrival::End),
            }
        };
        let mut descriptors: Vec<OwnedFd> = Vec::new();
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = part {
                descriptors.extend(received);
            }
        }
        let is_truncated = message.flags.contains(ReturnFlags::CTRUNC);
        let is_ok = !is_truncated && bytes.get(..message.bytes) == Some(listener::OK);
        if is_ok && let [_] = *descriptors {
            let socket = descriptors.remove(0);
            return self.take_over(socket, at).doing("take the listener over");
        }
        let came_alone = descriptors.is_empty();
        close_apart(descriptors);
        Ok(match message.bytes {
            _ if is_truncated => Arrival::Message(Received::Truncated, None),
            0 => Arrival::End,
            // (Nothing is lent at an abstract name: its lender could die unseen.)
            _ if is_ok && came_alone && self.inode.is_some() => Arrival::Message(Received::Loan, None),
            _ => Arrival::Message(Received::Foreign, None),
        })
    }

    /// Takes over the listener that came, if it is this lock's. What is used otherwise would carry our name
    /// (`SO_PEERCRED`), and whoever sent it, or has a copy, would be taken for us.
    fn take_over(&self, socket: OwnedFd, at: Option<&AtPath>) -> rustix::io::Result<Arrival> {
        // A lock is not handed over between users: so none of ours did this.
        let refused = if !self.is_of_our_user() {
            Received::NotOurs
        } else if !Listener::is_one(&socket) {
            Received::Foreign
        } else {
            // A connection's peer has the address of its listener. (Of a socket that was published aside that is the temporary
            // name; of one that was bound in another mount namespace, its path there.)
            let address = getsockname(&socket)?;
            if getpeername(&self.socket)?.as_ref() == Some(&address) && self.is_at(at) {
                let listener = Listener::take_over(socket, address.try_into()?, self.inode)?;
                return Ok(Arrival::Message(Received::Listener, Some(listener)));
            }
            Received::NotOurs
        };
        close_apart(vec![socket]);
        Ok(Arrival::Message(refused, None))
    }

    /// Closes it. What a stranger has sent, and is not read, is closed apart.
    pub(crate) fn close(self) {
        if !self.is_of_our_user() {
            end(self.socket);
        }
    }

    /// Whether the path is still the socket that we connected to, as far as can be told: else the lock is lost, and another
    /// may have been published there.
    fn is_at(&self, at: Option<&AtPath>) -> bool {
        self.is_intact(at) != Ok(false)
    }

    /// Leaves the queue (protocol section 2, "Cancel"). Tells whether the connection is done with, and hands out the
    /// listener if it had arrived already.
    pub(crate) fn leave(&mut self, at: Option<&AtPath>) -> (Leave, Option<Listener>) {
        if !self.server_hands_over(at) {
            // The server may lend, and npm's dies if it does when our stream has ended, or only our half of it. So the
            // place is kept until the server has granted the lock or ended the stream.
            self.reserve = None;
            return (Leave::Lingering, None);
        }
        let _ = shutdown(&self.socket, Shutdown::Read);
        loop {
            match self.receive(at) {
                Ok(Arrival::Message(Received::Listener, listener)) => return (Leave::Done, listener),
                Ok(Arrival::Message(..)) => {}
                Ok(Arrival::Nothing | Arrival::End) | Err(_) => return (Leave::Done, None),
            }
        }
    }

    /// Tells a server that may lend that we are done. (npm's ends the connection then; it dies if it grants the lock in
    /// that very instant, so this is for want of descriptors only.)
    pub(crate) fn dismiss(&mut self) {
        self.dismissed = true;
        let _ = shutdown(&self.socket, Shutdown::Write);
    }

    /// Whether the server has been told that we are done.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.dismissed
    }

    /// Lets nothing more arrive, so that the end of the stream is next. (It is next whether the server is there or not: so
    /// it says nothing of the server any more.)
    pub(crate) fn cut(&mut self) {
        self.dismissed = true;
        let _ = shutdown(&self.socket, Shutdown::Both);
    }

    /// Whether the server hands over, so that another process may hold the lock by now than when we connected.
    pub(crate) fn hands_over(&self) -> bool {
        self.hands_over
    }

    fn server_hands_over(&self, at: Option<&AtPath>) -> bool {
        self.hands_over
            || matches!(at.map(AtPath::look), Some(Ok(Some(found))) if Some(found.inode) == self.inode && found.is_socket && found.is_marked)
    }

    /// As the client of a lending server, ends the loan. If the server is gone, the path is ours to unlink, as long as
    /// it is still the socket that we connected to and nobody has that open.
    pub(crate) fn give_back(self, at: Option<&AtPath>) -> Removal {
        // A server that was told that we are done may have granted the lock to the next before it went.
        if self.dismissed || !listener::has_ended(self.socket.as_fd()) {
            end(self.socket);
            return Removal::Done;
        }
        let Some(at) = at else { return Removal::Done };
        let removal = (|| {
            let Some(pin) = at.pin().doing("look at the path")? else { return Ok(Removal::NotOurs) };
            if Some(pin.look.inode) != self.inode {
                return Ok(Removal::NotOurs);
            }
            // (By a datagram socket alone: a server that lends is not asked by a connection.)
            if pin.probe(at.path()).doing("probe the socket")? != Probe::Dead
                || kernel::prober(at, pin.look.inode.device)? != Prober::Datagram
            {
                return Ok(Removal::Done);
            }
            at.unlink().doing("remove the socket").map(|()| Removal::Done)
        })();
        removal.unwrap_or_else(|fault: Fault| Removal::Failed(fault.errno.raw_os_error()))
    }

    /// Whether the path is still the socket that we connected to.
    pub(crate) fn is_intact(&self, at: Option<&AtPath>) -> rustix::io::Result<bool> {
        match (self.inode, at) {
            (Some(inode), Some(at)) => at.is(inode),
            _ => Ok(true),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A stream socket that is bound to a badge.
fn with_badge() -> Result<Descriptor, Fault> {
    let socket = publish::stream_socket()?;
    loop {
        let badge = address::badge().doing("choose a badge")?;
        match retry_on_intr(|| bind(&socket, &badge)) {
            Ok(()) => return Ok(Descriptor::new(socket, badge)),
            Err(Errno::ADDRINUSE) => {}
            Err(errno) => return Err(errno).doing("bind the badge"),
        }
    }
}

/// Lets nothing arrive on a socket that is yet to be connected: a holder that meets it passes it over, and nobody takes a look
/// for a hold.
fn take_nothing(socket: &Descriptor) {
    let _ = shutdown(socket, Shutdown::Read);
}

/// How leaving the queue went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The connection can be closed.
    Done,
    /// The server must have its say first.
    Lingering,
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixListener;

    use tempfile::TempDir;

    use super::*;
    use crate::builder::Builder;
    use crate::lock::Lock;

    /// A connection to a server that may lend, which has granted the lock and was killed.
    fn granted_by_the_dead(leave: impl FnOnce(&mut Connection)) -> (TempDir, Lock, Connection) {
        let folder = TempDir::with_prefix("slocket-connection-").unwrap();
        let lock: Lock = Builder::new(folder.path().join("lock")).build().unwrap();
        let server = UnixListener::bind(lock.path().unwrap()).unwrap();
        let Ok(Join::Queued(mut connection)) = Connection::join(lock.at_path().unwrap(), false) else {
            panic!("it listens")
        };
        let mut accepted = server.accept().unwrap().0;
        accepted.write_all(listener::OK).unwrap();
        leave(&mut connection);
        drop((server, accepted));
        assert!(matches!(connection.receive(lock.at_path()), Ok(Arrival::Message(Received::Loan, None))));
        (folder, lock, connection)
    }

    #[test]
    fn the_client_of_a_dead_server_removes_the_path() {
        let (_folder, lock, connection) = granted_by_the_dead(|_| {});
        assert_eq!(connection.give_back(lock.at_path()), Removal::Done);
        assert!(!lock.path().unwrap().exists());
    }

    /// The server has seen the end of the stream, and may have granted the lock to the next before it was killed.
    #[test]
    fn whoever_has_taken_its_leave_removes_nothing() {
        let leaves: [fn(&mut Connection); 2] = [Connection::dismiss, Connection::cut];
        for leave in leaves {
            let (_folder, lock, connection) = granted_by_the_dead(leave);
            assert_eq!(connection.give_back(lock.at_path()), Removal::Done);
            assert!(lock.path().unwrap().exists());
        }
    }
}
