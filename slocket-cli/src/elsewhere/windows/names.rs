//! Names as the system has them.

use std::ffi::OsStr;

/// An abstract name, of which there are none.
pub(crate) fn from_bytes(name: &[u8]) -> &OsStr {
    str::from_utf8(name).unwrap_or_default().as_ref()
}
