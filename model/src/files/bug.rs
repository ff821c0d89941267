//! Variants of the protocol, each of which breaks a promise.

/// A variant of the protocol that must be caught. (They are in this model only; no release contains them.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    // Two holders.
    /// A file that was locked is not compared with what has the lock's name.
    NoCompare,
    /// The path is removed after the file was unlocked.
    UnlinkAfterUnlock,
    /// A new file replaces what is at the path.
    MakeReplaces,
    /// The turn is passed on before the share is locked.
    SharesTooLate,
    /// The same when the lock becomes a share.
    DowngradesTooLate,
    /// Only the shared locks are looked for, and no slot.
    SlotsNotExcluded,
    /// Only the first slot is looked for.
    OneSlotExcluded,
    /// The file of the shared locks is not there before that of a slot.
    SlotWithoutBase,
    /// A share that another process has is believed to be free.
    BusyIsFree,
    /// Files of shares are removed without the turn.
    CleansWithoutTurn,
    /// A slot is locked as a shared lock is.
    SlotIsShared,

    // Lost.
    /// It is not looked again once the path is watched.
    NoSecondLook,
    /// A file that another process has locked is not compared with what has the lock's name.
    BusyNotCompared,
    /// The process that waits for a share is not woken when it is given back.
    ShareNotTouched,
    /// Nor is the process that waits for a file that stays.
    TurnNotTouched,
    /// A look does not wake the process that it kept out.
    LookNotTouched,
    /// A share is given back by closing its file, of which a child has a copy.
    ShareNotUnlocked,
    /// What was locked for a look is closed only.
    LookNotUnlocked,

    // Left on disk.
    /// Files of shares are not looked at again after another share was given back.
    NotCleanedAgain,
    /// The process with the turn is believed to remove them although the turn was passed on.
    TouchNotCompared,

    // What a person has removed.
    /// A release removes the path without a comparison.
    UnlinkWithoutCompare,
    /// A release believes that the lock is still held.
    LossNotSeen,
}
