//! What the kernel keeps: inodes, sockets, connections, the guard of a folder.

use crate::list::List;

/// An inode, by its number: the number is used again as soon as nothing refers to the inode.
pub type Number = u8;
/// A listening socket, or one that will be.
pub type SocketId = u8;
/// A connection, from connect until both ends are closed.
pub type ConnectionId = u8;
/// A temporary name.
pub type Name = u8;

pub(crate) const INODES: usize = 13;
pub(crate) const SOCKETS: usize = 6;
pub(crate) const CONNECTIONS: usize = 10;
pub(crate) const NAMES: usize = 5;
pub(crate) const QUEUE: usize = 6;
pub(crate) const SLOTS: usize = 3;

/// What stat tells of an inode, and which socket is registered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inode {
    /// The sticky bit.
    pub sticky: bool,
    /// What its times say.
    pub time: Time,
    /// It is another user's.
    pub foreign: bool,
    /// The umask has taken bits from its mode.
    pub spoiled: bool,
    /// One of them is that its owner may write: no client can connect.
    pub locked: bool,
    /// What a connect finds.
    pub kind: Kind,
}

/// The mtime of an inode, as far as the mark reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// The same as its ctime: nothing has changed it since bind, or since a process touched it.
    Alike,
    /// Another than its ctime: it was changed later, as by chmod.
    Apart,
    /// The time of a socket that is handed over only.
    Magic,
    /// The time of a socket that is lent.
    Lent,
}

impl Inode {
    pub(crate) fn new(sticky: bool, kind: Kind) -> Self {
        Self { sticky, time: Time::Alike, foreign: false, spoiled: false, locked: false, kind }
    }

    /// chmod. It sets the ctime; so both times are alike still if they were, and its clock has not moved on since
    /// (`same_tick`).
    pub(crate) fn set_sticky(&mut self, sticky: bool, same_tick: bool) {
        self.sticky = sticky;
        if self.time == Time::Alike && !same_tick {
            self.time = Time::Apart;
        }
    }
}

/// What a connect finds at an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// bind has made it visible and has not registered the socket yet: it looks dead.
    Visible,
    /// A socket that some process, or some message, has open.
    Bound(SocketId),
    /// A socket that no process has open.
    Dead,
    /// A FIFO.
    Fifo,
}

/// A FIFO that is open to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// Its inode.
    pub inode: Number,
    /// It had no writer when it was opened, and has had none since: poll does not report a hang-up.
    pub is_deaf: bool,
    /// It is open for writing, too.
    pub writes: bool,
}

/// A socket that was bound. It lives while a process has it open or a message carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Socket {
    /// The inode it is bound to, which is not freed while it lives.
    pub inode: Number,
    /// npm's slocket has made it.
    pub npm: bool,
    /// A stranger has made it.
    pub strange: bool,
    /// It is bound to another address than the lock's.
    pub elsewhere: bool,
    /// A stranger was the last to call listen: `SO_PEERCRED` names it to each client.
    pub names_stranger: bool,
    /// listen was called.
    pub listens: bool,
    /// It was shut down for reading: it refuses.
    pub refuses: bool,
    /// The accept queue.
    pub queue: List<ConnectionId, QUEUE>,
}

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// The client was bound to a badge.
    pub badge: bool,
    /// A stranger was named when it was made.
    pub strange: bool,
    /// The server's user is another than most.
    pub foreign_server: bool,
    /// The client's is.
    pub foreign_client: bool,
    /// The client's end.
    pub client: Client,
    /// The server's end.
    pub server: Server,
    /// What the client has not read yet.
    pub inbox: Option<Message>,
    /// The client has taken its leave before the server had its say: npm's server may not survive that.
    pub farewell: bool,
}

/// The client's end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Open.
    Open,
    /// Shut down for reading: a send to it fails, it can still read what has arrived.
    Deaf,
    /// Shut down for writing: the server sees the end of the stream, what it sends arrives.
    Dismissed,
    /// Shut down both ways: the server sees the end of the stream, a send to it fails; it reads what has arrived, then an
    /// end, whether the server is there or not.
    Cut,
    /// Closed: a send to it fails, and what it had not read is gone.
    Closed,
}

/// The server's end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Server {
    /// In the accept queue.
    Queued,
    /// Accepted.
    Accepted,
    /// Node has seen the end of the client's stream and has ended its own; npm's server is told later, and dies if it writes
    /// until then. (Shortly before it is told a write comes to nothing, which is as if it had been told.) The client reads
    /// an end of stream.
    Ending,
    /// Closed after it was accepted: the client reads an end of stream.
    Ended,
    /// Never accepted, and the listener is gone: the client reads a reset.
    Reset {
        /// The listener was npm's, or a stranger's.
        npm: bool,
    },
}

/// A message of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// "OK" and a listener.
    Listener {
        /// The listener.
        socket: SocketId,
        /// The sender says that no process has a share.
        unshared: bool,
    },
    /// "OK".
    Loan,
}

/// The lock of flock(2) that an open folder carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Guard {
    /// None.
    #[default]
    None,
    /// `LOCK_SH`.
    Shared,
    /// `LOCK_EX`.
    Exclusive,
}
