//! Whether other machines may see the files of a file system.

use std::os::fd::AsFd;

use rustix::io::Result;

/// Whether all processes that can see a file system's files run under one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// They do.
    Local,
    /// It cannot be told, or they do not.
    Unknown,
}

/// `MNT_LOCAL` (mount.h), the same on all systems that have it.
const LOCAL: u64 = 0x1000;

impl Place {
    /// Where the files of an open folder live.
    pub(crate) fn of_folder(folder: impl AsFd) -> Result<Self> {
        Ok(if flags(folder)? & LOCAL != 0 { Self::Local } else { Self::Unknown })
    }

    /// Whether calls about it are answered by the kernel, rather than by a process, which can let them wait for ever.
    pub(crate) fn answers_in_time(self) -> bool {
        self == Self::Local
    }

    /// Every lock is a locked file, wherever its files live.
    pub(crate) fn shared_by(self) -> Option<&'static str> {
        None
    }
}

#[cfg(any(target_os = "macos", target_os = "freebsd", target_os = "openbsd"))]
#[allow(clippy::useless_conversion, reason = "the types differ between systems")]
fn flags(folder: impl AsFd) -> Result<u64> {
    Ok(u64::from(rustix::fs::fstatfs(folder)?.f_flags))
}

#[cfg(target_os = "netbsd")]
fn flags(folder: impl AsFd) -> Result<u64> {
    Ok(rustix::fs::fstatvfs(folder)?.f_flag.bits() as u64)
}

/// The system does not tell.
#[cfg(not(any(target_os = "macos", target_os = "freebsd", target_os = "openbsd", target_os = "netbsd")))]
fn flags(_: impl AsFd) -> Result<u64> {
    Ok(0)
}
