//! A descriptor that becomes readable when it is rung: a pipe(2).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, FdFlags, Result, fcntl_setfd, ioctl_fionbio, read, retry_on_intr, write};
use rustix::pipe::pipe;

/// A descriptor that becomes readable when it is rung.
#[derive(Debug)]
pub(crate) struct Bell {
    read: OwnedFd,
    write: OwnedFd,
}

impl Bell {
    pub(crate) fn new() -> Result<Self> {
        let (read, write) = pipe()?;
        for end in [&read, &write] {
            fcntl_setfd(end, FdFlags::CLOEXEC)?;
            ioctl_fionbio(end, true)?;
        }
        Ok(Self { read, write })
    }

    /// One that was rung.
    pub(crate) fn rung() -> Result<Self> {
        let bell = Self::new()?;
        bell.ring();
        Ok(bell)
    }

    pub(crate) fn ring(&self) {
        // One that has been rung so often that it is full is readable all the same.
        let _ = retry_on_intr(|| write(&self.write, &[0]));
    }

    /// Whether it was rung since the last call, by this process or another one that has it.
    pub(crate) fn take(&self) -> Result<bool> {
        match retry_on_intr(|| read(&self.read, &mut [0; 64])) {
            Ok(_) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(errno),
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}
