//! What goes into the machine.

use core::num::NonZeroU16;

use crate::call::Call;
use crate::result::CallResult;

/// Everything that a driver can tell the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The user of the lock wants something.
    Request(Request),
    /// The call that the machine asked for has come to this.
    Result(CallResult),
    /// Something that the machine waits for has happened.
    Notice(Notice),
}

/// What the user of the lock wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Take the lock, waiting in the queue if need be.
    Acquire(Policy),
    /// Take the lock if that is possible without queueing.
    Try(Policy),
    /// Take a share of the lock, waiting in the queue if need be.
    Share(Policy, Share),
    /// Take a share if that is possible without waiting.
    TryShare(Policy, Share),
    /// Keep a share of the lock that is held, and pass the lock on.
    Downgrade,
    /// Find out whether a process listens, without taking the lock.
    Look,
    /// Find out what is at the path, and change nothing. A socket that is said to be dead, stale or unsettled may only just have
    /// been bound: ask a second machine an instant later, which knows [`Platform::probe`](crate::Platform::probe).
    Inspect,
    /// Give the lock back.
    Release,
    /// Stop wanting the lock; if it is held already, give it back.
    Cancel,
    /// While a server that may lend is lingered at: tell it that we are done, for want of descriptors or because the process
    /// ends. (npm's ends the connection then; it dies if it grants the lock in that very instant.)
    Dismiss,
    /// The same: leave it, whether it takes note or not.
    Cut,
}

/// A share of the lock: while a process has one, no process holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// A shared lock: as many have it as like to.
    Unlimited,
    /// One of so many slots.
    SlotOf(NonZeroU16),
}

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The descriptor that is waited for is readable, or may be.
    Readable,
    /// Something has changed at the path, or may have.
    FsChange,
    /// No process has a FIFO open for writing that is waited for; or it may be so.
    HungUp,
    /// A timer fired.
    TimerFired(Timer),
}

/// The machine's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The caller's time-out. Armed by the driver, never named by the machine.
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

/// What to do about what is in the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// About a stale socket.
    pub stale: Stale,
    /// About a file that is not a socket.
    pub occupied: Occupied,
}

/// What to do about a file at the path that is not a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Occupied {
    /// Count it as held: wait until it is gone.
    #[default]
    Wait,
    /// Fail.
    Fail,
}

impl From<Stale> for Policy {
    fn from(stale: Stale) -> Self {
        Self { stale, ..Self::default() }
    }
}

/// What to do about a *stale* socket: no process listens, and it may have been lent out ([protocol section 2, "Reclaim"][p]).
///
/// [p]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stale {
    /// Wait until it is removed.
    #[default]
    Wait,
    /// Fail.
    Fail,
    /// Remove it when [`Timer::Stale`] fires. Unsafe while a baseline client may be alive.
    Reclaim,
}

/// An event that no faithful driver sends in that state: the result of a call that was not asked for, or a request at the
/// wrong time. It tells a mistake of the driver, never one of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Misuse {
    /// The call whose result the machine waits for, if it does.
    pub asked: Option<Call>,
    /// The event that does not belong there.
    pub event: Event,
}

impl core::fmt::Display for Misuse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.asked {
            Some(call) => write!(f, "the driver sent {:?} instead of the result of {call:?}", self.event),
            None => write!(f, "the driver sent {:?} at the wrong time", self.event),
        }
    }
}

impl core::error::Error for Misuse {}
