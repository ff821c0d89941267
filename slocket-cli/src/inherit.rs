//! What the command inherits, and whether a process still has it when the command has ended.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags, dup, fcntl_dupfd_cloexec, fcntl_setfd, retry_on_intr};

use crate::hold::Hold;

/// Scripts use the low numbers as they like (`exec 3>log`), and would close the lock without knowing.
const FIRST: i32 = 100;

/// Processes that the command started may need a moment to end after it, as in `command > >(tee log)`.
const MOMENT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Descriptors that the next command inherits. To be dropped as soon as it has started.
pub(crate) struct Inherited {
    _lock: OwnedFd,
    _witness: OwnedFd,
}

/// Tells whether a process still has what was inherited: the reading end of a pipe whose other end the command inherits
/// together with the lock.
pub(crate) struct Witness {
    end: PipeReader,
}

/// Makes the lock, or its share, inheritable.
pub(crate) fn inherit(hold: &Hold) -> io::Result<(Inherited, Witness)> {
    let (end, other) = io::pipe()?;
    let inherited = Inherited { _lock: inheritable(hold.as_fd())?, _witness: inheritable(other.as_fd())? };
    Ok((inherited, Witness { end }))
}

fn inheritable(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let copy = match fcntl_dupfd_cloexec(fd, FIRST) {
        Ok(copy) => copy,
        // The limit for descriptors is below FIRST.
        Err(Errno::INVAL) => dup(fd)?,
        Err(error) => return Err(error.into()),
    };
    fcntl_setfd(&copy, FdFlags::empty())?;
    Ok(copy)
}

impl Witness {
    /// Has the command, which has ended, left a process behind that keeps the lock?
    pub(crate) fn left_behind(self) -> bool {
        let mut fds = [PollFd::new(&self.end, PollFlags::IN)];
        // Nothing is ever written: what there is to see is that the last writer is gone.
        !matches!(retry_on_intr(|| poll(&mut fds, Some(&MOMENT))), Ok(1..))
    }
}

impl AsFd for Hold {
    /// What keeps it as long as any process has a copy.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Lock(guard) => guard.as_fd(),
            Self::Shared(guard) => guard.as_fd(),
            Self::Slot(permit) => permit.as_fd(),
        }
    }
}
