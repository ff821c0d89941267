//! Names as the system has them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The same bytes as a name.
pub(crate) fn from_bytes(name: &[u8]) -> &OsStr {
    OsStr::from_bytes(name)
}
