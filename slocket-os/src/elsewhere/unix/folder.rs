//! The lock's folder.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, openat};
use rustix::io::{Result, retry_on_intr};

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

    /// Where its files live.
    pub(crate) fn place(&self) -> Result<Place> {
        Place::of_folder(&self.file)
    }
}

/// Whether two answers are about one file.
pub(crate) fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}
