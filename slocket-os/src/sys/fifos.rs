//! The FIFOs of shares.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll;
use rustix::fs::{Mode, OFlags, mkfifoat, openat};
use rustix::io::{Errno, Result, read, retry_on_intr};
use slocket_core::{Access, MakeResult, OpenResult, ReadResult};

use super::{code, files};

pub(crate) fn make(folder: BorrowedFd<'_>, name: &CStr, mode: Mode) -> MakeResult {
    match mkfifoat(folder, name, mode) {
        Ok(()) => MakeResult::Made,
        Err(Errno::EXIST) => MakeResult::Exists,
        Err(errno) => MakeResult::Failed(code(errno)),
    }
}

/// Opens a FIFO, or another file with its name, without waiting for another process.
pub(crate) fn open(folder: BorrowedFd<'_>, name: &CStr, access: Access) -> Result<OwnedFd> {
    let access = match access {
        Access::Read => OFlags::RDONLY,
        Access::Both => OFlags::RDWR,
    };
    let flags = access | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| openat(folder, name, flags, Mode::empty()))
}

pub(crate) fn opened<T>(result: &Result<T>) -> OpenResult {
    match result {
        // A name that is too long has no share.
        Err(Errno::NAMETOOLONG) => OpenResult::Missing,
        other => files::opened(other),
    }
}

/// Has a process the FIFO open for writing? What was written is discarded.
pub(crate) fn has_writer(fifo: BorrowedFd<'_>) -> ReadResult {
    let mut bytes = [0_u8; 4096];
    match retry_on_intr(|| read(fifo, &mut bytes[..])) {
        Ok(0) => ReadResult::NoWriter,
        Ok(_) => ReadResult::Bytes,
        Err(Errno::AGAIN) => ReadResult::Writer,
        Err(errno) => ReadResult::Failed(code(errno)),
    }
}

/// FIFOs that are waited for together: one descriptor that is readable as soon as one of them has hung up.
#[derive(Debug)]
pub(crate) struct Several {
    files: Vec<OwnedFd>,
    epoll: OwnedFd,
}

impl Several {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { files: Vec::new(), epoll: epoll::create(epoll::CreateFlags::CLOEXEC)? })
    }

    pub(crate) fn push(&mut self, file: OwnedFd) -> Result<()> {
        // (A hang-up is reported even without interest in any event.)
        epoll::add(&self.epoll, &file, epoll::EventData::new_u64(0), epoll::EventFlags::empty())?;
        self.files.push(file);
        Ok(())
    }

    pub(crate) fn last(&self) -> Option<BorrowedFd<'_>> {
        self.files.last().map(AsFd::as_fd)
    }
}

impl AsFd for Several {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::fs::File;

    use rustix::event::{PollFd, PollFlags, poll};
    use tempfile::TempDir;

    use super::*;

    struct Folder {
        open: File,
        _folder: TempDir,
    }

    impl Folder {
        fn new() -> Self {
            let folder = TempDir::with_prefix("slocket-fifos-").unwrap();
            Self { open: File::open(folder.path()).unwrap(), _folder: folder }
        }

        fn as_fd(&self) -> BorrowedFd<'_> {
            self.open.as_fd()
        }
    }

    #[test]
    fn several_are_waited_for_together() {
        let folder = Folder::new();
        let mut several = Several::new().unwrap();
        let mut writers = Vec::new();
        for name in [c"one", c"other"] {
            assert_eq!(make(folder.as_fd(), name, Mode::RUSR | Mode::WUSR), MakeResult::Made);
            assert_eq!(make(folder.as_fd(), name, Mode::RUSR | Mode::WUSR), MakeResult::Exists);
            writers.push(open(folder.as_fd(), name, Access::Both).unwrap());
            several.push(open(folder.as_fd(), name, Access::Read).unwrap()).unwrap();
            assert_eq!(has_writer(several.last().unwrap()), ReadResult::Writer);
        }
        let has_hung_up = |several: &Several| {
            let mut polled = [PollFd::new(several, PollFlags::IN)];
            poll(&mut polled, Some(&rustix::event::Timespec::default())).unwrap() == 1
        };
        assert!(!has_hung_up(&several));
        writers.remove(0);
        assert!(has_hung_up(&several));
    }

    #[test]
    fn nobody_has_a_share_of_a_name_that_is_too_long() {
        let folder = Folder::new();
        let long = CString::new("x".repeat(256)).unwrap();
        assert_eq!(opened(&open(folder.as_fd(), &long, Access::Read)), OpenResult::Missing);
        assert_eq!(opened(&open(folder.as_fd(), c"x", Access::Read)), OpenResult::Missing);
    }
}
