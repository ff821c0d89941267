//! What the system calls do.
//!
//! Everything here is a fact about Linux, and `tests/facts` shows each on the real kernel.

use crate::configuration::{Configuration, Umask};
use crate::list::List;
use crate::objects::{
    CONNECTIONS, Client, Connection, ConnectionId, Guard, INODES, Inode, Kind, Look, Message, Number, QUEUE, SOCKETS,
    Server, Socket, SocketId, Time,
};
use crate::process::Process;
use crate::world::World;

impl World {
    /// A new inode, under the number that was chosen for it.
    pub(crate) fn new_inode(&mut self, sticky: bool, kind: Kind) -> Number {
        let number = std::mem::take(&mut self.next_number);
        self.inodes[usize::from(number)] = Some(Inode::new(sticky, kind));
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

    /// Which numbers the next inode may get: any free one that a participant remembers, and one that no participant
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

    /// Whether some process, or some message, has the socket of an inode open.
    pub(crate) fn is_alive(&self, number: Number) -> bool {
        matches!(self.inode(number).kind, Kind::Bound(_))
    }

    /// Whether an inode is marked: by its time; or, if nothing has changed it since bind, by its sticky bit.
    pub(crate) fn is_marked(&self, number: Number) -> bool {
        let Inode { sticky, time, .. } = self.inode(number);
        time == Time::Magic || time == Time::Alike && sticky
    }

    /// chmod of the sticky bit; each process that watches the path is told.
    pub(crate) fn chmod(&mut self, number: Number, sticky: bool, same_tick: bool) {
        self.inode_mut(number).set_sticky(sticky, same_tick);
        self.inode_has_changed(number);
    }

    /// utimensat; each process that watches the path is told.
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

    /// Shuts a server's end down both ways: for all processes that have a copy.
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

    /// Puts a name where none is, or takes it away; each process that watches the path is told.
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

    /// A process opens a FIFO for writing: from now on a hang-up is reported to each process that has it open.
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

    /// Frees what is not referred to any more, as the kernel does at once.
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
            || self
                .connections
                .iter()
                .flatten()
                .any(|connection| matches!(connection.inbox, Some(Message::Listener { socket, .. }) if socket == id))
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

/// Puts something into the first slot that is free.
fn put<T>(slots: &mut [Option<T>], item: T) -> u8 {
    let free = slots.iter().position(Option::is_none).expect("there are slots enough");
    slots[free] = Some(item);
    free as u8
}

/// How a connect ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connect {
    Queued(ConnectionId),
    Refused,
    Full,
    /// No process may write to the socket.
    Denied,
}
