//! Hostile participants: a server that sends anything to each client, a client that does not do what clients do (protocol
//! section 2, "Received").

use crate::cast::Cast;
use crate::configuration::Configuration;
use crate::kernel::Connect;
use crate::objects::{Client, Kind, Message, Number, SocketId, Time};
use crate::world::World;

/// How many connections a hostile server looks after at a time.
const GUESTS: usize = 2;

impl World {
    /// All steps of a hostile server: it binds when the path, or the name, is free, marked or not; it has another listener that
    /// is bound elsewhere; and it sends "OK" to each connected client, with any listener of its own or with none. No participant may
    /// rely on it.
    pub(crate) fn hostile_server_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let own = self.processes[process];
        if own.rounds > 0 && own.socket.is_none() && self.path.is_none() {
            for number in self.free_numbers() {
                for (what, is_marked) in [("a hostile server binds", false), ("a hostile server binds, marked", true)] {
                    let mut world = *self;
                    world.next_number = number;
                    world.processes[process].rounds -= 1;
                    let (inode, socket) = world.hostile_listener(process, configuration, is_marked);
                    world.processes[process].socket = Some(socket);
                    world.set_path(Some(inode));
                    step(what, true, world);
                }
            }
        }
        for guest in own.guests.iter() {
            let listeners = [own.socket, own.kept]
                .into_iter()
                .flatten()
                .map(|socket| Message::Listener { socket, unshared: false });
            for message in listeners.chain([Message::Loan]) {
                let mut world = *self;
                if self.connection(guest).inbox.is_none() && world.send(guest, message) {
                    step("a hostile server sends", true, world);
                }
            }
            let mut world = *self;
            world.processes[process].guests.remove(guest);
            world.close_server(guest);
            step("a hostile server ends a connection", true, world);
        }
        let Some(socket) = own.socket else { return };
        if own.kept.is_none() {
            let mut world = *self;
            world.next_number = self.free_numbers().last().expect("there are numbers enough");
            let kept = world.hostile_listener(process, configuration, true).1;
            world.socket_mut(kept).elsewhere = true;
            world.processes[process].kept = Some(kept);
            step("a hostile server binds elsewhere", true, world);
        }
        let mut world = *self;
        if own.guests.len() < GUESTS
            && let Some(guest) = world.accept(socket)
        {
            world.processes[process].guests.push(guest);
            step("a hostile server accepts", true, world);
        }
        let mut world = *self;
        world.processes[process].socket = None;
        step("a hostile server closes its listener, and leaves its socket", true, world);
        if self.path == Some(self.socket(socket).inode) && !self.at_name {
            world.set_path(None);
            step("a hostile server closes its listener, and removes its socket", true, world);
        }
    }

    fn hostile_listener(
        &mut self,
        process: usize,
        configuration: &Configuration,
        is_marked: bool,
    ) -> (Number, SocketId) {
        let inode = self.new_socket(process, configuration, is_marked);
        if is_marked {
            self.set_time(inode, Time::Magic);
        }
        let id = self.register(inode, false);
        let socket = self.socket_mut(id);
        socket.listens = true;
        socket.strange = true;
        socket.names_stranger = configuration.cast[process] == Cast::Stranger;
        (inode, id)
    }

    /// All steps of a hostile client: it connects, with a badge or without, never reads, and ends in any way, at last.
    pub(crate) fn hostile_client_steps(
        &self,
        process: usize,
        configuration: &Configuration,
        step: &mut impl FnMut(&'static str, bool, Self),
    ) {
        let Some(own) = self.processes[process].connection else {
            if self.processes[process].rounds == 0 {
                return;
            }
            for (what, badge) in
                [("a hostile client connects", false), ("a hostile client connects, with a badge", true)]
            {
                let mut world = *self;
                world.processes[process].rounds -= 1;
                let is_socket = |inode: &Number| matches!(self.inode(*inode).kind, Kind::Bound(_));
                let connect =
                    self.path.filter(is_socket).map(|inode| world.connect(inode, process, badge, configuration));
                if let Some(Connect::Queued(connection)) = connect {
                    world.processes[process].connection = Some(connection);
                }
                step(what, false, world);
            }
            return;
        };
        if self.connection(own).client == Client::Open {
            let ways = [
                ("a hostile client shuts its connection down for reading", Client::Deaf),
                ("a hostile client shuts its connection down for writing", Client::Dismissed),
                ("a hostile client shuts its connection down", Client::Cut),
            ];
            for (what, client) in ways {
                let mut world = *self;
                world.connection_mut(own).client = client;
                world.connection_mut(own).farewell = true;
                step(what, true, world);
            }
        }
        let mut world = *self;
        // A client that has received the lock, and goes, is like one that was killed.
        if matches!(self.connection(own).inbox, Some(Message::Listener { .. })) {
            world.mishap();
        }
        world.connection_mut(own).farewell = true;
        world.processes[process].connection = None;
        world.close_client(own);
        step("a hostile client closes its connection", false, world);
    }
}
