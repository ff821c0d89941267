//! Where a participant stands.

use crate::accept::Accepted;
use crate::call::Call;
use crate::event::{Policy, Share, Timer};
use crate::report::{Failure, Report};
use crate::{
    accept, clean_up, close, close_out, exclude, give_back, hand_over, inspect, join, leave, mark, part, publish,
    receive, reclaim, share,
};

/// The state of one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// It waits for the caller, or for something to happen.
    Resting(Resting),
    /// It is in a procedure, and waits for the result of this call.
    Calling(Call, Calling),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resting {
    /// Nothing has been asked for.
    Idle,
    /// In a server's queue, waiting for the lock.
    Queued(Attempt),
    /// Waiting for a change of the path.
    Watching(Attempt),
    /// Pausing before the next attempt: how long, by the level.
    Pausing(Attempt, Going, u8),
    /// The caller has been told, but the server may not be left before it has had its say.
    Lingering,
    /// The lock is held, with the listener.
    Holding,
    /// The lock is held, on loan from a server.
    Borrowing,
    /// The lock is lent out, and the caller has been told that it is released.
    Lent,
    /// The lock is in hand, and a process has a share.
    AwaitingShares(exclude::Waiting),
    /// The lock is in hand, and all slots are taken.
    AwaitingSlot(Share),
    /// A share is held.
    HoldingShare,
    /// It is over: nothing is held, nothing is open.
    Finished,
}

/// Which procedure goes on with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Calling {
    /// A socket is being published at the path.
    Publishing(Attempt, publish::Step),
    /// The queue at the path is being joined.
    Joining(Attempt, join::Step),
    /// What the server sent is being taken.
    Receiving(Attempt, receive::Step),
    /// The connection ended without the lock, and is being closed.
    Parting(Attempt, part::Step),
    /// What is at the path is being looked at.
    Inspecting(Attempt, inspect::Step),
    /// A watch is being put on the path.
    ArmingWatch(Attempt),
    /// The watch is being ended.
    Unwatching(Attempt, Going),
    /// A dead socket is being removed.
    Reclaiming(Attempt, reclaim::Step),

    /// Looks at what is at the path.
    Examining(inspect::Step),
    /// Looks whether there is a queue to stand in.
    Looking(join::Step),
    /// There is, and it is being left.
    LeavingLook(leave::Step),

    /// The queue is being left; then the caller is told this.
    Leaving(Report, leave::Step),
    /// The server is being told that we are done.
    Dismissing,
    /// What the server sent late is being taken.
    ReceivingLate(receive::Step),

    /// The head of the queue is being accepted.
    Accepting(Owed, accept::Step),
    /// The accepted client ignores shares, and ours is being closed.
    DroppingShare(Accepted),
    /// The listener is being handed over.
    HandingOver(Owed, hand_over::Step),
    /// The mark is being cleared.
    ClearingMark(Owed, mark::Step),
    /// The lock is being lent.
    Lending(Owed),
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

    /// A share is wanted: is the file system one that can have it?
    Surveying(Attempt),
    /// The lock is in hand; looks whether a process has a share.
    Excluding(Wish, exclude::Step),
    /// The lock is in hand, and a share is being taken.
    Sharing(Wish, share::Step),
    /// The lock is in hand, and is not wanted any more: what is open beside it is being closed.
    GivingUp(Report),
    /// The lock is held, and is to be made a share: is the file system one that can have it?
    SurveyingHeld,
    /// The lock is held, and a share is being taken.
    Downgrading(share::Step),
    /// The lock is held, and a share could not be taken: what is open beside it is being closed.
    NotDowngrading(Failure),
    /// It is seen whether there are FIFOs to remove.
    CleaningUp(Owed, clean_up::Step),
    /// There are, and the lock is tried for.
    TakingTurn(Owed, publish::Step),
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
    /// No process has [`Role::Look`](crate::Role::Look) open for writing any more (poll(2): `POLLHUP`):
    /// [`Notice::HungUp`](crate::Notice::HungUp).
    Look,
    /// The same of any in [`Role::Slots`](crate::Role::Slots).
    Slots,
}

impl Resting {
    /// What to wait for.
    pub(crate) fn wait(&self) -> Wait {
        let source = |source| Wait { source: Some(source), ..Wait::default() };
        let runs = |attempt: &Attempt| attempt.patience == Patience::Running;
        match self {
            Self::Queued(_) | Self::Lingering => source(Source::Connection),
            Self::Lent => source(Source::Guest),
            Self::AwaitingShares(_) => source(Source::Look),
            Self::AwaitingSlot(_) => source(Source::Slots),
            Self::Watching(attempt) => Wait { recheck: true, stale: runs(attempt), ..source(Source::Path) },
            Self::Pausing(attempt, _, level) => Wait {
                retry: Some(*level),
                stale: attempt.wish == Wish::Acquire && runs(attempt),
                hasty: attempt.wish == Wish::Try && runs(attempt),
                ..Wait::default()
            },
            Self::Idle | Self::Holding | Self::Borrowing | Self::HoldingShare | Self::Finished => Wait::default(),
        }
    }
}

impl State {
    /// Forgets how often in a row an attempt came to nothing, beyond the second time.
    pub(crate) fn forget_counts(&mut self) {
        match self {
            Self::Resting(Resting::Pausing(attempt, _, level)) => {
                *level = (*level).min(2);
                attempt.forget_count();
            }
            Self::Resting(Resting::Queued(attempt) | Resting::Watching(attempt))
            | Self::Calling(
                _,
                Calling::Publishing(attempt, _)
                | Calling::Joining(attempt, _)
                | Calling::Receiving(attempt, _)
                | Calling::Parting(attempt, _)
                | Calling::Inspecting(attempt, _)
                | Calling::ArmingWatch(attempt)
                | Calling::Unwatching(attempt, _)
                | Calling::Surveying(attempt)
                | Calling::Reclaiming(attempt, _),
            ) => attempt.forget_count(),
            Self::Resting(
                Resting::Idle
                | Resting::Lingering
                | Resting::Holding
                | Resting::Borrowing
                | Resting::Lent
                | Resting::AwaitingShares(_)
                | Resting::AwaitingSlot(_)
                | Resting::HoldingShare
                | Resting::Finished,
            )
            | Self::Calling(
                _,
                Calling::Examining(_)
                | Calling::Looking(_)
                | Calling::LeavingLook(_)
                | Calling::Leaving(..)
                | Calling::Dismissing
                | Calling::ReceivingLate(_)
                | Calling::Accepting(..)
                | Calling::DroppingShare(_)
                | Calling::HandingOver(..)
                | Calling::ClearingMark(..)
                | Calling::Lending(_)
                | Calling::SeeingLoan(_)
                | Calling::SettingMark(..)
                | Calling::ClosingOut(..)
                | Calling::GivingBack(..)
                | Calling::Closing(..)
                | Calling::Excluding(..)
                | Calling::Sharing(..)
                | Calling::GivingUp(_)
                | Calling::SurveyingHeld
                | Calling::Downgrading(_)
                | Calling::NotDowngrading(_)
                | Calling::CleaningUp(..)
                | Calling::TakingTurn(..),
            ) => {}
        }
    }

    /// Whether the caller has been told and the rest goes on without it.
    pub(crate) const fn is_background(&self) -> bool {
        matches!(
            self,
            Self::Resting(Resting::Lent | Resting::Lingering)
                | Self::Calling(
                    _,
                    Calling::SeeingLoan(_)
                        | Calling::Dismissing
                        | Calling::ReceivingLate(_)
                        | Calling::Accepting(None, _)
                        | Calling::HandingOver(None, _)
                        | Calling::ClearingMark(None, _)
                        | Calling::Lending(None)
                        | Calling::SettingMark(None, _)
                        | Calling::ClosingOut(None, _)
                        | Calling::GivingBack(None, _)
                        | Calling::Closing(None, _)
                        | Calling::CleaningUp(None, _)
                        | Calling::TakingTurn(None, _)
                )
        )
    }
}

impl Attempt {
    /// Once more in vain. (The next pause is one level above; and there are six.)
    pub(crate) const fn one_up(self) -> Self {
        let level = if self.level < 5 { self.level + 1 } else { 5 };
        Self { level, ..self }
    }

    /// What was put up with is there no more. (A try puts up with whatever is in the way, for one time.)
    pub(crate) const fn patient(self) -> Self {
        match self.wish {
            Wish::Try => self,
            Wish::Acquire => Self { patience: Patience::Fresh, ..self },
        }
    }

    /// The time is over for which something is put up with, if it is that timer's.
    pub(crate) const fn impatient(self, timer: Timer) -> Self {
        let is_tried = matches!(self.wish, Wish::Try);
        match self.patience {
            Patience::Running if is_tried == matches!(timer, Timer::Try) => Self { patience: Patience::Over, ..self },
            Patience::Fresh | Patience::Running | Patience::Over => self,
        }
    }

    fn forget_count(&mut self) {
        self.level = self.level.min(2);
    }
}
