//! A lock at a path: its folder, its name there, and the options that only a path has.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slocket_core::{Stale, file_lock};

use crate::address::{self, FileName};
use crate::folder::{Folder, Kept};
use crate::policy::StalePolicy;
use crate::resolve::Resolved;
use crate::sys::found::Seen;
use crate::sys::io::{Errno, Result};

/// A lock at a path.
#[derive(Debug)]
pub(crate) struct AtPath {
    path: PathBuf,
    folder: Folder,
    name: FileName,
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
    /// `path`, which is `name` in `folder`. (Files have no mode, and no socket can be stale.)
    pub(crate) fn new(
        path: PathBuf,
        _: &Resolved,
        folder: Folder,
        name: FileName,
        _: u32,
        _: StalePolicy,
        lock_file: Option<file_lock::Platform>,
    ) -> Self {
        Self { path, folder, name, lock_file: lock_file.unwrap_or_default() }
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

    pub(crate) fn name(&self) -> &OsStr {
        &self.name
    }

    /// The path of a name in the folder.
    pub(crate) fn path_of(&self, which: Which) -> PathBuf {
        match which {
            Which::Lock => self.path.clone(),
            Which::Share(slot) => self.path.with_file_name(address::name_of_share(&self.name, slot)),
        }
    }

    /// That of the file that names the holder.
    pub(crate) fn path_of_record(&self) -> PathBuf {
        self.path.with_file_name(address::name_of_record(&self.name))
    }

    /// A name in the folder, for a text.
    pub(crate) fn name_of(&self, which: Which) -> FileName {
        match which {
            Which::Lock => self.name.clone(),
            Which::Share(slot) => address::name_of_share(&self.name, slot),
        }
    }

    /// Looks at the path; `None` if nothing is there.
    pub(crate) fn look(&self) -> Result<Option<Seen>> {
        match self.path.symlink_metadata().map_err(Errno::from) {
            Ok(_) => Ok(Some(Seen { uid: 0 })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    pub(crate) fn stale(&self) -> (Stale, Duration) {
        (Stale::Wait, Duration::ZERO)
    }
}
