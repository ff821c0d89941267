//! Where the machine stands.

use super::call::Call;
use crate::call::Name;
use crate::report::{Failure, Report};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// It waits for the caller, or for something to happen.
    Resting(Resting),
    /// It waits for the result of this call.
    Calling(Call, At),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Resting {
    /// Nothing has been asked for.
    Idle,
    /// Another process is in the way.
    Waiting(Obstacle),
    /// The lock is held.
    Holding,
    /// A share is held.
    HoldingShare,
    /// It is over: nothing is held, nothing is open.
    Finished,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Obstacle {
    /// The turn.
    Turn,
    /// With the turn: for the share of that slot, or for the shared locks, to be given back.
    Shares(Option<u16>),
    /// With the turn: for a share that can be taken.
    Share,
}

/// Which procedure goes on with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    /// The file of the turn is opened, seen, locked, and compared with what has its name.
    Turn(Turn),
    /// The path is being watched; then it is looked again.
    Arming(Obstacle),
    /// The turn is ours, and processes with shares are looked for.
    Exclude(Option<u16>, Exclude),
    /// The turn is ours, and a share is being taken.
    Share(Want, Share),
    /// What a look has locked is given back; then the caller is told.
    Looked(Looked),
    /// What is open beside the turn is being closed.
    Tidying(Then),
    /// The turn is being passed on; then the caller is told.
    Release(Report, Release),
    /// A share is being given back; then the caller is told.
    GiveBack(Report),
    /// What is left is being closed; then the caller is told.
    Closing(Report),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Turn {
    Make,
    Open,
    SetMode,
    See,
    Lock,
    Compare {
        is_locked: bool,
    },
    /// It is not the lock's file, or not any more.
    Close {
        is_moved: bool,
    },
    Record,
    /// The process that has it is woken.
    Touch,
    /// Has it been removed meanwhile, unlike what was touched?
    Touched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Looked {
    Unlock,
    /// A process that found it locked meanwhile is woken.
    Touch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Exclude {
    Open,
    See,
    Lock,
    Unlock,
    Close,
    Unlink,
}

/// Which file of shares is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Want {
    /// That of the shared locks, for a shared lock.
    Shared,
    /// The same, which is to be there before that of any slot.
    Base,
    /// That of a slot.
    Slot(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Share {
    Open,
    Make,
    SetMode,
    See,
    Lock,
    Close,
}

/// What follows when all beside the turn is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    /// Files of shares that are not used are removed, and the turn is passed on.
    CleanUp(Report),
    /// The turn is passed on.
    Release(Report),
    /// The caller holds the lock.
    Hold,
    /// The caller holds the lock as before.
    NotDowngraded(Failure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Release {
    Compare,
    Unlink,
    /// A share was seen: was it given back meanwhile?
    WasTouched,
    Unlock {
        is_told: bool,
    },
    Touch,
    /// The turn was lost, and so is the share that was taken with it.
    UnlockShare,
}

impl Want {
    pub(super) const fn name(self) -> Name {
        match self {
            Self::Shared | Self::Base => Name::Shared,
            Self::Slot(slot) => Name::Slot(slot),
        }
    }
}
