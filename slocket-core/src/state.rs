//! Where a participant stands.

use crate::event::Policy;
use crate::report::Report;
use crate::{
    accept, close, close_out, give_back, hand_over, inspect, join, leave, mark, part, publish, receive, reclaim,
};

/// The state of one participant. Those with a step are in a procedure, and wait for the result of a call; the others wait for the
/// caller, or for something to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Nothing has been asked for.
    #[default]
    Idle,

    /// A socket is being published at the path.
    Publishing(Attempt, publish::Step),
    /// The queue at the path is being joined.
    Joining(Attempt, join::Step),
    /// In a server's queue, waiting for the lock.
    Queued(Attempt),
    /// What the server sent is being taken.
    Receiving(Attempt, receive::Step),
    /// The connection ended without the lock, and is being closed.
    Parting(Attempt, part::Step),
    /// What is at the path is being looked at.
    Inspecting(Attempt, inspect::Step),
    /// A watch is being put on the path.
    ArmingWatch(Attempt),
    /// Waiting for a change of the path.
    Watching(Attempt),
    /// The watch is being ended.
    Unwatching(Attempt, Going),
    /// A dead socket is being removed.
    Reclaiming(Attempt, reclaim::Step),
    /// Pausing before the next attempt: how long, by the level.
    Pausing(Attempt, Going, u8),

    /// Somebody looks whether there is a queue to stand in.
    Looking(join::Step),
    /// There is, and it is being left.
    LeavingLook(leave::Step),

    /// The queue is being left; then the caller is told this.
    Leaving(Report, leave::Step),
    /// The caller has been told, but the server may not be left before it has had its say.
    Lingering,
    /// The server is being told that we are done.
    Dismissing,
    /// What the server sent late is being taken.
    ReceivingLate(receive::Step),

    /// The lock is held, with the listener.
    Holding,
    /// The lock is held, on loan from a server.
    Borrowing,

    /// The head of the queue is being accepted.
    Accepting(Owed, accept::Step),
    /// The listener is being handed over.
    HandingOver(Owed, hand_over::Step),
    /// The mark is being cleared.
    ClearingMark(Owed, mark::Step),
    /// The lock is being lent.
    Lending(Owed),
    /// The lock is lent out, and the caller has been told that it is released.
    Lent,
    /// What the borrower sent is being read away: how often.
    SeeingLoan(u8),
    /// The mark is being set again.
    SettingMark(Owed, mark::Step),
    /// The path is being given up.
    ClosingOut(Owed, close_out::Step),
    /// The loan is being ended.
    GivingBack(Owed, give_back::Step),
    /// What is left is being closed.
    Closing(Owed, close::Step),

    /// It is over: nothing is held, nothing is open.
    Finished,
}

/// What the caller is still to be told when the lock has been passed on.
pub(crate) type Owed = Option<Report>;

/// What a participant that wants the lock carries from state to state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    /// What the caller wants.
    pub(crate) wish: Wish,
    /// What to do about what is in the way.
    pub(crate) policy: Policy,
    /// How long a stale socket, or by a try whatever is in the way, has been put up with.
    pub(crate) patience: Patience,
    /// How often in a row the attempt came to nothing, 5 at most.
    pub(crate) level: u8,
    /// Whether the path is being watched.
    pub(crate) watched: bool,
}

/// What the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Wish {
    /// The lock, however long it takes.
    #[default]
    Acquire,
    /// The lock, without queueing.
    Try,
}

/// Where an attempt goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Going {
    /// To publish.
    Publish,
    /// To join the queue.
    Join,
}

/// How long something has been put up with: a stale socket (only under [`Stale::Reclaim`](crate::Stale::Reclaim)), or by a try whatever is in the
/// way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Patience {
    /// It has not been met.
    #[default]
    Fresh,
    /// [`Timer::Stale`](crate::Timer::Stale), or [`Timer::Try`](crate::Timer::Try), is armed.
    Running,
    /// It has fired: the socket may be removed, or the try has failed.
    Over,
}

/// What the driver has to wait for: the source, and the timers. A timer that is armed already stays as it is; one that is not
/// named is disarmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wait {
    /// What is watched, besides the timers.
    pub source: Option<Source>,
    /// [`Timer::Retry`](crate::Timer::Retry), after a random time that grows with this level, from 1 to 6, and is counted from
    /// the beginning of the last attempt.
    pub retry: Option<u8>,
    /// [`Timer::Recheck`](crate::Timer::Recheck).
    pub recheck: bool,
    /// [`Timer::Stale`](crate::Timer::Stale).
    pub stale: bool,
    /// [`Timer::Try`](crate::Timer::Try).
    pub hasty: bool,
}

/// What can happen besides a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// [`Role::Connection`](crate::Role::Connection) becomes readable: [`Notice::Readable`](crate::Notice::Readable).
    Connection,
    /// [`Role::Guest`](crate::Role::Guest) does: [`Notice::Readable`](crate::Notice::Readable).
    Guest,
    /// [`Role::Watch`](crate::Role::Watch) tells of a change: [`Notice::FsChange`](crate::Notice::FsChange).
    Path,
}

impl State {
    /// What to wait for in this state.
    pub(crate) fn wait(&self) -> Wait {
        let source = |source| Wait { source: Some(source), ..Wait::default() };
        let runs = |attempt: &Attempt| attempt.patience == Patience::Running;
        match self {
            Self::Queued(_) | Self::Lingering => source(Source::Connection),
            Self::Lent => source(Source::Guest),
            Self::Watching(attempt) => Wait { recheck: true, stale: runs(attempt), ..source(Source::Path) },
            Self::Pausing(attempt, _, level) => Wait {
                retry: Some(*level),
                stale: attempt.wish == Wish::Acquire && runs(attempt),
                hasty: attempt.wish == Wish::Try && runs(attempt),
                ..Wait::default()
            },
            Self::Idle
            | Self::Publishing(..)
            | Self::Joining(..)
            | Self::Receiving(..)
            | Self::Parting(..)
            | Self::Inspecting(..)
            | Self::ArmingWatch(_)
            | Self::Unwatching(..)
            | Self::Reclaiming(..)
            | Self::Looking(_)
            | Self::LeavingLook(_)
            | Self::Leaving(..)
            | Self::Dismissing
            | Self::ReceivingLate(_)
            | Self::Holding
            | Self::Borrowing
            | Self::Accepting(..)
            | Self::HandingOver(..)
            | Self::ClearingMark(..)
            | Self::Lending(_)
            | Self::SeeingLoan(_)
            | Self::SettingMark(..)
            | Self::ClosingOut(..)
            | Self::GivingBack(..)
            | Self::Closing(..)
            | Self::Finished => Wait::default(),
        }
    }

    /// Forgets how often in a row an attempt came to nothing, beyond the second time.
    pub(crate) fn forget_counts(&mut self) {
        if let Self::Pausing(_, _, level) = self {
            *level = (*level).min(2);
        }
        match self {
            Self::Publishing(attempt, _)
            | Self::Joining(attempt, _)
            | Self::Queued(attempt)
            | Self::Receiving(attempt, _)
            | Self::Parting(attempt, _)
            | Self::Inspecting(attempt, _)
            | Self::ArmingWatch(attempt)
            | Self::Watching(attempt)
            | Self::Unwatching(attempt, _)
            | Self::Reclaiming(attempt, _)
            | Self::Pausing(attempt, ..) => attempt.level = attempt.level.min(2),
            Self::Idle
            | Self::Looking(_)
            | Self::LeavingLook(_)
            | Self::Leaving(..)
            | Self::Lingering
            | Self::Dismissing
            | Self::ReceivingLate(_)
            | Self::Holding
            | Self::Borrowing
            | Self::Accepting(..)
            | Self::HandingOver(..)
            | Self::ClearingMark(..)
            | Self::Lending(_)
            | Self::Lent
            | Self::SeeingLoan(_)
            | Self::SettingMark(..)
            | Self::ClosingOut(..)
            | Self::GivingBack(..)
            | Self::Closing(..)
            | Self::Finished => {}
        }
    }

    /// Whether the caller has been told and the rest goes on without it.
    pub(crate) const fn is_background(&self) -> bool {
        matches!(
            self,
            Self::Lent
                | Self::SeeingLoan(_)
                | Self::Lingering
                | Self::Dismissing
                | Self::ReceivingLate(_)
                | Self::Accepting(None, _)
                | Self::HandingOver(None, _)
                | Self::ClearingMark(None, _)
                | Self::Lending(None)
                | Self::SettingMark(None, _)
                | Self::ClosingOut(None, _)
                | Self::GivingBack(None, _)
                | Self::Closing(None, _)
        )
    }
}
