//! What the caller is told.

use crate::call::{Call, Name};
use crate::file_lock::call::Fault as FileFault;
use crate::result::Errno;

/// What became of a request. Each request is reported on exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// The lock is held.
    Acquired,
    /// A share of the lock is held: a shared lock, or this slot.
    Shared {
        /// The number of the slot, from 0.
        slot: Option<u16>,
    },
    /// The lock is held as before, for this reason: there is no share.
    NotDowngraded(Failure),
    /// The lock could not be acquired without queueing.
    WouldBlock,
    /// The deadline passed.
    TimedOut,
    /// The request was cancelled.
    Cancelled,
    /// The lock is given back.
    Released,
    /// Looked: no process listens at the path.
    Free,
    /// Looked: a process listens at the path.
    Listened,
    /// This is at the path.
    Inspected(Inspected),
    /// The request failed.
    Failed(Failure),
}

/// What is at the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inspected {
    /// Nothing.
    Missing,
    /// A marked socket that some process has open, or something that has changed while it was looked at.
    Alive,
    /// A socket that some process has open, without the mark: npm's, or one that is lent out.
    Unmarked,
    /// A socket that no process here has open, marked: free to be reclaimed, if it cannot be alive elsewhere.
    Dead,
    /// A socket that no process has open, not marked: it may be lent out.
    Stale,
    /// A socket of our user's to which even its owner may not write, as one that was bound under an odd umask just now: whether
    /// it is alive is told under the guard of the folder.
    Unsettled {
        /// It carries the mark.
        is_marked: bool,
    },
    /// A lock file that no process has locked: where the lock is a [locked file](crate::file_lock).
    Unlocked,
    /// A file that is not a socket.
    NotASocket,
    /// A socket that is not a stream socket.
    WrongType,
    /// A socket that belongs to another user and may not be probed by us: nothing tells whether it is alive.
    Denied,
    /// A socket of which this kernel does not tell whether it is alive.
    Unknown,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// What answers at the path does not speak the protocol.
    NotASlocket,
    /// A file that is not a socket is at the path, and the policy is to fail.
    Occupied,
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
    /// No address fits the path.
    TooLong,
    /// The file system has made something else where a socket was bound.
    NoSockets,
    /// The lock has no shares: it is at an abstract name, whose FIFOs would have no folder, or its participants take none
    /// ([`Platform::shares`](crate::Platform::shares)).
    NoShares,
    /// The file system is not known to be local, so a share may be held elsewhere.
    SharedElsewhere,
    /// There is no share, because a participant of the baseline (npm's slocket) was met with the lock in hand. It knows nothing of
    /// shares, and would hold the lock beside one.
    Baseline,
    /// The file with the name of a share is not a FIFO.
    NotAFifo(Name),
    /// The FIFO of a share belongs to a user who is not to be trusted.
    UntrustedFifo(Name),
    /// A system call failed.
    Call(Fault),
    /// A system call about a lock that is a locked file failed.
    OfFile(FileFault),
    /// The lock's file belongs to a user who is not to be trusted.
    UntrustedFile,
    /// What has the name of a share's file is not a lock file, or a program that is not a participant has it locked.
    NotALockFile(Name),
}

/// A system call that failed, and its error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The call.
    pub call: Call,
    /// Its error code.
    pub errno: Errno,
}

impl Fault {
    pub(crate) const fn new(call: Call, errno: Errno) -> Self {
        Self { call, errno }
    }
}
