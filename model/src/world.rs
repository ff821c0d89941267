//! One state of everything.

use crate::broken::Broken;
use crate::cast::Cast;
use crate::configuration::Configuration;
use crate::list::List;
use crate::mind::Mind;
use crate::objects::{
    CONNECTIONS, Connection, ConnectionId, Guard, INODES, Inode, Kind, NAMES, Number, SLOTS, SOCKETS, Socket, SocketId,
};
use crate::player::{Participant, Player};
use crate::process::Process;

/// The most processes.
pub const PROCESSES: usize = 5;

/// One state of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// The lock is at an abstract name: what would be a file at a path is the kernel's note of the name.
    pub at_name: bool,
    /// What the path leads to.
    pub path: Option<Number>,
    /// What the temporary names in the folder lead to.
    pub names: [Option<Number>; NAMES],
    /// What the names of shares lead to: that of shared locks, and those of slots.
    pub shares: [Option<Number>; 1 + SLOTS],
    /// The inodes, by their numbers.
    pub inodes: [Option<Inode>; INODES],
    /// The sockets.
    pub sockets: [Option<Socket>; SOCKETS],
    /// The connections.
    pub connections: [Option<Connection>; CONNECTIONS],
    /// The processes.
    pub processes: [Process; PROCESSES],
    /// How many may still be killed.
    pub crashes: u8,
    /// How many attempts may still be cancelled.
    pub cancels: u8,
    /// How many system calls may still fail.
    pub failures: u8,
    /// How often a client that lingers may still take its leave.
    pub dismissals: u8,

    /// The lock of an open folder whose owner is gone, and that a forked child has a copy of.
    pub orphan: Guard,

    /// The number of the next inode; chosen just before it is made.
    pub next_number: Number,
    /// The participants that have joined a queue and have not left it, in order. (Kept while no process was killed.)
    pub arrivals: List<u8, PROCESSES>,
    /// A process was killed, or a listener was lost on its way: no participant's fault, but its leftovers are for the next one.
    pub mishap: bool,
    /// A participant has acquired and released since the last mishap.
    pub used_since: bool,
    /// What has happened excuses a lost lock and leftovers (protocol section 3.2).
    pub excused: bool,
    /// A promise was broken in the last step.
    pub broken: Option<Broken>,
}

impl World {
    /// How it begins.
    #[must_use]
    pub fn new(configuration: &Configuration) -> Self {
        let mut world = Self {
            at_name: configuration.at_name,
            crashes: configuration.crashes,
            cancels: configuration.cancels,
            failures: configuration.failures,
            dismissals: configuration.dismissals,
            used_since: true,
            ..Self::default()
        };
        for (process, cast) in world.processes.iter_mut().zip(configuration.cast) {
            *process = Process::new(*cast, configuration.rounds);
        }
        if configuration.cast.contains(&Cast::Remover) {
            world.inodes[0] = Some(Inode::new(false, Kind::File));
            world.path = Some(0);
        }
        world
    }

    /// Whether every participant that wants the lock has held it, so that nothing more is to come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.processes.iter().all(Process::is_over)
    }

    pub(crate) fn inode(&self, number: Number) -> Inode {
        self.inodes[usize::from(number)].expect("what is referred to is there")
    }

    pub(crate) fn inode_mut(&mut self, number: Number) -> &mut Inode {
        self.inodes[usize::from(number)].as_mut().expect("what is referred to is there")
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

    pub(crate) fn participant(&mut self, process: usize) -> &mut Participant {
        match &mut self.processes[process].player {
            Player::Safe(participant) => participant,
            other => unreachable!("{other:?} is not a crash-safe participant"),
        }
    }

    pub(crate) fn mind(&self, process: usize) -> Mind {
        match self.processes[process].player {
            Player::Safe(participant) => participant.mind,
            other => unreachable!("{other:?} is not a crash-safe participant"),
        }
    }
}
