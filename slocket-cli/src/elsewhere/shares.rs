//! The files beside a lock by which processes share it (protocol section 10): which of them are locked.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use fs4::TryLockError;

/// The file of shared locks, or of a slot.
pub(crate) struct Fifo {
    /// `None` for shared locks.
    pub(crate) slot: Option<u16>,
    /// Whether a process has it locked, and so has a share.
    pub(crate) is_busy: bool,
}

/// All that are beside that lock, without a gap.
///
/// # Errors
/// One may not be opened.
pub(crate) fn beside(lock: &Path) -> io::Result<Vec<Fifo>> {
    let mut files = Vec::new();
    for slot in [None].into_iter().chain((0..u16::MAX).map(Some)) {
        let path = path(lock, slot);
        // (What is not a file is found by the next acquire. A name that is too long cannot have a share.)
        if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            break;
        }
        match is_locked(&path) {
            Ok(is_busy) => files.push(Fifo { slot, is_busy }),
            // Removed meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// Locks it for an instant, as a process does that acquires the lock itself.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = File::options().read(true).write(true).open(path)?;
    match fs4::FileExt::try_lock(&file) {
        Ok(()) => fs4::FileExt::unlock(&file).map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn path(lock: &Path, slot: Option<u16>) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(lock.file_name().unwrap_or_default());
    name.push(slot.map_or(".shared".to_owned(), |slot| format!(".slot-{slot}")));
    lock.with_file_name(name)
}
