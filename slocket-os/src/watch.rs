//! Watching a path: a descriptor that becomes readable when something happens to it.

use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// A watch on one name in a folder (inotify(7)). It lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    inotify: OwnedFd,
    name: OsString,
}

impl Watch {
    /// Watches `name` in `folder`; `None` if the system has no watch to give (`max_user_instances`, `max_user_watches`,
    /// a folder that may not be read): timed re-checks must do then.
    pub(crate) fn new(folder: &Path, name: &Path) -> Option<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let to_names = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
        let to_itself = WatchFlags::ATTRIB | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        inotify::add_watch(&inotify, folder, to_names | to_itself | WatchFlags::ONLYDIR).ok()?;
        Some(Self { inotify, name: name.into() })
    }

    /// Whether something happened since the last call.
    pub(crate) fn take(&self) -> bool {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut space);
        let mut happened = false;
        loop {
            match events.next() {
                // What has no name happened to the folder itself, or there was more than the queue holds.
                Ok(event) => {
                    happened |= event.file_name().is_none_or(|name| name.to_bytes() == self.name.as_bytes());
                }
                Err(Errno::INTR) => {}
                Err(_) => return happened,
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
