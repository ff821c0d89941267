//! What the system's errors mean for the exit code.

use std::io;

use rustix::io::Errno;

use crate::refused::{NotStarted, Refused};

impl Refused {
    pub(crate) fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(
                Errno::NOSPC
                | Errno::DQUOT
                | Errno::ROFS
                | Errno::NOENT
                | Errno::NOTDIR
                | Errno::LOOP
                | Errno::NAMETOOLONG
                | Errno::OPNOTSUPP,
            ) => Self::NoLock,
            Some(Errno::ACCESS | Errno::PERM) => Self::Permission,
            // Something has the name of its shares.
            None if error.kind() == io::ErrorKind::AlreadyExists => Self::NoLock,
            _ => Self::Other,
        }
    }
}

impl NotStarted {
    pub(crate) fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::NOENT) => Self::Missing,
            Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE) => Self::NoProcess,
            _ => Self::Found,
        }
    }
}
