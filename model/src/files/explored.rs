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
];
