//! The promises, by what breaks them.

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Broken {
    /// Two participants hold the lock at a time, or one holds it beside a share.
    TwoHolders,
    /// Two have the same slot, or one has a slot that there is not.
    SameSlot,
    /// A participant reported a share after it had met an npm participant with the lock in hand, which may hold the lock beside the share.
    UnsafeShare,
    /// A waiter is told that no process has a share, and there is one, or a FIFO that is left of one.
    FalselyUnshared,
    /// A waiter was served before one that came earlier and still waits.
    OutOfOrder,
    /// The driver misused the machine.
    Misuse,
    /// No participant wants the lock any more, and something is at the path, or has a temporary name.
    LeftOnDisk,
    /// A process keeps something open that it does not use.
    LeftOpen,
    /// An npm process died although no process was killed.
    Hurt,
    /// A socket that a process has open was taken for stale.
    ToldStale,
    /// A release says that the lock was lost.
    ToldLost,
    /// A release does not say that the lock was lost which was.
    NotToldLost,
    /// A stranger's grant was believed, or its listener carries our name.
    Believed,
    /// A waiter can never get the lock.
    Lost,
    /// A file was removed that another process has locked, or by a process that does not have the turn.
    UnlinksOthers,
    /// A request was reported on twice, or not at all, or by a report that is none of its own.
    WrongReport,
    /// A machine can make calls for ever without a rest.
    Endless,
}
