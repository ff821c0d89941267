//! The lock's folder: the guard on it, and what file system it is on.

use std::cell::Cell;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, flock, fstatfs, openat, statfs, unlinkat};
use rustix::io::{Errno, Result, retry_on_intr};

use crate::address;
use crate::inode::{Pin, Probe};

/// An open folder, of one acquire. (A file description of its own: flock converts, so a shared one would be unlocked by
/// its other user.)
#[derive(Debug)]
pub(crate) struct Folder {
    file: OwnedFd,
    readable: bool,
    guarded: Cell<bool>,
}

impl Folder {
    /// Opens a folder; for its path alone if it may not be read.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open =
            |flags| retry_on_intr(|| openat(CWD, path, flags | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()));
        match open(OFlags::RDONLY) {
            Ok(file) => Ok(Self { file, readable: true, guarded: Cell::new(false) }),
            Err(Errno::ACCESS) => Ok(Self { file: open(OFlags::PATH)?, readable: false, guarded: Cell::new(false) }),
            Err(errno) => Err(errno),
        }
    }

    /// Takes the shared guard, which keeps reclaimers away; `false` if it is not to be had at once. Dropping the folder
    /// drops the guard.
    pub(crate) fn guard_shared(&self) -> bool {
        self.readable && self.guard(FlockOperation::NonBlockingLockShared).is_ok()
    }

    /// Takes the exclusive guard, under which no socket is between "visible" and "registered".
    ///
    /// # Errors
    /// `WOULDBLOCK` if somebody else has a guard, `ACCESS` if the folder may not be read.
    pub(crate) fn guard_exclusive(&self) -> Result<()> {
        if self.readable { self.guard(FlockOperation::NonBlockingLockExclusive) } else { Err(Errno::ACCESS) }
    }

    fn guard(&self, operation: FlockOperation) -> Result<()> {
        retry_on_intr(|| flock(&self.file, operation))?;
        self.guarded.set(true);
        Ok(())
    }

    /// Whether the folder's sockets are known to belong to this machine, so that dead ones are removed.
    pub(crate) fn is_local(&self) -> Result<bool> {
        Ok(Place::of(u64::from_ne_bytes((fstatfs(&self.file)?.f_type as i64).to_ne_bytes())) == Place::Local)
    }

    /// Removes the dead temporary names in the folder, marked or not (protocol section 2, "Aside"). What cannot be
    /// removed stays for the next one.
    pub(crate) fn sweep(&self, folder: &Path) {
        let Ok(entries) = Dir::read_from(&self.file) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !address::is_temporary_name(name.to_bytes()) {
                continue;
            }
            let temporary = Path::new(OsStr::from_bytes(name.to_bytes()));
            let Ok(Some(pin)) = Pin::new_in(self.as_fd(), temporary) else { continue };
            // One that is not settled may be alive; then its owner tries again, under another name.
            let is_dead = || matches!(pin.probe(&folder.join(temporary)), Ok(Probe::Dead | Probe::Unsettled));
            if pin.look.is_socket && is_dead() {
                let _ = unlinkat(&self.file, name, AtFlags::empty());
            }
        }
    }
}

impl Drop for Folder {
    /// To close is not enough: a process that was forked meanwhile has a copy, and would keep the guard for life. (Such a
    /// process never comes here itself: no code of a user's runs while a folder is open.)
    fn drop(&mut self) {
        if self.guarded.get() {
            let _ = flock(&self.file, FlockOperation::Unlock);
        }
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Whether all processes that can see a file system's sockets run under one kernel (protocol section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// They do.
    Local,
    /// They do not: a live holder on another host looks dead here.
    Network(&'static str),
    /// It cannot be told.
    Unknown(u64),
}

impl Place {
    /// Where the files below a path live.
    pub(crate) fn of_path(path: &Path) -> Result<Self> {
        Ok(Self::of(u64::from_ne_bytes((statfs(path)?.f_type as i64).to_ne_bytes())))
    }

    /// What the `f_type` of statfs(2) says.
    fn of(magic: u64) -> Self {
        match magic & 0xffff_ffff {
            // ext2/3/4, XFS, Btrfs, tmpfs, ramfs, overlayfs, F2FS, ZFS, bcachefs, JFS, NILFS, ReiserFS, UBIFS, eCryptfs
            0xef53 | 0x5846_5342 | 0x9123_683e | 0x0102_1994 | 0x8584_58f6 | 0x794c_7630 | 0xf2f5_2010
            | 0x2fc1_2fc1 | 0xca45_1a4e | 0x3153_464a | 0x3434 | 0x5265_4973 | 0x2405_1905 | 0xf15f => Self::Local,
            0x6969 => Self::Network("NFS"),
            0x517b | 0xff53_4d42 | 0xfe53_4d42 => Self::Network("SMB"),
            0x0102_1997 => Self::Network("9P"),
            0x5346_414f | 0x6b41_4653 => Self::Network("AFS"),
            0x00c3_6400 => Self::Network("Ceph"),
            0x7375_7245 => Self::Network("Coda"),
            0x564c => Self::Network("NCP"),
            0x0bd0_0bd0 => Self::Network("Lustre"),
            0x0116_1970 => Self::Network("GFS2"),
            0x7461_636f => Self::Network("OCFS2"),
            0x4750_4653 => Self::Network("GPFS"),
            other => Self::Unknown(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_name() {
        assert_eq!(Place::of(0xef53), Place::Local);
        assert_eq!(Place::of(0x6969), Place::Network("NFS"));
        assert_eq!(Place::of(0xffff_ffff_ff53_4d42), Place::Network("SMB"), "sign-extended by the kernel");
        assert_eq!(Place::of(0x6573_5546), Place::Unknown(0x6573_5546), "FUSE may be anything");
    }
}
