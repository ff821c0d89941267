//! The users that files and processes belong to.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The user that a file belongs to.
pub(crate) fn of_file(found: &Metadata) -> Option<u32> {
    Some(found.uid())
}

/// The user that a holder is said to be of.
pub(crate) fn of_holder(uid: u32) -> Option<u32> {
    Some(uid)
}
