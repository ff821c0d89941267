//! The process that has a folder locked, which the system does not tell.

use std::path::Path;

use slocket_core::Inode;

use crate::at_path::AtPath;
use crate::peer::Holder;

/// The process that has a folder locked by flock(2). Linux only: `None` on other systems, where no lock is a socket.
#[must_use]
pub fn who_locks(_folder: &Path) -> Option<Holder> {
    None
}

pub(crate) fn all_who_lock(_: Inode) -> Vec<u32> {
    Vec::new()
}

pub(crate) fn who_prevents_repair(_: &AtPath) -> Option<Holder> {
    None
}
