//! The mark of a socket that is handed over and never lent (docs/protocol.md, "The mark"), told and set without the library.

use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

const MAGIC: i64 = 1_397_509_955;

/// Whether a socket carries the mark.
#[must_use]
pub fn is_marked(found: &Metadata) -> bool {
    let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
    modified == (MAGIC, 0) || found.mode() & 0o1000 != 0 && modified == changed
}

/// Sets or clears the mark of what is at a path, and gives it a mode.
///
/// # Panics
/// If it is not ours.
#[track_caller]
pub fn set(path: &Path, marked: bool, mode: u32) {
    let sticky = if marked { 0o1000 } else { 0 };
    let time = Timespec { tv_sec: if marked { MAGIC } else { MAGIC + 1 }, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("ours");
    // Last: from here on a waiter that could not connect may remove a dead one.
    fs::set_permissions(path, Permissions::from_mode(sticky | mode)).expect("ours");
}
