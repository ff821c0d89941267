//! One state for all that differ in names only: in which process plays which of several alike, and in the numbers of
//! sockets, connections and inodes.

use std::hash::{BuildHasher, Hash, Hasher};

use crate::configuration::Configuration;
use crate::hasher::BuildStateHasher;
use crate::list::List;
use crate::objects::{CONNECTIONS, ConnectionId, INODES, Kind, Message, Number, SOCKETS, SocketId};
use crate::player::{Participant, Player};
use crate::process::Process;
use crate::world::{PROCESSES, World};

impl World {
    /// The same state under other names. Participants that are alike, but not yet told apart, may keep their order: then two states
    /// count that could be one.
    ///
    /// It hides nothing. Processes change places with others of their cast only, and whatever refers to something is renamed
    /// with it, one to one (what was not met panics): both states have the same steps, under other names, and no promise
    /// speaks of a name. What is left out of the key costs states, and no more than that.
    #[must_use]
    pub fn canonical(&self, configuration: &Configuration) -> Self {
        self.canonical_from(configuration).0
    }

    /// The same; and which process of this state stands at each place of that one.
    pub(crate) fn canonical_from(&self, configuration: &Configuration) -> (Self, [usize; PROCESSES]) {
        let mut order: [usize; PROCESSES] = std::array::from_fn(|process| process);
        let keys: [u64; PROCESSES] = std::array::from_fn(|process| self.key(process));
        let cast = |process: usize| configuration.cast.get(process).map_or(u8::MAX, |cast| *cast as u8);
        let first = |process: usize| configuration.cast.iter().position(|other| *other as u8 == cast(process));
        order.sort_by_key(|process| (first(*process).unwrap_or(usize::MAX), keys[*process]));
        // Participants of the same cast stand together now; give each cast the places that it has.
        let mut places: [usize; PROCESSES] = std::array::from_fn(|process| process);
        places.sort_by_key(|place| (first(*place).unwrap_or(usize::MAX), *place));
        let mut from = [0; PROCESSES];
        for (place, process) in places.into_iter().zip(order) {
            from[place] = process;
        }
        (Renaming::of(self, from).apply(self), from)
    }

    /// The same for all that differ in names only, without exception: of all orders the one with the smallest hash. (Too slow
    /// for a search; a test compares by it.)
    #[must_use]
    pub fn normal(&self, configuration: &Configuration) -> Self {
        let cast = configuration.cast;
        let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
        for place in cast {
            let longer = |order: &Vec<usize>| {
                let free = (0..cast.len()).filter(|process| cast[*process] == *place && !order.contains(process));
                free.map(|process| [order.as_slice(), &[process]].concat()).collect::<Vec<_>>()
            };
            orders = orders.iter().flat_map(longer).collect();
        }
        let renamed = orders.into_iter().map(|order| {
            let from = std::array::from_fn(|place| order.get(place).copied().unwrap_or(place));
            Renaming::of(self, from).apply(self)
        });
        renamed.min_by_key(|world| BuildStateHasher::default().hash_one(world)).expect("there is one order at least")
    }

    /// What tells a process from another, whatever the names.
    fn key(&self, process: usize) -> u64 {
        let mut hasher = BuildStateHasher::default().build_hasher();
        let own = &self.processes[process];
        (own.life, own.rounds, own.holds, own.acquired_since, own.guard, own.pin.is_some()).hash(&mut hasher);
        (own.forked, own.lost, own.kept.is_some()).hash(&mut hasher);
        (own.shares, own.slot, own.share.is_some(), own.look.is_some(), own.slots.len()).hash(&mut hasher);
        (own.swept.is_some(), own.half.is_some(), own.probe.is_some(), own.listing, own.drawn, own.asks_by_stream)
            .hash(&mut hasher);
        match own.player {
            Player::Safe(Participant {
                mind,
                watch,
                lends,
                forgets,
                late,
                noted,
                misled,
                borrows,
                keeps,
                meets_npm,
                keep,
            }) => {
                (mind.shape(), watch, lends, forgets, late, noted, misled, borrows, keeps, meets_npm).hash(&mut hasher);
                keep.hash(&mut hasher);
            }
            other => other.hash(&mut hasher),
        }
        if let Some(socket) = own.socket {
            let socket = self.socket(socket);
            (socket.listens, socket.refuses, socket.queue.len(), self.path == Some(socket.inode)).hash(&mut hasher);
        }
        for connection in own.connection.into_iter().chain(own.guest) {
            let end = self.connection(connection);
            let place = |queue: &List<ConnectionId, _>| queue.iter().position(|other| other == connection);
            let place = self.sockets.iter().flatten().find_map(|socket| place(&socket.queue));
            (end.client, end.server, end.inbox.is_some(), place).hash(&mut hasher);
        }
        let arrival = self.arrivals.iter().position(|other| usize::from(other) == process);
        arrival.hash(&mut hasher);
        hasher.finish()
    }
}

/// New names for everything.
struct Renaming {
    /// Which process stands at each place.
    from: [usize; PROCESSES],
    inodes: Names<INODES>,
    sockets: Names<SOCKETS>,
    connections: Names<CONNECTIONS>,
}

/// New names in the order in which the old ones are met.
struct Names<const N: usize> {
    new: [Option<u8>; N],
    next: u8,
}

impl<const N: usize> Names<N> {
    const NONE: Self = Self { new: [None; N], next: 0 };

    fn meet(&mut self, old: u8) -> bool {
        let slot = &mut self.new[usize::from(old)];
        if slot.is_some() {
            return false;
        }
        *slot = Some(self.next);
        self.next += 1;
        true
    }

    fn get(&self, old: u8) -> u8 {
        self.new[usize::from(old)].expect("everything that is referred to was met")
    }
}

impl Renaming {
    /// Meets everything, beginning with the path and with the first process.
    fn of(world: &World, from: [usize; PROCESSES]) -> Self {
        let mut names = Self { from, inodes: Names::NONE, sockets: Names::NONE, connections: Names::NONE };
        for number in world.path.into_iter().chain(world.names.into_iter().chain(world.shares).flatten()) {
            names.meet_inode(world, number);
        }
        for process in from.map(|process| &world.processes[process]) {
            for socket in process.socket.into_iter().chain(process.kept) {
                names.meet_socket(world, socket);
            }
            let ends = [process.connection, process.probe, process.guest].into_iter().flatten();
            let connections = ends.chain(process.guests.iter());
            for connection in connections {
                names.meet_connection(world, connection);
            }
            for number in [process.pin, process.swept, process.half, process.share].into_iter().flatten() {
                names.meet_inode(world, number);
            }
            process.looks().for_each(|look| names.meet_inode(world, look.inode));
            process.remembered_numbers(|number| names.meet_inode(world, number));
        }
        names
    }

    fn meet_inode(&mut self, world: &World, number: Number) {
        if self.inodes.meet(number)
            && let Some(inode) = world.inodes[usize::from(number)]
            && let Kind::Bound(socket) = inode.kind
        {
            self.meet_socket(world, socket);
        }
    }

    fn meet_socket(&mut self, world: &World, id: SocketId) {
        if self.sockets.meet(id) {
            let socket = world.socket(id);
            self.meet_inode(world, socket.inode);
            for connection in socket.queue.iter() {
                self.meet_connection(world, connection);
            }
        }
    }

    fn meet_connection(&mut self, world: &World, id: ConnectionId) {
        if self.connections.meet(id)
            && let Some(Message::Listener { socket, .. }) = world.connection(id).inbox
        {
            self.meet_socket(world, socket);
        }
    }

    fn apply(&self, world: &World) -> World {
        let mut renamed = World {
            path: world.path.map(|number| self.inodes.get(number)),
            names: world.names.map(|name| name.map(|number| self.inodes.get(number))),
            shares: world.shares.map(|name| name.map(|number| self.inodes.get(number))),
            inodes: [None; INODES],
            sockets: [None; SOCKETS],
            connections: [None; CONNECTIONS],
            processes: self.from.map(|process| self.process(world.processes[process])),
            arrivals: List::default(),
            ..*world
        };
        for (old, inode) in (0..).zip(world.inodes) {
            if let Some(mut inode) = inode {
                if let Kind::Bound(socket) = &mut inode.kind {
                    *socket = self.sockets.get(*socket);
                }
                renamed.inodes[usize::from(self.inodes.get(old))] = Some(inode);
            }
        }
        for (old, socket) in (0..).zip(world.sockets) {
            if let Some(mut socket) = socket {
                socket.inode = self.inodes.get(socket.inode);
                socket.queue = self.connections_in(socket.queue);
                renamed.sockets[usize::from(self.sockets.get(old))] = Some(socket);
            }
        }
        for (old, connection) in (0..).zip(world.connections) {
            if let Some(mut connection) = connection {
                if let Some(Message::Listener { socket, .. }) = &mut connection.inbox {
                    *socket = self.sockets.get(*socket);
                }
                renamed.connections[usize::from(self.connections.get(old))] = Some(connection);
            }
        }
        for arrival in world.arrivals.iter() {
            let place = self.from.iter().position(|process| *process == usize::from(arrival)).expect("it is somewhere");
            renamed.arrivals.push(place as u8);
        }
        renamed
    }

    fn connections_in<const N: usize>(&self, list: List<ConnectionId, N>) -> List<ConnectionId, N> {
        let mut renamed = List::default();
        list.iter().for_each(|connection| renamed.push(self.connections.get(connection)));
        renamed
    }

    fn process(&self, mut process: Process) -> Process {
        process.socket = process.socket.map(|socket| self.sockets.get(socket));
        process.kept = process.kept.map(|socket| self.sockets.get(socket));
        process.connection = process.connection.map(|connection| self.connections.get(connection));
        process.guest = process.guest.map(|connection| self.connections.get(connection));
        process.guests = self.connections_in(process.guests);
        process.probe = process.probe.map(|connection| self.connections.get(connection));
        process.pin = process.pin.map(|number| self.inodes.get(number));
        process.swept = process.swept.map(|number| self.inodes.get(number));
        process.half = process.half.map(|number| self.inodes.get(number));
        process.share = process.share.map(|number| self.inodes.get(number));
        process.looks_mut(|look| look.inode = self.inodes.get(look.inode));
        if let Player::Safe(participant) = &mut process.player {
            participant.mind = participant.mind.renamed(|number| self.inodes.get(number));
        }
        process
    }
}
