//! What is in a folder of locks.

use std::fs::FileType;
use std::path::{Path, PathBuf};

/// The files beside a lock: those of its shares, and on Windows the one that names the holder.
const BESIDE: [&str; 2] = [".shared", ".holder"];

/// The lock that an entry tells of: one with its record in it, or one beside which is another file of its own.
pub(crate) fn lock_by(entry: PathBuf, kind: FileType) -> Option<PathBuf> {
    if !kind.is_file() {
        return None;
    }
    let name = entry.file_name()?.to_str()?;
    let beside = name.strip_prefix('.').and_then(|name| BESIDE.iter().find_map(|end| name.strip_suffix(end)));
    match beside {
        Some(lock) if !lock.is_empty() => Some(entry.with_file_name(lock)),
        _ if name.starts_with('.') && name.contains(".slot-") => None,
        _ => matches!(slocket_os::is_lock_file(&entry), Ok(Some(true))).then_some(entry),
    }
}

/// Whether a folder is in a file system of the kernel's own: other systems have none by default that has no end.
pub(crate) fn is_of_the_kernel(_: &Path) -> bool {
    false
}
