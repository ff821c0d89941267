//! There are no abstract names.

use std::ffi::OsStr;

/// A lock at an abstract name.
#[derive(Debug)]
pub(crate) enum AbstractName {}

impl AbstractName {
    pub(crate) fn new(_: &OsStr) -> Result<Self, &'static str> {
        Err("abstract names are Linux's")
    }
}
