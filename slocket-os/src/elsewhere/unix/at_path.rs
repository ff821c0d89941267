//! A lock at a path: its folder, its name there, and the options that only a path has.
//!
//! The folder is resolved once, when the lock is named, and kept open: every call about the lock is relative to it.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::{Errno, Result};
use slocket_core::{Owner, Stale, file_lock};

use crate::address;
use crate::folder::{Folder, Kept};
use crate::policy::StalePolicy;
use crate::resolve::Resolved;
use crate::sys::files;
use crate::sys::found::Seen;

/// A lock at a path.
#[derive(Debug)]
pub(crate) struct AtPath {
    /// For messages, and for the watch.
    path: PathBuf,
    folder: Folder,
    name: CString,
    mode: u32,
    lock_file: file_lock::Platform,
}

/// A name in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The lock's.
    Lock,
    /// That of the file of shared locks, or of a slot.
    Share(Option<u16>),
}

impl AtPath {
    /// `path`, which is `name` in `folder`. (No socket can be stale.)
    pub(crate) fn new(
        path: PathBuf,
        _: &Resolved,
        folder: Folder,
        name: CString,
        mode: u32,
        _: StalePolicy,
        lock_file: Option<file_lock::Platform>,
    ) -> Self {
        Self { path, folder, name, mode, lock_file: lock_file.unwrap_or_default() }
    }

    /// What its files can do.
    pub(crate) fn lock_file(&self) -> Option<file_lock::Platform> {
        Some(self.lock_file)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The paths that lead to the folder.
    pub(crate) fn ways(&self, _: &Kept) -> impl Iterator<Item = PathBuf> + use<> {
        self.path.parent().map(Path::to_path_buf).into_iter()
    }

    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// A name in the folder.
    pub(crate) fn name_of(&self, which: Which) -> Cow<'_, CStr> {
        match which {
            Which::Lock => Cow::Borrowed(&self.name),
            Which::Share(slot) => Cow::Owned(address::name_of_share(&self.name, slot)),
        }
    }

    /// Looks at the path; `None` if nothing is there.
    pub(crate) fn look(&self) -> Result<Option<Seen>> {
        match files::stat_name(self.folder.as_fd(), &self.name) {
            Ok(stat) => Ok(Some(Seen { uid: stat.st_uid })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The owner of a file of that user; `user` returns our user.
    pub(crate) fn owner(&self, uid: u32, user: impl FnOnce() -> u32) -> Owner {
        if uid == user() { Owner::Us } else { Owner::Other }
    }

    pub(crate) fn mode(&self) -> u32 {
        self.mode
    }

    pub(crate) fn stale(&self) -> (Stale, Duration) {
        (Stale::Wait, Duration::ZERO)
    }
}
