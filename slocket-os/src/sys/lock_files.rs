//! Lock files: regular files that are locked.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, SystemTime};

use rustix::fs::{
    FileType, FlockOperation, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, fchmod, flock, fstat, futimens,
    openat,
};
use rustix::io::{Errno, Result, pread, pwrite, retry_on_intr};
use slocket_core::file_lock::{self, OpenResult, Role, SeeResult};
use slocket_core::{FlockResult, MakeResult, Owner, UnlinkResult};

use super::found::inode;
use super::{code, files};
use crate::at_path::{AtPath, Which};
use crate::descriptor::Descriptor;
use crate::flocks::all_who_lock;
use crate::folder::is_same;
use crate::mark::mode_of_file;
use crate::peer::{self, Holder};
use crate::record::{Record, is_record};

/// A lock file that is open.
pub(crate) type LockFile = OwnedFd;

/// The same, of another owner.
pub(crate) type Borrowed<'a> = BorrowedFd<'a>;

/// (What opens a FIFO must not wait. A network file system locks only what is open for writing.)
const FLAGS: OFlags =
    OFlags::RDWR.union(OFlags::NONBLOCK).union(OFlags::NOFOLLOW).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

pub(crate) fn open(at: &AtPath, which: Which) -> Result<LockFile> {
    let name = at.name_of(which);
    retry_on_intr(|| openat(at.folder().as_fd(), &*name, FLAGS, Mode::empty()))
}

pub(crate) fn opened<T>(result: &Result<T>, _: &AtPath, _: Which) -> OpenResult {
    match result {
        Ok(_) => OpenResult::Opened,
        // A name that is too long has no share.
        Err(Errno::NOENT | Errno::NAMETOOLONG) => OpenResult::Missing,
        // A socket, a link, a folder, a device.
        Err(Errno::NXIO | Errno::LOOP | Errno::ISDIR | Errno::NODEV) => OpenResult::NotAFile,
        Err(errno) => OpenResult::Failed(code(*errno)),
    }
}

/// Whether the file at the path, which may not be opened, is of a user who is trusted, and a process has it locked, is about to, or is about to remove it:
/// root's, for one, in a user's folder. Names the process, if it is known.
pub(crate) fn is_held(at: &AtPath, holder: &mut Option<Holder>, trusts_also: impl FnOnce(u32) -> bool) -> bool {
    let stat = match files::stat_name(at.folder().as_fd(), at.name()) {
        Ok(stat) => stat,
        // It is gone by now; or the folder cannot be searched.
        Err(errno) => return errno == Errno::NOENT,
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || !is_trusted(at, &stat, trusts_also) {
        return false;
    }
    let pid = all_who_lock(inode(&stat)).first().copied();
    *holder = pid.map(|pid| Holder::in_file_of(stat.st_uid, pid));
    pid.is_some() || is_young(&stat)
}

/// Whether it was made, or changed, a second ago at most, or two.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types differ between systems")]
fn is_young(stat: &Stat) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let changed = Duration::new(u64::try_from(stat.st_ctime).unwrap_or(0), 0);
    now.checked_sub(changed).is_some_and(|age| age < Duration::from_secs(2))
}

fn is_trusted(at: &AtPath, stat: &Stat, trusts_also: impl FnOnce(u32) -> bool) -> bool {
    at.owner(stat.st_uid, peer::user) == Owner::Us || trusts_also(stat.st_uid)
}

/// Makes a file that nothing has the name of.
pub(crate) fn make(at: &AtPath, which: Which) -> Result<LockFile> {
    let name = at.name_of(which);
    let (folder, mode) = (at.folder().as_fd(), mode_of_file(at.mode()));
    // A umask may take bits away, and until they are set again the other users that they are for would be refused.
    let is_for_others = mode.intersects(Mode::RWXG | Mode::RWXO);
    let made = if is_for_others { files::make_whole(folder, &name, FLAGS, mode) } else { None };
    made.unwrap_or_else(|| retry_on_intr(|| openat(folder, &*name, FLAGS | OFlags::CREATE | OFlags::EXCL, mode)))
}

pub(crate) fn made<T>(result: &Result<T>) -> MakeResult {
    match result {
        Ok(_) => MakeResult::Made,
        Err(Errno::EXIST) => MakeResult::Exists,
        Err(errno) => MakeResult::Failed(code(*errno)),
    }
}

/// Has the file as long as it is open, and each child that is forked from here on close its copy: an flock is of the open file.
pub(crate) fn descriptor(file: LockFile) -> Result<Descriptor> {
    let inode = inode(&files::stat_file(file.as_fd())?);
    Ok(Descriptor::file(file, inode))
}

/// Sets the mode of a file that was made just now, if the umask has taken bits away.
pub(crate) fn set_mode(file: Borrowed<'_>, at: &AtPath) -> Result<()> {
    let mode = mode_of_file(at.mode());
    if Mode::from_raw_mode(fstat(file)?.st_mode) == mode { Ok(()) } else { fchmod(file, mode) }
}

/// Whether what was opened is a lock file of a user who is trusted; `trusts_also` tells that of others than our own.
pub(crate) fn see(
    file: Borrowed<'_>,
    at: &AtPath,
    role: Role,
    trusts_also: impl FnOnce(u32) -> bool,
) -> Result<SeeResult> {
    let stat = files::stat_file(file)?;
    // A file that has another name, too, is some other file, into which no record is to be written.
    let is_another = role == Role::Turn && stat.st_size == 0 && stat.st_nlink > 1;
    Ok(match (!is_another && is_lock_file(file, &stat)?, is_trusted(at, &stat, trusts_also)) {
        (true, true) => SeeResult::LockFile,
        (true, false) => SeeResult::Untrusted,
        (false, _) => SeeResult::Other,
    })
}

/// Whether it is a regular file that is empty or has a record in it.
fn is_lock_file(file: Borrowed<'_>, stat: &Stat) -> Result<bool> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(false);
    }
    if stat.st_size == 0 {
        return Ok(true);
    }
    let mut begin = [0; Record::LENGTH];
    match retry_on_intr(|| pread(file, &mut begin[..], 0)) {
        Ok(length) => Ok(is_record(begin.get(..length).unwrap_or_default())),
        // (A server of SMB lets no other read what is locked.)
        Err(Errno::ACCESS | Errno::AGAIN) => Ok(true),
        Err(errno) => Err(errno),
    }
}

pub(crate) fn lock(file: Borrowed<'_>, mode: file_lock::Mode) -> FlockResult {
    let operation = match mode {
        file_lock::Mode::Shared => FlockOperation::NonBlockingLockShared,
        file_lock::Mode::Exclusive => FlockOperation::NonBlockingLockExclusive,
    };
    match retry_on_intr(|| flock(file, operation)) {
        Ok(()) => FlockResult::Locked,
        // (SMB says that it may not.)
        Err(Errno::WOULDBLOCK | Errno::ACCESS) => FlockResult::Busy,
        Err(errno) => FlockResult::Failed(code(errno)),
    }
}

pub(crate) fn unlock(file: Borrowed<'_>) -> Result<()> {
    retry_on_intr(|| flock(file, FlockOperation::Unlock))
}

/// Whether a name is still that file.
pub(crate) fn compare(file: Borrowed<'_>, at: &AtPath, which: Which) -> Result<bool> {
    let opened = match fstat(file) {
        Ok(stat) => stat,
        // (A server of another machine has removed it.)
        Err(Errno::STALE) => return Ok(false),
        Err(errno) => return Err(errno),
    };
    match files::stat_name(at.folder().as_fd(), &at.name_of(which)) {
        Ok(found) => Ok(is_same(&opened, &found)),
        Err(Errno::NOENT | Errno::STALE) => Ok(false),
        Err(errno) => Err(errno),
    }
}

pub(crate) fn unlink(at: &AtPath, which: Which) -> UnlinkResult {
    files::unlink(at.folder().as_fd(), &at.name_of(which))
}

/// The user that a file belongs to, if there is one of that name.
pub(crate) fn owner(at: &AtPath, which: Which) -> Option<u32> {
    files::stat_name(at.folder().as_fd(), &at.name_of(which)).ok().map(|stat| stat.st_uid)
}

/// Writes down the process that has the file locked.
pub(crate) fn record(file: Borrowed<'_>, _: &AtPath, record: &Record) -> Result<()> {
    retry_on_intr(|| pwrite(file, record.as_bytes(), 0)).map(drop)
}

/// The process that has the file locked.
pub(crate) fn holder(file: Borrowed<'_>, _: &AtPath) -> Option<Holder> {
    let uid = files::stat_file(file).ok()?.st_uid;
    Some(match read_record(file) {
        Some(record) if record.is_of_this_host() => Holder::in_file_of(uid, record.pid),
        Some(record) => Holder { pid: Some(record.pid), uid, program: None, host: Some(record.host) },
        None => Holder { pid: None, uid, program: None, host: None },
    })
}

fn read_record(file: Borrowed<'_>) -> Option<Record> {
    let mut bytes = [0; Record::LENGTH];
    let length = retry_on_intr(|| pread(file, &mut bytes[..], 0)).ok()?;
    Record::parse(bytes.get(..length)?)
}

/// January 1970, in seconds: no file is changed then, but by a touch.
const MONTH: u64 = 31 * 24 * 60 * 60;

/// Changes its times to some in January 1970, which are others each time.
pub(crate) fn touch(file: Borrowed<'_>) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(now.as_secs() % MONTH).unwrap_or_default();
    match set_times(file, Timespec { tv_sec: seconds, tv_nsec: now.subsec_nanos().into() }) {
        // Another user's, to which we may write. (That wakes, too, and is not recognised.)
        Err(Errno::PERM) => set_times(file, Timespec { tv_sec: 0, tv_nsec: UTIME_NOW }),
        result => result,
    }
}

fn set_times(file: Borrowed<'_>, time: Timespec) -> Result<()> {
    futimens(file, &Timestamps { last_access: time, last_modification: time })
}

/// Whether it was touched since it was written to.
pub(crate) fn was_touched(file: Borrowed<'_>) -> Result<bool> {
    fstat(file).map(|stat| u64::try_from(stat.st_mtime).is_ok_and(|seconds| seconds < MONTH))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{Builder, Home, Lock};

    /// What the process with the turn has written ends the mark of a touch, and so does nothing else that is done with a lock file.
    #[test]
    fn a_touch_is_told_from_every_other_change() {
        let folder = tempfile::tempdir().unwrap();
        let named: Lock = Builder::new(folder.path().join("lock")).home(Home::File).build().unwrap();
        let at = named.site().at_path().unwrap();
        let file = make(at, Which::Lock).unwrap();
        assert!(!was_touched(file.as_fd()).unwrap(), "it was made just now");
        touch(file.as_fd()).unwrap();
        assert!(was_touched(file.as_fd()).unwrap());
        lock(file.as_fd(), file_lock::Mode::Exclusive);
        unlock(file.as_fd()).unwrap();
        fchmod(&file, Mode::RUSR).unwrap();
        set_mode(file.as_fd(), at).unwrap();
        assert!(was_touched(file.as_fd()).unwrap());
        record(file.as_fd(), at, &Record::of_this_process()).unwrap();
        assert!(!was_touched(file.as_fd()).unwrap(), "a record is younger");
    }

    /// So that whatever looks at the times sees each of them.
    #[test]
    fn each_touch_sets_other_times() {
        let file = tempfile::tempfile().unwrap();
        let touched = |file: &File| {
            touch(file.as_fd()).unwrap();
            let stat = fstat(file).unwrap();
            (stat.st_mtime, stat.st_mtime_nsec)
        };
        let first = touched(&file);
        let begin = Instant::now();
        while touched(&file) == first {
            assert!(begin.elapsed() < Duration::from_secs(60), "they stay as they are");
            thread::yield_now();
        }
    }
}
