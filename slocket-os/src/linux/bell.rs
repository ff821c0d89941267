//! A descriptor that becomes readable when it is rung: an eventfd(2).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, Result, read, retry_on_intr, write};

/// A descriptor that becomes readable when it is rung.
#[derive(Debug)]
pub(crate) struct Bell(OwnedFd);

impl Bell {
    pub(crate) fn new() -> Result<Self> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map(Self)
    }

    /// One that was rung.
    pub(crate) fn rung() -> Result<Self> {
        eventfd(1, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map(Self)
    }

    pub(crate) fn ring(&self) {
        // One that has been rung too often to count is readable all the same.
        let _ = retry_on_intr(|| write(&self.0, &1_u64.to_ne_bytes()));
    }

    /// Whether it was rung since the last call, by this process or another one that has it.
    pub(crate) fn take(&self) -> Result<bool> {
        match retry_on_intr(|| read(&self.0, &mut [0; 8])) {
            Ok(_) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
