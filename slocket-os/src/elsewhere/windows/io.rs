//! The error codes of Windows, by the names of those of Unix.

use std::io;

pub(crate) type Result<T> = std::result::Result<T, Errno>;

/// An error code of Windows (`GetLastError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(i32);

impl Errno {
    /// `ERROR_FILE_NOT_FOUND`.
    pub(crate) const NOENT: Self = Self(2);
    /// `ERROR_PATH_NOT_FOUND`.
    pub(crate) const NOTDIR: Self = Self(3);
    /// `ERROR_ACCESS_DENIED`.
    pub(crate) const ACCESS: Self = Self(5);
    /// `ERROR_INVALID_HANDLE`.
    pub(crate) const BADF: Self = Self(6);
    /// `ERROR_LOCK_VIOLATION`.
    pub(crate) const AGAIN: Self = Self(33);
    /// `ERROR_SHARING_BUFFER_EXCEEDED`.
    pub(crate) const NOLCK: Self = Self(36);
    /// `ERROR_NOT_SUPPORTED`.
    pub(crate) const OPNOTSUPP: Self = Self(50);
    /// `ERROR_CALL_NOT_IMPLEMENTED`.
    pub(crate) const NOSYS: Self = Self(120);
    /// `ERROR_FILENAME_EXCED_RANGE`.
    pub(crate) const NAMETOOLONG: Self = Self(206);
    /// `ERROR_IO_DEVICE`.
    const IO: Self = Self(1117);
    /// `ERROR_PRIVILEGE_NOT_HELD`.
    pub(crate) const PERM: Self = Self(1314);

    pub(crate) fn from_raw_os_error(code: i32) -> Self {
        Self(code)
    }

    pub(crate) fn raw_os_error(self) -> i32 {
        self.0
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        error.raw_os_error().map_or(Self::IO, Self)
    }
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}
