//! Names in the lock's folder.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The name of a file in the folder.
pub(crate) type FileName = CString;

/// A name, if files can have it; else the reason.
pub(crate) fn file_name(name: &OsStr) -> Result<FileName, &'static str> {
    CString::new(name.as_bytes()).map_err(|_| NUL)
}

/// Why a path that no system call takes is invalid.
const NUL: &str = "it contains a NUL byte";

/// The name of the file of shared locks of a lock of that name, or of one of its slots.
pub(crate) fn name_of_share(lock: &CStr, slot: Option<u16>) -> CString {
    let ending = slot.map_or(".shared".to_owned(), |slot| format!(".slot-{slot}"));
    CString::new([b".", lock.to_bytes(), ending.as_bytes()].concat()).unwrap_or_default()
}

/// A name as a path.
pub(crate) fn as_path(name: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(name.to_bytes()))
}
