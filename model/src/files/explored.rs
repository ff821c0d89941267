//! What is explored: what every change must pass, and what is explored on demand.

use super::configuration::Act::{Acquire, Downgrade, Look, Release, Share, Slot, Try, TryShare, TrySlot};
use super::configuration::{Configuration, Fork, Kind, Script};

const LOCK: Script = &[Acquire, Release];
const TWICE: Script = &[Acquire, Release, Acquire, Release];
const TRY: Script = &[Try, Release];
const SHARE: Script = &[Share, Release];
const TRY_SHARE: Script = &[TryShare, Release];
const SLOT_OF_ONE: Script = &[Slot(1), Release];
const SLOT: Script = &[Slot(2), Release];
const TRY_SLOT: Script = &[TrySlot(2), Release];
const LOOK: Script = &[Look];
const DOWNGRADE: Script = &[Acquire, Downgrade, Release];

/// What every change must pass: explored by the tests.
pub const QUICK: &[Configuration] = &[
    Configuration::of(&[LOCK, LOCK]),
    Configuration::of(&[TWICE, TWICE]),
    Configuration::of(&[LOCK, LOCK, LOCK]),
    Configuration::of(&[LOCK, LOOK]),
    Configuration::of(&[LOCK, TRY]),
    Configuration::of(&[LOCK, SHARE]),
    Configuration::of(&[SHARE, SHARE]),
    Configuration::of(&[LOCK, SHARE, SHARE]),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE]),
    Configuration::of(&[LOCK, SLOT, SLOT]),

    Configuration::of(&[LOCK, LOCK, LOCK, LOCK]),
    Configuration::of(&[LOCK, LOCK]).stays(),
    Configuration::of(&[LOCK, LOCK, LOCK]).stays(),
    Configuration::of(&[LOCK, SHARE, SHARE]).stays(),
    Configuration::of(&[LOCK, SLOT, SLOT]).stays(),
    Configuration::of(&[TWICE, SHARE]),
    Configuration::of(&[SHARE, SHARE, SHARE]),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE, LOCK]),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE, SLOT_OF_ONE]),
    Configuration::of(&[SLOT, SLOT, SLOT]),
    Configuration::of(&[DOWNGRADE, LOCK]),
    Configuration::of(&[DOWNGRADE, LOCK, SHARE]),
    Configuration::of(&[DOWNGRADE, DOWNGRADE]),
    Configuration::of(&[DOWNGRADE, DOWNGRADE]).stays(),
    Configuration::of(&[LOCK, TRY, TRY_SHARE]).timers(),
    Configuration::of(&[SHARE, TRY]).timers(),
    Configuration::of(&[SLOT, TRY_SLOT, TRY]).timers(),
    Configuration::of(&[LOCK, LOCK, LOOK]),
    Configuration::of(&[LOCK, SHARE, LOOK]).stays(),

    Configuration::of(&[LOCK, LOCK]).stops(2),
    Configuration::of(&[LOCK, LOCK, LOCK]).stops(2),
    Configuration::of(&[LOCK, SHARE]).stops(2),
    Configuration::of(&[LOCK, SHARE, SHARE]).stops(1),
    Configuration::of(&[SLOT_OF_ONE, SLOT_OF_ONE, LOCK]).stops(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).stops(1).stays(),

    Configuration::of(&[LOCK, LOCK]).kills(2),
    Configuration::of(&[TWICE, TWICE]).kills(1),
    Configuration::of(&[LOCK, LOCK, LOCK]).kills(1),
    Configuration::of(&[LOCK, LOCK, LOCK]).kills(1).stays(),
    Configuration::of(&[LOCK, SHARE]).kills(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).kills(1),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).kills(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).kills(1).stays(),
    Configuration::of(&[DOWNGRADE, LOCK]).kills(1),
    Configuration::of(&[LOCK, LOCK]).without_watch(),
    Configuration::of(&[LOCK, SHARE]).without_watch(),

    Configuration::of(&[TWICE, TWICE]).failures(1).stops(1),
    Configuration::of(&[LOCK, LOCK, LOCK]).failures(1),
    Configuration::of(&[LOCK, SHARE]).failures(2),
    Configuration::of(&[LOCK, SHARE, SHARE]).failures(1),
    Configuration::of(&[LOCK, SHARE, SHARE]).failures(1).stays(),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).failures(1),
    Configuration::of(&[DOWNGRADE, LOCK]).failures(1),
    Configuration::of(&[LOCK, SHARE]).failures(1).stops(1).kills(1),

    Configuration::of(&[LOCK, LOCK]).fork(Fork::Stays),
    Configuration::of(&[TWICE, LOCK]).fork(Fork::Stays).stays(),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Stays),
    Configuration::of(&[LOCK, SHARE, SHARE]).fork(Fork::Stays),
    Configuration::of(&[LOCK, SLOT_OF_ONE, SLOT_OF_ONE]).fork(Fork::Stays),
    Configuration::of(&[DOWNGRADE, LOCK]).fork(Fork::Stays),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Stays).stays(),
    Configuration::of(&[LOCK, LOCK, LOCK]).fork(Fork::Ends).kills(1),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Ends).kills(1).stays(),
    Configuration::of(&[LOCK, SHARE]).fork(Fork::Ends).kills(1),

    Configuration::of(&[LOCK, LOCK]).there(Kind::Foreign),
    Configuration::of(&[LOCK, LOCK, LOOK]).there(Kind::Foreign),
    Configuration::of(&[LOCK, LOCK]).there(Kind::Folder).stays(),
    Configuration::of(&[LOCK, TRY, SLOT]).there(Kind::Folder),

    Configuration::of(&[LOCK, LOCK]).administrator(),
    Configuration::of(&[LOCK, LOCK, LOCK]).administrator(),
    Configuration::of(&[TWICE, TWICE]).administrator().stays(),
    Configuration::of(&[LOCK, SHARE]).administrator(),
];
