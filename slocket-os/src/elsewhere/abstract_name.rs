//! There are no abstract names.

use std::ffi::OsStr;

use crate::error::{Error, What};
use crate::name::LockName;

/// A lock at an abstract name.
#[derive(Debug)]
pub(crate) enum AbstractName {}

impl AbstractName {
    pub(crate) fn new(name: &OsStr) -> Result<Self, Error> {
        Err(Error::new(&LockName::abstract_name(name), What::InvalidName("abstract names are Linux's")))
    }

    pub(crate) fn name(&self) -> &LockName {
        match *self {}
    }
}
