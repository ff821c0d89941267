//! Planted bugs: variants of the protocol, each of which breaks a promise. A search that does not find it is itself wrong.

use crate::configuration::Cast::{
    Administrator, Caller, Child, Daemon, Downgrader, Heir, Human, Impatient, Locker, Npm, OtherReader, OtherUser,
    Reader, Remover, Safe, Slot, Stranger, Strict, Toucher, Traitor,
};
use crate::configuration::{Configuration, Probe, Umask};
use crate::world::Broken;

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
    /// Whoever has left the lock to a child releases it, too.
    ParentReleasesToo,

    /// Passes on what is not at the path any more.
    PassesOrphanOn,

    // A stranger who is believed.
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

    // Left on disk, or somebody is hurt, or the order is lost.
    /// Takes EPIPE for sent.
    BrokenPipeIsSent,
    /// Cancels without a shutdown.
    CancelWithoutShutdown,
    /// Cancels without reading what has arrived.
    CancelWithoutDrain,
    /// Closes out without refusing newcomers.
    CloseOutWithoutShutdown,
    /// Closes out without accepting who is queued.
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
    /// Serves the last who came first.
    LastFirst,
    /// Calls a socket stale that was dead once and then was not marked.
    StaleAfterOneProbe,
    /// Leaves an npm server as if it handed over.
    LeavesNpmAtOnce,
    /// Clears the mark of a listener that it was handed.
    HandedOverUnmarked,
    /// Hands over to another user, who may not remove the socket.
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
    /// Mends the mode of a socket that is not settled before its times, under the exclusive guard.
    ModeBeforeTimes,
    /// Moves a socket to the path before it listens, where the probe is a connection.
    ListensAfterMove,
    /// Marks its socket when it listens already, and holds: a chmod may have come before.
    TimesAfterListen,
    /// Does not mend the mode of a dead socket that cannot be probed.
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
    /// Hands the listener to whoever is the first.
    BadgeIgnored,

    // Shares.
    /// Does not look again after it has had the lock to clean up.
    CleansUpOnce,
    /// Does not clean up after it has given up waiting for those who have a share.
    GivesUpUnclean,
    /// Does not clean up after it was handed the listener when it had given up waiting in the queue.
    LeavesQueueUnclean,
    /// Cleans up again and again what it may not remove.
    RefusedIsRemoved,
    /// Whoever had a shared lock cleans up as if there were no slots.
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
    /// Holds the lock although somebody has a share.
    NeverWaits,
    /// Unlinks the FIFO of those whom it waits for.
    UnlinksBeforeWait,
    /// Gives up waiting for those who have a share by closing the listener alone.
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
}

/// A bug, where it is planted, and which promise it breaks there.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// The bug.
    pub bug: Bug,
    /// Who takes part. Without the bug no promise is broken there.
    pub configuration: Configuration,
    /// What must be found.
    pub breaks: Broken,
}

impl Planted {
    const fn new(bug: Bug, configuration: Configuration, breaks: Broken) -> Self {
        let configuration = Configuration { bug: Some(bug), promise: Some(breaks), ..configuration };
        Self { bug, configuration, breaks }
    }
}

const TWO: Configuration = Configuration::of(&[Safe, Safe]).crashes(1).cancels(1).failures(1);
const TWO_AND_LOCKER: Configuration = Configuration::of(&[Safe, Safe, Locker]).crashes(1).cancels(1);
const TWO_AND_REMOVER: Configuration = Configuration::of(&[Safe, Safe, Remover]);
const THREE: Configuration = Configuration::of(&[Safe, Safe, Safe]).crashes(1).failures(1);
const ONE_AND_NPM: Configuration = Configuration::of(&[Safe, Npm]).rounds(2).cancels(1);
const TWO_AND_NPM: Configuration = Configuration::of(&[Safe, Safe, Npm]).cancels(1);
const FAREWELL: Configuration = Configuration::of(&[Safe, Npm, Npm]).rounds(2).crashes(1).cancels(1).dismissals(1);
const TWO_AND_NPM_KILLED: Configuration = Configuration::of(&[Safe, Safe, Npm]).crashes(1).cancels(1);

const TWO_USERS: Configuration = Configuration::of(&[Safe, OtherUser]).rounds(2).cancels(1).sticky();
const IMPATIENT_AND_NPM: Configuration =
    Configuration::of(&[Impatient, Npm]).rounds(2).crashes(1).promise(Broken::Lost);

const TWO_AT_NAME: Configuration = Configuration::of(&[Safe, Safe]).at_name().crashes(1).cancels(1).failures(1);
const THREE_AT_NAME: Configuration = Configuration::of(&[Safe, Safe, Safe]).at_name().crashes(1).failures(1);
const TWO_AND_CALLER: Configuration = Configuration::of(&[Safe, Safe, Caller]).at_name().crashes(1).cancels(1);

const TWO_BY_STREAM: Configuration =
    Configuration::of(&[Safe, Safe]).rounds(2).probe(Probe::Stream).crashes(1).cancels(1);
const FULL_BY_STREAM: Configuration = Configuration::of(&[Safe, Safe, Safe]).probe(Probe::Stream).backlog(0);
const NPM_BY_STREAM: Configuration = Configuration::of(&[Safe, Safe, Npm]).probe(Probe::Stream);

const TWO_AND_ADMINISTRATOR: Configuration = Configuration::of(&[Safe, Safe, Administrator]).crashes(1);
const SHARED_AND_ADMINISTRATOR: Configuration = Configuration::of(&[Safe, Safe, Administrator]).shared();
const NPM_AND_ADMINISTRATOR: Configuration = Configuration::of(&[Safe, Safe, Npm, Administrator]);
const NPM_AND_ADMINISTRATOR_KILLED: Configuration = NPM_AND_ADMINISTRATOR.crashes(1);
const NPM_AND_TOUCHER: Configuration = Configuration::of(&[Safe, Safe, Npm, Toucher]).crashes(1);

const TWO_AND_CHILD: Configuration = Configuration::of(&[Safe, Safe, Child]).crashes(1);
const TWO_NPM_AND_CHILD: Configuration = Configuration::of(&[Safe, Safe, Npm, Child]);
const ONE_AND_HEIR: Configuration = Configuration::of(&[Safe, Heir]).crashes(1);
const TWO_AND_DAEMON: Configuration = Configuration::of(&[Safe, Safe, Daemon]).crashes(1);

const TWO_AND_STRANGER: Configuration = Configuration::of(&[Safe, Safe, Stranger]);
const THREE_AND_HUMAN: Configuration = Configuration::of(&[Safe, Safe, Safe, Human]);
const ONE_AND_TRAITOR: Configuration = Configuration::of(&[Safe, Traitor]).promise(Broken::Believed);

const TWO_LOCKED: Configuration = Configuration::of(&[Safe, Safe]).umask(Umask::Locks).crashes(1);
const THREE_LOCKED: Configuration = Configuration::of(&[Safe, Safe, Safe]).umask(Umask::Locks).crashes(2);
const TWO_LINKED: Configuration = Configuration::of(&[Safe, Safe, Locker]).with_links().crashes(1);
const ASIDE_BY_STREAM: Configuration = Configuration::of(&[Safe, Safe, Locker]).probe(Probe::Stream).crashes(1);
const NPM_WITHOUT_PROC: Configuration = Configuration::of(&[Safe, Safe, Npm]).without_proc().cancels(1);
const NPM_AND_FAILURE: Configuration = Configuration::of(&[Safe, Safe, Npm]).crashes(1).failures(1);
const STRICT_AND_NPM: Configuration = Configuration::of(&[Strict, Npm]).rounds(2).cancels(1);

const ONE_AND_READER: Configuration = Configuration::of(&[Safe, Reader]).cancels(1);
const TWO_READERS: Configuration = Configuration::of(&[Reader, Reader]).cancels(1);
const ONE_AND_READERS: Configuration = Configuration::of(&[Safe, Reader, Reader]).coarse().cancels(1);
const TWO_AND_READER: Configuration = Configuration::of(&[Safe, Safe, Reader]).coarse().cancels(1);
const TWO_USERS_READ: Configuration = Configuration::of(&[Reader, OtherReader]).sticky();
const READER_AND_SLOT: Configuration = Configuration::of(&[Reader, Slot]);
const ONE_AND_SLOT: Configuration = Configuration::of(&[Safe, Slot]);
const ONE_AND_SLOTS: Configuration = Configuration::of(&[Safe, Slot, Slot]).coarse().crashes(1);
const TWO_SLOTS: Configuration = Configuration::of(&[Slot, Slot]);
const ONE_AND_DOWNGRADER: Configuration = Configuration::of(&[Safe, Downgrader]);

/// Where bugs are planted, as they are without. (But for three participants, two of them killed, under a umask that locks sockets:
/// they are many, and among those of the full search.)
pub const SOUND: [Configuration; 43] = [
    TWO,
    TWO_AND_LOCKER,
    TWO_AND_REMOVER,
    THREE,
    ONE_AND_NPM,
    TWO_AND_NPM,
    TWO_AND_NPM_KILLED,
    FAREWELL,
    TWO_USERS,
    IMPATIENT_AND_NPM,
    TWO_AT_NAME,
    THREE_AT_NAME,
    TWO_AND_CALLER,
    TWO_BY_STREAM,
    FULL_BY_STREAM,
    NPM_BY_STREAM,
    TWO_AND_ADMINISTRATOR,
    NPM_AND_ADMINISTRATOR,
    NPM_AND_ADMINISTRATOR_KILLED,
    NPM_AND_TOUCHER,
    TWO_AND_CHILD,
    TWO_NPM_AND_CHILD,
    ONE_AND_HEIR,
    TWO_AND_DAEMON,
    TWO_AND_STRANGER,
    THREE_AND_HUMAN,
    ONE_AND_TRAITOR,
    TWO_LOCKED,
    TWO_LINKED,
    ASIDE_BY_STREAM,
    NPM_WITHOUT_PROC,
    NPM_AND_FAILURE,
    STRICT_AND_NPM,
    ONE_AND_READER,
    TWO_READERS,
    ONE_AND_READERS,
    TWO_AND_READER,
    TWO_USERS_READ,
    READER_AND_SLOT,
    ONE_AND_SLOT,
    ONE_AND_SLOTS,
    TWO_SLOTS,
    ONE_AND_DOWNGRADER,
];

/// All of them.
pub const PLANTED: [Planted; 104] = [
    Planted::new(Bug::ReclaimWithoutGuard, TWO, Broken::TwoHolders),
    Planted::new(Bug::GuardDroppedBeforeUnlink, THREE, Broken::TwoHolders),
    Planted::new(Bug::BindWithoutGuard, TWO, Broken::TwoHolders),
    Planted::new(Bug::ReclaimWithoutPin, THREE, Broken::TwoHolders),
    Planted::new(Bug::NoComparison, THREE, Broken::TwoHolders),
    Planted::new(Bug::MarkReadBeforeProbe, TWO_AND_NPM_KILLED, Broken::TwoHolders),
    Planted::new(Bug::NoProbe, TWO, Broken::TwoHolders),
    Planted::new(Bug::GuardDroppedBeforeListen, TWO_BY_STREAM, Broken::TwoHolders),
    Planted::new(Bug::DatagramBelieved, TWO_BY_STREAM, Broken::TwoHolders),
    Planted::new(Bug::FullIsDead, FULL_BY_STREAM, Broken::TwoHolders),
    Planted::new(Bug::MarkIgnored, TWO_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::MarkByAccident, ONE_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::LendsMarked, TWO_AND_NPM_KILLED, Broken::TwoHolders),
    Planted::new(Bug::MarkIsSticky, NPM_AND_ADMINISTRATOR, Broken::TwoHolders),
    Planted::new(Bug::NoComparisonOfTimes, NPM_AND_ADMINISTRATOR, Broken::TwoHolders),
    Planted::new(Bug::ClearsStickyOnly, TWO_AND_NPM_KILLED, Broken::TwoHolders),
    Planted::new(Bug::ClearsTimeOnly, NPM_AND_TOUCHER, Broken::TwoHolders),
    Planted::new(Bug::ClearsWithPresentTime, NPM_AND_ADMINISTRATOR_KILLED, Broken::TwoHolders),
    Planted::new(Bug::MarkClearedAfterOk, TWO_AND_NPM_KILLED, Broken::TwoHolders),
    Planted::new(Bug::RenameReplaces, TWO_AND_LOCKER, Broken::TwoHolders),
    Planted::new(Bug::NamesRepeat, TWO_AND_LOCKER, Broken::TwoHolders),
    Planted::new(Bug::CloseBeforeUnlink, TWO_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::CancelReleasesAsClient, ONE_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::TruncatedIsLoan, THREE, Broken::TwoHolders),
    Planted::new(Bug::LateLoanRemovesPath, ONE_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::CutWithoutDismissal, FAREWELL, Broken::TwoHolders),
    Planted::new(Bug::ChildReleases, TWO_AND_CHILD, Broken::TwoHolders),
    Planted::new(Bug::ChildUnlocks, TWO_AND_CHILD, Broken::TwoHolders),
    Planted::new(Bug::ChildEndsConnection, TWO_NPM_AND_CHILD, Broken::TwoHolders),
    Planted::new(Bug::ParentReleasesToo, TWO_AND_DAEMON, Broken::TwoHolders),
    Planted::new(Bug::PassesOrphanOn, THREE_AND_HUMAN, Broken::NotToldLost),
    Planted::new(Bug::TrustsAnybody, TWO_AND_STRANGER, Broken::Believed),
    Planted::new(Bug::ReceivesFromUntrusted, TWO_AND_STRANGER, Broken::Believed),
    Planted::new(Bug::ListenerUnchecked, ONE_AND_TRAITOR, Broken::Believed),
    Planted::new(Bug::GuardClosedOnly, TWO_AND_CHILD, Broken::Lost),
    Planted::new(Bug::LoanClosedOnly, TWO_NPM_AND_CHILD, Broken::Lost),
    Planted::new(Bug::GuestClosedOnly, TWO_NPM_AND_CHILD, Broken::Lost),
    Planted::new(Bug::HeirKeepsCopies, ONE_AND_HEIR, Broken::Lost),
    Planted::new(Bug::HeirKeepsFolder, ONE_AND_HEIR, Broken::Lost),
    Planted::new(Bug::GuardSurvives, TWO, Broken::Lost),
    Planted::new(Bug::NoReclaim, TWO, Broken::Lost),
    Planted::new(Bug::NoSecondLook, TWO_AND_REMOVER, Broken::Lost),
    Planted::new(Bug::EndIgnored, TWO, Broken::Lost),
    Planted::new(Bug::BrokenPipeIsSent, TWO, Broken::LeftOnDisk),
    Planted::new(Bug::CancelWithoutShutdown, TWO, Broken::LeftOnDisk),
    Planted::new(Bug::CancelWithoutDrain, TWO, Broken::LeftOnDisk),
    Planted::new(Bug::CloseOutWithoutShutdown, ONE_AND_NPM, Broken::Hurt),
    Planted::new(Bug::CloseOutWithoutDrain, ONE_AND_NPM, Broken::Hurt),
    Planted::new(Bug::MarkNeverSet, TWO_AND_NPM_KILLED, Broken::Lost),
    Planted::new(Bug::NoBirthMark, TWO, Broken::Lost),
    Planted::new(Bug::TimeNeverSet, TWO_AND_ADMINISTRATOR, Broken::Lost),
    Planted::new(Bug::SetsStickyOnly, TWO_AND_NPM_KILLED, Broken::Lost),
    Planted::new(Bug::SetsTimeOnly, NPM_AND_TOUCHER, Broken::Lost),
    Planted::new(Bug::TimeBeforeSticky, NPM_AND_TOUCHER, Broken::Lost),
    Planted::new(Bug::MarkedAfterwards, TWO, Broken::Lost),
    Planted::new(Bug::StreamProbesUnmarked, NPM_BY_STREAM, Broken::Hurt),
    Planted::new(Bug::TemporaryKept, TWO_AND_LOCKER, Broken::LeftOnDisk),
    Planted::new(Bug::LastFirst, THREE, Broken::OutOfOrder),
    Planted::new(Bug::StaleAfterOneProbe, STRICT_AND_NPM, Broken::ToldStale),
    Planted::new(Bug::LeavesNpmAtOnce, ONE_AND_NPM, Broken::Hurt),
    Planted::new(Bug::HandedOverUnmarked, THREE, Broken::Lost),
    Planted::new(Bug::HandsOverToAnybody, TWO_USERS, Broken::LeftOnDisk),
    Planted::new(Bug::StaleNeverReclaimed, IMPATIENT_AND_NPM, Broken::Lost),
    Planted::new(Bug::LendsAtName, TWO_AND_CALLER, Broken::TwoHolders),
    Planted::new(Bug::TruncatedIsListener, THREE_AT_NAME, Broken::TwoHolders),
    Planted::new(Bug::RefusedIsHeld, TWO_AT_NAME, Broken::Lost),
    Planted::new(Bug::KeepsListener, TWO_AT_NAME, Broken::Lost),
    Planted::new(Bug::ReclaimSharesGuard, TWO, Broken::TwoHolders),
    Planted::new(Bug::NoSecondLookAtDead, THREE, Broken::TwoHolders),
    Planted::new(Bug::ModeBeforeTimes, THREE_LOCKED, Broken::Lost),
    Planted::new(Bug::ListensAfterMove, ASIDE_BY_STREAM, Broken::TwoHolders),
    Planted::new(Bug::TimesAfterListen, TWO_AND_ADMINISTRATOR, Broken::Lost),
    Planted::new(Bug::ModeNeverMended, TWO_LOCKED, Broken::Lost),
    Planted::new(Bug::BornUnmarked, TWO, Broken::Lost),
    Planted::new(Bug::GuardKept, TWO, Broken::LeftOpen),
    Planted::new(Bug::ExistsIsMoved, TWO_AND_LOCKER, Broken::TwoHolders),
    Planted::new(Bug::OldNameKept, TWO_LINKED, Broken::LeftOnDisk),
    Planted::new(Bug::SendSkipped, TWO, Broken::LeftOnDisk),
    Planted::new(Bug::UnlinkSkipped, TWO, Broken::LeftOnDisk),
    Planted::new(Bug::ServerTakenForGone, ONE_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::BoundFileUnasked, SHARED_AND_ADMINISTRATOR, Broken::Lost),
    Planted::new(Bug::PeerNameUnasked, ONE_AND_TRAITOR, Broken::Believed),
    Planted::new(Bug::PathUnchecked, NPM_WITHOUT_PROC, Broken::Hurt),
    Planted::new(Bug::FailedMarkIsDone, NPM_AND_FAILURE, Broken::TwoHolders),
    Planted::new(Bug::ConnectionKept, TWO, Broken::LeftOpen),
    Planted::new(Bug::BadgeIgnored, TWO_AND_NPM, Broken::TwoHolders),
    Planted::new(Bug::CleansUpOnce, TWO_READERS, Broken::LeftOnDisk),
    Planted::new(Bug::GivesUpUnclean, ONE_AND_READER, Broken::LeftOnDisk),
    Planted::new(Bug::LeavesQueueUnclean, ONE_AND_READERS, Broken::LeftOnDisk),
    Planted::new(Bug::RefusedIsRemoved, TWO_USERS_READ, Broken::Lost),
    Planted::new(Bug::CleansSharedOnly, READER_AND_SLOT, Broken::LeftOnDisk),
    Planted::new(Bug::CleansWithoutLock, ONE_AND_READERS, Broken::TwoHolders),
    Planted::new(Bug::SharesTooLate, ONE_AND_READER, Broken::TwoHolders),
    Planted::new(Bug::PollsBeforeRead, ONE_AND_READER, Broken::Lost),
    Planted::new(Bug::LooksForBoth, ONE_AND_READER, Broken::Lost),
    Planted::new(Bug::NeverLooks, ONE_AND_READER, Broken::TwoHolders),
    Planted::new(Bug::NeverWaits, ONE_AND_READER, Broken::TwoHolders),
    Planted::new(Bug::UnlinksBeforeWait, TWO_AND_READER, Broken::TwoHolders),
    Planted::new(Bug::GivesUpByClose, ONE_AND_READER, Broken::LeftOnDisk),
    Planted::new(Bug::DowngradesTooLate, ONE_AND_DOWNGRADER, Broken::TwoHolders),
    Planted::new(Bug::TakesUnseen, TWO_SLOTS, Broken::SameSlot),
    Planted::new(Bug::CleansFromLowest, ONE_AND_SLOTS, Broken::TwoHolders),
    Planted::new(Bug::SlotWithoutShared, ONE_AND_SLOT, Broken::TwoHolders),
    Planted::new(Bug::SharedUnlinkedFirst, ONE_AND_SLOTS, Broken::TwoHolders),
];
