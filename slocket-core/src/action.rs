//! What comes out of the machine: what the driver is to do, and what to tell the caller.

use crate::event::{Connection, Timer};

/// Something for the driver to do, at once and without blocking.
///
/// An action that *asks* is answered by exactly one event, given before any other request; it is always the last of its
/// [`Actions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Asks: publish a listening, marked socket at the path → [`Published`](crate::Published).
    Publish,
    /// Asks: connect to the path, with a badge → [`Connected`](crate::Connected). Events of this connection carry this
    /// number.
    Connect(Connection),
    /// Close the connection to the server.
    Disconnect,
    /// Asks: what is at the path? → [`Inspected`](crate::Inspected).
    Inspect,
    /// Asks: watch the path → [`Event::WatchArmed`](crate::Event::WatchArmed).
    Watch,
    /// Stop watching.
    Unwatch,
    /// Asks: remove the dead socket at the path → [`Reclaimed`](crate::Reclaimed).
    Reclaim {
        /// Remove it even if it does not carry the mark: the user has chosen [`Stale::Reclaim`](crate::Stale::Reclaim).
        unmarked_too: bool,
    },
    /// Arm a timer, replacing an earlier one of that name.
    ///
    /// [`Timer::Retry`] has a `level` from 1 to 7 (the others 0): how often in a row the attempt came to nothing. It is to
    /// fire at a random time that grows with the level, counted from the *beginning* of the attempt that failed (its last
    /// [`Action::Publish`] or [`Action::Connect`]): who waited for long in a queue pauses no further.
    Arm {
        /// Which timer.
        timer: Timer,
        /// How often in a row the attempt came to nothing.
        level: u8,
    },
    /// Asks: leave the queue → [`Left`](crate::Left).
    Leave,
    /// Asks: if the path is still ours, accept who is at the head of the queue → [`Accepted`](crate::Accepted). Closes who
    /// was accepted before.
    Accept,
    /// Asks: send "OK" and the listener to who was accepted → [`Event::HandedOver`](crate::Event::HandedOver).
    HandOver,
    /// Asks: clear the mark of our socket → [`Event::MarkCleared`](crate::Event::MarkCleared).
    ClearMark,
    /// Asks: send "OK" to who was accepted → [`Event::Granted`](crate::Event::Granted).
    Lend,
    /// Asks: set the mark of our socket → [`Event::MarkSet`](crate::Event::MarkSet).
    SetMark,
    /// Asks: remove the path if it is ours, refuse newcomers, end who is queued, close
    /// → [`Event::ClosedOut`](crate::Event::ClosedOut).
    CloseOut,
    /// Asks: as the client of a lending server, end the loan → [`Event::GivenBack`](crate::Event::GivenBack).
    GiveBack,
    /// Close every descriptor that is left: the machine has finished.
    Close,
    /// Tell the caller what became of the request.
    Report(Report),
}

/// What became of a request. Each request is reported on exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// The lock is held.
    Acquired,
    /// The lock could not be had without queueing.
    WouldBlock,
    /// The deadline passed.
    TimedOut,
    /// The request was cancelled.
    Cancelled,
    /// The lock is given back.
    Released,
    /// Looked: nobody listens at the path.
    Free,
    /// Looked: somebody listens at the path.
    Listened,
    /// The request failed.
    Failed(Failure),
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// What answers at the path does not speak the protocol.
    NotASlocket,
    /// The server's user is not to be trusted.
    Untrusted,
    /// The socket is stale, and the policy is to fail.
    Stale,
    /// The dead socket may not be removed by us.
    Denied,
    /// The socket belongs to another user, and we may not connect to it.
    Inaccessible,
    /// The file system is not known to be local, so a dead socket may be alive elsewhere.
    Elsewhere,
    /// What is at the path is not our socket any more.
    LockLost,
    /// The system refused: its error code.
    Os(i32),
}

/// The actions of one step: a short list, owned, without allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[must_use = "an action that is not performed is a lost lock"]
pub struct Actions {
    list: [Option<Action>; Self::CAPACITY],
}

impl Actions {
    /// The most that one step asks for.
    pub const CAPACITY: usize = 3;

    pub(crate) const fn none() -> Self {
        Self { list: [None; Self::CAPACITY] }
    }

    pub(crate) const fn one(action: Action) -> Self {
        Self { list: [Some(action), None, None] }
    }

    pub(crate) const fn two(first: Action, second: Action) -> Self {
        Self { list: [Some(first), Some(second), None] }
    }

    /// `action` before all others, if there is one.
    pub(crate) const fn after(self, action: Option<Action>) -> Self {
        let [first, second, third] = self.list;
        match action {
            None => self,
            Some(_) => {
                assert!(third.is_none(), "a step has at most three actions");
                Self { list: [action, first, second] }
            }
        }
    }
}

impl IntoIterator for Actions {
    type Item = Action;
    type IntoIter = core::iter::Flatten<core::array::IntoIter<Option<Action>, { Self::CAPACITY }>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter().flatten()
    }
}
