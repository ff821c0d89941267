//! Lock files: regular files that are locked (`LockFileEx`).
//!
//! A lock keeps all others from reading the file, too. So the holder is named in a file beside, and what cannot be read for a lock is a lock file.
//!
//! While such a file is open it can be neither removed nor renamed (it is opened without `FILE_SHARE_DELETE`), and neither can its folder. So the path is that
//! file as long as a process has it open.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::time::SystemTime;

use fs4::TryLockError;
use slocket_core::file_lock::{self, OpenResult, Role, SeeResult};
use slocket_core::{FlockResult, MakeResult, UnlinkResult};

use crate::at_path::{AtPath, Which};
use crate::descriptor::Descriptor;
use crate::peer::Holder;
use crate::record::{Record, is_record};
use crate::sys::code;
use crate::sys::io::{Errno, Result};

/// A lock file that is open.
pub(crate) type LockFile = File;

/// The same, of another owner.
pub(crate) type Borrowed<'a> = &'a File;

/// `FILE_SHARE_READ | FILE_SHARE_WRITE`: not to be removed.
const SHARE: u32 = 3;

/// `FILE_FLAG_OPEN_REPARSE_POINT`: a link is opened itself.
const NO_FOLLOW: u32 = 0x0020_0000;

/// `ERROR_ALREADY_EXISTS`, which is said of a folder, too.
const EXISTS: i32 = 183;

fn options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).share_mode(SHARE).custom_flags(NO_FOLLOW);
    options
}

pub(crate) fn open(at: &AtPath, which: Which) -> Result<LockFile> {
    Ok(options().open(at.path_of(which))?)
}

pub(crate) fn opened<T>(result: &Result<T>, at: &AtPath, which: Which) -> OpenResult {
    match result {
        Ok(_) => OpenResult::Opened,
        // A name that is too long has no share.
        Err(Errno::NOENT | Errno::NAMETOOLONG) => OpenResult::Missing,
        Err(Errno::ACCESS) if at.path_of(which).is_dir() => OpenResult::NotAFile,
        Err(errno) => OpenResult::Failed(code(*errno)),
    }
}

/// Whether a process has the file locked that may not be opened: that is not known here.
pub(crate) fn is_held(_: &AtPath, _: &mut Option<Holder>, _: impl FnOnce(u32) -> bool) -> bool {
    false
}

/// Makes a file that nothing has the name of.
pub(crate) fn make(at: &AtPath, which: Which) -> Result<LockFile> {
    let made = options().create_new(true).open(at.path_of(which));
    made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Errno::from_raw_os_error(EXISTS),
        _ => error.into(),
    })
}

pub(crate) fn made<T>(result: &Result<T>) -> MakeResult {
    match result {
        Ok(_) => MakeResult::Made,
        Err(errno) if errno.raw_os_error() == EXISTS => MakeResult::Exists,
        Err(errno) => MakeResult::Failed(code(*errno)),
    }
}

/// Has the file as long as it is open.
#[allow(clippy::unnecessary_wraps, reason = "other systems ask which file it is")]
pub(crate) fn descriptor(file: LockFile) -> Result<Descriptor> {
    Ok(Descriptor::new(file))
}

/// (It inherits the permissions of its folder.)
#[allow(clippy::unnecessary_wraps, reason = "other systems set its mode")]
pub(crate) fn set_mode(_: Borrowed<'_>, _: &AtPath) -> Result<()> {
    Ok(())
}

/// Whether what was opened is a regular file that is empty or has a record in it. (All users that may write there are trusted: the permissions of the
/// folder say which.)
pub(crate) fn see(file: Borrowed<'_>, _: &AtPath, _: Role, _: impl FnOnce(u32) -> bool) -> Result<SeeResult> {
    let metadata = file.metadata()?;
    let is_lock_file = match () {
        () if !metadata.is_file() => false,
        () if metadata.len() == 0 => true,
        () => is_record_in(file)?,
    };
    Ok(if is_lock_file { SeeResult::LockFile } else { SeeResult::Other })
}

fn is_record_in(file: &File) -> Result<bool> {
    let mut begin = [0; Record::LENGTH];
    match file.seek_read(&mut begin, 0).map_err(Errno::from) {
        Ok(length) => Ok(is_record(begin.get(..length).unwrap_or_default())),
        Err(Errno::AGAIN) => Ok(true),
        Err(errno) => Err(errno),
    }
}

pub(crate) fn lock(file: Borrowed<'_>, mode: file_lock::Mode) -> FlockResult {
    let locked = match mode {
        file_lock::Mode::Shared => fs4::FileExt::try_lock_shared(file),
        file_lock::Mode::Exclusive => fs4::FileExt::try_lock(file),
    };
    match locked {
        Ok(()) => FlockResult::Locked,
        Err(TryLockError::WouldBlock) => FlockResult::Busy,
        Err(TryLockError::Error(error)) => FlockResult::Failed(code(error.into())),
    }
}

pub(crate) fn unlock(file: Borrowed<'_>) -> Result<()> {
    Ok(fs4::FileExt::unlock(file)?)
}

/// Whether a name is still that file. (Nothing can take it away.)
#[allow(clippy::unnecessary_wraps, reason = "other systems compare")]
pub(crate) fn compare(_: Borrowed<'_>, _: &AtPath, _: Which) -> Result<bool> {
    Ok(true)
}

/// (It can be removed by no process that has it open.)
pub(crate) fn unlink(at: &AtPath, which: Which) -> UnlinkResult {
    match fs::remove_file(at.path_of(which)).map_err(Errno::from) {
        Ok(()) => UnlinkResult::Removed,
        Err(Errno::NOENT) => UnlinkResult::Missing,
        Err(Errno::ACCESS) => UnlinkResult::Denied(code(Errno::ACCESS)),
        Err(errno) => UnlinkResult::Failed(code(errno)),
    }
}

/// The user that a file belongs to: the standard library does not tell.
pub(crate) fn owner(_: &AtPath, _: Which) -> Option<u32> {
    None
}

/// Writes down the process that has the file locked: beside it for those that ask, and in it so that it is known for a lock file.
pub(crate) fn record(file: Borrowed<'_>, at: &AtPath, record: &Record) -> Result<()> {
    // (Without that the holder is not known, and nothing else.)
    let _ = fs::write(at.path_of_record(), record.as_bytes());
    file.seek_write(record.as_bytes(), 0)?;
    Ok(())
}

/// The process that has the file locked.
pub(crate) fn holder(_: Borrowed<'_>, at: &AtPath) -> Option<Holder> {
    let record = fs::read(at.path_of_record()).ok().and_then(|bytes| Record::parse(&bytes));
    Some(match record {
        Some(record) if record.is_of_this_host() => Holder::in_file_of(0, record.pid),
        Some(record) => Holder { pid: Some(record.pid), uid: 0, program: None, host: Some(record.host) },
        None => Holder { pid: None, uid: 0, program: None, host: None },
    })
}

pub(crate) fn touch(file: Borrowed<'_>) -> Result<()> {
    Ok(file.set_modified(SystemTime::now())?)
}

/// Whether it was touched since it was written to: asked only where files can be removed.
#[allow(clippy::unnecessary_wraps, reason = "other systems ask")]
pub(crate) fn was_touched(_: Borrowed<'_>) -> Result<bool> {
    Ok(false)
}
