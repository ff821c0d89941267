//! What is explored: what every change must pass, and what is explored on demand.

use super::configuration::Act::{Acquire, Downgrade, Look, Release, Share, Slot, Try, TryShare, TrySlot};
use super::configuration::{Configuration, Fork, Kind, Script};

const LOCK: Script = &[Acquire, Release];
const TWICE: Script = &[Acquire, Release, Acquire, Release];
/// So often that the file moves away from a waiter again and again.
const MANY: Script = &[
    Acquire, Release, Acquire, Release, Acquire, Release, Acquire, Release, Acquire, Release, Acquire, Release,
    Acquire, Release,
];
const TRY: Script = &[Try, Release];
const SHARE: Script = &[Share, Release];
const SHARE_TWICE: Script = &[Share, Release, Share, Release];
const TRY_SHARE: Script = &[TryShare, Release];
const SLOT_OF_ONE: Script = &[Slot(1), Release];
const SLOT: Script = &[Slot(2), Release];
const TRY_SLOT: Script = &[TrySlot(2), Release];
const LOOK: Script = &[Look];
const DOWNGRADE: Script = &[Acquire, Downgrade, Release];

/// What every change must pass: explored by the tests.
pub const QUICK: &[Configuration] = &[
    // The lock alone.
    Configuration::of(&[TWICE, TWICE]),
    Configuration::of(&[TWICE, TWICE]).stays(),
    Configuration::of(&[LOCK, LOCK, LOCK, LOCK]),
    Configuration::of(&[LOCK, LOCK, LOCK, LOCK]).stays(),
    Configuration::of(&[MANY, LOCK]),
    Configuration::of(&[TWICE, TRY]).timers(),
    Configuration::of(&[LOCK, LOCK, TRY]).stays().timers(),
    Configuration::of(&[LOCK, LOCK, LOOK]),
    Configuration::of(&[LOCK, LOCK, LOOK]).stays(),
    Configuration::of(&[LOCK, LOCK, LOCK]).denies(),
    // Shared locks, slots, and a lock that becomes a share.
    Configuration::of(&[TWICE, SHARE]),
    Configuration::of(&[LOCK, SHARE, SHARE]),
    Configuration::of(&[LOCK, SHARE, SHARE]).stays(),
    Configuration::of(&[LOCK, SHARE, SHARE]).denies(),
    Configuration::of(&[SHARE, SHARE, SHARE]),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE, SLOT_OF_ONE]),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE, LOCK]),
    Configuration::of(&[LOCK, SLOT, SLOT]),
    Configuration::of(&[DOWNGRADE, LOCK, SHARE]),
    Configuration::of(&[SLOT, SLOT, LOCK]).stays(),
    Configuration::of(&[SLOT_OF_ONE, SLOT, LOCK]).stays(),
    Configuration::of(&[SHARE, SLOT, LOCK]).stays(),
    Configuration::of(&[DOWNGRADE, DOWNGRADE]),
    Configuration::of(&[DOWNGRADE, DOWNGRADE]).stays(),
    Configuration::of(&[DOWNGRADE, LOCK, SHARE]).stays(),
    Configuration::of(&[LOCK, TRY, TRY_SHARE]).timers(),
    Configuration::of(&[SLOT_OF_ONE, TRY_SLOT]).timers(),
    Configuration::of(&[LOCK, SHARE, LOOK]).stays(),
    // Where timers are all that wakes.
    Configuration::of(&[TWICE, TWICE]).without_watch(),
    Configuration::of(&[LOCK, SHARE]).without_watch(),
    // Requests that are cancelled, or out of time.
    Configuration::of(&[LOCK, LOCK, LOCK]).stops(2),
    Configuration::of(&[TWICE, SHARE]).stops(2),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE]).stops(2),
    Configuration::of(&[LOCK, SHARE, SHARE]).stops(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).stops(1).stays(),
    Configuration::of(&[DOWNGRADE, LOCK]).stops(2),
    // Processes that are killed.
    Configuration::of(&[TWICE, TWICE]).kills(1).stops(1),
    Configuration::of(&[LOCK, LOCK, LOCK]).kills(2),
    Configuration::of(&[LOCK, LOCK, LOCK]).kills(2).stays(),
    Configuration::of(&[TWICE, SHARE]).kills(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).kills(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).kills(1).stays(),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).kills(1),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).kills(1).stays(),
    Configuration::of(&[DOWNGRADE, LOCK]).kills(1),
    // Calls that fail.
    Configuration::of(&[TWICE, TWICE]).failures(1).stops(1),
    Configuration::of(&[LOCK, LOCK, LOCK]).failures(1),
    Configuration::of(&[LOCK, SHARE]).failures(2),
    Configuration::of(&[LOCK, SHARE, SHARE]).failures(1).stays(),
    Configuration::of(&[LOCK, SLOT_OF_ONE]).failures(2),
    Configuration::of(&[DOWNGRADE, LOCK]).failures(1),
    Configuration::of(&[LOCK, SHARE]).failures(1).stops(1).kills(1),
    // A process that forks.
    Configuration::of(&[TWICE, LOCK]).fork(Fork::Stays),
    Configuration::of(&[TWICE, LOCK]).fork(Fork::Stays).stays(),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Stays),
    Configuration::of(&[LOCK, LOCK, SHARE]).fork(Fork::Stays).stays(),
    Configuration::of(&[LOCK, SLOT_OF_ONE]).fork(Fork::Stays),
    Configuration::of(&[DOWNGRADE, LOCK]).fork(Fork::Stays),
    Configuration::of(&[LOCK, LOCK, LOCK]).fork(Fork::Ends).kills(1),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Ends).kills(1),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Ends).kills(1).stays(),
    // Something else is at the path at first.
    Configuration::of(&[LOCK, LOCK, LOOK]).there(Kind::Foreign),
    Configuration::of(&[LOCK, LOCK]).there(Kind::Folder).stays(),
    Configuration::of(&[LOCK, TRY, SHARE]).there(Kind::Folder),
    // A person removes the path.
    Configuration::of(&[LOCK, LOCK, LOCK]).administrator(),
    Configuration::of(&[TWICE, TWICE]).administrator().stays(),
    Configuration::of(&[LOCK, SHARE]).administrator(),
    Configuration::of(&[DOWNGRADE, LOCK]).administrator().timers(),
];

/// What takes longer.
pub const FULL: &[Configuration] = &[
    Configuration::of(&[SLOT, SLOT, SLOT]),
    Configuration::of(&[SLOT_OF_ONE, SLOT, LOCK]),
    Configuration::of(&[SHARE, SLOT, LOCK]),
    Configuration::of(&[DOWNGRADE, DOWNGRADE, LOCK]),
    Configuration::of(&[SLOT, TRY_SLOT, TRY]).timers(),
    Configuration::of(&[TWICE, SHARE_TWICE]).stops(1),
    Configuration::of(&[TWICE, TWICE, SHARE]),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE, LOCK]).stops(1),
    Configuration::of(&[LOCK, LOCK, SHARE]).kills(2),
    Configuration::of(&[LOCK, SHARE, SHARE]).failures(1),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).failures(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).fork(Fork::Stays),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).fork(Fork::Stays),
    Configuration::of(&[LOCK, SHARE, SHARE]).fork(Fork::Ends).kills(1),
    Configuration::of(&[LOCK, TRY, SLOT]).there(Kind::Folder),
    Configuration::of(&[LOCK, LOCK, SHARE, SHARE]).stays(),
    Configuration::of(&[LOCK, SLOT, SLOT, SLOT]).stays(),
    Configuration::of(&[LOCK, LOCK, LOCK, LOCK]).kills(1).stops(1),
    Configuration::of(&[LOCK, LOCK, SHARE, SHARE]),
    Configuration::of(&[LOCK, SLOT, SLOT, SLOT]),
    Configuration::of(&[SHARE, SHARE, SHARE, SHARE]),
];
