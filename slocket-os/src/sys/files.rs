//! Names in a folder, and open files.

use std::ffi::{CStr, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, RenameFlags, Stat, Timestamps, chmod, fchmod, flock, fstat,
    linkat, openat, renameat_with, stat, statat, unlinkat, utimensat,
};
use rustix::io::{Errno, Result, retry_on_intr};
use slocket_core::{
    FileSystemResult, Flock, FlockResult, OpenResult, ProcResult, RenameResult, TimesResult, UnlinkResult,
};

use super::code;
use crate::address::{self, proc_path};
use crate::file_system::Place;
use crate::folder::{Folder, is_same};

pub(crate) fn stat_name(folder: BorrowedFd<'_>, name: &CStr) -> Result<Stat> {
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn stat_by_path(path: &Path) -> Result<Stat> {
    statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn stat_file(file: BorrowedFd<'_>) -> Result<Stat> {
    fstat(file)
}

/// Holds a file fast: its number is not used again, and it is reached whatever its name is by now. (Not so where the file system
/// cannot keep a file that is open and was removed.) A symbolic link is held itself, not what it leads to.
pub(crate) fn open(folder: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| openat(folder, name, flags, Mode::empty()))
}

/// Makes a file that has its mode, whatever the umask, before it has a name. `None` where that cannot be done.
pub(crate) fn make_whole(folder: BorrowedFd<'_>, name: &CStr, flags: OFlags, mode: Mode) -> Option<Result<OwnedFd>> {
    if stat_name(folder, name).is_ok() {
        return Some(Err(Errno::EXIST));
    }
    let file = retry_on_intr(|| openat(folder, ".", flags | OFlags::TMPFILE, mode)).ok()?;
    fchmod(&file, mode).ok()?;
    match linkat(CWD, proc_path(file.as_fd()), folder, name, AtFlags::SYMLINK_FOLLOW) {
        Ok(()) => Some(Ok(file)),
        Err(Errno::EXIST) => Some(Err(Errno::EXIST)),
        Err(_) => None,
    }
}

/// The flags of an open file, by its file in `/proc/pid/fdinfo` (proc(5)).
pub(crate) fn flags(info: &Path) -> Option<u32> {
    let info = std::fs::read_to_string(info).ok()?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok()
}

pub(crate) fn opened<T>(result: &Result<T>) -> OpenResult {
    match result {
        Ok(_) => OpenResult::Opened,
        Err(Errno::NOENT) => OpenResult::Missing,
        Err(Errno::ACCESS) => OpenResult::Denied(code(Errno::ACCESS)),
        Err(errno) => OpenResult::Failed(code(*errno)),
    }
}

/// The names in a folder, `.` and `..` among them. (The standard library panics if a folder that was read cannot be closed.)
pub(crate) fn names(folder: &Path) -> Result<impl Iterator<Item = OsString> + use<>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = retry_on_intr(|| openat(CWD, folder, flags, Mode::empty()))?;
    let entries = Dir::new(folder)?.map_while(Result::ok);
    Ok(entries.map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned()))
}

/// A folder that is being read. Any user who may write to it can fill it, so only a part is read.
#[derive(Debug)]
pub(crate) struct Listing {
    names: Dir,
    left: u32,
}

/// How many names of a folder are read.
const MOST_NAMES: u32 = 4096;

impl Listing {
    pub(crate) fn new(folder: OwnedFd) -> Result<Self> {
        Ok(Self { names: Dir::new(folder)?, left: MOST_NAMES })
    }

    /// The number of the next temporary name.
    pub(crate) fn next_number(&mut self) -> Option<u64> {
        while self.left > 0 {
            self.left -= 1;
            let Some(Ok(entry)) = self.names.next() else { break };
            let number = address::number_of_temporary_name(entry.file_name().to_bytes());
            if number.is_some() {
                return number;
            }
        }
        None
    }
}

pub(crate) fn unlink(folder: BorrowedFd<'_>, name: &CStr) -> UnlinkResult {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) => UnlinkResult::Removed,
        Err(Errno::NOENT) => UnlinkResult::Missing,
        Err(errno @ (Errno::PERM | Errno::ACCESS)) => UnlinkResult::Denied(code(errno)),
        Err(errno) => UnlinkResult::Failed(code(errno)),
    }
}

pub(crate) fn rename(folder: BorrowedFd<'_>, from: &CStr, to: &CStr) -> RenameResult {
    renamed(renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE))
}

pub(crate) fn link(folder: BorrowedFd<'_>, from: &CStr, to: &CStr) -> RenameResult {
    renamed(linkat(folder, from, folder, to, AtFlags::empty()))
}

fn renamed(result: Result<()>) -> RenameResult {
    match result {
        Ok(()) => RenameResult::Renamed,
        Err(Errno::EXIST) => RenameResult::Exists,
        Err(Errno::NOENT) => RenameResult::Missing,
        Err(errno @ (Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)) => RenameResult::Unsupported(code(errno)),
        Err(errno) => RenameResult::Failed(code(errno)),
    }
}

pub(crate) fn file_system(folder: &Folder) -> FileSystemResult {
    match folder.place() {
        Ok(Place::Local) => FileSystemResult::Local,
        Ok(Place::Network(_) | Place::Unknown(_)) => FileSystemResult::Elsewhere,
        Err(errno) => FileSystemResult::Failed(code(errno)),
    }
}

pub(crate) fn stat_proc(folder: &Folder, own: &Stat) -> ProcResult {
    match stat(proc_path(folder.as_fd())) {
        Ok(found) if is_same(own, &found) => ProcResult::Leads,
        Ok(_) | Err(_) => ProcResult::LeadsNowhere,
    }
}

pub(crate) fn set_times_of_name(folder: BorrowedFd<'_>, name: &CStr, times: &Timestamps) -> TimesResult {
    timed(utimensat(folder, name, times, AtFlags::SYMLINK_NOFOLLOW))
}

pub(crate) fn set_times(file: impl AsFd, times: &Timestamps) -> TimesResult {
    match utimensat(file, "", times, AtFlags::EMPTY_PATH) {
        // Linux before 5.8.
        Err(errno @ (Errno::INVAL | Errno::NOENT)) => TimesResult::Unsupported(code(errno)),
        result => timed(result),
    }
}

pub(crate) fn set_times_in_proc(file: BorrowedFd<'_>, times: &Timestamps) -> TimesResult {
    timed(utimensat(CWD, proc_path(file), times, AtFlags::empty()))
}

fn timed(result: Result<()>) -> TimesResult {
    match result {
        Ok(()) => TimesResult::Done,
        Err(errno) => TimesResult::Failed(code(errno)),
    }
}

pub(crate) fn set_mode(file: BorrowedFd<'_>, mode: Mode) -> Result<()> {
    chmod(proc_path(file), mode)
}

pub(crate) fn guard(folder: BorrowedFd<'_>, how: Flock) -> FlockResult {
    let operation = match how {
        Flock::Shared => FlockOperation::NonBlockingLockShared,
        Flock::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    match retry_on_intr(|| flock(folder, operation)) {
        Ok(()) => FlockResult::Locked,
        Err(Errno::WOULDBLOCK) => FlockResult::Busy,
        Err(errno) => FlockResult::Failed(code(errno)),
    }
}

pub(crate) fn unlock(folder: BorrowedFd<'_>) -> Result<()> {
    retry_on_intr(|| flock(folder, FlockOperation::Unlock))
}
