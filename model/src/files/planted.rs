//! Planted bugs: where each is planted, and which promise it breaks there. A search that does not find it is itself wrong.

use super::bug::Bug;
use super::configuration::Act::{Acquire, Downgrade, Look, Release, Share, Slot};
use super::configuration::{Configuration, Fork, Script};
use crate::broken::Broken;

/// A bug, where it is planted, and which promise it breaks there.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// The bug.
    pub bug: Bug,
    /// Where it is planted. Without the bug no promise is broken there.
    pub configuration: Configuration,
    /// What must be found.
    pub breaks: Broken,
}

impl Planted {
    const fn new(bug: Bug, configuration: Configuration, breaks: Broken) -> Self {
        let configuration = Configuration { bug: Some(bug), promise: Some(breaks), ..configuration };
        Self { bug, configuration, breaks }
    }

    /// The same without the bug, and every promise looked at.
    #[must_use]
    pub const fn sound(&self) -> Configuration {
        Configuration { bug: None, promise: None, ..self.configuration }
    }
}

const LOCK: Script = &[Acquire, Release];
const SHARE: Script = &[Share, Release];
const ONE_SLOT: Script = &[Slot(1), Release];
const SLOT: Script = &[Slot(2), Release];

const TWO: Configuration = Configuration::of(&[LOCK, LOCK]);
const THREE: Configuration = Configuration::of(&[LOCK, LOCK, LOCK]);
const SHARES: Configuration = Configuration::of(&[SHARE, SHARE]);
const LOCK_AND_SHARE: Configuration = Configuration::of(&[LOCK, SHARE]);
const LOCK_AND_SLOT: Configuration = Configuration::of(&[LOCK, ONE_SLOT]);

/// All of them.
pub const PLANTED: &[Planted] = &[
    Planted::new(Bug::NoCompare, THREE, Broken::TwoHolders),
    Planted::new(Bug::UnlinkAfterUnlock, THREE, Broken::TwoHolders),
    Planted::new(Bug::MakeReplaces, TWO, Broken::TwoHolders),
    Planted::new(Bug::SharesTooLate, LOCK_AND_SHARE, Broken::TwoHolders),
    Planted::new(
        Bug::DowngradesTooLate,
        Configuration::of(&[&[Acquire, Downgrade, Release], LOCK]),
        Broken::TwoHolders,
    ),
    Planted::new(Bug::SlotsNotExcluded, LOCK_AND_SLOT, Broken::TwoHolders),
    Planted::new(Bug::OneSlotExcluded, Configuration::of(&[LOCK, SLOT, SLOT]), Broken::TwoHolders),
    Planted::new(Bug::SlotWithoutBase, LOCK_AND_SLOT, Broken::TwoHolders),
    Planted::new(Bug::BusyIsFree, LOCK_AND_SHARE, Broken::TwoHolders),
    Planted::new(Bug::CleansWithoutTurn, Configuration::of(&[LOCK, SHARE, SHARE]), Broken::TwoHolders),
    Planted::new(Bug::SlotIsShared, Configuration::of(&[SLOT, SLOT]), Broken::SameSlot),
    Planted::new(Bug::NoSecondLook, TWO, Broken::Lost),
    Planted::new(Bug::BusyNotCompared, TWO, Broken::Lost),
    Planted::new(Bug::ShareNotTouched, LOCK_AND_SHARE, Broken::Lost),
    Planted::new(Bug::TurnNotTouched, TWO.stays(), Broken::Lost),
    Planted::new(Bug::LookNotTouched, Configuration::of(&[LOCK, &[Look]]), Broken::Lost),
    Planted::new(Bug::ShareNotUnlocked, LOCK_AND_SHARE.fork(Fork::Stays), Broken::Lost),
    Planted::new(Bug::LookNotUnlocked, Configuration::of(&[LOCK, LOCK, SHARE]).stays().fork(Fork::Stays), Broken::Lost),
    Planted::new(Bug::NotCleanedAgain, SHARES, Broken::LeftOnDisk),
    Planted::new(Bug::TouchNotCompared, SHARES, Broken::LeftOnDisk),
    Planted::new(Bug::UnlinkWithoutCompare, TWO.administrator(), Broken::UnlinksOthers),
    Planted::new(Bug::LossNotSeen, TWO.administrator(), Broken::NotToldLost),
];
