//! A waiter's connection to the server: joining the queue, receiving the lock, leaving (protocol sections 1 and 2).

use slocket_core::{Connected, Connection, Event, Left, Received, State};

use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::kernel::{Client, Connect, ConnectionId, Kind, Message, SocketId};
use crate::participant::{Arrived, Call};
use crate::process::Player;
use crate::world::World;

impl World {
    pub(crate) fn use_connection(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        match call {
            Call::PinServer => {
                let Some(inode) = self.path else {
                    self.tell(process, configuration, Event::Connected(Connected::Missing));
                    return "looks at the path: nothing";
                };
                if self.inode(inode).kind == Kind::File {
                    self.tell(process, configuration, Event::Connected(Connected::NotASocket));
                    return "looks at the path: no socket";
                }
                self.processes[process].pin = Some(inode);
                let is_marked = self.is_marked(configuration, inode);
                let participant = self.participant(process);
                (participant.server_inode, participant.hands_over) = (Some(inode), is_marked);
                self.then(process, Call::Connect);
                "pins the socket at the path"
            }
            Call::Connect => {
                let inode = self.processes[process].pin.expect("it is pinned");
                match self.connect(inode, true, configuration.backlog) {
                    Connect::Queued(connection)
                        if self.connection(connection).strange && !configuration.has(Bug::TrustsAnybody) =>
                    {
                        self.untrusted(process, configuration, connection);
                        "connects to a stranger"
                    }
                    Connect::Queued(connection) => {
                        let joins = &mut self.processes[process];
                        (joins.pin, joins.connection) = (None, Some(connection));
                        self.joined(process);
                        self.tell(process, configuration, Event::Connected(Connected::Queued));
                        "connects"
                    }
                    Connect::Refused => {
                        self.then(process, Call::StatRefused);
                        "connects: refused"
                    }
                    Connect::Full => {
                        self.not_connected(process, configuration, Connected::BacklogFull);
                        "connects: the queue is full"
                    }
                }
            }
            Call::StatRefused => {
                let is_there = self.path == self.processes[process].pin;
                let connected = if is_there { Connected::Refused } else { Connected::Missing };
                self.not_connected(process, configuration, connected);
                if is_there {
                    "looks at the path: the socket that refuses"
                } else {
                    "looks at the path: it has changed"
                }
            }
            Call::StatBeforeLeaving => {
                let participant = *self.participant(process);
                let is_marked = self.path.is_some_and(|inode| self.is_marked(configuration, inode));
                let hands_over = participant.hands_over
                    || self.path == participant.server_inode && is_marked
                    || configuration.has(Bug::LeavesNpmAtOnce);
                if !hands_over && configuration.has(Bug::CancelReleasesAsClient) {
                    // Both halves are shut down, so that a read says that the server has ended the stream.
                    self.set_path(None);
                    self.tell(process, configuration, Event::Left(Left::Closed));
                    return "shuts both halves down, and removes the path of a server that seems to be gone";
                }
                if hands_over {
                    let skip = configuration.has(Bug::CancelWithoutShutdown);
                    self.then(process, if skip { Call::Drain } else { Call::ShutDown });
                } else {
                    self.left(process);
                    self.tell(process, configuration, Event::Left(Left::Lingering));
                }
                "leaves: looks whether its server hands over"
            }
            Call::ShutDown => {
                let connection = self.processes[process].connection.expect("it is queued");
                self.connection_mut(connection).client = Client::Deaf;
                self.then(process, Call::Drain);
                "leaves: shuts its connection down for reading"
            }
            Call::Drain => {
                let connection = self.processes[process].connection.expect("it is queued");
                match self.connection_mut(connection).inbox.take() {
                    Some(Message::Listener(_)) if configuration.has(Bug::CancelWithoutDrain) => {
                        self.tell(process, configuration, Event::Left(Left::Closed));
                    }
                    Some(Message::Listener(socket)) if self.is_this_locks(process, configuration, socket) => {
                        self.processes[process].socket = Some(socket);
                        self.take_over(process, configuration, Arrived::Leaving);
                    }
                    Some(Message::Listener(_) | Message::Loan) | None => {
                        self.tell(process, configuration, Event::Left(Left::Closed));
                    }
                }
                "leaves: reads what has arrived"
            }
            Call::DrainUntrusted => {
                let connection = self.processes[process].connection.take().expect("it is connected");
                if let Some(Message::Listener(listener)) = self.connection(connection).inbox {
                    self.socket_mut(listener).names_stranger = false;
                }
                self.close_client(connection);
                self.not_connected(process, configuration, Connected::Untrusted);
                "reads what a stranger has sent"
            }
            other => unreachable!("{other:?} uses no connection"),
        }
    }

    /// Who is not trusted is left at once, and nothing is read of what it sends.
    pub(crate) fn untrusted(&mut self, process: usize, configuration: &Configuration, connection: ConnectionId) {
        if configuration.has(Bug::ReceivesFromUntrusted) {
            self.processes[process].pin = None;
            self.processes[process].connection = Some(connection);
            return self.then(process, Call::DrainUntrusted);
        }
        self.close_client(connection);
        self.not_connected(process, configuration, Connected::Untrusted);
    }

    fn not_connected(&mut self, process: usize, configuration: &Configuration, connected: Connected) {
        self.processes[process].pin = None;
        let participant = self.participant(process);
        (participant.server_inode, participant.hands_over) = (None, false);
        self.tell(process, configuration, Event::Connected(connected));
    }

    /// Whether a listener that was received is the one that the connection was made to, and the path is that still.
    fn is_this_locks(&self, process: usize, configuration: &Configuration, listener: SocketId) -> bool {
        let Player::Safe(participant) = self.processes[process].player else { unreachable!("it receives") };
        let connected_to = participant.server_inode;
        self.at_name
            || connected_to == Some(self.socket(listener).inode) && connected_to == self.path
            || configuration.has(Bug::ListenerUnchecked)
    }

    /// The ways in which a background thread takes its leave of a server that takes too long.
    pub(crate) fn farewell_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let connection = self.processes[process].connection.expect("who lingers is connected");
        let mut world = *self;
        world.dismissals -= 1;
        world.connection_mut(connection).farewell = true;
        if self.connection(connection).client == Client::Open {
            let mut world = world;
            world.connection_mut(connection).client = Client::Dismissed;
            world.participant(process).dismissed = true;
            step("tells its server that it is done", true, world);
        }
        if self.connection(connection).client != Client::Cut {
            world.connection_mut(connection).client = Client::Cut;
            world.participant(process).dismissed |= !configuration.has(Bug::CutWithoutDismissal);
            step("cuts its connection", true, world);
        }
    }

    /// What can come to a participant that waits for its server.
    pub(crate) fn receive_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let mut world = *self;
        let connection = self.processes[process].connection.expect("who is queued is connected");
        let number = Connection::default();
        let lingers = matches!(world.participant(process).state, State::Lingering(_));
        if world.server_ended(connection) && !configuration.has(Bug::EndIgnored) {
            world.tell(process, configuration, Event::Ended(number));
            step("reads the end of the stream", false, world);
            return;
        }
        let Some(message) = self.connection(connection).inbox else { return };
        if !lingers {
            world.served(process, message);
        }
        world.connection_mut(connection).inbox = None;
        match message {
            Message::Loan => {
                if lingers && configuration.has(Bug::LateLoanRemovesPath) {
                    world.set_path(None);
                }
                world.tell(process, configuration, Event::Received(number, Received::Loan));
                step("receives a loan", false, world);
            }
            Message::Listener(socket) if !self.is_this_locks(process, configuration, socket) => {
                world.tell(process, configuration, Event::Received(number, Received::NotOurs));
                step("receives a listener that is not this lock's", false, world);
            }
            Message::Listener(socket) => {
                let mut lost = world;
                world.processes[process].socket = Some(socket);
                world.take_over(process, configuration, Arrived::Queued);
                step("receives the listener", false, world);
                if lost.failures > 0 {
                    lost.failures -= 1;
                    lost.mishap();
                    let truncated =
                        configuration.has(Bug::TruncatedIsLoan) || configuration.has(Bug::LoanBelievedAtName);
                    let received = if truncated { Received::Loan } else { Received::Truncated };
                    lost.tell(process, configuration, Event::Received(number, received));
                    step("loses the listener for want of a descriptor", true, lost);
                }
            }
        }
    }
}
