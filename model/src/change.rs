//! What a planted bug can make of a call: see [`filter`](crate::filter).

use slocket_core::{Call, CallResult, FileKind, Found, Inode, Links, ModeFit, Owner, TimesFound};

use crate::objects::Number;
use crate::player::Player;
use crate::world::World;

/// What becomes of a call.
pub(crate) enum Change {
    /// It is not made, and answered so.
    Skipped(CallResult),
    /// The same; and it is made later: see [`World::make_late`].
    Delayed(CallResult),
    /// Another is made in its place.
    Replaced(Call),
    /// Something else is done in its place, and it is answered so.
    Altered(CallResult, World),
    /// Something is done first.
    Other(&'static str, World),
}

impl World {
    /// Whether a planted bug has noted something.
    pub(crate) fn is_noted(&self, process: usize) -> bool {
        match self.processes[process].player {
            Player::Safe(participant) => participant.noted,
            _ => false,
        }
    }
}

/// A marked socket of this implementation.
pub(crate) fn socket_like(number: Number) -> Found {
    Found {
        inode: Inode { device: 0, number: number.into() },
        kind: FileKind::Socket,
        owner: Owner::Us,
        links: Links::One,
        is_sticky: true,
        owner_writes: true,
        mode: ModeFit::Exact,
        times: TimesFound::Marked,
        is_recent: false,
    }
}
