//! Planted bugs: where each is planted, and which promise it breaks there. A search that does not find it is itself wrong.

use crate::broken::Broken;
use crate::bug::Bug;
use crate::cast::Cast::{
    Administrator, Caller, Child, Daemon, Downgrader, Heir, Human, Impatient, Locker, Npm, OtherReader, OtherUser,
    Pest, Reader, Remover, Retainer, Safe, Slot, Stranger, Strict, Toucher, Traitor,
};
use crate::configuration::{Configuration, Probe, Umask};

/// A bug, where it is planted, and which promise it breaks there.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// The bug.
    pub bug: Bug,
    /// The participants. Without the bug no promise is broken there.
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

const RETAINER_AND_ONE: Configuration = Configuration::of(&[Retainer, Safe]).rounds(2).crashes(1).cancels(1);
const TWO_RETAINERS: Configuration = Configuration::of(&[Retainer, Retainer]).rounds(2).crashes(1);
const RETAINER_AND_HEIR: Configuration = Configuration::of(&[Retainer, Heir]).rounds(2).crashes(1);

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
const NPM_AND_READER: Configuration = Configuration::of(&[Npm, Reader]);
const NPM_AND_DOWNGRADER: Configuration = Configuration::of(&[Npm, Downgrader]);
const READER_AND_PEST: Configuration = Configuration::of(&[Reader, Pest]);

/// Where bugs are planted, without them. (Except three participants, two of them killed, under a umask that locks sockets:
/// they are many, and among those of the full search.)
pub const SOUND: [Configuration; 49] = [
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
    NPM_AND_READER,
    NPM_AND_DOWNGRADER,
    READER_AND_PEST,
    RETAINER_AND_ONE,
    TWO_RETAINERS,
    RETAINER_AND_HEIR,
];

/// All of them.
pub const PLANTED: [Planted; 121] = [
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
    Planted::new(Bug::SharesBesideClient, NPM_AND_READER, Broken::UnsafeShare),
    Planted::new(Bug::SharesBesideStranger, READER_AND_PEST, Broken::UnsafeShare),
    Planted::new(Bug::DowngradesBesideLateClient, NPM_AND_DOWNGRADER, Broken::UnsafeShare),
    Planted::new(Bug::SaysUnshared, ONE_AND_READER, Broken::TwoHolders),
    Planted::new(Bug::SharesLoan, NPM_AND_READER, Broken::UnsafeShare),
    Planted::new(Bug::LostShareKept, NPM_AND_READER, Broken::LeftOpen),
    Planted::new(Bug::TakesLookThenStore, RETAINER_AND_ONE, Broken::TwoHolders),
    Planted::new(Bug::GivesLookThenStore, RETAINER_AND_ONE, Broken::TwoHolders),
    Planted::new(Bug::IdleLookThenStore, RETAINER_AND_ONE, Broken::TwoHolders),
    Planted::new(Bug::HolderNotTold, RETAINER_AND_ONE, Broken::Lost),
    Planted::new(Bug::RetainsWhateverIsThere, RETAINER_AND_ONE, Broken::Lost),
    Planted::new(Bug::WordLeftRetained, RETAINER_AND_ONE, Broken::TwoHolders),
    Planted::new(Bug::ArmsAfterRetained, RETAINER_AND_ONE, Broken::Misuse),
    Planted::new(Bug::SliceWithoutTimer, RETAINER_AND_ONE, Broken::Lost),
    Planted::new(Bug::KeeperHoldsListener, TWO_RETAINERS, Broken::LeftOpen),
    Planted::new(Bug::EndsRetaining, RETAINER_AND_ONE, Broken::LeftOnDisk),
    Planted::new(Bug::ChildFindsRetained, RETAINER_AND_HEIR, Broken::TwoHolders),
];
