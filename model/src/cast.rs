//! The participants.

/// The participant of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// A crash-safe participant that acquires.
    Safe,
    /// A crash-safe participant that tries.
    Try,
    /// A crash-safe participant that cannot read the folder: it can guard nothing.
    Unreadable,
    /// A crash-safe participant that acquires, of another user. (All trust each other.)
    OtherUser,
    /// A crash-safe participant that acquires, and removes an unmarked socket as well when it has put up with it for a while.
    Impatient,
    /// A crash-safe participant that acquires, and fails at a stale socket.
    Strict,
    /// A crash-safe participant that acquires a shared lock.
    Reader,
    /// A crash-safe participant that tries for a shared lock.
    TryReader,
    /// A crash-safe participant that acquires a shared lock, of another user.
    OtherReader,
    /// A crash-safe participant that acquires a slot.
    Slot,
    /// A crash-safe participant that acquires a slot, and takes it for the only one.
    OneSlot,
    /// A crash-safe participant that tries for a slot.
    TrySlot,
    /// A crash-safe participant that acquires the lock, and makes it a shared one.
    Downgrader,
    /// A crash-safe participant that acquires the lock, and retains it.
    Retainer,
    /// A participant of the npm package.
    Npm,
    /// A stranger that uses flock(1) on the folder.
    Locker,
    /// A stranger that removes the file that is at the path first.
    Remover,
    /// A program that connects without a badge, to an abstract name. (At a path that is an npm client.)
    Caller,
    /// An administrator whose chmods strip, set, or write back the sticky bit of whatever is there, any number of times, at any
    /// instant.
    Administrator,
    /// A hostile server of a user that is not trusted: binds where it can, and sends anything to each client.
    Stranger,
    /// The same, of the lock's own user. (It can grant to any client; it must not get our name for its listener.)
    Traitor,
    /// A hostile client of another user: it connects, never reads, and ends when it likes.
    Pest,
    /// The same, of the lock's own user.
    Vandal,
    /// A human that removes the path by hand while it is held.
    Human,
    /// A child that a crash-safe participant forks, at any instant: it has copies of everything, and drops them at any time, or
    /// never.
    Child,
    /// A child that closes its copies, and then acquires the lock itself.
    Heir,
    /// A child that takes the lock over that its parent holds.
    Daemon,
    /// A program that touches whatever is there, any number of times, at any instant.
    Toucher,
}
