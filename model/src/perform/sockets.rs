//! Calls about sockets and connections.

use slocket_core::{AcceptResult, Cargo, ConnectResult, Half, PeerResult, ReceiveResult, Role, SendResult, Target};

use crate::broken::Broken;
use crate::bug::Bug;
use crate::configuration::{Configuration, Probe};
use crate::kernel::Connect;
use crate::objects::{Client, Message, Number, SocketId};
use crate::perform::answer::ERRNO;
use crate::world::World;

impl World {
    pub(super) fn listen(&mut self, process: usize) {
        let Some(id) = self.processes[process].socket else { return };
        let is_at_path = self.mind(process).inode() == Some(self.socket(id).inode);
        let socket = self.socket_mut(id);
        socket.listens = true;
        socket.names_stranger = false;
        if socket.strange && (socket.elsewhere || !is_at_path) && !self.at_name {
            self.broken = Some(Broken::Believed);
        }
    }

    pub(super) fn connect_by(
        &mut self,
        process: usize,
        configuration: &Configuration,
        role: Role,
        target: Target,
    ) -> ConnectResult {
        let inode = match target {
            Target::Pinned(_) if !configuration.has_proc => None,
            Target::Pinned(pin) => self.held_fast(process, pin),
            Target::Path(name) => self.named(process, name),
            Target::Abstract => self.path,
        };
        match inode {
            Some(inode) => self.connect_to(process, configuration, role, inode),
            None if target == Target::Abstract => ConnectResult::Refused,
            None => ConnectResult::Missing(ERRNO),
        }
    }

    /// connect, of the socket that waits or of a probe, to an inode.
    pub(super) fn connect_to(
        &mut self,
        process: usize,
        configuration: &Configuration,
        role: Role,
        number: Number,
    ) -> ConnectResult {
        if role == Role::Probe && !self.processes[process].asks_by_stream {
            return match self.inodes[usize::from(number)] {
                Some(inode) if inode.locked => ConnectResult::Denied(ERRNO),
                // On a kernel where it tells nothing it is refused whatever it is connected to.
                Some(_) if configuration.probe == Probe::Datagram && self.is_alive(number) => ConnectResult::WrongType,
                Some(_) | None => ConnectResult::Refused,
            };
        }
        if self.inodes[usize::from(number)].is_none() {
            return ConnectResult::Refused;
        }
        match self.connect(number, process, role == Role::Connection, configuration) {
            Connect::Queued(connection) if role == Role::Connection => {
                self.processes[process].connection = Some(connection);
                self.joined(process);
                ConnectResult::Connected
            }
            Connect::Queued(connection) => {
                self.processes[process].probe = Some(connection);
                ConnectResult::Connected
            }
            Connect::Refused => ConnectResult::Refused,
            Connect::Full => ConnectResult::Full,
            Connect::Denied => ConnectResult::Denied(ERRNO),
        }
    }

    pub(super) fn shut_down(&mut self, process: usize, configuration: &Configuration, role: Role, half: Half) {
        let own = &self.processes[process];
        match role {
            Role::Connection | Role::Probe => {
                let end = if role == Role::Connection { own.connection } else { own.probe };
                let Some(end) = end else { return };
                let client = &mut self.connection_mut(end).client;
                *client = match (*client, half) {
                    (Client::Open | Client::Deaf, Half::Read) => Client::Deaf,
                    (Client::Open | Client::Dismissed, Half::Write) => Client::Dismissed,
                    (Client::Closed, _) => Client::Closed,
                    _ => Client::Cut,
                };
            }
            // (A waiter never writes.)
            Role::Guest if half == Half::Read => {}
            Role::Guest => {
                if let Some(guest) = own.guest {
                    self.end_server(guest);
                }
            }
            Role::Queue => {
                let last = own.guests.iter().next_back();
                if let Some(guest) = last {
                    self.end_server(guest);
                }
            }
            // (Where a connection is the probe, a listener cannot be told to refuse.)
            Role::Listener => {
                if let Some(socket) = own.socket {
                    self.socket_mut(socket).refuses = configuration.probe != Probe::Stream;
                }
            }
            Role::Pin | Role::Guard | Role::Listing | Role::Swept | Role::Strays | Role::Watch => {}
            Role::Share | Role::Look | Role::Slots => unreachable!("a FIFO is not shut down"),
        }
    }

    pub(super) fn peer(&self, process: usize, configuration: &Configuration, role: Role) -> PeerResult {
        if role == Role::Connection {
            let connection = self.connection(self.processes[process].connection.expect("it is connected"));
            let is_ours = connection.foreign_server == configuration.is_foreign(process) && !connection.strange;
            return PeerResult::Peer { is_ours, is_trusted: !connection.strange };
        }
        let guest = self.connection(self.processes[process].guest.expect("one was accepted"));
        let is_ours = guest.foreign_client == configuration.is_foreign(process);
        PeerResult::Peer { is_ours, is_trusted: is_ours }
    }

    pub(super) fn accept_as(&mut self, process: usize, configuration: &Configuration, role: Role) -> AcceptResult {
        let Some(guest) = self.processes[process].socket.and_then(|socket| self.accept_next(configuration, socket))
        else {
            return AcceptResult::Nobody;
        };
        match role {
            Role::Queue => self.processes[process].guests.push(guest),
            _ => self.processes[process].guest = Some(guest),
        }
        let has_badge = self.connection(guest).badge;
        if self.processes[process].share.is_some() && !has_badge && !self.client_ended(guest) {
            self.participant(process).meets_npm = true;
        }
        AcceptResult::Accepted { has_badge }
    }

    /// The head of a queue; of a planted bug, its tail.
    fn accept_next(&mut self, configuration: &Configuration, own: SocketId) -> Option<u8> {
        if configuration.has(Bug::LastFirst)
            && let Some(last) = self.socket_mut(own).queue.pop_last()
        {
            let mut others = std::mem::take(&mut self.socket_mut(own).queue);
            self.socket_mut(own).queue.push(last);
            while let Some(other) = others.pop() {
                self.socket_mut(own).queue.push(other);
            }
        }
        self.accept(own)
    }

    pub(super) fn receive(&mut self, process: usize) -> ReceiveResult {
        let connection = self.processes[process].connection.expect("a receiver is connected");
        match self.connection_mut(connection).inbox.take() {
            Some(Message::Listener { socket, unshared }) => {
                self.processes[process].socket = Some(socket);
                ReceiveResult::Listener { unshared }
            }
            Some(Message::Loan) => {
                self.participant(process).borrows = true;
                ReceiveResult::Loan
            }
            None if self.server_ended(connection) => ReceiveResult::PeerClosed,
            None => ReceiveResult::Nothing,
        }
    }

    pub(super) fn send_cargo(&mut self, process: usize, cargo: Cargo) -> SendResult {
        let own = &self.processes[process];
        let (guest, listener) = (own.guest.expect("one was accepted"), own.socket.expect("it has the listener"));
        let message = match cargo {
            Cargo::Listener { unshared } => Message::Listener { socket: listener, unshared },
            Cargo::Nothing => Message::Loan,
        };
        if self.send(guest, message) { SendResult::Sent } else { SendResult::Gone }
    }
}
