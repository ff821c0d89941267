//! A process: what it has open, and its participant.

use crate::cast::Cast;
use crate::list::List;
use crate::objects::{ConnectionId, Guard, Look, Name, Number, QUEUE, SLOTS, SocketId};
use crate::player::{Caller, Changer, Child, Npm, Participant, Player};

/// A process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Process {
    /// Whether it lives.
    pub life: Life,
    /// How often it is still to begin.
    pub rounds: u8,
    /// Its caller has been told that it holds the lock, and has not given it back.
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
    /// The server's end of a connection: the last one that was accepted, or the one that was granted the lock.
    pub guest: Option<ConnectionId>,
    /// More of those, in order (npm's server accepts each client).
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

    /// Its participant.
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
            | Cast::Downgrader
            | Cast::Retainer => Player::Safe(Participant::default()),
            Cast::Npm => Player::Npm(Npm::default()),
            Cast::Locker => Player::Locker,
            Cast::Remover => Player::Remover,
            Cast::Caller => Player::Caller(Caller::default()),
            Cast::Stranger | Cast::Traitor => Player::Server,
            Cast::Pest | Cast::Vandal => Player::Client,
            Cast::Human => Player::Human,
            Cast::Child | Cast::Heir | Cast::Daemon => Player::Child(Child::Unborn),
            Cast::Administrator => Player::Changer(Changer::Mode),
            Cast::Toucher => Player::Changer(Changer::Times),
        };
        let rounds = if cast == Cast::Child || cast == Cast::Daemon { 0 } else { rounds };
        Self { player, rounds, ..Self::default() }
    }

    /// Whether it has the lock in hand, whatever for.
    pub(crate) fn has_lock(&self) -> bool {
        self.socket.is_some() || matches!(self.player, Player::Safe(participant) if participant.borrows)
    }

    /// The FIFOs that it looks at.
    pub(crate) fn looks(&self) -> impl Iterator<Item = Look> {
        self.look.into_iter().chain(self.slots.iter())
    }

    pub(crate) fn looks_mut(&mut self, change: impl FnMut(&mut Look)) {
        self.look.iter_mut().chain(self.slots.iter_mut()).for_each(change);
    }

    /// Something has changed at the path: each process that watches it is told.
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

    /// Whether it takes no more steps.
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

    /// Whether it has copies that were made by a fork, or is hostile and keeps what it likes. (What these keep open is not left
    /// open by any other process.)
    pub(crate) fn has_copies(&self) -> bool {
        let is_child = matches!(self.player, Player::Child(_) | Player::Server);
        let has_one = self.socket.is_some() || self.connection.is_some() || self.guest.is_some() || self.pin.is_some();
        self.kept.is_some() || is_child && (has_one || !self.guests.is_empty())
    }
}
