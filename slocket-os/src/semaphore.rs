//! A semaphore: so many processes at a time, and each knows its number.

use std::fmt;
use std::num::NonZeroU16;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;

use slocket_core::Share;

use crate::error::{Error, What};
use crate::grant::Grant;
use crate::grant::sealed::{Granted, Sealed};
use crate::held_share::HeldShare;
use crate::lock::Lock;
use crate::name::LockName;
use crate::want::Want;

/// A semaphore at a lock's path: up to so many permits are out at a time. Cheap to clone.
///
/// It is what the adapters' semaphores are made of.
#[derive(Clone, Debug)]
pub struct Semaphore {
    lock: Lock,
    permits: NonZeroU16,
}

impl Semaphore {
    /// The semaphore of a lock. It shares the lock's queue inside the process.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPermits`](crate::ErrorKind::InvalidPermits) if it is none, or more than 65,535.
    pub fn new(lock: &Lock, permits: usize) -> Result<Self, Error> {
        let valid = u16::try_from(permits).ok().and_then(NonZeroU16::new);
        let permits = valid.ok_or_else(|| lock.site().failed(What::InvalidPermits(permits)))?;
        Ok(Self { lock: lock.clone(), permits })
    }

    /// Returns how many permits there are.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.permits.get().into()
    }

    /// The lock that it is of.
    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    pub(crate) fn want(&self) -> Want {
        Want::Share(Share::SlotOf(self.permits))
    }
}

/// Holds one slot of a semaphore as long as it lives ([protocol section 8][protocol]).
///
/// Owned, `'static`, `Send` and `Sync`. While it is held the library does nothing: no thread, no system call. Dropping it gives
/// the slot back before `drop` returns, on any thread, inside or outside any runtime, without blocking (as
/// [`release`](Self::release)). A process that is killed gives it back, too: the kernel does it, and the first in the queue has it.
///
/// # Fork
/// The slot belongs to the process that acquired it. A child that was forked from it without exec has a copy of the permit, and no
/// part in the slot. But **it is given back only when the last copy is closed**: a child closes its copies when it drops the permit,
/// when it first uses any lock, on [`close_copies`](crate::close_copies), and on exec.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#8-shares-shared-locks-and-slots
#[must_use = "dropping the permit at once gives the slot back at once"]
pub struct Permit {
    pub(crate) share: HeldShare,
    slot: u16,
}

impl Permit {
    /// Returns which of the semaphore's slots it is, from 0: the number of a GPU, a port, a database. No two that are held at the same
    /// time have the same; a free slot of a lower number is taken first.
    #[must_use]
    pub fn index(&self) -> usize {
        self.slot.into()
    }

    /// Returns the name of the lock, with the folder of a path resolved.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.share.site().name()
    }

    /// Returns the path of the lock, with its folder resolved.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.share.site().path()
    }

    /// Gives the slot back, as `drop` does, and tells whether something was wrong. It does not block.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that has the slot, which goes on having it.
    pub fn release(self) -> Result<(), Error> {
        self.share.release()
    }
}

impl Grant for Permit {}

impl Sealed for Permit {
    fn granted(granted: Granted) -> Self {
        let Granted { lock, slot } = granted;
        let Some(slot) = slot else { unreachable!("a slot was asked for") };
        Self { share: HeldShare::new(lock), slot }
    }
}

// It gives the slot back when a panic drops it, and is whole until then.
impl UnwindSafe for Permit {}
impl RefUnwindSafe for Permit {}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("name", &self.share).field("index", &self.slot).finish()
    }
}
