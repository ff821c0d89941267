//! The lock's folder.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, Stat, accessat, fstat, openat, stat};
use rustix::io::{Errno, Result, fcntl_dupfd_cloexec, retry_on_intr};
use rustix::net::SocketAddrUnix;

use crate::address;
use crate::file_system::Place;
use crate::process::Process;

const FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// An open folder.
///
/// It is open to be read, if it may be: then it can be locked by flock(2) as it is, which spares each acquire to open and close
/// another one. But an flock is of the open file, of which a forked child has a copy: if this process was killed while it had the
/// folder locked, the folder would stay locked for as long as that child lives. So it is not locked as it is after a fork.
#[derive(Debug)]
pub(crate) struct Folder {
    file: OwnedFd,
    lockable: Option<Lockable>,
}

/// What is known of a folder that can be locked as it is, by one participant at a time.
#[derive(Debug)]
struct Lockable {
    process: Process,
    forks: u64,
    in_use: AtomicBool,
}

impl Folder {
    /// Opens a folder, to name files in it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_by(|flags| retry_on_intr(|| openat(CWD, path, FLAGS | flags, Mode::empty())))
    }

    fn open_by(open: impl Fn(OFlags) -> Result<OwnedFd>) -> Result<Self> {
        // (Before it is opened: a child that is forked in between counts as one that has a copy.)
        let forks = slocket_fork::forks();
        match open(OFlags::RDONLY) {
            Ok(file) => Ok(Self { file, lockable: forks.map(Lockable::new) }),
            // (Whatever it said: what is only named need not be readable.)
            Err(_) => Ok(Self { file: open(OFlags::PATH)?, lockable: None }),
        }
    }

    /// Whether the caller, in the process `here`, may lock it as it is, until it [gives that back](Self::give_back): no other
    /// participant does, and no other process has a copy.
    pub(crate) fn borrow(&self, here: Process) -> bool {
        self.lockable.as_ref().is_some_and(|lockable| lockable.borrow(here))
    }

    /// The borrower has unlocked it.
    pub(crate) fn give_back(&self) {
        if let Some(lockable) = &self.lockable {
            lockable.in_use.store(false, Ordering::Release);
        }
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

    /// Opens it to be read, or locked: a file description of its own.
    pub(crate) fn open_anew(&self) -> Result<OwnedFd> {
        retry_on_intr(|| openat(&self.file, ".", FLAGS, Mode::empty()))
    }

    /// The device that it is on.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn device(&self) -> Result<u64> {
        Ok(self.stat()?.st_dev as u64)
    }

    /// Which folder it is, if it can be watched: not if it may not be read, nor if its file system is in user space, where a call can take
    /// forever, and would keep all other watches waiting.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn watchable(&self) -> Option<FolderId> {
        if accessat(&self.file, ".", Access::READ_OK, AtFlags::EACCESS) == Err(Errno::ACCESS) {
            return None;
        }
        if !self.place().ok()?.answers_in_time() {
            return None;
        }
        let stat = self.stat().ok()?;
        Some(FolderId(stat.st_dev as u64, stat.st_ino as u64))
    }

    /// Another descriptor, which keeps the number.
    pub(crate) fn keep(&self) -> Option<Kept> {
        fcntl_dupfd_cloexec(&self.file, 0).ok()
    }

    /// Where its files live.
    pub(crate) fn place(&self) -> Result<Place> {
        Place::of_folder(&self.file)
    }
}

impl Lockable {
    fn new(forks: u64) -> Self {
        Self { process: Process::current(), forks, in_use: AtomicBool::new(false) }
    }

    fn borrow(&self, here: Process) -> bool {
        self.process == here && slocket_fork::forks() == Some(self.forks) && !self.in_use.swap(true, Ordering::Acquire)
    }
}

/// Which folder it is, whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FolderId(u64, u64);

/// A descriptor of the folder: no other file has its number meanwhile.
pub(crate) type Kept = OwnedFd;

/// Whether two answers are about one file.
pub(crate) fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn one_at_a_time_locks_it_as_it_is() {
        let place = TempDir::with_prefix("slocket-folder-").unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let here = Process::current();
        assert!(folder.borrow(here));
        assert!(!folder.borrow(here), "another participant does");
        folder.give_back();
        assert!(!folder.borrow(here.another()), "a child has a copy");
        assert!(folder.borrow(here));
    }

    /// A security module says EPERM, a file system in user space whatever it likes. To name files in it, it need not be readable.
    #[test]
    fn one_that_cannot_be_read_is_open_all_the_same() {
        let place = TempDir::with_prefix("slocket-folder-").unwrap();
        let open = |flags| openat(CWD, place.path(), FLAGS | flags, Mode::empty());
        for refusal in [Errno::ACCESS, Errno::PERM, Errno::IO, Errno::NOSYS] {
            let folder =
                Folder::open_by(|flags| if flags.contains(OFlags::PATH) { open(flags) } else { Err(refusal) }).unwrap();
            assert!(!folder.borrow(Process::current()), "{refusal}: it cannot be locked");
            assert!(folder.stat().is_ok() && folder.open_anew().is_ok(), "{refusal}");
        }
        assert_eq!(Folder::open(&place.path().join("missing")).unwrap_err(), Errno::NOENT);
    }
}
