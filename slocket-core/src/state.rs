//! Where a participant stands.

use crate::action::Report;
use crate::event::{Connection, Stale};

/// The state of one participant, from the request for the lock until the last descriptor is closed.
///
/// States whose docs name an action wait for that action's answer; the others wait for a happening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing has been asked for.
    #[default]
    Idle,

    /// A socket is being published at the path ([`Publish`](crate::Action::Publish)).
    Publishing(Attempt),
    /// A connection is being made to the path ([`Connect`](crate::Action::Connect)).
    Connecting(Attempt),
    /// In a server's queue, waiting for the lock.
    Queued(Attempt),
    /// What is at the path is being looked at ([`Inspect`](crate::Action::Inspect)).
    Inspecting(Attempt),
    /// A watch is being put on the path ([`Watch`](crate::Action::Watch)).
    ArmingWatch(Attempt),
    /// Waiting for a change of the path.
    Watching(Attempt),
    /// A dead socket is being removed ([`Reclaim`](crate::Action::Reclaim)).
    Reclaiming(Attempt),
    /// Pausing before publishing again.
    PausingToPublish(Attempt),
    /// Pausing before connecting again.
    PausingToConnect(Attempt),

    /// The queue is being left ([`Leave`](crate::Action::Leave)); then the caller is told this.
    Leaving(Connection, Report),
    /// The caller has been told, but the server may not be left before it has had its say: a grant that still comes is given
    /// back or passed on.
    Lingering(Connection),

    /// The lock is held, with the listener.
    Holding,
    /// The lock is held, on loan from a server.
    Borrowing,

    /// The head of the queue is being accepted ([`Accept`](crate::Action::Accept)).
    Accepting(Owed),
    /// The listener is being handed over ([`HandOver`](crate::Action::HandOver)).
    HandingOver(Owed),
    /// The mark is being cleared ([`ClearMark`](crate::Action::ClearMark)).
    ClearingMark(Owed),
    /// The lock is being lent ([`Lend`](crate::Action::Lend)).
    Lending(Owed),
    /// The lock is lent out, and the caller has been told that it is released.
    Lent,
    /// The mark is being set again ([`SetMark`](crate::Action::SetMark)).
    SettingMark(Owed),
    /// The path is being given up ([`CloseOut`](crate::Action::CloseOut)).
    ClosingOut(Owed),
    /// The loan is being ended ([`GiveBack`](crate::Action::GiveBack)).
    GivingBack(Owed),

    /// It is over: nothing is held, nothing is open.
    Finished,
}

/// What the caller is still to be told when the lock has been passed on.
pub type Owed = Option<Report>;

/// What a participant that wants the lock carries from state to state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// What the caller wants.
    pub wish: Wish,
    /// What to do about a stale socket.
    pub stale: Stale,
    /// How long a stale socket, or by a try whatever is in the way, has been put up with.
    pub patience: Patience,
    /// How often in a row the attempt came to nothing, 6 at most.
    pub level: u8,
    /// The number of the present connection.
    pub connection: Connection,
    /// Whether the path is being watched.
    pub watched: bool,
    /// The caller wants no more, and is to be told this.
    pub quit: Option<Report>,
}

/// What the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wish {
    /// The lock, however long it takes.
    #[default]
    Acquire,
    /// The lock, without queueing.
    Try,
    /// To know whether somebody listens.
    Look,
}

/// How long something has been put up with: a stale socket (only under [`Stale::Reclaim`]), or by a try whatever is in the
/// way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patience {
    /// It has not been met.
    #[default]
    Fresh,
    /// [`Timer::Stale`](crate::Timer::Stale), or [`Timer::Try`](crate::Timer::Try), is armed.
    Running,
    /// It has fired: the socket may be removed, or the try has failed.
    Over,
}

/// What the driver has to wait for when all actions of a step are performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    /// The connection to the server becomes readable.
    Connection,
    /// The client that the lock is lent to ends its connection.
    Loan,
    /// The watch on the path reports a change.
    Path,
    /// A timer, or nothing at all.
    Timer,
}

impl State {
    /// What to wait for in this state, besides the timers that are armed.
    #[must_use]
    pub const fn interest(&self) -> Interest {
        match self {
            Self::Queued(_) | Self::Lingering(_) => Interest::Connection,
            Self::Lent => Interest::Loan,
            Self::Watching(_) => Interest::Path,
            Self::Idle
            | Self::Publishing(_)
            | Self::Connecting(_)
            | Self::Inspecting(_)
            | Self::ArmingWatch(_)
            | Self::Reclaiming(_)
            | Self::PausingToPublish(_)
            | Self::PausingToConnect(_)
            | Self::Leaving(..)
            | Self::Holding
            | Self::Borrowing
            | Self::Accepting(_)
            | Self::HandingOver(_)
            | Self::ClearingMark(_)
            | Self::Lending(_)
            | Self::SettingMark(_)
            | Self::ClosingOut(_)
            | Self::GivingBack(_)
            | Self::Finished => Interest::Timer,
        }
    }

    /// Whether the lock is held for the caller.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        matches!(self, Self::Holding | Self::Borrowing)
    }

    /// Whether the caller has been told and the rest goes on without it, in the background.
    #[must_use]
    pub const fn is_background(&self) -> bool {
        matches!(
            self,
            Self::Lent
                | Self::Lingering(_)
                | Self::Accepting(None)
                | Self::HandingOver(None)
                | Self::ClearingMark(None)
                | Self::Lending(None)
                | Self::SettingMark(None)
                | Self::ClosingOut(None)
                | Self::GivingBack(None)
        )
    }
}
