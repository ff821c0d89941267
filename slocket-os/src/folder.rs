//! The lock's folder, and the guard on it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, Stat, flock, fstat, openat, stat};
use rustix::io::{Errno, Result, retry_on_intr};
use rustix::net::SocketAddrUnix;

use crate::address;
use crate::at_once::at_once;
use crate::file_system::Place;
use crate::process::Process;

const FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// An open folder. (Its file description is this lock's own: flock converts, so that another lock of this process would
/// unlock it.)
#[derive(Debug)]
pub(crate) struct Folder {
    file: OwnedFd,
    readable: bool,
    /// The process that opened it. A fork shares the description, and with it the guard.
    process: Process,
    guard: Mutex<()>,
}

impl Folder {
    /// Opens a folder; to name files in it alone if it may not be read.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open = |flags| retry_on_intr(|| openat(CWD, path, FLAGS | flags, Mode::empty()));
        let (file, readable) = match open(OFlags::RDONLY) {
            Ok(file) => (file, true),
            Err(Errno::ACCESS) => (open(OFlags::PATH)?, false),
            Err(errno) => return Err(errno),
        };
        Ok(Self { file, readable, process: Process::current(), guard: Mutex::new(()) })
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The address of a name in it by way of the open folder, if it fits one.
    pub(crate) fn address_of(&self, name: &Path) -> Option<SocketAddrUnix> {
        address::of_path(&address::proc_path(self.as_fd()).join(name))
    }

    /// Whether `/proc` leads to it: where it is not mounted, or another pid namespace's, it leads nowhere.
    pub(crate) fn is_in_proc(&self) -> bool {
        self.is_at(&address::proc_path(self.as_fd()))
    }

    pub(crate) fn stat(&self) -> Result<Stat> {
        fstat(&self.file)
    }

    fn is_at(&self, path: &Path) -> bool {
        matches!((self.stat(), stat(path)), (Ok(own), Ok(found)) if is_same(&own, &found))
    }

    /// The device that it is on.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn device(&self) -> Result<u64> {
        Ok(self.stat()?.st_dev as u64)
    }

    /// Where its files live.
    pub(crate) fn place(&self) -> Result<Place> {
        Place::of_folder(&self.file)
    }

    /// Whether its sockets are known to belong to this machine, so that dead ones are removed.
    pub(crate) fn is_local(&self) -> Result<bool> {
        Ok(self.place()? == Place::Local)
    }

    /// Takes the shared guard, which keeps reclaimers away; `None` if it is not to be had at once.
    pub(crate) fn guard_shared(&self, here: Process) -> Option<FolderGuard<'_>> {
        self.guard(FlockOperation::NonBlockingLockShared, here).ok()
    }

    /// Takes the exclusive guard, under which no socket is between "visible" and "registered".
    ///
    /// # Errors
    /// `WOULDBLOCK` if somebody else has a guard, `ACCESS` if the folder may not be read.
    pub(crate) fn guard_exclusive(&self, here: Process) -> Result<FolderGuard<'_>> {
        self.guard(FlockOperation::NonBlockingLockExclusive, here)
    }

    fn guard(&self, operation: FlockOperation, here: Process) -> Result<FolderGuard<'_>> {
        // It may have become readable.
        if !self.readable || self.process != here {
            let anew = retry_on_intr(|| openat(&self.file, ".", FLAGS, Mode::empty()))?;
            retry_on_intr(|| flock(&anew, operation))?;
            return Ok(FolderGuard::Anew(anew));
        }
        let turn = at_once(&self.guard).ok_or(Errno::WOULDBLOCK)?;
        retry_on_intr(|| flock(&self.file, operation))?;
        Ok(FolderGuard::Own { folder: self, _turn: turn })
    }
}

/// Whether two answers are about one file.
pub(crate) fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// The guard on a folder, until it is dropped. It is unlocked, not just closed: a child that is forked meanwhile has a copy,
/// and would keep it for life.
#[derive(Debug)]
pub(crate) enum FolderGuard<'a> {
    /// On the lock's own description, one at a time.
    Own {
        /// What is guarded.
        folder: &'a Folder,
        /// Of the threads of this process.
        _turn: MutexGuard<'a, ()>,
    },
    /// On a description of its own: in a forked child, or if the folder could not be read when the lock was named.
    Anew(OwnedFd),
}

impl Drop for FolderGuard<'_> {
    fn drop(&mut self) {
        let file = match &*self {
            Self::Own { folder, .. } => folder.as_fd(),
            Self::Anew(anew) => anew.as_fd(),
        };
        let _ = retry_on_intr(|| flock(file, FlockOperation::Unlock));
    }
}
