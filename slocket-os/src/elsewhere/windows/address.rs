//! Names in the lock's folder.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The name of a file in the folder.
pub(crate) type FileName = OsString;

/// A name, if files can have it; else the reason.
pub(crate) fn file_name(name: &OsStr) -> Result<FileName, &'static str> {
    let bytes = name.as_encoded_bytes();
    match () {
        () if bytes.contains(&0) => Err("it contains a NUL byte"),
        // (What comes after it is the name of a stream of the file.)
        () if bytes.contains(&b':') => Err("it contains a colon"),
        () => Ok(name.to_owned()),
    }
}

/// The name of the file of shared locks of a lock of that name, or of one of its slots.
pub(crate) fn name_of_share(lock: &OsStr, slot: Option<u16>) -> OsString {
    beside(lock, &slot.map_or("shared".to_owned(), |slot| format!("slot-{slot}")))
}

/// The name of the file that names the holder: the lock file itself cannot be read while it is locked.
pub(crate) fn name_of_record(lock: &OsStr) -> OsString {
    beside(lock, "holder")
}

fn beside(lock: &OsStr, ending: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(lock);
    name.push(".");
    name.push(ending);
    name
}

/// A name as a path.
pub(crate) fn as_path(name: &OsStr) -> &Path {
    Path::new(name)
}
