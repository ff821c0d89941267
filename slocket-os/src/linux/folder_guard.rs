//! The flock(2) of the lock's folder: an open file of its own, or the lock's open folder, as long as no other participant uses it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::io::{Errno, Result};
use slocket_core::{Flock, FlockResult};

use crate::process::Process;
use crate::site::Site;
use crate::sys::files;

/// A folder that can be locked, and is not when this is dropped.
#[derive(Debug)]
pub(crate) struct FolderGuard {
    file: File,
    is_locked: bool,
}

#[derive(Debug)]
enum File {
    Own(OwnedFd),
    Borrowed { site: Arc<Site>, process: Process },
}

impl FolderGuard {
    /// For the folder of a lock at a path.
    pub(crate) fn open(site: &Arc<Site>, here: Process) -> Result<Self> {
        let folder = site.at_path().ok_or(Errno::BADF)?.folder();
        let file = if folder.borrow(here) {
            File::Borrowed { site: Arc::clone(site), process: here }
        } else {
            File::Own(folder.open_anew()?)
        };
        Ok(Self { file, is_locked: false })
    }

    pub(crate) fn lock(&mut self, how: Flock) -> FlockResult {
        let result = files::guard(self.as_fd(), how);
        self.is_locked |= result == FlockResult::Locked;
        result
    }

    pub(crate) fn unlock(&mut self) -> Result<()> {
        files::unlock(self.as_fd())?;
        self.is_locked = false;
        Ok(())
    }
}

impl AsFd for FolderGuard {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.file {
            File::Own(file) => file.as_fd(),
            File::Borrowed { site, .. } => site.at_path().expect("a folder was borrowed").folder().as_fd(),
        }
    }
}

impl Drop for FolderGuard {
    fn drop(&mut self) {
        let File::Borrowed { site, process } = &self.file else { return };
        if self.is_locked {
            if !process.is_current() {
                // A child that was forked meanwhile: the parent has it locked.
                return;
            }
            // (Linux unlocks what it has locked. Otherwise the next guard of this open file ends that.)
            let _ = files::unlock(self.as_fd());
        }
        if let Some(at) = site.at_path() {
            at.folder().give_back();
        }
    }
}
