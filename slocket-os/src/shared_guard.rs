//! A shared lock: many processes can have one at a time, and none of them holds the lock alone.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;

use crate::error::Error;
use crate::grant::Grant;
use crate::grant::sealed::{Granted, Sealed};
use crate::held_share::HeldShare;
use crate::name::LockName;

/// Holds a shared lock as long as it lives ([protocol section 8][protocol]).
///
/// Any number of processes, threads and tasks can have one. While one of them has it, no process has a [`Guard`](crate::Guard) of the same lock.
///
/// Owned, `'static`, `Send` and `Sync`. While it is held the library does nothing: no thread, no system call. Dropping it gives
/// the shared lock back before `drop` returns, on any thread, inside or outside any runtime, without blocking (as
/// [`release`](Self::release)). A process that is killed gives it back, too: the kernel does it.
///
/// **There is no upgrade** to a [`Guard`](crate::Guard): two processes that both wait for one, and keep their shared lock meanwhile, would
/// deadlock. Release it and acquire the lock: another process may have held the lock in between. For the other direction there
/// is [`Guard::downgrade`](crate::Guard::downgrade).
///
/// # Fork
/// The shared lock belongs to the process that acquired it. A child that was forked from it without exec has a copy of the guard, and
/// no part in the shared lock. But **it is given back only when the last copy is closed**: a child closes its copies when it drops the
/// guard, when it first uses any lock, on [`close_copies`](crate::close_copies), and on exec.
///
/// [protocol]: https://github.com/slocket/slocket/blob/main/docs/protocol.md#8-shares-shared-locks-and-slots
#[must_use = "dropping the guard at once releases the shared lock at once"]
pub struct SharedGuard {
    pub(crate) share: HeldShare,
}

impl SharedGuard {
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

    /// Releases the shared lock, as `drop` does, and tells whether something was wrong. It does not block.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`](crate::ErrorKind::Forked) in a child of the process that has the shared lock, which goes on having it.
    pub fn release(self) -> Result<(), Error> {
        self.share.release()
    }
}

impl Grant for SharedGuard {}

impl Sealed for SharedGuard {
    fn granted(granted: Granted) -> Self {
        Self { share: HeldShare::new(granted.lock) }
    }
}

// It releases the shared lock when a panic drops it, and is whole until then.
impl UnwindSafe for SharedGuard {}
impl RefUnwindSafe for SharedGuard {}

impl fmt::Debug for SharedGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedGuard").field("name", &self.share).finish()
    }
}
