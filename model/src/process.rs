//! A process: what it has open, who plays in it, how it dies.

use crate::caller::Caller;
use crate::cast::Cast;
use crate::fork::Child;
use crate::kernel::{ConnectionId, Guard, List, Look, Name, Number, QUEUE, SLOTS, SocketId};
use crate::npm::Npm;
use crate::participant::Participant;
use crate::world::World;

/// A process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Process {
    /// Whether it lives.
    pub life: Life,
    /// How often it is still to begin.
    pub rounds: u8,
    /// Its caller has been told that it has the lock, and has not given it back.
    pub holds: bool,
    /// The path was removed while it held: its release must say so.
    pub lost: bool,
    /// Its caller has been told that it has a share, and has not given it back.
    pub shares: bool,
    /// Which slot that is.
    pub slot: Option<u16>,
    /// It has acquired since the last mishap.
    pub acquired_since: bool,

    /// The listening socket, or the one that is to listen.
    pub socket: Option<SocketId>,
    /// The client's end of a connection.
    pub connection: Option<ConnectionId>,
    /// The server's end of a connection: who was accepted last, or has been granted the lock.
    pub guest: Option<ConnectionId>,
    /// More of those, in order (npm's server accepts whoever comes).
    pub guests: List<ConnectionId, QUEUE>,
    /// An inode that is held fast.
    pub pin: Option<Number>,
    /// A temporary name's inode that is held fast.
    pub swept: Option<Number>,
    /// How far the folder was read.
    pub listing: Option<Name>,
    /// The temporary name that was drawn.
    pub drawn: Option<Name>,
    /// The connection of a probe.
    pub probe: Option<ConnectionId>,
    /// Its probe is a stream socket.
    pub asks_by_stream: bool,
    /// What a call is about that the kernel makes in two parts, and has made the first of.
    pub half: Option<Number>,
    /// The FIFO of its share, which it has open for writing.
    pub share: Option<Number>,
    /// A FIFO that it looks at.
    pub look: Option<Look>,
    /// The slots that it waits for.
    pub slots: List<Look, SLOTS>,
    /// The open folder's lock.
    pub guard: Guard,
    /// A forked child has a copy of the open folder, and shares its lock.
    pub forked: bool,
    /// A copy of a listener that was not closed after a fork.
    pub kept: Option<SocketId>,

    /// Who plays in it.
    pub player: Player,
}

/// Whether a process lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Life {
    /// It runs.
    #[default]
    Runs,
    /// It was killed, and the kernel closes its descriptors.
    Dies,
    /// All is closed.
    Dead,
}

/// Who plays in a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Player {
    /// Nobody: there is no such process.
    #[default]
    Nobody,
    /// A crash-safe participant.
    Safe(Participant),
    /// A participant of the npm package.
    Npm(Npm),
    /// A stranger who uses flock(1) on the folder now and then.
    Locker,
    /// A stranger who removes the file at the path, once.
    Remover,
    /// A program that connects without a badge.
    Caller(Caller),
    /// Somebody who changes what the mark is made of.
    Changer(Change),
    /// Somebody who removes the path by hand.
    Human,
    /// A hostile server.
    Server,
    /// A hostile client.
    Client,
    /// A child that was forked, and has copies of everything; or one that is not born yet.
    Child(Child),
}

/// What somebody who knows nothing of locks changes at sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The sticky bit.
    Mode,
    /// The times.
    Times,
}

impl Process {
    /// The temporary name that was read last.
    pub(crate) fn read(&self) -> Option<Name> {
        self.listing.and_then(|next| next.checked_sub(1))
    }

    pub(crate) fn new(cast: Cast, rounds: u8) -> Self {
        let player = match cast {
            Cast::Safe
            | Cast::Unreadable
            | Cast::Try
            | Cast::OtherUser
            | Cast::Impatient
            | Cast::Strict
            | Cast::Reader
            | Cast::TryReader
            | Cast::OtherReader
            | Cast::Slot
            | Cast::OneSlot
            | Cast::TrySlot
            | Cast::Downgrader => Player::Safe(Participant::default()),
            Cast::Npm => Player::Npm(Npm::default()),
            Cast::Locker => Player::Locker,
            Cast::Remover => Player::Remover,
            Cast::Caller => Player::Caller(Caller::default()),
            Cast::Stranger | Cast::Traitor => Player::Server,
            Cast::Pest | Cast::Vandal => Player::Client,
            Cast::Human => Player::Human,
            Cast::Child | Cast::Heir | Cast::Daemon => Player::Child(Child::Unborn),
            Cast::Administrator => Player::Changer(Change::Mode),
            Cast::Toucher => Player::Changer(Change::Times),
        };
        let rounds = if cast == Cast::Child || cast == Cast::Daemon { 0 } else { rounds };
        Self { player, rounds, ..Self::default() }
    }

    /// The FIFOs that it looks at.
    pub(crate) fn looks(&self) -> impl Iterator<Item = Look> {
        self.look.into_iter().chain(self.slots.iter())
    }

    pub(crate) fn looks_mut(&mut self, change: impl FnMut(&mut Look)) {
        self.look.iter_mut().chain(self.slots.iter_mut()).for_each(change);
    }

    /// Something has changed at the path: whoever watches it is told.
    pub(crate) fn path_has_changed(&mut self) {
        if let Player::Safe(participant) = &mut self.player {
            participant.path_has_changed();
        }
    }

    /// The numbers of inodes that it remembers, whether or not they are in use still.
    pub(crate) fn remembered_numbers(&self, mut tell: impl FnMut(Number)) {
        if let Player::Safe(participant) = &self.player {
            participant.mind.inodes().for_each(&mut tell);
        }
    }

    /// Whether nothing more is to come of it.
    pub(crate) fn is_over(&self) -> bool {
        match (self.life, self.player) {
            (Life::Dead, _) => true,
            (Life::Dies, _) => false,
            (Life::Runs, Player::Nobody | Player::Locker) => self.guard == Guard::None,
            (Life::Runs, Player::Safe(participant)) => self.rounds == 0 && participant.is_idle(),
            (Life::Runs, Player::Npm(npm)) => self.rounds == 0 && npm.is_idle(),
            (Life::Runs, Player::Changer(_) | Player::Server | Player::Human) => true,
            (Life::Runs, Player::Client) => self.rounds == 0 && self.connection.is_none(),
            // Copies may be kept for ever.
            (Life::Runs, Player::Child(child)) => child == Child::Unborn || self.rounds == 0,
            (Life::Runs, Player::Remover) => self.rounds == 0,
            (Life::Runs, Player::Caller(caller)) => self.rounds == 0 && caller == Caller::Idle,
        }
    }
}

impl World {
    /// Kills a process: from now on it does nothing, and holds nothing.
    pub(crate) fn kill(&mut self, process: usize) {
        let dead = &mut self.processes[process];
        dead.life = Life::Dies;
        (dead.holds, dead.lost, dead.shares, dead.slot) = (false, false, false, None);
        dead.rounds = 0;
        (dead.listing, dead.drawn, dead.asks_by_stream, dead.half) = (None, None, false, None);
        // (Nobody can tell when a reader of a FIFO is closed.)
        (dead.look, dead.slots) = (None, List::default());
        dead.player = match dead.player {
            Player::Safe(_) => Player::Safe(Participant::default()),
            Player::Npm(_) => Player::Npm(Npm::default()),
            other => other,
        };
    }

    /// Each way in which the kernel may go on with the death of a process: any of its descriptors may be the next.
    pub(crate) fn deaths(&self, process: usize, guard_survives: bool, mut next: impl FnMut(&'static str, Self)) {
        let dying = &self.processes[process];
        let mut closes = |what, close: &dyn Fn(&mut Self)| {
            let mut world = *self;
            close(&mut world);
            next(what, world);
        };
        if dying.socket.is_some() {
            closes("dies: its listener is closed", &|world| world.processes[process].socket = None);
        }
        if let Some(connection) = dying.connection {
            closes("dies: its connection is closed", &|world| {
                world.processes[process].connection = None;
                world.close_client(connection);
            });
        }
        if let Some(guest) = dying.guest {
            closes("dies: its guest is closed", &|world| {
                world.processes[process].guest = None;
                world.close_server(guest);
            });
        }
        if let Some(guest) = dying.guests.iter().next() {
            closes("dies: one of its guests is closed", &|world| {
                world.processes[process].guests.pop();
                world.close_server(guest);
            });
        }
        if dying.pin.is_some() {
            closes("dies: its pin is closed", &|world| world.processes[process].pin = None);
        }
        if dying.swept.is_some() {
            closes("dies: its pin of a temporary name is closed", &|world| world.processes[process].swept = None);
        }
        if let Some(probe) = dying.probe {
            closes("dies: its probe is closed", &|world| {
                world.processes[process].probe = None;
                world.close_client(probe);
            });
        }
        if dying.share.is_some() {
            closes("dies: its share is closed", &|world| world.processes[process].share = None);
        }
        if dying.kept.is_some() {
            closes("dies: its copy of a listener is closed", &|world| world.processes[process].kept = None);
        }
        if (dying.guard != Guard::None || dying.forked) && !guard_survives {
            closes("dies: its folder is closed", &|world| world.leave_guard(process));
        }
        let nothing = Self::default().processes[0];
        let open = Process { guard: if guard_survives { Guard::None } else { dying.guard }, ..*dying };
        let closed = Process {
            socket: nothing.socket,
            connection: nothing.connection,
            guest: nothing.guest,
            guests: nothing.guests,
            pin: nothing.pin,
            swept: nothing.swept,
            probe: nothing.probe,
            guard: nothing.guard,
            forked: nothing.forked,
            kept: nothing.kept,
            share: nothing.share,
            ..*dying
        };
        if open == closed {
            closes("is dead", &|world| {
                world.processes[process].life = Life::Dead;
                world.mishap();
            });
        }
    }
}
