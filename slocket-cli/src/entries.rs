//! What is in a folder of locks.

use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::statfs;

use crate::shares;

/// The lock that an entry tells of: a socket is one, and a FIFO is a share of one.
pub(crate) fn lock_by(entry: PathBuf, kind: FileType) -> Option<PathBuf> {
    match () {
        () if kind.is_socket() => Some(entry),
        () if kind.is_fifo() => shares::lock_of(&entry),
        () => None,
    }
}

/// Whether a folder is in a file system of the kernel's own (/proc, /sys), where there are no sockets and no end of folders.
pub(crate) fn is_of_the_kernel(folder: &Path) -> bool {
    // proc, sysfs, cgroup, cgroup2, debugfs, tracefs
    const MAGIC: [u64; 6] = [0x9fa0, 0x6265_6572, 0x27_e0eb, 0x6367_7270, 0x6462_6720, 0x7472_6163];
    statfs(folder).is_ok_and(|found| MAGIC.contains(&(found.f_type as u64)))
}
