//! A participant of the npm package: the baseline (protocol section 1), as slocket 1.0.5 does it under Node.
//!
//! `trials/tests/interop/baseline.rs` shows what is assumed about npm's slocket here, or names the trial that does.

use crate::broken::Broken;
use crate::bug::Bug;
use crate::configuration::{Configuration, Probe};
use crate::kernel::Connect;
use crate::objects::{Client, ConnectionId, Kind, Message, Server};
use crate::player::{Npm, Player};
use crate::world::World;

impl World {
    /// All steps that a participant of the npm package can take.
    pub(crate) fn npm_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let Player::Npm(npm) = self.processes[process].player else { unreachable!("it is npm's") };
        let mut world = *self;
        let what = match npm {
            Npm::Idle if self.processes[process].rounds == 0 => return,
            Npm::Idle => {
                world.processes[process].rounds -= 1;
                world.npm(process, Npm::Bind);
                "begins"
            }
            Npm::Bind if world.path.is_some() => {
                world.npm(process, Npm::Resolve);
                "binds: in use"
            }
            Npm::Bind => {
                for number in self.free_numbers() {
                    let mut world = *self;
                    world.next_number = number;
                    let inode = world.new_inode(configuration.has(Bug::MarkByAccident), Kind::Visible);
                    world.processes[process].pin = Some(inode);
                    world.set_path(Some(inode));
                    world.npm(process, Npm::Register);
                    step("binds: visible", false, world);
                }
                return;
            }
            Npm::Register => {
                let inode = world.processes[process].pin.take().expect("bind has made it visible");
                let socket = world.register(inode, true);
                world.processes[process].socket = Some(socket);
                world.npm(process, Npm::Listen);
                "binds: registered"
            }
            Npm::Listen => {
                let own = self.processes[process].socket.expect("it is bound");
                world.socket_mut(own).listens = true;
                world.acquired(process);
                world.npm(process, Npm::Serves);
                "listens"
            }
            Npm::Serves => return self.npm_server_steps(process, step),
            Npm::Unlink => {
                world.set_path(None);
                world.npm(process, Npm::Close);
                "closes its server: removes the path"
            }
            Npm::Close => {
                world.processes[process].socket = None;
                world.npm(process, Npm::Idle);
                "closes its server: closes the socket"
            }
            Npm::Resolve => {
                let Some(inode) = world.path else {
                    world.npm(process, Npm::Bind);
                    return step("looks at the path: nothing", false, world);
                };
                if let Kind::Bound(_) = world.inode(inode).kind {
                    world.processes[process].pin = Some(inode);
                    world.npm(process, Npm::Connect);
                    "looks at the path"
                } else {
                    world.npm(process, Npm::Bind);
                    "connects: refused"
                }
            }
            Npm::Connect => {
                let inode = world.processes[process].pin.take().expect("it was resolved");
                if world.inode(inode).kind == Kind::Dead {
                    // The socket has died since: the kernel looks at the path again.
                    world.npm(process, Npm::Resolve);
                    return step("connects: dead by now", false, world);
                }
                match world.connect(inode, process, false, configuration) {
                    Connect::Queued(connection) => {
                        world.processes[process].connection = Some(connection);
                        world.joined(process);
                        world.npm(process, Npm::Queued);
                        "connects"
                    }
                    Connect::Refused => {
                        world.npm(process, Npm::Bind);
                        "connects: refused"
                    }
                    Connect::Denied => {
                        world.npm(process, Npm::Idle);
                        "connects: may not, and gives up"
                    }
                    Connect::Full => {
                        world.npm(process, Npm::Idle);
                        "connects: the queue is full, and gives up"
                    }
                }
            }
            Npm::Queued => {
                let connection = self.processes[process].connection.expect("it is queued");
                let inbox = world.connection_mut(connection).inbox.take();
                match (inbox, world.connection(connection).server) {
                    (Some(Message::Loan), _) => {
                        world.served(process, Message::Loan);
                        world.acquired(process);
                        world.npm(process, Npm::Borrows);
                        "receives a loan"
                    }
                    // It knows nothing of descriptors, and the kernel drops them.
                    (Some(Message::Listener { .. }), _) => {
                        world.acquired(process);
                        world.npm(process, Npm::Borrows);
                        "receives a listener, and drops it"
                    }
                    (None, Server::Ending) => unreachable!("it ends nothing before it has closed"),
                    (None, Server::Ended) => {
                        world.leave_queue(process);
                        world.npm(process, Npm::Bind);
                        "reads the end of the stream"
                    }
                    (None, Server::Reset { npm }) => {
                        // (Where a listener cannot be told to refuse, a close-out may reset a client that comes late.)
                        if !npm && !world.mishap && configuration.probe != Probe::Stream {
                            world.broken = Some(Broken::Hurt);
                        }
                        world.left(process);
                        world.kill(process);
                        "reads a reset, and dies"
                    }
                    (None, Server::Queued | Server::Accepted) => return,
                }
            }
            Npm::Borrows => {
                let connection = self.processes[process].connection.expect("it has a connection");
                let is_gone = matches!(world.connection(connection).server, Server::Ended | Server::Reset { .. });
                world.released(process);
                if is_gone {
                    let mut unseen = world;
                    unseen.leave_queue(process);
                    unseen.npm(process, Npm::Idle);
                    // It has not taken note yet: no process removes the path (in the baseline, too).
                    unseen.excused = true;
                    step("releases, before it sees that its server is gone", false, unseen);
                    world.leave_queue(process);
                    world.npm(process, Npm::Remove);
                    "releases: its server is gone"
                } else {
                    world.leave_queue(process);
                    world.npm(process, Npm::Idle);
                    "releases: closes its connection"
                }
            }
            Npm::Remove => {
                world.set_path(None);
                world.npm(process, Npm::Idle);
                "removes the path"
            }
        };
        step(what, false, world);
    }

    fn npm_server_steps(&self, process: usize, step: &mut impl FnMut(&'static str, bool, Self)) {
        let own = self.processes[process].socket.expect("it serves");
        let mut world = *self;
        if let Some(guest) = world.accept(own) {
            world.processes[process].guests.push(guest);
            step("accepts", false, world);
        }
        for guest in self.processes[process].guests.iter() {
            let mut world = *self;
            if world.is_ending(guest) {
                world.connection_mut(guest).server = Server::Ending;
                step("reads the end of a waiter", false, world);
            } else if world.client_ended(guest) {
                world.processes[process].guests.remove(guest);
                world.close_server(guest);
                step("sees the end of a waiter", false, world);
            }
        }
        if let Some(guest) = self.processes[process].guest {
            let mut world = *self;
            if world.is_ending(guest) {
                world.connection_mut(guest).server = Server::Ending;
                step("reads the end of the loan", false, world);
            } else if world.client_ended(guest) {
                world.processes[process].guest = None;
                world.close_server(guest);
                let what = world.npm_serve_next(process);
                step(what, false, world);
            }
        }
        if self.processes[process].holds {
            let mut world = *self;
            world.released(process);
            let what = world.npm_serve_next(process);
            step(what, false, world);
        }
    }

    /// Whether a client that has ended its stream is still open, so that Node takes two turns to be done with it. (If it is
    /// closed a write fails all the time until then, so one turn shows as much.)
    fn is_ending(&self, guest: ConnectionId) -> bool {
        let connection = self.connection(guest);
        connection.server == Server::Accepted && matches!(connection.client, Client::Dismissed | Client::Cut)
    }

    /// The lock is free: it is lent to the first waiter, or the server closes.
    fn npm_serve_next(&mut self, process: usize) -> &'static str {
        let Some(guest) = self.processes[process].guests.pop() else {
            self.npm(process, Npm::Unlink);
            return "releases: no client waits";
        };
        self.processes[process].guest = Some(guest);
        let is_farewell = self.connection(guest).farewell;
        if self.send(guest, Message::Loan) {
            return "releases: lends";
        }
        // Its connections have no error handler.
        if !self.mishap && !is_farewell {
            self.broken = Some(Broken::Hurt);
        }
        self.excused = true;
        self.kill(process);
        self.mishap();
        "releases: lends to a client that is gone, and dies"
    }

    fn npm(&mut self, process: usize, npm: Npm) {
        self.processes[process].player = Player::Npm(npm);
    }

    fn leave_queue(&mut self, process: usize) {
        self.left(process);
        if let Some(connection) = self.processes[process].connection.take() {
            self.close_client(connection);
        }
    }
}
