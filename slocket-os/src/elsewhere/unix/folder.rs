//! The lock's folder.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, openat};
use rustix::io::{Result, fcntl_dupfd_cloexec, retry_on_intr};

use crate::file_system::Place;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    file: OwnedFd,
}

impl Folder {
    /// Opens a folder, to name files in it. (It must be readable: not all systems let a folder be opened that is not.)
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?;
        Ok(Self { file })
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    pub(crate) fn stat(&self) -> Result<Stat> {
        fstat(&self.file)
    }

    /// Which folder it is, if it can be watched: not if its file system is in user space, where a call can take
    /// forever, and would keep all other watches waiting.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
    pub(crate) fn watchable(&self) -> Option<FolderId> {
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

/// Which folder it is, whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FolderId(u64, u64);

/// A descriptor of the folder: no other file has its number meanwhile.
pub(crate) type Kept = OwnedFd;

/// Whether two answers are about one file.
pub(crate) fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}
