//! The lock's folder, and the guard on it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, Stat, flock, fstat, lstat, openat, stat};
use rustix::io::{Errno, Result, retry_on_intr};
use rustix::net::SocketAddrUnix;
use rustix::process::geteuid;

use crate::address;
use crate::file_system::Place;

const FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// An open folder. (Its file description is this lock's own: flock converts, so that another lock of this process would
/// unlock it.)
#[derive(Debug)]
pub(crate) struct Folder {
    file: OwnedFd,
    readable: bool,
    /// The process that opened it. A fork shares the description, and with it the guard.
    process: u32,
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
        Ok(Self { file, readable, process: std::process::id(), guard: Mutex::new(()) })
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

    /// Whether a path leads to it, and nobody but root and this user can change that: no other user can rename a folder on
    /// the way. `path` has no symbolic links.
    pub(crate) fn is_fixed_at(&self, path: &Path) -> bool {
        let ours = |stat: &Stat| [0, geteuid().as_raw()].contains(&stat.st_uid);
        let is_fixed = |(folder, parent): (&Path, &Path)| {
            let (Ok(folder), Ok(parent)) = (lstat(folder), lstat(parent)) else { return false };
            let mode = Mode::from_raw_mode(parent.st_mode);
            let others_write = mode.intersects(Mode::WGRP | Mode::WOTH);
            ours(&parent) && (!others_write || mode.contains(Mode::SVTX) && ours(&folder))
        };
        path.ancestors().zip(path.ancestors().skip(1)).all(is_fixed) && self.is_at(path)
    }

    fn is_at(&self, path: &Path) -> bool {
        let inode = |stat: Stat| (stat.st_dev, stat.st_ino);
        matches!((fstat(&self.file), stat(path)), (Ok(own), Ok(found)) if inode(own) == inode(found))
    }

    /// The device that it is on.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn device(&self) -> Result<u64> {
        Ok(fstat(&self.file)?.st_dev as u64)
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
    pub(crate) fn guard_shared(&self) -> Option<FolderGuard<'_>> {
        self.guard(FlockOperation::NonBlockingLockShared).ok()
    }

    /// Takes the exclusive guard, under which no socket is between "visible" and "registered".
    ///
    /// # Errors
    /// `WOULDBLOCK` if somebody else has a guard, `ACCESS` if the folder may not be read.
    pub(crate) fn guard_exclusive(&self) -> Result<FolderGuard<'_>> {
        self.guard(FlockOperation::NonBlockingLockExclusive)
    }

    fn guard(&self, operation: FlockOperation) -> Result<FolderGuard<'_>> {
        // It may have become readable.
        if !self.readable || self.process != std::process::id() {
            let anew = retry_on_intr(|| openat(&self.file, ".", FLAGS, Mode::empty()))?;
            retry_on_intr(|| flock(&anew, operation))?;
            return Ok(FolderGuard::Anew(anew));
        }
        let turn = match self.guard.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Errno::WOULDBLOCK),
        };
        retry_on_intr(|| flock(&self.file, operation))?;
        Ok(FolderGuard::Own { folder: self, _turn: turn })
    }
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
