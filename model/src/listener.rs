//! The listening socket: accepting, handing over, lending, closing out; and the end of a loan (protocol section 2,
//! "Release, in full").

use slocket_core::{Accepted, Delivery, Event, Removal};

use crate::bug::Bug;
use crate::configuration::{Configuration, Probe};
use crate::kernel::{Client, ConnectionId, Message, Time};
use crate::participant::Call;
use crate::world::World;

impl World {
    pub(crate) fn pass_on(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        let has = |bug| configuration.has(bug);
        let own = self.processes[process].socket.expect("who passes on has the listener");
        match call {
            Call::StatBeforeAccept => {
                let own = self.participant(process).listener_inode;
                let is_ours = self.path.is_some() && self.path == own;
                self.participant(process).intact = Some(is_ours);
                if is_ours {
                    self.then(process, Call::Accept);
                    return "looks at the path: its own";
                }
                self.tell(process, configuration, Event::Accepted(Accepted::Lost));
                "looks at the path: another's"
            }
            Call::Accept => {
                if has(Bug::LastFirst)
                    && let Some(last) = self.socket_mut(own).queue.pop_last()
                {
                    let mut others = std::mem::take(&mut self.socket_mut(own).queue);
                    self.socket_mut(own).queue.push(last);
                    while let Some(other) = others.pop() {
                        self.socket_mut(own).queue.push(other);
                    }
                }
                let guest = self.accept(own);
                self.processes[process].guest = guest;
                let (accepted, what) = match guest {
                    None => (Accepted::Nobody, "accepts: nobody"),
                    Some(guest) if self.client_ended(guest) => (Accepted::Gone, "accepts one who is gone"),
                    Some(guest) if self.is_stranger(process, configuration, guest) => {
                        (Accepted::Stranger, "accepts one of another user")
                    }
                    Some(guest) if self.connection(guest).badge => (Accepted::Waiter, "accepts a waiter"),
                    Some(_) => (Accepted::Client, "accepts a client"),
                };
                self.tell(process, configuration, Event::Accepted(accepted));
                what
            }
            Call::HandOver => {
                let guest = self.processes[process].guest.expect("one was accepted");
                let sent = self.send(guest, Message::Listener(own)) || has(Bug::BrokenPipeIsSent);
                let delivery = if sent { Delivery::Sent } else { Delivery::Gone };
                self.tell(process, configuration, Event::HandedOver(delivery));
                if sent { "sends the listener" } else { "sends the listener: gone" }
            }
            Call::PinOwn(marked) => {
                self.participant(process).intact = None;
                let own = self.participant(process).listener_inode;
                if self.path.is_none() || self.path != own {
                    let answer = if marked { Event::MarkSet(false) } else { Event::MarkCleared(false) };
                    self.tell(process, configuration, answer);
                    return "looks at its socket: not ours any more";
                }
                self.processes[process].pin = self.path;
                let time_first = has(Bug::TimeBeforeSticky);
                self.then(process, if time_first { Call::SetTime(marked) } else { Call::SetSticky(marked) });
                "pins its socket"
            }
            Call::SetSticky(marked) => {
                let skip = has(Bug::ClearsTimeOnly) && !marked || has(Bug::SetsTimeOnly) && marked;
                if !skip {
                    self.chmod(self.processes[process].pin.expect("it is pinned"), marked, false);
                }
                if has(Bug::TimeBeforeSticky) {
                    self.marked(process, configuration, marked);
                } else {
                    self.then(process, Call::SetTime(marked));
                }
                if marked { "sets the sticky bit" } else { "clears the sticky bit" }
            }
            Call::SetTime(marked) => {
                let inode = self.processes[process].pin.expect("it is pinned");
                match marked {
                    true if has(Bug::SetsStickyOnly) => {}
                    true => self.set_time(inode, Time::Magic),
                    false if has(Bug::ClearsStickyOnly) => {}
                    false if has(Bug::ClearsWithPresentTime) => self.set_time(inode, Time::Alike),
                    false => self.set_time(inode, Time::Lent),
                }
                if has(Bug::TimeBeforeSticky) {
                    self.then(process, Call::SetSticky(marked));
                } else {
                    self.marked(process, configuration, marked);
                }
                if marked { "sets the time of the mark" } else { "sets the time of a loan" }
            }
            Call::Lend => {
                let guest = self.processes[process].guest.expect("one was accepted");
                let sent = self.send(guest, Message::Loan) || has(Bug::BrokenPipeIsSent);
                let delivery = if sent { Delivery::Sent } else { Delivery::Gone };
                if sent && has(Bug::MarkClearedAfterOk) {
                    self.then(process, Call::ClearMarkLate);
                    return "sends the loan";
                }
                self.tell(process, configuration, Event::Granted(delivery));
                if sent { "sends the loan" } else { "sends the loan: gone" }
            }
            Call::ClearMarkLate => {
                if let Some(inode) = self.path {
                    self.chmod(inode, false, false);
                    self.set_time(inode, Time::Lent);
                }
                self.tell(process, configuration, Event::Granted(Delivery::Sent));
                "clears the mark, late"
            }
            other => unreachable!("{other:?} passes nothing on"),
        }
    }

    fn marked(&mut self, process: usize, configuration: &Configuration, marked: bool) {
        self.processes[process].pin = None;
        self.tell(process, configuration, if marked { Event::MarkSet(true) } else { Event::MarkCleared(true) });
    }

    /// Whether a guest is of another user.
    fn is_stranger(&self, process: usize, configuration: &Configuration, guest: ConnectionId) -> bool {
        let client = self.processes.iter().position(|client| client.connection == Some(guest));
        let client = client.expect("whose connection has not ended is there");
        configuration.is_foreign(client) != configuration.is_foreign(process)
            && !configuration.has(Bug::HandsOverToAnybody)
    }

    pub(crate) fn close_out(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        let has = |bug| configuration.has(bug);
        match call {
            Call::StatBeforeCloseOut => {
                let own = self.participant(process).listener_inode;
                let is_ours = self.path.is_some() && self.path == own;
                self.then(process, close_out(is_ours, configuration));
                if is_ours { "closes out: the path is its own" } else { "closes out: the path is another's" }
            }
            Call::UnlinkOwn => {
                let ours = self.path.is_some();
                if self.path.is_some_and(|inode| self.may_unlink(process, configuration, inode)) {
                    self.set_path(None);
                }
                let skip = has(Bug::CloseOutWithoutShutdown);
                self.then(process, if skip { Call::EndQueued { ours } } else { Call::Refuse { ours } });
                "closes out: removes the path"
            }
            Call::Refuse { ours } => {
                let own = self.processes[process].socket.expect("it has the listener");
                self.socket_mut(own).refuses = configuration.probe != Probe::Stream;
                let skip = has(Bug::CloseOutWithoutDrain);
                self.then(process, if skip { Call::CloseListener { ours } } else { Call::EndQueued { ours } });
                "closes out: refuses newcomers"
            }
            Call::EndQueued { ours } => {
                let own = self.processes[process].socket.expect("it has the listener");
                self.dismiss_guest(process, configuration);
                if let Some(guest) = self.accept(own) {
                    self.processes[process].guest = Some(guest);
                    return "closes out: accepts one who is queued, to end it";
                }
                self.then(process, Call::CloseListener { ours });
                "closes out: nobody is queued"
            }
            Call::CloseListener { ours } => {
                self.processes[process].socket = None;
                if has(Bug::CloseBeforeUnlink) {
                    self.then(process, Call::UnlinkAfterClose);
                } else {
                    self.participant(process).listener_inode = None;
                    let removal = if ours { Removal::Done } else { Removal::NotOurs };
                    self.tell(process, configuration, Event::ClosedOut(removal));
                }
                "closes out: closes the listener"
            }
            _ => {
                self.set_path(None);
                self.participant(process).listener_inode = None;
                self.tell(process, configuration, Event::ClosedOut(Removal::Done));
                "closes out: removes the path, late"
            }
        }
    }

    pub(crate) fn give_back(&mut self, process: usize, configuration: &Configuration, call: Call) -> &'static str {
        let connection = self.processes[process].connection.expect("the client has a connection");
        match call {
            Call::SeeServer => {
                let dismissed = self.participant(process).dismissed;
                let ended = !dismissed && self.server_ended(connection);
                self.then(process, if ended { Call::PinServerPath } else { Call::CloseConnection { ours: true } });
                if ended { "gives back: the server is gone" } else { "gives back: the server is there" }
            }
            Call::PinServerPath => {
                let server = self.participant(process).server_inode;
                let is_it = self.path.is_some() && self.path == server;
                if is_it {
                    self.processes[process].pin = self.path;
                }
                self.then(process, if is_it { Call::ProbeServer } else { Call::CloseConnection { ours: false } });
                if is_it { "gives back: pins the socket" } else { "gives back: the path is another's" }
            }
            Call::ProbeServer => {
                let inode = self.processes[process].pin.expect("it is pinned");
                // (By a datagram socket alone: a server that lends is not asked by a connection.)
                let alive = configuration.probe != Probe::Datagram || self.is_alive(inode);
                self.then(process, if alive { Call::CloseConnection { ours: true } } else { Call::UnlinkServer });
                if alive { "gives back: probes: alive" } else { "gives back: probes: dead" }
            }
            Call::UnlinkServer => {
                self.set_path(None);
                self.then(process, Call::CloseConnection { ours: true });
                "gives back: removes the path"
            }
            Call::CloseConnection { ours } => {
                self.processes[process].connection = None;
                self.processes[process].pin = None;
                if !configuration.has(Bug::LoanClosedOnly) {
                    self.connection_mut(connection).client = Client::Cut;
                }
                self.close_client(connection);
                let removal = if ours { Removal::Done } else { Removal::NotOurs };
                self.tell(process, configuration, Event::GivenBack(removal));
                "gives back: closes the connection"
            }
            other => unreachable!("{other:?} gives nothing back"),
        }
    }
}

/// How closing out begins, once it is known whether the path is our socket.
pub(crate) fn close_out(is_ours: bool, configuration: &Configuration) -> Call {
    match is_ours {
        true if configuration.has(Bug::CloseBeforeUnlink) => Call::CloseListener { ours: true },
        true => Call::UnlinkOwn,
        false => Call::Refuse { ours: false },
    }
}
