//! What to do about a file in the way of a lock, and which users to trust.

use std::time::Duration;

/// What to do about a *stale* socket at the path.
///
/// A socket is dead if no process has it open. It is stale if it does not carry the mark either, so that the lock may be lent out
/// ([protocol section 2, "Reclaim"][protocol]). Only npm's slocket, or a holder killed while it lent to an npm client, leaves such a socket behind. A dead socket *with* the
/// mark is always removed, and needs no policy.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#reclaim
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StalePolicy {
    /// Wait until it is removed, without using the CPU. Safe.
    #[default]
    Wait,
    /// Fail with [`ErrorKind::Stale`](crate::ErrorKind::Stale). Safe.
    Fail,
    /// Remove it when it has been stale for that long. **Unsafe while an npm client may still hold the lock on
    /// loan: then there are two holders.**
    Reclaim {
        /// How long it must have been stale.
        after: Duration,
    },
}

/// What to do about something at the path that is not a socket, such as a file.
///
/// Nothing removes such a file automatically, and the lock cannot be acquired while it is there. Old lock files of flock(1), which
/// leaves them behind, are the common case. So this defaults to an error. Otherwise a program that is given
/// the path of an old lock file would hang silently, and a job that is skipped while the lock is held would be skipped forever.
///
/// In either case the file stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OccupiedPolicy {
    /// Fail with [`ErrorKind::Occupied`](crate::ErrorKind::Occupied).
    #[default]
    Fail,
    /// Count the lock as held: wait until the file is gone, without using the CPU. npm's slocket does so. For a path at which other
    /// programs create a file to keep all processes out.
    Wait,
}

/// What a lock at a path is: a socket, or a locked file ([protocol section 10][protocol]).
///
/// All processes that use a lock must agree on it. They do by default, because it follows from the file system alone: a socket on a file
/// system that is known to be local, and a locked file where other machines may see the path (NFS, SMB, 9P, FUSE), which have no sockets in
/// common.
///
/// Where the lock is a file, waiters are served in no particular order, and npm's slocket is kept out. All the rest is alike.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#10-where-the-lock-is-a-locked-file
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Home {
    /// A socket, or a locked file, as the file system needs.
    #[default]
    ByFileSystem,
    /// A socket; on a file system that needs a file, [`ErrorKind::UnsupportedFileSystem`](crate::ErrorKind::UnsupportedFileSystem).
    Socket,
    /// A locked file, on every file system.
    File,
}

/// Which users' servers to trust ([protocol section 4][protocol]).
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#4-edges
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// The servers of the process's own user and of root.
    #[default]
    Owner,
    /// The servers of all users: every user who can create a socket at the path can keep the lock, or grant it twice.
    Anyone,
}
