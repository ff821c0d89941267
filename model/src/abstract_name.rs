//! A lock at an abstract name instead of a path (protocol section 6): what is done otherwise there, and a stranger who calls.

use slocket_core::{Action, Connected, Event, Inspected, Published};

use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::kernel::{Connect, Message};
use crate::participant::Call;
use crate::process::Player;
use crate::world::World;

/// A program that connects without a badge, as a client of npm's slocket does, and takes "OK" for the lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Caller {
    /// It has nothing to do.
    #[default]
    Idle,
    /// In the queue.
    Queued,
    /// It has read "OK".
    Borrows,
}

impl World {
    /// Begins an action of a participant at an abstract name; `false` if it is none that differs there.
    pub(crate) fn begin_at_name(&mut self, process: usize, configuration: &Configuration, action: Action) -> bool {
        let lends = configuration.has(Bug::LendsAtName);
        match action {
            Action::Publish => self.then(process, Call::BindName),
            Action::Connect(_) => self.then(process, Call::ConnectName),
            Action::Inspect => self.tell(process, configuration, Event::Inspected(Inspected::Alive)),
            Action::Leave => self.then(process, Call::ShutDown),
            Action::Accept => {
                self.dismiss_guest(process, configuration);
                self.then(process, Call::Accept);
            }
            Action::ClearMark => self.tell(process, configuration, Event::MarkCleared(lends)),
            Action::SetMark => {
                self.dismiss_guest(process, configuration);
                self.tell(process, configuration, Event::MarkSet(lends));
            }
            Action::CloseOut => {
                self.dismiss_guest(process, configuration);
                self.then(process, Call::CloseListener { ours: true });
            }
            Action::GiveBack => self.then(process, Call::CloseConnection { ours: true }),
            Action::Watch | Action::Reclaim { .. } => unreachable!("{action:?} of an abstract name"),
            Action::Disconnect
            | Action::Unwatch
            | Action::Arm { .. }
            | Action::HandOver
            | Action::Lend
            | Action::Close
            | Action::Report(_) => return false,
        }
        true
    }

    pub(crate) fn call_at_name(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        match call {
            Call::BindName if self.path.is_some() => {
                self.tell(process, configuration, Event::Published(Published::InUse));
                "binds the name: in use"
            }
            Call::BindName => {
                // It is as good as marked: dead means free.
                let name = self.new_socket(process, configuration, true);
                let socket = self.register(name, false);
                self.processes[process].socket = Some(socket);
                self.set_path(Some(name));
                self.then(process, Call::Listen);
                "binds the name"
            }
            Call::ConnectName => {
                let connect = match self.path {
                    Some(name) => self.connect(name, true, configuration.backlog),
                    None => Connect::Refused,
                };
                let (connected, what) = match connect {
                    Connect::Queued(connection)
                        if self.connection(connection).strange && !configuration.has(Bug::TrustsAnybody) =>
                    {
                        self.untrusted(process, configuration, connection);
                        return "connects to a stranger";
                    }
                    Connect::Queued(connection) => {
                        self.processes[process].connection = Some(connection);
                        self.participant(process).hands_over = true;
                        self.joined(process);
                        (Connected::Queued, "connects to the name")
                    }
                    Connect::Refused if configuration.has(Bug::RefusedIsHeld) => {
                        (Connected::Refused, "connects to the name: refused")
                    }
                    Connect::Refused => (Connected::Missing, "connects to the name: refused"),
                    Connect::Full => (Connected::BacklogFull, "connects to the name: the queue is full"),
                };
                self.tell(process, configuration, Event::Connected(connected));
                what
            }
            other => unreachable!("{other:?} is of a path"),
        }
    }

    /// All steps that a caller can take.
    pub(crate) fn caller_steps(
        &self,
        process: usize,
        caller: Caller,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let mut world = *self;
        let own = self.processes[process].connection;
        match (caller, own) {
            (Caller::Idle, _) if self.processes[process].rounds == 0 => {}
            (Caller::Idle, _) => {
                world.processes[process].rounds -= 1;
                let connect = self.path.map(|name| world.connect(name, false, configuration.backlog));
                if let Some(Connect::Queued(connection)) = connect {
                    world.processes[process].connection = Some(connection);
                    world.processes[process].player = Player::Caller(Caller::Queued);
                }
                step("calls without a badge", false, world);
            }
            (Caller::Queued, Some(connection)) if self.server_ended(connection) => {
                world.hang_up(process);
                step("calls: reads the end of the stream", false, world);
            }
            (Caller::Queued, Some(connection)) => {
                if self.connection(connection).inbox == Some(Message::Loan) {
                    world.connection_mut(connection).inbox = None;
                    world.processes[process].player = Player::Caller(Caller::Borrows);
                    world.acquired(process);
                    step("calls: receives a loan", false, world);
                }
            }
            (Caller::Borrows, _) => {
                world.released(process);
                world.hang_up(process);
                step("calls: is done", false, world);
            }
            (Caller::Queued, None) => unreachable!("who is queued is connected"),
        }
    }

    fn hang_up(&mut self, process: usize) {
        if let Some(connection) = self.processes[process].connection.take() {
            self.close_client(connection);
        }
        self.processes[process].player = Player::Caller(Caller::Idle);
    }
}
