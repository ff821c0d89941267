//! This user, and this machine.

use std::fs::{self, FileType};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::process::geteuid;
use rustix::system::uname;

/// Our user's number.
pub(crate) fn user() -> u32 {
    geteuid().as_raw()
}

/// The user of a process, if that is known.
pub(crate) fn user_of_process(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|process| process.uid())
}

/// The user that a file belongs to.
pub(crate) fn owner_of(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|found| found.uid())
}

/// Whether that is a socket.
pub(crate) fn is_socket(found: FileType) -> bool {
    found.is_socket()
}

/// The name of this machine.
pub(crate) fn host() -> String {
    uname().nodename().to_string_lossy().into_owned()
}
