//! What is wanted of a lock.

use std::num::NonZeroU16;

use crate::target::Target;

/// What is wanted of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// To hold it.
    Lock,
    /// A shared lock.
    Shared,
    /// One of so many slots.
    Slot(NonZeroU16),
}

impl Want {
    /// What these options say.
    pub(crate) fn of(shared: bool, slots: Option<NonZeroU16>) -> Self {
        match slots {
            Some(count) => Self::Slot(count),
            None if shared => Self::Shared,
            None => Self::Lock,
        }
    }

    /// Whether that lock has it at all: a share is a file beside the lock.
    pub(crate) fn is_of(self, target: &Target) -> bool {
        self == Self::Lock || matches!(target, Target::Path(_))
    }
}
