//! What may forbid a call, other than permissions.

use std::io;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// Whether the permissions of a folder let this user make files there.
pub(crate) fn may_make_files(folder: &Path) -> bool {
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// The likely cause of a call that is refused whatever the permissions are.
pub(crate) fn sandbox(refused: &io::Error) -> Option<&'static str> {
    if Errno::from_io_error(refused) != Some(Errno::PERM) {
        return None;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let filters = status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"));
    Some(if filters {
        "a seccomp filter is in force, as in a container or by SystemCallFilter of a service: it may forbid that call"
    } else {
        "a sandbox, or an attribute of the file or folder (chattr), may forbid it"
    })
}
