//! The lock's folder.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, openat, stat};
use rustix::io::{Result, retry_on_intr};
use rustix::net::SocketAddrUnix;

use crate::address;
use crate::file_system::Place;

const FLAGS: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    file: OwnedFd,
}

impl Folder {
    /// Opens a folder, to name files in it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = retry_on_intr(|| openat(CWD, path, FLAGS | OFlags::PATH, Mode::empty()))?;
        Ok(Self { file })
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

    /// Where its files live.
    pub(crate) fn place(&self) -> Result<Place> {
        Place::of_folder(&self.file)
    }
}

/// Whether two answers are about one file.
pub(crate) fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}
