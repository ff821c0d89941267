//! The users that files and processes belong to: the standard library tells of none.

use std::fs::Metadata;

pub(crate) fn of_file(_: &Metadata) -> Option<u32> {
    None
}

pub(crate) fn of_holder(_: u32) -> Option<u32> {
    None
}
