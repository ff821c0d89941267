//! The descriptors of what is held, and of a watch.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::ioctl_fionbio;

use crate::descriptor::{self, Descriptor};
use crate::guard::Guard;
use crate::local::Participant;
use crate::semaphore::Permit;
use crate::shared_guard::SharedGuard;
use crate::watch::Watch;

impl AsFd for Guard {
    /// The descriptor that carries the lock: the listener, or the connection if the lock is on loan.
    ///
    /// It is closed on exec. A process that inherits a duplicate keeps the lock alive even if this one is killed.
    ///
    /// # Panics
    /// In a child of the process that holds the lock, once the child has closed its copies.
    fn as_fd(&self) -> BorrowedFd<'_> {
        descriptor::note_shown();
        let descriptor = self
            .participant()
            .and_then(Participant::descriptor)
            .map(Descriptor::as_fd)
            .expect("a guard has its descriptor until it is dropped");
        // It may have come blocking: any process with a copy could make it so. One that blocks has no guard, to `Lock::adopt`.
        if self.is_ours() {
            let _ = ioctl_fionbio(descriptor, true);
        }
        descriptor
    }
}

impl AsFd for SharedGuard {
    /// The descriptor that is the shared lock: a FIFO beside the lock, open for writing.
    ///
    /// It is closed on exec. A process that inherits a duplicate keeps the shared lock, even if this one is killed or gives it back. Write
    /// nothing to it.
    ///
    /// # Panics
    /// In a child of the process that has the shared lock.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.share
            .descriptor()
            .map(AsFd::as_fd)
            .expect("the shared lock is that of another process, which has forked this one")
    }
}

impl AsFd for Permit {
    /// The descriptor that is the slot: a FIFO beside the lock, open for writing.
    ///
    /// It is closed on exec. A process that inherits a duplicate keeps the slot, even if this one is killed or gives it back. Write
    /// nothing to it.
    ///
    /// # Panics
    /// In a child of the process that has the slot.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.share
            .descriptor()
            .map(AsFd::as_fd)
            .expect("the slot is that of another process, which has forked this one")
    }
}

impl AsFd for Watch {
    /// It becomes readable when something has happened.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell().as_fd()
    }
}
