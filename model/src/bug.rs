//! Variants of the protocol, each of which breaks a promise.

/// A variant of the protocol that must be caught. (They are in this model only; no release contains them.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    // Two holders.
    /// Reclaims without the exclusive guard.
    ReclaimWithoutGuard,
    /// Drops the exclusive guard before the unlink.
    GuardDroppedBeforeUnlink,
    /// Binds in place without the shared guard.
    BindWithoutGuard,
    /// Reclaims what has the right number, without a pin.
    ReclaimWithoutPin,
    /// Unlinks without looking whether the path is still what was probed.
    NoComparison,
    /// Reads the mark before the probe only.
    MarkReadBeforeProbe,
    /// Reclaims without a probe.
    NoProbe,
    /// Drops the shared guard before it listens, where the probe is a connection.
    GuardDroppedBeforeListen,
    /// Believes a datagram socket that is refused by whatever it is connected to.
    DatagramBelieved,
    /// Takes a socket for dead whose queue is full.
    FullIsDead,
    /// Reclaims whatever is dead.
    MarkIgnored,
    /// npm's sockets carry the mark by accident (as with a mark by absence, under a umask).
    MarkByAccident,
    /// Lends without clearing the mark.
    LendsMarked,
    /// The mark is the sticky bit alone, which a chmod writes to other sockets, too.
    MarkIsSticky,
    /// The sticky bit counts although something has changed the socket since bind.
    NoComparisonOfTimes,
    /// Clears the sticky bit only, before a loan.
    ClearsStickyOnly,
    /// Sets the time of a loan only.
    ClearsTimeOnly,
    /// Sets the present time before a loan.
    ClearsWithPresentTime,
    /// Clears the mark after the "OK".
    MarkClearedAfterOk,
    /// Moves the socket to the path with a rename that replaces.
    RenameReplaces,
    /// Two processes use the same temporary name.
    NamesRepeat,
    /// Closes the listener before the unlink.
    CloseBeforeUnlink,
    /// Ends both halves of the stream in a cancel, and then releases as a client whose server is gone.
    CancelReleasesAsClient,
    /// Takes a listener that was lost on the way for a loan.
    TruncatedIsLoan,
    /// Takes a loan for the lock after it was given up, and removes the path.
    LateLoanRemovesPath,
    /// Cuts its connection without noting that it is done, and then releases a loan as a client whose server is gone.
    CutWithoutDismissal,
    /// A forked child that drops its copy of the holder's guard releases the lock.
    ChildReleases,
    /// A forked child unlocks its copy of the folder.
    ChildUnlocks,
    /// A forked child shuts its copy of a connection down.
    ChildEndsConnection,
    /// A process that has left the lock to a child releases it, too.
    ParentReleasesToo,

    /// Passes on what is not at the path any more.
    PassesOrphanOn,

    // A stranger is believed.
    /// Believes servers of any user.
    TrustsAnybody,
    /// Reads what a server has sent that is not trusted, with room for a listener, and listens on it.
    ReceivesFromUntrusted,
    /// Listens on whatever a server has sent.
    ListenerUnchecked,

    // A lost lock.
    /// Closes the folder without unlocking it.
    GuardClosedOnly,
    /// Gives a loan back by closing the connection only.
    LoanClosedOnly,
    /// Sends a guest away by closing the connection only.
    GuestClosedOnly,
    /// A forked child keeps its copy of the listener, and acquires.
    HeirKeepsCopies,
    /// A forked child keeps its copy of the folder, and acquires.
    HeirKeepsFolder,
    /// The guard of a process that died stays.
    GuardSurvives,
    /// Never reclaims.
    NoReclaim,
    /// Waits without looking again after the watch is armed.
    NoSecondLook,
    /// Takes the end of the stream for nothing.
    EndIgnored,

    // Something is left on disk, or a process is hurt, or the order is lost.
    /// Takes EPIPE for sent.
    BrokenPipeIsSent,
    /// Cancels without a shutdown.
    CancelWithoutShutdown,
    /// Cancels without reading what has arrived.
    CancelWithoutDrain,
    /// Closes out without refusing newcomers.
    CloseOutWithoutShutdown,
    /// Closes out without accepting the waiters in the queue.
    CloseOutWithoutDrain,
    /// Never sets the mark again.
    MarkNeverSet,
    /// Without the birth mark: unmarked between bind and the time of the mark.
    NoBirthMark,
    /// Publishes without the time of the mark.
    TimeNeverSet,
    /// Sets the sticky bit only, after a loan.
    SetsStickyOnly,
    /// Sets the time only, after a loan.
    SetsTimeOnly,
    /// Sets the time first, and then the sticky bit.
    TimeBeforeSticky,
    /// Publishes, and marks afterwards.
    MarkedAfterwards,
    /// Asks by a connection whatever is there, a server that may lend, too.
    StreamProbesUnmarked,
    /// Keeps the temporary name when the path is taken.
    TemporaryKept,
    /// Serves the last waiter first.
    LastFirst,
    /// Calls a socket stale that was dead once and then was not marked.
    StaleAfterOneProbe,
    /// Leaves an npm server as if it handed over.
    LeavesNpmAtOnce,
    /// Clears the mark of a listener that it was handed.
    HandedOverUnmarked,
    /// Hands over to another user, which may not remove the socket.
    HandsOverToAnybody,
    /// Keeps from a stale socket although the caller said to remove it.
    StaleNeverReclaimed,

    // At an abstract name.
    /// Lends from an abstract name, which is free as soon as the lender is dead.
    LendsAtName,
    /// Takes a listener that was lost on the way for one that came.
    TruncatedIsListener,
    /// Takes a name that refuses for one that is held.
    RefusedIsHeld,
    /// Keeps the listener open when it was handed over or given up.
    KeepsListener,

    // Inside a procedure: a call is left out, or changes places with another.
    /// Takes the shared guard to reclaim, not the exclusive one.
    ReclaimSharesGuard,
    /// Does not look at the path again between the probe and the unlink.
    NoSecondLookAtDead,
    /// Repairs the mode of a socket that is not settled before its times, under the exclusive guard.
    ModeBeforeTimes,
    /// Moves a socket to the path before it listens, where the probe is a connection.
    ListensAfterMove,
    /// Marks its socket when it listens already, and holds: a chmod may have come before.
    TimesAfterListen,
    /// Does not repair the mode of a dead socket that cannot be probed.
    ModeNeverMended,
    /// Binds without the sticky bit.
    BornUnmarked,
    /// Neither gives the shared guard back nor closes the folder.
    GuardKept,
    /// Takes a path that is in use for one that it has moved its socket to.
    ExistsIsMoved,
    /// Keeps the temporary name when it was linked to the path.
    OldNameKept,
    /// Closes its connection to a waiter without sending the listener.
    SendSkipped,
    /// Closes out without removing the path.
    UnlinkSkipped,
    /// Gives a loan back as if its server were gone, without asking and without a probe.
    ServerTakenForGone,
    /// Does not ask the kernel whether a socket whose mode was changed is its own, and takes it for another's.
    BoundFileUnasked,
    /// Takes any listener, as long as the path is what it connected to.
    PeerNameUnasked,
    /// Connects by path, and does not look whether that is the file it knows.
    PathUnchecked,
    /// Lends although it could not clear the mark.
    FailedMarkIsDone,
    /// Keeps its connection.
    ConnectionKept,
    /// Hands the listener to the first connection, whatever it is.
    BadgeIgnored,

    // Shares.
    /// Does not look again after it held the lock to clean up.
    CleansUpOnce,
    /// Does not clean up after it has given up waiting for the sharers.
    GivesUpUnclean,
    /// Does not clean up after it was handed the listener when it had given up waiting in the queue.
    LeavesQueueUnclean,
    /// Cleans up again and again what it may not remove.
    RefusedIsRemoved,
    /// A process that had a shared lock cleans up as if there were no slots.
    CleansSharedOnly,
    /// Cleans up without the lock.
    CleansWithoutLock,
    /// Opens its share when it has passed the lock on.
    SharesTooLate,
    /// Waits for the hang-up of a FIFO that it has not read from.
    PollsBeforeRead,
    /// Looks at a FIFO by opening it for writing, too.
    LooksForBoth,
    /// Holds the lock without looking for shares.
    NeverLooks,
    /// Holds the lock beside a share.
    NeverWaits,
    /// Unlinks the FIFO of those whom it waits for.
    UnlinksBeforeWait,
    /// Gives up waiting for the sharers by closing the listener alone.
    GivesUpByClose,
    /// Makes the lock a share when it has passed it on.
    DowngradesTooLate,
    /// Takes a slot without looking whether it is taken.
    TakesUnseen,
    /// Cleans up from the lowest slot up.
    CleansFromLowest,
    /// Makes a slot without the FIFO of shared locks, by which others know that there is a share.
    SlotWithoutShared,
    /// Unlinks the FIFO of shared locks before the slots.
    SharedUnlinkedFirst,
    /// Keeps a share although a client without a badge waits, which is taken for one that has gone.
    SharesBesideClient,
    /// Keeps a share although a client without a badge, of another user, waits.
    SharesBesideStranger,
    /// Makes the lock a share although a client without a badge came while the path was given up.
    DowngradesBesideLateClient,
    /// Takes a share of what is on loan.
    SharesLoan,
    /// Says that no process has a share, and has one itself.
    SaysUnshared,
    /// Keeps the share open that it has given up for a client without a badge.
    LostShareKept,

    // Retained locks.
    /// Looks whether it retains the lock, and takes it a while later.
    TakesLookThenStore,
    /// Looks whether the lock for which a process has come is retained, and passes it on a while later.
    GivesLookThenStore,
    /// The same of one that is not used.
    IdleLookThenStore,
    /// Does not tell the holder that a process has come.
    HolderNotTold,
    /// Retains the lock although a process has come.
    RetainsWhateverIsThere,
    /// Leaves the word as it is when the lock is passed on.
    WordLeftRetained,
    /// Has the queue watched when the lock is retained already.
    ArmsAfterRetained,
    /// Retains the lock although a process waits, and sends no timer after a while.
    SliceWithoutTimer,
    /// Watches the queue by what keeps the listener open.
    KeeperHoldsListener,
    /// Ends without giving back what it retains.
    EndsRetaining,
    /// A forked child takes the lock that its parent retains.
    ChildFindsRetained,
}
