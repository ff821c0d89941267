//! What the system's errors mean for the exit code.

use std::io::{self, ErrorKind};

use crate::refused::{NotStarted, Refused};

/// `ERROR_INVALID_NAME`: with characters that no name has.
const INVALID_NAME: i32 = 123;

impl Refused {
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::Unsupported
            | ErrorKind::AlreadyExists => Self::NoLock,
            ErrorKind::PermissionDenied => Self::Permission,
            _ if error.raw_os_error() == Some(INVALID_NAME) => Self::NoLock,
            _ => Self::Other,
        }
    }
}

impl NotStarted {
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::OutOfMemory => Self::NoProcess,
            _ => Self::Found,
        }
    }
}
