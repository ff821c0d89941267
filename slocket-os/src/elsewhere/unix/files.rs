//! Names in a folder, and open files.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, statat, unlinkat};
use rustix::io::{Errno, Result};
use slocket_core::UnlinkResult;

use crate::sys::code;

pub(crate) fn stat_name(folder: BorrowedFd<'_>, name: &CStr) -> Result<Stat> {
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn stat_by_path(path: &Path) -> Result<Stat> {
    statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn stat_file(file: BorrowedFd<'_>) -> Result<Stat> {
    fstat(file)
}

/// Makes a file that has its mode before it has a name: other systems do not offer that.
pub(crate) fn make_whole(_: BorrowedFd<'_>, _: &CStr, _: OFlags, _: Mode) -> Option<Result<OwnedFd>> {
    None
}

pub(crate) fn unlink(folder: BorrowedFd<'_>, name: &CStr) -> UnlinkResult {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) => UnlinkResult::Removed,
        Err(Errno::NOENT) => UnlinkResult::Missing,
        Err(errno @ (Errno::PERM | Errno::ACCESS)) => UnlinkResult::Denied(code(errno)),
        Err(errno) => UnlinkResult::Failed(code(errno)),
    }
}
