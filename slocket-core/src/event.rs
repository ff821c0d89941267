//! What goes into the machine: requests of the caller, answers of the platform, and what happens by itself.

/// Everything that a driver can tell the machine.
///
/// *Requests* come from the user of the lock. *Answers* follow an [`Action`](crate::Action) that asks, exactly one for
/// each. *Happenings* come by themselves; one that no longer matters is legal and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Request: take the lock, waiting in the queue if need be.
    Acquire(Stale),
    /// Request: take the lock if that is possible without queueing.
    Try(Stale),
    /// Request: find out whether somebody listens, without taking the lock.
    Look,
    /// Request: give the lock back.
    Release,
    /// Request: stop wanting the lock; if it is held already, give it back.
    Cancel,

    /// Answer to [`Action::Publish`](crate::Action::Publish).
    Published(Published),
    /// Answer to [`Action::Connect`](crate::Action::Connect).
    Connected(Connected),
    /// Answer to [`Action::Inspect`](crate::Action::Inspect).
    Inspected(Inspected),
    /// Answer to [`Action::Watch`](crate::Action::Watch): changes of the path from here on will be told (if the system
    /// has no watch to give, by the re-check timer alone).
    WatchArmed,
    /// Answer to [`Action::Reclaim`](crate::Action::Reclaim).
    Reclaimed(Reclaimed),
    /// Answer to [`Action::Leave`](crate::Action::Leave).
    Left(Left),
    /// Answer to [`Action::Accept`](crate::Action::Accept).
    Accepted(Accepted),
    /// Answer to [`Action::HandOver`](crate::Action::HandOver).
    HandedOver(Delivery),
    /// Answer to [`Action::ClearMark`](crate::Action::ClearMark): whether the socket is without the mark now.
    MarkCleared(bool),
    /// Answer to [`Action::Lend`](crate::Action::Lend).
    Granted(Delivery),
    /// Answer to [`Action::SetMark`](crate::Action::SetMark): whether the socket carries the mark now.
    MarkSet(bool),
    /// Answer to [`Action::CloseOut`](crate::Action::CloseOut).
    ClosedOut(Removal),
    /// Answer to [`Action::GiveBack`](crate::Action::GiveBack).
    GivenBack(Removal),

    /// Happening: bytes, and perhaps a listener, arrived on the connection to the server.
    Received(Connection, Received),
    /// Happening: the connection to the server ended (end of stream or reset).
    Ended(Connection),
    /// Happening: the client that the lock is lent to has ended its connection.
    LoanEnded,
    /// Happening: something changed at the path (or may have).
    PathChanged,
    /// Happening: a timer fired.
    TimerFired(Timer),
}

/// What to do about a *stale* socket: nobody listens, and it may have been lent out ([protocol section 2, "Reclaim"][p]).
///
/// [p]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stale {
    /// Wait until somebody removes it.
    #[default]
    Wait,
    /// Fail.
    Fail,
    /// Remove it when [`Timer::Stale`] fires. Unsafe while a baseline client may be alive.
    Reclaim,
}

/// The number of a connection: events of an earlier connection are told from those of the present one by it.
///
/// It counts modulo 4, so that machines that behave alike are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Connection(u8);

impl Connection {
    /// The number of the next connection.
    #[must_use]
    pub(crate) const fn next(self) -> Self {
        Self((self.0 + 1) % 4)
    }
}

/// The machine's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The caller's time-out. Armed by the driver, never by the machine.
    Deadline,
    /// The end of a pause between two attempts.
    Retry,
    /// The slow second look at a path that is being watched.
    Recheck,
    /// The time stated with [`Stale::Reclaim`] is over.
    Stale,
    /// The short time is over for which a try looks again and again at whatever is in the way.
    Try,
}

/// How publishing ended ([protocol section 2, "Publishing the socket"][p]).
///
/// [p]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#publishing-the-socket
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Published {
    /// Our socket is at the path and listens.
    Listening,
    /// Something is at the path already.
    InUse,
    /// Somebody swept our temporary name: again, after a random pause.
    Swept,
    /// The system refused: its error code.
    Failed(i32),
}

/// How connecting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connected {
    /// We are in the server's queue.
    Queued,
    /// The server's user is not to be trusted. The connection is closed already, and nothing was read from it.
    Untrusted,
    /// Nothing is at the path, or something else by now than what was connected to.
    Missing,
    /// Nobody listens there.
    Refused,
    /// The queue is full.
    BacklogFull,
    /// What is at the path is no socket.
    NotASocket,
    /// What is at the path is a socket, but not a stream socket.
    WrongType,
    /// The socket belongs to another user, and we may not connect to it: nothing tells whether it is alive.
    Denied,
    /// The system refused: its error code.
    Failed(i32),
}

/// What is at the path: a stat and a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inspected {
    /// Nothing.
    Missing,
    /// A marked socket that some process has open, or something that has changed while it was looked at.
    Alive,
    /// A socket that some process has open, without the mark: npm's, or one that is lent out.
    Unmarked,
    /// A socket that nobody here has open, marked: free to be reclaimed, if it cannot be alive elsewhere.
    Dead,
    /// A socket that nobody has open, not marked: it may be lent out.
    Stale,
    /// Something that is no socket.
    NotASocket,
    /// A socket that is not a stream socket.
    WrongType,
    /// A socket that belongs to another user and may not be probed by us: nothing tells whether it is alive.
    Denied,
    /// The system refused: its error code.
    Failed(i32),
}

/// How reclaiming ended ([protocol section 2, "Reclaim"][p]).
///
/// [p]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reclaimed {
    /// The dead socket is gone.
    Removed,
    /// It is not what it was: missing, replaced or alive.
    Changed,
    /// Somebody else has the exclusive guard.
    Busy,
    /// It does not carry the mark (any more).
    Unmarked,
    /// We may not unlink it.
    Denied,
    /// Nobody here has it open, but the file system is not known to be local: it may be alive elsewhere.
    Elsewhere,
    /// The system refused: its error code.
    Failed(i32),
}

/// How leaving the queue went ([protocol section 2, "Cancel"][p]).
///
/// [p]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#cancel-time-out-dropped-future-while-queued
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Left {
    /// The connection is closed and carried nothing.
    Closed,
    /// The listener had arrived already: we hold it.
    Listener,
    /// The server may lend: it must not find the connection closed or ended when it does. The place in the queue is kept
    /// until it has granted the lock or ended the stream.
    Lingering,
}

/// Who was at the head of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// A waiter with the badge, of our user: it can take the listener.
    Waiter,
    /// A baseline client of our user: it can be lent the lock.
    Client,
    /// A peer of another user.
    Stranger,
    /// A peer that has ended its stream already.
    Gone,
    /// The queue is empty.
    Nobody,
    /// Nobody was accepted: the path is not our socket any more, so the lock is lost and must not be passed on.
    Lost,
    /// The queue cannot be accepted from (no descriptor to be had), or too many who had gone were passed over.
    Failed,
}

/// Whether a message could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It is in the peer's queue.
    Sent,
    /// The peer is gone, or does not want it any more.
    Gone,
    /// The system refused.
    Failed,
}

/// How giving up the path ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Removal {
    /// As it should.
    Done,
    /// What is at the path was not ours any more.
    NotOurs,
    /// The system refused: its error code.
    Failed(i32),
}

/// What a server sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Received {
    /// "OK" and one listening Unix stream socket: the lock is handed over.
    Listener,
    /// "OK" and no descriptor: the lock is lent.
    Loan,
    /// The listener was lost on the way for want of descriptors.
    Truncated,
    /// "OK" and a listener that is not this lock's, or that another user sent. It is given away unused.
    NotOurs,
    /// Anything else: not a slocket server.
    Foreign,
}
