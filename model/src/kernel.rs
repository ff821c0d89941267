//! What the system calls do.
//!
//! Everything here is a fact about Linux, and `tests/facts.rs` shows each on the real kernel.

use crate::configuration::{Configuration, Umask};
use crate::process::Process;
use crate::world::World;

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
    /// One of them is that its owner may write: nobody can connect.
    pub locked: bool,
    /// What a connect finds.
    pub kind: Kind,
}

/// The mtime of an inode, as far as the mark reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// The same as its ctime: nothing has changed it since bind, or since somebody touched it.
    Alike,
    /// Another than its ctime: it was changed later, as by chmod.
    Apart,
    /// The time of a socket that is handed over only.
    Magic,
    /// The time of a socket that is lent.
    Lent,
}

impl Inode {
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
    /// A socket that nobody has open.
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
    /// A stranger was the last to call listen: `SO_PEERCRED` names it to whoever connects.
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
    /// The client has taken its leave before the server had its say: nobody promises that npm's survives that.
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
    Listener(SocketId),
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

/// A short list in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct List<T, const N: usize> {
    items: [Option<T>; N],
}

impl<T: Copy, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self { items: [None; N] }
    }
}

impl<T: Copy + PartialEq, const N: usize> List<T, N> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items[0].is_none()
    }

    /// All, the first first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = T> {
        self.items.iter().flatten().copied()
    }

    /// Appends one.
    pub(crate) fn push(&mut self, item: T) {
        let free = self.items.iter_mut().find(|slot| slot.is_none()).expect("the list is long enough");
        *free = Some(item);
    }

    /// Takes the first.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let first = self.items[0].take();
        self.items.rotate_left(1);
        first
    }

    /// Takes the last.
    pub(crate) fn pop_last(&mut self) -> Option<T> {
        self.items.iter_mut().rev().find(|slot| slot.is_some()).and_then(Option::take)
    }

    /// All, the first first, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().flatten()
    }

    /// Takes this one out, if it is there.
    pub(crate) fn remove(&mut self, item: T) {
        if let Some(at) = self.items.iter().position(|slot| *slot == Some(item)) {
            self.items[at] = None;
            self.items[at..].rotate_left(1);
        }
    }
}

impl World {
    /// A new inode, under the number that was chosen for it.
    pub(crate) fn new_inode(&mut self, sticky: bool, kind: Kind) -> Number {
        let number = std::mem::take(&mut self.next_number);
        self.inodes[usize::from(number)] =
            Some(Inode { sticky, time: Time::Alike, foreign: false, spoiled: false, locked: false, kind });
        number
    }

    /// A new socket of this process's, which is visible and not registered yet.
    pub(crate) fn new_socket(&mut self, process: usize, configuration: &Configuration, sticky: bool) -> Number {
        let inode = self.new_inode(sticky, Kind::Visible);
        let made = self.inode_mut(inode);
        made.foreign = configuration.is_foreign(process);
        (made.spoiled, made.locked) = (configuration.umask != Umask::Clear, configuration.umask == Umask::Locks);
        inode
    }

    /// Whether a process may remove an inode from the folder.
    pub(crate) fn may_unlink(&self, process: usize, configuration: &Configuration, inode: Number) -> bool {
        !configuration.sticky || self.inode(inode).foreign == configuration.is_foreign(process)
    }

    /// Which numbers the next inode may get: any that somebody remembers and that is free again, and one that nobody
    /// remembers.
    pub(crate) fn free_numbers(&self) -> impl Iterator<Item = Number> {
        let mut remembered = [false; INODES];
        for process in &self.processes {
            process.remembered_numbers(|number| remembered[usize::from(number)] = true);
        }
        let is_free = |number: &usize| self.inodes[*number].is_none();
        let fresh = (0..INODES).filter(is_free).find(|number| !remembered[*number]);
        let stale: Vec<usize> = (0..INODES).filter(is_free).filter(|number| remembered[*number]).collect();
        stale.into_iter().chain(fresh).map(|number| number as Number)
    }

    pub(crate) fn inode(&self, number: Number) -> Inode {
        self.inodes[usize::from(number)].expect("what is referred to is there")
    }

    pub(crate) fn inode_mut(&mut self, number: Number) -> &mut Inode {
        self.inodes[usize::from(number)].as_mut().expect("what is referred to is there")
    }

    /// Registers a socket for an inode that bind has made visible.
    pub(crate) fn register(&mut self, number: Number, npm: bool) -> SocketId {
        let socket = Socket {
            inode: number,
            npm,
            strange: false,
            elsewhere: false,
            names_stranger: false,
            listens: false,
            refuses: false,
            queue: List::default(),
        };
        let id = put(&mut self.sockets, socket);
        self.inode_mut(number).kind = Kind::Bound(id);
        id
    }

    pub(crate) fn socket(&self, id: SocketId) -> Socket {
        self.sockets[usize::from(id)].expect("what is referred to is there")
    }

    pub(crate) fn socket_mut(&mut self, id: SocketId) -> &mut Socket {
        self.sockets[usize::from(id)].as_mut().expect("what is referred to is there")
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Connection {
        self.connections[usize::from(id)].expect("what is referred to is there")
    }

    pub(crate) fn connection_mut(&mut self, id: ConnectionId) -> &mut Connection {
        self.connections[usize::from(id)].as_mut().expect("what is referred to is there")
    }

    /// Whether some process, or some message, has the socket of an inode open.
    pub(crate) fn is_alive(&self, number: Number) -> bool {
        matches!(self.inode(number).kind, Kind::Bound(_))
    }

    /// Whether an inode is marked: by its time; or, if nothing has changed it since bind, by its sticky bit.
    pub(crate) fn is_marked(&self, number: Number) -> bool {
        let Inode { sticky, time, .. } = self.inode(number);
        time == Time::Magic || time == Time::Alike && sticky
    }

    /// chmod of the sticky bit; whoever watches the path is told.
    pub(crate) fn chmod(&mut self, number: Number, sticky: bool, same_tick: bool) {
        self.inode_mut(number).set_sticky(sticky, same_tick);
        self.inode_has_changed(number);
    }

    /// utimensat; whoever watches the path is told.
    pub(crate) fn set_time(&mut self, number: Number, time: Time) {
        self.inode_mut(number).time = time;
        self.inode_has_changed(number);
    }

    fn inode_has_changed(&mut self, number: Number) {
        if self.path == Some(number) {
            self.set_path(self.path);
        }
    }

    /// connect to an inode, not blocking.
    pub(crate) fn connect(
        &mut self,
        number: Number,
        process: usize,
        badge: bool,
        configuration: &Configuration,
    ) -> Connect {
        let inode = self.inode(number);
        if inode.locked {
            return Connect::Denied;
        }
        let Kind::Bound(id) = inode.kind else { return Connect::Refused };
        let socket = self.socket(id);
        if !socket.listens || socket.refuses {
            return Connect::Refused;
        }
        // (What this model has no room for, the kernel would call full at some other number.)
        let has_room = socket.queue.len() < QUEUE && self.connections.contains(&None);
        if socket.queue.len() > usize::from(configuration.backlog) || !has_room {
            return Connect::Full;
        }
        let connection = Connection {
            badge,
            strange: socket.names_stranger,
            foreign_server: inode.foreign,
            foreign_client: configuration.is_foreign(process),
            client: Client::Open,
            server: Server::Queued,
            inbox: None,
            farewell: false,
        };
        let connection = put(&mut self.connections, connection);
        self.socket_mut(id).queue.push(connection);
        Connect::Queued(connection)
    }

    /// accept, not blocking: the head of the queue.
    pub(crate) fn accept(&mut self, id: SocketId) -> Option<ConnectionId> {
        let connection = self.socket_mut(id).queue.pop()?;
        self.connection_mut(connection).server = Server::Accepted;
        Some(connection)
    }

    /// send to a client; `false` for EPIPE.
    pub(crate) fn send(&mut self, id: ConnectionId, message: Message) -> bool {
        let connection = self.connection_mut(id);
        if !matches!(connection.client, Client::Open | Client::Dismissed) || connection.server == Server::Ending {
            return false;
        }
        connection.inbox = Some(message);
        true
    }

    /// Whether a peer has ended its stream.
    pub(crate) fn client_ended(&self, id: ConnectionId) -> bool {
        matches!(self.connection(id).client, Client::Dismissed | Client::Cut | Client::Closed)
    }

    /// Whether a read of the client says that the stream has ended (or was reset).
    pub(crate) fn server_ended(&self, id: ConnectionId) -> bool {
        let connection = self.connection(id);
        let has_ended = matches!(connection.server, Server::Ending | Server::Ended | Server::Reset { .. });
        connection.inbox.is_none() && (has_ended || connection.client == Client::Cut)
    }

    /// Closes a process's descriptor of a server's end.
    pub(crate) fn close_server(&mut self, id: ConnectionId) {
        let has_it = |process: &Process| process.guest == Some(id) || process.guests.iter().any(|guest| guest == id);
        if !self.processes.iter().any(has_it) {
            self.connection_mut(id).server = Server::Ended;
        }
    }

    /// Shuts a server's end down both ways: for all who have a copy.
    pub(crate) fn end_server(&mut self, id: ConnectionId) {
        self.connection_mut(id).server = Server::Ended;
    }

    /// Closes a process's descriptor of a client's end. With the last one what was not read is gone.
    pub(crate) fn close_client(&mut self, id: ConnectionId) {
        let has_it = |process: &Process| process.connection == Some(id) || process.probe == Some(id);
        if self.processes.iter().any(has_it) {
            return;
        }
        let connection = self.connection_mut(id);
        connection.client = Client::Closed;
        connection.inbox = None;
    }

    /// Puts a name where none is, or takes it away; whoever watches the path is told.
    pub(crate) fn set_path(&mut self, number: Option<Number>) {
        self.path = number;
        for process in &mut self.processes {
            process.path_has_changed();
        }
    }

    /// flock, not blocking. It is granted per open file description, and each process has one at most.
    pub(crate) fn flock(&mut self, process: usize, guard: Guard) -> bool {
        let others = || self.processes.iter().enumerate().filter(|(other, _)| *other != process);
        let granted = match guard {
            Guard::None => true,
            Guard::Shared => {
                self.orphan != Guard::Exclusive && others().all(|(_, other)| other.guard != Guard::Exclusive)
            }
            Guard::Exclusive => self.orphan == Guard::None && others().all(|(_, other)| other.guard == Guard::None),
        };
        if granted {
            self.processes[process].guard = guard;
        }
        granted
    }

    /// Closes the folder of a process, which a forked child has open, too: the guard stays with that.
    pub(crate) fn leave_guard(&mut self, process: usize) {
        let guard = std::mem::take(&mut self.processes[process].guard);
        if std::mem::take(&mut self.processes[process].forked) {
            self.orphan = guard;
        }
    }

    /// Opens a FIFO to look at it; or for writing, too.
    pub(crate) fn look_at(&mut self, inode: Number, writes: bool) -> Look {
        if writes {
            self.has_a_writer_now(inode);
        }
        Look { inode, is_deaf: !writes && !self.has_writer(inode), writes }
    }

    /// Somebody opens a FIFO for writing: a hang-up is reported from now on to whoever has it open.
    pub(crate) fn has_a_writer_now(&mut self, inode: Number) {
        for process in &mut self.processes {
            process.looks_mut(|look| look.is_deaf &= look.inode != inode);
        }
    }

    /// Whether some process has a FIFO open for writing.
    pub(crate) fn has_writer(&self, inode: Number) -> bool {
        self.processes.iter().any(|process| {
            process.share == Some(inode) || process.looks().any(|look| look.writes && look.inode == inode)
        })
    }

    /// Whether poll reports a hang-up.
    pub(crate) fn has_hung_up(&self, look: Look) -> bool {
        !look.is_deaf && !self.has_writer(look.inode)
    }

    /// Frees what nobody refers to any more, as the kernel does at once.
    pub(crate) fn collect(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for id in 0..SOCKETS {
                if let Some(socket) = self.sockets[id]
                    && !self.is_open(id as SocketId)
                {
                    // Those in its queue are reset.
                    for connection in socket.queue.iter() {
                        self.connection_mut(connection).server = Server::Reset { npm: socket.npm || socket.strange };
                    }
                    self.inode_mut(socket.inode).kind = Kind::Dead;
                    // An abstract name is free when its socket is gone.
                    if self.at_name && self.path == Some(socket.inode) {
                        self.path = None;
                    }
                    self.sockets[id] = None;
                    changed = true;
                }
            }
        }
        for id in 0..CONNECTIONS {
            let over = |connection: Connection| {
                connection.client == Client::Closed && matches!(connection.server, Server::Ended | Server::Reset { .. })
            };
            let has_it = |process: &Process| {
                let id = id as ConnectionId;
                process.guest == Some(id) || process.guests.iter().any(|guest| guest == id)
            };
            if self.connections[id].is_some_and(over) && !self.processes.iter().any(has_it) {
                self.connections[id] = None;
            }
        }
        for number in 0..INODES {
            if self.inodes[number].is_some() && !self.is_referred_to(number as Number) {
                self.inodes[number] = None;
            }
        }
    }

    fn is_open(&self, id: SocketId) -> bool {
        self.processes.iter().any(|process| process.socket == Some(id) || process.kept == Some(id))
            || self.connections.iter().flatten().any(|connection| connection.inbox == Some(Message::Listener(id)))
    }

    fn is_referred_to(&self, number: Number) -> bool {
        self.path == Some(number)
            || self.names.contains(&Some(number))
            || self.shares.contains(&Some(number))
            || self.sockets.iter().flatten().any(|socket| socket.inode == number)
            || self.processes.iter().any(|process| {
                [process.pin, process.swept, process.half, process.share].contains(&Some(number))
                    || process.looks().any(|look| look.inode == number)
            })
    }
}

/// How a connect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connect {
    Queued(ConnectionId),
    Refused,
    Full,
    /// Nobody may write to the socket.
    Denied,
}

/// Puts something into the first slot that is free.
fn put<T>(slots: &mut [Option<T>], item: T) -> u8 {
    let free = slots.iter().position(Option::is_none).expect("there are slots enough");
    slots[free] = Some(item);
    free as u8
}
