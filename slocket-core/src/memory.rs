//! What a participant remembers from one procedure to the next.

use crate::call::{Call, Role};
use crate::event::Share;
use crate::places::Places;
use crate::platform::{Hints, Home, Platform, Probe};
use crate::result::{CallResult, Found, Inode, StatResult};

/// What a participant remembers from one procedure to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Memory {
    pub(crate) platform: Platform,
    pub(crate) hints: Hints,
    pub(crate) places: Places,
    /// What [`Role::Pin`] and [`Role::Swept`] were when they were last looked at, while they are open.
    pub(crate) pin: Option<Found>,
    pub(crate) swept: Option<Found>,
    /// The socket is being published aside, under [`Name::Temporary`].
    pub(crate) aside: bool,
    /// The file that our listener is bound to; `None` at an abstract name.
    pub(crate) listener: Option<Inode>,
    /// The file that we connected to; `None` at an abstract name.
    pub(crate) server: Option<Inode>,
    /// It was marked then, or is an abstract name: its server hands over, and always will.
    pub(crate) hands_over: bool,
    /// The server is of our user.
    pub(crate) peer_is_ours: bool,
    /// The server was told that we are done, whatever it grants.
    pub(crate) dismissed: bool,
    /// The path was our socket when it began to be passed on, or is an abstract name, which cannot be taken from us.
    pub(crate) intact: bool,
    /// The queue was empty when it was last looked at.
    pub(crate) empty: bool,
    /// How many were accepted for one release.
    pub(crate) accepted: u16,
    /// What of the lock is wanted, or held: a share; or the lock itself.
    pub(crate) share: Option<Share>,
    /// The slot that is taken.
    pub(crate) slot: Option<u16>,
    /// A share is held, or will be once the lock has been passed on.
    pub(crate) has_share: bool,
    /// The lock was had without having been held, or a share was: there may be FIFOs to remove.
    pub(crate) cleans_up: bool,
    /// No process has a share, and no FIFO is left of any: we have the listener, and looked ourselves, or the
    /// process that handed it over said so.
    pub(crate) unshared: bool,
    /// How often it has been looked whether there are.
    pub(crate) rounds: u8,
}

/// How often it is looked whether there are FIFOs to remove.
pub(crate) const MOST_ROUNDS: u8 = 16;

impl Memory {
    /// Whether a process can have a share of the lock.
    pub(crate) fn can_be_shared(&self) -> bool {
        self.platform.shares && self.platform.home == Home::Path
    }

    /// How dead sockets are told from live ones in the folder, as far as that is known.
    pub(crate) fn known_probe(&self) -> Probe {
        self.platform.probe.unwrap_or(Probe::Datagram)
    }

    /// What the file that is held fast there was when it was last looked at.
    pub(crate) fn pinned(&self, pin: Role) -> Option<Found> {
        if pin == Role::Swept { self.swept } else { self.pin }
    }

    /// Takes note of what a call has opened, found or closed.
    #[inline]
    pub(crate) fn note(&mut self, call: Call, result: &CallResult) {
        self.places.note(call, result);
        if let (Call::StatFile(role), CallResult::StatResult(StatResult::Found(found))) = (call, result) {
            self.hold(role, Some(*found));
        } else if let (Call::Close(role) | Call::CloseApart(role), CallResult::DoneResult(_)) = (call, result) {
            self.hold(role, None);
            self.unshared &= role != Role::Listener;
        }
    }

    /// Takes note of what is held fast there, if anything can be.
    fn hold(&mut self, role: Role, found: Option<Found>) {
        if role == Role::Pin {
            self.pin = found;
        } else if role == Role::Swept {
            self.swept = found;
        }
    }

    /// What tells a live socket from a dead one has been asked. (A kernel of which nothing can be made is asked again.)
    pub(crate) fn learn(&mut self, probe: Probe) {
        if probe != Probe::None {
            self.platform.probe = Some(probe);
        }
    }

    /// Forgets how often something was tried.
    pub(crate) fn forget_counts(&mut self) {
        self.accepted = 0;
        if self.rounds < MOST_ROUNDS {
            self.rounds = self.rounds.min(1);
        }
    }

    /// What is to be closed when a procedure ends; its own socket, too, if it has come to nothing.
    #[inline]
    pub(crate) fn litter(&self, socket: Option<Role>) -> Option<Call> {
        let socket = socket.filter(|role| self.places.is_full(*role)).map(Call::Close);
        self.places.next_to_close().or(socket)
    }
}
